//! What several reports, commands and options say of one thing has to be the same: cases in which it once was not.

use crate::support::program::{Run, run_in};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const FACTS: [&str; 7] =
    ["--no-exec", "--assume", "nginx=1.22.1", "--assume", "openssl=1.1.1", "--assume", "openssl-seclevel=1"];

/// A host with nginx. The text is that of the block `http`.
struct Host(TempDir);

impl Host {
    fn of(http: &str) -> Host {
        let host = Host(tempfile::tempdir().expect("a temporary directory"));
        fs::create_dir_all(host.at("root/etc/nginx")).expect("a folder");
        let certs = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/certs");
        for (name, from) in [("c.pem", "pair.crt"), ("k.pem", "pair.key")] {
            fs::copy(certs.join(from), host.at("root/etc/nginx").join(name)).expect("a copy");
        }
        host.configure(http);
        host
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn configure(&self, http: &str) {
        let keys = "ssl_certificate c.pem;\nssl_certificate_key k.pem;";
        self.write("root/etc/nginx/nginx.conf", &format!("events {{}}\nhttp {{\n{keys}\n{http}\n}}\n"));
    }

    fn configuration(&self) -> String {
        fs::read_to_string(self.at("root/etc/nginx/nginx.conf")).expect("a file")
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).expect("writes");
    }

    fn run(&self, command: &str, more: &[&str]) -> Run {
        run_in(self.0.path(), &[&[command, "--root", "root"][..], &FACTS, more].concat())
    }

    fn audit(&self, more: &[&str]) -> Value {
        self.run("audit", &[more, &["--format", "json"]].concat()).json()
    }
}

fn findings(audit: &Value) -> &[Value] {
    audit["findings"].as_array().expect("a list")
}

#[test]
fn what_the_patch_leaves_of_a_finding_is_said_wherever_its_fix_is() {
    let host = Host::of(
        "ssl_protocols TLSv1.2 TLSv1.3;\nserver { listen 443 ssl default_server; }\n\
         server { listen 443 ssl; server_name b.test; ssl_protocols TLSv1; }",
    );
    host.write("p.yaml", "require: [TLSv1.2]\n");
    let policy = ["--policy", "p.yaml"];
    let audit = host.audit(&policy);
    let leaves = audit["findings"][0]["fix"]["leaves"].as_str().expect("something is left");
    let diff = host.run("diff", &[&policy[..], &["--format", "json"]].concat()).json();
    assert_eq!(diff["findings_fixed"].as_array().map(Vec::len), Some(0), "{diff}");
    assert_eq!(diff["findings_left"][0]["message"], leaves);
    for format in ["text", "html", "markdown", "sarif", "github", "gitlab", "junit"] {
        let said = host.run("audit", &[&policy[..], &["--fail-on", "low", "--format", format]].concat()).out;
        assert!(said.contains("afterwards still"), "{format}: {said}");
    }
    let text = host.run("audit", &policy).out;
    assert!(text.contains("it can be mended in part: `tlsmend diff"), "{text}");
    // With TLSv1.3 it says what clients are given, and nothing is left.
    let audit = host.audit(&[]);
    assert!(audit["findings"][0]["fix"]["leaves"].is_null() && !audit["findings"][0]["fix"].is_null(), "{audit}");
}

#[test]
fn only_a_patch_calls_for_a_reload() {
    let host = Host::of(
        "ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\nserver { listen 192.0.2.1:443 ssl; }\nserver { listen 192.0.2.2:443 ssl; }",
    );
    host.write("p.yaml", "overrides: [{match: {address: \"192.0.2.2:443\"}, forbid: [], require: [TLSv1]}]\n");
    let said = |more: &[&str]| {
        let text = host.run("audit", more).out.contains("then reload:");
        let json = host.audit(more)["reload"].as_array().is_some_and(|all| !all.is_empty());
        let html = host.run("audit", &[more, &["--format", "html"]].concat()).out.contains("nginx -s reload");
        (text, json, html)
    };
    assert_eq!(said(&[]), (true, true, true));
    assert_eq!(said(&["--policy", "p.yaml"]), (false, false, false), "the only fix is unsafe");
}

#[test]
fn a_fleet_says_what_a_compliant_host_hides() {
    let host = Host::of("ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\nserver { listen 443 ssl; }\nserver { listen 80; }");
    host.run("audit", &["--write-baseline", "b.json"]);
    host.run("audit", &["--baseline", "b.json", "--host", "a", "--format", "json=a.json"]);
    let merged = |format: &str| run_in(host.0.path(), &["report", "merge", "a.json", "--format", format]).out;
    for format in ["text", "html", "markdown"] {
        assert!(merged(format).contains("compliant but 1 waived or known"), "{format}: {}", merged(format));
    }
    let table = merged("csv");
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let heads = rows.headers().expect("heads").clone();
    let row = rows.records().next().expect("a row").expect("a row");
    let cell = |name: &str| heads.iter().position(|head| head == name).and_then(|at| row.get(at));
    assert_eq!(
        (cell("status"), cell("waived or known"), cell("incomplete")),
        (Some("compliant"), Some("1"), Some("no"))
    );

    host.configure("ssl_protocols TLSv1;\nserver { listen 443 ssl; }\ninclude missing.conf;");
    host.run("audit", &["--host", "a", "--format", "json=a.json"]);
    assert!(merged("csv").contains(",yes,0\r\n"), "{}", merged("csv"));
}

#[test]
fn plain_text_is_never_called_compliant() {
    let host = Host::of("server { listen 80; }\nserver { listen 443 ssl; ssl_protocols TLSv1.2 TLSv1.3; }");
    let audit = host.audit(&["--host", "a"]);
    let endpoints = audit["instances"][0]["endpoints"].as_array().expect("a list");
    let verdict = |speaks: &str| endpoints.iter().find(|one| one["speaks"] == speaks).map(|one| &one["verdict"]);
    assert_eq!((verdict("plaintext"), verdict("tls")), (Some(&Value::Null), Some(&"compliant".into())));
    assert!(host.run("audit", &["--format", "prometheus"]).out.contains("verdict=\"compliant\"} 1\n"));
    host.write("a.json", &audit.to_string());
    let fleet = run_in(host.0.path(), &["report", "merge", "a.json", "--format", "json"]).json();
    assert_eq!(fleet["hosts"][0]["counts"]["compliant"], 1);
    // Where there is TLS, a verdict is needed.
    host.write("a.json", &audit.to_string().replace("\"compliant\"", "null"));
    assert_eq!(run_in(host.0.path(), &["report", "merge", "a.json"]).status, 2);
}

#[test]
fn commands_that_are_suggested_have_the_options_that_were_given() {
    let host = Host::of("ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\nserver { listen 443 ssl; }");
    host.write("p 1.yaml", "require: [TLSv1.2]\n");
    let text =
        host.run("audit", &["--define", "OLD", "--exclude=-old", "--policy", "p 1.yaml", "--now", "2026-11-30"]).out;
    let command = text.split('`').nth(1).expect("a command");
    assert_eq!(
        command,
        "tlsmend diff --root root --define OLD --assume nginx=1.22.1 --assume openssl=1.1.1 --assume openssl-seclevel=1 \
         --exclude=-old --no-exec --policy 'p 1.yaml' --now 2026-11-30"
    );
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let quoted = words.join(" ").replace("'p 1.yaml'", "p\u{0}1.yaml");
    let words: Vec<String> = quoted.split(' ').map(|word| word.replace('\u{0}', " ")).collect();
    let diff = run_in(host.0.path(), &words.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(diff.status == 1 && diff.out.contains("+ssl_protocols TLSv1.2 TLSv1.3;"), "{}", diff.screen());

    host.configure("include missing.conf;\nserver { listen 443 ssl; }");
    let why = host.run("why", &["192.0.2.1:443"]);
    assert!(why.err.contains("`tlsmend audit --root root --assume"), "{}", why.err);
}

#[test]
fn a_waiver_of_what_is_accepted_does_not_need_what_is_refused_anyway() {
    let host = Host::of("ssl_protocols SSLv3 TLSv1 TLSv1.2 TLSv1.3;\nserver { listen 443 ssl; }");
    let told = |versions: &str| {
        let waiver =
            format!("{{rule: forbidden-version, match: {{service: nginx}}, reason: x, versions: [{versions}]}}");
        host.write("p.yaml", &format!("waivers: [{waiver}]\n"));
        let audit = host.audit(&["--policy", "p.yaml"]);
        let told =
            findings(&audit).iter().map(|one| format!("{} {} {}", one["standing"], one["rule"], one["versions"]));
        let told: Vec<String> = told.collect();
        (told.join("\n").replace('"', ""), host.run("diff", &["--policy", "p.yaml"]).out)
    };
    let (found, patch) = told("TLSv1");
    assert_eq!(found, "waived forbidden-version [TLSv1]\nopen forbidden-version [SSLv3]");
    assert!(patch.contains("+ssl_protocols TLSv1 TLSv1.2 TLSv1.3;"), "{patch}");
    let (found, patch) = told("SSLv3");
    assert_eq!(found, "open forbidden-version [TLSv1]\nwaived forbidden-version [SSLv3]");
    assert!(patch.contains("+ssl_protocols SSLv3 TLSv1.2 TLSv1.3;"), "{patch}");
    assert_eq!(told("SSLv3, TLSv1"), ("waived forbidden-version [TLSv1]".to_owned(), String::new()));
    let (found, patch) = told("TLSv1.1");
    assert!(found.starts_with("open forbidden-version [TLSv1]\n") && found.contains("unused-waiver"), "{found}");
    assert!(patch.contains("+ssl_protocols TLSv1.2 TLSv1.3;"), "{patch}");
}

#[test]
fn a_waiver_of_what_the_policy_turns_off_is_not_said_to_be_at_the_wrong_place() {
    let line = "# tlsmend: allow RULE: x\nssl_protocols TLSv1 TLSv1.2;\nserver { listen 443 ssl; }";
    for (rule, severity) in [("forbidden-version", "{exposed: off}"), ("missing-version", "off")] {
        let host = Host::of(&line.replace("RULE", rule));
        host.write("p.yaml", &format!("severity: {{{rule}: {severity}}}\n"));
        let audit = host.audit(&["--policy", "p.yaml"]);
        let unused = findings(&audit).iter().find(|one| one["rule"] == "unused-waiver").expect("it covers nothing");
        let help = unused["help"].as_str().expect("help");
        assert!(help.contains("in the policy") && !help.contains("line"), "{help}");
    }
    let host = Host::of("# tlsmend: allow forbidden-version: x\n\nssl_protocols TLSv1.2;\nserver { listen 443 ssl; }");
    host.write("p.yaml", "severity: {forbidden-version: off}\n");
    let audit = host.audit(&["--policy", "p.yaml"]);
    let unused = findings(&audit).iter().find(|one| one["rule"] == "unused-waiver").expect("it covers nothing");
    assert_eq!(unused["message"], "this waiver of forbidden-version covers nothing");
}

#[test]
fn a_fix_of_one_rule_does_nothing_for_another() {
    let host = Host::of("server { listen 443 ssl; }");
    let line = |rule: &str| {
        let patch = host.run("diff", &["--rule", rule]).out;
        let line = patch.lines().find(|line| line.contains("ssl_protocols")).map(|line| line.trim_start_matches('+'));
        line.map(|line| line.trim().trim_start_matches("ssl_protocols ").to_owned())
    };
    for (rule, versions) in [
        ("implicit-default", "TLSv1 TLSv1.1 TLSv1.2;"),
        ("forbidden-version", "TLSv1.2;"),
        ("missing-version", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"),
    ] {
        assert_eq!(line(rule).as_deref(), Some(versions), "{rule}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn policies_of_one_name_are_told_apart_by_what_they_say() {
    let host = Host::of("server { listen 443 ssl; }");
    let files = ["a", "b", "c"].map(|name| (name, format!("{name}/p.yaml")));
    for ((name, file), text) in files.iter().zip(["require: []\n", "require: [TLSv1.2]\n", "require: []\n"]) {
        fs::create_dir(host.at(name)).expect("a folder");
        host.write(file, text);
        let root = host.at("root").display().to_string();
        let own = [&["audit", "--root", &root, "--host", name, "--format", "json=r.json"][..], &FACTS].concat();
        run_in(&host.at(name), &[&own[..], &["--policy", "p.yaml"]].concat());
    }
    let merged = |names: [&str; 2], format: &str| {
        let reports = names.map(|name| format!("{name}/r.json"));
        run_in(host.0.path(), &["report", "merge", &reports[0], &reports[1], "--format", format])
    };
    let said = merged(["a", "b"], "text");
    assert!(said.err.matches("p.yaml (sha256 ").count() == 2, "{}", said.screen());
    assert!(merged(["a", "b"], "csv").out.contains("p.yaml (sha256 "));
    assert_eq!(merged(["a", "c"], "text").err, "");
    // The same by other names is one policy.
    let report = fs::read_to_string(host.at("c/r.json")).expect("a report");
    host.write("c/r.json", &report.replace("\"p.yaml\"", "\"/dev/fd/63\""));
    assert_eq!(merged(["a", "c"], "text").err, "");
}

#[test]
fn a_line_that_takes_the_place_of_a_known_one_is_not_new() {
    let server = |name: &str, versions: &str| {
        format!("server {{ listen 443 ssl; server_name {name}; ssl_protocols {versions}; }}\n")
    };
    let bad = "TLSv1 TLSv1.2 TLSv1.3";
    let host = Host::of(&server("a.test", bad));
    host.run("audit", &["--write-baseline", "b.json"]);
    let open = |http: &str| {
        host.configure(http);
        let audit = host.audit(&["--baseline", "b.json"]);
        findings(&audit).iter().filter(|one| one["standing"] == "open").count()
    };
    assert_eq!(open(&server("b.test", bad)), 0, "another name");
    assert_eq!(open(&format!("ssl_protocols {bad};\nserver {{ listen 443 ssl; }}")), 0, "the line moved");
    assert_eq!(open(&server("b.test", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3")), 1, "a further version");
    assert_eq!(open(&server("b.test", bad).replace("443", "8443")), 1, "another address");
    let two = server("a.test", bad) + &server("b.test", bad).replace("443 ssl", "444 ssl");
    assert_eq!(open(&two), 1, "the old line is still there, and the other one is new");
    // A baseline without it is read all the same, and knows less.
    let baseline = fs::read_to_string(host.at("b.json")).expect("a baseline");
    let old: Vec<&str> = baseline.lines().filter(|line| !line.contains("file_id")).collect();
    host.write("b.json", &old.join("\n").replace("\",\n    }", "\"\n    }"));
    assert_eq!((open(&server("a.test", bad)), open(&server("b.test", bad))), (0, 1));
}

#[test]
fn what_the_patch_writes_is_not_new() {
    let host =
        Host::of("server { listen 443 ssl; }\nserver { listen 444 ssl; server_name b.test; ssl_protocols TLSv1; }");
    let run = |command: &str, more: &[&str]| {
        let facts = ["--root", "root", "--assume", "nginx=1.22.1", "--assume", "openssl=1.0.2"];
        run_in(host.0.path(), &[&[command][..], &facts, more].concat())
    };
    let audit = run("audit", &["--write-baseline", "b.json"]).out;
    assert!(audit.contains("TLSv1.3 is not possible"), "{audit}");
    let fix = run("fix", &["--yes", "--check-with", "nginx=/bin/true"]);
    assert_eq!(host.configuration().matches("ssl_protocols TLSv1.2;").count(), 2, "{}", fix.screen());
    let audit = run("audit", &["--baseline", "b.json", "--format", "json"]).json();
    let standings: Vec<&Value> = findings(&audit).iter().map(|one| &one["standing"]).collect();
    assert_eq!(standings, ["known", "known"], "{audit}");
}

#[test]
fn two_uses_of_a_macro_may_change_places() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let macros = "Listen 443\nLoadModule ssl_module m\n<Macro Site $name $ip $versions>\n<VirtualHost $ip:443>\n\
                  ServerName $name\nSSLEngine on\nSSLProtocol $versions\n</VirtualHost>\n</Macro>\n";
    let uses = ["Use Site a.test 192.0.2.1 \"all -SSLv3 -TLSv1\"", "Use Site b.test 192.0.2.2 \"all -SSLv3\""];
    let audit = |uses: [&str; 2], more: &[&str]| {
        fs::create_dir_all(folder.path().join("etc/apache2")).expect("a folder");
        fs::write(folder.path().join("etc/apache2/apache2.conf"), format!("{macros}{}\n", uses.join("\n")))
            .expect("writes");
        let facts = ["--assume", "apache=2.4.59", "--assume", "openssl=1.1.1", "--assume", "openssl-seclevel=0"];
        let all = [&["audit", "--root", ".", "--no-exec", "--format", "json"][..], &facts, more].concat();
        let audit = run_in(folder.path(), &all).json();
        let open = findings(&audit).iter().filter(|one| one["standing"] == "open" && one["verdict"] == "exposed");
        open.count()
    };
    assert_eq!(audit(uses, &["--write-baseline", "b.json"]), 2);
    let known = ["--baseline", "b.json"];
    assert_eq!((audit(uses, &known), audit([uses[1], uses[0]], &known)), (0, 0));
    // What one gets besides is new wherever it stands.
    let worse = uses[0].replace(" -TLSv1", "");
    assert_eq!(audit([uses[1], &worse], &known), 1);
}

#[test]
fn a_line_for_others_is_told_of_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let message = |text: &str| {
        fs::write(folder.path().join("tls.conf"), text).expect("writes");
        let audit = run_in(folder.path(), &["audit", "tls.conf", "--no-exec", "--format", "json"]).json();
        let of_versions = findings(&audit).iter().find(|one| one["verdict"] != "unknown");
        of_versions.expect("a finding")["message"].as_str().expect("a sentence").to_owned()
    };
    assert_eq!(message("ssl_protocols TLSv1 TLSv1.2;\n"), "a server that includes this offers TLSv1, but no TLSv1.3");
    assert_eq!(
        message("proxy_ssl_protocols TLSv1 TLSv1.2;\n"),
        "as a client of another server, a server that includes this offers TLSv1, but no TLSv1.3"
    );
}

#[test]
fn a_rollback_says_which_later_fix_changed_a_file() {
    let host = Host::of("ssl_protocols TLSv1 TLSv1.2;\nserver { listen 443 ssl; }");
    let facts = ["--assume", "nginx=1.22.1", "--assume", "openssl=1.1.1"];
    let run = |command: &[&str], more: &[&str]| {
        run_in(
            host.0.path(),
            &[command, &["--root", "root", "--check-with", "nginx=/bin/true", "--yes"], more].concat(),
        )
    };
    let id = |run: &Run| {
        let done = run.err.lines().chain(run.out.lines()).find_map(|line| line.strip_prefix("tlsmend: done: "));
        let done = done.or_else(|| run.err.lines().chain(run.out.lines()).find_map(|line| line.strip_prefix("done: ")));
        done.unwrap_or_else(|| panic!("{}", run.screen())).split(';').next().unwrap_or_default().to_owned()
    };
    let first = id(&run(&["fix"], &[&facts[..], &["--rule", "forbidden-version"]].concat()));
    let second = id(&run(&["fix"], &facts));
    let refused = run(&["rollback", &first], &[]);
    let why = format!("it was changed since, by {second}: roll that back first");
    assert!(refused.status == 2 && refused.err.contains(&why), "{}", refused.screen());
    assert_eq!(run(&["rollback", &second], &[]).status, 0);
    // What somebody else did is not called ours.
    let configuration = host.configuration();
    host.write("root/etc/nginx/nginx.conf", &(configuration.clone() + "# x\n"));
    let refused = run(&["rollback", &first], &[]);
    assert!(refused.status == 2 && refused.err.contains("it was changed since\n"), "{}", refused.screen());
    host.write("root/etc/nginx/nginx.conf", &configuration);
    let back = run(&["rollback", &first], &[]);
    assert!(host.configuration().contains("ssl_protocols TLSv1 TLSv1.2;"), "{}", back.screen());
}
