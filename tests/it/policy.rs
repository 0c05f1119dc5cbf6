//! Profiles, policies, waivers and baselines as a user meets them: whole outputs, and how the program ends.

use crate::support::program;
use tlsmend::catalog::{self, Command};

use program::{Run, run, run_in};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const HOST: [&str; 4] = ["--root", "fixtures/hosts/waived", "--now", "2026-11-24"];
const POLICY: [&str; 2] = ["--policy", "fixtures/policies/waived.yaml"];

/// The findings of an audit as JSON.
fn findings(document: &Value) -> &Vec<Value> {
    document["findings"].as_array().expect("findings")
}

/// `rule standing path:line` of each finding.
fn brief(document: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let one = |finding: &Value| {
        let (rule, standing) = (text(&finding["rule"]), text(&finding["standing"]));
        let path = text(&finding["primary"]["path"]);
        format!("{rule} {standing} {path}:{}", finding["primary"]["line"])
    };
    findings(document).iter().map(one).collect()
}

/// A folder with an nginx configuration of one file.
fn nginx(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(folder.path().join("nginx")).expect("mkdir");
    fs::write(folder.path().join("nginx/nginx.conf"), text).expect("write");
    folder
}

fn server(name: &str, address: &str, line: &str) -> String {
    format!("server {{\n    listen {address} ssl;\n    server_name {name};\n    {line}\n}}\n")
}

/// An nginx configuration with these servers.
fn servers(servers: &[String]) -> String {
    let head = "ssl_certificate a.crt;\nssl_certificate_key a.key;\n";
    format!("events {{}}\nhttp {{\n{head}{}}}\n", servers.concat())
}

/// What no file of the folder tells.
const FACTS: [&str; 6] = ["--assume", "nginx=1.29.4", "--assume", "openssl=3.0.15", "--assume", "openssl-seclevel=0"];

fn audit(folder: &Path, arguments: &[&str]) -> Run {
    run_in(folder, &[&["audit", "nginx"], &FACTS[..], arguments].concat())
}

fn diff(folder: &Path, arguments: &[&str]) -> Run {
    run_in(folder, &[&["diff", "nginx"], &FACTS[..], arguments].concat())
}

#[test]
fn a_host_with_overrides_and_waivers() {
    insta::assert_snapshot!("audit", run(&[&["audit"], &HOST[..], &POLICY].concat()).screen());
    insta::assert_snapshot!("diff", run(&[&["diff"], &HOST[..], &POLICY].concat()).screen());
    insta::assert_snapshot!("diff_fix_waived", run(&[&["diff", "--fix-waived"], &HOST[..], &POLICY].concat()).screen());
}

#[test]
fn every_rule_finds_something_in_a_sample_host() {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut collect = |arguments: &[&str]| {
        let document = run(&[&["audit", "--format", "json"], arguments].concat()).json();
        found.extend(findings(&document).iter().map(|finding| finding["rule"].as_str().expect("a rule").to_owned()));
    };
    for name in ["debian", "rhel", "alpine", "broken", "compliant"] {
        collect(&["--root", &format!("fixtures/hosts/{name}")]);
    }
    collect(&[&HOST[..], &POLICY].concat());
    let rules: BTreeSet<String> = catalog::of(Command::Audit).map(|rule| rule.id.0.to_owned()).collect();
    assert_eq!(found, rules);
}

#[test]
fn policy_and_rule_commands() {
    insta::assert_snapshot!("policy_list", run(&["policy", "list"]).screen());
    insta::assert_snapshot!("rule_list", run(&["rule"]).screen());
    insta::assert_snapshot!("policy_help", run(&["policy", "--help"]).screen());
    for profile in tlsmend::policy::PROFILES {
        let shown = run(&["policy", "show", profile.name]);
        assert_eq!((shown.status, shown.out.as_str()), (0, profile.text));
    }
    assert_eq!(run(&["policy", "schema"]).out, include_str!("../../docs/schemas/policy.json"));
    let checked = run(&["policy", "check", "fixtures/policies/waived.yaml"]);
    assert_eq!(checked.status, 0, "{}", checked.screen());
    for rule in &catalog::RULES {
        let shown = run(&["rule", rule.id.0]);
        assert!(shown.status == 0 && shown.out.starts_with(&format!("# {}\n", rule.id)), "{}", shown.screen());
        assert!(!shown.out.contains("]("), "{}", shown.screen());
    }
}

#[test]
fn what_it_can_not_run_with_is_status_2() {
    let folder = nginx("events {}\n");
    fs::write(folder.path().join("bad.yaml"), "forbids: []\n").expect("write");
    fs::write(folder.path().join("bad.json"), "{\"schema\": \"tlsmend/baseline/2\"}").expect("write");
    for (arguments, message) in [
        (&["policy", "show", "pci"][..], "the profiles are default, "),
        (&["policy", "check", "bad.yaml"], "did you mean `forbid`?"),
        (&["policy", "check", "/no/such/file"], "No such file or directory"),
        (&["policy", "check", "nginx"], "directory"),
        (&["rule", "forbiden-version"], "did you mean `forbidden-version`?"),
        (&["rule", "weak-cipher"], "the rules are drift, "),
        (&["policy", "show", "mozila-modern"], "did you mean `mozilla-modern`?"),
        (&["audit", "nginx", "--profile", "pci-dss-3"], "did you mean `pci-dss-4`?"),
        (&["audit", "nginx", "--format", "josn"], "did you mean `json`?"),
        (&["diff", "nginx", "--only", "ngnix"], "a similar value exists: 'nginx'"),
        (&["audit", "nginx", "--profile", "pci"], "there is no such profile"),
        (&["audit", "nginx", "--profile", "default", "--policy", "x"], "cannot be used with"),
        (&["audit", "nginx", "--now", "tomorrow"], "it has to be a date"),
        (&["audit", "nginx", "--baseline", "bad.json"], "is no baseline: missing field `findings`"),
        (&["audit", "nginx", "--baseline", "none.json"], "none.json: No such file or directory"),
        (&["audit", "nginx", "--write-baseline", "no/such/x.json"], "can't be written"),
        (&["audit", "nginx", "--write-baseline", "nginx"], "nginx: can't be written: is a directory"),
    ] {
        let run = run_in(folder.path(), arguments);
        assert_eq!(run.status, 2, "{arguments:?}: {}", run.screen());
        assert!(run.err.contains(message), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn a_profile_decides() {
    let folder = nginx(&servers(&[server("a.test", "192.0.2.1:443", "ssl_protocols TLSv1.2;")]));
    let status = |profile: &str| audit(folder.path(), &["--profile", profile]).status;
    assert_eq!(status("mozilla-modern"), 1);
    assert_eq!(status("mozilla-intermediate"), 1);
    assert_eq!(status("pci-dss-4"), 0, "what is recommended is low");
    assert_eq!(status("rfc8996"), 0);
    let patch = diff(folder.path(), &["--profile", "mozilla-modern"]);
    assert!(patch.out.contains("+    ssl_protocols TLSv1.3;"), "{}", patch.screen());
    // A line of which nothing may stay gets what is recommended.
    let folder = nginx(&servers(&[server("a.test", "192.0.2.1:443", "ssl_protocols TLSv1;")]));
    let patch = diff(folder.path(), &["--profile", "pci-dss-4"]);
    assert!(patch.out.contains("+    ssl_protocols TLSv1.2 TLSv1.3;"), "{}", patch.screen());
}

#[test]
fn endpoints_of_which_something_else_is_demanded_are_findings_of_their_own() {
    let text = servers(&[
        server("a.test", "192.0.2.1:443", ""),
        server("b.test", "192.0.2.2:443", ""),
        server("c.test", "192.0.2.3:443", ""),
    ])
    .replace("http {\n", "http {\nssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;\n");
    let folder = nginx(&text);
    let policy =
        "overrides:\n  - match: {address: 192.0.2.2}\n    forbid: [TLSv1]\n    severity: {forbidden-version: low}\n";
    fs::write(folder.path().join("p.yaml"), policy).expect("write");
    let document = audit(folder.path(), &["--policy", "p.yaml", "--format", "json"]).json();
    let of = |severity: &str| -> Vec<String> {
        let wanted = |finding: &&Value| finding["severity"] == severity && finding["rule"] == "forbidden-version";
        let address = |endpoint: &Value| endpoint["address"].as_str().expect("an address").to_owned();
        let endpoints = |finding: &Value| finding["endpoints"].as_array().expect("endpoints").clone();
        let found: BTreeSet<String> =
            findings(&document).iter().filter(wanted).flat_map(endpoints).map(|e| address(&e)).collect();
        found.into_iter().collect()
    };
    assert_eq!(of("high"), ["192.0.2.1:443", "192.0.2.3:443"]);
    assert_eq!(of("low"), ["192.0.2.2:443"]);
    // TLSv1 has to go everywhere; TLSv1.1 is allowed at one of them, and the line is one.
    let patch = diff(folder.path(), &["--policy", "p.yaml"]);
    assert!(patch.out.contains("+ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;"), "{}", patch.screen());
    assert!(patch.err.contains("would take TLSv1.1 away from 192.0.2.2:443"), "{}", patch.screen());
    assert_eq!(patch.status, 1);
}

#[test]
fn waivers_end_and_are_told_when_they_do_nothing() {
    let line = "# tlsmend: allow forbidden-version until 2026-12-31: tills\n    ssl_protocols TLSv1 TLSv1.2 TLSv1.3;";
    let folder = nginx(&servers(&[server("a.test", "192.0.2.1:443", line)]));
    let on = |day: &str| audit(folder.path(), &["--now", day, "--format", "json"]);
    let last = on("2026-12-31");
    assert_eq!((last.status, brief(&last.json())), (0, vec!["forbidden-version waived nginx/nginx.conf:9".to_owned()]));
    assert_eq!(findings(&last.json())[0]["waiver"]["reason"], "tills");
    let over = on("2027-01-01");
    let expected = vec![
        "forbidden-version open nginx/nginx.conf:9".to_owned(),
        "expired-waiver open nginx/nginx.conf:8".to_owned(),
    ];
    assert_eq!((over.status, brief(&over.json())), (1, expected));
    let text = fs::read_to_string(folder.path().join("nginx/nginx.conf")).expect("reads");
    fs::write(folder.path().join("nginx/nginx.conf"), text.replace("TLSv1 TLSv1.2", "TLSv1.2")).expect("write");
    let mended = on("2026-12-31");
    assert_eq!((mended.status, brief(&mended.json())), (0, vec!["unused-waiver open nginx/nginx.conf:8".to_owned()]));
}

#[test]
fn a_comment_covers_its_line_and_no_other() {
    let allow = "# tlsmend: allow forbidden-version: x";
    let bad = "ssl_protocols TLSv1 TLSv1.2 TLSv1.3;";
    let standing = |line: &str| {
        let folder = nginx(&servers(&[server("a.test", "192.0.2.1:443", line)]));
        let document = audit(folder.path(), &["--format", "json"]).json();
        let of_rule = findings(&document).iter().filter(|f| f["rule"] == "forbidden-version");
        of_rule.map(|f| f["standing"].as_str().expect("a standing").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(standing(&format!("{allow}\n    {bad}")), ["waived"]);
    assert_eq!(standing(&format!("{bad} {allow}")), ["waived"]);
    assert_eq!(standing(&format!("{allow}\n# and why: it is so\n{bad}")), ["waived"]);
    assert_eq!(standing(&format!("ssl_protocols {allow}\n TLSv1 TLSv1.2 TLSv1.3;")), ["waived"]);
    assert_eq!(standing(&format!("{allow}\n\n{bad}")), ["open"]);
    assert_eq!(standing(&format!("{bad}\n{allow}")), ["open"]);
    assert_eq!(standing(&format!("add_header X \"{allow}\n\"; {bad}")), ["open"]);
    assert_eq!(standing(&format!("{bad} # tlsmend: allow missing-version: x")), ["open"]);
    assert_eq!(standing(&format!("{bad} # tlsmend: allow forbidden-version TLSv1: x")), ["waived"]);
    assert_eq!(standing(&format!("{bad} # tlsmend: allow forbidden-version SSLv3 TLSv1.1: x")), ["open"]);
    // Two lines add up, and only one of them is waived.
    assert_eq!(standing(&format!("ssl_protocols TLSv1; {allow}\nssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;")), ["open"]);
    let both = format!("ssl_protocols TLSv1; {allow}\nssl_protocols TLSv1.1 TLSv1.2 TLSv1.3; {allow}");
    assert_eq!(standing(&both), ["waived"]);
}

#[test]
fn in_apache_a_comment_stands_on_a_line_of_its_own() {
    let standing = |line: &str| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let text = format!(
            "LoadModule ssl_module mod_ssl.so\nListen 443\nSSLCertificateFile a.crt\n<VirtualHost *:443>\n\
             ServerName a.test\nSSLEngine on\n{line}\n</VirtualHost>\n"
        );
        fs::write(folder.path().join("httpd.conf"), text).expect("write");
        let facts = ["--assume", "apache=2.4.62", "--assume", "openssl=3.0.15", "--assume", "openssl-seclevel=0"];
        let run = run_in(folder.path(), &[&["audit", "httpd.conf", "--format", "json"], &facts[..]].concat());
        let document = run.json();
        let of_rule = findings(&document).iter().filter(|f| f["rule"] == "forbidden-version");
        of_rule.map(|f| f["standing"].as_str().expect("a standing").to_owned()).collect::<Vec<_>>()
    };
    let allow = "# tlsmend: allow forbidden-version: x";
    assert_eq!(standing(&format!("  {allow}\n  SSLProtocol -all +TLSv1.1 +TLSv1.2 +TLSv1.3")), ["waived"]);
    assert_eq!(standing(&format!("{allow}\nSSLProtocol -all \\\n +TLSv1.1 +TLSv1.2 +TLSv1.3")), ["waived"]);
    assert_eq!(standing(&format!("{allow}\n\nSSLProtocol -all +TLSv1.1 +TLSv1.2 +TLSv1.3")), ["open"]);
    // To httpd these are words of the directive.
    assert!(!standing(&format!("SSLProtocol -all +TLSv1.1 +TLSv1.2 +TLSv1.3 {allow}")).contains(&"waived".to_owned()));
    // A comment that ends in a backslash swallows the next line, and what it says is about the one after that.
    let swallowed = format!("{allow} \\\nSSLProtocol -all +TLSv1.2\nSSLProtocol -all +TLSv1.1 +TLSv1.2 +TLSv1.3");
    assert_eq!(standing(&swallowed), ["waived"]);
    let nothing_after = format!("SSLProtocol -all +TLSv1.1 +TLSv1.2 +TLSv1.3\n{allow} \\\nSSLProtocol -all +TLSv1.1");
    assert_eq!(standing(&nothing_after), ["open"]);
}

/// A comment of Apache's that ends in a backslash goes on in the next line, as the server reads it.
#[test]
fn in_apache_a_comment_may_go_on() {
    let found = |lines: &str| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let head = "Listen 443\nLoadModule ssl_module m.so\n";
        let rest = "<VirtualHost *:443>\nSSLEngine on\nSSLCertificateFile a\n</VirtualHost>\n";
        fs::write(folder.path().join("httpd.conf"), format!("{head}{lines}{rest}")).expect("write");
        let facts = ["--assume", "apache=2.4.62", "--assume", "openssl=3.0.15", "--assume", "openssl-seclevel=0"];
        let more = ["--now", "2026-11-30", "--format", "json"];
        let document = run_in(folder.path(), &[&["audit", "httpd.conf"][..], &facts, &more].concat()).json();
        let one = |finding: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            format!("{} {}: {}", text(&finding["rule"]), text(&finding["standing"]), text(&finding["waiver"]["reason"]))
        };
        findings(&document).iter().map(one).collect::<Vec<_>>()
    };
    let waived = |reason: &str| vec![format!("forbidden-version waived: {reason}")];
    let mark = "# tlsmend: allow forbidden-version until 2027-01-01: C";
    for (lines, reason) in [
        (format!("{mark} \\\nmore words\nSSLProtocol all -SSLv3\n"), "C more words"),
        (format!("{mark} \\\r\n  more \\\r\n  words\r\nSSLProtocol all -SSLv3\r\n"), "C more words"),
        (format!("{mark}\\\nSSLProtocol -all\nSSLProtocol all -SSLv3\n"), "CSSLProtocol -all"),
        ("# tlsmend: allow \\\n forbidden-version \\\n: C\nSSLProtocol all -SSLv3\n".to_owned(), "C"),
        // Between it and its line: a comment that goes on over what looks like a directive.
        (format!("{mark}\n# old: \\\nSSLProtocol TLSv1\nSSLProtocol all -SSLv3\n"), "C"),
        (format!("\\\n  {mark}\nSSLProtocol all -SSLv3\n"), "C"),
    ] {
        assert_eq!(found(&lines), waived(reason), "{lines}");
    }
    // What a comment goes on over is no directive, and a blank behind the backslash ends it.
    let open = |lines: String| found(&lines).iter().any(|one| one == "forbidden-version open: -");
    assert!(open(format!("{mark} \\\nSSLProtocol all -SSLv3\n\n")));
    assert!(!open(format!("{mark} \\ \nSSLProtocol all -SSLv3\n\n")));
}

/// Where files were not read, nobody knows that a waiver covers nothing.
#[test]
fn a_waiver_may_cover_what_was_not_read() {
    let policy = |scope: &str| format!("waivers:\n  - {{rule: forbidden-version, match: {scope}, reason: x}}\n");
    let unused = |text: &str, policy: &str| {
        let folder = nginx(text);
        fs::write(folder.path().join("p.yaml"), policy).expect("write");
        let document = audit(folder.path(), &["--policy", "p.yaml", "--now", "2026-11-30", "--format", "json"]).json();
        let found = findings(&document).iter().find(|one| one["rule"] == "unused-waiver").expect("unused").clone();
        (
            found["verdict"].as_str().expect("a verdict").to_owned(),
            found["message"].as_str().expect("a message").to_owned(),
        )
    };
    let named = policy("{server-name: a.test}");
    let whole = servers(&[server("b.test", "443", "ssl_protocols TLSv1.2 TLSv1.3;")]);
    let sure = ("shadowed".to_owned(), "this waiver of forbidden-version covers nothing".to_owned());
    let open = ("unknown".to_owned(), "this waiver of forbidden-version covers nothing that was read".to_owned());
    assert_eq!(unused(&whole, &named), sure);
    // A file of a certificate that is not there hides no versions.
    assert_eq!(unused(&whole.replace("a.crt", "missing.crt"), &named), sure);
    for (more, scope) in [
        ("include missing.conf;", "{server-name: a.test}"),
        ("include missing.conf;", "{service: nginx, address: 192.0.2.1}"),
        ("server {", "{server-name: a.test}"),
    ] {
        assert_eq!(
            unused(&whole.replace("ssl_certificate a.crt;", &format!("ssl_certificate a.crt; {more}")), &policy(scope)),
            open,
            "{more}"
        );
    }
    // Of another service there is nothing that was not read.
    let broken = whole.replace("events {}", "events {} include missing.conf;");
    assert_eq!(unused(&broken, &policy("{service: apache}")), sure);
    let comment = broken.replace("ssl_protocols", "# tlsmend: allow missing-version: x\n ssl_protocols");
    assert_eq!(unused(&comment, "{}").0, "unknown");
}

#[test]
fn what_is_waived_stays_and_what_is_open_is_mended() {
    let line = "# tlsmend: allow forbidden-version: tills\n    ssl_protocols TLSv1 TLSv1.2;";
    let folder = nginx(&servers(&[server("a.test", "192.0.2.1:443", line)]));
    let patch = diff(folder.path(), &[]);
    assert!(patch.out.contains("+    ssl_protocols TLSv1 TLSv1.2 TLSv1.3;"), "{}", patch.screen());
    assert!(patch.err.contains("waived: nginx/nginx.conf:9:19: high[forbidden-version]"), "{}", patch.screen());
    let patch = diff(folder.path(), &["--fix-waived"]);
    assert!(patch.out.contains("+    ssl_protocols TLSv1.2 TLSv1.3;"), "{}", patch.screen());
    // Both are waived: nothing is left to do.
    let line = "# tlsmend: allow forbidden-version, missing-version: tills\n    ssl_protocols TLSv1 TLSv1.2;";
    let folder = nginx(&servers(&[server("a.test", "192.0.2.1:443", line)]));
    let patch = diff(folder.path(), &[]);
    assert_eq!((patch.status, patch.out.as_str()), (0, ""), "{}", patch.screen());
}

#[test]
fn a_default_that_is_waived_for_one_server_is_not_written_down_for_it() {
    let text = servers(&[server("a.test", "192.0.2.1:443", ""), server("b.test", "192.0.2.2:443", "")]);
    let folder = nginx(&text);
    let facts = ["--assume", "nginx=1.22.1", "--assume", "openssl=3.0.15", "--assume", "openssl-seclevel=0"];
    let policy = "waivers:\n  - rule: [forbidden-version, implicit-default, missing-version]\n    \
                  match: {address: 192.0.2.2}\n    reason: tills\n";
    fs::write(folder.path().join("p.yaml"), policy).expect("write");
    let patch = run_in(folder.path(), &[&["diff", "nginx", "--policy", "p.yaml"], &facts[..]].concat());
    assert_eq!(patch.out, "", "{}", patch.screen());
    assert!(patch.err.contains("would take TLSv1 and TLSv1.1 away from 192.0.2.2:443"), "{}", patch.screen());
    let patch = run_in(folder.path(), &[&["diff", "nginx", "--policy", "p.yaml", "--fix-waived"], &facts[..]].concat());
    assert!(patch.out.contains("+ssl_protocols TLSv1.2 TLSv1.3;"), "{}", patch.screen());
}

#[test]
fn a_default_that_is_waived_for_the_only_server_is_left_alone_for_the_true_reason() {
    let facts = ["--assume", "nginx=1.22.5", "--assume", "openssl=3.0.17", "--assume", "openssl-seclevel=0"];
    let waived = "# tlsmend: allow forbidden-version: x\n";
    let folder = nginx(&servers(&[format!("{waived}{}", server("a.test", "192.0.2.1:443", ""))]));
    let patch = run_in(folder.path(), &[&["diff", "nginx"], &facts[..]].concat());
    assert_eq!(patch.out, "", "{}", patch.screen());
    assert!(patch.err.contains("no line decides yet"), "{}", patch.screen());
    assert!(patch.err.contains("would take TLSv1 and TLSv1.1 away from 192.0.2.1:443"), "{}", patch.screen());
    assert!(!patch.err.contains("one line is for several endpoints"), "{}", patch.screen());
}

#[test]
fn a_baseline_knows_findings_wherever_their_lines_go() {
    let weak = |name: &str, address: &str| server(name, address, "ssl_protocols TLSv1 TLSv1.2 TLSv1.3;");
    let (one, two) = (weak("a.test", "192.0.2.1:443"), weak("b.test", "192.0.2.2:443"));
    let folder = nginx(&servers(&[one.clone(), two.clone()]));
    // Not over what was audited, by a link either.
    std::os::unix::fs::symlink("nginx/nginx.conf", folder.path().join("link")).expect("a link");
    for target in ["nginx/nginx.conf", "link"] {
        let refused = audit(folder.path(), &["--write-baseline", target]);
        assert_eq!(refused.status, 2, "{}", refused.screen());
        assert!(refused.err.contains("is a file that was read"), "{}", refused.screen());
    }
    let first = audit(folder.path(), &["--write-baseline", "b.json"]);
    assert_eq!(first.status, 1, "{}", first.screen());
    let baseline = fs::read_to_string(folder.path().join("b.json")).expect("the baseline");
    insta::assert_snapshot!("baseline", baseline);
    let again = |servers: String| {
        fs::write(folder.path().join("nginx/nginx.conf"), servers).expect("write");
        audit(folder.path(), &["--baseline", "b.json"])
    };
    // Moved, indented, another order.
    let moved = again(servers(&[two.clone(), "\n\n# a comment\n".to_owned(), one.replace("    ssl", "\t\tssl")]));
    assert_eq!(moved.status, 0, "{}", moved.screen());
    assert!(moved.out.contains("no findings but 2 known") && moved.err.is_empty(), "{}", moved.screen());
    // A new server, and a known one that got worse.
    let more = again(servers(&[one.clone(), two.clone(), weak("c.test", "192.0.2.3:443")]));
    assert!(more.status == 1 && more.out.contains("1 finding: 1 high; besides 2 known"), "{}", more.screen());
    let worse = again(servers(&[one.replace("TLSv1 ", "TLSv1 TLSv1.1 "), two.clone()]));
    assert!(worse.status == 1 && worse.out.contains("besides 1 known"), "{}", worse.screen());
    assert!(
        worse.out.contains("worse than in the baseline: TLSv1.1 too") && worse.err.is_empty(),
        "{}",
        worse.screen()
    );
    // One that is gone.
    let gone = again(servers(&[one.replace("TLSv1 ", ""), two.clone()]));
    assert!(gone.status == 0 && gone.err.contains("1 finding of the baseline is gone"), "{}", gone.screen());
    // The patch mends what is known, too.
    assert!(diff(folder.path(), &[]).out.contains("+    ssl_protocols TLSv1.2 TLSv1.3;"));
    // In another folder, and written anew.
    let other = nginx(&servers(&[one.clone(), two.clone()]));
    audit(other.path(), &["--write-baseline", "b.json"]);
    assert_eq!(fs::read_to_string(other.path().join("b.json")).expect("the baseline"), baseline);
}

/// A baseline of the first files, and what an audit says of the second ones beside it.
fn since(before: &[(&str, &str)], after: &[(&str, &str)], more: &[&str]) -> Run {
    since_with(&FACTS[4..], before, after, more)
}

/// The same with another security level.
fn since_with(level: &[&str], before: &[(&str, &str)], after: &[(&str, &str)], more: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let write = |files: &[(&str, &str)]| {
        for (path, text) in files {
            let path = folder.path().join("c").join(path);
            fs::create_dir_all(path.parent().expect("a folder")).and_then(|()| fs::write(path, text)).expect("write");
        }
    };
    write(before);
    let arguments = |option| [&["audit", "c", option, "b.json"][..], &FACTS[..4], level].concat();
    run_in(folder.path(), &arguments("--write-baseline"));
    write(after);
    run_in(folder.path(), &[&arguments("--baseline")[..], more].concat())
}

#[test]
fn what_is_no_worse_stays_known() {
    let nginx = "events {}\nhttp {\nssl_certificate c; ssl_certificate_key k;\ninclude sites/*.conf;\n}\n";
    let site =
        |name: &str, listen: &str| format!("server {{ listen {listen} ssl; server_name {name}; include tls.inc; }}\n");
    let (a, b) = (site("a.test", "443"), site("b.test", "443"));
    let inside = site("b.test", "127.0.0.1:443");
    let weak = ("tls.inc", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;\n");
    let first = [("nginx.conf", nginx), ("sites/a.conf", &a), weak];
    let macros = "Listen 443\nLoadModule ssl_module x\nLoadModule macro_module x\n<Macro Site $name>\n<VirtualHost *:443>\nServerName $name\nSSLEngine on\n\
                  SSLCertificateFile x\nSSLProtocol -all +TLSv1.1 +TLSv1.2 +TLSv1.3\n</VirtualHost>\n</Macro>\nUse Site a.test\n";
    let used_twice = format!("{macros}Use Site b.test\n");
    for (before, after) in [
        // A second site on a shared line, at the same address or at one that the first one had anyway; a version less; a
        // macro that is used once more.
        (&first[..], &[("sites/b.conf", &*b)][..]),
        (&first, &[("sites/b.conf", &inside)]),
        (&first, &[("tls.inc", "ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n")]),
        (&[("httpd.conf", macros)], &[("httpd.conf", &used_twice)]),
    ] {
        let run = since(before, after, &[]);
        assert!(run.status == 0 && run.out.contains("no findings but 1 known"), "{after:?}: {}", run.screen());
        assert!(!run.err.contains("gone"), "{after:?}: {}", run.screen());
    }
}

#[test]
fn what_got_worse_is_new() {
    let text = |listen: &str, versions: &str| {
        format!(
            "events {{}}\nhttp {{\nssl_certificate c; ssl_certificate_key k;\nserver {{ {listen} server_name a.test; \
             ssl_protocols {versions}; }}\n}}\n"
        )
    };
    let inside = text("listen 127.0.0.1:443 ssl;", "TLSv1 TLSv1.2 TLSv1.3");
    let outside = text("listen 443 ssl;", "TLSv1 TLSv1.2 TLSv1.3");
    let both = text("listen 443 ssl; listen 8443 ssl;", "TLSv1 TLSv1.2 TLSv1.3");
    let version = text("listen 443 ssl;", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3");
    let twice = outside.replace("\n}\n", "\nserver { listen 444 ssl; ssl_protocols TLSv1 TLSv1.2 TLSv1.3; }\n}\n");
    for (before, after, how) in [
        (&inside, &outside, "worse than in the baseline: also at 0.0.0.0:443"),
        (&outside, &both, "worse than in the baseline: also at 0.0.0.0:8443"),
        (&outside, &version, "worse than in the baseline: TLSv1.1 too"),
        (&outside, &twice, "besides 1 known"),
    ] {
        let run = since(&[("nginx.conf", before)], &[("nginx.conf", after)], &[]);
        assert!(run.status == 1 && run.out.contains(how), "{how}: {}", run.screen());
    }
    // One line, latent at one of its addresses and then exposed there too; and one that is only configured besides.
    let shared = |ciphers: &str, versions: &str| {
        let server = |port: u16, ciphers: &str| format!("server {{ listen {port} ssl; {ciphers} }}\n");
        format!(
            "events {{}}\nhttp {{\nssl_certificate c; ssl_certificate_key k;\nssl_protocols {versions};\n{}{}}}\n",
            server(443, "ssl_ciphers ALL:@SECLEVEL=0;"),
            server(444, ciphers)
        )
    };
    let latent = ["--assume", "openssl-seclevel=2"];
    let open = "ssl_ciphers ALL:@SECLEVEL=0;";
    for (before, after, how) in [
        (shared("", "TLSv1 TLSv1.2 TLSv1.3"), shared(open, "TLSv1 TLSv1.2 TLSv1.3"), "also at 0.0.0.0:444"),
        (shared(open, "TLSv1 TLSv1.2 TLSv1.3"), shared(open, "SSLv3 TLSv1 TLSv1.2 TLSv1.3"), "SSLv3 too"),
    ] {
        let run = since_with(&latent, &[("nginx.conf", &before)], &[("nginx.conf", &after)], &[]);
        assert!(run.status == 1 && run.out.contains(how), "{how}: {}", run.screen());
    }
    // The same line, and another library or policy: latent before, or low.
    let host = [("nginx.conf", &*outside)];
    let policy = "severity: {forbidden-version: low}\n";
    let run = since(&[("nginx.conf", &outside), ("p.yaml", policy)], &host, &["--policy", "c/p.yaml"]);
    assert!(run.status == 0 && run.out.contains("1 known"), "{}", run.screen());
}

/// The same checkout in two folders, with a listener on a default, a line in a mapped folder, and an unused waiver.
fn checkouts() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for checkout in ["ca", "cb/deep"] {
        let at = |name: &str| folder.path().join(checkout).join(name);
        fs::create_dir_all(at("nginx/conf.d")).and_then(|()| fs::create_dir_all(at("shared"))).expect("folders");
        let text = servers(&[
            server("a.test", "192.0.2.1:443", "ssl_protocols TLSv1 TLSv1.2 TLSv1.3;"),
            server("b.test", "192.0.2.2:443", "include /etc/shared/tls.inc;"),
            server("c.test", "192.0.2.3:443", ""),
        ]);
        let waiver = "waivers: [{rule: unknown, match: {server-name: d.test}, reason: x}]\n";
        fs::write(at("nginx/nginx.conf"), text).expect("write");
        fs::write(at("nginx/conf.d/old.conf"), "ssl_protocols SSLv3;\n").expect("write");
        fs::write(at("shared/tls.inc"), "ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;\n").expect("write");
        fs::write(at("p.yaml"), waiver).expect("write");
    }
    folder
}

#[test]
fn a_baseline_holds_wherever_the_checkout_lies_and_the_program_is_started() {
    let folder = checkouts();
    let top = folder.path().canonicalize().expect("the folder");
    let here = |path: &str| top.join(path).display().to_string();
    // Where it is started, PATH, the folder that stands for /etc/shared, and the policy.
    let runs = [
        (here(""), here("ca/nginx"), here("ca/shared"), "ca/p.yaml"),
        (here(""), here("cb/deep/nginx"), here("cb/deep/shared"), "cb/deep/p.yaml"),
        (here(""), "ca/nginx".to_owned(), "ca/shared".to_owned(), "ca/p.yaml"),
        (here("ca"), "nginx".to_owned(), "shared".to_owned(), "p.yaml"),
        (here("ca/nginx"), ".".to_owned(), "../shared".to_owned(), "../p.yaml"),
        (here("ca/nginx/conf.d"), "..".to_owned(), here("ca/shared"), "../../p.yaml"),
    ];
    let baseline = here("b.json");
    for (at, (start, path, shared, policy)) in runs.iter().enumerate() {
        let map = format!("/etc/shared={shared}");
        let option = if at == 0 { "--write-baseline" } else { "--baseline" };
        let arguments = ["audit", path, "--map", &map, "--policy", policy, option, &baseline];
        let run = run_in(Path::new(start), &[&arguments, &FACTS[..]].concat());
        match at {
            0 => assert!(run.status == 1 && run.out.contains("findings"), "{}", run.screen()),
            _ => {
                assert!(run.status == 0 && run.out.contains("no findings but"), "{path}: {}", run.screen());
                assert!(!run.err.contains("gone"), "{path}: {}", run.screen());
            }
        }
    }
}

#[test]
fn two_checkouts_in_one_audit_are_two_hosts() {
    let folder = checkouts();
    let arguments = ["audit", "ca/nginx", "cb/deep/nginx", "--format", "json"];
    let prints = |more: &[&str]| -> BTreeSet<String> {
        let document = run_in(folder.path(), &[&arguments[..], more, &FACTS].concat()).json();
        let found = findings(&document);
        let prints: BTreeSet<_> = found.iter().map(|finding| finding["fingerprint"].to_string()).collect();
        assert_eq!(prints.len(), found.len());
        prints
    };
    let before = prints(&[]);
    let text = fs::read_to_string(folder.path().join("ca/nginx/nginx.conf")).expect("read");
    fs::write(folder.path().join("ca/nginx/nginx.conf"), text.replace("TLSv1 ", "")).expect("write");
    // What is gone is gone from the one, and the other has not come into its place.
    let after = prints(&[]);
    assert!(after.is_subset(&before) && after.len() + 1 == before.len(), "{before:?} {after:?}");
}

#[test]
fn equal_lines_of_one_file_are_told_apart_by_their_order() {
    let weak = |address: &str| format!("server {{ listen {address} ssl; ssl_protocols TLSv1 TLSv1.2 TLSv1.3; }}\n");
    let folder = nginx(&servers(&[weak("192.0.2.1:443"), weak("192.0.2.2:443")]));
    let document = audit(folder.path(), &["--format", "json"]).json();
    let prints: BTreeSet<&str> =
        findings(&document).iter().map(|finding| finding["fingerprint"].as_str().expect("a fingerprint")).collect();
    assert_eq!(prints.len(), findings(&document).len());
    assert!(prints.iter().all(|print| print.len() == 32));
}

#[test]
fn a_new_site_on_a_shared_line_changes_no_fingerprint() {
    let prints = |names: &[&str]| {
        let sites: Vec<String> = names
            .iter()
            .enumerate()
            .map(|(i, n)| server(n, &format!("192.0.2.{}:443", i + 1), "include tls.inc;"))
            .collect();
        let folder = nginx(&servers(&sites));
        fs::write(folder.path().join("nginx/tls.inc"), "ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n").expect("write");
        let document = audit(folder.path(), &["--format", "json"]).json();
        findings(&document).iter().map(|finding| finding["fingerprint"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(prints(&["b.test", "c.test"]), prints(&["a.test", "b.test", "c.test"]));
}

#[test]
fn a_waiver_for_one_endpoint_leaves_the_rest_of_the_finding_known() {
    let text = servers(&[server("a.test", "192.0.2.1:443", ""), server("b.test", "192.0.2.2:443", "")])
        .replace("http {\n", "http {\nssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n");
    let folder = nginx(&text);
    audit(folder.path(), &["--write-baseline", "b.json"]);
    for address in ["192.0.2.1", "192.0.2.2"] {
        let policy =
            format!("waivers:\n  - rule: forbidden-version\n    match: {{address: {address}}}\n    reason: tills\n");
        fs::write(folder.path().join("p.yaml"), policy).expect("write");
        let again = audit(folder.path(), &["--policy", "p.yaml", "--baseline", "b.json"]);
        assert_eq!(again.status, 0, "{}", again.screen());
        assert!(again.out.contains("no findings but 1 waived, 1 known") && again.err.is_empty(), "{}", again.screen());
    }
}

#[test]
fn who_can_be_reached_from_outside_weighs_more() {
    let line = "ssl_protocols TLSv1 TLSv1.2 TLSv1.3;";
    let text = servers(&[
        server("a.test", "127.0.0.1:443", line),
        server("b.test", "[::1]:443", line),
        server("c.test", "unix:/run/c.sock", line),
        server("d.test", "192.0.2.1:443", line),
    ]);
    let folder = nginx(&text);
    let severities = |policy: &str| {
        fs::write(folder.path().join("p.yaml"), policy).expect("write");
        let document = audit(folder.path(), &["--policy", "p.yaml", "--format", "json"]).json();
        let mut found: Vec<String> = findings(&document)
            .iter()
            .map(|f| format!("{} {}", f["endpoints"][0]["address"].as_str().expect("an address"), f["severity"]))
            .collect();
        found.sort();
        found.join(", ")
    };
    assert_eq!(
        severities(""),
        r#"127.0.0.1:443 "medium", 192.0.2.1:443 "high", [::1]:443 "medium", unix:/run/c.sock "medium""#
    );
    assert_eq!(
        severities("exposure: {loopback: same}"),
        r#"127.0.0.1:443 "high", 192.0.2.1:443 "high", [::1]:443 "high", unix:/run/c.sock "medium""#
    );
}
