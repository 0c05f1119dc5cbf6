//! Reading what a part of a policy is about, and waivers.

use super::raw::{Node, Value};
use super::scope::{AddressPattern, NamePattern, Scope};
use super::spelling::{list, quoted};
use super::validate::{Builder, first_key};
use super::waiver::{self, Terms, Waiver};
use crate::endpoint::Role;
use crate::services;
use crate::tls::VersionSet;
use globset::GlobBuilder;

/// The keys of `match`.
pub(super) const MATCH_KEYS: [&str; 5] = ["service", "path", "server-name", "address", "role"];
/// The values of `role`.
pub(super) const ROLES: [&str; 2] = ["listener", "upstream"];
/// The keys of an entry of `waivers`.
pub(super) const WAIVER_KEYS: [&str; 6] = ["rule", "match", "reason", "owner", "until", "versions"];

impl Builder<'_> {
    /// `None`: it is not sound.
    pub(super) fn scope(&mut self, node: &Node) -> Option<Scope> {
        let before = self.reader.complaints.len();
        let entries = self.reader.entries(node, &MATCH_KEYS, "`match`");
        if entries.is_empty() && before == self.reader.complaints.len() {
            let help = format!("its keys are {}", list(&MATCH_KEYS));
            self.reader.complain("this fits everything: say what is meant", node).help = Some(help);
        }
        let mut scope = Scope::default();
        for entry in &entries {
            for (text, node) in self.reader.one_or_more(entry.value, "a word") {
                self.condition(entry.key, text, node, &mut scope);
            }
        }
        (before == self.reader.complaints.len()).then_some(scope)
    }

    fn condition(&mut self, key: &str, text: String, node: &Node, scope: &mut Scope) {
        if text.is_empty() && key != "server-name" {
            self.reader.complain(format!("this `{key}` is empty"), node);
            return;
        }
        match key {
            "service" => {
                let service = self.reader.choice(node, "a service", "services", &services::names());
                scope.services.extend(service.map(str::to_owned));
            }
            "role" => match self.reader.choice(node, "a role", "roles", &ROLES) {
                Some("listener") => scope.roles.push(Role::Listener),
                Some(_) => scope.roles.push(Role::Upstream),
                None => {}
            },
            // A number is a name as it is written, with or without digits before its dot.
            "server-name" if matches!(node.value, Value::Number) => {
                scope.names.push(NamePattern::Exactly(text.to_lowercase()));
            }
            "address" if matches!(node.value, Value::Number) => {
                self.reader.complain("an address is no number", node).help =
                    Some("write `*:443` for a port".to_owned());
            }
            "server-name" => match NamePattern::read(&text) {
                Ok(pattern) => scope.names.push(pattern),
                Err(why) => {
                    self.reader.complain(why, node);
                }
            },
            "address" => match AddressPattern::read(&text) {
                Ok(pattern) => scope.addresses.push(pattern),
                Err(why) => {
                    self.reader.complain(why, node);
                }
            },
            _ => match glob(&text) {
                Ok(matcher) => scope.paths.push((text, matcher)),
                Err(why) => {
                    self.reader.complain(why, node);
                }
            },
        }
    }

    /// `None`: it is not sound.
    pub(super) fn waiver(&mut self, node: &Node) -> Option<Waiver> {
        let before = self.reader.complaints.len();
        let entries = self.reader.entries(node, &WAIVER_KEYS, "a waiver");
        let (mut rules, mut scope) = (Vec::new(), None);
        let (mut reason, mut owner, mut until, mut versions) = (None, None, None, None);
        for entry in &entries {
            match entry.key {
                "rule" => rules = self.waived_rules(entry.value),
                "match" => scope = self.scope(entry.value),
                "reason" => reason = self.reader.words(entry.value, "a reason"),
                "versions" => versions = self.versions(entry.range.clone(), entry.value).map(|(versions, _)| versions),
                "owner" => owner = self.reader.words(entry.value, "an owner"),
                _ => {
                    let text = self.reader.words(entry.value, "a date").map(|text| match &entry.value.value {
                        // With the blanks around it, which a date has none of.
                        Value::Text(written) => written.clone(),
                        _ => text,
                    });
                    until = text.as_deref().and_then(waiver::date);
                    if let Some(text) = text.filter(|_| until.is_none()) {
                        let message = format!("{} is not a date", quoted(&text));
                        self.reader.complain(message, entry.value).help = Some("write it like 2027-01-31".to_owned());
                    }
                }
            }
        }
        if !matches!(node.value, Value::Map(_)) {
            return None;
        }
        let at = first_key(node);
        if versions == Some(VersionSet::EMPTY) {
            let help = "leave the key out where all are meant";
            self.reader.complain_at("this waiver is about no version", at.clone()).help = Some(help.to_owned());
        }
        for key in &WAIVER_KEYS[..3] {
            if !entries.iter().any(|entry| entry.key == *key) {
                let help = match *key {
                    "match" => "say what it is about; `severity` turns a rule off everywhere",
                    "reason" => "say why this can be lived with",
                    _ => "say which rule, or a list of rules",
                };
                self.reader.complain_at(format!("a waiver needs a key `{key}`"), at.clone()).help =
                    Some(help.to_owned());
            }
        }
        let (scope, reason) = scope.zip(reason).filter(|_| before == self.reader.complaints.len())?;
        let line = self.reader.place(at.clone()).line;
        let rest = self.reader.text.get(at.start..).unwrap_or_default();
        let end = at.start + rest.lines().next().unwrap_or_default().trim_end().len();
        Some(Waiver { rules, scope, terms: Terms { reason, owner, until, versions }, line, range: at.start..end })
    }

    fn waived_rules(&mut self, node: &Node) -> Vec<&'static str> {
        let mut rules = Vec::new();
        for (name, node) in self.reader.one_or_more(node, "a rule") {
            match waiver::rule(&name) {
                Ok(rule) if rules.contains(&rule) => {
                    self.reader.complain(format!("{} is in this list already", quoted(rule)), node);
                }
                Ok(rule) => rules.push(rule),
                Err((message, help)) => self.reader.complain(message, node).help = Some(help),
            }
        }
        rules
    }
}

/// A pattern for paths: `*` and `?` stay within a directory, `**` goes over them. One that does not begin with `/` may
/// begin anywhere.
fn glob(text: &str) -> Result<globset::GlobMatcher, String> {
    if text.trim() != text {
        return Err("this pattern fits no file: it begins or ends with a blank".to_owned());
    }
    if let Some(folder) = text.strip_suffix('/') {
        let folder: String = folder.chars().flat_map(char::escape_debug).collect();
        return Err(format!("this pattern fits no file: it ends with a slash; `{folder}/**` is all that is below"));
    }
    // The paths that it is held against have none of these.
    let mut parts = text.strip_prefix('/').unwrap_or(text).split('/');
    if let Some(odd) = parts.find(|part| matches!(*part, "" | "." | "..")) {
        let odd = if odd.is_empty() { "//" } else { odd };
        return Err(format!("this pattern fits no file: no path of a report has `{odd}` in it"));
    }
    let anywhere = if text.starts_with('/') { String::new() } else { "**/".to_owned() };
    let glob = GlobBuilder::new(&format!("{anywhere}{text}")).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher())
        .map_err(|error| format!("this is not a pattern for paths: {}", error.kind()))
}
