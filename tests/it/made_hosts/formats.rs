//! What all formats say of one run, and where they differ.

use super::Made;
use crate::support::program::{Run, run_in};
use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use tlsmend::report::{FORMATS, Format};

/// A test of an endpoint in JUnit.
const CASE: &str = r#"<testcase classname="(?:nginx|apache)" name="([^"]*)""#;

/// What came of a host.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) findings: usize,
    pub(crate) fixes: usize,
    pub(crate) complaints: Vec<String>,
}

impl Told {
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, json: &T, other: &T) {
        if json != other {
            self.complaints.push(format!("{what}: JSON says {json:?}, and it says {other:?}"));
        }
    }
}

/// How often each thing is said.
type Counts = BTreeMap<Vec<String>, usize>;

fn counts(all: impl IntoIterator<Item = Vec<String>>) -> Counts {
    let mut counts = Counts::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    counts
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn matches(pattern: &str, text: &str) -> Vec<Vec<String>> {
    let pattern = Regex::new(pattern).expect("a pattern");
    let groups =
        |found: regex::Captures<'_>| found.iter().skip(1).flatten().map(|one| one.as_str().to_owned()).collect();
    pattern.captures_iter(text).map(groups).collect()
}

/// Runs the audit in all formats at once, and the patch, and compares.
pub(crate) fn complaints(made: &Made) -> Told {
    let folder = made.folder.path();
    let mut arguments: Vec<String> = vec!["audit".to_owned()];
    arguments.extend(made.options.iter().cloned());
    arguments.extend(["--fail-on", made.fail_on, "--include-waived"].map(str::to_owned));
    arguments.extend(made.exit_zero.then(|| "--exit-zero".to_owned()));
    for Format { name: format, .. } in &FORMATS {
        arguments.extend(["--format".to_owned(), format!("{format}=out.{format}")]);
    }
    let run = |arguments: &[String]| run_in(folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let audit = run(&arguments);
    let mut told = Told::default();
    if audit.status == 2 {
        told.complaints.push(audit.screen());
        return told;
    }
    let text = |format: &str| fs::read_to_string(folder.join(format!("out.{format}"))).expect("a report");
    let json: Value = serde_json::from_str(&text("json")).expect("JSON");
    told.findings = list(&json["findings"]).len();
    status(made, &audit, &json, &mut told);
    endpoints(&json, &text, &mut told);
    findings(made, &json, &text, &mut told);
    let diff = run(&[&["diff".to_owned()][..], &made.options].concat());
    fixes(made, &json, &text, &diff, &mut told);
    fleet(made, &json, &mut told);
    told
}

/// The status is as README's table has it, and the outcome has its name whatever the status is.
fn status(made: &Made, audit: &Run, json: &Value, told: &mut Told) {
    let rank = |severity: &Value| ["note", "low", "medium", "high"].iter().position(|one| severity == one);
    let least = rank(&Value::from(made.fail_on));
    let open = || list(&json["findings"]).iter().filter(|one| one["standing"] == "open");
    let fails = open().any(|one| one["verdict"] != "unknown" && rank(&one["severity"]) >= least);
    let problems = list(&json["problems"]).len()
        + list(&json["instances"]).iter().map(|one| list(&one["problems"]).len()).sum::<usize>();
    let (status, name) = match (fails, problems > 0 || open().any(|one| one["verdict"] == "unknown")) {
        (true, _) => (1, "findings"),
        (false, true) => (3, "incomplete"),
        (false, false) => (0, "compliant"),
    };
    let expected = if made.exit_zero { 0 } else { status };
    told.same("exit status", &expected, &audit.status);
    told.same("exit.name", &name.to_owned(), &word(&json["exit"]["name"]));
    told.same("exit.status", &Value::from(status), &json["exit"]["status"]);
}

/// The endpoints with TLS, with the service of each.
fn tls(json: &Value) -> Vec<(String, &Value)> {
    let all = list(&json["instances"]).iter();
    let with = all.flat_map(|one| list(&one["endpoints"]).iter().map(|endpoint| (word(&one["service"]), endpoint)));
    with.filter(|(_, endpoint)| endpoint["speaks"] != "plaintext").collect()
}

fn endpoints(json: &Value, text: &dyn Fn(&str) -> String, told: &mut Told) {
    let verdicts = counts(tls(json).iter().map(|(service, one)| vec![service.clone(), word(&one["verdict"])]));
    let mut metrics = counts([]);
    for found in matches(r#"tlsmend_endpoints\{service="(\w+)",verdict="(\w+)"\} (\d+)"#, &text("prometheus")) {
        let number: usize = found[2].parse().expect("a number");
        metrics.extend((number > 0).then(|| (found[..2].to_vec(), number)));
    }
    told.same("endpoints in Prometheus", &verdicts, &metrics);
    let rows = matches(r#"<tr data-verdict="(\w+)" data-service="(\w+)""#, &text("html"));
    let rows = counts(rows.into_iter().map(|found| vec![found[1].clone(), found[0].clone()]));
    told.same("endpoints in HTML", &verdicts, &rows);
    for (_, endpoint) in tls(json) {
        if endpoint["verdict"] == "compliant" && !list(&endpoint["unknown"]).is_empty() {
            told.complaints.push(format!("compliant beside an unknown: {endpoint}"));
        }
    }
    let junit = text("junit");
    let cases = matches(CASE, &junit);
    told.same("names of tests in JUnit that differ", &cases.len(), &names_by_suite(&junit).len());
    if cases.len() < tls(json).len() {
        told.complaints.push(format!("JUnit has {} tests for {} endpoints", cases.len(), tls(json).len()));
    }
}

/// The names of the tests of each suite, each once.
fn names_by_suite(junit: &str) -> BTreeSet<(usize, Vec<String>)> {
    let suites = junit.split("<testsuite ").enumerate();
    suites.flat_map(|(suite, part)| matches(CASE, part).into_iter().map(move |name| (suite, name))).collect()
}

fn findings(made: &Made, json: &Value, text: &dyn Fn(&str) -> String, told: &mut Told) {
    let all = list(&json["findings"]);
    let said = |keys: &[&str]| counts(all.iter().map(|one| keys.iter().map(|key| word(&one[*key])).collect()));
    let shown = |one: &&Value| !(one["severity"] == "note" && one["primary"].is_null() && one["instance"].is_null());
    let in_text = counts(all.iter().filter(shown).map(|one| vec![word(&one["severity"]), word(&one["rule"])]));
    let heads = matches(r"(?m)^(?:waived, |known, )?(note|low|medium|high)\[([a-z-]+)\]", &text("text"));
    told.same("findings in text", &in_text, &counts(heads));
    let rows = matches(r"(?m)^\| (note|low|medium|high) \| ([a-z-]+) \|", &text("markdown"));
    told.same("findings in Markdown", &said(&["severity", "rule"]), &counts(rows));
    let mut metrics = counts([]);
    let pattern = r#"tlsmend_findings\{rule="([a-z-]+)",severity="(\w+)",standing="(\w+)"\} (\d+)"#;
    for found in matches(pattern, &text("prometheus")) {
        let number: usize = found[3].parse().expect("a number");
        metrics.extend((number > 0).then(|| (found[..3].to_vec(), number)));
    }
    let aspects = all.iter().flat_map(|one| {
        let of = |aspect: &Value| vec![word(&aspect["rule"]), word(&aspect["severity"]), word(&one["standing"])];
        std::iter::once(of(one)).chain(list(&one["also"]).iter().map(of)).collect::<Vec<_>>()
    });
    told.same("findings in Prometheus", &counts(aspects), &metrics);
    let sarif: Value = serde_json::from_str(&text("sarif")).expect("JSON");
    let results = list(&sarif["runs"][0]["results"]);
    let standing = |one: &Value| (one["standing"] == "open").to_string();
    let ours = counts(all.iter().map(|one| vec![word(&one["rule"]), word(&one["severity"]), standing(one)]));
    let theirs = results.iter().map(|one| {
        let open = list(&one["suppressions"]).is_empty().to_string();
        vec![word(&one["ruleId"]), word(&one["properties"]["severity"]), open]
    });
    told.same("findings in SARIF", &ours, &counts(theirs));
    told.same("outcome in SARIF", &json["exit"]["name"], &sarif["runs"][0]["invocations"][0]["exitCodeDescription"]);
    let details = matches(r#"<details class="(finding)""#, &text("html")).len();
    told.same("findings in HTML", &all.len(), &details);
    let level = |one: &Value, levels: [&str; 4], excused: &str| {
        let at = ["high", "medium", "low", "note"].iter().position(|severity| one["severity"] == *severity);
        if one["standing"] == "open" { levels[at.expect("a severity")].to_owned() } else { excused.to_owned() }
    };
    let notices = ["error", "warning", "notice", "notice"];
    // What is not known fails nothing, however bad the policy calls it.
    let notice = |one: &Value| match level(one, notices, "notice") {
        told if told == "error" && one["verdict"] == "unknown" => "warning".to_owned(),
        told => told,
    };
    let ours = counts(all.iter().map(|one| vec![notice(one), word(&one["rule"])]));
    let theirs = matches(r"(?m)^::(\w+) .*?title=tlsmend%3A ([a-z-]+)::", &text("github"));
    let theirs = theirs.into_iter().filter(|one| one[1] != "problem");
    told.same("annotations of GitHub", &ours, &counts(theirs));
    let gitlab: Value = serde_json::from_str(&text("gitlab")).expect("JSON");
    let levels = ["critical", "major", "minor", "info"];
    let ours = counts(all.iter().map(|one| vec![level(one, levels, "info"), word(&one["rule"])]));
    let theirs = list(&gitlab).iter().filter(|one| one["check_name"] != "problem");
    told.same(
        "issues of GitLab",
        &ours,
        &counts(theirs.map(|one| vec![word(&one["severity"]), word(&one["check_name"])])),
    );
    let rank = |severity: &Value| ["note", "low", "medium", "high"].iter().position(|one| severity == one);
    let fails = |one: &&Value| {
        one["standing"] == "open"
            && one["verdict"] != "unknown"
            && rank(&one["severity"]) >= rank(&Value::from(made.fail_on))
    };
    let any = all.iter().any(|one| fails(&one));
    told.same("failures in JUnit", &any, &text("junit").contains("<failure "));
}

/// An edit: file, start, end, text.
type Edit = (String, usize, usize, String);

/// The fixes of the findings are what the patch changes, no more and no less.
fn fixes(made: &Made, json: &Value, text: &dyn Fn(&str) -> String, diff: &Run, told: &mut Told) {
    let mut edits: BTreeSet<Edit> = BTreeSet::new();
    let all = list(&json["findings"]);
    let safe = |one: &&Value| one["standing"] == "open" && one["fix"]["applicability"] == "safe";
    for edit in all.iter().filter(safe).flat_map(|one| list(&one["fix"]["edits"])) {
        let offset = |end: &str| edit[end]["offset"].as_u64().expect("an offset") as usize;
        edits.insert((word(&edit["path"]), offset("start"), offset("end"), word(&edit["replacement"])));
    }
    told.fixes += edits.len();
    let sarif: Value = serde_json::from_str(&text("sarif")).expect("JSON");
    let with = list(&sarif["runs"][0]["results"]).iter().filter(|one| !list(&one["fixes"]).is_empty()).count();
    told.same("fixes in SARIF", &all.iter().filter(safe).count(), &with);
    for one in all.iter().filter(|one| one["standing"] == "waived" && !one["fix"].is_null()) {
        told.complaints.push(format!("a fix of what is waived: {}", one["message"]));
    }
    let root = made.folder.path().join("root");
    let mut fixed: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut last: Option<&Edit> = None;
    for edit in edits.iter().rev() {
        let (path, start, end, new) = edit;
        if last.is_some_and(|last| last.0 == *path && last.1 < *end) {
            told.complaints.push(format!("edits overlap: {edit:?} and {last:?}"));
            return;
        }
        last = Some(edit);
        let old = || fs::read(root.join(path.trim_start_matches('/'))).expect("the file");
        let bytes = fixed.entry(path.clone()).or_insert_with(old);
        bytes.splice(*start..*end, new.bytes());
    }
    // The same by patch(1).
    let patched = tempfile::tempdir().expect("a temporary directory");
    let copy = std::process::Command::new("cp").arg("-r").arg(&root).arg(patched.path()).status().expect("cp");
    assert!(copy.success());
    if !diff.out.is_empty() {
        fs::write(patched.path().join("p"), &diff.out).expect("writes");
        let root = patched.path().join("root");
        let output = std::process::Command::new("patch")
            .args(["-p1", "-s", "--binary", "-i", "../p"])
            .current_dir(root)
            .output();
        let output = output.expect("patch(1)");
        if !output.status.success() {
            told.complaints.push(format!("the patch does not apply: {}", String::from_utf8_lossy(&output.stdout)));
            return;
        }
    }
    let files = matches(r"(?m)^\+\+\+ b/(.*?)\t?$", &diff.out).into_iter().map(|found| format!("/{}", found[0]));
    let touched: BTreeSet<String> = files.chain(fixed.keys().cloned()).collect();
    for path in touched {
        let name = path.trim_start_matches('/');
        let by_patch = fs::read(patched.path().join("root").join(name)).expect("the file");
        let by_fixes = fixed.get(&path).cloned().unwrap_or_else(|| fs::read(root.join(name)).expect("the file"));
        if by_patch != by_fixes {
            let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            told.complaints.push(format!(
                "{path}: fixes give\n{}\nand the patch gives\n{}",
                shown(&by_fixes),
                shown(&by_patch)
            ));
        }
    }
}

/// The merged report has the host as its audit has it.
fn fleet(made: &Made, json: &Value, told: &mut Told) {
    let folder = made.folder.path();
    fs::copy(folder.join("out.json"), folder.join("web1.json")).expect("a copy");
    let merged = run_in(folder, &["report", "merge", "web1.json", "--format", "json"]);
    let fleet = merged.json();
    let host = &fleet["hosts"][0];
    told.same("outcome in the fleet", &json["exit"]["name"], &host["status"]);
    let theirs = list(&host["endpoints"])
        .iter()
        .map(|one| vec![word(&one["address"]), word(&one["transport"]), word(&one["name"]), word(&one["verdict"])]);
    let ours = tls(json).into_iter();
    let ours = ours.map(|(_, one)| {
        vec![word(&one["address"]), word(&one["transport"]), word(&one["name"]), word(&one["verdict"])]
    });
    told.same("endpoints in the fleet", &counts(ours), &counts(theirs));
    let worst = |address: &str| {
        list(&host["endpoints"])
            .iter()
            .filter(|one| one["address"] == address)
            .filter_map(|one| one["severity"].as_str())
            .max_by_key(|one| ["note", "low", "medium", "high"].iter().position(|severity| severity == one))
            .map(str::to_owned)
    };
    for finding in list(&json["findings"]).iter().filter(|one| one["standing"] == "open") {
        for endpoint in list(&finding["endpoints"]) {
            let at = finding["instance"].as_u64().expect("an instance") as usize;
            let index = endpoint["index"].as_u64().expect("an index") as usize;
            let own = &json["instances"][at]["endpoints"][index];
            if own["address"] != endpoint["address"]
                || own["transport"] != endpoint["transport"]
                || own["name"] != endpoint["name"]
            {
                told.complaints.push(format!("index of another endpoint: {endpoint} and {own}"));
            }
            if own["speaks"] != "plaintext" && worst(&word(&endpoint["address"])).is_none() {
                told.complaints.push(format!("the fleet has no severity for {endpoint}"));
            }
        }
    }
}
