//! A service that only `examples/toyd.rs` knows goes through every command: nothing outside of a service's folder has to
//! know of it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

const CONFIGURATION: &str = "# the shop\nlisten 127.0.0.1:7000\nlisten 127.0.0.1:7001\ntls TLSv1 TLSv1.2\n";
const MENDED: &str = "# the shop\nlisten 127.0.0.1:7000\nlisten 127.0.0.1:7001\ntls TLSv1.2 TLSv1.3\n";

/// The program. Cargo builds it beside the tests when it runs all of them; one test file alone asks for it.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let own = std::env::current_exe().expect("a test has a program");
    let target = own.ancestors().nth(3).expect("it is in a folder of the target");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--example", "toyd", "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(built.expect("cargo runs").success(), "the example is built");
    target.join("debug/examples/toyd")
});

fn host(configuration: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(root.path().join("etc")).expect("a directory");
    fs::write(root.path().join("etc/toyd.conf"), configuration).expect("written");
    root
}

fn run(root: &Path, arguments: &[&str]) -> Output {
    let known = ["--assume", "openssl=3.0.13", "--assume", "openssl-seclevel=0", "--assume", "toyd=2.0.0"];
    let mut command = Command::new(&*PROGRAM);
    command.args(arguments).args(["--root", root.to_str().expect("a path")]);
    match arguments[0] {
        "rollback" | "history" => &mut command,
        _ => command.args(known),
    };
    command.output().expect("it runs")
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat()
}

#[test]
fn it_is_audited_and_explained() {
    let root = host(CONFIGURATION);
    let audit = run(root.path(), &["audit"]);
    let text = said(&audit);
    assert_eq!(audit.status.code(), Some(1), "{text}");
    assert!(text.contains("toyd: /etc/toyd.conf") && text.contains("127.0.0.1:7000"), "{text}");
    assert!(text.contains("TLSv1 is accepted") && text.contains("/etc/toyd.conf:4:5"), "{text}");

    let why = run(root.path(), &["why", "127.0.0.1:7000"]);
    assert!(said(&why).contains("says them") && why.status.success(), "{}", said(&why));

    let facts = said(&run(root.path(), &["facts"]));
    assert!(facts.contains("toyd -c /etc/toyd.conf reload") && facts.contains("2.0.0"), "{facts}");

    let only = "overrides:\n  - match: {service: toyd}\n    forbid: []\n    require: []\n";
    fs::write(root.path().join("policy.yaml"), only).expect("written");
    let policy = root.path().join("policy.yaml");
    let audit = run(root.path(), &["audit", "--policy", policy.to_str().expect("a path")]);
    assert_eq!(audit.status.code(), Some(0), "{}", said(&audit));
}

#[test]
fn it_is_mended_and_taken_back() {
    let root = host(CONFIGURATION);
    let file = root.path().join("etc/toyd.conf");
    let diff = said(&run(root.path(), &["diff", "--only", "toyd"]));
    assert!(diff.contains("-tls TLSv1 TLSv1.2\n+tls TLSv1.2 TLSv1.3\n"), "{diff}");

    let fix = run(root.path(), &["fix", "--yes", "--without-check"]);
    assert_eq!(fs::read_to_string(&file).expect("it is there"), MENDED, "{}", said(&fix));
    assert!(said(&fix).contains("toyd"), "{}", said(&fix));
    assert_eq!(run(root.path(), &["audit"]).status.code(), Some(0));

    let back = run(root.path(), &["rollback", "--yes"]);
    assert_eq!(fs::read_to_string(&file).expect("it is there"), CONFIGURATION, "{}", said(&back));
}

#[test]
fn a_comment_waives_and_a_waiver_covers() {
    let root = host("listen 127.0.0.1:7000\n# tlsmend: allow forbidden-version: a test\ntls TLSv1 TLSv1.2 TLSv1.3\n");
    let audit = run(root.path(), &["audit"]);
    assert_eq!(audit.status.code(), Some(0), "{}", said(&audit));
    assert!(said(&audit).contains("waived"), "{}", said(&audit));
}

/// Nothing speaks TLS there, so what is found differs from what is configured.
#[test]
fn it_is_verified() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || while listener.accept().is_ok() {});
    let folder = host(&format!("listen {address}\ntls TLSv1.2 TLSv1.3\n"));
    let path = folder.path().join("etc/toyd.conf");
    let output = Command::new(&*PROGRAM).args(["verify", "--no-exec"]).arg(&path).output().expect("it runs");
    let text = said(&output);
    assert!(text.contains(&address.to_string()) && text.contains("TLSv1.2"), "{text}");
    assert!(!output.status.success(), "{text}");
}
