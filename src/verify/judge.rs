//! What a probe found, beside the policy.

use crate::finding::{Observed, RuleId, Verdict};
use crate::policy::Policy;
use crate::probe::Scan;
use crate::tls::VersionSet;

/// The complaints about one endpoint: forbidden versions that are accepted, required ones that are not.
pub fn judge(target: &str, scan: &Scan, policy: &Policy) -> Vec<Observed> {
    if scan.trouble.is_some() {
        return Vec::new();
    }
    let accepted = scan.accepted();
    let exposed = accepted.and(policy.forbid);
    // Of what is inconclusive nobody can say that it is missing; the exit status tells.
    let missing = policy.require.minus(accepted).minus(scan.inconclusive());
    let exposed = complaint(target, policy, "forbidden-version", Verdict::Exposed, exposed);
    let missing = complaint(target, policy, "missing-version", Verdict::Missing, missing);
    exposed.into_iter().chain(missing).collect()
}

fn complaint(
    target: &str,
    policy: &Policy,
    rule: &'static str,
    verdict: Verdict,
    versions: VersionSet,
) -> Option<Observed> {
    if versions.is_empty() {
        return None;
    }
    let severity = policy.severity(rule, verdict, versions)?;
    let be = if versions.len() == 1 { "is" } else { "are" };
    let (does, demand) = match verdict {
        Verdict::Exposed => ("accepted", format!("{} forbids this", policy.forbidden_by)),
        _ => ("not accepted", format!("{} requires this", policy.required_by)),
    };
    Some(Observed {
        rule: RuleId(rule),
        severity,
        verdict,
        target: target.to_owned(),
        versions,
        message: format!("{} {be} {does}", versions.listed()),
        primary: None,
        notes: vec![demand],
        help: None,
    })
}
