//! The verdict on one endpoint.

use super::group;
use crate::endpoint::{Answer, Speaks, Transport};
use crate::finding::Verdict;
use crate::policy::Demand;

/// The worst that can be said of what a client gets. What could not be decided is unknown, not guessed.
pub fn verdict(answer: &Answer, transport: Transport, demand: &Demand) -> Verdict {
    if answer.speaks == Speaks::Unknown || !answer.unknown.is_empty() {
        return Verdict::Unknown;
    }
    if answer.speaks != Speaks::Tls || answer.refuses {
        return Verdict::Compliant;
    }
    if !answer.offered().and(demand.forbid).is_empty() {
        Verdict::Exposed
    } else if !group::required(transport, demand).is_subset(answer.offered()) {
        Verdict::Missing
    } else if !answer.configured.value.and(demand.forbid).is_empty() {
        Verdict::Latent
    } else {
        Verdict::Compliant
    }
}
