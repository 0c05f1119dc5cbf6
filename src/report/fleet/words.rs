//! The words of an audit that a merge counts by. One that this program does not know makes the report useless: what it
//! means would be guessed.

use super::input::Audit;
use crate::finding::{Severity, Verdict};
use crate::tls::Version;

const STANDINGS: [&str; 3] = ["open", "waived", "known"];
const SPEAKS: [&str; 4] = ["tls", "plaintext", "refused", "unknown"];
const ROLES: [&str; 2] = ["listener", "upstream"];
const TRANSPORTS: [&str; 3] = ["stream", "quic", "udp"];

/// `Err` names the first word that is not known, or an instance that is not there.
pub(super) fn check(audit: &Audit) -> Result<(), String> {
    for finding in &audit.findings {
        severity(&finding.severity)?;
        known("standing", finding.standing.as_deref().unwrap_or(STANDINGS[0]), &STANDINGS)?;
        if let Some(word) = finding.verdict.as_deref().filter(|word| *word != Verdict::Shadowed.name()) {
            verdict(word)?;
        }
        for endpoint in &finding.endpoints {
            known("role", &endpoint.role, &ROLES)?;
        }
        if let Some(at) = finding.instance.filter(|at| *at >= audit.instances.len()) {
            return Err(format!("has a finding about instance {at}, and only {} instances", audit.instances.len()));
        }
    }
    for one in audit.instances.iter().flat_map(|instance| &instance.endpoints) {
        verdict(&one.verdict)?;
        known("value of \"speaks\"", &one.speaks, &SPEAKS)?;
        known("role", &one.role, &ROLES)?;
        known("transport", &one.transport, &TRANSPORTS)?;
        versions(&one.configured)?;
        one.effective.as_deref().map(versions).transpose()?;
    }
    Ok(())
}

fn known(what: &str, word: &str, all: &[&str]) -> Result<(), String> {
    if all.contains(&word) { Ok(()) } else { Err(format!("has an unknown {what} {word:?}")) }
}

fn versions(names: &[String]) -> Result<(), String> {
    names.iter().try_for_each(|name| known("version", name, &Version::ALL.map(Version::name)))
}

/// The severity of that name.
pub(super) fn severity(name: &str) -> Result<Severity, String> {
    let all = Severity::ALL;
    all.into_iter().find(|one| one.name() == name).ok_or_else(|| format!("has an unknown severity {name:?}"))
}

/// The verdict of that name.
pub(super) fn verdict(name: &str) -> Result<Verdict, String> {
    let all = super::VERDICTS;
    all.into_iter().find(|one| one.name() == name).ok_or_else(|| format!("has an unknown verdict {name:?}"))
}
