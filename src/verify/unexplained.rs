//! What else on this machine speaks TLS: ports that no audited configuration explains.

use crate::catalog::NOT_COVERED;
use crate::endpoint::{Address, Transport};
use crate::engine::{self, Audit};
use crate::finding::{Observed, Verdict};
use crate::host::Sockets;
use crate::policy::{Date, Policy};
use crate::probe::place::Place;
use crate::probe::starttls::StartTls;
use crate::probe::target::Target;
use crate::probe::{Depth, Limits, scan};
use crate::services::service::{Destination, Question};
use crate::tls::VersionSet;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// More ports than this are not asked.
const MOST: usize = 256;
/// So long may a service that does not speak TLS keep silent, and so long may one take in all.
const PATIENCE: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(6);

/// Asks all listening ports that no configuration is about. TLS is spoken at once, or after STARTTLS where that is usual.
pub(super) fn unexplained(
    audit: &Audit,
    sockets: &Sockets,
    policy: (&Policy, Date),
    stop: &AtomicBool,
) -> Vec<Observed> {
    let asked: BTreeSet<SocketAddr> = sockets.listening().map(way_to).filter(|at| !is_explained(audit, *at)).collect();
    let mut found = Vec::new();
    for address in asked.into_iter().take(MOST) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let seen = policy.0.seen(&Address::Ip(address.ip(), address.port()), None, policy.1);
        let Some(severity) = seen.demand.severity(NOT_COVERED.0, Verdict::Shadowed, VersionSet::EMPTY) else {
            continue;
        };
        let target = Target { starttls: StartTls::of_port(address.port()), ..Target::at(Place::Ip(address)) };
        let limits = Limits { exchange: PATIENCE, total: LONGEST, ..Limits::of(&target, Depth::Versions) };
        let versions = scan(&target, Depth::Versions, limits, stop).accepted();
        if versions.is_empty() {
            continue;
        }
        let programs: BTreeSet<&str> =
            sockets.of(address).unwrap_or_default().iter().map(|owner| owner.program.as_str()).collect();
        let who = programs.into_iter().map(|program| format!("{program} listens there"));
        found.push(Observed {
            rule: NOT_COVERED,
            standing: seen.standing(NOT_COVERED, versions),
            severity,
            verdict: Verdict::Shadowed,
            target: address.to_string(),
            versions,
            message: format!(
                "{} {} accepted, and no audited configuration explains it",
                versions.listed(),
                versions.verb()
            ),
            primary: None,
            notes: who.collect(),
            help: None,
        });
    }
    found
}

/// The address through which a listener is reached from here.
fn way_to(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip.to_canonical(),
    };
    SocketAddr::new(ip, listener.port())
}

/// Does a configuration say what listens there, with TLS or without?
fn is_explained(audit: &Audit, address: SocketAddr) -> bool {
    let target = Destination::Ip(address.ip(), address.port());
    let question = Question { target, transport: Transport::Stream, sni: None };
    engine::ask(&audit.resolved, &question).0.is_some()
}
