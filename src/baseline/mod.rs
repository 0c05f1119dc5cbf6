//! The baseline: findings that were there when somebody decided to look only at new ones.
//!
//! New is a line that was not found before, and what is worse at a known one: a further version, a further address, a higher
//! severity, a worse verdict. A further server name at a known address is not, nor is a line that took the place of a known
//! one of the same file (`places`).

mod places;

use crate::finding::{Finding, Severity, Standing, Verdict};
use crate::source::SourceMap;
use crate::tls::{Version, VersionSet};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

const SCHEMA: &str = "tlsmend/baseline/2";

/// The file. `path` and `message` are for whoever reads it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    findings: Vec<Entry>,
}

#[derive(Clone, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    path: Option<String>,
    message: String,
    severity: String,
    verdict: String,
    versions: Vec<String>,
    addresses: Vec<String>,
    id: String,
    /// Older baselines do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file_id: Option<String>,
}

/// How bad findings were, by the versions that they were about.
type Worst = BTreeMap<VersionSet, (Severity, Verdict)>;

/// What was found at a line. A line may have thousands of entries, and each of them thousands of addresses.
#[derive(Debug, Default, PartialEq, Eq)]
struct Known {
    /// The versions of each entry.
    versions: Vec<VersionSet>,
    anywhere: Worst,
    /// By address: `listener 0.0.0.0:443`, `upstream backend.test:443`
    at: HashMap<String, Worst>,
}

/// Behind an address where the versions of an exposed finding are configured, and refused by the library.
pub const LATENT: &str = " latent";

/// What a finding is about, beyond itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// The versions, those too that are only configured where others are offered.
    pub versions: VersionSet,
    /// The addresses, each once: `listener 0.0.0.0:443`, `upstream backend.test:443`.
    pub addresses: Vec<String>,
}

/// A line that a baseline knows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Line {
    /// What is known of it.
    known: Known,
    /// What it shares with the lines that may take its place; none: an older baseline.
    file_id: Option<String>,
}

/// What a baseline knows, by what the findings are known as.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Baseline(BTreeMap<String, Line>);

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
        if let Some(schema) = value["schema"].as_str().filter(|schema| *schema != SCHEMA) {
            return Err(format!("has the schema {schema:?}; this program reads {SCHEMA:?}"));
        }
        let file: File = serde_json::from_slice(bytes).map_err(wrong)?;
        let mut lines: BTreeMap<String, Line> = BTreeMap::new();
        for entry in file.findings {
            entry.read(&mut lines)?;
        }
        Ok(Baseline(lines))
    }

    /// Marks the findings that are in the baseline as known; those that are worse than there stay, and say how. The number
    /// of those that are in it and no longer there. `reached`: what each finding is about.
    pub fn apply(&self, findings: &mut [Finding], reached: &[Reached]) -> usize {
        let mut seen: BTreeMap<&str, VersionSet> = BTreeMap::new();
        let moved = places::moved(&self.0, findings, reached);
        for (finding, reached) in findings.iter_mut().zip(reached) {
            let place = moved.get(&finding.known_as).unwrap_or(&finding.known_as);
            let Some((id, Line { known, .. })) = self.0.get_key_value(place) else { continue };
            let versions = seen.entry(id).or_default();
            *versions = versions.union(reached.versions);
            if !finding.is_open() {
                continue;
            }
            match worse(known, finding, reached) {
                None => finding.standing = Standing::Known,
                Some(how) => finding.notes.push(format!("worse than in the baseline: {how}")),
            }
        }
        let is_gone = |id: &str, old: VersionSet| match seen.get(id) {
            None => true,
            Some(versions) => !old.is_empty() && old.and(*versions).is_empty(),
        };
        self.0.iter().map(|(id, line)| line.known.versions.iter().filter(|old| is_gone(id, **old)).count()).sum()
    }
}

/// What of a finding is worse than what is known of its line; none: nothing is.
fn worse(known: &Known, finding: &Finding, reached: &Reached) -> Option<String> {
    let addresses = &reached.addresses;
    let versions = known.versions.iter().fold(VersionSet::EMPTY, |all, one| all.union(*one));
    let more = reached.versions.minus(versions);
    if !more.is_empty() {
        return Some(format!("{} too", more.listed()));
    }
    let known_at = |address: &String| covering(address).iter().filter_map(|old| known.at.get(old)).collect();
    let mut places: Vec<Vec<&Worst>> = addresses.iter().map(known_at).collect();
    if let Some(at) = places.iter().position(Vec::is_empty) {
        return Some(format!("also at {}", addresses[at].trim_start_matches("listener ")));
    }
    if addresses.is_empty() {
        places.push(vec![&known.anywhere]);
    }
    // For each version at each address there has to be an entry that was as bad. A finding about several versions has the
    // highest of their severities.
    let about = finding.versions.and(reached.versions);
    let versions: Vec<VersionSet> = match about.is_empty() {
        true => vec![VersionSet::EMPTY],
        false => about.iter().map(|version| VersionSet::of(&[version])).collect(),
    };
    for place in places {
        for version in &versions {
            let old = place.iter().flat_map(|worst| worst.iter()).filter(|(old, _)| version.is_subset(**old));
            match old.map(|(_, (_, verdict))| *verdict).max() {
                Some(verdict) if verdict < finding.verdict => {
                    return Some(format!("{} instead of {verdict}", finding.verdict));
                }
                Some(_) => {}
                None => return Some("this version at this address".to_owned()),
            }
        }
        let is_about = |old: &VersionSet| versions.iter().any(|version| version.is_subset(*old));
        let old = place.iter().flat_map(|worst| worst.iter()).filter(|(old, _)| is_about(old));
        if let Some(severity) = old.map(|(_, (severity, _))| *severity).max().filter(|old| *old < finding.severity) {
            return Some(format!("{} instead of {severity}", finding.severity));
        }
    }
    None
}

/// The addresses of a baseline that cover one: itself, and a listener on all addresses, which answers there anyway.
fn covering(new: &str) -> Vec<String> {
    let (address, is_latent) = new.strip_suffix(LATENT).map_or((new, false), |address| (address, true));
    let mut old = vec![address.to_owned()];
    if address.starts_with("listener ") && !address.contains("unix:") {
        let is_ipv6 = address.contains('[');
        let wildcards = [("*", true), ("0.0.0.0", !is_ipv6 && !address.contains('*')), ("[::]", is_ipv6)];
        let ends = address.match_indices(':').map(|(at, _)| &address[at..]);
        let all = ends.flat_map(|end| wildcards.iter().map(move |(wildcard, fits)| (wildcard, *fits, end)));
        old.extend(all.filter(|(_, fits, _)| *fits).map(|(wildcard, _, end)| format!("listener {wildcard}{end}")));
    }
    // What the library refused there may be given now, which is worse.
    let latent: Vec<String> = old.iter().filter(|_| is_latent).map(|old| format!("{old}{LATENT}")).collect();
    old.extend(latent);
    old
}

impl Entry {
    fn read(self, lines: &mut BTreeMap<String, Line>) -> Result<(), String> {
        let is_id = |text: &str| text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if let Some(wrong) = [&self.id].into_iter().chain(&self.file_id).find(|id| !is_id(id)) {
            return Err(format!("{wrong:?} is no id of a finding"));
        }
        let severity = Severity::from_name(&self.severity);
        let severity = severity.ok_or_else(|| format!("{:?} is no severity", self.severity))?;
        let verdict = Verdict::from_name(&self.verdict);
        let verdict = verdict.ok_or_else(|| format!("{:?} is no verdict", self.verdict))?;
        let mut versions = VersionSet::EMPTY;
        for name in &self.versions {
            let version = Version::from_name(name.as_bytes());
            versions = versions.with(version.ok_or_else(|| format!("{name:?} is no version of TLS"))?);
        }
        let line = lines.entry(self.id).or_default();
        line.file_id = line.file_id.take().or(self.file_id);
        let known = &mut line.known;
        known.versions.push(versions);
        let note = |worst: &mut Worst| {
            let (worst_severity, worst_verdict) = worst.entry(versions).or_insert((severity, verdict));
            *worst_severity = (*worst_severity).max(severity);
            *worst_verdict = (*worst_verdict).max(verdict);
        };
        note(&mut known.anywhere);
        for address in self.addresses {
            note(known.at.entry(address).or_default());
        }
        Ok(())
    }
}

/// The baseline of all findings that are not waived. `shown` makes a path fit for a reader; `reached`: as for
/// [`Baseline::apply`].
pub fn write(
    findings: &[Finding],
    reached: &[Reached],
    sources: &SourceMap,
    shown: impl Fn(&Path) -> String,
) -> Result<Vec<u8>, String> {
    let entry = |(finding, reached): (&Finding, &Reached)| Entry {
        rule: finding.rule.0.to_owned(),
        path: finding.primary.as_ref().map(|label| shown(sources.file(label.span.file).path())),
        message: finding.message.clone(),
        severity: finding.severity.name().to_owned(),
        verdict: finding.verdict.name().to_owned(),
        versions: reached.versions.iter().map(|version| version.name().to_owned()).collect(),
        addresses: reached.addresses.clone(),
        id: finding.known_as.clone(),
        file_id: finding.places.first().cloned(),
    };
    let counted = |(finding, _): &(&Finding, &Reached)| !matches!(finding.standing, Standing::Waived(_));
    let mut findings: Vec<Entry> = findings.iter().zip(reached).filter(counted).map(entry).collect();
    findings.sort_by(|a, b| (&a.path, a).cmp(&(&b.path, b)));
    let file = File { schema: SCHEMA.to_owned(), findings };
    let mut bytes = serde_json::to_vec_pretty(&file).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_baseline() {
        let wrong = |text: &str| Baseline::read(text.as_bytes()).unwrap_err();
        assert!(wrong("").contains("is no baseline"));
        for text in
            ["[]", "1", "[\"tlsmend/baseline/2\", []]", "{\"schema\": \"tlsmend/baseline/2\", \"findings\": [[]]}"]
        {
            assert!(wrong(text).contains("that is an object with the schema \"tlsmend/baseline/2\""), "{text}");
        }
        assert!(wrong("{}").contains("missing field `schema`"));
        assert!(wrong(r#"{"schema": "tlsmend/baseline/1", "findings": []}"#).contains("this program reads"));
        assert!(wrong(r#"{"schema": "tlsmend/baseline/2", "findings": [], "x": 1}"#).contains("unknown field `x`"));
        let entry = |id: &str, severity: &str, verdict: &str, version: &str| {
            format!(
                r#"{{"schema": "tlsmend/baseline/2", "findings": [{{"rule": "r", "path": null, "message": "m",
                "severity": "{severity}", "verdict": "{verdict}", "versions": ["{version}"], "addresses": [], "id": "{id}"}}]}}"#
            )
        };
        let id = "0123456789abcdef0123456789abcdef";
        assert!(wrong(&entry("xyz", "low", "exposed", "TLSv1")).contains("is no id"));
        assert!(wrong(&entry(id, "worse", "exposed", "TLSv1")).contains("is no severity"));
        assert!(wrong(&entry(id, "low", "bad", "TLSv1")).contains("is no verdict"));
        assert!(wrong(&entry(id, "low", "exposed", "TLSv9")).contains("is no version"));
        assert!(Baseline::read(entry(id, "low", "exposed", "TLSv1").as_bytes()).is_ok());
    }

    #[test]
    fn a_listener_on_all_addresses_covers_each_of_them() {
        for (old, new) in [
            ("listener 192.0.2.1:443", "listener 192.0.2.1:443"),
            ("listener *:443", "listener 192.0.2.1:443"),
            ("listener *:443", "listener [::]:443"),
            ("listener 0.0.0.0:443", "listener 127.0.0.1:443"),
            ("listener [::]:443 quic", "listener [::1]:443 quic"),
            ("listener *:443", "listener 192.0.2.1:443 latent"),
            ("listener *:443 latent", "listener *:443 latent"),
        ] {
            assert!(covering(new).contains(&old.to_owned()), "{old} {new}");
        }
        for (old, new) in [
            ("listener 127.0.0.1:443", "listener 0.0.0.0:443"),
            ("listener *:443", "listener 192.0.2.1:8443"),
            ("listener *:443", "listener *:443 quic"),
            ("listener 0.0.0.0:443", "listener *:443"),
            ("listener 0.0.0.0:443", "listener [::1]:443"),
            ("listener *:443", "upstream backend.test:443"),
            ("listener *:443", "listener unix:/run/x:443"),
            ("listener *:443 latent", "listener *:443"),
        ] {
            assert!(!covering(new).contains(&old.to_owned()), "{old} {new}");
        }
    }
}
