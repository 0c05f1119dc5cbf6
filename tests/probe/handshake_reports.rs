//! The reports of `probe` and `verify` in all formats: as others read them, whatever servers and files say; and where
//! they go.

use crate::support;
use crate::support::handshakes;
use crate::support::needs;
use crate::support::validate;

use handshakes::{Probes, Promises};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use support::fake::{Fake, Model};
use support::program::{run, run_in};
use tlsmend::report::{FORMATS, Report};
use tlsmend::tls::Version;

/// The names of all formats.
fn formats() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|format| format.name)
}

/// A report in a format, without styles.
fn written(format: &str, report: Report<'_>) -> String {
    let mut out = anstream::StripStream::new(Vec::new());
    let format = FORMATS.iter().find(|one| one.name == format).expect("a format");
    (format.write)(report, &mut out).expect("writes");
    String::from_utf8(out.into_inner()).expect("UTF-8")
}

/// A report of the probe that is made by hand.
fn probed(format: &str) -> String {
    written(format, Report::Probe(&Probes::new().view()))
}

/// A report of the verification that is made by hand.
fn verified(format: &str) -> String {
    written(format, Report::Verify(&Promises::new().view()))
}

/// Holds a text against the file that others read; `UPDATE_GOLDEN=1` writes it anew.
fn golden(name: &str, shown: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, shown).expect("write");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differs = kept.lines().zip(shown.lines()).position(|(a, b)| a != b);
    assert!(kept == shown, "{} differs, from line {:?} on", path.display(), differs.map(|line| line + 1));
}

#[test]
fn one_probe_and_one_verification_in_all_formats() {
    for format in formats() {
        assert_eq!(probed(format), probed(format), "{format}: the same input gives the same bytes");
        golden(&format!("probe.{format}"), &probed(format));
        assert_eq!(verified(format), verified(format), "{format}: the same input gives the same bytes");
        golden(&format!("verify.{format}"), &verified(format));
    }
}

#[test]
fn no_format_lets_a_server_in() {
    if !needs::has(&["cmark-gfm", "promtool"]) {
        return;
    }
    for (format, text) in formats().flat_map(|format| [(format, probed(format)), (format, verified(format))]) {
        for hostile in ['\u{1b}', '\u{202e}'] {
            assert!(!text.contains(hostile), "{format}: {hostile:?} in {text}");
        }
        // On a line of its own it would be a command of a workflow, or look like a line of ours.
        assert!(!text.lines().any(|line| line.starts_with("::error::x")), "{format}: {text}");
    }
    for page in [probed("html"), verified("html")] {
        assert!(page.contains("&#60;/script&#62;&#60;img src=x") && !page.contains("<img"), "{page}");
    }
    for table in [probed("markdown"), verified("markdown")] {
        let page = validate::markdown(table.as_bytes());
        for part in ["<img", "<a ", "<b>", "<script"] {
            assert!(!page.contains(part), "{part}: {page}");
        }
        // A mention in the finished text counts, but not in code.
        let prose: String = page.split("</code>").filter_map(|part| part.split("<code").next()).collect();
        assert!(!prose.contains("@team"), "{page}");
        assert_eq!(page.matches("<table>").count(), table.matches("| severity |").count(), "{page}");
    }
}

/// The results of a log that the schema and the types of others accept.
fn results(text: &str) -> Vec<Value> {
    validate::json_schema(&validate::sarif_schema(), text.as_bytes());
    let log: serde_sarif::sarif::Sarif = serde_json::from_str(text).expect("a log");
    let run = &log.runs[0];
    let rules = run.tool.driver.rules.as_ref().expect("rules");
    for rule in rules {
        let help = rule.help.as_ref().and_then(|help| help.markdown.as_ref()).expect("help");
        assert!(help.starts_with(&format!("# {}\n\n", rule.id)), "{}", rule.id);
    }
    for result in run.results.iter().flatten() {
        let index = usize::try_from(result.rule_index.expect("an index")).expect("small");
        assert_eq!(Some(&rules[index].id), result.rule_id.as_ref());
    }
    let document: Value = serde_json::from_str(text).expect("JSON");
    let results = document["runs"][0]["results"].as_array().expect("a list").clone();
    let prints: BTreeSet<String> = results.iter().map(|one| one["partialFingerprints"].to_string()).collect();
    assert_eq!(prints.len(), results.len(), "{text}");
    for result in &results {
        // Code scanning takes no result without a file.
        let location = &result["locations"][0];
        let uri = location["physicalLocation"]["artifactLocation"]["uri"].as_str().expect("a URI");
        assert!(!uri.is_empty() && !uri.contains(':'), "{uri}");
        assert_eq!(
            location["logicalLocations"].as_array().map_or(0, Vec::len),
            result["properties"]["endpoints"].as_array().expect("a list").len()
        );
    }
    results
}

/// The places of results: rule, file, line and the first endpoint.
fn places(results: &[Value]) -> Vec<String> {
    let place = |one: &Value| {
        let physical = &one["locations"][0]["physicalLocation"];
        let line = physical["region"]["startLine"].as_u64().map_or(String::new(), |line| format!(":{line}"));
        format!(
            "{} {}{line} {}",
            one["ruleId"].as_str().unwrap_or_default(),
            physical["artifactLocation"]["uri"].as_str().unwrap_or_default(),
            one["properties"]["endpoints"][0].as_str().unwrap_or_default()
        )
    };
    results.iter().map(place).collect()
}

/// Text and JSON show what formats for pipelines show: only what is inconclusive or unreachable is told there as the
/// answer of a version or as trouble.
#[test]
fn text_and_json_have_the_findings_of_the_other_formats() {
    let document: serde_json::Value = serde_json::from_str(&probed("json")).expect("JSON");
    let targets = document["targets"].as_array().expect("targets");
    let findings = targets.iter().flat_map(|one| one["findings"].as_array().expect("findings"));
    let mut shown: Vec<&str> = findings.filter_map(|one| one["rule"].as_str()).collect();
    shown.sort_unstable();
    let results = results(&probed("sarif"));
    let rules = results.iter().filter_map(|one| one["ruleId"].as_str());
    let mut wanted: Vec<&str> = rules.filter(|rule| !["inconclusive", "unreachable"].contains(rule)).collect();
    wanted.sort_unstable();
    assert_eq!(shown, wanted);
    assert!(shown.contains(&"no-modern-version"));
    let text = probed("text");
    assert!(shown.iter().all(|rule| text.contains(&format!("[{rule}]: "))), "{text}");
}

#[test]
fn sarif_is_valid_and_says_where() {
    let found = results(&probed("sarif"));
    assert_eq!(
        places(&found),
        [
            "forbidden-version list:3 old.example:8443 (192.0.2.2:8443)",
            "no-modern-version unix%3A/run/a%20b.sock:1 unix:/run/a b.sock",
            "inconclusive list:3 old.example:8443 (192.0.2.2:8443)",
            "unreachable mail.example%3A25:1 mail.example:25 (192.0.2.3:25), smtp",
            "unreachable gone.example:1 gone.example",
            "missing-version list:3 old.example:8443 (192.0.2.2:8443)",
        ]
    );
    let found = results(&verified("sarif"));
    let file = "etc/nginx/%3Cb%3Enginx.conf";
    assert_eq!(
        places(&found),
        [
            format!("forbidden-version {file}:3 127.0.0.1:443"),
            format!("drift {file}:3 127.0.0.1:444 (b.example)"),
            format!("inconclusive {file}:3 127.0.0.1:445"),
            format!("drift {file}:3 127.0.0.1:446"),
            format!("inconclusive {file}:3 127.0.0.1:447"),
            format!("unreachable {file}:3 127.0.0.1:448"),
            format!("inconclusive {file}:1 *:443, ~^<i>"),
            format!("shadowed-directive {file}:5 "),
        ]
    );
    assert_eq!(found[0]["properties"]["endpoints"].as_array().map(Vec::len), Some(2), "one line, one result");
    let log: Value = serde_json::from_str(&verified("sarif")).expect("JSON");
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!((&invocation["exitCode"], &invocation["executionSuccessful"]), (&1.into(), &false.into()));
    assert_eq!(invocation["toolExecutionNotifications"].as_array().map(Vec::len), Some(3));
}

#[test]
fn fingerprints_stay_where_other_things_change() {
    let prints = |text: &str| -> BTreeSet<String> {
        results(text).iter().map(|one| one["partialFingerprints"]["tlsmend/v1"].to_string()).collect()
    };
    let whole = Probes::new();
    let mut less = whole.view();
    less.targets.remove(0);
    less.targets.reverse();
    let others = prints(&written("sarif", Report::Probe(&less)));
    assert_eq!(others, prints(&probed("sarif")), "the order of the targets does not matter");
}

#[test]
fn junit_has_a_case_for_each_version_and_endpoint() {
    let probe = probed("junit");
    // Six versions of three targets, two clients, three targets that say nothing.
    assert_eq!(validate::junit(probe.as_bytes()), [6, 23, 3, 3, 1]);
    for part in [
        "<testcase classname=\"old.example:8443 (192.0.2.2:8443)\" name=\"TLSv1\" time=\"0\">\n      \
         <failure message=\"SSLv2 and TLSv1 are accepted\" type=\"forbidden-version\">",
        "name=\"TLSv1.2\" time=\"0\">\n      <error message=\"inconclusive: no answer in time\" type=\"inconclusive\">",
        "name=\"connection\" time=\"0\">\n      <skipped message=\"the network is unreachable from here\">",
        "name=\"client\" time=\"0\">\n      <failure message=\"a client of this machine does not connect with TLSv1.2 or \
         newer\" type=\"no-modern-version\">",
        // Below --fail-on: told, and no failure.
        "name=\"TLSv1.3\" time=\"0\">\n      <system-out>rejected: alert 70 protocol_version\nlow[missing-version]",
        "<system-out>rejected: alert 70 protocol_version</system-out>",
    ] {
        assert!(probe.contains(part), "{part}: {probe}");
    }
    let verify = verified("junit");
    // Eight endpoints, a dead line, what was left twice, an interruption, two problems.
    assert_eq!(validate::junit(verify.as_bytes()), [2, 14, 4, 7, 1]);
    assert!(verify.contains("<testcase classname=\"nginx\" name=\"127.0.0.1:443 (a.example)\""), "{verify}");
}

#[test]
fn metrics_are_complete_and_valid() {
    if !needs::has(&["cmark-gfm", "promtool"]) {
        return;
    }
    let probe = probed("prometheus");
    validate::metrics(probe.as_bytes());
    let old = "target=\"old.example:8443\",address=\"192.0.2.2:8443\"";
    for line in [
        "tlsmend_probe_reached{target=\"gone.example\",address=\"\"} 0",
        &format!("tlsmend_probe_reached{{{old}}} 1"),
        &format!("tlsmend_probe_version_accepted{{{old},version=\"TLSv1\"}} 1"),
        &format!("tlsmend_probe_version_accepted{{{old},version=\"TLSv1.3\"}} 0"),
        &format!("tlsmend_probe_version_inconclusive{{{old},version=\"TLSv1.2\"}} 1"),
        &format!("tlsmend_probe_suites{{{old},version=\"SSLv2\",strength=\"insecure\"}} 1"),
        "tlsmend_probe_certificate_expiry_timestamp_seconds{target=\"www.example\",address=\"192.0.2.1:443\"} 1801353600",
        "tlsmend_probe_findings{rule=\"forbidden-version\",severity=\"high\"} 1",
        "tlsmend_probe_findings{rule=\"unreachable\",severity=\"medium\"} 2",
        "tlsmend_probe_findings{rule=\"no-modern-version\",severity=\"low\"} 0",
        "tlsmend_probe_complete 0",
    ] {
        assert!(probe.lines().any(|one| one == line), "{line}: {probe}");
    }
    assert!(!probe.contains(&format!("accepted{{{old},version=\"TLSv1.2\"}}")), "nobody knows: {probe}");
    let verify = verified("prometheus");
    validate::metrics(verify.as_bytes());
    for line in [
        "tlsmend_verify_endpoints{service=\"nginx\",result=\"agrees\"} 3",
        "tlsmend_verify_endpoints{service=\"nginx\",result=\"mixed\"} 1",
        "tlsmend_verify_findings{rule=\"drift\",severity=\"medium\"} 2",
        "tlsmend_verify_findings{rule=\"unreachable\",severity=\"medium\"} 1",
        "tlsmend_verify_findings{rule=\"union-or-override\",severity=\"low\"} 0",
        "tlsmend_verify_not_verified 1",
        "tlsmend_verify_problems 2",
        "tlsmend_verify_complete 0",
    ] {
        assert!(verify.lines().any(|one| one == line), "{line}: {verify}");
    }
    assert!(!verify.contains("/etc/") && !verify.contains("a.example"), "their number has no bound: {verify}");
}

#[test]
fn the_lists_for_pipelines() {
    for (issues, annotations) in [(probed("gitlab"), probed("github")), (verified("gitlab"), verified("github"))] {
        let issues: Vec<Value> = serde_json::from_str(&issues).expect("a list");
        let mut prints = BTreeSet::new();
        for issue in &issues {
            for text in [&issue["description"], &issue["check_name"], &issue["location"]["path"]] {
                assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{issue}");
            }
            assert!(issue["location"]["lines"]["begin"].as_u64().is_some_and(|line| line > 0), "{issue}");
            assert!(prints.insert(issue["fingerprint"].to_string()), "{issue}: GitLab would take two for one");
        }
        assert_eq!(annotations.lines().count(), issues.len(), "one line each: {annotations}");
        let commands = ["::error ", "::warning ", "::notice "];
        assert!(annotations.lines().all(|line| commands.iter().any(|command| line.starts_with(command))));
    }
}

/// A server with TLS 1.0 and 1.2.
fn old() -> Fake {
    let model = Model {
        versions: vec![Version::Tls1, Version::Tls1_2],
        suites: vec![0xc02f, 0x002f],
        suites_1_3: Vec::new(),
        own_order: true,
    };
    Fake::start(move |seen| model.answer(seen))
}

#[test]
fn several_reports_of_a_probe_at_once() {
    if !needs::has(&["cmark-gfm", "promtool"]) {
        return;
    }
    let fake = old();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let address = fake.address().to_string();
    fs::write(folder.path().join("list"), format!("# ours\n  {address} # the till, password: hunter2\n"))
        .expect("write");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a report");
    let formats =
        ["--format", "text", "--format", "sarif=a.sarif", "--format", "junit=a.xml", "--format", "html=a.html"];
    let both = run_in(folder.path(), &[&["probe", "--targets", "list"][..], &formats].concat());
    assert_eq!((both.status, both.err.as_str()), (1, ""));
    assert!(both.out.contains("medium[forbidden-version]: TLSv1 is accepted"), "{}", both.out);
    let found = places(&results(&read("a.sarif")));
    assert_eq!(found, [format!("forbidden-version list:2 {address}"), format!("missing-version list:2 {address}")]);
    assert_eq!(validate::junit(read("a.xml").as_bytes()), [1, 6, 1, 0, 0]);
    let page = read("a.html");
    assert!(page.contains("# the till, password: *******") && !page.contains("hunter2"), "{page}");
    // --output takes what would go to standard output, and statuses stay as they are.
    let quiet = run_in(folder.path(), &["probe", &address, "--format", "prometheus", "--output", "a.prom"]);
    assert_eq!((quiet.status, quiet.out.as_str()), (1, ""));
    validate::metrics(read("a.prom").as_bytes());
    let zero = run_in(folder.path(), &["probe", &address, "--format", "gitlab", "--exit-zero"]);
    assert_eq!(zero.status, 0);
    // The list is not lost to a slip of the hand.
    let slip = run_in(folder.path(), &["probe", "--targets", "list", "--output", "list"]);
    assert_eq!((slip.status, slip.out.as_str()), (2, ""));
    assert!(slip.err.contains("is a file that was read"), "{}", slip.err);
    assert!(read("list").contains("the till"));
    for (arguments, message) in [
        (&["--format", "json", "--format", "sarif"][..], "two formats for standard output"),
        (&["--format", "csv"], "the formats are text, json, html"),
    ] {
        let refused = run(&[&["probe", "127.0.0.1:1"][..], arguments].concat());
        assert!(refused.status == 2 && refused.err.contains(message), "{}", refused.err);
    }
}

#[test]
fn a_verification_in_files() {
    if !needs::has(&["cmark-gfm", "promtool"]) {
        return;
    }
    let fake = old();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let conf = format!(
        "events {{}}\nhttp {{\n  server {{\n    listen {} ssl; ssl_certificate a; ssl_certificate_key b;\n    \
         ssl_protocols TLSv1.2 TLSv1.3; set $auth_token \"hunter2\";\n  }}\n}}\n",
        fake.address()
    );
    fs::write(folder.path().join("nginx.conf"), &conf).expect("write");
    // Other servers may run on this machine: with a map, facts are not taken from processes.
    let verify =
        ["verify", "nginx.conf", "--map", "/no/such=/tmp", "--assume", "nginx=1.29.3", "--assume", "openssl=3.0.17"];
    let formats =
        ["--format", "text", "--format", "sarif=v.sarif", "--format", "junit=v.xml", "--format", "html=v.html"];
    let run = run_in(folder.path(), &[&verify[..], &formats, &["--format", "prometheus=v.prom"]].concat());
    assert_eq!((run.status, run.err.as_str()), (1, ""), "{}", run.out);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a report");
    let found = results(&read("v.sarif"));
    let rules: Vec<&str> = found.iter().filter_map(|one| one["ruleId"].as_str()).collect();
    assert_eq!(rules, ["drift", "forbidden-version", "missing-version"], "{found:?}");
    for one in &found {
        let physical = &one["locations"][0]["physicalLocation"];
        assert_eq!(physical["artifactLocation"]["uri"], "nginx.conf");
        assert_eq!(physical["region"]["startLine"], 5, "the line that decides: {one}");
    }
    assert_eq!(validate::junit(read("v.xml").as_bytes()), [1, 1, 1, 0, 0]);
    validate::metrics(read("v.prom").as_bytes());
    assert!(read("v.prom").contains("result=\"differs\"} 1"));
    let page = read("v.html");
    assert!(page.contains("TLSv1 is accepted, and not configured") && !page.contains("hunter2"), "{page}");
    let slip = run_in(folder.path(), &[&verify[..], &["--output", "nginx.conf"]].concat());
    assert_eq!(slip.status, 2);
    assert_eq!(read("nginx.conf"), conf);
}
