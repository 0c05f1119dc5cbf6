//! JSON against its manual: the examples are real, and every key is described.

use super::host::{ABSOLUTE, MAIN, SNIPPET, exposed, plain, shown, unknown};
use crate::endpoint::{Answer, Reason, ReasonKind};
use crate::finding::{Aspect, RuleId, Severity, Standing, Verdict, Waived, WaiverPlace};
use crate::instance::{Problem, Uncovered};
use crate::report::{ManagedFile, Texts, WhyView, json};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

const MANUAL: &str = include_str!("../../../docs/json.md");

/// Shapes that occur in several places, by the key that holds them.
const SHAPES: [(&str, &str); 6] = [
    ("primary", "place"),
    ("related", "place"),
    ("place", "place"),
    ("hops", "place"),
    ("because", "step"),
    ("problems", "problem"),
];

/// The keys of all objects: `coverage.files_read`, `findings[].rule`, and `place.line` wherever a place is.
fn keys(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let dot = if path.is_empty() { "" } else { "." };
                found.insert(format!("{path}{dot}{key}"));
                let shape = SHAPES.iter().find(|(holder, _)| holder == key && !value.is_number());
                let inner = shape.map_or_else(|| format!("{path}{dot}{key}"), |(_, shape)| (*shape).to_owned());
                let list = if value.is_array() && shape.is_none() { "[]" } else { "" };
                keys(value, &format!("{inner}{list}"), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, path, found)),
        _ => {}
    }
}

/// The keys that a section of the manual describes: the first cell of each row, in backticks.
fn described(head: &str) -> BTreeSet<String> {
    let section = MANUAL.split("\n## ").find(|section| section.starts_with(head)).unwrap();
    section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).map(str::to_owned).collect()
}

fn why(answer: Option<&Answer>) -> String {
    let host = exposed();
    let answer = answer.map(|answer| shown(Arc::new(answer.clone())));
    let view = WhyView {
        address: "127.0.0.1:443",
        sni: Some("a.test"),
        service: Some("nginx"),
        answer: answer.as_ref(),
        open: &host.open,
        texts: Texts { sources: &host.sources, paths: &ABSOLUTE },
    };
    plain(|out| json::why(&view, out))
}

fn postfix() -> Uncovered {
    let ask = "tlsmend probe 127.0.0.1:25 --starttls smtp".to_owned();
    Uncovered { service: "postfix", evidence: vec!["/etc/postfix/main.cf".to_owned()], ask }
}

#[test]
fn every_key_is_in_the_manual() {
    let mut host = exposed();
    host.uncovered = shown(vec![postfix()]);
    let mut problem = Problem::at(host.at(MAIN, "server"), "not valid");
    problem.hops = vec![host.at(MAIN, "include")];
    host.problems.push(problem.clone());
    host.instances[0].problems.push(problem);
    host.instances[0].unknown = vec![unknown("a", "b", Some(host.at(SNIPPET, "TLSv1")))];
    let missing = Aspect {
        rule: RuleId("missing-version"),
        verdict: Verdict::Missing,
        severity: Severity::High,
        versions: super::host::versions("TLSv1.3"),
    };
    host.findings[0].also = vec![missing];
    let place = WaiverPlace::Policy { file: "policy.yaml".to_owned(), line: 3 };
    let waived = Waived { reason: "old tills".to_owned(), owner: None, until: None, place };
    host.findings[0].standing = Standing::Waived(waived);
    let (path, by, advice) = (MAIN.into(), "Ansible".to_owned(), "change the template".to_owned());
    host.managed = shown(vec![ManagedFile { path, generated: true, by, advice }]);
    let mut found = BTreeSet::new();
    let value: Value = serde_json::from_str(&host.json()).unwrap();
    keys(&value, "", &mut found);
    let mut expected = described("`tlsmend/audit/1`");
    expected.extend(described("Shapes"));
    assert_eq!(found, expected);

    let mut found = BTreeSet::new();
    keys(&serde_json::from_str(&why(Some(&host.instances[0].endpoints[0].answer))).unwrap(), "", &mut found);
    found.retain(|key| !key.starts_with("step."));
    assert_eq!(found, described("`tlsmend/why/1`"));
}

/// The keys of a schema: `files[].path`.
fn keys_of(schema: &Value, node: &Value, path: &str, found: &mut BTreeSet<String>) {
    if let Some(name) = node["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
        keys_of(schema, &schema["$defs"][name], path, found);
    }
    node["anyOf"].as_array().into_iter().flatten().for_each(|one| keys_of(schema, one, path, found));
    if node["items"].is_object() {
        keys_of(schema, &node["items"], &format!("{path}[]"), found);
    }
    for (key, value) in node["properties"].as_object().into_iter().flatten() {
        let dot = if path.is_empty() { "" } else { "." };
        let key = format!("{path}{dot}{key}");
        keys_of(schema, value, &key, found);
        found.insert(key);
    }
}

#[test]
fn every_key_of_a_document_is_in_the_manual() {
    let names = ["diff", "fix", "rollback", "history", "rule", "policy-list", "policy-show", "policy-check"];
    for name in names {
        let shape = json::SHAPES.iter().find(|shape| shape.name == name).unwrap();
        let schema: Value = serde_json::from_str(&shape.text()).unwrap();
        let mut found = BTreeSet::new();
        keys_of(&schema, &schema, "", &mut found);
        assert_eq!(found, described(&format!("`tlsmend/{name}/1`")), "{name}");
    }
}

#[test]
fn the_examples_of_the_manual_are_real() {
    let mut host = exposed();
    host.uncovered = shown(vec![postfix()]);
    let audit = host.json();
    assert!(MANUAL.contains(&format!("```json\n{audit}```")), "{audit}");
    let mut answer = Answer::clone(&host.instances[0].endpoints[0].answer);
    answer
        .configured
        .because
        .push(Reason::placeless(ReasonKind::Floor, "OpenSSL 3.0.15 at security level 2 blocks TLSv1 and TLSv1.1"));
    answer.effective = Some(super::host::versions("TLSv1.2 TLSv1.3"));
    let why = why(Some(&answer));
    assert!(MANUAL.contains(&format!("```json\n{why}```")), "{why}");
}

#[test]
fn hostile_characters_are_escapes_and_come_back() {
    let name = "a\u{202e}\u{1b}\u{9b}\u{e0001}\u{7f}\u{fc}";
    let mut host = exposed();
    let answer = Arc::clone(&host.instances[0].endpoints[0].answer);
    host.instances[0].endpoints.push(super::host::endpoint(443, Some(name), &answer));
    let text = host.json();
    assert!(text.contains(r"a\u202e\u001b\u009b\udb40\udc01\u007f"), "{text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["instances"][0]["endpoints"][3]["name"], name);
}

#[test]
fn bytes_that_are_not_utf8_and_long_lines() {
    let mut host = exposed();
    host.file("/etc/\u{fffd}", b"ssl_protocols \xff\xfe; # \xfc\n");
    let long = "x".repeat(10_000);
    host.file("/long", format!("{long} TLSv1;\n"));
    let instance = &mut host.instances[0];
    instance.main = std::path::PathBuf::from(std::ffi::OsString::from("/etc/nginx"));
    host.findings[0].related = vec![
        host.label("/etc/\u{fffd}", "ssl_protocols", ""),
        host.label("/long", "TLSv1", ""),
        host.label("/long", &long, ""),
    ];
    let value: Value = serde_json::from_str(&host.json()).unwrap();
    let related = &value["findings"][0]["related"];
    assert_eq!(related[0]["text"], "ssl_protocols \u{fffd}\u{fffd}; # \u{fffd}");
    assert_eq!(related[1]["text"], "TLSv1");
    assert_eq!(related[1]["column"], 10_002);
    assert_eq!(related[2]["text"], format!("{}...", &long[..400]));
}
