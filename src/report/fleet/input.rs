//! Reads the audit of a host from its JSON.

use super::words::{self, severity, verdict};
use super::{Endpoint, Host};
use crate::finding::Severity;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const SCHEMA: &str = "tlsmend/audit/1";

#[derive(Deserialize)]
struct Head {
    schema: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Audit {
    #[serde(default)]
    pub(super) host: Option<String>,
    pub(super) policy: String,
    /// None for a built-in profile. Older audits do not have it.
    #[serde(default)]
    pub(super) policy_sha256: Option<String>,
    pub(super) exit: Option<Exit>,
    pub(super) instances: Vec<Instance>,
    pub(super) findings: Vec<Finding>,
    problems: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Exit {
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Instance {
    pub(super) service: String,
    pub(super) main: String,
    pub(super) endpoints: Vec<EndpointIn>,
    unknown: Vec<IgnoredAny>,
    problems: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct EndpointIn {
    pub(super) role: String,
    pub(super) address: String,
    pub(super) transport: String,
    #[serde(default)]
    pub(super) origin: Option<String>,
    pub(super) name: Option<String>,
    pub(super) speaks: String,
    pub(super) configured: Vec<String>,
    pub(super) effective: Option<Vec<String>>,
    /// None where there is no TLS. Older audits have one there.
    pub(super) verdict: Option<String>,
    unknown: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Finding {
    pub(super) rule: String,
    pub(super) severity: String,
    #[serde(default)]
    pub(super) verdict: Option<String>,
    pub(super) instance: Option<usize>,
    pub(super) endpoints: Vec<Touched>,
    /// Older audits do not have it.
    #[serde(default)]
    pub(super) standing: Option<String>,
}

impl Finding {
    fn is_open(&self) -> bool {
        self.standing.as_deref().unwrap_or("open") == "open"
    }
}

/// An endpoint that a finding is about, by its number among those of the instance.
#[derive(Deserialize)]
pub(super) struct Touched {
    pub(super) index: usize,
    pub(super) role: String,
}

/// The host that a file is about; an `Err` says what is wrong with the file, as a lowercase fragment. `stays`: there is a
/// file of that name, which the host may be named by, and not a pipe.
pub fn host(file: &str, stays: bool, content: &[u8]) -> Result<Host, String> {
    let json = |error: serde_json::Error| match error.classify() {
        serde_json::error::Category::Eof => "ends in the middle of the JSON document".to_owned(),
        _ => format!("is not the JSON of an audit: {error}"),
    };
    let head: Head = serde_json::from_slice(content).map_err(json)?;
    match head.schema.as_deref() {
        Some(SCHEMA) => {}
        Some(other) => return Err(format!("has the schema {other:?}; what can be merged is {SCHEMA:?}")),
        None => return Err(format!("has no schema; what can be merged is {SCHEMA:?}, of tlsmend audit --format json")),
    }
    let audit: Audit = serde_json::from_slice(content).map_err(json)?;
    words::check(&audit)?;
    let stem = || Path::new(file).file_stem().filter(|_| stays).map(|stem| stem.to_string_lossy().into_owned());
    let name = audit.host.clone().filter(|name| !name.trim().is_empty()).or_else(stem);
    let name = name.ok_or("names no host, and is no file that one could be named by: audit with --host NAME")?;
    let unknown = |one: &Instance| !one.unknown.is_empty() || one.endpoints.iter().any(|e| !e.unknown.is_empty());
    let problems = audit.problems.len() + audit.instances.iter().map(|one| one.problems.len()).sum::<usize>();
    let mut severities: BTreeMap<Severity, usize> = BTreeMap::new();
    for finding in audit.findings.iter().filter(|finding| finding.is_open()) {
        *severities.entry(severity(&finding.severity)?).or_default() += 1;
    }
    Ok(Host {
        name,
        file: file.to_owned(),
        policy: audit.policy.clone(),
        policy_sha256: audit.policy_sha256.clone(),
        outcome: audit.exit.as_ref().map(|exit| words::outcome(&exit.name)).transpose()?,
        incomplete: problems > 0 || audit.instances.iter().any(unknown),
        endpoints: endpoints(&audit)?,
        excused: audit.findings.iter().filter(|finding| !finding.is_open()).count(),
        open: severities,
        problems,
    })
}

fn endpoints(audit: &Audit) -> Result<Vec<Endpoint>, String> {
    let mut endpoints = Vec::new();
    // By instance and endpoint.
    let mut findings: BTreeMap<(Option<usize>, usize), Vec<&Finding>> = BTreeMap::new();
    for finding in audit.findings.iter().filter(|finding| finding.is_open()) {
        for touched in &finding.endpoints {
            findings.entry((finding.instance, touched.index)).or_default().push(finding);
        }
    }
    for (index, instance) in audit.instances.iter().enumerate() {
        let main: Arc<str> = Arc::from(instance.main.as_str());
        let spoken = instance.endpoints.iter().enumerate().filter(|(_, one)| one.speaks != "plaintext");
        for (at, one) in spoken {
            let about = findings.get(&(Some(index), at)).map_or(&[][..], Vec::as_slice);
            let mut rules: Vec<String> = about.iter().map(|finding| finding.rule.clone()).collect();
            rules.sort();
            rules.dedup();
            let mut worst = None;
            for finding in about {
                worst = worst.max(Some(severity(&finding.severity)?));
            }
            endpoints.push(Endpoint {
                service: instance.service.clone(),
                main: Arc::clone(&main),
                role: one.role.clone(),
                address: one.address.clone(),
                transport: one.transport.clone(),
                origin: one.origin.clone(),
                name: one.name.clone(),
                configured: one.configured.clone(),
                effective: one.effective.clone(),
                verdict: verdict(one.verdict.as_deref().unwrap_or_default())?,
                rules,
                severity: worst,
            });
        }
    }
    Ok(endpoints)
}
