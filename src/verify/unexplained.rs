//! What else on this machine speaks TLS: ports that no audited configuration explains.

use super::parallel::each;
use super::promise::Left;
use crate::catalog::NOT_COVERED;
use crate::endpoint::{Address, Transport};
use crate::engine::{self, Audit};
use crate::finding::{Observed, Verdict};
use crate::host::Sockets;
use crate::policy::{Date, Policy, Seen};
use crate::probe::place::Place;
use crate::probe::starttls::StartTls;
use crate::probe::target::Target;
use crate::probe::{Depth, Limits, Reason, Scan, scan};
use crate::services::service::{Destination, Question};
use crate::tls::VersionSet;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// More ports than this are not asked.
const MOST: usize = 256;
/// So many are asked at the same time: they are different servers.
const HANDS: usize = 8;
/// So long may a service that does not speak TLS keep silent, so long may one take in all,
const PATIENCE: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(6);
/// and all together.
const LONGEST_OF_ALL: Duration = Duration::from_secs(60);
/// Only root can listen below.
const FIRST_OF_ANYBODY: u16 = 1024;

/// What was found.
#[derive(Default)]
pub(super) struct Unexplained {
    /// The ports that speak TLS.
    pub found: Vec<Observed>,
    /// The ports that there was no time for.
    pub left: Option<Left>,
}

/// Asks all listening ports that no configuration is about. TLS is spoken at once, or after STARTTLS where that is usual.
pub(super) fn unexplained(
    audit: &Audit,
    sockets: &Sockets,
    policy: (&Policy, Date),
    progress: &dyn Fn(usize, usize, &str),
    stop: &AtomicBool,
) -> Unexplained {
    let seen = |at: &SocketAddr| policy.0.seen(&Address::Ip(at.ip(), at.port()), None, policy.1);
    let severity = |seen: &Seen<'_>| seen.demand.severity(NOT_COVERED.0, Verdict::Shadowed, VersionSet::EMPTY);
    let listening: BTreeSet<SocketAddr> = sockets.listening().map(way_to).collect();
    let wanted = listening.into_iter().filter(|at| !is_explained(audit, *at) && severity(&seen(at)).is_some());
    let (asked, mut left) = in_order(wanted.collect());
    progress(0, asked.len(), "other ports of this machine");
    let scans = each(&asked, HANDS, LONGEST_OF_ALL, stop, &|at| ask(*at, stop));
    let mut found = Vec::new();
    for (address, scan) in asked.into_iter().zip(scans) {
        let Some(scan) = scan else {
            left.push(address);
            continue;
        };
        let seen = seen(&address);
        let Some(severity) = severity(&seen) else { continue };
        let Some(message) = message(&scan) else { continue };
        let versions = scan.accepted();
        let forbidden = versions.and(seen.demand.forbid);
        let programs: BTreeSet<&str> =
            sockets.of(address).unwrap_or_default().iter().map(|owner| owner.program.as_str()).collect();
        let who = programs.into_iter().map(|program| format!("{program} listens there"));
        let said = (!forbidden.is_empty()).then(|| format!("{} forbids {forbidden}", seen.demand.forbidden_by));
        found.push(Observed {
            rule: NOT_COVERED,
            standing: seen.standing(NOT_COVERED, versions),
            severity,
            verdict: Verdict::Shadowed,
            target: address.to_string(),
            versions,
            message,
            primary: None,
            notes: who.chain(said).chain(open(&scan)).collect(),
            help: None,
        });
    }
    // Who ends it knows that there is more.
    Unexplained { found, left: not_asked(&left).filter(|_| !stop.load(Ordering::Relaxed)) }
}

/// Those that are asked, and those that are too many. Whoever opens many ports takes the place of others who can, not of
/// root.
fn in_order(mut ports: Vec<SocketAddr>) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
    ports.sort_by_key(|at| (at.port() >= FIRST_OF_ANYBODY, *at));
    let rest = ports.split_off(ports.len().min(MOST));
    (ports, rest)
}

fn not_asked(left: &[SocketAddr]) -> Option<Left> {
    let what = match left {
        [] => return None,
        [one] => one.to_string(),
        [first, others @ ..] => format!("{first} and {} more", others.len()),
    };
    let seconds = LONGEST_OF_ALL.as_secs();
    let why = format!("of the ports that no configuration explains, at most {MOST} are asked, for {seconds} seconds");
    let help = Some("--only-configured asks none of them");
    Some(Left { what, why, help, by_design: false, main: None })
}

fn ask(address: SocketAddr, stop: &AtomicBool) -> Scan {
    let target = Target { starttls: StartTls::of_port(address.port()), ..Target::at(Place::Ip(address)) };
    let limits = Limits { exchange: PATIENCE, total: LONGEST, ..Limits::of(&target, Depth::Versions) };
    scan(&target, Depth::Versions, limits, stop)
}

/// What there is to say about a port; `None`: no TLS is spoken there, or no version of it, as far as can be seen.
fn message(scan: &Scan) -> Option<String> {
    let versions = scan.accepted();
    if !versions.is_empty() {
        let (versions, verb) = (versions.listed(), versions.verb());
        return Some(format!("{versions} {verb} accepted, and no audited configuration explains it"));
    }
    // Only who speaks TLS refuses in these ways.
    let is_tls = |reason: &Reason| reason.alert().is_some();
    let speaks_tls = scan.trouble.is_none() && scan.rows.iter().filter_map(|row| row.verdict.reason()).any(is_tls);
    (speaks_tls && !scan.inconclusive().is_empty()).then(|| {
        "TLS is spoken, and no audited configuration explains it; which versions are accepted is not known".to_owned()
    })
}

/// The versions of which nothing is known, and why: `it is not known whether TLSv1.1 is accepted: no answer in time`.
fn open(scan: &Scan) -> Vec<String> {
    let mut whys: Vec<(String, VersionSet)> = Vec::new();
    for row in &scan.rows {
        let crate::probe::Verdict::Inconclusive(reason) = &row.verdict else { continue };
        let (why, version) = (reason.text(), VersionSet::from_iter([row.version]));
        match whys.iter_mut().find(|(known, _)| *known == why) {
            Some((_, versions)) => *versions = versions.union(version),
            None => whys.push((why, version)),
        }
    }
    let say = |(why, versions): (String, VersionSet)| {
        format!("it is not known whether {} {} accepted: {why}", versions.listed(), versions.verb())
    };
    whys.into_iter().map(say).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Row, Trouble, Verdict as Answer};
    use crate::tls::Version::{Tls1, Tls1_1, Tls1_2};

    fn scan(rows: &[(crate::tls::Version, Answer)]) -> Scan {
        let rows = rows.iter().map(|(version, answer)| Row::bare(*version, answer.clone())).collect();
        Scan { rows, trouble: None, connections: 1, elapsed: Duration::ZERO }
    }

    #[test]
    fn ports_of_anybody_take_no_place_of_roots() {
        let port = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let many: Vec<SocketAddr> = (0..300).map(|at| port(20_000 + at)).chain([port(443), port(60_000)]).collect();
        let (asked, left) = in_order(many);
        assert_eq!((asked[0], asked.len(), left.len()), (port(443), MOST, 46));
        let said = not_asked(&left).expect("some are left");
        assert!(said.what.starts_with("127.0.0.1:20255 and 45 more") && !said.by_design, "{}", said.what);
        assert_eq!(not_asked(&left[..1]).map(|left| left.what), Some("127.0.0.1:20255".to_owned()));
        assert_eq!(not_asked(&[]), None);
    }

    #[test]
    fn what_there_is_to_say_about_a_port() {
        let open = |reason| Answer::Inconclusive(reason);
        let some = scan(&[(Tls1, Answer::Accepted), (Tls1_1, open(Reason::Timeout)), (Tls1_2, open(Reason::Timeout))]);
        assert!(message(&some).is_some_and(|said| said.starts_with("TLSv1 is accepted")));
        let note = format!("it is not known whether TLSv1.1 and TLSv1.2 are accepted: {}", Reason::Timeout.text());
        assert_eq!(super::open(&some), [note]);
        // A name is wanted: that is TLS, whatever the versions are.
        let named = scan(&[(Tls1_2, open(Reason::Name(112)))]);
        assert!(message(&named).is_some_and(|said| said.contains("which versions are accepted is not known")));
        // One that says nothing, one that refuses all, one that speaks something else.
        assert_eq!(message(&scan(&[(Tls1_2, open(Reason::Timeout))])), None);
        assert_eq!(message(&scan(&[(Tls1_2, Answer::Rejected(Reason::Alert(70)))])), None);
        let trouble = Some(Trouble::NotTls(Reason::NotTls(b"SSH-".to_vec())));
        assert_eq!(message(&Scan { trouble, ..named }), None);
    }
}
