//! nginx as a TLS client of other servers: `proxy_pass https://...` and its like.

use super::asked::not_here;
use super::command::{self, Effect};
use super::defaults;
use super::floor::Offer;
use super::inherit::Rules;
use super::model::{Client, Place, ScopeId, Section, Tls};
use crate::endpoint::{
    Address, Answer, Endpoint, Reason, ReasonKind, Role, SettingId, Speaks, Traced, Transport, Unknown,
};
use crate::tls::VersionSet;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// An upstream endpoint, and the client module that it belongs to.
pub(super) struct Upstream {
    pub endpoint: Endpoint,
    pub client: Client,
    pub section: Section,
}

/// All other servers that are reached by TLS; the same target with the same answer is one endpoint.
pub(super) fn endpoints(rules: &Rules<'_>) -> Vec<Upstream> {
    let mut found: Vec<Upstream> = Vec::new();
    let mut seen: BTreeMap<(String, Vec<u32>), Vec<usize>> = BTreeMap::new();
    for (scope, content) in rules.model.scopes.iter().enumerate() {
        for (client, target, place) in &content.targets {
            let Some(remote) = remote(rules, scope, *client, target) else { continue };
            let answer = answer(rules, scope, *client, *place);
            let deciders = answer.deciders.iter().map(|d| d.0).collect();
            let same = seen.entry((remote.clone(), deciders)).or_default();
            let equal = |at: &&usize| found[**at].endpoint.answer.configured.value == answer.configured.value;
            if same.iter().any(|at| equal(&at)) {
                continue;
            }
            same.push(found.len());
            let endpoint = Endpoint {
                role: Role::Upstream,
                address: Arc::new(Address::Remote(remote)),
                transport: Transport::Stream,
                name: None,
                answer: Arc::new(answer),
            };
            found.push(Upstream { endpoint, client: *client, section: content.section });
        }
    }
    found
}

/// The target, if it is reached by TLS.
fn remote(rules: &Rules<'_>, scope: ScopeId, client: Client, target: &str) -> Option<String> {
    let model = rules.model;
    if model.scopes[scope].section == Section::Stream {
        let on = model.chain(scope).find_map(|s| model.scopes[s].proxy_ssl)?;
        return on.0.then(|| target.to_owned());
    }
    let scheme = match client {
        Client::Proxy => "https://",
        Client::Grpc => "grpcs://",
        Client::Uwsgi => "suwsgi://",
    };
    let host = target.get(..scheme.len())?.eq_ignore_ascii_case(scheme).then(|| &target[scheme.len()..])?;
    let host = host.split('/').next().unwrap_or(host);
    Some(format!("{scheme}{host}"))
}

fn answer(rules: &Rules<'_>, scope: ScopeId, client: Client, place: Place) -> Answer {
    let model = rules.model;
    let settings = |s: ScopeId| model.scopes[s].clients.get(&client);
    let include =
        |hop| model.hops_to(hop).into_iter().map(|s| Reason::at(ReasonKind::Include, s, "included from here"));
    let mut because: Vec<Reason> = include(place.hop).collect();
    because.push(Reason::at(ReasonKind::Engine, place.span, "connects by TLS"));
    let (mut deciders, mut unknown) = (Vec::new(), Vec::new());
    let mut known: HashSet<SettingId> = HashSet::new();
    let name = client.prefix();
    let lines = model.chain(scope).find_map(|s| settings(s).map(|t| &t.protocols).filter(|p| !p.is_empty()));
    if lines.is_none() && model.is_part {
        unknown.push(not_here(&format!("{name}_ssl_protocols"), place));
    }
    let mut set = match (lines, defaults::protocols(rules.release)) {
        (Some(lines), _) => {
            for line in lines {
                because.extend(include(line.place.hop));
                because.push(Reason::at(ReasonKind::Versions, line.place.span, "sets the versions that are offered"));
                if known.insert(line.setting) {
                    deciders.push(line.setting);
                }
            }
            lines.iter().fold(VersionSet::EMPTY, |set, line| set.union(line.versions))
        }
        (None, Some(set)) => {
            let note = format!("no {name}_ssl_protocols: the built-in default is {set}");
            because.push(Reason::placeless(ReasonKind::Default, note));
            set
        }
        (None, None) => {
            let note = format!("no {name}_ssl_protocols: the default depends on the version of nginx");
            because.push(Reason::placeless(ReasonKind::Default, note));
            unknown.push(Unknown {
                span: Some(place.span),
                what: format!("no {name}_ssl_protocols is set, and the version of nginx is not known"),
                help: format!("write {name}_ssl_protocols, or say the version: --assume nginx=VERSION"),
            });
            VersionSet::TLS
        }
    };
    let commands = model.chain(scope).find_map(|s| settings(s).map(|t| &t.commands).filter(|c| !c.is_empty()));
    let mut effects: Vec<_> = commands
        .into_iter()
        .flatten()
        .filter_map(|c| Some((c, command::parse(&c.name, &c.value).ok().flatten()?)))
        .collect();
    // Switches act on the set, limits cut it afterwards.
    effects.sort_by_key(|(_, effect)| !matches!(effect, Effect::Switch(_)));
    for (command, effect) in effects {
        let changed = effect.apply(set);
        if changed != set {
            let note = format!("{name}_ssl_conf_command changes the versions to {changed}");
            because.push(Reason::at(ReasonKind::Command, command.place.span, note));
            deciders.extend(command.setting);
            set = changed;
        }
    }
    let set = set.and(rules.library.versions());
    let ciphers = model.chain(scope).find_map(|s| settings(s).and_then(|t: &Tls| t.ciphers.clone()));
    let ciphers = ciphers.map_or_else(|| "DEFAULT".to_owned(), |(value, _)| value);
    let floor = rules.floor(set, Offer::of(ciphers));
    let effective = floor.usable.map(|usable| usable.and(set));
    because.extend(floor.notes.into_iter().map(|note| Reason::placeless(ReasonKind::Floor, note)));
    Answer {
        speaks: Speaks::Tls,
        configured: Traced { value: set, because },
        effective,
        usable: None,
        refuses: false,
        deciders,
        unknown,
    }
}
