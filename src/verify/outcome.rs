//! What came of a promise: what handshakes got, held against what they should get.

use super::comparison::Comparison;
use super::promise::{Expected, Promise};
use crate::finding::Observed;
use crate::probe::{Reason, Scan};

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

pub(super) fn outcome(promise: &Promise, scan: &Scan, steady: bool) -> Outcome {
    let (expected, open) = (promise.expected, scan.inconclusive());
    if scan.trouble.is_some() {
        return Outcome::Unreachable;
    }
    if !steady {
        return Outcome::Mixed;
    }
    match expected {
        // More than promised is a difference, whatever else is open; less, only what was really refused.
        _ if Comparison::of(expected, scan).differs() => Outcome::Differs,
        Expected::Nothing if only_refused(scan) => Outcome::Agrees,
        Expected::Nothing => Outcome::Inconclusive,
        _ if !open.is_empty() => Outcome::Inconclusive,
        Expected::Exactly(_) => Outcome::Agrees,
        // Only the library's part was not known, and it takes nothing away.
        Expected::AtMost(versions) if scan.accepted() == versions && promise.answer.unknown.is_empty() => {
            Outcome::Agrees
        }
        Expected::AtMost(_) => Outcome::Possible,
    }
}

/// Is what is open only that the server does not know the name? That is how it refuses on purpose.
fn only_refused(scan: &Scan) -> bool {
    let open = scan.rows.iter().filter(|row| scan.inconclusive().has(row.version));
    open.map(|row| row.verdict.reason()).all(|reason| matches!(reason, Some(Reason::Name(_) | Reason::OtherName(_))))
}
