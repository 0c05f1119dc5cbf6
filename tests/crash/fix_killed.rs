//! The program itself, killed at every system call that changes a disk, and with every such call failing: strace(1)
//! does both.

use crate::support;
use crate::support::needs;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use support::workshop::{Run, Workshop};

/// The calls by which the program changes a disk; opening with O_CREAT is one more, and changes nothing that the next
/// of these does not find.
const CALLS: [&str; 10] =
    ["mkdirat", "pwrite64", "fsync", "renameat2", "renameat", "unlinkat", "fchown", "fchmod", "fsetxattr", "ftruncate"];

const SITES: usize = 5;

fn weak(site: usize) -> String {
    format!("server {{\n    listen 127.0.0.1:{};\n    server_name s{site}.test;\n}}\n", 8000 + site)
}

/// Five files to change, one of them with a second name.
fn workshop() -> Workshop {
    // On a file system where waiting for the disk takes no time.
    let shop = Workshop::quick();
    let sites: String =
        (1..SITES).flat_map(|site| ["    include s".to_owned(), site.to_string(), ";\n".to_owned()]).collect();
    shop.write(
        "conf/nginx.conf",
        &format!("events {{}}\nhttp {{\n    ssl_protocols TLSv1 TLSv1.1 TLSv1.2;\n{sites}}}\n"),
    );
    for site in 1..SITES {
        // Whoever writes no certificate gets a complaint, which is no matter here; a setting is weak all the same.
        let text = weak(site).replace(";\n    server_name", " ssl;\n    ssl_protocols TLSv1.1;\n    server_name");
        shop.write(&format!("conf/s{site}"), &text);
    }
    fs::set_permissions(shop.path("conf/s1"), std::os::unix::fs::PermissionsExt::from_mode(0o640)).expect("chmod");
    fs::hard_link(shop.path("conf/s2"), shop.path("second")).expect("links");
    shop.script("check", "exit 0");
    shop
}

fn arguments(shop: &Workshop) -> Vec<String> {
    let check = format!("nginx={}", shop.path("check").display());
    let words = [
        "fix",
        "conf",
        "--yes",
        "--exit-zero",
        "--assume",
        "nginx=1.22.1",
        "--assume",
        "openssl=3.0.17",
        "--check-with",
        &check,
    ];
    words.map(str::to_owned).to_vec()
}

/// Runs a fix with something done to its system calls. Only its first thread writes.
fn traced(shop: &Workshop, inject: &str) -> (Option<i32>, Run) {
    let mut command = Command::new("strace");
    let call = inject.split(':').next().expect("a call");
    command.args(["-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &format!("inject={inject}")]);
    command.arg(Workshop::program());
    command.args(arguments(shop)).arg("--state-dir").arg(shop.path("state")).current_dir(shop.path(".")).env_clear();
    let output = command.output().expect("strace (tests/run installs it)");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let status = output.status.code();
    (status, Run { status: status.unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) })
}

fn is_ptrace_allowed() -> bool {
    Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success())
}

/// All files of the configuration, by name.
fn contents(shop: &Workshop) -> BTreeMap<String, Vec<u8>> {
    let all = shop.contents("conf").into_iter();
    all.map(|(path, (bytes, _))| (path.file_name().expect("a name").to_string_lossy().into_owned(), bytes)).collect()
}

#[test]
fn killed_at_every_call_it_is_all_or_nothing() {
    if !needs::has(&["strace"]) {
        return;
    }
    assert!(is_ptrace_allowed(), "strace can't trace here");
    let old = contents(&workshop());
    let new = {
        let shop = workshop();
        let (status, run) = traced(&shop, "fsync:delay_enter=1:when=1");
        assert_eq!(status, Some(0), "{}", run.screen());
        contents(&shop)
    };
    assert!(old.iter().all(|(name, bytes)| new[name] != *bytes), "all {SITES} files change");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut ended_old, mut ended_new) = (0, 0);
    for call in CALLS {
        for number in 1.. {
            let shop = workshop();
            let (status, run) = traced(&shop, &format!("{call}:signal=KILL:when={number}"));
            if status == Some(0) {
                break;
            }
            assert_eq!(status, None, "{call} {number}: killed, not failed: {}", run.screen());
            // The next run finds it. Nothing is left for it to do but that, or a whole fix.
            let next = shop.tlsmend(&["rollback", "--yes", "--no-exec", "no-such-id"]);
            assert_eq!(next.status, 2, "{call} {number}: {}", next.screen());
            let now = contents(&shop);
            let is_old = now == old;
            assert!(is_old || now == new, "{call} {number}: {:?}\n{}", now.keys(), next.screen());
            assert_eq!(fs::read(shop.path("second")).expect("a file"), now["s2"], "{call} {number}");
            *counts.entry(call).or_default() += 1;
            *if is_old { &mut ended_old } else { &mut ended_new } += 1;
            let again = shop.tlsmend(&arguments(&shop).iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(again.status, 0, "{call} {number}: {}", again.screen());
            assert_eq!(contents(&shop), new, "{call} {number}");
        }
    }
    let total: usize = counts.values().sum();
    assert!(counts.len() > 5 && ended_old > 0 && ended_new > 0, "{counts:?}, {ended_old} old, {ended_new} new");
    eprintln!("killed at {total} calls over {SITES} files: {counts:?}; {ended_old} ended old, {ended_new} new");
}

#[test]
fn the_next_run_says_what_it_did() {
    if !needs::has(&["strace"]) {
        return;
    }
    let mut told = String::new();
    for inject in [
        "pwrite64:signal=KILL:when=1",
        "pwrite64:signal=KILL:when=14",
        "renameat2:signal=KILL:when=3",
        "unlinkat:signal=KILL:when=2",
    ] {
        let shop = workshop();
        let (status, _) = traced(&shop, inject);
        assert_eq!(status, None, "{inject}: killed");
        let next = shop.tlsmend(&["rollback", "--yes", "--no-exec", "no-such-id"]);
        let _writing_to_a_string = writeln!(told, "{inject}\n  {}", next.err.trim_end().replace('\n', "\n  "));
    }
    insta::assert_snapshot!("next_run", told);
}

/// The errors that a disk gives, at the calls that give them: what the user reads.
#[test]
fn failing_calls_are_told() {
    if !needs::has(&["strace"]) {
        return;
    }
    assert!(is_ptrace_allowed(), "strace can't trace here");
    let old = contents(&workshop());
    let mut told = String::new();
    for inject in [
        "mkdirat:error=EACCES:when=1",
        "mkdirat:error=EROFS:when=1",
        "pwrite64:error=ENOSPC:when=2",
        "pwrite64:error=ENOSPC:when=14",
        "pwrite64:error=EDQUOT:when=14",
        "fsync:error=EIO:when=16",
        "fchmod:error=EROFS:when=1",
        "renameat2:error=EIO:when=2",
        "renameat2:error=EPERM:when=3",
        "renameat2:error=EACCES:when=1",
        "fsync:error=EIO:when=28",
    ] {
        let shop = workshop();
        let (status, run) = traced(&shop, inject);
        let err: Vec<String> =
            shop.redact(&run.err).lines().filter(|line| !line.contains("problem: ")).map(str::to_owned).collect();
        let _writing_to_a_string = writeln!(told, "{inject}\n  status {status:?}\n  {}", err.join("\n  "));
        assert!(contents(&shop) == old, "{inject}: {}", run.screen());
        assert_eq!(status, Some(2), "{inject}: {}", run.screen());
    }
    insta::assert_snapshot!("failing_calls", told);
    // A file that is a mount point can't be renamed over: it is written in place, and that is said.
    let shop = workshop();
    let (status, run) = traced(&shop, "renameat2:error=EBUSY:when=2");
    assert_eq!(status, Some(0), "{}", run.screen());
    assert!(run.out.contains("(in place: it is a mount point, or on another file system)"), "{}", run.screen());
    assert_ne!(contents(&shop), old);
    shop.nothing_hidden();
    // A file system without the exchange of names gets a plain rename.
    let shop = workshop();
    let (status, run) = traced(&shop, "renameat2:error=EINVAL");
    assert_eq!(status, Some(0), "{}", run.screen());
    let in_place: Vec<&str> = run.out.lines().filter(|line| line.contains("(in place: ")).collect();
    assert!(in_place.len() == 1 && in_place[0].contains("2 names"), "only the one with two names: {}", run.screen());
    assert_ne!(contents(&shop), old);
    shop.nothing_hidden();
}
