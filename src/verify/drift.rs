//! The complaint about a server that does something else than its configuration says.

use super::cause::{self, Cause, Evidence, Stranger};
use super::comparison::Comparison;
use super::outcome::Outcome;
use super::promise::{Expected, Promise};
use crate::catalog::{DRIFT, UNREACHABLE};
use crate::finding::{Label, Observed, Severity, Standing, Verdict};
use crate::probe::{Scan, Trouble};
use crate::tls::VersionSet;

/// The complaint, where there is one. `worse`: how bad it is to be given versions that the policy forbids; none of them is,
/// or none counts: `None`.
pub(super) fn drift(
    promise: &Promise,
    scan: &Scan,
    outcome: Outcome,
    stranger: Option<&Stranger>,
    evidence: Evidence<'_>,
    worse: &dyn Fn(VersionSet) -> Option<Severity>,
) -> Option<Observed> {
    let comparison = Comparison::of(promise.expected, scan);
    let (extra, lacking) = (comparison.extra, comparison.lacking());
    let refuses = promise.expected == Expected::Nothing;
    let mut parts: Vec<String> = Vec::new();
    match (outcome, &scan.trouble) {
        (Outcome::Unreachable, Some(trouble)) => parts.push(match trouble {
            Trouble::Unreachable(reason) => format!("TLS is configured, and nothing answers: {}", reason.text()),
            Trouble::NotTls(reason) | Trouble::StartTls(reason) => {
                format!("TLS is configured, and not spoken: {}", reason.text())
            }
        }),
        (Outcome::Mixed, _) => {
            parts.push("the answers change from one handshake to the next: a reload is under way, or has stuck".into());
        }
        (Outcome::Differs, _) if comparison.differs() => {
            // What only the library should refuse is configured.
            let barred = if refuses { VersionSet::EMPTY } else { extra.and(promise.answer.configured.value) };
            for (versions, why) in
                [(extra.minus(barred), "not configured"), (barred, "the TLS library should refuse it")]
            {
                if !versions.is_empty() {
                    parts.push(format!("{} {} accepted, and {why}", versions.listed(), versions.verb()));
                }
            }
            if !lacking.is_empty() {
                parts.push(format!("{} {} configured, and not accepted", lacking.listed(), lacking.verb()));
            }
        }
        (Outcome::Differs, _) => parts.extend(stranger.map(|one| one.what.clone())),
        _ => return None,
    }
    let causes: Vec<Cause> = match outcome {
        _ if stranger.is_some() => Vec::new(),
        Outcome::Differs => cause::of_difference(promise, scan, evidence),
        _ => cause::not_reloaded(promise, evidence).into_iter().collect(),
    };
    let help = causes
        .iter()
        .any(|cause| cause.ends_by_reload)
        .then(|| format!("reload {} (tlsmend facts says how)", promise.service));
    let mut notes: Vec<String> = stranger.map(|one| one.who.clone()).into_iter().collect();
    notes.extend(causes.into_iter().map(|cause| cause.text));
    let versions = extra.union(lacking);
    Some(Observed {
        rule: if outcome == Outcome::Unreachable { UNREACHABLE } else { DRIFT },
        standing: Standing::Open,
        severity: worse(extra).unwrap_or(Severity::Medium),
        verdict: if extra.is_empty() { Verdict::Missing } else { Verdict::Exposed },
        target: promise.title(),
        versions,
        message: parts.join("; "),
        primary: place(promise),
        notes,
        help,
    })
}

/// The line that promises it.
fn place(promise: &Promise) -> Option<Label> {
    let span = promise.decider()?;
    Some(Label { span, text: "promised here".to_owned() })
}
