//! What a probe found, beside the policy, and what a client of today finds.

use crate::finding::{Observed, RuleId, Severity, Verdict};
use crate::policy::Demand;
use crate::probe::Scan;
use crate::probe::client::{Check, Handshake};
use crate::tls::VersionSet;

/// A client of today does not get in.
pub const NO_MODERN_VERSION: RuleId = RuleId("no-modern-version");

/// The complaints about one endpoint: forbidden versions that are accepted, but for those that a waiver lets it `keep`, and
/// required ones that are not.
pub fn judge(target: &str, scan: &Scan, demand: &Demand, keep: VersionSet) -> Vec<Observed> {
    if scan.trouble.is_some() {
        return Vec::new();
    }
    let accepted = scan.accepted();
    let exposed = accepted.and(demand.forbid).minus(keep);
    // Of what is inconclusive nobody can say that it is missing; the exit status tells.
    let missing = demand.require.minus(accepted).minus(scan.inconclusive());
    let exposed = complaint(target, demand, "forbidden-version", Verdict::Exposed, exposed);
    let missing = complaint(target, demand, "missing-version", Verdict::Missing, missing);
    exposed.into_iter().chain(missing).collect()
}

/// The complaint where a client of this machine does not get in, and the server has nothing for any client of today. The
/// policy has no say in it: it is never less than the exit status fails on.
pub fn refused(target: &str, scan: &Scan, check: &Check) -> Option<Observed> {
    let why = match &check.handshake {
        Handshake::Failed { why, .. } if scan.trouble.is_none() && !check.reaches_modern(scan) => why,
        _ => return None,
    };
    Some(Observed {
        rule: NO_MODERN_VERSION,
        severity: Severity::High,
        verdict: Verdict::Missing,
        target: target.to_owned(),
        versions: VersionSet::EMPTY,
        message: "a client of this machine does not connect with TLSv1.2 or newer".to_owned(),
        primary: None,
        notes: vec![why.clone()],
        help: None,
    })
}

fn complaint(
    target: &str,
    demand: &Demand,
    rule: &'static str,
    verdict: Verdict,
    versions: VersionSet,
) -> Option<Observed> {
    if versions.is_empty() {
        return None;
    }
    let severity = demand.severity(rule, verdict, versions)?;
    let (does, said) = match verdict {
        Verdict::Exposed => ("accepted", format!("{} forbids this", demand.forbidden_by)),
        _ => ("not accepted", format!("{} requires this", demand.required_by)),
    };
    Some(Observed {
        rule: RuleId(rule),
        severity,
        verdict,
        target: target.to_owned(),
        versions,
        message: format!("{} {} {does}", versions.listed(), versions.verb()),
        primary: None,
        notes: vec![said],
        help: None,
    })
}
