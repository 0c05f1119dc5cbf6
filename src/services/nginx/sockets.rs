//! Which sockets nginx opens for its listeners, and which of them the system refuses: `nginx -t` opens them without
//! listening, and so does not notice.

use super::listener::Listener;
use super::model::Model;
use crate::endpoint::{Address, Transport};
use crate::services::named_file;
use crate::services::place::Place;
use crate::source::FileId;
use crate::system::System;
use crate::trust::Writers;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

/// What a socket takes on its port.
#[derive(Clone, Copy)]
struct Socket {
    /// A listener, as an index.
    listener: usize,
    /// The IPv4 address, `0.0.0.0` for all; `None`: takes no IPv4.
    v4: Option<IpAddr>,
    v6: Option<IpAddr>,
}

/// Says which listeners can't be opened beside others, and marks those that share their connections by chance.
pub(super) fn check(listeners: &mut [Listener], problems: &mut Vec<(Place, String)>) {
    let mut by_port: BTreeMap<(bool, u16), Vec<Socket>> = BTreeMap::new();
    for (at, listener) in listeners.iter().enumerate() {
        if let Address::Ip(ip, port) = *listener.address {
            let tcp = listener.transport == Transport::Stream;
            by_port.entry((tcp, port)).or_default().push(socket(at, ip, listener.dual));
        }
    }
    for ((tcp, _), sockets) in by_port {
        let opened = opened(listeners, &sockets);
        for socket in &opened {
            mapped(&listeners[socket.listener], problems);
        }
        clashes(listeners, &opened, tcp, problems);
    }
    check_unix_sockets(listeners, problems);
}

fn socket(listener: usize, ip: IpAddr, dual: bool) -> Socket {
    match (ip, ip.to_canonical()) {
        (IpAddr::V4(_), _) => Socket { listener, v4: Some(ip), v6: None },
        (IpAddr::V6(_), mapped @ IpAddr::V4(_)) => Socket { listener, v4: Some(mapped), v6: None },
        (IpAddr::V6(all), _) if dual && all.is_unspecified() => {
            Socket { listener, v4: Some(IpAddr::from([0, 0, 0, 0])), v6: Some(ip) }
        }
        (IpAddr::V6(_), _) => Socket { listener, v4: None, v6: Some(ip) },
    }
}

/// Those that are really opened: beside a socket for all addresses of its family a module opens no other one, unless
/// that sets options of its own (ngx_http_init_listening).
fn opened(listeners: &[Listener], sockets: &[Socket]) -> Vec<Socket> {
    let family = |listener: &Listener| {
        let v6 = matches!(*listener.address, Address::Ip(IpAddr::V6(_), _));
        (listener.section, listener.transport, v6)
    };
    let is_wildcard = |listener: &Listener| matches!(*listener.address, Address::Ip(ip, _) if ip.is_unspecified());
    let wildcards: Vec<_> =
        sockets.iter().map(|s| &listeners[s.listener]).filter(|l| is_wildcard(l)).map(family).collect();
    let is_opened = |socket: &&Socket| {
        let listener = &listeners[socket.listener];
        listener.options || is_wildcard(listener) || !wildcards.contains(&family(listener))
    };
    sockets.iter().filter(is_opened).copied().collect()
}

/// An IPv4 address in the clothes of IPv6 can only be bound by a socket that takes IPv4.
fn mapped(listener: &Listener, problems: &mut Vec<(Place, String)>) {
    if let (Address::Ip(ip @ IpAddr::V6(_), _), false) = (&*listener.address, listener.dual)
        && ip.to_canonical().is_ipv4()
        && let Some(place) = find_place(listener)
    {
        let address = &listener.address;
        problems.push((place, format!("bind() to {address} fails: it is an IPv4 address, which needs ipv6only=off")));
    }
}

/// Two sockets for one address, or one for all addresses beside one for a single address.
fn clashes(listeners: &mut [Listener], opened: &[Socket], tcp: bool, problems: &mut Vec<(Place, String)>) {
    let meet = |one: Option<IpAddr>, other: Option<IpAddr>| match (one, other) {
        (Some(one), Some(other)) => one == other || one.is_unspecified() || other.is_unspecified(),
        _ => false,
    };
    // Only a socket of all addresses meets many, and of those there are few.
    let all = |s: &&Socket| [s.v4, s.v6].into_iter().flatten().any(|ip| ip.is_unspecified());
    let (wide, narrow): (Vec<&Socket>, Vec<&Socket>) = opened.iter().partition(all);
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (at, one) in wide.iter().enumerate() {
        for other in wide[..at].iter().chain(&narrow) {
            if meet(one.v4, other.v4) || meet(one.v6, other.v6) {
                pairs.push((one.listener, other.listener));
            }
        }
    }
    let mut taken: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for one in &narrow {
        for ip in [one.v4, one.v6].into_iter().flatten() {
            let first = *taken.entry(ip).or_insert(one.listener);
            if first != one.listener {
                pairs.push((first, one.listener));
            }
        }
    }
    for (one, other) in pairs {
        let (first, second) = (one.min(other), one.max(other));
        let (a, b) = (&listeners[first], &listeners[second]);
        let shared = (a.reuseport && b.reuseport) || !tcp;
        if !shared {
            if let Some(place) = find_place(b) {
                problems.push((place, describe_clash(a, b)));
            }
        } else if a.address == b.address {
            listeners[first].rival = true;
            listeners[second].rival = true;
        }
    }
}

fn describe_clash(first: &Listener, second: &Listener) -> String {
    let (here, there) = (first.section.name(), second.section.name());
    let (a, b) = (&first.address, &second.address);
    match (here == there, a == b) {
        (false, true) => format!("{here} and {there} both listen on {a}: nginx can't start"),
        (false, false) => format!("{here} listens on {a} and {there} on {b}: nginx can't start"),
        (true, _) => format!("two sockets would be opened that clash, for {a} and for {b}: nginx can't start"),
    }
}

/// A path of the Unix domain is one module's, and has one spelling.
fn check_unix_sockets(listeners: &[Listener], problems: &mut Vec<(Place, String)>) {
    let mut first: BTreeMap<&Path, &Listener> = BTreeMap::new();
    for listener in listeners {
        let Address::Unix(path) = &*listener.address else { continue };
        // `/run/./a` is `/run//a` for a Path, as for the kernel.
        let other = *first.entry(Path::new(path)).or_insert(listener);
        let differs = other.section != listener.section || other.address != listener.address;
        if let Some(place) = find_place(listener).filter(|_| differs) {
            problems.push((place, describe_clash(other, listener)));
        }
    }
}

/// Below these the system makes folders when it starts, or another program does.
const VOLATILE: [&str; 5] = ["/run", "/var/run", "/tmp", "/var/tmp", "/dev/shm"];

/// Sockets of the Unix domain that can't be made: their folder is not there, or something else has their name. `word_of`:
/// on whose word something stands in a file, who is told nothing that is hidden from them.
pub(super) fn check_paths(
    model: &Model,
    listeners: &[Listener],
    system: &dyn System,
    mut word_of: impl FnMut(FileId) -> Writers,
) -> Vec<(Place, String)> {
    let mut problems = Vec::new();
    if model.is_part {
        return problems;
    }
    for listener in listeners {
        let (Address::Unix(path), Some(place)) = (&*listener.address, find_place(listener)) else { continue };
        let path = Path::new(path);
        let is_volatile = VOLATILE.iter().any(|folder| path.starts_with(folder));
        if path.is_absolute()
            && !named_file::is_hidden(system, path, &word_of(place.span.file))
            && let Some(why) = named_file::why_no_socket(system, path, is_volatile)
        {
            problems.push((place, format!("bind() to {} fails: {why}", listener.address)));
        }
    }
    problems
}

fn find_place(listener: &Listener) -> Option<Place> {
    listener.listens.iter().find_map(|place| *place)
}
