//! The verdict on one endpoint.

use crate::endpoint::{Answer, Speaks};
use crate::finding::Verdict;
use crate::policy::Policy;

/// The worst that can be said of an endpoint. What could not be decided is unknown, not guessed.
pub fn verdict(answer: &Answer, policy: &Policy) -> Verdict {
    if answer.speaks == Speaks::Unknown || !answer.unknown.is_empty() {
        return Verdict::Unknown;
    }
    if answer.speaks != Speaks::Tls || answer.refuses {
        return Verdict::Compliant;
    }
    if !answer.offered().and(policy.forbid).is_empty() {
        Verdict::Exposed
    } else if !policy.require.is_subset(answer.offered()) {
        Verdict::Missing
    } else if !answer.configured.value.and(policy.forbid).is_empty() {
        Verdict::Latent
    } else {
        Verdict::Compliant
    }
}
