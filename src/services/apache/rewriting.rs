//! What directives say to `mod_rewrite`, and the variables that `SetEnvIf` sets.

use super::path_sections::PathSection;
use super::paths::matches_all;
use crate::services::place::Place;
use std::collections::BTreeMap;

/// A `RewriteRule`.
#[derive(Clone, Debug)]
pub(super) struct RewriteRule {
    pub(super) section: Option<PathSection>,
    /// Where it leads, if it proxies (`[P]`).
    pub(super) target: Option<String>,
    pub(super) place: Place,
    /// What it sets: `[E=name:value]`.
    pub(super) environment: Vec<(String, String)>,
    /// Does it act on every request, and are the rules after it tried all the same?
    pub(super) is_always: bool,
    pub(super) goes_on: bool,
    /// Do the rules start again after it (`[N]`)?
    pub(super) repeats: bool,
}

/// Which rules of others count: `RewriteOptions`.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the directive")]
pub(super) struct InheritOptions {
    pub(super) is_set: bool,
    pub(super) inherit: bool,
    pub(super) before: bool,
    pub(super) down: bool,
    pub(super) down_before: bool,
    pub(super) ignore: bool,
}

impl InheritOptions {
    pub(super) fn add(&mut self, word: &str) {
        self.is_set = true;
        match word.to_ascii_lowercase().as_str() {
            "inherit" => self.inherit = true,
            "inheritbefore" => self.before = true,
            "inheritdown" => self.down = true,
            "inheritdownbefore" => self.down_before = true,
            "ignoreinherit" => self.ignore = true,
            _ => {}
        }
    }
}

/// The directives of `mod_rewrite` in a section.
#[derive(Clone, Debug)]
pub(super) struct InSection {
    pub(super) section: PathSection,
    pub(super) engine: Option<bool>,
    pub(super) options: InheritOptions,
}

/// A variable that `SetEnvIf` sets.
#[derive(Clone, Debug)]
pub(super) struct SetVariable {
    pub(super) name: String,
    pub(super) value: String,
    /// Is it set in a section, which rules outside of sections are too early for?
    pub(super) in_section: bool,
    pub(super) is_always: bool,
}

/// What a server says to `mod_rewrite`.
#[derive(Clone, Debug, Default)]
pub(super) struct Rewriting {
    pub(super) engine: Option<bool>,
    /// Is there any directive of it, sections included?
    pub(super) is_used: bool,
    pub(super) options: InheritOptions,
    pub(super) rules: Vec<RewriteRule>,
    pub(super) sections: Vec<InSection>,
    /// These, by where they begin.
    pub(super) places: BTreeMap<Place, Vec<usize>>,
    /// A `RewriteCond` waits for its rule.
    pub(super) has_condition: bool,
    pub(super) variables: Vec<SetVariable>,
}

/// The flags of a `RewriteRule`: `[NC,P,E=name:value]`.
fn split_flags(words: &[String]) -> Vec<&str> {
    let flags = words.get(2).map_or("", |flags| flags.trim_matches(['[', ']']));
    flags.split(',').map(str::trim).filter(|flag| !flag.is_empty()).collect()
}

/// Is one of these flags among them?
fn has(flags: &[&str], names: &[&str]) -> bool {
    let name = |flag: &str| flag.split_once('=').map_or(flag, |(name, _)| name).to_ascii_lowercase();
    flags.iter().any(|flag| names.contains(&name(flag).as_str()))
}

/// Where a rule leads, if it proxies.
pub(super) fn rule_target(words: &[String]) -> Option<&str> {
    let target = words.get(1).filter(|target| *target != "-")?;
    has(&split_flags(words), &["p", "proxy"]).then_some(target)
}

impl RewriteRule {
    pub(super) fn of(words: &[String], section: Option<PathSection>, has_condition: bool, place: Place) -> RewriteRule {
        let flags = split_flags(words);
        let values = flags.iter().filter_map(|flag| flag.split_once('='));
        let values = values.filter(|(flag, _)| matches!(flag.to_ascii_lowercase().as_str(), "e" | "env"));
        let values = values.filter_map(|(_, text)| text.split_once(':'));
        let ends = [
            "l",
            "last",
            "p",
            "proxy",
            "r",
            "redirect",
            "f",
            "forbidden",
            "g",
            "gone",
            "end",
            "s",
            "skip",
            "c",
            "chain",
        ];
        RewriteRule {
            section,
            target: rule_target(words).map(str::to_owned),
            place,
            environment: values.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            is_always: !has_condition && words.first().is_some_and(|pattern| matches_all(pattern)),
            goes_on: !has(&flags, &ends),
            repeats: has(&flags, &["n", "next"]),
        }
    }
}

impl Rewriting {
    /// Does it say nothing?
    pub(super) fn is_empty(&self) -> bool {
        !self.is_used && self.variables.is_empty()
    }

    /// The directives of a section, by index: each section that is written is one.
    pub(super) fn in_section(&mut self, section: &PathSection) -> usize {
        if let Some(at) = self.find(section) {
            return at;
        }
        self.places.entry(section.place).or_default().push(self.sections.len());
        self.sections.push(InSection { section: section.clone(), engine: None, options: InheritOptions::default() });
        self.sections.len() - 1
    }

    pub(super) fn find(&self, section: &PathSection) -> Option<usize> {
        self.places.get(&section.place)?.iter().copied().find(|at| self.sections[*at].section == *section)
    }

    /// How much there is.
    pub(super) fn len(&self) -> usize {
        self.rules.len() + self.sections.len() + self.variables.len()
    }

    /// Its first rule.
    pub(super) fn first(&self) -> Option<Place> {
        self.rules.first().map(|rule| rule.place)
    }
}

/// The name of the variable that a URL begins with, and what follows it: `%{ENV:name}...`.
pub(super) fn variable(url: &str) -> Option<(&str, &str)> {
    let (kind, rest) = url.strip_prefix("%{").and_then(|rest| rest.split_once(':'))?;
    rest.split_once('}').filter(|_| kind.eq_ignore_ascii_case("env"))
}
