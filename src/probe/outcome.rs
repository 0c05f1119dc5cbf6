//! What was found at an endpoint: a row for each version, or why there is none.

use super::classify::Hit;
use super::limits::Depth;
use super::order::Order;
use super::reason::{Reason, Verdict};
use crate::tls::{Version, VersionSet};
use std::time::Duration;

/// What was found of a version.
#[derive(Clone, Debug)]
pub struct Row {
    /// The version.
    pub version: Version,
    /// Whether it is spoken.
    pub verdict: Verdict,
    /// The suites, in the order in which the server chose them; all of them, if `complete`.
    pub suites: Vec<Hit>,
    /// SSLv2: the names of the kinds of cipher.
    pub kinds: Vec<&'static str>,
    /// Whose order decides; `None`: not asked, or there are not two suites.
    pub order: Option<Order>,
    /// The compression method that was chosen when one was offered; `None`: not asked.
    pub compression: Option<u8>,
    /// Were all suites asked about, and did the answers tell?
    pub complete: bool,
    /// Why there may be more suites than these.
    pub gap: Option<Reason>,
    /// Remarks, as lowercase fragments.
    pub notes: Vec<&'static str>,
}

impl Row {
    /// Its version was given by something else than the hellos that asked for it: what that got is no answer about all
    /// suites.
    pub(super) fn accept(&mut self, hit: Hit, note: &'static str) {
        if self.verdict != Verdict::Accepted {
            self.verdict = Verdict::Accepted;
            self.complete = false;
            self.suites.push(hit);
            self.notes.push(note);
        }
    }

    /// Were its suites asked about, and not all of them answered? (`depth`: what was asked.)
    pub fn lacks_suites(&self, depth: Depth) -> bool {
        depth == Depth::Ciphers && self.verdict == Verdict::Accepted && !self.complete
    }
}

#[cfg(test)]
impl Row {
    /// A verdict without suites.
    pub(crate) fn bare(version: Version, verdict: Verdict) -> Row {
        Row {
            version,
            verdict,
            suites: Vec::new(),
            kinds: Vec::new(),
            order: None,
            compression: None,
            complete: false,
            gap: None,
            notes: Vec::new(),
        }
    }
}

/// What keeps an endpoint from being probed at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is no connection.
    Unreachable(Reason),
    /// Something else than TLS is spoken.
    NotTls(Reason),
    /// The upgrade to TLS is refused.
    StartTls(Reason),
}

impl Trouble {
    /// The reason behind it.
    pub fn reason(&self) -> &Reason {
        match self {
            Trouble::Unreachable(reason) | Trouble::NotTls(reason) | Trouble::StartTls(reason) => reason,
        }
    }
}

/// What was found at an endpoint.
#[derive(Clone, Debug)]
pub struct Scan {
    /// A row for each version, oldest first.
    pub rows: Vec<Row>,
    /// Why nothing could be found.
    pub trouble: Option<Trouble>,
    /// Connections that were made, or tried.
    pub connections: u32,
    /// How long it took.
    pub elapsed: Duration,
}

impl Scan {
    /// The versions that are accepted.
    pub fn accepted(&self) -> VersionSet {
        self.of(|verdict| *verdict == Verdict::Accepted)
    }

    /// The versions of which nobody knows.
    pub fn inconclusive(&self) -> VersionSet {
        self.of(|verdict| matches!(verdict, Verdict::Inconclusive(_)))
    }

    /// The versions that the server refuses.
    pub fn rejected(&self) -> VersionSet {
        self.of(|verdict| matches!(verdict, Verdict::Rejected(_)))
    }

    /// Does one scan say "accepted" of what the other one calls rejected? What one leaves open contradicts nothing.
    pub fn contradicts(&self, other: &Scan) -> bool {
        let both = self.accepted().and(other.rejected()).union(other.accepted().and(self.rejected()));
        !both.is_empty()
    }

    /// Is something open, be it a version or the suites of one? (`depth`: what was asked.)
    pub fn is_open(&self, depth: Depth) -> bool {
        !self.inconclusive().is_empty() || self.rows.iter().any(|row| row.lacks_suites(depth))
    }

    /// Does the server hang up on every hello, so that it may want something that they do not have?
    pub fn hangs_up(&self) -> bool {
        let is_silent = |row: &Row| matches!(row.verdict.reason(), Some(Reason::Closed | Reason::Reset));
        !self.rows.is_empty() && self.rows.iter().all(is_silent)
    }

    /// The row of a version.
    pub fn row(&self, version: Version) -> Option<&Row> {
        self.rows.iter().find(|row| row.version == version)
    }

    fn of(&self, keep: impl Fn(&Verdict) -> bool) -> VersionSet {
        self.rows.iter().filter(|row| keep(&row.verdict)).map(|row| row.version).collect()
    }
}
