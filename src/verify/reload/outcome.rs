//! What came of a reload: the answers after it, compared with what was promised and given before.

use super::super::asking::Seen;
use super::super::cause::{self, Evidence, Stranger};
use super::super::machine::Machine;
use super::super::promise::Promise;
use super::change::Reload;
use super::complaints::{self, Complaint, add};
use super::expectation::Expectation;
use crate::catalog::FORBIDDEN_VERSION;
use crate::engine::Audit;
use crate::finding::{Severity, Verdict};
use crate::probe::Scan;
use crate::rules::Demands;
use crate::tls::VersionSet;

/// An endpoint that answered before.
pub(super) struct Watched {
    /// Its target says how the server wants to be asked.
    pub promise: Promise,
    pub expectation: Expectation,
    /// The service's own program was seen to listen there.
    pub own: bool,
}

impl Watched {
    /// Somebody else who listens there now.
    pub(super) fn stranger(&self, reload: &Reload<'_>, machine: &Machine<'_>) -> Option<Stranger> {
        cause::stranger(&self.promise, machine.evidence(&self.promise, reload.show))
    }
}

/// What came of the promises.
#[derive(Debug, Default)]
pub struct ReloadOutcome {
    /// So many endpoints give what is promised.
    pub fine: usize,
    /// Promises that are broken: the old files were better.
    pub broken: Vec<Complaint>,
    /// Versions that are accepted, and not configured.
    pub drift: Vec<Complaint>,
    /// The severity of the worst of these.
    pub worst: Option<Severity>,
    /// What was not to be found out.
    pub open: Vec<Complaint>,
    /// What is not as configured, and was not before.
    pub known: Vec<Complaint>,
    /// It was ended before all was clear.
    pub interrupted: bool,
}

/// Compares the last two scans of each endpoint with its promise.
pub(super) fn judge(reload: &Reload<'_>, watched: &[Watched], seen: &[Seen], machine: &Machine<'_>) -> ReloadOutcome {
    let audit = reload.after;
    let demands: Vec<Demands> =
        audit.instances().map(|instance| Demands::new(reload.policy, None, instance, &audit.sources)).collect();
    let mut outcome = ReloadOutcome::default();
    for (one, seen) in watched.iter().zip(seen) {
        let Watched { promise, expectation, own } = one;
        let at = promise.title();
        let (Some(last), Some(other)) = (&seen.last, &seen.before_that) else {
            add(&mut outcome.open, at, "there was no time to ask".to_owned(), Vec::new());
            continue;
        };
        let (now, then) = (expectation.look(last), expectation.look(other));
        let look = now.both(then);
        let evidence = machine.evidence(promise, reload.show);
        let stranger = cause::stranger(promise, evidence);
        if look.is_broken() {
            let causes = match stranger {
                Some(stranger) => vec![stranger.who],
                // There is no TLS at all.
                None if look.gone => {
                    cause::not_reloaded(promise, evidence).into_iter().map(|cause| cause.text).collect()
                }
                None => of_difference(promise, last, evidence),
            };
            add(&mut outcome.broken, at, complaints::broken(look, last, expectation.had), causes);
        } else if let Some(Stranger { what, who }) = stranger {
            // It may answer just what is promised, and whoever did before is gone all the same.
            let complaints = if *own { &mut outcome.broken } else { &mut outcome.open };
            add(complaints, at, what, vec![who]);
        } else if !look.extra.is_empty() {
            outcome.worst = outcome.worst.max(Some(severity(audit, &demands, promise, look.extra)));
            let scan = if now.extra.is_empty() { other } else { last };
            add(&mut outcome.drift, at, complaints::extra(look.extra), of_difference(promise, scan, evidence));
        } else if now.is_broken() || then.is_broken() {
            let what = "the answers change from one handshake to the next".to_owned();
            add(&mut outcome.open, at, what, Vec::new());
        } else if !look.open.is_empty() {
            add(&mut outcome.open, at, complaints::open(look.open, last), Vec::new());
        } else if !look.known.is_empty() {
            add(&mut outcome.known, at, complaints::known(look.known), Vec::new());
        } else {
            outcome.fine += 1;
        }
    }
    outcome
}

/// How bad it is that an endpoint gives versions that are no longer configured: as the policy says of those that it forbids.
fn severity(audit: &Audit, demands: &[Demands], promise: &Promise, extra: VersionSet) -> Severity {
    let demand = demands[promise.instance].of_endpoint(promise.endpoint);
    let forbidden = extra.and(demand.forbid).minus(audit.kept[promise.instance][promise.endpoint]);
    let endpoint = &audit.resolved[promise.instance].instance().endpoints[promise.endpoint];
    let is_lower = demand.exposure.is_lower(endpoint.role, &endpoint.address);
    let weigh = || demand.weigh(FORBIDDEN_VERSION.0, Verdict::Exposed, forbidden, is_lower);
    let worse = (!forbidden.is_empty()).then(weigh).flatten().map(|weight| weight.severity);
    worse.unwrap_or(Severity::Medium)
}

/// The likely causes of other versions.
fn of_difference(promise: &Promise, scan: &Scan, evidence: Evidence<'_>) -> Vec<String> {
    cause::of_difference(promise, scan, evidence).into_iter().map(|cause| cause.text).collect()
}

/// The servers none of whose workers has started since its files were changed.
pub(super) fn not_reloaded(reload: &Reload<'_>, watched: &[Watched], machine: &Machine<'_>) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for Watched { promise, .. } in watched {
        if let Some(what) = cause::none_reloaded(promise, machine.evidence(promise, reload.show)) {
            add(&mut complaints, promise.title(), what.text, Vec::new());
        }
    }
    complaints
}
