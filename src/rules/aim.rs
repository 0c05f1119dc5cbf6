//! What a fix may change: what the policy calls a finding, of the rules that are to be fixed.

use super::Subject;
use crate::catalog::{FORBIDDEN_VERSION, MISSING_VERSION};
use crate::finding::{RuleId, Verdict};
use crate::policy::Demand;
use crate::tls::{Version, VersionSet};

/// Which versions a fix takes away, and which it brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Aim {
    /// Those that must go.
    pub remove: VersionSet,
    /// Those that must be there.
    add: VersionSet,
    /// Those that must be there where nothing else would be left.
    least: VersionSet,
}

impl Aim {
    /// What the fix of a finding by `rule` is to reach. One line is mended for all that is selected at once: who selects
    /// the forbidden versions only, is given no new ones, and who turns them off keeps them. `own`: versions that the finding
    /// is about, whichever rule they break. `effect`: would a forbidden version be exposed there, or latent?
    pub(super) fn of(
        subject: Subject<'_>,
        demand: &Demand,
        (rule, own): (RuleId, VersionSet),
        effect: impl Fn(Version) -> Verdict,
    ) -> Aim {
        let counts = |of: RuleId, version: Version, verdict: Verdict| {
            let is_wanted = of == rule || own.has(version) || subject.selects(of);
            is_wanted && demand.severity(of.0, verdict, VersionSet::of(&[version])).is_some()
        };
        let forbidden = demand.forbid.iter().filter(|version| counts(FORBIDDEN_VERSION, *version, effect(*version)));
        let missing = demand.require.iter().filter(|version| counts(MISSING_VERSION, *version, Verdict::Missing));
        Aim { remove: forbidden.collect(), add: missing.collect(), least: demand.require }
    }

    /// The same for a line that decides nothing: it would expose what it names.
    pub(super) fn of_line(subject: Subject<'_>, demand: &Demand, about: (RuleId, VersionSet)) -> Aim {
        Aim::of(subject, demand, about, |_| Verdict::Exposed)
    }

    /// What a line that is left with some versions gets besides, as far as server and library can. One that would name
    /// nothing gets what must be there, whatever is wanted.
    pub(super) fn brings(self, subject: Subject<'_>, left: VersionSet) -> VersionSet {
        let add = if left.is_empty() { self.least } else { self.add };
        add.and(subject.instance.ability.versions)
    }
}
