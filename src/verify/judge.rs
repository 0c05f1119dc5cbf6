//! What handshakes found, beside the policy, and what a client of today finds.

use crate::catalog::{FORBIDDEN_VERSION, MISSING_VERSION, NO_MODERN_VERSION};
use crate::endpoint::{Address, Role};
use crate::finding::{Label, Observed, RuleId, Severity, Standing, Verdict};
use crate::policy::{Demand, Seen, Weight};
use crate::probe::Scan;
use crate::probe::client::{Check, Handshake};
use crate::rules::{Said, Subject, blamed, covering, labels, told_apart};
use crate::tls::VersionSet;

/// What a rule says of versions that were seen.
#[derive(Clone, Copy)]
struct Breach {
    rule: RuleId,
    verdict: Verdict,
    versions: VersionSet,
}

/// The forbidden versions that are accepted, and the required ones that are not. Of what is inconclusive nobody can say that
/// it is missing; the exit status tells.
fn breaches(scan: &Scan, demand: &Demand) -> impl Iterator<Item = Breach> {
    let accepted = scan.accepted();
    let exposed = accepted.and(demand.forbid);
    let missing = demand.require.minus(accepted).minus(scan.inconclusive());
    let all = [(FORBIDDEN_VERSION, Verdict::Exposed, exposed), (MISSING_VERSION, Verdict::Missing, missing)];
    let asked = all.into_iter().filter(|(.., versions)| scan.trouble.is_none() && !versions.is_empty());
    asked.map(|(rule, verdict, versions)| Breach { rule, verdict, versions })
}

/// The complaints about an endpoint of a configuration: severity, exposure, waivers and lines are those of an audit.
pub(super) fn of_endpoint(subject: Subject<'_>, endpoint: usize, title: &str, scan: &Scan) -> Vec<Observed> {
    let demand = subject.demands.of_endpoint(endpoint);
    let answer = &subject.instance.endpoints[endpoint].answer;
    let mut found = Vec::new();
    for breach in breaches(scan, demand) {
        let Breach { rule, verdict, versions } = breach;
        // What the audit finds there by the same rule.
        let findings = match verdict {
            Verdict::Exposed => told_apart(subject, endpoint),
            _ => vec![demand.require.minus(answer.offered())],
        };
        let told = findings.iter().fold(VersionSet::EMPTY, |all, one| all.union(*one));
        let standing_of = |one: &VersionSet| subject.waivers.standing(&covering(subject, rule, endpoint, *one));
        let mut parts: Vec<(VersionSet, Standing)> =
            findings.iter().map(|one| (versions.and(*one), standing_of(one))).collect();
        // No line says what the configuration does not: a comment is about lines, and covers that only.
        let extra = Said { rule, versions: versions.minus(told) };
        let covering_more = subject.waivers.of_endpoint(extra, subject.instance, endpoint, &[], None);
        parts.push((extra.versions, subject.waivers.standing(&covering_more)));
        for (versions, standing) in joined(parts) {
            let weight = subject.weigh(demand, rule.0, verdict, versions, &[endpoint]);
            let lines = blamed(subject, &answer.deciders, versions);
            let label = labels(subject, &lines, "").0.filter(|_| !versions.and(told).is_empty());
            let breach = Breach { versions, ..breach };
            found.extend(weight.map(|weight| complaint(title, demand, breach, weight, standing, label)));
        }
    }
    found
}

/// Versions with the same standing together, in the order of the first; without those that have none.
fn joined(parts: Vec<(VersionSet, Standing)>) -> Vec<(VersionSet, Standing)> {
    let mut all: Vec<(VersionSet, Standing)> = Vec::new();
    for (versions, standing) in parts.into_iter().filter(|(versions, _)| !versions.is_empty()) {
        match all.iter_mut().find(|(_, known)| *known == standing) {
            Some((known, _)) => *known = known.union(versions),
            None => all.push((versions, standing)),
        }
    }
    all
}

/// The complaints about a server that only handshakes know. `only_here`: nobody outside of this machine reaches it.
pub fn of_target(title: &str, scan: &Scan, policy: &Seen<'_>, address: &Address, only_here: bool) -> Vec<Observed> {
    let demand = &policy.demand;
    let is_lower = only_here && demand.exposure.is_lower(Role::Listener, address);
    let complaint = |breach: Breach| {
        let weight = demand.weigh(breach.rule.0, breach.verdict, breach.versions, is_lower)?;
        let standing = policy.standing(breach.rule, breach.versions);
        Some(complaint(title, demand, breach, weight, standing, None))
    };
    breaches(scan, demand).filter_map(complaint).collect()
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
        standing: Standing::Open,
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
    breach: Breach,
    weight: Weight,
    standing: Standing,
    primary: Option<Label>,
) -> Observed {
    let Breach { rule, verdict, versions } = breach;
    let (does, said) = match verdict {
        Verdict::Exposed => ("accepted", format!("{} forbids this", demand.forbidden_by)),
        _ => ("not accepted", format!("{} requires this", demand.required_by)),
    };
    Observed {
        rule,
        standing,
        severity: weight.severity,
        verdict,
        target: target.to_owned(),
        versions,
        message: format!("{} {} {does}", versions.listed(), versions.verb()),
        primary,
        notes: std::iter::once(said).chain(weight.note).collect(),
        help: None,
    }
}
