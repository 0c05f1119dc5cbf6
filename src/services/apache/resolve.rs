//! From what was read to endpoints: who answers where, and what clients are offered.

use super::ID;
use super::chains::{HostChain, HostChains, address, show};
use super::loading::{Loader, ciphers};
use super::model::{HostAddress, Model, Narrows};
use super::protocol::ProtocolRules;
use super::scope::{MAIN, ServerId};
use super::tls_switch::{SwitchState, TlsSwitch, collect_https_listeners};
use super::versions::{Combination, OwnVersions};
use crate::endpoint::{
    Address, Answer, Endpoint, Preface, Reason, ReasonKind, Role, Speaks, Traced, Transport, Unknown,
};
use crate::host::Facts;
use crate::openssl::ClientDependent;
use crate::openssl::{Keys, Presented, Refused, Terms, one_after_another};
use crate::services::limits::{self, Room};
use crate::services::place::Place;
use crate::services::service::{Destination, Fit, Question, Response, World};
use crate::tls::VersionSet;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// So many commands that leave an answer open are told of each.
const MOST_COMMANDS: usize = 20;

/// The parameters that decide which versions can work.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lists {
    pub(super) ciphers: Option<String>,
    pub(super) suites: Option<String>,
    keys: Presented,
}

impl Lists {
    fn terms(&self) -> Terms<'_> {
        Terms { ciphers: self.ciphers.as_deref(), suites: self.suites.as_deref(), keys: self.keys, ..Terms::default() }
    }
}

/// The suites for TLS 1.3 that one version of OpenSSL or another knows.
const SUITES: &[&str] = &[
    "TLS_AES_128_CCM_8_SHA256",
    "TLS_AES_128_CCM_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_SHA256_SHA256",
    "TLS_SHA384_SHA384",
];

/// Where and by whom an answer is given: listener, chain, virtual host.
type AnswerKey = (usize, Option<HostAddress>, ServerId);

/// The resolved configuration, as far as listeners go.
#[derive(Debug)]
pub(super) struct Resolution {
    pub(super) build: ProtocolRules,
    pub(super) tls: Vec<TlsSwitch>,
    pub(super) asked: Vec<OwnVersions>,
    pub(super) chains: HostChains,
    pub(super) endpoints: Vec<Endpoint>,
    /// For each endpoint of a listener: the first host of the chain, and the one whose TLS counts.
    pub(super) origins: Vec<(ServerId, ServerId)>,
    answers: BTreeMap<AnswerKey, Arc<Answer>>,
    /// The listeners by port.
    listens: BTreeMap<u16, Vec<(usize, Arc<Address>)>>,
    /// There are more endpoints, which were left out: the first `Listen` for which there was no room, and what is to be
    /// said.
    pub(super) left_out: Option<(Place, String)>,
    /// Servers with TLS and a cipher list with which httpd does not start, and why.
    pub(super) refused: BTreeMap<ServerId, String>,
    /// Servers of whose certificates and keys OpenSSL refuses one, should they have TLS: the first, and why.
    pub(super) unloaded: BTreeMap<ServerId, (Place, String)>,
}

/// Resolves what was read.
pub(super) fn resolve(model: &Model, world: World<'_>) -> Resolution {
    let build = ProtocolRules::of(world.facts.of(ID));
    let servers = 0..model.servers.len();
    let https = collect_https_listeners(model);
    let mut resolver = Resolver {
        model,
        facts: world.facts,
        lists: Vec::new(),
        loader: Loader::new(world.system),
        usable: BTreeMap::new(),
        why: BTreeMap::new(),
        refused_lists: RefCell::default(),
        resolution: Resolution {
            build,
            tls: servers.clone().map(|server| TlsSwitch::of(model, build, &https, server)).collect(),
            asked: servers.clone().map(|server| OwnVersions::of(model, build, world.facts, server)).collect(),
            chains: HostChains::of(model),
            endpoints: Vec::new(),
            origins: Vec::new(),
            answers: BTreeMap::new(),
            listens: BTreeMap::new(),
            left_out: None,
            refused: BTreeMap::new(),
            unloaded: BTreeMap::new(),
        },
        room: Room::default(),
    };
    resolver.lists = servers.map(|server| resolver.lists_of(server)).collect();
    for server in 0..model.servers.len() {
        let refused = resolver.refused(server).filter(|_| resolver.resolution.tls[server].is_on());
        resolver.resolution.refused.extend(refused.map(|reason| (server, reason)));
    }
    for listen in (0..model.listens.len()).filter(|listen| model.listens[*listen].is_open) {
        resolver.listener(listen);
    }
    resolver.resolution
}

struct Resolver<'a> {
    model: &'a Model,
    facts: &'a Facts,
    lists: Vec<Lists>,
    loader: Loader<'a>,
    usable: BTreeMap<Lists, Option<VersionSet>>,
    /// Why versions are refused, by what is asked for.
    why: BTreeMap<(VersionSet, Lists), Vec<String>>,
    /// Why a cipher list is refused; `None`: it is not. A cell, since it is asked in the middle of what borrows the model;
    /// that a list was asked for changes no answer.
    refused_lists: RefCell<BTreeMap<String, Option<String>>>,
    resolution: Resolution,
    room: Room,
}

impl Resolver<'_> {
    fn lists_of(&mut self, server: ServerId) -> Lists {
        let own = &self.model.servers[server];
        let main = &self.model.servers[MAIN];
        let ciphers = one_after_another(self.cipher_lists(server).iter().map(String::as_str));
        let library = &self.facts.of(ID).library;
        let loaded = self.loader.load(self.model, library, server);
        self.resolution.unloaded.extend(loaded.refused.map(|refused| (server, refused)));
        let keys = library.presented(&loaded.identity, ciphers.as_deref());
        let suites = [0, 1].map(|i| own.suites[i].as_ref().or(main.suites[i].as_ref()));
        Lists { ciphers, suites: suites[1].or(suites[0]).cloned(), keys }
    }

    /// The cipher lists that a server is given, one after another: `SSLCipherSuite`, then the commands of the server
    /// level and its own.
    fn cipher_lists(&self, server: ServerId) -> Vec<String> {
        let own = &self.model.servers[server].ciphers;
        let main = &self.model.servers[MAIN].ciphers;
        let inherited = main[1].as_ref().filter(|_| server != MAIN);
        // The directive of a host replaces that of the server level, but commands of both are run, in this order (R21).
        let lists = [own[0].as_ref().or(main[0].as_ref()), inherited, own[1].as_ref()];
        lists.into_iter().flatten().map(|list| ciphers(list)).collect()
    }

    /// Why OpenSSL refuses a cipher list of a server, so that httpd does not start.
    fn refused(&self, server: ServerId) -> Option<String> {
        let library = &self.facts.of(ID).library;
        let refused = |list: &str| match library.select(Some(list)) {
            Err(Refused::Invalid(reason)) => Some(format!("OpenSSL refuses the cipher list \"{list}\": {reason}")),
            _ => None,
        };
        let mut known = self.refused_lists.borrow_mut();
        self.cipher_lists(server)
            .into_iter()
            .find_map(|list| known.entry(list).or_insert_with_key(|list| refused(list)).clone())
            .or_else(|| self.refused_suites(server))
    }

    /// Why OpenSSL refuses the suites for TLS 1.3: it knows none of them.
    fn refused_suites(&self, server: ServerId) -> Option<String> {
        let own = &self.model.servers[server].suites;
        let main = &self.model.servers[MAIN].suites;
        let inherited = main[1].as_ref().filter(|_| server != MAIN);
        let lists = [own[0].as_ref().or(main[0].as_ref()), inherited, own[1].as_ref()];
        let none = |list: &&String| !list.split(':').any(|name| SUITES.contains(&name));
        let list = lists.into_iter().flatten().find(none)?;
        Some(format!("OpenSSL refuses the suites for TLSv1.3 \"{list}\": it knows none of them"))
    }

    /// The endpoints of a listener.
    fn listener(&mut self, listen: usize) {
        let (ip, port) = (self.model.listens[listen].ip, self.model.listens[listen].port);
        let own: Arc<Address> = address(ip, port).into();
        self.resolution.listens.entry(port).or_default().push((listen, own.clone()));
        if self.resolution.left_out.is_some() {
            return;
        }
        let chains = std::mem::take(&mut self.resolution.chains);
        // A virtual host of a specific address shadows those of `*` there, for all names (R18), so each such address that
        // a wildcard listener takes connections for is an endpoint of its own.
        match ip {
            Some(ip) if ip.is_unspecified() && self.model.listens[listen].is_mapped => {
                self.resolve_chain(listen, &own, chains.of_mapped_any(port));
            }
            Some(ip) if !ip.is_unspecified() => {
                let found = chains.find(ip, port);
                self.resolve_chain(listen, &own, found);
            }
            _ => {
                self.resolve_chain(listen, &own, chains.wildcard(port));
                let bound = self.model.bound.get(&port);
                for single in chains.addresses(port).into_iter().filter(|single| accepts(ip, *single)) {
                    // Connections to this address go to a listener of its own, if there is one.
                    if !bound.is_some_and(|bound| bound.contains(&single)) {
                        let address: Arc<Address> = address(Some(single), port).into();
                        self.resolve_chain(listen, &address, chains.find(single, port));
                    }
                }
            }
        }
        self.resolution.chains = chains;
    }

    /// The endpoints of a chain at an address.
    fn resolve_chain(&mut self, listen: usize, address: &Arc<Address>, chain: Option<(HostAddress, &HostChain)>) {
        let main = [MAIN];
        let hosts = chain.map_or(&main[..], |(_, chain)| &chain.hosts);
        let names = chain.map_or(0, |(_, chain)| chain.reported.len());
        if self.resolution.left_out.is_some()
            || !self.room.address()
            || !self.room.endpoints(hosts.len().max(1 + names))
        {
            let place = self.model.listens[listen].place;
            self.resolution.left_out.get_or_insert_with(|| (place, limits::beyond(address)));
            return;
        }
        let key = chain.map(|(key, _)| key);
        let first = hosts[0];
        let title = key.map_or_else(|| address.to_string(), show);
        for host in hosts {
            let answer = self.answer(listen, &title, first, *host, hosts.len());
            self.resolution.answers.insert((listen, key, *host), answer);
        }
        let answer = |host: ServerId| self.resolution.answers.get(&(listen, key, host)).cloned();
        let counts = |host: ServerId| if self.resolution.tls[host].is_on() { host } else { first };
        let mut add = Vec::new();
        let mut origins = Vec::new();
        if let Some(own) = answer(first) {
            // Names behind a first host without TLS are never reached by it (R19).
            let named = own.speaks == Speaks::Tls;
            add.push((None, own));
            origins.push((first, first));
            for (name, place) in chain.iter().flat_map(|(_, chain)| &chain.reported).filter(|_| named) {
                add.extend(answer(hosts[*place]).map(|answer| (Some(Arc::from(name.as_str())), answer)));
                origins.push((first, counts(hosts[*place])));
            }
        }
        let endpoint = |(name, answer)| Endpoint {
            role: Role::Listener,
            address: address.clone(),
            transport: Transport::Stream,
            preface: Preface::default(),
            name,
            answer,
        };
        self.resolution.origins.extend(origins);
        self.resolution.endpoints.extend(add.into_iter().map(endpoint));
    }

    fn answer(&mut self, listen: usize, title: &str, first: ServerId, host: ServerId, hosts: usize) -> Arc<Answer> {
        let tls = self.resolution.tls[first].clone();
        let mut because = vec![Reason::at(ReasonKind::Listen, self.model.listens[listen].place.span, "opens the port")];
        if let Some(place) = tls.place {
            because.extend(self.model.hops.list(place.hop).iter().map(|hop| {
                let kind = if hop.macro_name.is_some() { ReasonKind::Expansion } else { ReasonKind::Include };
                Reason::at(kind, hop.span, "leads to the directive that decides about TLS")
            }));
        }
        let span = tls.place.map(|place| place.span);
        because.push(Reason { kind: ReasonKind::Engine, span, note: tls.note.into() });
        // Without a TLS context of its own, the host is served with the one of the first.
        let counts = if self.resolution.tls[host].is_on() { host } else { first };
        let note = if host == first {
            match (hosts, self.model.servers[first].head) {
                (_, None) => "no virtual host has this address: the server level answers".to_owned(),
                (1, _) => format!("the only virtual host of {title}"),
                _ => format!("first virtual host of {title}: answers clients without a known name, too"),
            }
        } else if counts == host {
            "its ServerName or ServerAlias matches".to_owned()
        } else {
            "its name matches, but it has no TLS of its own: what the first virtual host has counts".to_owned()
        };
        let span = self.model.servers[host].head.map(|place| place.span);
        because.push(Reason { kind: ReasonKind::Server, span, note: note.into() });
        match tls.state {
            SwitchState::On => {}
            SwitchState::Off => return Arc::new(silent(Speaks::Plaintext, because, VersionSet::EMPTY, None)),
            SwitchState::Unclear(unknown) => {
                return Arc::new(silent(Speaks::Unknown, because, VersionSet::TLS, Some(unknown)));
            }
        }
        let combination = Combination {
            model: self.model,
            build: self.resolution.build,
            facts: self.facts,
            asked: &self.resolution.asked,
        };
        let offer = combination.compute_offer(first, counts);
        let initial = if counts == first { offer.versions } else { combination.compute_offer(first, first).versions };
        because.extend(offer.because);
        let known = offer.unknown.len();
        let mut unknown = offer.unknown;
        unknown.extend(self.narrowing(first, counts));
        let is_narrow = unknown.len() > known;
        let effective = self.effective(first, counts, initial, offer.versions).filter(|_| !is_narrow);
        if effective.is_none() && !is_narrow {
            unknown.extend(self.explain_doubt(counts));
        }
        let usable = match effective == Some(VersionSet::MODERN) || is_narrow {
            true => None,
            false => self.effective(first, counts, initial.union(VersionSet::TLS), VersionSet::TLS),
        };
        let lists = &self.lists[counts];
        let library = &self.facts.of(ID).library;
        let why = self
            .why
            .entry((offer.versions, lists.clone()))
            .or_insert_with(|| library.why_on(offer.versions, &lists.terms()));
        because.extend(why.iter().map(|why| Reason::placeless(ReasonKind::Floor, why.clone())));
        because.shrink_to_fit();
        Arc::new(Answer {
            speaks: Speaks::Tls,
            configured: Traced { value: offer.versions, because },
            effective,
            usable,
            refuses: false,
            deciders: offer.deciders,
            unknown,
        })
    }

    /// Commands that may do more to versions than is known, as far as they count for this client.
    fn narrowing(&self, first: ServerId, host: ServerId) -> Vec<Unknown> {
        let servers: BTreeSet<ServerId> = [MAIN, first, host].into_iter().collect();
        let of = |server: ServerId| {
            self.model.servers[server].narrowing.iter().map(move |(whose, what)| (server, whose, what))
        };
        let counts = |server: ServerId, whose: &Narrows| match whose {
            Narrows::First => server == MAIN || server == first,
            Narrows::Selected => server == MAIN || server == host,
            Narrows::Start => true,
        };
        let found = servers.into_iter().flat_map(of).filter(|(server, whose, _)| counts(*server, whose));
        // One makes the answer unknown; thousands for each of thousands of servers would be gigabytes.
        found.map(|(_, _, what)| what.clone()).take(MOST_COMMANDS).collect()
    }

    /// What the certificates of a server leave open, where the library and its level are known.
    fn explain_doubt(&self, server: ServerId) -> Option<Unknown> {
        let (library, lists) = (&self.facts.of(ID).library, &self.lists[server]);
        library.release.zip(library.security_level(lists.ciphers.as_deref()))?;
        let why = if library.suite_b(lists.ciphers.as_deref()).is_some() {
            ClientDependent::SuiteB
        } else if !lists.keys.perhaps.is_empty() {
            ClientDependent::WeakCertificate
        } else if lists.keys.all().has(Keys::OTHER_CURVE) {
            ClientDependent::RareCurve
        } else {
            return None;
        };
        Some(Unknown {
            topic: why.topic(),
            span: self.model.servers[server].head.map(|place| place.span),
            what: why.text(),
            help: "ask the server itself: tlsmend probe ADDRESS:PORT".to_owned(),
        })
    }

    /// The versions with which a handshake can succeed.
    fn effective(
        &mut self,
        first: ServerId,
        host: ServerId,
        initial: VersionSet,
        offered: VersionSet,
    ) -> Option<VersionSet> {
        let library = &self.facts.of(ID).library;
        // This check is made before the name of the client is looked at.
        let lists = &self.lists[first];
        if library.refuses_all(initial, lists.ciphers.as_deref(), lists.suites.as_deref())? {
            return Some(VersionSet::EMPTY);
        }
        let lists = &self.lists[host];
        if !self.usable.contains_key(lists) {
            let usable = library.usable_on(&lists.terms());
            self.usable.insert(lists.clone(), usable);
        }
        let usable = self.usable.get(lists).copied().flatten()?;
        Some(usable.and(offered))
    }
}

/// An answer without versions, or with all of them.
fn silent(speaks: Speaks, because: Vec<Reason>, value: VersionSet, unknown: Option<Unknown>) -> Answer {
    Answer {
        speaks,
        configured: Traced { value, because },
        effective: value.is_empty().then_some(value),
        usable: None,
        refuses: false,
        deciders: Vec::new(),
        unknown: unknown.into_iter().collect(),
    }
}

/// Does a listener on all addresses get connections to this one?
fn accepts(listener: Option<IpAddr>, ip: IpAddr) -> bool {
    match listener {
        Some(IpAddr::V4(_)) => ip.is_ipv4(),
        // A socket for all of IPv6 takes IPv4 too.
        Some(IpAddr::V6(_)) | None => true,
    }
}

impl Resolution {
    /// Which servers get requests: those of a chain on an address that a listener has. All, where not everything is known.
    pub(super) fn reached(&self, model: &Model) -> Vec<bool> {
        let is_open =
            model.is_part || !model.unknown.is_empty() || !model.problems.is_empty() || self.left_out.is_some();
        let mut reached = vec![is_open || model.listens.is_empty(); model.servers.len()];
        for (_, _, server) in self.answers.keys() {
            reached[*server] = true;
        }
        reached
    }

    /// The answer to a client's question.
    pub(super) fn ask(&self, model: &Model, question: &Question) -> Option<Response> {
        let Destination::Ip(ip, port) = question.target else { return None };
        if question.transport != Transport::Stream {
            return None;
        }
        let ip = ip.to_canonical();
        let listens = self.listens.get(&port)?;
        // All listeners are known, but not all answers.
        let answered = |listen, key, host| {
            let answer = self.answers.get(&(listen, key, host)).cloned();
            answer.or_else(|| self.left_out.is_some().then(|| limits::unknown(&question.target).answer))
        };
        let is = |listen: &usize, wanted: fn(Option<IpAddr>, IpAddr) -> bool| wanted(model.listens[*listen].ip, ip);
        let exact = listens.iter().find(|(listen, _)| is(listen, |own, ip| own == Some(ip)));
        let same_family = |own: Option<IpAddr>, ip: IpAddr| {
            own.is_some_and(|own| own.is_unspecified() && own.is_ipv4() == ip.is_ipv4())
        };
        let any = |own: Option<IpAddr>, ip: IpAddr| own.is_none_or(|own| own.is_unspecified()) && accepts(own, ip);
        let wildcard = || listens.iter().find(|(listen, _)| is(listen, same_family));
        let (listen, address) =
            exact.or_else(wildcard).or_else(|| listens.iter().find(|(listen, _)| is(listen, any)))?;
        let listener = &model.listens[*listen];
        let is_mapped_any = listener.is_mapped && listener.ip.is_some_and(|ip| ip.is_unspecified());
        let chain = if is_mapped_any { self.chains.of_mapped_any(port) } else { self.chains.find(ip, port) };
        let named = chain.and_then(|(_, chain)| question.sni.as_deref().and_then(|name| chain.names.find(name)));
        let host = chain.map_or(MAIN, |(_, chain)| chain.hosts[named.unwrap_or(0)]);
        let answer = answered(*listen, chain.map(|(key, _)| key), host)?;
        let fit = if exact.is_some() { Fit::Exact } else { Fit::Wildcard };
        let fit = if model.is_part && named.is_some() { fit.named() } else { fit };
        Some(Response { fit, address: address.clone(), answer })
    }
}
