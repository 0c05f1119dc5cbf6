//! httpd as a client: which versions it offers to the servers that it proxies to.

use super::model::{MAIN, Model, Place, Proxy, ProxySection, ServerId, Use};
use super::protocol::Build;
use super::resolve::ciphers;
use super::versions::way;
use crate::endpoint::{Address, Answer, Endpoint, Reason, ReasonKind, Role, Speaks, Traced, Transport};
use crate::host::Facts;
use crate::openssl::Keys;
use crate::tls::Version;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The `SSLProxyProtocol` of a place: that of the innermost scope which has one.
pub(super) fn list_of(model: &Model, server: ServerId, section: Option<&ProxySection>) -> Option<Use> {
    let scopes = scopes(model, server, section);
    scopes.into_iter().flatten().find_map(|proxy| proxy.versions.last().copied())
}

/// The scopes of a place, innermost first.
fn scopes<'a>(model: &'a Model, server: ServerId, section: Option<&'a ProxySection>) -> [Option<&'a Proxy>; 3] {
    let main = (server != MAIN).then_some(&model.servers[MAIN].proxy);
    [section.map(|section| &section.proxy), Some(&model.servers[server].proxy), main]
}

/// Is TLS on towards other servers?
pub(super) fn engine_of(model: &Model, server: ServerId, section: Option<&ProxySection>) -> Option<(bool, Place)> {
    scopes(model, server, section).into_iter().flatten().find_map(|proxy| proxy.engine)
}

/// The endpoints of all proxied servers that are reached over TLS.
pub(super) fn endpoints(model: &Model, build: Build, facts: &Facts) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    for server in 0..model.servers.len() {
        let own = &model.servers[server];
        // What the server level proxies, every host does; it is another endpoint only where it is set otherwise.
        let differs = own.proxy.engine.is_some() || !own.proxy.versions.is_empty() || own.proxy.ciphers.is_some();
        let inherited = if server != MAIN && differs { &model.servers[MAIN].proxy.targets[..] } else { &[] };
        let mut seen = BTreeSet::new();
        for (url, place) in own.proxy.targets.iter().chain(inherited) {
            for (section, url, place) in reached(model, server, url, *place) {
                let on = engine_of(model, server, section);
                let Some((true, engine)) = on else { continue };
                let remote = origin(&url);
                if seen.insert((remote.clone(), section.map(|section| section.place))) {
                    let answer = answer(model, build, facts, server, section, place, engine);
                    endpoints.push(Endpoint {
                        role: Role::Upstream,
                        address: Address::Remote(remote).into(),
                        transport: Transport::Stream,
                        name: None,
                        answer: Arc::new(answer),
                    });
                }
            }
        }
    }
    endpoints
}

/// What a URL leads to: itself, or the members of a balancer; with the `<Proxy>` section that applies.
fn reached<'a>(
    model: &'a Model,
    server: ServerId,
    url: &str,
    place: Place,
) -> Vec<(Option<&'a ProxySection>, String, Place)> {
    let main = model.servers[MAIN].sections.iter().filter(|_| server != MAIN);
    let sections = || model.servers[server].sections.iter().chain(main.clone());
    let scheme = |text: &str| text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if scheme(url).as_deref() == Some("balancer") {
        let name = origin(url);
        let balancers = sections().filter(|section| origin(&section.url).eq_ignore_ascii_case(&name));
        let members = balancers.flat_map(|section| section.proxy.targets.iter().map(move |target| (section, target)));
        let tls = members.filter(|(_, (url, _))| scheme(url).as_deref() != Some("balancer"));
        return tls.map(|(section, (url, place))| (Some(section), url.clone(), *place)).collect();
    }
    // Of several sections whose URL begins this one, the longest belongs to its worker.
    let begins = |section: &&ProxySection| !section.url.is_empty() && url.starts_with(section.url.as_str());
    let section = sections().filter(begins).max_by_key(|section| section.url.len());
    vec![(section, url.to_owned(), place)]
}

/// Scheme and authority of a URL.
fn origin(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let length = url[start..].find(['/', '?', '#']).unwrap_or(url.len() - start);
    url[..start + length].to_owned()
}

fn answer(
    model: &Model,
    build: Build,
    facts: &Facts,
    server: ServerId,
    section: Option<&ProxySection>,
    target: Place,
    engine: Place,
) -> Answer {
    let mut because = vec![
        Reason::at(ReasonKind::Server, target.span, "proxies there"),
        Reason::at(ReasonKind::Engine, engine.span, "turns TLS on towards other servers"),
    ];
    let library = &facts.apache.library;
    let (mut versions, mut deciders, mut unknown) = (build.all.without(Version::Ssl3), Vec::new(), Vec::new());
    if let Some(used) = list_of(model, server, section) {
        let written = model.written(used.setting);
        versions = build.served(written.asked);
        unknown.extend(written.unknown.clone());
        because.extend(way(model, used));
        because.push(Reason::at(ReasonKind::Versions, used.place.span, "for connections to other servers"));
        deciders.push(used.setting);
    } else {
        let note = format!("no SSLProxyProtocol: the default of httpd is {versions}");
        because.push(Reason::placeless(ReasonKind::Default, note));
    }
    let off = library.system.off.and(versions);
    if !off.is_empty() {
        because.push(Reason::placeless(ReasonKind::Floor, format!("openssl.cnf switches off {off}")));
        versions = versions.minus(off);
    }
    let lists = scopes(model, server, section).into_iter().flatten();
    let list = lists.clone().find_map(|proxy| proxy.ciphers.as_deref()).map(ciphers);
    let suites = lists.into_iter().find_map(|proxy| proxy.suites.as_deref());
    let effective = library.accepts(versions, list.as_deref(), suites, Keys::ANY);
    let why = library.why(versions, list.as_deref(), suites, Keys::ANY);
    because.extend(why.into_iter().map(|why| Reason::placeless(ReasonKind::Floor, why)));
    let configured = Traced { value: versions, because };
    Answer { speaks: Speaks::Tls, configured, effective, refuses: false, deciders, unknown }
}
