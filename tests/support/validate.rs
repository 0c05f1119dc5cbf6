//! Validators of the formats of reports that others have written.

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a program with a text as its input; what it prints, and it has to be content.
fn check(program: &str, arguments: &[&str], input: &[u8]) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{program}: {e} (tests/run installs it)"));
    let mut pipe = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || pipe.write_all(&input));
    let output = child.wait_with_output().expect("ends");
    writer.join().expect("a thread").expect("reads all of it");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// JSON against a JSON schema.
pub(crate) fn json_schema(schema: &Value, document: &[u8]) {
    let validator = jsonschema::options().should_validate_formats(true).build(schema).expect("a schema");
    let document = serde_json::from_slice(document).expect("JSON");
    let wrong: Vec<String> =
        validator.iter_errors(&document).map(|e| format!("{}: {e:.300}", e.instance_path())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// JSON of the program itself, against its schema in docs/schemas; nothing where it is none.
///
/// Readers have to bear fields that are new; here a new one has to be in the schema.
pub(crate) fn own_json(text: &str) {
    let Ok(document) = serde_json::from_str::<Value>(text) else { return };
    let schema = document["schema"].as_str().and_then(|schema| schema.strip_prefix("tlsmend/")?.split('/').next());
    let Some(name) = schema else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schemas/{name}.json"));
    let schema = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut schema: Value = serde_json::from_slice(&schema).expect("JSON");
    close(&mut schema);
    json_schema(&schema, text.as_bytes());
}

/// Lets no object have a field that is not among its properties.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(close);
            if object.get("properties").is_some_and(Value::is_object) {
                object.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

/// The schema of SARIF 2.1.0 by OASIS, as the crate serde-sarif ships it.
pub(crate) fn sarif_schema() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    // Without the platform, packages of other systems would be asked for, which need not be there.
    let version = check("rustc", &["-vV"], b"");
    let platform = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a platform");
    let wanted =
        ["metadata", "--format-version", "1", "--offline", "--filter-platform", platform, "--manifest-path", manifest];
    let metadata: Value = serde_json::from_str(&check(&cargo, &wanted, b"")).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    let sarif =
        packages.iter().find(|package| package["name"] == "serde-sarif").expect("it is a dependency of the tests");
    let manifest = Path::new(sarif["manifest_path"].as_str().expect("a path"));
    let path = manifest.parent().expect("a folder").join("src/schema.json");
    let mut schema: Value = serde_json::from_slice(&std::fs::read(path).expect("the schema")).expect("JSON");
    // Its pattern for two fields that are not written is no regular expression of ECMAScript (a bracket too many).
    for holder in ["run", "toolComponent"] {
        let language = schema["definitions"][holder]["properties"]["language"].as_object_mut().expect("an object");
        language.remove("pattern").expect("a pattern");
    }
    schema
}

/// What a reader of JUnit's XML counts: suites, tests, failures, errors, skipped.
pub(crate) fn junit(document: &[u8]) -> [usize; 5] {
    let program = "import sys, junitparser\n\
        xml = junitparser.JUnitXml.fromstring(sys.stdin.buffer.read())\n\
        cases = [case for suite in xml for case in suite]\n\
        kinds = [type(one).__name__ for case in cases for one in case.result]\n\
        print(len(xml), len(cases), *(kinds.count(kind) for kind in ('Failure', 'Error', 'Skipped')))\n";
    let counted = check("/usr/bin/python3", &["-c", program], document);
    let mut numbers = counted.split_whitespace().map(|number| number.parse().expect("a number"));
    [(); 5].map(|()| numbers.next().expect("five numbers"))
}

/// Metrics, by Prometheus' own tool, which also has opinions on style.
pub(crate) fn metrics(document: &[u8]) {
    assert_eq!(check("promtool", &["check", "metrics"], document), "");
}

/// GitHub's flavour of Markdown as HTML.
pub(crate) fn markdown(document: &[u8]) -> String {
    check("cmark-gfm", &["-e", "table", "-e", "autolink", "-e", "strikethrough", "--unsafe"], document)
}
