//! httpd as a client: which versions it offers to the servers that it proxies to.

use super::ID;
use super::loading::ciphers;
use super::model::{Covers, Model, Proxy, ProxySection, SettingUse};
use super::part::versions_not_here;
use super::protocol::ProtocolRules;
use super::proxied::{Scheme, is_balancer, scheme};
use super::proxy_targets::{ProxyTarget, estimate_steps, members, targets};
use super::scope::{MAIN, ServerId};
use super::versions::explain_way;
use super::workers::origin;
use crate::endpoint::{
    Address, Answer, Endpoint, Preface, Reason, ReasonKind, Role, Speaks, Traced, Transport, Unknown,
};
use crate::host::Facts;
use crate::openssl::Keys;
use crate::services::limits::{self, Upstreams};
use crate::services::place::Place;
use crate::tls::{Version, VersionSet};
use crate::topic::Topic;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

/// What applies to a URL that a server proxies to.
#[derive(Clone, Copy, Default)]
struct View<'a> {
    list: Option<SettingUse>,
    engine: Option<(bool, Place)>,
    ciphers: Option<&'a str>,
    suites: Option<&'a str>,
}

impl<'a> View<'a> {
    /// What a scope says comes first, then what `outer` says.
    fn within(proxy: &'a Proxy, outer: View<'a>) -> View<'a> {
        View {
            list: proxy.versions.last().copied().or(outer.list),
            engine: proxy.engine.or(outer.engine),
            ciphers: proxy.ciphers.as_deref().or(outer.ciphers),
            suites: proxy.suites.as_deref().or(outer.suites),
        }
    }

    /// What a server and the server level say.
    fn of_levels(model: &'a Model, server: ServerId) -> View<'a> {
        let main = View::within(&model.servers[MAIN].proxy, View::default());
        if server == MAIN { main } else { View::within(&model.servers[server].proxy, main) }
    }
}

/// What the library makes of versions, a cipher list and suites, and why.
type LibraryFloors<'a> = BTreeMap<(VersionSet, Option<&'a str>, Option<&'a str>), (Option<VersionSet>, Vec<String>)>;

/// For each directive the last section that has it, of those that cover the same URLs.
type Last = [Option<usize>; 4];

/// The sections of a server by what they cover: ten thousand of them are not tried for each of ten thousand URLs.
struct Sections<'a> {
    all: &'a [ProxySection],
    /// Those for all URLs that begin with a text.
    beginnings: BTreeMap<&'a str, (Last, Vec<usize>)>,
    /// How long those texts are.
    lengths: BTreeSet<usize>,
    /// Those for other URLs, by what they are called; with one of them each.
    others: BTreeMap<(bool, &'a str), (Last, usize)>,
}

impl<'a> Sections<'a> {
    fn of(model: &'a Model, server: ServerId) -> Sections<'a> {
        let all = &model.servers[server].sections[..];
        let mut sections =
            Sections { all, beginnings: BTreeMap::new(), lengths: BTreeSet::new(), others: BTreeMap::new() };
        for (at, section) in all.iter().enumerate() {
            let (url, proxy) = (&*section.url, &section.proxy);
            let has =
                [!proxy.versions.is_empty(), proxy.engine.is_some(), proxy.ciphers.is_some(), proxy.suites.is_some()];
            let last = if matches!(section.covers, Covers::Beginning) {
                sections.lengths.insert(url.len());
                let (last, numbers) = sections.beginnings.entry(url).or_default();
                numbers.push(at);
                last
            } else {
                let is_pattern = matches!(section.covers, Covers::Pattern);
                &mut sections.others.entry((is_pattern, url)).or_insert((Last::default(), at)).0
            };
            for (last, has) in last.iter_mut().zip(has) {
                *last = if has { Some(at) } else { *last };
            }
        }
        sections
    }

    /// What the sections that cover a URL say, the last one first; then what `outer` says.
    fn view(&self, url: &str, outer: View<'a>) -> View<'a> {
        let beginnings = self.lengths.range(..=url.len()).filter_map(|length| url.get(..*length));
        let beginnings = beginnings.filter_map(|start| self.beginnings.get(start)).map(|(last, _)| last);
        let others = self.others.values().filter(|(_, at)| self.all[*at].covers(url)).map(|(last, _)| last);
        let mut found = Last::default();
        for last in beginnings.chain(others) {
            for (found, last) in found.iter_mut().zip(last) {
                *found = (*found).max(*last);
            }
        }
        let [list, engine, ciphers, suites] = found.map(|at| at.map(|at| &self.all[at].proxy));
        View {
            list: list.and_then(|proxy| proxy.versions.last().copied()).or(outer.list),
            engine: engine.and_then(|proxy| proxy.engine).or(outer.engine),
            ciphers: ciphers.and_then(|proxy| proxy.ciphers.as_deref()).or(outer.ciphers),
            suites: suites.and_then(|proxy| proxy.suites.as_deref()).or(outer.suites),
        }
    }

    /// Do sections for some URLs say something about versions?
    fn differ(&self) -> bool {
        let says = |section: &&ProxySection| !section.proxy.versions.is_empty() || section.proxy.ciphers.is_some();
        self.all.iter().filter(says).any(|section| section.url != "*")
    }

    /// The URLs below one for which there are sections, in their order.
    fn below(&self, url: &str) -> Vec<String> {
        let range = (Bound::Excluded(url), Bound::Unbounded);
        let below = self.beginnings.range::<str, _>(range).take_while(|(other, _)| other.starts_with(url));
        let mut numbers: Vec<usize> = below.flat_map(|(_, (_, numbers))| numbers.iter().copied()).collect();
        numbers.sort_unstable();
        numbers.into_iter().map(|at| self.all[at].url.clone()).collect()
    }
}

/// The `SSLProxyProtocol` that is used with TLS on towards other servers, in a server or one of its sections.
pub(super) fn used_lists(model: &Model, server: ServerId) -> Vec<SettingUse> {
    let levels = View::of_levels(model, server);
    let own = model.servers[server].sections.iter().map(|section| View::within(&section.proxy, levels));
    own.chain([levels]).filter(|view| view.engine.is_some_and(|(on, _)| on)).filter_map(|view| view.list).collect()
}

/// Cipher lists that are used with TLS on towards other servers, with the directive that turns it on.
pub(super) fn used_ciphers(model: &Model, server: ServerId) -> Vec<(String, Place)> {
    let levels = View::of_levels(model, server);
    let own = model.servers[server].sections.iter().map(|section| View::within(&section.proxy, levels));
    let used =
        own.chain([levels]).filter_map(|view| Some((ciphers(view.ciphers?), view.engine.filter(|(on, _)| *on)?.1)));
    used.collect()
}

/// The endpoints of all proxied servers that are reached over TLS.
///
/// `reached`: which servers get requests at all. Besides: where they are too many, and what is to be said then.
pub(super) fn endpoints(
    model: &Model,
    build: ProtocolRules,
    facts: &Facts,
    reached: &[bool],
) -> (Vec<Endpoint>, Option<(Place, String)>) {
    let mut room = Upstreams::default();
    let endpoints = in_room(model, build, facts, reached, &mut room);
    (endpoints, room.full.map(|place| (place, limits::too_many_upstreams())))
}

fn in_room(
    model: &Model,
    build: ProtocolRules,
    facts: &Facts,
    reached: &[bool],
    room: &mut Upstreams<Place>,
) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    let (main, mut floors) = (Sections::of(model, MAIN), LibraryFloors::new());
    // What the server level proxies, every host does; it is another endpoint only where it is set otherwise.
    let mut shared: BTreeSet<ProxyTarget> = BTreeSet::new();
    let mut is_shared = false;
    for server in (0..model.servers.len()).filter(|server| reached[*server]) {
        let own = &model.servers[server];
        let differs = own.proxy.engine.is_some() || !own.proxy.versions.is_empty() || own.proxy.ciphers.is_some();
        let differs = server != MAIN && (differs || !own.sections.is_empty());
        let is_bare = server != MAIN && own.proxied.is_empty() && own.rewriting.is_empty();
        if !differs && is_bare && is_shared {
            continue;
        }
        let mut all = targets(model, server, facts, room);
        if !differs {
            all.retain(|target| shared.insert(target.clone()));
            is_shared |= is_bare || server == MAIN;
        }
        let sections = if server == MAIN { vec![] } else { vec![Sections::of(model, server)] };
        let sections = || std::iter::once(&main).chain(&sections);
        let levels = View::of_levels(model, server);
        let (mut seen, mut known) = (BTreeSet::new(), BTreeSet::new());
        for target in all {
            // Only the first place of a URL is told.
            if !known.insert(target.url.clone()) {
                continue;
            }
            let urls = std::iter::once(target.url.clone());
            for url in urls.chain(sections().flat_map(|sections| sections.below(&target.url))) {
                let others: usize = sections().map(|sections| sections.others.len()).sum();
                if !room.steps(estimate_steps(model, server, &url) + 10 * others, target.place) {
                    return endpoints;
                }
                let view = sections().fold(levels, |outer, sections| sections.view(&url, outer));
                let Some((true, engine)) = view.engine else { continue };
                for (remote, place) in remotes(model, server, &url, target.place) {
                    let is_served =
                        |scheme: &str| !model.unserved.iter().any(|other| other.eq_ignore_ascii_case(scheme));
                    if !remote.split_once("://").is_none_or(|(scheme, _)| is_served(scheme)) {
                        continue;
                    }
                    let parameters = (view.list.map(|used| used.setting), view.ciphers, view.suites);
                    if seen.insert((remote.clone(), parameters)) {
                        if !room.endpoint(place) {
                            return endpoints;
                        }
                        let mut answer = answer(model, build, facts, view, [place, engine], &mut floors);
                        let of_rule = target.is_unclear.then(|| unclear(&remote, place));
                        if let Some(unknown) =
                            of_rule.or_else(|| open(&remote, place, sections().any(Sections::differ)))
                        {
                            answer.speaks =
                                if scheme(&remote) == Scheme::Variable { Speaks::Unknown } else { Speaks::Tls };
                            answer.unknown.push(unknown);
                        }
                        endpoints.push(Endpoint {
                            role: Role::Upstream,
                            address: Address::Remote(remote).into(),
                            transport: Transport::Stream,
                            preface: Preface::default(),
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

/// Other sections decide whether the rule that leads there acts.
fn unclear(remote: &str, place: Place) -> Unknown {
    Unknown {
        topic: Topic::about("rewriting-on", remote.to_owned()),
        span: Some(place.span),
        what: format!("another section turns the rewriting on that leads to {remote}: it may not be on here"),
        help: "write RewriteEngine On beside the rule".to_owned(),
    }
}

/// What is not known of a server that a variable names.
fn open(remote: &str, place: Place, sections_differ: bool) -> Option<Unknown> {
    let (kind, what) = match scheme(remote) {
        Scheme::Variable => ("scheme-by-variable", format!("whether {remote} is reached by TLS depends on a request")),
        _ if remote.contains(['$', '%']) && sections_differ => {
            ("section-by-variable", format!("which <Proxy> section {remote} belongs to depends on a request"))
        }
        _ => return None,
    };
    let help = "write the URL, or check what the requests get".to_owned();
    Some(Unknown { topic: Topic::about(kind, remote.to_owned()), span: Some(place.span), what, help })
}

/// The servers that a URL leads to: its own, or the members of a balancer.
fn remotes(model: &Model, server: ServerId, url: &str, place: Place) -> Vec<(String, Place)> {
    let Some(members) = members(model, server, url) else { return vec![(origin(url).to_owned(), place)] };
    let members = members.into_iter().filter(|(url, _)| scheme(url) != Scheme::Other && !is_balancer(url));
    members.map(|(url, place)| (origin(&url).to_owned(), place)).collect()
}

fn answer<'a>(
    model: &Model,
    build: ProtocolRules,
    facts: &Facts,
    view: View<'a>,
    [target, engine]: [Place; 2],
    floors: &mut LibraryFloors<'a>,
) -> Answer {
    let mut because = vec![
        Reason::at(ReasonKind::Server, target.span, "proxies there"),
        Reason::at(ReasonKind::Engine, engine.span, "turns TLS on towards other servers"),
    ];
    let library = &facts.of(ID).library;
    let (mut versions, mut deciders, mut unknown) = (build.all.without(Version::Ssl3), Vec::new(), Vec::new());
    if let Some(used) = view.list {
        let written = model.written(used.setting);
        versions = build.most(written.asked, written.names_tls1_3);
        unknown.extend(written.unknown.clone());
        because.extend(explain_way(model, used));
        because.push(Reason::at(ReasonKind::Versions, used.place.span, "for connections to other servers"));
        deciders.push(used.setting);
    } else {
        unknown.extend(model.is_part.then(|| versions_not_here("SSLProxyProtocol")));
        let note = format!("no SSLProxyProtocol: the default of httpd is {versions}");
        because.push(Reason::placeless(ReasonKind::Default, note));
    }
    let off = library.system.off.and(versions);
    if !off.is_empty() {
        because.push(Reason::placeless(ReasonKind::Floor, format!("openssl.cnf switches off {off}")));
        versions = versions.minus(off);
    }
    let offered = library.offered_by_client(versions);
    if let Some(offered) = offered.filter(|offered| *offered != versions) {
        let note = format!("as a client, OpenSSL offers of versions with a gap the lowest ones only: {offered}");
        because.push(Reason::placeless(ReasonKind::Floor, note));
    }
    let (is_sure, offered) = (offered.is_some(), offered.unwrap_or(versions));
    let (effective, why) = floors.entry((offered, view.ciphers, view.suites)).or_insert_with(|| {
        let list = view.ciphers.map(ciphers);
        let effective = library.accepts(offered, list.as_deref(), view.suites, Keys::ANY);
        (effective, library.why(offered, list.as_deref(), view.suites, Keys::ANY))
    });
    let effective = effective.filter(|_| is_sure);
    because.extend(why.iter().map(|why| Reason::placeless(ReasonKind::Floor, why.clone())));
    let configured = Traced { value: versions, because };
    Answer { speaks: Speaks::Tls, configured, effective, usable: None, refuses: false, deciders, unknown }
}
