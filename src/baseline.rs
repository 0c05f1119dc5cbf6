//! The baseline: findings that were there when somebody decided to look only at new ones.

use crate::finding::{Finding, Standing};
use crate::source::SourceMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const SCHEMA: &str = "tlsmend/baseline/1";

/// The file. Only the fingerprints count; the rest is for whoever reads it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    findings: Vec<Entry>,
}

#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    path: Option<String>,
    message: String,
    fingerprint: String,
}

/// The fingerprints of a baseline.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Baseline(BTreeSet<String>);

impl Baseline {
    /// Reads a baseline; `Err` says what is wrong with it, as a lowercase fragment.
    pub fn read(bytes: &[u8]) -> Result<Baseline, String> {
        let wrong = |error: serde_json::Error| format!("is no baseline: {error}");
        let value: Value = serde_json::from_slice(bytes).map_err(wrong)?;
        // A reader that takes lists for objects would say what nobody understands.
        if !value.is_object() || value["findings"].as_array().is_some_and(|all| !all.iter().all(Value::is_object)) {
            return Err(format!(
                "is no baseline: that is an object with the schema {SCHEMA:?} and a list \"findings\" of objects"
            ));
        }
        let file: File = serde_json::from_slice(bytes).map_err(wrong)?;
        if file.schema != SCHEMA {
            return Err(format!("has the schema {:?}; this program reads {SCHEMA:?}", file.schema));
        }
        let is_one = |text: &str| text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match file.findings.iter().find(|entry| !is_one(&entry.fingerprint)) {
            Some(entry) => Err(format!("{:?} is no fingerprint", entry.fingerprint)),
            None => Ok(Baseline(file.findings.into_iter().map(|entry| entry.fingerprint).collect())),
        }
    }

    /// Marks the findings that are in the baseline as known. The number of those that are in it and no longer there.
    pub fn apply(&self, findings: &mut [Finding]) -> usize {
        let mut gone: BTreeSet<&String> = self.0.iter().collect();
        for finding in findings {
            gone.remove(&finding.fingerprint);
            if finding.is_open() && self.0.contains(&finding.fingerprint) {
                finding.standing = Standing::Known;
            }
        }
        gone.len()
    }
}

/// The baseline of all findings that are not waived. `shown` makes a path fit for a reader.
pub fn write(findings: &[Finding], sources: &SourceMap, shown: impl Fn(&Path) -> String) -> Result<Vec<u8>, String> {
    let entry = |finding: &Finding| Entry {
        rule: finding.rule.0.to_owned(),
        path: finding.primary.as_ref().map(|label| shown(sources.file(label.span.file).path())),
        message: finding.message.clone(),
        fingerprint: finding.fingerprint.clone(),
    };
    let counted = findings.iter().filter(|finding| !matches!(finding.standing, Standing::Waived(_)));
    let mut findings: Vec<Entry> = counted.map(entry).collect();
    findings.sort_by(|a, b| (&a.path, a).cmp(&(&b.path, b)));
    let file = File { schema: SCHEMA.to_owned(), findings };
    let mut bytes = serde_json::to_vec_pretty(&file).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::Baseline;

    #[test]
    fn what_is_no_baseline() {
        let wrong = |text: &str| Baseline::read(text.as_bytes()).unwrap_err();
        assert!(wrong("").contains("is no baseline"));
        for text in
            ["[]", "1", "[\"tlsmend/baseline/1\", []]", "{\"schema\": \"tlsmend/baseline/1\", \"findings\": [[]]}"]
        {
            assert!(wrong(text).contains("that is an object with the schema \"tlsmend/baseline/1\""), "{text}");
        }
        assert!(wrong("{}").contains("missing field `schema`"));
        assert!(wrong(r#"{"schema": "tlsmend/baseline/2", "findings": []}"#).contains("this program reads"));
        assert!(wrong(r#"{"schema": "tlsmend/baseline/1", "findings": [], "x": 1}"#).contains("unknown field `x`"));
        let entry = r#"{"rule": "r", "path": null, "message": "m", "fingerprint": "xyz"}"#;
        let text = format!(r#"{{"schema": "tlsmend/baseline/1", "findings": [{entry}]}}"#);
        assert!(wrong(&text).contains("is no fingerprint"));
    }
}
