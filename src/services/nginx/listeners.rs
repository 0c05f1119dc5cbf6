//! Listeners: which servers share an address, which of them is the default, and whether it speaks TLS there.

use super::defaults;
use super::listen::Bound;
use super::listener::{Listener, TlsTrigger};
use super::model::{BlockScope, Listen, Model};
use super::module::ListenModule;
use super::sockets;
use super::values::is_no_wildcard;
use crate::endpoint::{Address, Transport};
use crate::release::Release;
use crate::services::limits::{self, Room};
use crate::services::place::{Given, Place};
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// So many pairs of a server and an address are looked at, be there room for the address or not.
const LOOKS: usize = 10 * limits::MOST;

/// What the `listen` directives of all servers give.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    pub all: Vec<Listener>,
    pub complaints: Vec<(Place, String)>,
    /// There are more, which were left out: the first `listen` for which there was no room, and what is to be said.
    pub left_out: Option<(Place, String)>,
}

/// Groups the `listen` directives of all servers; complaints are places and messages.
pub(super) fn group_listeners(model: &Model, release: Option<Release>) -> Listeners {
    let Some(Listeners { all: mut listeners, complaints: mut problems, left_out }) = join_all(model, release) else {
        let place = model.servers.iter().flat_map(|server| &server.listens).map(|listen| listen.place).next();
        return Listeners { left_out: place.map(|place| (place, limits::too_many())), ..Listeners::default() };
    };
    for listener in &mut listeners {
        engine(listener, model, release, &mut problems);
        collect_names(listener, model, &mut problems);
    }
    sockets::check(&mut listeners, &mut problems);
    Listeners { all: listeners, complaints: problems, left_out }
}

/// The addresses with their servers; `None`: they are too many.
fn join_all(model: &Model, release: Option<Release>) -> Option<Listeners> {
    let (mut listeners, mut problems, mut left_out) = (Vec::new(), Vec::new(), None);
    let (mut room, mut looks) = (Room::default(), 0);
    let mut index: HashMap<(ListenModule, Transport, Address), usize> = HashMap::new();
    for (number, server) in model.servers.iter().enumerate() {
        let scope = &model.scopes[server.scope];
        let builtin = [Listen {
            place: scope.head,
            bound: Bound::Ips(vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED)], 80..=80),
            transport: Transport::Stream,
            ssl: false,
            default: false,
            options: false,
            reuseport: false,
            proxy_header: false,
            dual: false,
        }];
        // Only http has a built-in address.
        let implied = server.listens.is_empty() && scope.section == ListenModule::Http;
        let listens = if implied { &builtin[..] } else { &server.listens[..] };
        for listen in listens {
            // For each port of a range it would be the same.
            let mut said: BTreeSet<&str> = BTreeSet::new();
            for address in listen.bound.addresses() {
                looks += 1;
                if looks > LOOKS {
                    return None;
                }
                let at = match index.entry((scope.section, listen.transport, address)) {
                    Entry::Occupied(entry) => *entry.get(),
                    Entry::Vacant(entry) if room.address() => {
                        listeners.push(Listener::new(scope.section, listen.transport, entry.key().2.clone()));
                        *entry.insert(listeners.len() - 1)
                    }
                    Entry::Vacant(entry) => {
                        left_out.get_or_insert_with(|| (listen.place, limits::beyond(&entry.key().2)));
                        continue;
                    }
                };
                if !room.endpoints(1 + server.names.len()) {
                    return None;
                }
                let place = (!implied).then_some(listen.place);
                let address = Arc::clone(&listeners[at].address);
                join(&mut listeners[at], number, listen, place, release, &mut |complaint| {
                    if said.insert(complaint) {
                        problems.push((listen.place, complaint.replace("{}", &address.to_string())));
                    }
                });
            }
        }
    }
    Some(Listeners { all: listeners, complaints: problems, left_out })
}

/// Adds a server to a listener. What nginx complains about has `{}` in place of the address.
fn join(
    listener: &mut Listener,
    server: usize,
    listen: &Listen,
    place: Option<Place>,
    release: Option<Release>,
    complain: &mut impl FnMut(&'static str),
) {
    if listener.servers.last() == Some(&server) {
        complain("a duplicate listen {}");
        return;
    }
    let alone = match listener.section {
        ListenModule::Http => false,
        ListenModule::Stream => release.is_some_and(|r| r < defaults::STREAM_NAMES),
        ListenModule::Mail => true,
    };
    if alone && !listener.servers.is_empty() {
        complain("duplicate \"{}\" address and port pair");
        return;
    }
    if listen.options {
        if listener.options {
            complain("duplicate listen options for {}");
        }
        listener.options = true;
    }
    if listen.default {
        match listener.flag {
            Some(_) => complain("a duplicate default server for {}"),
            None => {
                listener.flag = Some(listen.place);
                listener.default = listener.servers.len();
            }
        }
    }
    if listen.ssl || listen.transport == Transport::Quic {
        listener.engine.get_or_insert(TlsTrigger::Listen(listen.place));
    }
    listener.reuseport |= listen.reuseport;
    listener.proxy_header |= listen.proxy_header;
    listener.dual |= listen.dual;
    listener.servers.push(server);
    listener.listens.push(place);
}

fn engine(listener: &mut Listener, model: &Model, release: Option<Release>, problems: &mut Vec<(Place, String)>) {
    if listener.engine.is_some() || listener.section == ListenModule::Stream {
        return;
    }
    let server = &model.servers[listener.servers[listener.default]];
    let find = |pick: fn(&BlockScope) -> Given<bool>| {
        model.scopes_around(server.scope).find_map(|s| pick(&model.scopes[s])).filter(|(on, _)| *on)
    };
    if release.is_none_or(|r| r < defaults::NO_SSL_DIRECTIVE) {
        listener.engine = find(|s| s.engine).map(|(_, place)| TlsTrigger::Directive(place));
    }
    if listener.engine.is_none() && listener.section == ListenModule::Mail {
        listener.engine = find(|s| s.starttls).map(|(_, place)| TlsTrigger::StartTls(place));
    } else if let (Some(_), Some((_, place)), ListenModule::Mail) =
        (listener.engine, find(|s| s.starttls), listener.section)
    {
        problems.push((place, "\"ssl\" directive conflicts with \"starttls\"".to_owned()));
    }
}

fn collect_names(listener: &mut Listener, model: &Model, problems: &mut Vec<(Place, String)>) {
    // Mail has no names; a lone server answers to every name.
    let alone = listener.servers.len() < 2;
    for (at, server) in listener.servers.iter().enumerate() {
        for name in &model.servers[*server].names {
            if name.is_empty() || listener.section == ListenModule::Mail {
                continue;
            }
            if !alone && is_no_wildcard(name) {
                let head = model.scopes[model.servers[*server].scope].head;
                problems.push((head, format!("invalid server name or wildcard \"{name}\" on {}", listener.address)));
                continue;
            }
            if alone || listener.names.add(name, at) {
                listener.named.push((at, Arc::from(name.as_str())));
            }
        }
    }
}
