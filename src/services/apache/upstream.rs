//! httpd as a client: which versions it offers to the servers that it proxies to.

use super::model::{Covers, MAIN, Model, Place, Proxy, ProxySection, ServerId, Use};
use super::protocol::Build;
use super::resolve::ciphers;
use super::versions::way;
use crate::endpoint::{Address, Answer, Endpoint, Reason, ReasonKind, Role, Speaks, Traced, Transport};
use crate::host::Facts;
use crate::openssl::Keys;
use crate::tls::Version;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What applies to a URL that a server proxies to, innermost scope first.
#[derive(Clone)]
struct View<'a>(Vec<&'a Proxy>);

impl<'a> View<'a> {
    /// The last section that covers a URL comes first; those of a virtual host are behind those of the server level.
    fn of(model: &'a Model, server: ServerId, url: &str) -> View<'a> {
        let covering = sections(model, server).filter(|section| section.covers(url));
        let mut proxies: Vec<&Proxy> = covering.map(|section| &section.proxy).collect();
        proxies.reverse();
        proxies.extend(levels(model, server));
        View(proxies)
    }

    fn list(&self) -> Option<Use> {
        self.0.iter().find_map(|proxy| proxy.versions.last().copied())
    }

    fn engine(&self) -> Option<(bool, Place)> {
        self.0.iter().find_map(|proxy| proxy.engine)
    }

    fn ciphers(&self) -> Option<&'a str> {
        self.0.iter().find_map(|proxy| proxy.ciphers.as_deref())
    }

    fn suites(&self) -> Option<&'a str> {
        self.0.iter().find_map(|proxy| proxy.suites.as_deref())
    }
}

/// A server, and the server level.
fn levels(model: &Model, server: ServerId) -> impl Iterator<Item = &Proxy> {
    let main = (server != MAIN).then_some(&model.servers[MAIN].proxy);
    std::iter::once(&model.servers[server].proxy).chain(main)
}

/// The sections that a server has: those of the server level, then its own.
fn sections(model: &Model, server: ServerId) -> impl Iterator<Item = &ProxySection> {
    let main = model.servers[MAIN].sections.iter().filter(move |_| server != MAIN);
    main.chain(&model.servers[server].sections)
}

/// The `SSLProxyProtocol` that is used with TLS on towards other servers, in a server or one of its sections.
pub(super) fn used_lists(model: &Model, server: ServerId) -> Vec<Use> {
    let own = model.servers[server].sections.iter().map(|section| Some(&section.proxy));
    let views = own.chain([None]).map(|own| View(own.into_iter().chain(levels(model, server)).collect()));
    views.filter(|view| view.engine().is_some_and(|(on, _)| on)).filter_map(|view| view.list()).collect()
}

/// The endpoints of all proxied servers that are reached over TLS.
pub(super) fn endpoints(model: &Model, build: Build, facts: &Facts) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    for server in 0..model.servers.len() {
        let own = &model.servers[server];
        // What the server level proxies, every host does; it is another endpoint only where it is set otherwise.
        let differs = own.proxy.engine.is_some() || !own.proxy.versions.is_empty() || own.proxy.ciphers.is_some();
        let differs = differs || !own.sections.is_empty();
        let inherited = if server != MAIN && differs { &model.servers[MAIN].proxy.targets[..] } else { &[] };
        let mut seen = BTreeSet::new();
        for (url, place) in own.proxy.targets.iter().chain(inherited) {
            for url in urls(model, server, url) {
                let view = View::of(model, server, &url);
                let Some((true, engine)) = view.engine() else { continue };
                for (remote, place) in remotes(model, server, &url, *place) {
                    let parameters = (view.list().map(|used| used.setting), view.ciphers(), view.suites());
                    if seen.insert((remote.clone(), parameters)) {
                        let answer = answer(model, build, facts, &view, place, engine);
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
    }
    endpoints
}

/// A proxied URL, and those below it for which there are sections.
fn urls(model: &Model, server: ServerId, url: &str) -> Vec<String> {
    let below = |section: &&ProxySection| {
        matches!(section.covers, Covers::Beginning) && section.url.len() > url.len() && section.url.starts_with(url)
    };
    let below = sections(model, server).filter(below).map(|section| section.url.clone());
    std::iter::once(url.to_owned()).chain(below).collect()
}

/// The servers that a URL leads to: its own, or the members of a balancer.
fn remotes(model: &Model, server: ServerId, url: &str, place: Place) -> Vec<(String, Place)> {
    let is_balancer = |url: &str| url.get(..11).is_some_and(|start| start.eq_ignore_ascii_case("balancer://"));
    if !is_balancer(url) {
        return vec![(origin(url), place)];
    }
    let name = origin(url);
    let balancers = sections(model, server).filter(|section| origin(&section.url).eq_ignore_ascii_case(&name));
    let members = balancers.flat_map(|section| &section.proxy.targets);
    members.filter(|(url, _)| !is_balancer(url)).map(|(url, place)| (origin(url), *place)).collect()
}

/// Scheme and authority of a URL.
fn origin(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let length = url[start..].find(['/', '?', '#']).unwrap_or(url.len() - start);
    url[..start + length].to_owned()
}

fn answer(model: &Model, build: Build, facts: &Facts, view: &View<'_>, target: Place, engine: Place) -> Answer {
    let mut because = vec![
        Reason::at(ReasonKind::Server, target.span, "proxies there"),
        Reason::at(ReasonKind::Engine, engine.span, "turns TLS on towards other servers"),
    ];
    let library = &facts.apache.library;
    let (mut versions, mut deciders, mut unknown) = (build.all.without(Version::Ssl3), Vec::new(), Vec::new());
    if let Some(used) = view.list() {
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
    let (list, suites) = (view.ciphers().map(ciphers), view.suites());
    let effective = library.accepts(versions, list.as_deref(), suites, Keys::ANY);
    let why = library.why(versions, list.as_deref(), suites, Keys::ANY);
    because.extend(why.into_iter().map(|why| Reason::placeless(ReasonKind::Floor, why)));
    let configured = Traced { value: versions, because };
    Answer { speaks: Speaks::Tls, configured, effective, refuses: false, deciders, unknown }
}
