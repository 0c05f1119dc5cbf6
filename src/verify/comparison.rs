//! One scan, compared with what a configuration promises.

use super::promise::Expected;
use crate::probe::Scan;
use crate::tls::VersionSet;

/// What a scan shows against a promise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comparison {
    /// Accepted, and not promised.
    pub extra: VersionSet,
    /// Promised at most, and refused.
    pub refused: VersionSet,
    /// Just these versions are promised: what is refused is lacking.
    pub is_exact: bool,
    /// Promised, and not clear.
    pub open: VersionSet,
}

impl Comparison {
    pub(super) fn of(expected: Expected, scan: &Scan) -> Comparison {
        let (promised, accepted) = (expected.versions(), scan.accepted());
        let open = promised.and(scan.inconclusive());
        Comparison {
            extra: accepted.minus(promised),
            refused: promised.minus(accepted).minus(open),
            is_exact: !matches!(expected, Expected::AtMost(_)),
            open,
        }
    }

    /// Promised for certain, and refused.
    pub(super) fn lacking(self) -> VersionSet {
        if self.is_exact { self.refused } else { VersionSet::EMPTY }
    }

    /// Is something certainly not as promised?
    pub(super) fn differs(self) -> bool {
        !self.extra.is_empty() || !self.lacking().is_empty()
    }

    /// Is it as promised, as far as that can be?
    pub(super) fn fits(self) -> bool {
        !self.differs() && (!self.is_exact || self.open.is_empty())
    }
}
