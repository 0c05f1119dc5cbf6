//! From the tree of a policy's text to a [`Policy`], or to all that is wrong with it.

use super::error::{Complaint, line_column};
use super::raw::{Node, Value};
use super::severity::{self, EFFECTS, RULES, Severities, Shape};
use super::spelling::{list, quoted, suggest};
use super::{Demand, Place, Policy};
use crate::finding::Verdict;
use crate::tls::{Version, VersionSet};
use std::ops::Range;

const KEYS: [&str; 3] = ["forbid", "require", "severity"];
const LEVELS: [&str; 4] = ["low", "medium", "high", "off"];

/// Reads the built-in profile, which has all keys.
pub(super) fn built_in(root: &Node, text: &str) -> Result<Policy, Vec<Complaint>> {
    let nothing = Place { range: 0..0, line: 1, column: 1 };
    let nobody = Demand { file: None, list: nothing, words: Vec::new() };
    let empty = Policy {
        name: Policy::DEFAULT_NAME.to_owned(),
        text: None,
        forbid: VersionSet::EMPTY,
        require: VersionSet::EMPTY,
        forbidden_by: nobody.clone(),
        required_by: nobody,
        severities: Severities::default(),
    };
    Reader { text, file: None, complaints: Vec::new() }.policy(root, empty)
}

/// Reads a file's policy; keys that it does not have keep the value of `base`.
pub(super) fn file(root: &Node, text: &str, name: &str, base: Policy) -> Result<Policy, Vec<Complaint>> {
    let base = Policy { name: name.to_owned(), ..base };
    Reader { text, file: Some(name), complaints: Vec::new() }.policy(root, base)
}

struct Reader<'a> {
    text: &'a str,
    file: Option<&'a str>,
    complaints: Vec<Complaint>,
}

impl Reader<'_> {
    fn policy(mut self, root: &Node, mut policy: Policy) -> Result<Policy, Vec<Complaint>> {
        for (key, range, value) in self.entries(root, &KEYS, "a policy") {
            match key {
                "forbid" => {
                    if let Some((versions, demand)) = self.demand(range, value) {
                        (policy.forbid, policy.forbidden_by) = (versions, demand);
                    }
                }
                "require" => {
                    if let Some((versions, demand)) = self.demand(range, value) {
                        (policy.require, policy.required_by) = (versions, demand);
                    }
                }
                _ => self.severities(value, &mut policy.severities),
            }
        }
        if self.complaints.is_empty() {
            self.contradictions(&policy);
        }
        if self.complaints.is_empty() { Ok(policy) } else { Err(self.complaints) }
    }

    /// The entries of a map whose key is one of `known` and comes for the first time; complains about the others.
    fn entries<'n, 'k>(
        &mut self,
        node: &'n Node,
        known: &[&'k str],
        what: &str,
    ) -> Vec<(&'k str, Range<usize>, &'n Node)> {
        let map = match &node.value {
            Value::Map(map) => map,
            Value::Null if what == "a policy" => return Vec::new(),
            other => {
                let message = format!("{what} is a map, and this is {}", other.kind());
                self.complain(message, node).help = Some(format!("its keys are {}", list(known)));
                return Vec::new();
            }
        };
        let mut found: Vec<(&'k str, Range<usize>, &Node)> = Vec::new();
        for (key, value) in map {
            let Value::Text(name) = &key.value else {
                let message = format!("a key of {what} is a word, and this is {}", key.value.kind());
                self.complain(message, key).help = Some(format!("the keys are {}", list(known)));
                continue;
            };
            let Some(known_key) = known.iter().find(|k| *k == name) else {
                let help = suggest(name, known).unwrap_or_else(|| format!("the keys of {what} are {}", list(known)));
                self.complain(format!("unknown key {}", quoted(name)), key).help = Some(help);
                continue;
            };
            if let Some((_, first, _)) = found.iter().find(|(k, ..)| k == known_key) {
                let (line, _) = line_column(self.text, first.start);
                self.complain(format!("the key `{name}` is already in line {line}"), key);
                continue;
            }
            found.push((known_key, key.range.clone(), value));
        }
        found
    }

    fn demand(&mut self, key: Range<usize>, node: &Node) -> Option<(VersionSet, Demand)> {
        let Value::List(items) = &node.value else {
            let message = format!("expected a list of versions, found {}", node.value.kind());
            let at = if matches!(node.value, Value::Null) { key } else { node.range.clone() };
            self.complaints
                .push(Complaint::new(message, at).help("write it like `[TLSv1.2, TLSv1.3]`, or `[]` for none"));
            return None;
        };
        let mut words: Vec<(Version, Place)> = Vec::new();
        for item in items {
            let Some(version) = self.version(item) else { continue };
            if words.iter().any(|(v, _)| *v == version) {
                self.complain(format!("{version} is in this list already"), item);
            }
            words.push((version, self.place(item.range.clone())));
        }
        let versions = words.iter().map(|(version, _)| *version).collect();
        // A list of YAML has no end of its own here: it ends with its last word, or the bracket after that.
        let last = items.last().map_or(node.range.end, |item| item.range.end);
        let rest = self.text.get(last..).unwrap_or_default();
        let bracket = rest.find(|c: char| !c.is_whitespace()).filter(|i| rest[*i..].starts_with(']'));
        let list = self.place(key.start..last.max(key.end) + bracket.map_or(0, |i| i + 1));
        Some((versions, Demand { file: self.file.map(str::to_owned), list, words }))
    }

    fn version(&mut self, node: &Node) -> Option<Version> {
        let written = self.text.get(node.range.clone()).unwrap_or_default();
        let names = Version::ALL.map(Version::name);
        let name = match &node.value {
            Value::Text(name) => name,
            Value::Number => written,
            other => {
                let message = format!("expected a version, found {}", other.kind());
                self.complain(message, node).help = Some(format!("the versions are {}", list(&names)));
                return None;
            }
        };
        let version = Version::from_name(name.as_bytes());
        if version.is_none() {
            let help = suggest(name, &names).unwrap_or_else(|| format!("the versions are {}", list(&names)));
            self.complain(format!("unknown version {}", quoted(name)), node).help = Some(help);
        }
        version
    }

    fn severities(&mut self, node: &Node, severities: &mut Severities) {
        let names: Vec<&'static str> = RULES.iter().map(|(name, _)| *name).collect();
        for (rule, _, value) in self.entries(node, &names, "`severity`") {
            let shape = RULES.iter().find(|(name, _)| *name == rule).map_or(Shape::Plain, |(_, shape)| *shape);
            let what = format!("`{rule}`");
            match shape {
                Shape::Plain => self.levels(value, &what, false, |_, level| {
                    severities.set(rule, None, VersionSet::ALL, level);
                }),
                Shape::Versions => self.levels(value, &what, true, |versions, level| {
                    severities.set(rule, None, versions, level);
                }),
                Shape::Effect => self.effects(value, rule, severities),
            }
        }
    }

    fn effects(&mut self, node: &Node, rule: &'static str, severities: &mut Severities) {
        if !matches!(node.value, Value::Map(_)) {
            return self.levels(node, &format!("`{rule}`"), false, |versions, level| {
                for (_, effect) in EFFECTS {
                    severities.set(rule, Some(*effect), versions, level);
                }
            });
        }
        let names: Vec<&'static str> = EFFECTS.iter().map(|(name, _)| *name).collect();
        for (name, _, value) in self.entries(node, &names, &format!("`{rule}`")) {
            let effect = EFFECTS.iter().find(|(n, _)| *n == name).map_or(Verdict::Exposed, |(_, effect)| *effect);
            self.levels(value, &format!("`{name}`"), true, |versions, level| {
                severities.set(rule, Some(effect), versions, level);
            });
        }
    }

    /// Reads one level for all versions, or (where that is allowed) a map from versions to levels.
    fn levels(&mut self, node: &Node, what: &str, by_version: bool, mut set: impl FnMut(VersionSet, severity::Level)) {
        if by_version && matches!(node.value, Value::Map(_)) {
            let names = Version::ALL.map(Version::name);
            for (name, _, value) in self.entries(node, &names, what) {
                let versions = Version::from_name(name.as_bytes()).into_iter().collect();
                if let Some(level) = self.level(value) {
                    set(versions, level);
                }
            }
        } else if let Some(level) = self.level(node) {
            set(VersionSet::ALL, level);
        }
    }

    fn level(&mut self, node: &Node) -> Option<severity::Level> {
        let Value::Text(name) = &node.value else {
            let message = format!("expected a severity, found {}", node.value.kind());
            self.complain(message, node).help = Some(format!("the severities are {}", list(&LEVELS)));
            return None;
        };
        let level = severity::level(name);
        if level.is_none() {
            let help = suggest(name, &LEVELS).unwrap_or_else(|| format!("the severities are {}", list(&LEVELS)));
            self.complain(format!("unknown severity {}", quoted(name)), node).help = Some(help);
        }
        level
    }

    /// Complains about demands that nothing can meet.
    fn contradictions(&mut self, policy: &Policy) {
        let both = policy.forbid.and(policy.require);
        for version in both.iter() {
            // Point at the demand that the file makes; where it makes both, at the later one.
            let (here, other, message) = match (&policy.forbidden_by.file, &policy.required_by.file) {
                (Some(_), None) => (&policy.forbidden_by, &policy.required_by, "is forbidden here, and required"),
                (None, Some(_)) => (&policy.required_by, &policy.forbidden_by, "is required here, and forbidden"),
                _ if policy.forbidden_by.list.range.start > policy.required_by.list.range.start => {
                    (&policy.forbidden_by, &policy.required_by, "is forbidden here, and required")
                }
                _ => (&policy.required_by, &policy.forbidden_by, "is required here, and forbidden"),
            };
            let range = here.word(version).unwrap_or(&here.list).range.clone();
            let by = match (&other.file, other.word(version)) {
                (Some(_), Some(place)) => format!("in line {}", place.line),
                _ => "by the built-in policy".to_owned(),
            };
            let mut complaint = Complaint::new(format!("{version} {message} {by}"), range);
            if other.file.is_none() {
                let key = if message.starts_with("is forbidden") { "require" } else { "forbid" };
                complaint = complaint.help(format!("say what you want with a key `{key}` as well"));
            }
            self.complaints.push(complaint);
        }
        if VersionSet::TLS.is_subset(policy.forbid) {
            let range = policy.forbidden_by.list.range.clone();
            self.complaints.push(Complaint::new("this forbids every version of TLS", range));
        }
    }

    fn complain(&mut self, message: String, node: &Node) -> &mut Complaint {
        let index = self.complaints.len();
        self.complaints.push(Complaint::new(message, node.range.clone()));
        &mut self.complaints[index]
    }

    fn place(&self, range: Range<usize>) -> Place {
        let (line, column) = line_column(self.text, range.start);
        Place { range, line, column }
    }
}
