//! How bad each finding is: the keys that a policy may use for it, and what they mean.

use crate::finding::{Severity, Verdict};
use crate::tls::{Version, VersionSet};
use std::collections::BTreeMap;

/// What may be told apart within a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One severity.
    Plain,
    /// A severity for each version.
    Versions,
    /// A severity for `exposed` and for `latent`, each of which may be one for each version.
    Effect,
}

/// The keys under `severity`: the ids of the rules.
pub(super) const RULES: &[(&str, Shape)] = &[
    ("forbidden-version", Shape::Effect),
    ("missing-version", Shape::Versions),
    ("recommended-version", Shape::Versions),
    ("unknown", Shape::Plain),
    ("implicit-default", Shape::Plain),
    ("shadowed-directive", Shape::Plain),
    ("union-or-override", Shape::Plain),
    ("not-loaded", Shape::Plain),
    ("not-covered", Shape::Plain),
    ("expired-waiver", Shape::Plain),
    ("unused-waiver", Shape::Plain),
    ("invalid-waiver", Shape::Plain),
];

/// Rules that can't be waived: those about waivers, and the one that is about no line and no endpoint.
pub(super) const UNWAIVABLE: [&str; 4] = ["expired-waiver", "unused-waiver", "invalid-waiver", "not-covered"];

/// The keys of [`Shape::Effect`].
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
        let Some((name, shape)) = RULES.iter().find(|(name, _)| *name == rule) else { return UNSAID };
        let effect = match (shape, verdict) {
            (Shape::Effect, Verdict::Latent) => Some(Verdict::Latent),
            (Shape::Effect, _) => Some(Verdict::Exposed),
            (Shape::Plain | Shape::Versions, _) => None,
        };
        let Some(levels) = self.0.get(&(*name, effect)) else { return UNSAID };
        let versions = if versions.is_empty() { VersionSet::ALL } else { versions };
        versions.iter().filter_map(|version| levels[version as usize]).max()
    }
}
