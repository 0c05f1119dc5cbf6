//! One endpoint over a reload: what was promised and given before, what is promised now, and what came.

use super::super::comparison::Comparison;
use super::super::promise::Expected;
use crate::probe::{Reason, Scan};
use crate::tls::VersionSet;

/// What an endpoint is held against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expectation {
    /// What the old files promised.
    pub old: Expected,
    /// What the new files promise.
    pub new: Expected,
    /// What handshakes got before.
    pub had: VersionSet,
}

/// One look at it, after the reload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// No version is accepted at all, where some were.
    pub gone: bool,
    /// Configured still, accepted before, and refused now.
    pub lost: VersionSet,
    /// Promised for the first time, and refused.
    pub missing: VersionSet,
    /// Accepted, and not configured.
    pub extra: VersionSet,
    /// Refused as before, though the old files promised it too.
    pub known: VersionSet,
    /// Not clear, where it matters: promised now, or given before.
    pub open: VersionSet,
}

impl Expectation {
    /// Holds a scan against them.
    pub(super) fn look(self, scan: &Scan) -> Look {
        let (promised, accepted, unclear) = (self.new.versions(), scan.accepted(), scan.inconclusive());
        let comparison = Comparison::of(self.new, scan);
        let lost = comparison.refused.and(self.had);
        // Where the library's part is not known, the files promise nothing that was not there.
        let other = comparison.lacking().minus(self.had);
        let gone = accepted.is_empty() && !self.had.is_empty() && !promised.is_empty() && !was_cut_short(scan);
        Look {
            gone,
            lost,
            missing: other.minus(self.old.versions()),
            extra: comparison.extra,
            known: other.and(self.old.versions()),
            open: if gone { VersionSet::EMPTY } else { unclear.and(promised.union(self.had)) },
        }
    }

    /// Given before, and neither in the old files nor in the new ones: that was so before, and no reload is waited for
    /// to end it.
    pub(super) fn old_extra(self) -> VersionSet {
        self.had.minus(self.old.versions()).minus(self.new.versions())
    }

    /// Is it as far as it can come by waiting?
    pub(super) fn is_settled(self, look: Look) -> bool {
        !look.is_broken() && look.extra.minus(self.old_extra()).is_empty() && look.open.is_empty()
    }
}

impl Look {
    /// Is a promise broken?
    pub(super) fn is_broken(self) -> bool {
        self.gone || !self.lost.is_empty() || !self.missing.is_empty()
    }

    /// What two looks agree about against the server, and what either of them saw too much of.
    pub(super) fn both(self, other: Look) -> Look {
        Look {
            gone: self.gone && other.gone,
            lost: self.lost.and(other.lost),
            missing: self.missing.and(other.missing),
            extra: self.extra.union(other.extra),
            known: self.known.union(other.known),
            open: self.open.union(other.open),
        }
    }
}

/// Did something end the questions that does not speak against the server? A limit of connections or time is reached
/// only by questions that were not answered with a version.
fn was_cut_short(scan: &Scan) -> bool {
    let cut = |reason: &Reason| matches!(reason, Reason::Interrupted | Reason::RateLimited);
    scan.rows.iter().filter_map(|row| row.verdict.reason()).any(cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Row, Trouble, Verdict};
    use crate::tls::Version::{Tls1_1, Tls1_2, Tls1_3};
    use crate::tls::{Version, VersionSet};
    use std::io::ErrorKind;
    use std::time::Duration;

    fn set(versions: &[Version]) -> VersionSet {
        versions.iter().copied().collect()
    }

    /// A scan in which these are accepted, and all others have this verdict.
    fn scan(accepted: &[Version], otherwise: &Verdict) -> Scan {
        let row = |version: Version| {
            Row::bare(version, if accepted.contains(&version) { Verdict::Accepted } else { otherwise.clone() })
        };
        let unreachable = matches!(otherwise, Verdict::Inconclusive(Reason::Unreachable(_)));
        Scan {
            rows: [Tls1_1, Tls1_2, Tls1_3].map(row).to_vec(),
            trouble: unreachable.then_some(Trouble::Unreachable(Reason::Unreachable(ErrorKind::ConnectionRefused))),
            connections: 3,
            elapsed: Duration::ZERO,
        }
    }

    fn refused() -> Verdict {
        Verdict::Rejected(Reason::Alert(70))
    }

    /// The usual fix: TLSv1.1 goes, TLSv1.3 comes.
    fn usual() -> Expectation {
        Expectation {
            old: Expected::Exactly(set(&[Tls1_1, Tls1_2])),
            new: Expected::Exactly(set(&[Tls1_2, Tls1_3])),
            had: set(&[Tls1_1, Tls1_2]),
        }
    }

    #[test]
    fn what_is_promised_is_there() {
        let look = usual().look(&scan(&[Tls1_2, Tls1_3], &refused()));
        assert_eq!(look, Look::default());
        assert!(usual().is_settled(look));
    }

    #[test]
    fn not_reloaded() {
        let look = usual().look(&scan(&[Tls1_1, Tls1_2], &refused()));
        assert_eq!(look, Look { missing: set(&[Tls1_3]), extra: set(&[Tls1_1]), ..Look::default() });
        assert!(look.is_broken() && !usual().is_settled(look));
    }

    #[test]
    fn what_was_there_is_lost() {
        let look = usual().look(&scan(&[Tls1_3], &refused()));
        assert_eq!(look, Look { lost: set(&[Tls1_2]), ..Look::default() });
        // Also where it is not known what the library leaves of it.
        let expectation = Expectation { new: Expected::AtMost(set(&[Tls1_2, Tls1_3])), ..usual() };
        assert!(expectation.look(&scan(&[Tls1_3], &refused())).is_broken());
        assert_eq!(expectation.look(&scan(&[Tls1_2], &refused())), Look::default(), "that promises nothing new");
    }

    #[test]
    fn what_differed_before_is_nobodys_fault() {
        // TLSv1.3 was configured before, and not given.
        let both = Expected::Exactly(set(&[Tls1_2, Tls1_3]));
        let expectation = Expectation { old: both, new: both, had: set(&[Tls1_2]) };
        let look = expectation.look(&scan(&[Tls1_2], &refused()));
        assert_eq!(look, Look { known: set(&[Tls1_3]), ..Look::default() });
        assert!(!look.is_broken() && expectation.is_settled(look));
        // TLSv1.1 was given before, and not configured: said, and not waited for.
        let expectation = Expectation { had: set(&[Tls1_1, Tls1_2]), ..expectation };
        let look = expectation.look(&scan(&[Tls1_1, Tls1_2], &refused()));
        assert_eq!(look.extra, set(&[Tls1_1]));
        assert!(expectation.is_settled(look));
    }

    #[test]
    fn what_is_not_clear_breaks_no_promise() {
        let silent = Verdict::Inconclusive(Reason::Timeout);
        let look = usual().look(&scan(&[Tls1_2], &silent));
        assert_eq!(look, Look { open: set(&[Tls1_1, Tls1_3]), ..Look::default() });
        let interrupted = Verdict::Inconclusive(Reason::Interrupted);
        assert!(!usual().look(&scan(&[], &interrupted)).is_broken());
        // But who answered before, and to nothing at all now, is gone.
        let nobody = Verdict::Inconclusive(Reason::Unreachable(ErrorKind::ConnectionRefused));
        for otherwise in [silent, nobody] {
            assert!(usual().look(&scan(&[], &otherwise)).gone);
        }
    }

    #[test]
    fn a_name_that_is_refused_on_purpose_lacks_nothing() {
        let expectation = Expectation { new: Expected::Nothing, ..usual() };
        assert_eq!(expectation.look(&scan(&[], &refused())), Look::default());
        assert_eq!(expectation.look(&scan(&[Tls1_2], &refused())).extra, set(&[Tls1_2]));
    }

    #[test]
    fn one_look_alone_breaks_nothing() {
        let (bad, good) =
            (usual().look(&scan(&[Tls1_1, Tls1_2], &refused())), usual().look(&scan(&[Tls1_2, Tls1_3], &refused())));
        let both = bad.both(good);
        assert!(!both.is_broken());
        assert_eq!(both.extra, set(&[Tls1_1]), "what either accepts is accepted");
    }
}
