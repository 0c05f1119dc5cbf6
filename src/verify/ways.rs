//! Where a listener is reached from this machine.
//!
//! One that takes every address is asked through an address that no other listener has for itself: the kernel hands a
//! connection to the listener of its very address, and so the other one would be asked twice and this one never.

use crate::endpoint::{Address, Role, Transport};
use crate::engine::{self, Audit};
use crate::host::Sockets;
use crate::probe::target::is_here;
use crate::services::service::{Question, Target as Asked};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The ways to listeners of one machine.
pub(super) struct Ways<'a> {
    audit: &'a Audit,
    sockets: &'a Sockets,
    /// Addresses with a listener of their own, in a configuration or running.
    taken: BTreeSet<SocketAddr>,
}

impl<'a> Ways<'a> {
    /// The configurations count too: nginx opens no socket for `127.0.0.1:443` beside `0.0.0.0:443`, and yet tells
    /// them apart.
    pub(super) fn new(audit: &'a Audit, sockets: &'a Sockets) -> Ways<'a> {
        let endpoints = audit.instances().flat_map(|instance| &instance.endpoints);
        let listeners = endpoints.filter(|one| one.role == Role::Listener && one.transport == Transport::Stream);
        let configured = listeners.filter_map(|one| match &*one.address {
            Address::Ip(ip, port) => Some(SocketAddr::new(*ip, *port)),
            _ => None,
        });
        let canonical = |one: SocketAddr| SocketAddr::new(one.ip().to_canonical(), one.port());
        let all = configured.chain(sockets.listening()).map(canonical);
        Ways { audit, sockets, taken: all.filter(|one| !one.ip().is_unspecified()).collect() }
    }

    /// The address to ask a listener of every address through; `None`: each of them leads to another one.
    pub(super) fn to(&self, listener: &Address) -> Option<SocketAddr> {
        let (port, v6) = match listener {
            Address::Any(port) => (*port, false),
            Address::Ip(ip, port) => (*port, ip.is_ipv6()),
            Address::Unix(_) | Address::Remote(_) => return None,
        };
        let at = |ip: IpAddr| SocketAddr::new(ip, port);
        let free = |one: &SocketAddr| !self.taken.contains(one) && is_here(one.ip());
        // On Linux all of 127.0.0.0/8 is this machine.
        let mut v4 = (1..=254).map(|last| at(Ipv4Addr::new(127, 0, 0, last).into()));
        if !v6 {
            return v4.find(free);
        }
        let own = self.sockets.own_v6().iter().copied();
        let mut v6 = std::iter::once(Ipv6Addr::LOCALHOST).chain(own).map(|ip| at(ip.into()));
        v6.find(free).or_else(|| v4.find(|one| free(one) && self.leads(*one, listener)))
    }

    /// Does the listener take this address of the other family too?
    fn leads(&self, way: SocketAddr, listener: &Address) -> bool {
        let beside = self.sockets.listening().any(|one| one == SocketAddr::from((Ipv4Addr::UNSPECIFIED, way.port())));
        let target = Asked::Ip(way.ip(), way.port());
        let question = Question { target, transport: Transport::Stream, sni: None };
        let (found, _) = engine::ask(&self.audit.resolved, &question);
        !beside && found.is_some_and(|(_, response)| *response.address == *listener)
    }
}
