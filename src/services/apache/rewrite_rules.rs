//! `mod_rewrite`: which rules act in a server, and which variables requests have by then.
//!
//! A rule acts only with the engine on. `RewriteEngine` of a server is that of the server level where a virtual host has
//! none; a section has its own, else that of the server. Rules outside of sections are not inherited unless
//! `RewriteOptions` says so, and never by a virtual host without any directive of `mod_rewrite`. Variables come from
//! `SetEnvIf` and earlier rules: `SetEnv` acts after rewriting (cases `proxy-rewrite-*`).

use super::model::Model;
use super::path_sections::{PathSection, SectionKind};
use super::paths::matches_all;
use super::reader::{Interpreter, LogicalLine};
use super::rewriting::{InSection, RewriteRule, Rewriting, SetVariable, variable};
use super::scope::{MAIN, ServerId};
use super::words::LineArguments;
use crate::services::limits::Upstreams;
use crate::services::place::Place;
use std::collections::HashMap;

/// Whether a rule acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acts {
    Yes,
    No,
    /// Another section decides, for some requests or files.
    Unclear,
}

/// Where a rule leads.
#[derive(Debug)]
pub(super) struct RuleTarget<'a> {
    pub(super) url: &'a str,
    pub(super) place: Place,
    /// The values that requests may have by then of the variable that it begins with, by name.
    pub(super) variables: Vec<(&'a str, &'a str)>,
    pub(super) acts: Acts,
}

impl Interpreter<'_> {
    /// A directive of `mod_rewrite`.
    pub(super) fn rewrites(&mut self, line: &LogicalLine, lower: &str, arguments: &LineArguments<'_>) {
        let words = arguments.texts();
        let section = self.path_section();
        let server = self.server();
        let rewriting = &mut self.model.servers[server].rewriting;
        rewriting.is_used = true;
        let at = section.as_ref().map(|section| rewriting.in_section(section));
        let on = words.first().is_some_and(|word| word.eq_ignore_ascii_case("on"));
        match (lower, at) {
            ("rewriteengine", None) => rewriting.engine = Some(on),
            ("rewriteengine", Some(at)) => rewriting.sections[at].engine = Some(on),
            ("rewriteoptions", None) => words.iter().for_each(|word| rewriting.options.add(word)),
            ("rewriteoptions", Some(at)) => words.iter().for_each(|word| rewriting.sections[at].options.add(word)),
            ("rewritecond", _) => rewriting.has_condition = true,
            ("rewriterule", _) => {
                let has_condition = std::mem::take(&mut rewriting.has_condition);
                rewriting.rules.push(RewriteRule::of(&words, section, has_condition, line.place));
            }
            _ => {}
        }
    }

    /// `SetEnvIf` and its like: an attribute, a regular expression, and variables; `BrowserMatch` has no attribute.
    pub(super) fn sets_variables(&mut self, lower: &str, arguments: &LineArguments<'_>) {
        let words = arguments.texts();
        let skipped = usize::from(!lower.starts_with("browsermatch"));
        let [regex, variables @ ..] = words.get(skipped..).unwrap_or_default() else { return };
        // Only this attribute is one that every request has, and is a path.
        let is_path = skipped == 1 && words[0].eq_ignore_ascii_case("request_uri");
        let is_always =
            if is_path { matches_all(regex) } else { matches!(regex.as_str(), "" | "^" | ".*" | "^.*" | "^.*$") };
        let in_section = self.path_section().is_some();
        let server = self.server();
        for variable in variables.iter().filter(|variable| !variable.starts_with('!')) {
            let (name, value) = variable.split_once('=').unwrap_or((variable, "1"));
            let variable = SetVariable { name: name.to_owned(), value: value.to_owned(), in_section, is_always };
            self.model.servers[server].rewriting.variables.push(variable);
        }
    }
}

/// Values of variables by name, in lower case.
type Values<'a> = HashMap<String, Vec<VariableChoice<'a>>>;
/// A name as it is written, and a value.
type VariableChoice<'a> = (&'a str, &'a str);

/// The variables that requests may have.
#[derive(Default)]
struct RequestVariables<'a> {
    /// `SetEnvIf` outside of sections, and all.
    early: Values<'a>,
    all: Values<'a>,
    /// Rules outside of sections, each with its place among them.
    by_rules: HashMap<String, Vec<(usize, VariableChoice<'a>)>>,
}

/// The rules of a server, as they act there.
pub(super) struct ActingRules<'a> {
    model: &'a Model,
    server: ServerId,
    /// Those outside of sections, in the order in which they are tried.
    list: Vec<&'a RewriteRule>,
    engine: bool,
}

impl<'a> ActingRules<'a> {
    pub(super) fn of(model: &'a Model, server: ServerId) -> ActingRules<'a> {
        let (main, own) = (&model.servers[MAIN].rewriting, &model.servers[server].rewriting);
        let outside = |rewriting: &'a Rewriting| rewriting.rules.iter().filter(|rule| rule.section.is_none());
        let engine = own.engine.or(main.engine).unwrap_or(false);
        let list = if server == MAIN {
            outside(main).collect()
        } else if !own.is_used {
            Vec::new()
        } else {
            let options = if own.options.is_set { own.options } else { main.options };
            let is_given = |down: bool| down && !options.ignore;
            if options.inherit || is_given(main.options.down) {
                outside(own).chain(outside(main)).collect()
            } else if options.before || is_given(main.options.down_before) {
                outside(main).chain(outside(own)).collect()
            } else {
                outside(own).collect()
            }
        };
        ActingRules { model, server, list, engine }
    }

    /// The sections with directives of `mod_rewrite`, in the order in which they are merged.
    fn sections(&self) -> impl Iterator<Item = &'a InSection> {
        let main = self.model.servers[MAIN].rewriting.sections.iter().filter(|_| self.server != MAIN);
        main.chain(&self.model.servers[self.server].rewriting.sections)
    }

    /// Do the rules outside of sections act? `<Location>` may turn the engine on or off for its paths.
    fn outside(&self) -> Acts {
        let of_paths = || self.sections().filter(|section| section.section.kind == SectionKind::Location);
        let last =
            of_paths().filter(|section| section.section.paths.are_all()).filter_map(|section| section.engine).last();
        let is_on = last.unwrap_or(self.engine);
        if is_on || of_paths().any(|section| section.engine == Some(true)) { Acts::Yes } else { Acts::No }
    }

    /// Where a section is among all of them.
    fn find(&self, section: &PathSection) -> Option<usize> {
        let (main, own) = (&self.model.servers[MAIN].rewriting, &self.model.servers[self.server].rewriting);
        if self.server == MAIN {
            return main.find(section);
        }
        main.find(section).or_else(|| Some(main.sections.len() + own.find(section)?))
    }

    /// Do the rules of a section act?
    fn inside(&self, sections: &[&InSection], own: usize) -> Acts {
        let section = &sections[own].section;
        let others = || sections.iter().enumerate().filter(|(at, _)| *at != own).map(|(at, other)| (at, *other));
        let covering = || others().filter(|(_, other)| other.section.covers(section));
        // A later section for the same paths has its own rules, even if these are none.
        let replaces = |(at, other): (usize, &InSection)| {
            let is_later = (other.section.kind, at) > (section.kind, own);
            is_later && !other.options.inherit && !other.options.before
        };
        if covering().any(replaces) {
            return Acts::No;
        }
        let around = || covering().filter_map(|(_, other)| other.engine).next_back();
        match sections[own].engine.or_else(around) {
            Some(true) => Acts::Yes,
            Some(false) => Acts::No,
            None if self.engine => Acts::Yes,
            None if others().any(|(_, other)| other.engine == Some(true)) => Acts::Unclear,
            None => Acts::No,
        }
    }

    /// The rules that proxy, as far as there is room.
    pub(super) fn targets(&self, room: &mut Upstreams<Place>) -> Vec<RuleTarget<'a>> {
        let mut found = Vec::new();
        let outside = self.outside();
        let repeats = self.list.iter().any(|rule| rule.repeats);
        // The sections of the server level are for virtual hosts too.
        let servers = if self.server == MAIN { vec![MAIN] } else { vec![MAIN, self.server] };
        let of_servers = || servers.iter().map(|server| &self.model.servers[*server].rewriting.rules);
        let is_open = |rule: &RewriteRule| rule.target.as_ref().is_some_and(|url| variable(url).is_some());
        let known = if self.list.iter().copied().chain(of_servers().flatten()).any(is_open) {
            self.collect_variables(outside)
        } else {
            RequestVariables::default()
        };
        for (at, rule) in self.list.iter().enumerate().filter(|_| outside == Acts::Yes) {
            let Some(url) = &rule.target else { continue };
            let earlier = Some(if repeats { self.list.len() } else { at });
            let Some(variables) = known.of(url, earlier, &[], rule.place, room) else {
                return found;
            };
            found.push(RuleTarget { url, place: rule.place, variables, acts: outside });
        }
        let sections: Vec<&InSection> = self.sections().collect();
        let mut acting: HashMap<usize, Acts> = HashMap::new();
        for rules in of_servers() {
            // What the rules of a section set, by section and name.
            let mut set: HashMap<(usize, String), Vec<VariableChoice<'_>>> = HashMap::new();
            for rule in rules {
                let Some(own) = rule.section.as_ref().and_then(|section| self.find(section)) else { continue };
                if let Some(url) = &rule.target {
                    if !acting.contains_key(&own) && !room.steps(10 * sections.len(), rule.place) {
                        return found;
                    }
                    let acts = *acting.entry(own).or_insert_with(|| self.inside(&sections, own));
                    if acts != Acts::No {
                        let name = variable(url).map(|(name, _)| (own, name.to_ascii_lowercase()));
                        let earlier = name.and_then(|name| set.get(&name)).map_or(&[][..], Vec::as_slice);
                        let Some(variables) = known.of(url, None, earlier, rule.place, room) else { return found };
                        found.push(RuleTarget { url, place: rule.place, variables, acts });
                    }
                }
                for (name, value) in &rule.environment {
                    set.entry((own, name.to_ascii_lowercase())).or_default().push((name, value));
                }
            }
        }
        found
    }

    /// The variables that requests may have.
    fn collect_variables(&self, outside: Acts) -> RequestVariables<'a> {
        let mut known = RequestVariables::default();
        for variable in self.set_variables() {
            let (name, both) = (variable.name.to_ascii_lowercase(), (&*variable.name, &*variable.value));
            if !variable.in_section {
                known.early.entry(name.clone()).or_default().push(both);
            }
            known.all.entry(name).or_default().push(both);
        }
        for (at, rule) in self.list.iter().enumerate().filter(|_| outside == Acts::Yes) {
            for (name, value) in &rule.environment {
                known.by_rules.entry(name.to_ascii_lowercase()).or_default().push((at, (name, value)));
            }
        }
        known
    }

    fn set_variables(&self) -> impl Iterator<Item = &'a SetVariable> {
        let main = self.model.servers[MAIN].rewriting.variables.iter().filter(|_| self.server != MAIN);
        main.chain(&self.model.servers[self.server].rewriting.variables)
    }

    /// Has every request the variable `no-proxy`, which `ProxyPass` heeds?
    pub(super) fn never_passes(&self) -> bool {
        let is_it = |name: &str| name.eq_ignore_ascii_case("no-proxy");
        let set = |variable: &SetVariable| variable.is_always && !variable.in_section && is_it(&variable.name);
        let reached = self.list.iter().scan(true, |goes_on, rule| {
            let is_reached = std::mem::replace(goes_on, *goes_on && rule.goes_on);
            is_reached.then_some(rule)
        });
        let by_rule = |rule: &&&RewriteRule| rule.is_always && rule.environment.iter().any(|(name, _)| is_it(name));
        self.set_variables().any(set)
            || (self.outside() == Acts::Yes && self.engine && reached.filter(by_rule).count() > 0)
    }
}

impl<'a> RequestVariables<'a> {
    /// The values of the variable that a URL begins with; `None`: there is no room for them.
    ///
    /// `before`: for a rule outside of sections, how many rules are tried before it. `earlier`: what the rules of the
    /// same section set.
    fn of(
        &self,
        url: &str,
        before: Option<usize>,
        earlier: &[VariableChoice<'a>],
        place: Place,
        room: &mut Upstreams<Place>,
    ) -> Option<Vec<VariableChoice<'a>>> {
        let mut found = Vec::new();
        if !room.steps(100 + url.len(), place) {
            return None;
        }
        let Some((name, rest)) = variable(url) else { return Some(found) };
        let name = name.to_ascii_lowercase();
        let set = if before.is_some() { &self.early } else { &self.all };
        let by_rules = self.by_rules.get(&name).map_or(&[][..], Vec::as_slice);
        let by_rules = by_rules.iter().filter(|(at, _)| before.is_none_or(|before| *at < before)).map(|(_, both)| both);
        for both in set.get(&name).into_iter().flatten().chain(by_rules).chain(earlier) {
            if !room.steps(100 + both.1.len() + rest.len(), place) {
                return None;
            }
            found.push(*both);
        }
        Some(found)
    }
}
