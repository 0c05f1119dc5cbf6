//! The exit statuses of README's table: every command that judges a host, with `--fail-on`, `--exit-zero`, waivers and
//! baselines, in every format.

use crate::support::program;

use program::run_in;
use std::fs;
use std::path::Path;
use tlsmend::report::{FORMATS, Format};

/// What a host is like, and its configuration.
const HOSTS: [(&str, &str); 5] = [
    ("compliant", "ssl_protocols TLSv1.2 TLSv1.3; server { listen 443 ssl; }"),
    // A missing TLSv1.3 is medium, on a loopback address low.
    ("low", "ssl_protocols TLSv1.2; server { listen 127.0.0.1:443 ssl; }"),
    ("medium", "ssl_protocols TLSv1.2; server { listen 443 ssl; }"),
    ("high", "ssl_protocols TLSv1 TLSv1.2 TLSv1.3; server { listen 443 ssl; }"),
    ("unknown", "ssl_protocols TLSv1.2 TLSv1.3; server { listen nosuch.example:443 ssl; }"),
];
const FACTS: [&str; 7] =
    ["--no-exec", "--assume", "nginx=1.29.4", "--assume", "openssl=3.0.15", "--assume", "openssl-seclevel=0"];

fn host(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| folder.path().join("root/etc/nginx").join(name);
    fs::create_dir_all(at("")).expect("a folder");
    let certs = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/certs");
    for (name, from) in [("c.pem", "pair.crt"), ("k.pem", "pair.key")] {
        fs::copy(certs.join(from), at(name)).expect("a copy");
    }
    let keys = "ssl_certificate c.pem; ssl_certificate_key k.pem;";
    fs::write(at("nginx.conf"), format!("events {{}}\nhttp {{\n{keys}\n{text}\n}}\n")).expect("writes");
    let waivers = "severity: {unused-waiver: off}\nwaivers:\n  - {rule: [forbidden-version, missing-version, unknown], match: {service: nginx}, reason: x}\n";
    fs::write(folder.path().join("waived.yaml"), waivers).expect("writes");
    folder
}

fn status(folder: &Path, command: &str, more: &[&str]) -> i32 {
    let arguments = [&[command, "--root", "root"][..], &FACTS, more].concat();
    run_in(folder, &arguments).status
}

/// What `audit` and a `diff` without a patch end with.
fn judged(kind: &str, fail_on: &str) -> i32 {
    let rank = |word: &str| ["low", "medium", "high"].iter().position(|one| *one == word);
    match (rank(kind), kind) {
        (Some(severity), _) => i32::from(Some(severity) >= rank(fail_on)),
        (None, "unknown") => 3,
        (None, _) => 0,
    }
}

#[test]
fn audits_end_as_the_table_says_in_every_format() {
    for (kind, text) in HOSTS {
        let folder = host(text);
        let at = folder.path();
        for fail_on in ["low", "medium", "high"] {
            let expected = judged(kind, fail_on);
            for Format { name: format, .. } in &FORMATS {
                assert_eq!(
                    status(at, "audit", &["--fail-on", fail_on, "--format", format]),
                    expected,
                    "{kind} {fail_on} {format}"
                );
            }
            let zero = ["audit", "--root", "root", "--fail-on", fail_on, "--exit-zero", "--format", "json"];
            let zero = run_in(at, &[&zero[..], &FACTS].concat());
            let told: serde_json::Value = serde_json::from_str(&zero.out).expect("JSON");
            assert_eq!((zero.status, &told["exit"]["status"]), (0, &expected.into()), "{kind} {fail_on}");
            assert_eq!(
                status(at, "audit", &["--fail-on", fail_on, "--policy", "waived.yaml"]),
                0,
                "{kind} {fail_on}, waived"
            );
        }
        status(at, "audit", &["--write-baseline", "b.json"]);
        assert_eq!(status(at, "audit", &["--fail-on", "low", "--baseline", "b.json"]), 0, "{kind}, known");
        assert_eq!(status(at, "audit", &["--policy", "nowhere.yaml"]), 2, "{kind}");
    }
}

#[test]
fn patches_and_answers_end_as_the_table_says() {
    for (kind, text) in HOSTS {
        let folder = host(text);
        let at = folder.path();
        let has_patch = ["low", "medium", "high"].contains(&kind);
        let expected = if has_patch { 1 } else { judged(kind, "medium") };
        assert_eq!(status(at, "diff", &[]), expected, "{kind}");
        assert_eq!(status(at, "diff", &["--exit-zero"]), 0, "{kind}");
        assert_eq!(status(at, "diff", &["--policy", "waived.yaml"]), 0, "{kind}, waived");
        let address = if kind == "low" { "127.0.0.1:443" } else { "192.0.2.1:443" };
        assert_eq!(status(at, "why", &[address]), if kind == "unknown" { 3 } else { 0 }, "{kind}");
        // A fix whose result a checker accepts leaves nothing to do; a second one finds that.
        let fix = ["--yes", "--check-with", "nginx=/bin/true"];
        let expected = if kind == "unknown" { 3 } else { 0 };
        assert_eq!([status(at, "fix", &fix), status(at, "fix", &fix)], [expected; 2], "{kind}");
    }
}
