//! Settings that decide nothing, and settings that leave nothing.

use super::model::{Model, VersionDirective};
use super::resolve::Resolution;
use super::scope::{MAIN, ServerId};
use super::startup;
use super::upstream::used_lists;
use crate::endpoint::{Role, SettingId, Unknown};
use crate::instance::{Dead, Problem};
use crate::services::place::Place;
use crate::services::service::World;
use crate::source::Span;
use crate::tls::VersionSet;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Marks settings that decide for no endpoint, and complains about what would keep httpd from starting.
pub(super) fn examine(model: &mut Model, resolution: &Resolution, main: &Path, world: World<'_>) {
    let deciders = resolution.endpoints.iter().flat_map(|endpoint| &endpoint.answer.deciders);
    let alive: BTreeSet<SettingId> = deciders.copied().collect();
    complain(model, resolution, main);
    for (place, message) in startup::refused(model, resolution, world) {
        model.complain(place, message);
    }
    if let Some((place, message)) = &resolution.left_out {
        // Any setting may decide for what was left out.
        model.complain(*place, message.clone());
        return;
    }
    let reach = AnsweringServers::of(resolution);
    let mut known: BTreeSet<Unknown> = model.unknown.iter().cloned().collect();
    for i in 0..model.settings.len() {
        let id = SettingId(i as u32);
        if !alive.contains(&id) {
            // It may decide for what is not here.
            if !model.is_part && !model.reach.is_cut {
                model.settings[i].dead = Some(reach.explain_dead(model, resolution, id));
            }
            let unknown: Option<Unknown> = model.written[i].unknown.clone();
            model.unknown.extend(unknown.filter(|unknown| known.insert(unknown.clone())));
        }
    }
}

/// What httpd finds wrong only when it starts.
fn complain(model: &mut Model, resolution: &Resolution, main: &Path) {
    if !model.is_part && model.listens.is_empty() && model.unknown.is_empty() && model.problems.is_empty() {
        model.problems.push(Problem::with(main, "no listening sockets available: there is no Listen"));
    }
    let mut complaints: BTreeMap<Place, String> = BTreeMap::new();
    for server in 0..model.servers.len() {
        let tls = &resolution.tls[server];
        if tls.is_on() {
            if let Some(used) = resolution.asked[server].list {
                complaints.extend(none_left(model, used.setting, used.place));
            }
            if let (Some(reason), Some(place)) = (resolution.refused.get(&server), tls.place) {
                complaints.insert(place, reason.clone());
            }
            let own = &model.servers[server];
            if !own.has_certificate()
                && !model.servers[MAIN].has_certificate()
                && !model.managed_certificates
                && !model.is_part
                && let Some(place) = tls.place
            {
                complaints.insert(place, "TLS is on here, but there is no SSLCertificateFile".to_owned());
            }
        }
        for used in used_lists(model, server) {
            complaints.extend(none_left(model, used.setting, used.place));
        }
    }
    for (place, message) in complaints {
        model.complain(place, message);
    }
}

/// A list that leaves no version passes the syntax check, but httpd does not start with it.
fn none_left(model: &Model, setting: SettingId, place: Place) -> Option<(Place, String)> {
    let written = model.written(setting);
    let name = &model.settings[setting.0 as usize].name;
    let empty = written.asked.is_empty() && written.unknown.is_none() && written.kind == VersionDirective::List;
    empty.then(|| {
        (place, format!("no SSL protocols available: this {name} leaves no version, and httpd does not start"))
    })
}

/// Which servers answer clients, and where.
struct AnsweringServers {
    /// For each first host of a chain: the chain's address.
    firsts: BTreeMap<ServerId, String>,
    /// For each other host: the first one before it, and the chain's address.
    followers: BTreeMap<ServerId, (ServerId, String)>,
    /// Hosts with a name that they answer to.
    named: BTreeSet<ServerId>,
}

impl AnsweringServers {
    fn of(resolution: &Resolution) -> AnsweringServers {
        let mut reach =
            AnsweringServers { firsts: BTreeMap::new(), followers: BTreeMap::new(), named: BTreeSet::new() };
        for (address, chain) in resolution.chains.iter() {
            let title = super::chains::show(*address);
            let first = chain.hosts[0];
            for host in &chain.hosts[1..] {
                reach.followers.insert(*host, (first, title.clone()));
            }
            reach.named.extend(chain.reported.iter().map(|(_, place)| chain.hosts[*place]));
            reach.firsts.insert(first, title);
        }
        reach
    }

    /// Why a setting decides nothing.
    fn explain_dead(&self, model: &Model, resolution: &Resolution, id: SettingId) -> Dead {
        let index = id.0 as usize;
        let (server, section) = model.written[index].scopes.first().copied().unwrap_or_default();
        let setting = &model.settings[index];
        if setting.role == Role::Upstream {
            return upstream(model, id, server, section);
        }
        let host = &model.servers[server];
        if let Some(last) = host.versions.last()
            && last.setting != id
            && host.versions.iter().any(|used| used.setting == id)
        {
            return replaced(model, last.setting, last.place, "a later SSLProtocol in the same scope replaces it");
        }
        if let VersionDirective::Command(command) = &model.written[index].kind {
            let same = |other: &VersionDirective| match other {
                VersionDirective::Command(other) => std::mem::discriminant(other) == std::mem::discriminant(command),
                VersionDirective::List => false,
            };
            let later = host.commands.iter().rev().find(|used| same(&model.written(used.setting).kind));
            if let Some(last) = later.filter(|last| last.setting != id) {
                return replaced(model, last.setting, last.place, "a later command in the same scope replaces it");
            }
        }
        if server == MAIN { why_main(model, resolution, id) } else { self.why_host(model, resolution, id, server) }
    }

    fn why_host(&self, model: &Model, resolution: &Resolution, id: SettingId, server: ServerId) -> Dead {
        let span = |server: ServerId| model.servers[server].head.map(|place| place.span);
        let tls = &resolution.tls[server];
        if !tls.is_on() {
            return dead("TLS is off in this virtual host", tls.place.map(|place| place.span));
        }
        if let Some(used) = resolution.asked[server].overruled(id) {
            return replaced(model, used.setting, used.place, "SSLOpenSSLConfCmd sets other bounds afterwards");
        }
        if let Some((first, title)) = self.followers.get(&server).filter(|_| !self.firsts.contains_key(&server)) {
            if !resolution.tls[*first].is_on() {
                let why = format!("the first virtual host of {title} has no TLS, so that nobody gets any there");
                return Dead { why, by: span(*first), instead: None };
            }
            if !self.named.contains(&server) {
                let why = format!("clients of {title} get an earlier virtual host for every name of this one");
                return Dead { why, by: span(*first), instead: None };
            }
            if resolution.build.versions_by_name == Some(false) {
                let why = format!("before httpd 2.4.42 the first virtual host decides for every name on {title}");
                return instead_of(model, resolution, *first, why);
            }
            if matches!(model.written(id).kind, VersionDirective::Command(_)) {
                let why = format!("without an SSLProtocol here the first virtual host of {title} decides");
                return instead_of(model, resolution, *first, why);
            }
        }
        let reached = self.firsts.contains_key(&server) || self.followers.contains_key(&server);
        let why = if reached {
            "nothing listens on the addresses of this virtual host"
        } else {
            "no address of this virtual host can be resolved"
        };
        dead(why, span(server))
    }
}

/// Why a setting of the server level decides nothing.
fn why_main(model: &Model, resolution: &Resolution, id: SettingId) -> Dead {
    let with_tls = |server: &ServerId| resolution.tls[*server].is_on();
    let Some(_) = (0..model.servers.len()).find(with_tls) else {
        return dead("TLS is on nowhere in this configuration", None);
    };
    let decides: BTreeSet<SettingId> = resolution
        .endpoints
        .iter()
        .filter(|endpoint| endpoint.role == Role::Listener)
        .flat_map(|endpoint| endpoint.answer.deciders.iter().copied())
        .collect();
    let instead: BTreeSet<VersionSet> =
        decides.iter().map(|decider| model.settings[decider.0 as usize].versions).collect();
    let by = decides.iter().next().map(|decider| model.settings[decider.0 as usize].span);
    let why = if matches!(model.written(id).kind, VersionDirective::List) {
        "every virtual host with TLS that answers has an SSLProtocol or commands of its own"
    } else {
        "what it says is overruled wherever TLS is on"
    };
    let instead = instead.first().copied().filter(|_| instead.len() == 1);
    Dead { why: why.to_owned(), by, instead }
}

fn dead(why: &str, by: Option<Span>) -> Dead {
    Dead { why: why.to_owned(), by, instead: None }
}

fn replaced(model: &Model, by: SettingId, place: Place, why: &str) -> Dead {
    let instead = model.settings[by.0 as usize].versions;
    Dead { why: why.to_owned(), by: Some(place.span), instead: Some(instead) }
}

/// What the first host of a chain asks for counts instead.
fn instead_of(model: &Model, resolution: &Resolution, first: ServerId, why: String) -> Dead {
    let asked = &resolution.asked[first];
    let by = asked.list.map(|used| used.place.span).or(model.servers[first].head.map(|place| place.span));
    Dead { why, by, instead: Some(asked.versions.minus(asked.off)) }
}

fn upstream(model: &Model, id: SettingId, server: ServerId, section: usize) -> Dead {
    let section = section.checked_sub(1).map(|section| &model.servers[server].sections[section]);
    let own = section.map_or(&model.servers[server].proxy.versions, |section| &section.proxy.versions);
    match own.last().filter(|last| last.setting != id) {
        Some(last) => {
            replaced(model, last.setting, last.place, "a later SSLProxyProtocol in the same scope replaces it")
        }
        None => dead("nothing is proxied to over TLS with it", None),
    }
}
