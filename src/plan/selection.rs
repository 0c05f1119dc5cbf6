//! Which fixes are wanted.

use crate::edit::Applicability;
use crate::engine::Audit;
use crate::finding::Finding;

/// How far fixes may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// No endpoint changes but those that the mended findings are about. The plan is held against that.
    #[default]
    Safe,
    /// Others may change too, and are listed.
    Unsafe,
}

impl Level {
    pub(super) fn takes(self, fix: Applicability) -> bool {
        let least = match self {
            Level::Safe => Applicability::Safe,
            Level::Unsafe => Applicability::Unsafe,
        };
        fix >= least
    }
}

/// Which fixes are wanted; by default all safe ones.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only those of these services, by their short names; empty: of all.
    pub services: Vec<String>,
    /// Only those of findings of these rules; empty: of all.
    pub rules: Vec<String>,
    /// How far they may go.
    pub level: Level,
    /// Also change files that a program generates?
    pub include_managed: bool,
}

impl Selection {
    /// Is the end of this finding wanted?
    pub fn wants(&self, audit: &Audit, finding: &Finding) -> bool {
        let service = || audit.instance_of(finding).map_or("", |instance| instance.service.0);
        let is_of = |rule: &String| finding.aspects().any(|aspect| rule == aspect.rule.0);
        let rule = self.rules.is_empty() || self.rules.iter().any(is_of);
        rule && (self.services.is_empty() || self.services.iter().any(|one| one == service()))
    }
}
