//! Where a listener is reached from this machine.
//!
//! One that takes every address is asked through an address that no other listener has for itself: the kernel hands a
//! connection to the listener of its very address, and so the other one would be asked twice and this one never.

use crate::endpoint::{Address, Endpoint, ReasonKind, Role, Transport};
use crate::engine::{self, Audit};
use crate::host::Sockets;
use crate::instance::Instance;
use crate::probe::target::is_here;
use crate::services::service::{Destination, Question};
use crate::source::FileId;
use crate::system::System;
use crate::trust::{Access, Writers};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// A name that no file has: who could put something there can add any name to the folder.
const NOBODYS_NAME: &str = ".tlsmend-nobodys-name";

/// The ways to listeners of one machine.
pub(super) struct Ways<'a> {
    audit: &'a Audit,
    sockets: &'a Sockets,
    /// This machine.
    machine: &'a dyn System,
    /// Addresses with a listener of their own, in a configuration or running.
    taken: BTreeSet<SocketAddr>,
}

impl<'a> Ways<'a> {
    /// The configurations count too: nginx opens no socket for `127.0.0.1:443` beside `0.0.0.0:443`, and yet tells
    /// them apart.
    pub(super) fn new(audit: &'a Audit, sockets: &'a Sockets, machine: &'a dyn System) -> Ways<'a> {
        let endpoints = audit.instances().flat_map(|instance| &instance.endpoints);
        let listeners = endpoints.filter(|one| one.role == Role::Listener && one.transport == Transport::Stream);
        let configured = listeners.filter_map(|one| match &*one.address {
            Address::Ip(ip, port) => Some(SocketAddr::new(*ip, *port)),
            _ => None,
        });
        let canonical = |one: SocketAddr| SocketAddr::new(one.ip().to_canonical(), one.port());
        let all = configured.chain(sockets.listening()).map(canonical);
        Ways { audit, sockets, machine, taken: all.filter(|one| !one.ip().is_unspecified()).collect() }
    }

    /// Can those who could have written the line with a Unix-domain socket connect there themselves? Root can connect
    /// anywhere, and what listens there may do more for root than for them. Addresses are open to everybody. What they
    /// could put in the place of the socket may be a link to another one, at any moment.
    pub(super) fn is_open_to_authors(&self, instance: &Instance, endpoint: &Endpoint, path: &Path) -> bool {
        let authors = self.authors(instance, endpoint);
        let Some(folder) = path.parent().filter(|_| path.is_absolute()) else { return authors.is_empty() };
        let is_fixed = || self.machine.writers(&folder.join(NOBODYS_NAME)).is_ok_and(|writers| writers.is_empty());
        authors.is_empty()
            || is_fixed() && self.machine.is_barred_from(path, &authors, Access::Write).is_ok_and(|barred| !barred)
    }

    /// Those who could have written that an endpoint is where it is, besides root and the user.
    fn authors(&self, instance: &Instance, endpoint: &Endpoint) -> Writers {
        let steps = endpoint.answer.configured.because.iter().filter(|step| step.kind == ReasonKind::Listen);
        let said: Vec<FileId> = steps.filter_map(|step| Some(step.span?.file)).collect();
        // Where no line tells, it may be any.
        let files: Vec<FileId> = if said.is_empty() { instance.files.iter().copied().collect() } else { said };
        let of = |file: FileId| {
            let path = self.audit.sources.file(file).path();
            // What is no file was given on a command line.
            let writers = match path.is_absolute() {
                true => self.machine.writers(path).unwrap_or_else(|_| Writers::everybody()),
                false => Writers::default(),
            };
            let borrowed = instance.borrowed.get(&file).map(|borrowed| borrowed.by.clone());
            writers.and(borrowed.unwrap_or_default())
        };
        files.into_iter().map(of).fold(Writers::default(), Writers::and)
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
        let target = Destination::Ip(way.ip(), way.port());
        let question = Question { target, transport: Transport::Stream, sni: None };
        let (found, _) = engine::ask(&self.audit.resolved, &question);
        !beside && found.is_some_and(|(_, response)| *response.address == *listener)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Request;
    use crate::host::Facts;
    use crate::policy::Policy;
    use crate::system::MemorySystem;

    /// Which sockets are asked, of a server of root's and of a file of user 1000 that it includes.
    fn asked(change: impl FnOnce(&mut MemorySystem)) -> Vec<String> {
        let server = |socket: &str| format!("server {{ listen unix:{socket} ssl; ssl_protocols TLSv1.2; }}\n");
        let theirs = ["/run/closed/a", "/run/open/b", "/tmp/c", "/home/x/d", "/run/open/mine"].map(server).concat();
        let mut system = MemorySystem::with_files([
            (
                "/etc/nginx/nginx.conf",
                format!("events {{}}\nhttp {{ include /home/x/*.conf; {} }}\n", server("/run/closed/root")),
            ),
            ("/home/x/site.conf", theirs),
        ]);
        for (socket, mode) in [
            ("/run/closed/root", 0o666),
            ("/run/closed/a", 0o666),
            ("/run/open/b", 0o666),
            ("/run/open/mine", 0o600),
            ("/tmp/c", 0o666),
            ("/home/x/d", 0o666),
        ] {
            system.add_file(socket, "");
            system.give(socket, 0, mode);
        }
        system.give("/run/closed", 0, 0o700);
        system.give("/tmp", 0, 0o1777);
        system.give("/home/x", 1000, 0o755);
        system.give("/home/x/site.conf", 1000, 0o644);
        change(&mut system);
        let (facts, policy) = (Facts::unknown(), Policy::default_profile());
        let request = Request::new(&system, &facts, &policy);
        let audit = engine::audit(request);
        let (sockets, system): (Sockets, &dyn System) = (Sockets::default(), &system);
        let ways = Ways::new(&audit, &sockets, system);
        let instance = audit.instances().next().expect("an instance");
        let open = instance.endpoints.iter().filter_map(|endpoint| match &*endpoint.address {
            Address::Unix(path) => ways.is_open_to_authors(instance, endpoint, Path::new(path)).then(|| path.clone()),
            _ => None,
        });
        let mut open: Vec<String> = open.collect();
        open.sort();
        open.dedup();
        open
    }

    #[test]
    fn root_connects_for_others_only_where_they_can_themselves() {
        assert_eq!(asked(|_| {}), ["/run/closed/root", "/run/open/b"]);
        // Where all is root's, nothing is in doubt.
        let all = asked(|system| {
            system.give("/home/x", 0, 0o755);
            system.give("/home/x/site.conf", 0, 0o644);
        });
        assert_eq!(all.len(), 6, "{all:?}");
    }
}
