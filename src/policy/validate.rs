//! From the tree of a policy's text to a [`Policy`], or to all that is wrong with it.

use super::conflicts::{self, Part};
use super::demand::{By, Changes, Said};
use super::error::Complaint;
use super::profiles::Profile;
use super::raw::{Node, Value};
use super::reader::Reader;
use super::severity::{self, EFFECTS, LEVELS, LevelOf};
use super::spelling::{list, quoted, suggest};
use super::{About, Override, Policy, ScopeIndex};
use crate::catalog::{self, Weighing};
use crate::finding::Verdict;
use crate::tls::{Version, VersionSet};
use std::ops::Range;

/// The keys of a policy.
pub(super) const KEYS: [&str; 9] =
    ["about", "extends", "forbid", "require", "recommend", "severity", "exposure", "overrides", "waivers"];
/// The keys of an entry of `overrides`.
pub(super) const OVERRIDE_KEYS: [&str; 5] = ["match", "forbid", "require", "recommend", "severity"];
/// The keys of `about`.
pub(super) const ABOUT_KEYS: [&str; 5] = ["title", "source", "version", "date", "note"];
/// The keys of `exposure`.
pub(super) const EXPOSURE_KEYS: [&str; 2] = ["loopback", "unix-socket"];
/// The values of those.
pub(super) const EXPOSURES: [&str; 2] = ["lower", "same"];

/// Reads a policy that stands on `base`, if that is given, and on what it extends.
pub(super) fn policy(root: &Node, text: &str, by: By, base: Option<Policy>) -> Result<Policy, Vec<Complaint>> {
    let mut reader = Builder { reader: Reader::new(text), by: by.clone() };
    let policy = reader.policy(root, base, by);
    let complaints = reader.reader.complaints;
    if complaints.is_empty() { Ok(policy) } else { Err(complaints) }
}

pub(super) struct Builder<'a> {
    pub(super) reader: Reader<'a>,
    by: By,
}

impl Builder<'_> {
    fn policy(&mut self, root: &Node, base: Option<Policy>, by: By) -> Policy {
        let entries = self.reader.entries(root, &KEYS, "a policy");
        let mut policy = base.unwrap_or_else(Policy::nothing);
        if let Some(extends) = entries.iter().find(|entry| entry.key == "extends") {
            let name = self.reader.choice(extends.value, "a profile", "profiles", &Profile::names());
            // Nothing can stand against what an unknown profile says.
            policy = name.and_then(Policy::profile).unwrap_or_else(Policy::nothing);
        }
        policy.name = match by {
            By::File(name) => name,
            By::Profile(name) => name.to_owned(),
        };
        policy.about = About::default();
        let mut own = Changes::default();
        let mut parts = Vec::new();
        for entry in &entries {
            match entry.key {
                "about" => policy.about = self.about(entry.value),
                "exposure" => self.exposure(entry.value, &mut own),
                "overrides" => {
                    for node in self.items(entry.value, "overrides") {
                        parts.extend(self.part(node));
                    }
                }
                "waivers" => {
                    for node in self.items(entry.value, "waivers") {
                        policy.waivers.extend(self.waiver(node));
                    }
                }
                "extends" => {}
                key => self.change(key, entry.range.clone(), entry.value, &mut own),
            }
        }
        self.reader.complaints.extend(conflicts::find(&policy.base, &own, &parts));
        own.apply(&mut policy.base);
        let sound = |part: Part| part.scope.map(|scope| Override { line: part.line, scope, changes: part.changes });
        policy.overrides.extend(parts.into_iter().filter_map(sound));
        policy.index = ScopeIndex::new(policy.overrides.iter().map(|one| &one.scope).enumerate());
        policy
    }

    /// One of the keys that a policy and its overrides share.
    fn change(&mut self, key: &str, range: Range<usize>, value: &Node, changes: &mut Changes) {
        let list = match key {
            "forbid" => &mut changes.forbid,
            "require" => &mut changes.require,
            "recommend" => &mut changes.recommend,
            _ => return self.severities(value, &mut changes.severities),
        };
        // A list that can't be read takes the place of the profile's all the same: that one contradicts nothing.
        let unread = |builder: &Self| {
            let list = builder.reader.place(range.clone());
            (VersionSet::EMPTY, Said { by: builder.by.clone(), list, words: Vec::new() })
        };
        *list = Some(self.versions(range.clone(), value).unwrap_or_else(|| unread(self)));
    }

    fn about(&mut self, node: &Node) -> About {
        let mut about = About::default();
        for entry in self.reader.entries(node, &ABOUT_KEYS, "`about`") {
            let words = self.reader.words(entry.value, "a text");
            match entry.key {
                "title" => about.title = words,
                "source" => about.source = words,
                "version" => about.version = words,
                "date" => about.date = words,
                _ => about.note = words,
            }
        }
        about
    }

    fn exposure(&mut self, node: &Node, changes: &mut Changes) {
        for entry in self.reader.entries(node, &EXPOSURE_KEYS, "`exposure`") {
            let choice = self.reader.choice(entry.value, "a word", "words", &EXPOSURES);
            let lower = choice.map(|word| word == EXPOSURES[0]);
            match entry.key {
                "loopback" => changes.loopback = lower,
                _ => changes.unix_socket = lower,
            }
        }
    }

    /// The entries of a list of maps.
    fn items<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            other => {
                let message = format!("`{what}` is a list, and this is {}", other.kind());
                self.reader.complain(message, node).help = Some("begin each entry with `- `".to_owned());
                &[]
            }
        }
    }

    fn part(&mut self, node: &Node) -> Option<Part> {
        let entries = self.reader.entries(node, &OVERRIDE_KEYS, "an override");
        let mut changes = Changes::default();
        let mut scope = None;
        for entry in &entries {
            match entry.key {
                "match" => scope = self.scope(entry.value),
                key => self.change(key, entry.range.clone(), entry.value, &mut changes),
            }
        }
        if !matches!(node.value, Value::Map(_)) {
            return None;
        }
        let at = first_key(node);
        if !entries.iter().any(|entry| entry.key == "match") {
            self.reader.complain_at("an override needs a key `match` that says what it is about", at.clone());
        }
        if !entries.iter().any(|entry| entry.key != "match") {
            let help = format!("its keys are {}", list(&OVERRIDE_KEYS[1..]));
            self.reader.complain_at("this override changes nothing", at.clone()).help = Some(help);
        }
        Some(Part { line: self.reader.place(at).line, scope, changes })
    }

    pub(super) fn versions(&mut self, key: Range<usize>, node: &Node) -> Option<(VersionSet, Said)> {
        let Value::List(items) = &node.value else {
            let message = format!("expected a list of versions, found {}", node.value.kind());
            let at = if matches!(node.value, Value::Null) { key } else { node.range.clone() };
            self.reader.complain_at(message, at).help =
                Some("write it like `[TLSv1.2, TLSv1.3]`, or `[]` for none".into());
            return None;
        };
        let mut words: Vec<(Version, super::Place)> = Vec::new();
        for item in items {
            let Some(version) = self.version(item) else { continue };
            if words.iter().any(|(v, _)| *v == version) {
                self.reader.complain(format!("{version} is in this list already"), item);
            }
            words.push((version, self.reader.place(item.range.clone())));
        }
        let versions = words.iter().map(|(version, _)| *version).collect();
        // A list of YAML has no end of its own here: it ends with its last word, or the bracket after that.
        let last = items.last().map_or(node.range.end, |item| item.range.end);
        let rest = self.reader.text.get(last..).unwrap_or_default();
        let bracket = rest.find(|c: char| !c.is_whitespace()).filter(|i| rest[*i..].starts_with(']'));
        let list = self.reader.place(key.start..last.max(key.end) + bracket.map_or(0, |i| i + 1));
        Some((versions, Said { by: self.by.clone(), list, words }))
    }

    fn version(&mut self, node: &Node) -> Option<Version> {
        let written = self.reader.text.get(node.range.clone()).unwrap_or_default();
        let names = Version::ALL.map(Version::name);
        let name = match &node.value {
            Value::Text(name) => name,
            Value::Number => written,
            other => {
                let message = format!("expected a version, found {}", other.kind());
                self.reader.complain(message, node).help = Some(format!("the versions are {}", list(&names)));
                return None;
            }
        };
        let version = Version::from_name(name.as_bytes());
        if version.is_none() {
            let help = suggest(name, &names).unwrap_or_else(|| format!("the versions are {}", list(&names)));
            self.reader.complain(format!("unknown version {}", quoted(name)), node).help = Some(help);
        }
        version
    }

    fn severities(&mut self, node: &Node, levels: &mut Vec<LevelOf>) {
        let names: Vec<&'static str> = catalog::weighed().map(|rule| rule.id.0).collect();
        for entry in self.reader.entries(node, &names, "`severity`") {
            let rule = entry.key;
            let weighing = catalog::find(rule).map_or(Weighing::Plain, |rule| rule.weighing);
            let what = format!("`{rule}`");
            let mut set = |versions, level| levels.push(LevelOf { rule, effect: None, versions, level });
            match weighing {
                Weighing::Plain | Weighing::Fixed(_) => self.levels(entry.value, &what, false, &mut set),
                Weighing::Versions => self.levels(entry.value, &what, true, &mut set),
                Weighing::Effect => self.effects(entry.value, rule, levels),
            }
        }
    }

    fn effects(&mut self, node: &Node, rule: &'static str, levels: &mut Vec<LevelOf>) {
        if !matches!(node.value, Value::Map(_)) {
            return self.levels(node, &format!("`{rule}`"), false, &mut |versions, level| {
                levels.extend(EFFECTS.iter().map(|(_, effect)| LevelOf {
                    rule,
                    effect: Some(*effect),
                    versions,
                    level,
                }));
            });
        }
        let names: Vec<&'static str> = EFFECTS.iter().map(|(name, _)| *name).collect();
        for entry in self.reader.entries(node, &names, &format!("`{rule}`")) {
            let effect = EFFECTS.iter().find(|(n, _)| *n == entry.key).map_or(Verdict::Exposed, |(_, effect)| *effect);
            self.levels(entry.value, &format!("`{}`", entry.key), true, &mut |versions, level| {
                levels.push(LevelOf { rule, effect: Some(effect), versions, level });
            });
        }
    }

    /// Reads one level for all versions, or (where that is allowed) a map from versions to levels.
    fn levels(&mut self, node: &Node, what: &str, by_version: bool, set: &mut dyn FnMut(VersionSet, severity::Level)) {
        if by_version && matches!(node.value, Value::Map(_)) {
            for entry in self.reader.entries(node, &Version::ALL.map(Version::name), what) {
                let versions = Version::from_name(entry.key.as_bytes()).into_iter().collect();
                if let Some(level) = self.level(entry.value) {
                    set(versions, level);
                }
            }
        } else if let Some(level) = self.level(node) {
            set(VersionSet::ALL, level);
        }
    }

    fn level(&mut self, node: &Node) -> Option<severity::Level> {
        self.reader.choice(node, "a severity", "severities", &LEVELS).and_then(severity::level)
    }
}

/// Where an entry of a list begins: a map has no place of its own that could be shown.
pub(super) fn first_key(node: &Node) -> Range<usize> {
    match &node.value {
        Value::Map(map) => map.first().map_or(node.range.clone(), |(key, _)| key.range.clone()),
        _ => node.range.clone(),
    }
}
