//! Which other servers a server leads requests to: `ProxyPass`, `[P]`, `SetHandler`, and the members of balancers.
//!
//! A `ProxyPass` leads nowhere if an earlier one takes all of its paths, be it an exclusion (`!`). Those of the server
//! level come before those of a virtual host, and that of a `<Location>` before both; of several `<Location>` for the
//! same paths the last one counts (cases `proxypass-*`, `balancer-*`).

use super::ID;
use super::model::Model;
use super::path_sections::{LaterSections, SectionKind};
use super::paths::TakenPaths;
use super::proxied::{Handler, Mapping, Member, Proxied, Scheme, balancer, is_balancer, scheme, without_socket};
use super::reader::{Interpreter, LogicalLine};
use super::rewrite_rules::{ActingRules, Acts};
use super::rewriting::variable;
use super::scope::{DirectiveScope, MAIN, ServerId};
use super::words::LineArguments;
use crate::host::Facts;
use crate::services::limits::Upstreams;
use crate::services::place::Place;
use std::collections::BTreeSet;

/// A URL that requests are sent to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProxyTarget {
    pub(super) url: String,
    pub(super) place: Place,
    /// Is it not sure that requests get there?
    pub(super) is_unclear: bool,
}

impl ProxyTarget {
    fn sure(url: Option<&String>, place: Place) -> Option<ProxyTarget> {
        Some(ProxyTarget { url: url?.clone(), place, is_unclear: false })
    }
}

impl Interpreter<'_> {
    /// `ProxyPass` and `ProxyPassMatch`.
    pub(super) fn passes(&mut self, line: &LogicalLine, is_match: bool, arguments: &LineArguments<'_>) {
        let section = self.path_section();
        if matches!(self.current_scope(), DirectiveScope::Proxy(..))
            || section.as_ref().is_some_and(|s| s.kind != SectionKind::Location)
        {
            return;
        }
        let server = self.server();
        let Some(mapping) = Mapping::of(&arguments.texts(), is_match, section, line.place) else { return };
        let proxied = &mut self.model.servers[server].proxied;
        proxied.balancers.extend(mapping.url.as_deref().and_then(balancer));
        if let Some(section) = &mapping.section {
            // Each `<Location>` has one.
            proxied.mappings.retain(|known| known.section.as_ref() != Some(section));
        }
        proxied.mappings.push(mapping);
    }

    /// `BalancerMember`: in a `<Proxy>` section the balancer is left out.
    pub(super) fn balancer_member(&mut self, line: &LogicalLine, arguments: &LineArguments<'_>) {
        let (server, section) = match self.current_scope() {
            DirectiveScope::Proxy(server, section) => {
                (server, Some(self.model.servers[server].sections[section].url.clone()))
            }
            _ => (self.server(), None),
        };
        let words = arguments.texts();
        let (settings, plain): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| word.contains('='));
        let mut plain = plain.into_iter();
        let name = section.or_else(|| plain.next().cloned());
        let (Some(balancer), Some(url)) = (name.as_deref().and_then(balancer), plain.next()) else { return };
        let proxied = &mut self.model.servers[server].proxied;
        proxied.balancers.insert(balancer.clone());
        if is_used(&settings) {
            proxied.members.push(Member { balancer, url: without_socket(url).to_owned(), place: line.place });
        }
    }

    /// `ProxySet` in the section of a balancer defines it.
    pub(super) fn sets_balancer(&mut self) {
        if let DirectiveScope::Proxy(server, section) = self.current_scope() {
            let server = &mut self.model.servers[server];
            server.proxied.balancers.extend(balancer(&server.sections[section].url));
        }
    }

    /// So does a `<Proxy>` section with settings in its head.
    pub(super) fn balancer_section(&mut self, server: ServerId, words: &[String]) {
        if let [url, _, ..] = words {
            self.model.servers[server].proxied.balancers.extend(balancer(url));
        }
    }

    /// `BalancerInherit` and `ProxyPassInherit`.
    pub(super) fn inherits_balancers(&mut self, lower: &str, arguments: &LineArguments<'_>) {
        let on = arguments.get(0).is_some_and(|word| word.eq_ignore_ascii_case("on"));
        let server = self.server();
        self.model.servers[server].proxied.inherits[usize::from(lower == "proxypassinherit")] = Some(on);
    }

    /// Notes the schemes that no module serves, where that is sure. Rules and handlers may lead there all the same.
    pub(super) fn note_unserved(&mut self) {
        if !self.any_module || !self.modules.is_complete() || !self.modules.are_own() {
            return;
        }
        let has = |module: &str| self.modules.is_loaded("proxy_module") && self.modules.is_loaded(module);
        let served = [
            ("https", has("proxy_http_module")),
            ("wss", has("proxy_http_module") || has("proxy_wstunnel_module")),
            ("h2", has("proxy_http2_module")),
        ];
        let unserved = served.into_iter().filter(|(_, is_served)| !is_served).map(|(scheme, _)| scheme);
        self.model.unserved = unserved.collect();
    }

    /// `SetHandler`
    pub(super) fn sets_handler(&mut self, line: &LogicalLine, arguments: &LineArguments<'_>) {
        if matches!(self.current_scope(), DirectiveScope::Proxy(..)) {
            return;
        }
        let Some(word) = arguments.get(0) else { return };
        let url = word.strip_prefix("proxy:").map(|url| without_socket(url).to_owned());
        let (server, section) = (self.server(), self.path_section());
        let handlers = &mut self.model.servers[server].proxied.handlers;
        handlers.retain(|known| known.section != section);
        handlers.push(Handler { section, url, place: line.place });
    }
}

/// Does a member get requests? Not if it is disabled or stopped, or drained without a route to come back by.
fn is_used(settings: &[&String]) -> bool {
    let (mut off, mut has_route) = (BTreeSet::new(), false);
    for (name, value) in settings.iter().filter_map(|setting| setting.split_once('=')) {
        has_route |= name.eq_ignore_ascii_case("route");
        let mut adds = true;
        for c in value.chars().filter(|_| name.eq_ignore_ascii_case("status")) {
            match c.to_ascii_uppercase() {
                '+' => adds = true,
                '-' => adds = false,
                flag if adds => drop(off.insert(flag)),
                flag => drop(off.remove(&flag)),
            }
        }
    }
    !off.contains(&'D') && !off.contains(&'S') && (has_route || !off.contains(&'N'))
}

/// About how long [`members`] takes.
pub(super) fn estimate_steps(model: &Model, server: ServerId, url: &str) -> usize {
    let members = |server: ServerId| model.servers[server].proxied.members.len();
    100 + if is_balancer(url) { 100 * members(server).max(members(MAIN)) } else { 0 }
}

/// The members of the balancer that a URL names: the server level's balancer is taken as it is.
pub(super) fn members(model: &Model, server: ServerId, url: &str) -> Option<Vec<(String, Place)>> {
    let name = balancer(url)?;
    let (main, own) = (&model.servers[MAIN].proxied, &model.servers[server].proxied);
    let inherits = own.inherits.iter().zip(main.inherits).any(|(own, main)| own.or(main).unwrap_or(true));
    let of = if inherits && main.balancers.contains(&name) { MAIN } else { server };
    let members = model.servers[of].proxied.members.iter().filter(|member| member.balancer == name);
    Some(members.map(|member| (member.url.clone(), member.place)).collect())
}

/// The URLs of other servers that requests to a server are sent to, those of the server level included.
pub(super) fn targets(model: &Model, server: ServerId, facts: &Facts, room: &mut Upstreams<Place>) -> Vec<ProxyTarget> {
    let both = if server == MAIN { vec![MAIN] } else { vec![MAIN, server] };
    let proxied = || both.iter().map(|server| &model.servers[*server].proxied);
    let all = both.iter().map(|server| &model.servers[*server]);
    let steps = all.map(|server| {
        let Proxied { mappings, handlers, .. } = &server.proxied;
        server.rewriting.len() + 50 * (mappings.len() + handlers.len())
    });
    let mut places = both.iter().rev().filter_map(|server| {
        let server = &model.servers[*server];
        let first = server.proxied.mappings.first().map(|mapping| mapping.place);
        server.head.or(first).or_else(|| server.rewriting.first())
    });
    if places.next().is_some_and(|place| !room.steps(steps.sum(), place)) {
        return Vec::new();
    }
    let rules = ActingRules::of(model, server);
    let mut targets = Vec::new();
    if !rules.never_passes() {
        let mappings: Vec<&Mapping> = proxied().flat_map(|proxied| &proxied.mappings).collect();
        targets.extend(
            passed(&mappings).into_iter().filter_map(|mapping| ProxyTarget::sure(mapping.url.as_ref(), mapping.place)),
        );
    }
    for rule in rules.targets(room) {
        let urls = followed(rule.url, &rule.variables, facts);
        let is_unclear = rule.acts == Acts::Unclear;
        targets.extend(urls.into_iter().map(|url| ProxyTarget { url, place: rule.place, is_unclear }));
    }
    let handlers: Vec<&Handler> = proxied().flat_map(|proxied| &proxied.handlers).collect();
    let (mut later, mut kept) = (LaterSections::default(), Vec::new());
    for handler in handlers.into_iter().rev() {
        let section = handler.section.as_ref();
        if !section.is_some_and(|section| later.replace(section)) {
            kept.extend(ProxyTarget::sure(handler.url.as_ref(), handler.place));
        }
        if let Some(section) = section {
            later.add(section);
        }
    }
    targets.extend(kept.into_iter().rev());
    targets.retain(|target| scheme(&target.url) != Scheme::Other);
    // As they are written, however they are tried.
    targets.sort_by_key(|target| target.place);
    targets
}

/// Those of all `ProxyPass` that get requests.
fn passed<'a>(mappings: &[&'a Mapping]) -> Vec<&'a Mapping> {
    let is_dead = |mapping: &Mapping| mapping.url.is_none() || mapping.paths.are_none();
    let (of_locations, mut others): (Vec<&Mapping>, Vec<&Mapping>) =
        mappings.iter().copied().partition(|mapping| mapping.section.is_some());
    let (mut later, mut passed) = (LaterSections::default(), Vec::new());
    let (mut taken, mut taken_encoded) = (TakenPaths::default(), TakenPaths::default());
    for mapping in of_locations.iter().rev() {
        let Some(section) = &mapping.section else { continue };
        if !later.replace(section) && !is_dead(mapping) {
            passed.push(*mapping);
        }
        later.add(section);
    }
    passed.reverse();
    // Those with `mapping=encoded` have their turn first, in which an exclusion is one for them alone.
    others.sort_by_key(|mapping| !mapping.is_encoded);
    let first = of_locations.iter().map(|mapping| (mapping, false));
    for (mapping, counts) in first.chain(others.iter().map(|mapping| (mapping, true))) {
        let known = if mapping.is_encoded { &taken_encoded } else { &taken };
        if counts && !is_dead(mapping) && !known.cover(&mapping.paths) {
            passed.push(*mapping);
        }
        if mapping.hands_on() {
            continue;
        }
        if mapping.is_encoded {
            taken_encoded.add(&mapping.paths);
        }
        if !mapping.is_encoded || mapping.url.is_some() {
            taken.add(&mapping.paths);
        }
    }
    passed
}

/// The URLs that a target stands for: a variable in front of it (`%{ENV:name}`) is followed. Where nothing sets it, it
/// is that of the process.
fn followed(url: &str, variables: &[(&str, &str)], facts: &Facts) -> Vec<String> {
    let variable = || {
        let (name, rest) = variable(url)?;
        let set = variables.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        let of_process = facts.of(ID).environment.get(name).map(String::as_str);
        let mut urls: Vec<String> = set.map(|value| format!("{value}{rest}")).collect();
        if urls.is_empty() {
            urls.extend(of_process.map(|value| format!("{value}{rest}")));
        }
        (!urls.is_empty()).then_some(urls)
    };
    variable().unwrap_or_else(|| vec![url.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::super::rewriting::rule_target;
    use super::*;
    use crate::source::{SourceMap, Span};

    fn of(line: &str) -> Option<String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let file = SourceMap::default().insert("/x".into(), Vec::new());
        let place = Place { span: Span::new(file, 0, 1), hop: 0 };
        let url = match words[0].as_str() {
            "rewriterule" => rule_target(&words[1..]).map(str::to_owned),
            name => Mapping::of(&words[1..], name.ends_with("match"), None, place)?.url,
        };
        url.filter(|url| scheme(url) != Scheme::Other)
    }

    #[test]
    fn where_directives_lead() {
        for (line, url) in [
            ("proxypass / https://a/", Some("https://a/")),
            ("proxypass ~ ^/x https://a/", Some("https://a/")),
            ("proxypass / http://a/", None),
            ("proxypass / !", None),
            ("proxypass / unix:/run/x|https://a/", Some("https://a/")),
            ("proxypass / h2://a/ retry=0", Some("h2://a/")),
            ("proxypassmatch ^/(.*) https://a/$1", Some("https://a/$1")),
            ("rewriterule ^/(.*) https://a/$1 [P]", Some("https://a/$1")),
            ("rewriterule ^/(.*) https://a/$1 [R=301]", None),
            ("rewriterule ^/(.*) %{ENV:x}/$1 [NC,proxy]", Some("%{ENV:x}/$1")),
            ("rewriterule ^/(.*) %{ENV:s}://a/$1 [P]", Some("%{ENV:s}://a/$1")),
            ("rewriterule ^/(.*) ${map:$1} [P]", Some("${map:$1}")),
            ("rewriterule ^/(.*) http://%{HTTP_HOST}/$1 [P]", None),
            ("rewriterule ^ - [P]", None),
        ] {
            assert_eq!(of(line).as_deref(), url, "{line}");
        }
    }

    #[test]
    fn members_that_get_requests() {
        let is_used = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            is_used(&words.iter().collect::<Vec<_>>())
        };
        assert!(is_used("retry=0") && is_used("status=+D-D") && is_used("status=H") && is_used("status=N route=a"));
        assert!(!is_used("status=d") && !is_used("status=+S") && !is_used("status=N") && !is_used("Status=-H+D"));
    }

    #[test]
    fn balancers_in_any_case() {
        let mut model = Model::default();
        let file = SourceMap::default().insert("/x".into(), Vec::new());
        let place = Place { span: Span::new(file, 0, 1), hop: 0 };
        let member = Member { balancer: "b".to_owned(), url: "https://a".to_owned(), place };
        model.servers[MAIN].proxied.members.push(member);
        for url in ["balancer://b", "Balancer://b", "BALANCER://B/x"] {
            assert!(is_balancer(url) && members(&model, MAIN, url).is_some_and(|members| members.len() == 1), "{url}");
            assert_eq!(estimate_steps(&model, MAIN, url), 200, "{url}");
        }
        assert!(!is_balancer("balance") && !is_balancer("https://balancer:1/") && !is_balancer("balance\u{e9}"));
    }

    #[test]
    fn values_of_the_environment() {
        let mut facts = Facts::unknown();
        facts.of_mut(ID).environment.insert("u".to_owned(), "https://c".to_owned());
        let set = [("t", "https://a"), ("T", "http://b")];
        assert_eq!(followed("%{ENV:t}/$1", &set, &facts), ["https://a/$1", "http://b/$1"]);
        assert_eq!(followed("%{ENV:u}/$1", &set, &facts), ["https://c/$1"]);
        assert_eq!(followed("%{ENV:v}/$1", &set, &facts), ["%{ENV:v}/$1"]);
        assert_eq!(followed("https://a/", &set, &facts), ["https://a/"]);
    }
}
