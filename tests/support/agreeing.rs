//! What the formats of `probe` and `verify` say of one run, held against each other.

use super::program::run_in;
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tlsmend::report::{FORMATS, Format};

/// What is left open is no finding in JSON, and a row in formats for pipelines.
const OF_ROWS: [&str; 3] = ["unreachable", "inconclusive", "problem"];
const SEVERITIES: [&str; 4] = ["note", "low", "medium", "high"];

/// A run in all formats at once.
pub struct Told {
    /// The exit status.
    pub status: i32,
    /// The report as JSON.
    pub json: Value,
    /// Where others say something else.
    pub differences: Vec<String>,
}

/// Things that are said, each once.
type Said = BTreeSet<Vec<String>>;

impl Told {
    fn same(&mut self, what: &str, json: &Said, other: &Said) {
        if json != other {
            self.differences.push(format!("{what}: JSON says {json:?}, and it says {other:?}"));
        }
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// All findings of a probe or a verification.
pub fn findings(json: &Value) -> Vec<&Value> {
    let about = list(&json["targets"]).iter().chain(list(&json["endpoints"])).flat_map(|one| list(&one["findings"]));
    let all = about.chain(list(&json["dead"])).chain(list(&json["not_covered"]));
    all.filter(|one| !OF_ROWS.contains(&&*word(&one["rule"]))).collect()
}

/// What a pattern finds: its groups, a rule among them, unless that is about what is left open.
fn matches(pattern: &str, text: &str) -> Said {
    let pattern = Regex::new(pattern).expect("a pattern");
    let groups = |found: regex::Captures<'_>| {
        let groups = found.iter().skip(1).map(|one| one.map_or("", |one| one.as_str()).to_owned());
        groups.collect::<Vec<String>>()
    };
    let all = pattern.captures_iter(text).map(groups);
    all.filter(|groups| !groups.iter().any(|group| OF_ROWS.contains(&&**group))).collect()
}

/// Runs a command that shakes hands in a folder.
pub fn run(folder: &Path, arguments: &[&str], fail_on: &str) -> Told {
    let formats: Vec<String> = FORMATS.iter().map(|Format { name, .. }| format!("{name}=out.{name}")).collect();
    let formats: Vec<&str> = formats.iter().flat_map(|format| ["--format", format]).collect();
    let run = run_in(folder, &[arguments, &["--fail-on", fail_on], &formats].concat());
    let read = |format: &str| fs::read_to_string(folder.join(format!("out.{format}"))).expect("a report");
    let document = |format: &str| serde_json::from_str::<Value>(&read(format)).expect("JSON");
    let mut told = Told { status: run.status, json: document("json"), differences: Vec::new() };
    let json = told.json.clone();
    let all = findings(&json);
    let rank = |severity: &str| SEVERITIES.iter().position(|one| *one == severity);
    let is_open = |one: &Value| one["standing"] == "open";
    let fails = |one: &Value| is_open(one) && rank(&word(&one["severity"])) >= rank(fail_on);
    let said = |open_only: bool, of: &dyn Fn(&Value) -> Vec<String>| -> Said {
        all.iter().filter(|one| !open_only || is_open(one)).map(|one| of(one)).collect()
    };
    let by_severity = |one: &Value| vec![word(&one["severity"]), word(&one["rule"])];

    let standing = |one: &Value| [vec![if is_open(one) { "" } else { "waived" }.to_owned()], by_severity(one)].concat();
    let heads = matches(r"(?m)^\s*(?:(waived): )?(note|low|medium|high)\[([a-z-]+)\]", &read("text"));
    told.same("text", &said(false, &standing), &heads);
    let rows = matches(r"(?m)^\| (note|low|medium|high) \| ([a-z-]+) \|", &read("markdown"));
    told.same("Markdown", &said(false, &by_severity), &rows);
    let pattern = r#"_findings\{rule="([a-z-]+)",severity="(\w+)"\} [1-9]"#;
    let metrics = matches(pattern, &read("prometheus"));
    told.same("Prometheus", &said(true, &|one| vec![word(&one["rule"]), word(&one["severity"])]), &metrics);
    let sarif = document("sarif");
    let results = list(&sarif["runs"][0]["results"]).iter();
    let results = results.map(|one| vec![word(&one["properties"]["severity"]), word(&one["ruleId"])]);
    let results: Said = results.filter(|one| !OF_ROWS.contains(&&*one[1])).collect();
    told.same("SARIF", &said(true, &by_severity), &results);
    let level = |one: &Value, levels: [&str; 4], excused: &str| {
        let at = rank(&word(&one["severity"])).expect("a severity");
        if is_open(one) { levels[at].to_owned() } else { excused.to_owned() }
    };
    let notices = |one: &Value| match level(one, ["notice", "notice", "warning", "error"], "notice") {
        level if level == "error" && !fails(one) => "warning".to_owned(),
        level => level,
    };
    let github = matches(r"(?m)^::(\w+) .*title=tlsmend%3A ([a-z-]+)::", &read("github"));
    told.same("GitHub", &said(false, &|one| vec![notices(one), word(&one["rule"])]), &github);
    let gitlab = document("gitlab");
    let entries = list(&gitlab).iter().map(|one| vec![word(&one["severity"]), word(&one["check_name"])]);
    let entries: Said = entries.filter(|one| !OF_ROWS.contains(&&*one[1])).collect();
    let of_gitlab = |one: &Value| vec![level(one, ["info", "minor", "major", "critical"], "info"), word(&one["rule"])];
    told.same("GitLab", &said(false, &of_gitlab), &entries);

    let page = read("html").replace("&#60;", "<").replace("&#62;", ">").replace("&#39;", "'");
    let junit = read("junit");
    for message in all.iter().map(|one| word(&one["message"])).filter(|message| !page.contains(message)) {
        told.differences.push(format!("HTML does not say {message:?}"));
    }
    let failures = junit.matches("<failure").count();
    if (failures > 0) != all.iter().any(|one| fails(one)) {
        told.differences.push(format!("JUnit has {failures} failures"));
    }
    let (status, name) = (&json["exit"]["status"], &json["exit"]["name"]);
    let expected = if arguments.contains(&"--exit-zero") { Value::from(0) } else { status.clone() };
    let invocation = &sarif["runs"][0]["invocations"][0];
    if (&expected, status, name)
        != (&Value::from(run.status), &invocation["exitCode"], &invocation["exitCodeDescription"])
    {
        told.differences.push(format!("it ended with {}, JSON says {}, SARIF {invocation}", run.status, json["exit"]));
    }
    if (*status == 1) != all.iter().any(|one| fails(one)) {
        told.differences.push(format!("status {status} for {all:?}"));
    }
    told
}
