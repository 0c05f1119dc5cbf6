//! The words of an audit that a merge counts by. One that this program does not know makes the report useless: what it
//! means would be guessed.

use super::input::Audit;
use crate::finding::{Severity, Verdict};
use crate::report::Outcome;
use crate::report::json::words::{ROLES, SPEAKS, STANDINGS, TRANSPORTS};
use crate::tls::Version;

/// How an audit ends.
const OUTCOMES: [Outcome; 4] = [Outcome::Compliant, Outcome::Incomplete, Outcome::Findings, Outcome::CouldNotRun];

/// No name of a file, host or address is longer than this, in bytes. Each is said once for every endpoint of its instance.
const LONGEST: usize = 4096;
/// No name of a rule or service is.
const LONGEST_WORD: usize = 64;

/// `Err` names the first word that is not known, or an instance that is not there.
pub(super) fn check(audit: &Audit) -> Result<(), String> {
    let names = audit.host.iter().chain([&audit.policy]).chain(&audit.policy_sha256);
    let names = names.chain(audit.instances.iter().map(|one| &one.main));
    let endpoints = audit.instances.iter().flat_map(|one| &one.endpoints);
    let names = names.chain(endpoints.flat_map(|one| [&one.address].into_iter().chain(&one.name).chain(&one.origin)));
    if names.into_iter().any(|name| name.len() > LONGEST) {
        return Err(format!("has a name of more than {LONGEST} bytes"));
    }
    let words = audit.instances.iter().map(|one| &one.service).chain(audit.findings.iter().map(|one| &one.rule));
    if words.into_iter().any(|word| word.len() > LONGEST_WORD) {
        return Err(format!("has a rule or service whose name has more than {LONGEST_WORD} bytes"));
    }
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
        known("value of \"speaks\"", &one.speaks, &SPEAKS)?;
        match &one.verdict {
            None if one.speaks == "plaintext" => {}
            word => drop(verdict(word.as_deref().unwrap_or_default())?),
        }
        known("role", &one.role, &ROLES)?;
        known("transport", &one.transport, &TRANSPORTS)?;
        versions(&one.configured)?;
        one.effective.as_deref().map(versions).transpose()?;
    }
    Ok(())
}

fn known(what: &str, word: &str, all: &[&str]) -> Result<(), String> {
    if all.contains(&word) { Ok(()) } else { Err(unknown(what, word)) }
}

fn unknown(what: &str, word: &str) -> String {
    format!("has an unknown {what} {:?}", word.chars().take(LONGEST_WORD).collect::<String>())
}

fn versions(names: &[String]) -> Result<(), String> {
    names.iter().try_for_each(|name| known("version", name, &Version::ALL.map(Version::name)))
}

/// The outcome of an audit of that name.
pub(super) fn outcome(name: &str) -> Result<Outcome, String> {
    let outcome = Outcome::from_name(name).filter(|one| OUTCOMES.contains(one));
    outcome.ok_or_else(|| unknown("outcome", name))
}

/// The severity of that name.
pub(super) fn severity(name: &str) -> Result<Severity, String> {
    Severity::from_name(name).ok_or_else(|| format!("has an unknown severity {name:?}"))
}

/// The verdict on an endpoint of that name.
pub(super) fn verdict(name: &str) -> Result<Verdict, String> {
    let verdict = Verdict::from_name(name).filter(|one| super::VERDICTS.contains(one));
    verdict.ok_or_else(|| format!("has an unknown verdict {name:?}"))
}
