//! How bad each finding is: the keys that a policy may use for it, and what they mean.

use crate::catalog::{self, Weighing};
use crate::finding::{Severity, Verdict};
use crate::tls::{Version, VersionSet};
use std::collections::BTreeMap;

/// The keys of [`Weighing::Effect`].
pub(super) const EFFECTS: &[(&str, Verdict)] = &[("exposed", Verdict::Exposed), ("latent", Verdict::Latent)];

/// A severity, or off.
pub(super) type Level = Option<Severity>;

/// The names of the levels.
pub(super) const LEVELS: [&str; 5] = ["note", "low", "medium", "high", "off"];

/// The level of a rule, of one of its effects (`None`: it has none), and of some versions.
#[derive(Clone, Copy, Debug)]
pub(super) struct LevelOf {
    pub(super) rule: &'static str,
    pub(super) effect: Option<Verdict>,
    pub(super) versions: VersionSet,
    pub(super) level: Level,
}

/// What a rule has where a policy does not say.
const UNSAID: Level = Some(Severity::Medium);

/// The level of that name: `note`, `low`, `medium`, `high`, `off`.
pub(super) fn level(name: &str) -> Option<Level> {
    match name {
        "note" => Some(Some(Severity::Note)),
        "low" => Some(Some(Severity::Low)),
        "medium" => Some(Some(Severity::Medium)),
        "high" => Some(Some(Severity::High)),
        "off" => Some(None),
        _ => None,
    }
}

/// A level for each rule, effect and version.
#[derive(Clone, Debug, Default)]
pub(super) struct Severities(BTreeMap<(&'static str, Option<Verdict>), [Level; Version::ALL.len()]>);

impl Severities {
    /// Sets the level of a rule, of one of its effects (`None`: it has none), and of some versions.
    pub(super) fn set(&mut self, rule: &'static str, effect: Option<Verdict>, versions: VersionSet, level: Level) {
        let levels = self.0.entry((rule, effect)).or_insert([UNSAID; Version::ALL.len()]);
        for version in versions.iter() {
            levels[version as usize] = level;
        }
    }

    /// The highest level of `versions`; where there is none, of all.
    pub(super) fn get(&self, rule: &str, verdict: Verdict, versions: VersionSet) -> Level {
        let Some(rule) = catalog::find(rule) else { return UNSAID };
        let effect = match (rule.weighing, verdict) {
            (Weighing::Effect, Verdict::Latent) => Some(Verdict::Latent),
            (Weighing::Effect, _) => Some(Verdict::Exposed),
            (Weighing::Plain | Weighing::Versions | Weighing::Fixed(_), _) => None,
        };
        let Some(levels) = self.0.get(&(rule.id.0, effect)) else { return UNSAID };
        let versions = if versions.is_empty() { VersionSet::ALL } else { versions };
        versions.iter().filter_map(|version| levels[version as usize]).max()
    }
}
