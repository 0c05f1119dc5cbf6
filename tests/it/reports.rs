//! The reports in all formats: as others read them, where they go, and what they keep to themselves.

use crate::support::needs;
use crate::support::program;
use crate::support::validate;

use program::run;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use tlsmend::report::{FORMATS, Format};

fn report(host: &str, format: &str, more: &[&str]) -> String {
    let root = format!("fixtures/hosts/{host}");
    let run = run(&[&["audit", "--root", &root, "--host", "web1.example", "--format", format][..], more].concat());
    assert_eq!(run.err, "", "{host} as {format}");
    run.out
}

/// A host with secrets on and around the lines that matter.
fn secretive() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let conf = folder.path().join("etc/nginx");
    fs::create_dir_all(&conf).expect("mkdir");
    let text = r#"events {}
http {
    map $http_authorization $known { "hunter2-g" 1; }
    server {
        if ($http_authorization !~ "hunter2-h") { return 200 "{\"password\":\"hunter2-i\"}"; }
        listen 443 ssl; ssl_certificate a; ssl_certificate_key b; set $auth_token "hunter2-a";
        server_name a.example;
        proxy_set_header Authorization "Basic aHVudGVyMi1iCg==";
        ssl_protocols TLSv1 TLSv1.2; set $api_key "hunter2-c"; proxy_set_header "X-Api-Key" hunter2-j;
        set $credentials
            hunter2-k; proxy_set_header X-Up "Bearer hunter2";
        location / {
            proxy_set_header X-Api-Key hunter2-d;
            proxy_ssl_protocols TLSv1;
            proxy_pass https://user:hunter2-e@backend.example/;
        }
        # password: hunter2-f
    }
}
"#;
    fs::write(conf.join("nginx.conf"), text).expect("write");
    folder
}

const FACTS: [&str; 6] = ["--assume", "nginx=1.29.3", "--assume", "openssl=3.0.17", "--assume", "distribution=debian"];

#[test]
fn one_host_in_all_formats() {
    // The files in tests/golden are what others read; UPDATE_GOLDEN=1 writes them anew.
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for Format { name: format, .. } in &FORMATS {
        let shown = report("debian", format, &[]);
        assert_eq!(shown, report("debian", format, &[]), "{format}: the same input gives the same bytes");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("debian.{format}"));
        if update {
            fs::write(&path, &shown).expect("write");
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let differs = kept.lines().zip(shown.lines()).position(|(a, b)| a != b);
        assert!(kept == shown, "{} differs, from line {:?} on", path.display(), differs.map(|line| line + 1));
    }
}

#[test]
fn sarif_is_valid_and_points_at_what_it_says() {
    let schema = validate::sarif_schema();
    for host in ["debian", "rhel", "alpine", "compliant", "broken"] {
        let text = report(host, "sarif", &[]);
        validate::json_schema(&schema, text.as_bytes());
        let log: serde_sarif::sarif::Sarif = serde_json::from_str(&text).expect("a log");
        let run = &log.runs[0];
        let rules = run.tool.driver.rules.as_ref().expect("rules");
        for result in run.results.iter().flatten() {
            let rule = &rules[usize::try_from(result.rule_index.expect("an index")).expect("small")];
            assert_eq!(Some(&rule.id), result.rule_id.as_ref());
        }
        let document: Value = serde_json::from_str(&text).expect("JSON");
        let results = document["runs"][0]["results"].as_array().expect("a list");
        for result in results {
            for location in
                result["locations"].as_array().into_iter().chain(result["relatedLocations"].as_array()).flatten()
            {
                snippet_is_there(host, &location["physicalLocation"]);
            }
        }
        let prints: Vec<&Value> = results.iter().map(|r| &r["partialFingerprints"]["tlsmend/v1"]).collect();
        let distinct: std::collections::BTreeSet<String> = prints.iter().map(ToString::to_string).collect();
        assert_eq!(distinct.len(), prints.len(), "{host}");
    }
}

#[test]
fn the_json_of_an_audit_is_valid_and_has_nothing_that_its_schema_does_not_know() {
    // Whatever the program writes as JSON is held against its schema where it is run.
    for host in ["alpine", "broken", "compliant", "debian", "rhel"] {
        for more in [&[][..], &["--policy", "fixtures/policies/waived.yaml"]] {
            assert!(report(host, "json", more).contains("\"schema\": \"tlsmend/audit/1\""), "{host}");
        }
    }
    let folder = secretive();
    let root = folder.path().to_str().expect("UTF-8");
    assert_eq!(run(&[&["audit", "--root", root, "--format", "json"][..], &FACTS].concat()).status, 1);
}

#[test]
fn schemas_are_generated_from_what_is_written() {
    // UPDATE_GOLDEN=1 writes them anew.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas");
    let listed = run(&["schema"]).out;
    let names: Vec<&str> = listed.lines().collect();
    for name in &names {
        let (path, text) = (folder.join(format!("{name}.json")), run(&["schema", name]).out);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &text).expect("write");
        }
        assert!(text == fs::read_to_string(&path).unwrap_or_default(), "{} is old", path.display());
        let schema: Value = serde_json::from_str(&text).expect("JSON");
        assert!(jsonschema::meta::is_valid(&schema), "{name} is no schema");
        assert_eq!(schema["$id"].as_str().map(|id| id.starts_with("urn:tlsmend:")), Some(true), "{name}");
    }
    let mut files: Vec<String> = fs::read_dir(&folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut expected: Vec<String> = names.iter().map(|name| format!("{name}.json")).collect();
    expected.sort();
    assert_eq!(files, expected, "files without a schema");
    assert_eq!(run(&["schema", "nonsense"]).status, 2);
}

/// Is the text of a region what the file has there?
fn snippet_is_there(host: &str, physical: &Value) {
    let region = &physical["region"];
    let Some(snippet) = region["snippet"]["text"].as_str() else { return };
    let uri = physical["artifactLocation"]["uri"].as_str().expect("a URI");
    assert!(!uri.starts_with('/') && !uri.contains(':'), "{uri} is not relative");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hosts").join(host).join(uri);
    let text = fs::read_to_string(&path).expect("the file");
    let lines: Vec<&str> = text.split('\n').collect();
    let number = |name: &str| usize::try_from(region[name].as_u64().expect("a number")).expect("small");
    let (first, last) = (number("startLine") - 1, number("endLine") - 1);
    let mut part: Vec<String> = lines[first..=last].iter().map(|line| (*line).to_owned()).collect();
    let end: String = part[last - first].chars().take(number("endColumn") - 1).collect();
    part[last - first] = end;
    part[0] = part[0].chars().skip(number("startColumn") - 1).collect();
    assert_eq!(part.join("\n"), snippet, "{uri}");
}

#[test]
fn fixes_in_sarif_are_the_patch() {
    let log: Value = serde_json::from_str(&report("debian", "sarif", &[])).expect("JSON");
    let audit: Value = serde_json::from_str(&report("debian", "json", &[])).expect("JSON");
    let mut count = 0;
    for (result, finding) in
        log["runs"][0]["results"].as_array().expect("a list").iter().zip(audit["findings"].as_array().expect("a list"))
    {
        assert_eq!(result["ruleId"], finding["rule"]);
        let changes = result["fixes"][0]["artifactChanges"].as_array();
        let replacements = changes.into_iter().flatten().flat_map(|c| c["replacements"].as_array().expect("a list"));
        let edits = finding["fix"]["edits"].as_array();
        for (replacement, edit) in replacements.zip(edits.into_iter().flatten()) {
            let region = &replacement["deletedRegion"];
            assert_eq!(
                (&region["startLine"], &region["startColumn"], &region["endLine"], &region["endColumn"]),
                (&edit["start"]["line"], &edit["start"]["column"], &edit["end"]["line"], &edit["end"]["column"])
            );
            assert_eq!(replacement["insertedContent"]["text"], edit["replacement"]);
            count += 1;
        }
    }
    assert!(count > 10, "{count} edits");
}

#[test]
fn pipelines_can_read_it() {
    if !needs::has(&["promtool", "cmark-gfm"]) {
        return;
    }
    for host in ["debian", "rhel", "alpine", "compliant", "broken"] {
        validate::metrics(report(host, "prometheus", &[]).as_bytes());
        let audit: Value = serde_json::from_str(&report(host, "json", &[])).expect("JSON");
        let endpoints = audit["instances"].as_array().expect("a list").iter();
        let tls =
            endpoints.flat_map(|i| i["endpoints"].as_array().expect("a list")).filter(|e| e["speaks"] != "plaintext");
        let [_, tests, failures, errors, _] = validate::junit(report(host, "junit", &[]).as_bytes());
        assert!(tests >= tls.count(), "{host}: an endpoint is a test");
        assert_eq!(failures > 0, audit["exit"]["name"] == "findings", "{host}");
        assert_eq!(errors > 0, host == "broken", "{host}: what can't be read is an error");

        // What GitLab's manual asks of an issue.
        let issues: Vec<Value> = serde_json::from_str(&report(host, "gitlab", &[])).expect("a list");
        let mut prints = std::collections::BTreeSet::new();
        for issue in &issues {
            for text in [&issue["description"], &issue["check_name"], &issue["fingerprint"], &issue["location"]["path"]]
            {
                assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{issue}");
            }
            assert!(issue["location"]["lines"]["begin"].as_u64().is_some_and(|line| line > 0), "{issue}");
            assert!(
                ["info", "minor", "major", "critical", "blocker"].contains(&issue["severity"].as_str().expect("text"))
            );
            assert!(prints.insert(issue["fingerprint"].to_string()), "{issue}: GitLab would take two for one");
        }
        let annotations = report(host, "github", &[]);
        assert_eq!(annotations.lines().count(), issues.len(), "{host}: one line each");
        assert!(
            annotations.lines().all(|line| ["::error ", "::warning ", "::notice "].iter().any(|l| line.starts_with(l)))
        );

        let html = validate::markdown(report(host, "markdown", &[]).as_bytes());
        assert_eq!(html.matches("<table>").count(), usize::from(!issues.is_empty()), "{host}");
        assert!(!html.contains("<a "), "{host}: {html}");
    }
}

#[test]
fn text_of_a_host_is_no_markup() {
    if !needs::has(&["cmark-gfm"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let conf = folder.path().join("etc/nginx");
    fs::create_dir_all(&conf).expect("mkdir");
    let name = "a|b`c*@team*[x](https://evil.example)<b>&#1;%0A::error::x";
    let text = format!(
        "events {{}}\nhttp {{\n server {{ listen 443 ssl; ssl_certificate a; ssl_certificate_key b;\n \
         server_name '{name}'; ssl_protocols TLSv1 TLSv1.2; # ``` </code> {name}\n }}\n}}\n"
    );
    fs::write(conf.join("nginx.conf"), text).expect("write");
    let root = folder.path().display().to_string();
    let shown = |format: &str| run(&[&["audit", "--root", &root, "--format", format][..], &FACTS].concat()).out;
    let html = validate::markdown(shown("markdown").as_bytes());
    assert!(html.contains("a|b`c*@team*[x](https://evil.example)&lt;b&gt;"), "{html}");
    // A mention in the finished text counts, but not in code.
    let prose: String = html.split("</code>").filter_map(|part| part.split("<code").next()).collect();
    assert!(!prose.contains("@team"), "{html}");
    for part in ["<a ", "<b>", "<em>"] {
        assert!(!html.contains(part), "{part}: {html}");
    }
    let annotations = shown("github");
    assert!(
        annotations.lines().all(|line| line.starts_with("::warning ")
            || line.starts_with("::error ")
            || line.starts_with("::notice "))
    );
    assert!(annotations.contains("%250a"), "{annotations}");
    validate::metrics(shown("prometheus").as_bytes());
    validate::junit(shown("junit").as_bytes());
    validate::json_schema(&validate::sarif_schema(), shown("sarif").as_bytes());
}

#[test]
fn what_is_waived_is_shown_as_that() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let conf = folder.path().join("etc/nginx");
    fs::create_dir_all(&conf).expect("mkdir");
    let text = "events {}\nhttp {\n server { listen 443 ssl; ssl_certificate a; ssl_certificate_key b;\n \
                # tlsmend: allow forbidden-version until 2027-01-31: two old tills\n \
                ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n }\n}\n";
    fs::write(conf.join("nginx.conf"), text).expect("write");
    let policy = folder.path().join("policy.yaml");
    let waiver = "waivers:\n  - rule: missing-version\n    match: {service: nginx}\n    reason: nobody needs it\n";
    fs::write(&policy, waiver).expect("write");
    let (root, policy) = (folder.path().display().to_string(), policy.display().to_string());
    let shown = |format: &str, more: &[&str]| {
        let host = ["audit", "--root", &root, "--policy", &policy, "--now", "2026-11-24", "--format", format];
        run(&[&host[..], &FACTS, more].concat()).out
    };
    let results = |more: &[&str]| {
        let text = shown("sarif", more);
        validate::json_schema(&validate::sarif_schema(), text.as_bytes());
        let log: Value = serde_json::from_str(&text).expect("JSON");
        log["runs"][0]["results"].as_array().expect("a list").clone()
    };
    let open = results(&[]);
    assert!(open.iter().all(|one| one["ruleId"] != "forbidden-version" && one["suppressions"].is_null()), "{open:?}");
    // A waiver that covers nothing is about no file of the host, and has a place all the same.
    let unused = open.iter().find(|one| one["ruleId"] == "unused-waiver").expect("a finding");
    assert_eq!(unused["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
    let all = results(&["--include-waived"]);
    let waived = all.iter().find(|one| one["ruleId"] == "forbidden-version").expect("a finding");
    assert_eq!(waived["suppressions"][0]["kind"], "inSource");
    assert!(waived["suppressions"][0]["justification"].as_str().is_some_and(|text| text.contains("two old tills")));
    for (format, part) in [
        ("github", "::notice file="),
        ("gitlab", "\"severity\": \"info\""),
        ("markdown", "### Waived or known"),
        ("html", "waived: two old tills"),
        ("junit", "<skipped message="),
        ("prometheus", "tlsmend_findings{rule=\"forbidden-version\",severity=\"medium\",standing=\"waived\"} 1"),
    ] {
        let text = shown(format, &[]);
        assert!(text.contains(part), "{format}: {text}");
    }
    assert_eq!(validate::junit(shown("junit", &[]).as_bytes())[4], 1);
}

/// What nobody wants to hear of is still not decided: the exit status is 0, and the reports say what they do not know.
#[test]
fn an_endpoint_that_unread_files_leave_open_is_an_error_in_junit() {
    let junit = report("broken", "junit", &[]);
    assert!(junit.contains("can&apos;t be decided: not all files of the configuration could be read"), "{junit}");
    assert!(!junit.contains("the policy turns the rule unknown off"), "{junit}");
}

#[test]
fn what_is_undecided_is_never_told_as_decided() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let conf = folder.path().join("etc/nginx");
    fs::create_dir_all(&conf).expect("mkdir");
    // Which versions come of it depends on the version of nginx.
    let text = "events {}\nhttp { server { listen 443 ssl; ssl_certificate /none/a; ssl_certificate_key /none/b; } }\n";
    fs::write(conf.join("nginx.conf"), text).expect("write");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let severity = "severity: {unknown: off, implicit-default: off}\n";
    let waiver = "waivers: [{rule: [unknown, implicit-default], match: {service: nginx}, reason: later}]\n";
    fs::write(at("off.yaml"), severity).and_then(|()| fs::write(at("waived.yaml"), waiver)).expect("write");
    let root = at("");
    let audit = |more: &[&str]| run(&[&["audit", "--root", &root, "--now", "2026-11-24"], more].concat());
    assert_eq!(audit(&["--write-baseline", &at("b.json")]).status, 3);
    let (off, waived, known) = (at("off.yaml"), at("waived.yaml"), at("b.json"));
    for (excused, message) in [
        (["--policy", &off], "turns the rule unknown off"),
        (["--policy", &waived], "no ssl_protocols is set"),
        (["--baseline", &known], "no ssl_protocols is set"),
    ] {
        let shown = |format: &str| audit(&[&excused[..], &["--format", format]].concat());
        let (junit, metrics) = (shown("junit"), shown("prometheus"));
        assert_eq!((junit.status, metrics.status), (0, 0), "{}", junit.screen());
        let [_, tests, failures, errors, skipped] = validate::junit(junit.out.as_bytes());
        assert_eq!((failures, errors, skipped), (0, 0, tests), "{}", junit.out);
        let said = junit.out.lines().find(|line| line.contains("<skipped message=")).expect("a skipped test");
        assert!(said.contains(message), "{said}");
        assert!(metrics.out.contains("\ntlsmend_audit_complete 0\n"), "{}", metrics.out);
        let page = shown("html").out;
        assert!(page.contains("<dt>All could be read and decided</dt><dd>no</dd>"), "{page}");
    }
    let open = validate::junit(audit(&["--format", "junit"]).out.as_bytes());
    assert_eq!(open[3], 1, "what counts is an error");
}

#[test]
fn secrets_stay_secret_in_every_format() {
    let folder = secretive();
    let root = folder.path().display().to_string();
    let shown = |format: &str, more: &[&str]| {
        run(&[&["audit", "--root", &root, "--format", format][..], &FACTS, more].concat()).out
    };
    for Format { name: format, .. } in &FORMATS {
        let text = shown(format, &[]);
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMi1i"), "{format}: {text}");
    }
    // The same with their consent, or this test would prove nothing.
    for (format, secret) in [("text", "hunter2-c"), ("json", "hunter2-c"), ("html", "hunter2-a"), ("html", "hunter2-e")]
    {
        assert!(shown(format, &["--show-secrets"]).contains(secret), "{format}");
    }
    assert!(shown("json", &[]).contains("set $api_key \\\"*********\\\""));
    // The patch has to apply, so nothing is masked there; standard error says so.
    let diff = run(&[&["diff", "--root", &root][..], &FACTS].concat());
    assert!(diff.out.contains("hunter2-c") && diff.err.contains("looks like a password"), "{}", diff.err);
    assert!(!diff.err.contains("hunter2"));
    let why = |more: &[&str]| {
        run(&[&["why", "192.0.2.1:443", "--sni", "a.example", "--root", &root][..], &FACTS, more].concat()).out
    };
    assert!(!why(&[]).contains("hunter2") && why(&["--show-secrets"]).contains("hunter2-c"), "{}", why(&[]));
}

#[test]
fn several_reports_at_once() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let sarif = format!("sarif={}", at("a.sarif"));
    let audit = ["audit", "--root", "fixtures/hosts/debian", "--host", "web1.example"];
    let both = run(&[&audit[..], &["--format", "text", "--format", &sarif]].concat());
    assert_eq!((both.status, both.err.as_str()), (1, ""));
    assert_eq!(both.out, report("debian", "text", &[]));
    assert_eq!(fs::read_to_string(at("a.sarif")).expect("a report"), report("debian", "sarif", &[]));
    let quiet = run(&[&audit[..], &["--format", "json", "--output", &at("a.json")]].concat());
    assert_eq!((quiet.status, quiet.out.as_str()), (1, ""));
    assert_eq!(fs::read_to_string(at("a.json")).expect("a report"), report("debian", "json", &[]));
    // Colours are for a terminal, not for a file.
    run(&[&audit[..], &["--output", &at("a.txt")]].concat());
    assert_eq!(fs::read_to_string(at("a.txt")).expect("a report"), report("debian", "text", &[]));
    // A link is followed, and /dev/stdout is a file like others.
    symlink(at("a.txt"), at("link")).expect("a link");
    run(&[&audit[..], &["--format", "gitlab", "--output", &at("link")]].concat());
    assert_eq!(fs::read_to_string(at("a.txt")).expect("a report"), report("debian", "gitlab", &[]));
    let device = run(&[&audit[..], &["--format", "junit=/dev/stdout"]].concat());
    assert_eq!(device.out, report("debian", "junit", &[]));
}

#[test]
fn what_can_not_be_written() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().display().to_string();
    let audit = ["audit", "--root", "fixtures/hosts/compliant"];
    let same = format!("json={path}/x");
    let other = format!("sarif={path}/x");
    let inside = format!("json={path}/no/such/folder/x");
    let folder_itself = format!("json={path}");
    for (arguments, message) in [
        (&["--format", "json", "--format", "sarif"][..], "two formats for standard output"),
        (&["--format", &same, "--format", &other], "two reports can't go into one file"),
        (&["--format", &same, "--output", &format!("{path}/y")], "every format has a file of its own"),
        (&["--host", " "], "a host has a name"),
        (&["--format", "yaml"], "the formats are text, json, html"),
        (&["--format", "json="], "names no file"),
        (&["--format", &inside], "No such file or directory"),
        (&["--format", &folder_itself], "is a directory"),
        (&["--output", "/dev/full"], "No space left on device"),
        (
            &["--format", "text", "--format", &same, "--output", &format!("{path}/./x")],
            "two reports can't go into one file",
        ),
        (&["--output", "fixtures/hosts/compliant/etc/nginx/nginx.conf"], "is a file that was read"),
        (&["--output", "fixtures/hosts/compliant/etc/nginx/conf.d/new.conf"], "lies in /etc of the host"),
    ] {
        let run = run(&[&audit[..], arguments].concat());
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{arguments:?}: {}", run.err);
        assert!(run.err.contains(message), "{arguments:?}: {}", run.err);
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left");
    // What was there stays where the new report can't be written.
    fs::write(folder.path().join("x"), "old").expect("write");
    let broken = format!("text={path}/no/such/folder/y");
    let run = run(&[&audit[..], &["--format", &same, "--format", &broken]].concat());
    assert_eq!(run.status, 2);
    let mode = fs::metadata(folder.path().join("x")).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode & 0o600, 0o600);
    fs::write(folder.path().join("x"), "old").expect("write");
    let other_way_round = program::run(&[&audit[..], &["--format", &broken, "--format", &same]].concat());
    assert_eq!(other_way_round.status, 2);
    assert_eq!(fs::read_to_string(folder.path().join("x")).expect("a file"), "old");
}

#[test]
fn a_fleet() {
    if !needs::has(&["cmark-gfm"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| folder.path().join(name).display().to_string();
    for (host, file) in [("debian", "a.json"), ("compliant", "b.json"), ("broken", "c.json")] {
        let name = format!("{host}.example");
        let root = format!("fixtures/hosts/{host}");
        run(&["audit", "--root", &root, "--host", &name, "--format", "json", "--output", &at(file)]);
    }
    fs::write(at("d.json"), r#"{"schema": "tlsmend/audit/9"}"#).expect("write");
    fs::write(at("e.json"), "{").expect("write");
    fs::write(at("f.json"), r#"{"schema": "tlsmend/audit/1", "policy": "x"}"#).expect("write");
    let (debian, compliant, broken) = (at("a.json"), at("b.json"), at("c.json"));
    let (later, cut, other) = (at("d.json"), at("e.json"), at("f.json"));
    let merge = |more: &[&str]| run(&[&["report", "merge", &broken, &compliant, &debian][..], more].concat());
    let text = merge(&[]);
    assert_eq!((text.status, text.err.as_str()), (0, ""));
    let link = at("link.json");
    std::os::unix::fs::symlink("a.json", &link).expect("a link");
    let twice = merge(&[&debian, &link]);
    assert_eq!((twice.status, twice.out.as_str()), (0, text.out.as_str()));
    assert_eq!(twice.err.matches("is given twice, and counts once").count(), 2, "{}", twice.err);
    insta::assert_snapshot!("fleet_text", text.out);
    assert_eq!(
        text.out,
        run(&["report", "merge", &debian, &compliant, &broken]).out,
        "the order of the files does not matter"
    );

    let partly = run(&["report", "merge", &debian, &later, &cut, &other, "/no/such/file"]);
    assert_eq!(partly.status, 3);
    for (file, why) in [(&later, "tlsmend/audit/9"), (&cut, "ends in the middle"), (&other, "missing field")] {
        let line = partly.err.lines().find(|line| line.contains(file.as_str())).expect("a line for the file");
        assert!(line.contains(why), "{line}");
    }
    assert!(partly.err.contains("/no/such/file: No such file or directory"));
    assert!(partly.out.contains("1 host, "), "{}", partly.out);
    assert_eq!(run(&["report", "merge", &later]).status, 2);

    let document: Value = serde_json::from_str(&merge(&["--format", "json"]).out).expect("JSON");
    assert_eq!(document["schema"], "tlsmend/fleet/1");
    let hosts: Vec<&Value> = document["hosts"].as_array().expect("a list").iter().map(|host| &host["host"]).collect();
    assert_eq!(hosts, [&json!("broken.example"), &json!("compliant.example"), &json!("debian.example")]);
    let endpoints: usize = document["hosts"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|h| h["endpoints"].as_array().expect("a list").len())
        .sum();
    let table = merge(&["--format", "csv"]).out;
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("a table");
    assert_eq!(rows.len(), endpoints);
    let html = validate::markdown(merge(&["--format", "markdown"]).out.as_bytes());
    assert_eq!(html.matches("<tr>").count(), 4);
    assert_eq!(merge(&["--format", "html"]).out, merge(&["--format", "html"]).out);
}

#[test]
fn no_report_takes_the_place_of_what_it_is_made_from() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| folder.path().join(name);
    let path = |name: &str| at(name).display().to_string();
    fs::create_dir_all(at("etc/nginx")).expect("mkdir");
    fs::write(at("etc/nginx/nginx.conf"), "events {}\nhttp { server { listen 443 ssl; } }\n").expect("write");
    fs::hard_link(at("etc/nginx/nginx.conf"), at("other-name")).expect("a link");
    fs::write(at("policy.yaml"), "severity: {unknown: off}\n").expect("write");
    let audit = |arguments: &[&str]| run(&[&["audit", "--root", &path("."), "--exit-zero"][..], arguments].concat());
    let good = audit(&["--write-baseline", &path("base"), "--format", &format!("json={}", path("one.json"))]);
    assert_eq!(good.status, 0, "{}", good.screen());
    let kept = |name: &str| fs::read_to_string(at(name)).expect("a file");
    let before = ["other-name", "policy.yaml", "base", "one.json"].map(kept);
    for arguments in [
        &["--output", &path("other-name")][..],
        &["--policy", &path("policy.yaml"), "--output", &path("policy.yaml")],
        &["--policy", &path("policy.yaml"), "--write-baseline", &path("policy.yaml")],
        &["--baseline", &path("base"), "--output", &path("base")],
        &["--write-baseline", &path("new"), "--output", &path("new")],
    ] {
        let refused = audit(arguments);
        assert_eq!((refused.status, refused.out.as_str()), (2, ""), "{arguments:?}: {}", refused.screen());
    }
    let merge = run(&["report", "merge", &path("one.json"), "--format", "json", "--output", &path("one.json")]);
    assert_eq!(merge.status, 2, "{}", merge.screen());
    assert_eq!(["other-name", "policy.yaml", "base", "one.json"].map(kept), before);
    assert!(!at("new").exists());
    let renewed = audit(&["--baseline", &path("base"), "--write-baseline", &path("base")]);
    assert_eq!(renewed.status, 0, "{}", renewed.screen());
}

#[test]
fn a_fleet_has_no_words_that_nobody_knows() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let root = ["audit", "--root", "fixtures/hosts/debian", "--host", "a.example", "--format", "json"];
    let audit: Value = serde_json::from_str(&run(&root).out).expect("JSON");
    let merge = |name: &str, document: &Value, more: &[&str]| {
        let path = folder.path().join(name).display().to_string();
        fs::write(&path, document.to_string()).expect("write");
        run(&[&["report", "merge", &path][..], more].concat())
    };
    assert_eq!(merge("a.json", &audit, &[]).status, 0);
    let with = |pointer: &str, value: Value| {
        let mut changed = audit.clone();
        *changed.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        changed
    };
    for (pointer, word, why) in [
        ("/findings/0/standing", json!("ignored"), "unknown standing \"ignored\""),
        ("/findings/0/severity", json!("critical"), "unknown severity \"critical\""),
        ("/findings/0/verdict", json!("fine"), "unknown verdict \"fine\""),
        ("/findings/0/instance", json!(99), "a finding about instance 99"),
        ("/instances/0/endpoints/0/verdict", json!("ok"), "unknown verdict \"ok\""),
        ("/instances/0/endpoints/0/speaks", json!("ssl"), "unknown value of \"speaks\" \"ssl\""),
        ("/instances/0/endpoints/0/role", json!("server"), "unknown role \"server\""),
        ("/instances/0/endpoints/0/transport", json!("tcp"), "unknown transport \"tcp\""),
        ("/instances/0/endpoints/0/configured", json!(["TLSv1.4"]), "unknown version \"TLSv1.4\""),
    ] {
        let run = merge("b.json", &with(pointer, word), &[]);
        assert!(run.status == 2 && run.err.contains(why), "{pointer}: {}", run.screen());
    }
    // A severity counts for what is waived, too: it would be shown.
    let mut waived = with("/findings/0/standing", json!("waived"));
    waived["findings"][0]["severity"] = json!("worst");
    assert!(merge("b.json", &waived, &[]).err.contains("unknown severity"));
    // A host without a name goes by its file.
    for name in [json!(null), json!(""), json!("  ")] {
        let run = merge("web7.json", &with("/host", name), &["--format", "json"]);
        assert_eq!(serde_json::from_str::<Value>(&run.out).expect("JSON")["hosts"][0]["host"], "web7");
    }
}

#[test]
fn a_fleet_says_when_its_policies_differ() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| folder.path().join(name).display().to_string();
    for (name, profile) in [("a", "default"), ("b", "pci-dss-4"), ("c", "default"), ("d", "rfc8996")] {
        let file = at(name);
        run(&[
            "audit",
            "--root",
            "fixtures/hosts/compliant",
            "--host",
            name,
            "--profile",
            profile,
            "--format",
            "json",
            "--output",
            &file,
        ]);
    }
    let merge = |names: &[&str], more: &[&str]| {
        let files: Vec<String> = names.iter().map(|name| at(name)).collect();
        run(&[&["report", "merge"][..], &files.iter().map(String::as_str).collect::<Vec<_>>(), more].concat())
    };
    let said =
        "the hosts were checked against different policies: default (2 hosts), pci-dss-4 (1 host), rfc8996 (1 host)";
    for format in ["text", "html", "markdown", "json", "csv"] {
        let same = merge(&["a", "c"], &["--format", format]);
        assert!(same.err.is_empty() && !same.out.contains("different policies"), "{format}: {}", same.screen());
        let run = merge(&["a", "b", "c", "d"], &["--format", format]);
        assert!(run.status == 0 && run.err.contains(said), "{format}: {}", run.screen());
        // Each host of the others has its policy with it.
        assert!(
            run.out.contains("different policies") || run.out.matches("pci-dss-4").count() >= 1,
            "{format}: {}",
            run.out
        );
    }
}

#[test]
fn a_host_that_means_harm_to_a_spreadsheet() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("a.json");
    let audit = json!({
        "schema": "tlsmend/audit/1", "host": "=cmd()", "policy": "default", "exit": null, "findings": [], "problems": [],
        "instances": [{
            "service": "nginx", "main": "/a\u{1b}[2J", "unknown": [], "problems": [],
            "endpoints": [{
                "role": "listener", "address": "*:443", "transport": "stream", "name": "@SUM(1),\"x\"\n", "speaks": "tls",
                "configured": ["TLSv1.2"], "effective": null, "verdict": "compliant", "unknown": []
            }]
        }]
    });
    fs::write(&path, audit.to_string()).expect("write");
    let table = run(&["report", "merge", &path.display().to_string(), "--format", "csv"]).out;
    assert!(table.contains("\r\n'=cmd(),"), "{table}");
    assert!(table.contains("\"'@SUM(1),\"\"x\"\"\u{240a}\""), "{table}");
    assert!(!table.contains('\u{1b}'));
}
