//! JSON of the commands that change files and of those that list what is known. Each document is held against its schema
//! where the program is run (`support/validate.rs`).

use crate::support;
use crate::support::program::{Run, run};

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use support::certificates;
use support::workshop::Workshop;

/// A site with a password beside the line that is changed.
fn workshop() -> Workshop {
    let shop = Workshop::new();
    shop.write(
        "conf/nginx.conf",
        "events {}\nhttp {\n    ssl_certificate c/ec.crt;\n    ssl_certificate_key c/ec.key;\n    server {\n        \
         listen 127.0.0.1:8441 ssl;\n        proxy_set_header Authorization \"Basic aHVudGVyMi1iCg==\";\n        \
         ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;\n        set $auth_token \"hunter2\";\n    }\n}\n",
    );
    for file in ["ec.crt", "ec.key"] {
        let text = fs::read_to_string(certificates::folder().join(file)).expect("a certificate");
        shop.write(&format!("conf/c/{file}"), &text);
    }
    shop
}

fn ask(shop: &Workshop, command: &str, options: &[&str]) -> Run {
    let facts = ["conf", "--assume", "nginx=1.22.1", "--assume", "openssl=3.0.17", "--format", "json"];
    let all = [&[command][..], &facts, options].concat();
    if command == "fix" { shop.tlsmend(&all) } else { shop.plain(&all) }
}

fn checker(shop: &Workshop, script: &str) -> String {
    format!("nginx={}", shop.script("check", script))
}

/// The document, and nothing else on standard output; no secret anywhere.
fn told(run: &Run) -> Value {
    for secret in ["hunter2", "aHVudGVyMi1iCg"] {
        assert!(!run.out.contains(secret) && !run.err.contains(secret), "{}", run.screen());
    }
    run.json()
}

#[test]
fn a_fix_tells_what_it_changed_and_the_next_one_that_nothing_did() {
    let shop = workshop();
    let old = shop.read("conf/nginx.conf");
    let plan = told(&ask(&shop, "diff", &[]));
    let accepts = checker(&shop, "exit 0");
    let reload = format!("nginx={}", shop.script("reload", "exit 0"));
    let run = ask(
        &shop,
        "fix",
        &["--yes", "--check-with", &accepts, "--reload", "--reload-with", &reload, "--without-verify"],
    );
    let first = told(&run);
    assert_eq!((run.status, &first["exit"]), (0, &json!({"name": "compliant", "status": 0})), "{}", run.screen());
    assert_eq!(first["changed"], true);
    assert_eq!(first["rolled_back"], Value::Null);
    assert_eq!(first["files"], plan["files"], "diff says what fix does");
    let file = &first["files"][0];
    assert!(
        file["diff"].as_str().is_some_and(|diff| diff.contains("+        ssl_protocols TLSv1.2 TLSv1.3;")),
        "{file}"
    );
    assert_eq!(file["before"], hash(&old), "the hash is that of the real text");
    assert_eq!(file["after"], hash(&shop.read("conf/nginx.conf")));
    let rules =
        |list: &Value| list.as_array().expect("a list").iter().map(|one| one["rule"].clone()).collect::<Vec<_>>();
    assert_eq!(rules(&first["findings_fixed"]), ["forbidden-version"]);
    assert_eq!(first["findings_fixed"][0]["line"], 8);
    let checks: Vec<&Value> = first["checked"].as_array().expect("a list").iter().map(|one| &one["when"]).collect();
    assert_eq!(checks, ["before", "after"]);
    assert_eq!(first["reloaded"].as_array().map(Vec::len), Some(1));
    assert_eq!(first["to_reload"], json!([]));
    // Standard output is the document's; what is told meanwhile is on standard error.
    assert!(run.err.contains("written: ") && run.err.contains("done: "), "{}", run.screen());

    let run = ask(&shop, "fix", &["--yes", "--check-with", &accepts]);
    let second = told(&run);
    assert_eq!((run.status, &second["changed"], &second["transaction"]), (0, &json!(false), &Value::Null));
    assert_eq!((&second["files"], &second["findings_fixed"], &second["checked"]), (&json!([]), &json!([]), &json!([])));

    let history = told(&shop.tlsmend(&["history", "--format", "json"]));
    let entry = &history["transactions"][0];
    assert_eq!((&entry["id"], &entry["state"]), (&first["transaction"], &json!("done")));
    assert_eq!((&entry["files"][0]["before"], &entry["files"][0]["after"]), (&file["before"], &file["after"]));

    let run = shop.tlsmend(&["rollback", "--yes", "--no-exec", "--format", "json"]);
    let back = told(&run);
    assert_eq!((run.status, &back["changed"], &back["undoes"]), (3, &json!(true), &first["transaction"]));
    assert_eq!((&back["files"][0]["before"], &back["files"][0]["after"]), (&file["after"], &file["before"]));
    assert!(back["not_checked"].is_string(), "{back}");
    assert_eq!(shop.read("conf/nginx.conf"), old);
    let history = told(&shop.tlsmend(&["history", "--format", "json"]));
    assert_eq!(history["transactions"][0]["state"], "undone");
    assert_eq!(history["transactions"][1]["undoes"], first["transaction"]);
}

/// As sha256sum(1) counts it.
fn hash(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[test]
fn a_fix_that_is_rolled_back_tells_the_cause() {
    let refuses =
        "grep -q 'TLSv1.1' \"$(dirname \"$0\")/conf/nginx.conf\" && exit 0\necho 'nginx: [emerg] no' >&2\nexit 1";
    let fails = |name: &str, script: &str, shop: &Workshop| format!("nginx={}", shop.script(name, script));
    for (cause, status) in [("check-failed", 4), ("reload-failed", 5)] {
        let shop = workshop();
        let old = shop.contents("conf");
        let check = checker(&shop, if status == 4 { refuses } else { "exit 0" });
        let reload = fails("reload", "echo 'nginx: [emerg] busy' >&2\nexit 1", &shop);
        let more = ["--yes", "--check-with", &check, "--reload", "--reload-with", &reload, "--without-verify"];
        let run = ask(&shop, "fix", &more);
        let document = told(&run);
        assert_eq!((run.status, &document["exit"]["name"]), (status, &json!(cause)), "{}", run.screen());
        assert_eq!((&document["changed"], &document["rolled_back"]["cause"]), (&json!(false), &json!(cause)));
        let said = document["rolled_back"]["said"].to_string();
        assert!(said.contains("[emerg]"), "{said}");
        assert!(document["transaction"].is_string());
        assert_eq!(document["findings_fixed"], json!([]), "nothing is fixed");
        assert_eq!(document["findings_left"][0]["reason"], "its fix was not applied");
        assert_eq!(shop.contents("conf"), old);
        let history = told(&shop.tlsmend(&["history", "--format", "json"]));
        assert_eq!(history["transactions"][0]["state"], "not-done");
    }
}

#[test]
fn where_a_command_can_not_run_there_is_no_document() {
    let shop = workshop();
    let broken = checker(&shop, "exit 1");
    for run in [
        // The checker does not accept the configuration as it is; nobody can be asked; nothing was done yet.
        ask(&shop, "fix", &["--yes", "--check-with", &broken]),
        ask(&shop, "fix", &[]),
        ask(&shop, "diff", &["--policy", "nonsense.yaml"]),
        shop.tlsmend(&["rollback", "nonsense", "--yes", "--format", "json"]),
        shop.plain(&["rule", "nonsense", "--format", "json"]),
        shop.plain(&["policy", "show", "nonsense", "--format", "json"]),
        shop.plain(&["policy", "check", "nonsense", "--format", "json"]),
    ] {
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{}", run.screen());
        assert!(run.err.starts_with("tlsmend: "), "{}", run.screen());
    }
    // Who is asked has to see about what.
    let asked = ask(&shop, "fix", &[]);
    assert!(asked.err.contains("+        ssl_protocols TLSv1.2 TLSv1.3;"), "{}", asked.screen());
    assert!(!asked.err.contains("hunter2"), "{}", asked.screen());
}

#[test]
fn what_is_left_has_its_reason() {
    let root = ["--root", "fixtures/hosts/debian", "--format", "json"];
    let diff = run(&[&["diff"][..], &root, &["--policy", "fixtures/policies/waived.yaml"]].concat()).json();
    let left = diff["findings_left"].as_array().expect("a list");
    assert!(left.iter().all(|one| one["reason"].as_str().is_some_and(|reason| !reason.is_empty())), "{left:#?}");
    let waived = left.iter().filter(|one| one["standing"] == "waived");
    assert!(waived.into_iter().all(|one| one["reason"].as_str().is_some_and(|text| text.starts_with("waived: "))));
    let one_rule = run(&[&["diff"][..], &root, &["--rule", "shadowed-directive"]].concat()).json();
    let mut others = one_rule["findings_left"].as_array().expect("a list").iter();
    assert!(others.any(|one| one["reason"] == "not selected"), "{one_rule:#}");
    // The text form and the document are of one patch.
    let patch = run(&["diff", "--root", "fixtures/hosts/debian"]).out;
    let whole = run(&[&["diff"][..], &root].concat()).json();
    let diffs: String =
        whole["files"].as_array().expect("a list").iter().filter_map(|file| file["diff"].as_str()).collect();
    assert_eq!(diffs, patch);
    assert!(whole["left_alone"].is_array() && whole["problems"].is_array() && whole["notes"].is_array());
}

#[test]
fn rules_and_policies() {
    let all = run(&["rule", "--format", "json"]).json();
    let names: Vec<&str> =
        all["rules"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
    let known: Vec<&str> = tlsmend::catalog::RULES.iter().map(|rule| rule.id.0).collect();
    assert_eq!(names, known);
    let one = run(&["rule", "drift", "--format", "json"]).json();
    assert_eq!((&one["rules"][0]["id"], &one["rules"][0]["found_in"]), (&json!("drift"), &json!("handshakes")));
    assert_eq!(one["rules"][0]["page"], include_str!("../../docs/rules/drift.md"));
    let list = run(&["policy", "list", "--format", "json"]).json();
    let profile = &list["profiles"][0];
    let show = run(&["policy", "show", "default", "--format", "json"]).json();
    assert_eq!((&show["name"], &show["forbid"]), (&profile["name"], &profile["forbid"]));
    assert_eq!(show["text"].as_str(), Some(run(&["policy", "show", "default"]).out.as_str()));
    let sound = run(&["policy", "check", "fixtures/policies/waived.yaml", "--format", "json"]).json();
    assert_eq!((&sound["sound"], &sound["errors"]), (&json!(true), &json!([])));
    assert!(sound["waivers"].as_u64() > Some(0) && !sound["forbid"].as_array().expect("a list").is_empty());
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("policy.yaml");
    fs::write(&path, "forbid: [TLSv9]\nnonsense: 1\n").expect("writes");
    let wrong = run(&["policy", "check", Path::new(&path).to_str().expect("UTF-8"), "--format", "json"]);
    let document = wrong.json();
    assert_eq!((wrong.status, &document["sound"], wrong.err.as_str()), (2, &json!(false), ""));
    let lines: Vec<&Value> = document["errors"].as_array().expect("a list").iter().map(|one| &one["line"]).collect();
    assert_eq!(lines, [1, 2]);
}
