//! What came of a promise: what handshakes got, held against what they should get.

use super::promise::{Expected, Promise};
use crate::finding::Observed;
use crate::probe::{Reason, Scan};
use crate::tls::VersionSet;

/// What came of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server does as its configuration says.
    Agrees,
    /// It does not, or another one answers.
    Differs,
    /// Its answers change from one handshake to the next.
    Mixed,
    /// What should come is not known exactly; what came is possible.
    Possible,
    /// What came does not tell.
    Inconclusive,
    /// Nothing answers there with TLS.
    Unreachable,
}

impl Outcome {
    /// All of them, worst first.
    pub const ALL: [Outcome; 6] = [
        Outcome::Differs,
        Outcome::Unreachable,
        Outcome::Mixed,
        Outcome::Inconclusive,
        Outcome::Possible,
        Outcome::Agrees,
    ];

    /// The word used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Agrees => "agrees",
            Outcome::Differs => "differs",
            Outcome::Mixed => "mixed",
            Outcome::Possible => "possible",
            Outcome::Inconclusive => "inconclusive",
            Outcome::Unreachable => "unreachable",
        }
    }
}

/// A promise, and what came of it.
pub struct Checked {
    /// The promise; its target says how the server wanted to be asked.
    pub promise: Promise,
    /// The last scan.
    pub scan: Scan,
    /// What came of it.
    pub outcome: Outcome,
    /// Another program, or another instance, has answered.
    pub by_another: bool,
    /// The complaints: differences, and what the policy forbids or requires.
    pub observed: Vec<Observed>,
}

/// Is this what should come?
pub(super) fn fits(expected: Expected, observed: VersionSet) -> bool {
    match expected {
        Expected::Exactly(versions) => observed == versions,
        Expected::AtMost(versions) => observed.is_subset(versions),
        Expected::Nothing => observed.is_empty(),
    }
}

pub(super) fn outcome(promise: &Promise, scan: &Scan, steady: bool) -> Outcome {
    let (expected, observed, open) = (promise.expected, scan.accepted(), scan.inconclusive());
    if scan.trouble.is_some() {
        return Outcome::Unreachable;
    }
    if !steady {
        return Outcome::Mixed;
    }
    match expected {
        // More than promised is a difference, whatever else is open; less, only what was really refused.
        Expected::Exactly(versions) if !observed.is_subset(versions) => Outcome::Differs,
        Expected::Exactly(versions) if !versions.minus(observed).minus(open).is_empty() => Outcome::Differs,
        Expected::Exactly(_) if !open.is_empty() => Outcome::Inconclusive,
        Expected::Exactly(_) => Outcome::Agrees,
        Expected::AtMost(versions) if !observed.is_subset(versions) => Outcome::Differs,
        Expected::AtMost(_) if !open.is_empty() => Outcome::Inconclusive,
        // Only the library's part was not known, and it takes nothing away.
        Expected::AtMost(versions) if observed == versions && promise.answer.unknown.is_empty() => Outcome::Agrees,
        Expected::AtMost(_) => Outcome::Possible,
        Expected::Nothing if !observed.is_empty() => Outcome::Differs,
        Expected::Nothing if only_refused(scan) => Outcome::Agrees,
        Expected::Nothing => Outcome::Inconclusive,
    }
}

/// Is what is open only that the server does not know the name? That is how it refuses on purpose.
fn only_refused(scan: &Scan) -> bool {
    let open = scan.rows.iter().filter(|row| scan.inconclusive().has(row.version));
    open.map(|row| row.verdict.reason()).all(|reason| matches!(reason, Some(Reason::Name(_) | Reason::OtherName(_))))
}
