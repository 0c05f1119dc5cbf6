//! Each row of the table of replies (docs/probe.md), with a server that answers just so, and the connections that it
//! takes to find out.

use crate::support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::fake::{Fake, Model, Seen, Step, alert, chosen, message, record, server_hello};
use tlsmend::probe::client::{Check, Handshake};
use tlsmend::probe::name::Name;
use tlsmend::probe::place::Place;
use tlsmend::probe::portions::portions;
use tlsmend::probe::target::Target;
use tlsmend::probe::{Depth, Limits, Order, Reason, Scan, Trouble, Verdict, scan};
use tlsmend::tls::{Version, VersionSet};

const MODERN: [Version; 2] = [Version::Tls1_2, Version::Tls1_3];

fn target(address: SocketAddr, name: Option<&str>) -> Target {
    Target {
        label: address.to_string(),
        place: Place::Ip(address),
        name: name.map(|name| Name::parse(name).expect("a name")),
        domain: "a.example".to_owned(),
        alpn: Vec::new(),
        starttls: None,
        proxy: false,
    }
}

fn limits(target: &Target, depth: Depth) -> Limits {
    Limits { exchange: Duration::from_millis(600), ..Limits::of(target, depth) }
}

fn probe(fake: &Fake, depth: Depth) -> Scan {
    probe_as(fake, depth, Some("a.example"))
}

fn probe_as(fake: &Fake, depth: Depth, name: Option<&str>) -> Scan {
    let target = target(fake.address(), name);
    let found = scan(&target, depth, limits(&target, depth), &AtomicBool::new(false));
    assert_eq!(found.rows.iter().map(|row| row.version).collect::<Vec<_>>(), Version::ALL);
    found
}

fn verdict(scan: &Scan, version: Version) -> &Verdict {
    &scan.row(version).expect("a row").verdict
}

fn modern() -> Model {
    Model {
        versions: MODERN.to_vec(),
        suites: vec![0xc02f, 0xc030, 0x009c],
        suites_1_3: vec![0x1301, 0x1303],
        own_order: true,
    }
}

/// Answers for one version in a special way, for all others like a modern server.
fn but(version: Version, special: impl Fn(&Seen) -> Vec<Step> + Send + Sync + 'static) -> Fake {
    Fake::start(move |seen| if seen.version == version { special(seen) } else { modern().answer(seen) })
}

fn rejected(reason: Reason) -> Verdict {
    Verdict::Rejected(reason)
}

#[test]
fn versions_alone_take_a_connection_each() {
    let fake = Fake::start(|seen| modern().answer(seen));
    let found = probe(&fake, Depth::Versions);
    assert_eq!(found.accepted(), VersionSet::of(&MODERN));
    assert_eq!(*verdict(&found, Version::Tls1), rejected(Reason::Alert(70)));
    assert_eq!((found.connections, fake.seen().len()), (6, 6));
    for seen in fake.seen() {
        let named = seen.version > Version::Ssl3;
        assert_eq!(seen.name.as_deref(), named.then_some("a.example"), "{}", seen.version);
        assert!(!seen.suites.contains(&0x5600), "no fallback is claimed");
        assert_eq!(
            seen.suites.contains(&0x00ff),
            named && seen.version < Version::Tls1_3 || seen.version == Version::Ssl3
        );
    }
}

#[test]
fn suites_take_at_most_three_connections_more_than_there_are() {
    for own_order in [true, false] {
        let model = Model { own_order, ..modern() };
        let fake = Fake::start(move |seen| model.answer(seen));
        let found = probe(&fake, Depth::Ciphers);
        let row = found.row(Version::Tls1_2).expect("a row");
        let mut suites: Vec<u16> = row.suites.iter().map(|hit| hit.suite).collect();
        assert_eq!(row.order, Some(if own_order { Order::Server } else { Order::Client }));
        if own_order {
            assert_eq!(suites, [0xc02f, 0xc030, 0x009c]);
        }
        suites.sort_unstable();
        assert_eq!(suites, [0x009c, 0xc02f, 0xc030]);
        assert!(row.complete && !found.is_open(Depth::Ciphers));
        assert_eq!(row.compression, Some(0));
        let of = |version| fake.seen().iter().filter(|seen| seen.version == version).count();
        // 3 suites, a refusal of each portion, and an order of its own; TLS 1.3 has one portion.
        let own = usize::from(own_order);
        let counts = (5 + own, 3 + own, 1, 1);
        assert_eq!((of(Version::Tls1_2), of(Version::Tls1_3), of(Version::Tls1), of(Version::Ssl2)), counts);
        assert_eq!(found.connections as usize, 5 + 3 + 4 + 2 * own);
    }
}

#[test]
fn a_server_like_mozillas_intermediate_one_takes_16() {
    let model = Model {
        versions: MODERN.to_vec(),
        suites: vec![0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9],
        suites_1_3: vec![0x1301, 0x1302, 0x1303],
        own_order: false,
    };
    // OpenSSL 3 refuses SSLv3 with another alert.
    let fake = Fake::start(move |seen| match seen.version {
        Version::Ssl3 => vec![Step::Send(alert(40))],
        _ => model.answer(seen),
    });
    assert_eq!(probe(&fake, Depth::Ciphers).connections, 16);
    assert_eq!(probe(&fake, Depth::Versions).connections, 7);
}

#[test]
fn holes_between_versions_are_seen() {
    let versions = vec![Version::Ssl3, Version::Tls1, Version::Tls1_2];
    let model = Model { versions: versions.clone(), ..modern() };
    let found = probe(&Fake::start(move |seen| model.answer(seen)), Depth::Versions);
    assert_eq!(found.accepted(), VersionSet::EMPTY.with(Version::Tls1_2), "their suites need TLSv1.2");
    let model = Model { versions: versions.clone(), suites: vec![0x002f], ..modern() };
    let found = probe(&Fake::start(move |seen| model.answer(seen)), Depth::Versions);
    assert_eq!(found.accepted(), versions.into_iter().collect());
}

#[test]
fn ssl2_is_found() {
    let hello = [&[0x80, 11 + 3 + 1, 4, 0, 1, 0, 2, 0, 0, 0, 3, 0, 1][..], &[1, 0, 0x80, 9]].concat();
    let fake = but(Version::Ssl2, move |_| vec![Step::Drip(hello.clone()), Step::Close]);
    let found = probe(&fake, Depth::Ciphers);
    assert_eq!(*verdict(&found, Version::Ssl2), Verdict::Accepted);
    assert_eq!(found.row(Version::Ssl2).expect("a row").kinds, ["SSL_CK_RC4_128_WITH_MD5"]);
    let refusal = but(Version::Ssl2, |_| vec![Step::Send(vec![0x80, 3, 0, 0, 1])]);
    assert_eq!(*verdict(&probe(&refusal, Depth::Versions), Version::Ssl2), rejected(Reason::Ssl2Error(1)));
}

#[test]
fn a_lower_version_is_a_no_and_tells_of_itself() {
    let fake = Fake::start(|seen| match seen.version {
        Version::Tls1_2 => vec![Step::Send(chosen(Version::Tls1, 0x002f, 0))],
        Version::Tls1 => vec![Step::Hang],
        _ => vec![Step::Send(alert(70))],
    });
    let found = probe(&fake, Depth::Versions);
    assert_eq!(*verdict(&found, Version::Tls1_2), rejected(Reason::LowerVersion(Version::Tls1)));
    assert_eq!(*verdict(&found, Version::Tls1), Verdict::Accepted);
    assert!(!found.row(Version::Tls1).expect("a row").notes.is_empty());
}

#[test]
fn a_suite_that_was_not_offered_is_no_answer() {
    let fake = but(Version::Tls1_2, |_| vec![Step::Send(chosen(Version::Tls1_2, 0x1301, 0))]);
    let found = probe(&fake, Depth::Versions);
    assert!(matches!(verdict(&found, Version::Tls1_2), Verdict::Inconclusive(Reason::Violation(_))));
    // Once more, with a small hello.
    assert_eq!(found.connections, 7);
}

#[test]
fn handshake_failure_counts_once_all_suites_are_refused() {
    let fake = but(Version::Tls1_2, |_| vec![Step::Send(alert(40))]);
    let found = probe(&fake, Depth::Versions);
    assert_eq!(*verdict(&found, Version::Tls1_2), rejected(Reason::Alert(40)));
    let hellos: Vec<Seen> = fake.seen().into_iter().filter(|seen| seen.version == Version::Tls1_2).collect();
    assert_eq!(hellos.len(), 2, "both portions");
    // A suite of the second portion alone is found.
    let fake = but(Version::Tls1_2, |seen| match seen.suites.contains(&0x008c) {
        true => vec![Step::Send(chosen(Version::Tls1_2, 0x008c, 0))],
        false => vec![Step::Send(alert(71))],
    });
    assert_eq!(*verdict(&probe(&fake, Depth::Versions), Version::Tls1_2), Verdict::Accepted);
}

#[test]
fn without_a_version_and_a_name_handshake_failure_says_nothing() {
    let fake = Fake::start(|_| vec![Step::Send(alert(40))]);
    let found = probe_as(&fake, Depth::Versions, None);
    assert_eq!(*verdict(&found, Version::Tls1_3), Verdict::Inconclusive(Reason::Name(40)));
    assert_eq!(*verdict(&found, Version::Tls1_2), Verdict::Inconclusive(Reason::Name(40)));
    // With a name, it may be the wrong one.
    let found = probe_as(&fake, Depth::Versions, Some("a.example"));
    assert_eq!(*verdict(&found, Version::Tls1_3), Verdict::Inconclusive(Reason::OtherName(40)));
    // SSLv2 and SSLv3 have no room for one.
    assert_eq!(*verdict(&found, Version::Ssl3), rejected(Reason::Alert(40)));
}

#[test]
fn a_name_may_be_needed() {
    let fake = Fake::start(|seen| match (seen.version, &seen.name) {
        (Version::Tls1_2 | Version::Tls1_3, None) => vec![Step::Send(alert(112))],
        _ => modern().answer(seen),
    });
    let found = probe_as(&fake, Depth::Versions, None);
    assert_eq!(*verdict(&found, Version::Tls1_2), Verdict::Inconclusive(Reason::Name(112)));
    assert_eq!(*verdict(&found, Version::Tls1), rejected(Reason::Alert(70)));
    assert_eq!(probe(&fake, Depth::Versions).accepted(), VersionSet::of(&MODERN));
}

#[test]
fn a_client_that_is_not_wanted_knows_nothing() {
    let fake = but(Version::Tls1_3, |_| vec![Step::Send(alert(116))]);
    assert_eq!(*verdict(&probe(&fake, Depth::Versions), Version::Tls1_3), Verdict::Inconclusive(Reason::Client(116)));
}

#[test]
fn warnings_are_passed_over_and_alerts_may_come_in_pieces() {
    let fake = but(Version::Tls1_2, |seen| {
        let warning = record(21, 0x0303, &[1, 112]);
        vec![Step::Drip([warning, chosen(Version::Tls1_2, seen.suites[0], 0)].concat()), Step::Close]
    });
    assert_eq!(*verdict(&probe(&fake, Depth::Versions), Version::Tls1_2), Verdict::Accepted);
    let fake = but(Version::Tls1_2, |_| {
        vec![
            Step::Send(record(21, 0x0303, &[2])),
            Step::Sleep(Duration::from_millis(20)),
            Step::Drip(record(21, 0x0303, &[70])),
        ]
    });
    assert_eq!(*verdict(&probe(&fake, Depth::Versions), Version::Tls1_2), rejected(Reason::Alert(70)));
}

#[test]
fn an_alert_after_the_choice_takes_it_back() {
    let fake = but(Version::Tls1_2, |seen| {
        let choice = record(22, 0x0303, &server_hello(Version::Tls1_2, seen.suites[0], 0));
        vec![Step::Send([choice, alert(47)].concat())]
    });
    assert_eq!(*verdict(&probe(&fake, Depth::Ciphers), Version::Tls1_2), rejected(Reason::Alert(47)));
}

#[test]
fn internal_error_is_a_no_where_other_versions_work() {
    let fake = but(Version::Tls1, |_| vec![Step::Send(alert(80))]);
    let found = probe(&fake, Depth::Versions);
    assert_eq!(*verdict(&found, Version::Tls1), rejected(Reason::Barred));
    assert!(Reason::Barred.text().contains("security level") && !Reason::Alert(80).text().contains("security level"));
    assert_eq!(found.connections, 6);
}

#[test]
fn internal_error_is_no_answer_where_a_name_may_be_missing() {
    // TLS 1.3 is chosen before the certificate is: Go's GetCertificate.
    let go = Fake::start(|seen| match seen.version {
        Version::Tls1_3 => modern().answer(seen),
        Version::Ssl2 | Version::Ssl3 => vec![Step::Send(alert(70))],
        _ => vec![Step::Send(alert(80))],
    });
    for name in [None, Some("other.example")] {
        let found = probe_as(&go, Depth::Versions, name);
        assert_eq!(found.accepted(), VersionSet::of(&[Version::Tls1_3]));
        for version in [Version::Tls1, Version::Tls1_1, Version::Tls1_2] {
            let reason = if name.is_none() { Reason::Name(80) } else { Reason::OtherName(80) };
            assert_eq!(*verdict(&found, version), Verdict::Inconclusive(reason), "{version} {name:?}");
        }
        assert_eq!(*verdict(&found, Version::Ssl3), rejected(Reason::Alert(70)));
    }
    // Where nothing is accepted, it may be anything.
    let nothing = Fake::start(|_| vec![Step::Send(alert(80))]);
    for depth in [Depth::Versions, Depth::Ciphers] {
        let found = probe(&nothing, depth);
        let expected = Verdict::Inconclusive(Reason::OtherName(80));
        let mut old = Version::ALL.into_iter().skip(2);
        assert!(old.all(|version| *verdict(&found, version) == expected), "{:?}", found.rows);
        assert_eq!(*verdict(&found, Version::Ssl3), Verdict::Inconclusive(Reason::Alert(80)));
    }
}

#[test]
fn sslv2_alone_is_told_in_full() {
    let hello = |kinds: &[u8]| {
        let head = [0x80, 11 + kinds.len() as u8 + 1, 4, 0, 1, 0, 2, 0, 0, 0, kinds.len() as u8, 0, 1];
        [&head[..], kinds, &[9]].concat()
    };
    let only = |answer: Vec<u8>| {
        Fake::start(move |seen| match seen.version {
            Version::Ssl2 => vec![Step::Send(answer.clone())],
            _ => vec![Step::Close],
        })
    };
    let found = probe(&only(hello(&[1, 0, 0x80])), Depth::Ciphers);
    let row = found.row(Version::Ssl2).expect("a row");
    assert_eq!((&row.verdict, row.complete), (&Verdict::Accepted, true));
    assert!(!row.lacks_suites(Depth::Ciphers));
    assert_eq!(*verdict(&found, Version::Tls1), Verdict::Inconclusive(Reason::Closed), "no limit was reached");
    // A hello that offers nothing accepts nothing.
    let found = probe(&only(hello(&[])), Depth::Ciphers);
    assert_eq!(verdict(&found, Version::Ssl2).reason().map(Reason::code), Some("violation"));
}

#[test]
fn all_the_time_is_the_most_whatever_the_pace() {
    let fake = Fake::start(|seen| modern().answer(seen));
    let target = target(fake.address(), None);
    for pace in [Duration::from_secs(60), Duration::MAX] {
        let limits = Limits { pace, total: Duration::from_millis(300), ..limits(&target, Depth::Ciphers) };
        let begin = Instant::now();
        let found = scan(&target, Depth::Ciphers, limits, &AtomicBool::new(false));
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
        assert_eq!(found.connections, 1);
        assert_eq!(verdict(&found, Version::Tls1).reason().map(Reason::code), Some("time-limit"));
    }
    // One answer may take no longer than all of them.
    let silent = Fake::start(|_| vec![Step::Hang]);
    let target = self::target(silent.address(), None);
    let patient = Duration::from_secs(60);
    let limits = Limits { exchange: patient, total: Duration::from_millis(300), ..limits(&target, Depth::Versions) };
    let begin = Instant::now();
    let found = scan(&target, Depth::Versions, limits, &AtomicBool::new(false));
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    assert_eq!(verdict(&found, Version::Tls1_2).reason().map(Reason::code), Some("time-limit"));
}

#[test]
fn odd_alerts_are_asked_about_again_with_a_small_hello() {
    for odd in [47, 50, 80, 109, 10, 120] {
        // Breaks on large hellos only.
        let fake = but(Version::Tls1_3, move |seen| match seen.length > 256 {
            true => vec![Step::Send(alert(odd))],
            false => modern().answer(seen),
        });
        let found = probe(&fake, Depth::Ciphers);
        let row = found.row(Version::Tls1_3).expect("a row");
        assert_eq!(row.verdict, Verdict::Accepted, "{odd}");
        assert_eq!(row.suites.len(), 2, "{odd}");
        assert!(!row.notes.is_empty());
        let small = fake.seen().into_iter().filter(|seen| seen.version == Version::Tls1_3 && seen.length <= 256);
        let shares: Vec<Vec<u8>> = small
            .filter_map(|seen| seen.extensions.into_iter().find(|(n, _)| *n == 51))
            .map(|(_, share)| share)
            .collect();
        assert!(shares.iter().all(|share| share.len() == 2 + 4 + 32), "a share of x25519");
    }
    let fake = but(Version::Tls1_3, |_| vec![Step::Send(alert(47))]);
    assert_eq!(*verdict(&probe(&fake, Depth::Ciphers), Version::Tls1_3), rejected(Reason::Alert(47)));
}

/// Like gRPC: whoever offers no protocol gets an alert, or none at all.
#[test]
fn an_application_protocol_may_be_needed() {
    let offers = |seen: &Seen| seen.extensions.iter().any(|(n, list)| *n == 16 && list.starts_with(b"\x00\x03\x02h2"));
    for answer in [vec![Step::Send(alert(120))], vec![Step::Close]] {
        let fake = Fake::start(move |seen| if offers(seen) { modern().answer(seen) } else { answer.clone() });
        let found = probe(&fake, Depth::Versions);
        assert!(found.accepted().is_empty() && found.trouble.is_none(), "{:?}", found.rows);
        for version in [Version::Tls1, Version::Tls1_2, Version::Tls1_3] {
            let reason = verdict(&found, version).reason().expect("a reason");
            assert!(matches!(verdict(&found, version), Verdict::Inconclusive(_)), "{version} {reason:?}");
            assert!(matches!(reason, Reason::Protocol | Reason::Closed), "{version} {reason:?}");
        }
        let target = Target { alpn: vec!["h2".to_owned()], ..target(fake.address(), Some("a.example")) };
        for depth in [Depth::Versions, Depth::Ciphers] {
            let found = scan(&target, depth, limits(&target, depth), &AtomicBool::new(false));
            assert_eq!(found.accepted(), VersionSet::of(&MODERN), "{depth:?}");
            assert_eq!(*verdict(&found, Version::Tls1), rejected(Reason::Alert(70)));
        }
    }
}

/// A handshake that was completed is evidence, whatever the hellos of the probe got.
#[test]
fn a_whole_handshake_is_evidence_for_its_version() {
    let check = |handshake| Check { handshake, certificate: None, trust: None };
    let made = check(Handshake::Made {
        version: Version::Tls1_3,
        suite: 0x1302,
        group: Some(29),
        alpn: None,
        asked: false,
        refused: false,
    });
    // It wants a key share in the first hello.
    let fake = but(Version::Tls1_3, |_| vec![Step::Send(alert(70))]);
    let mut found = probe(&fake, Depth::Ciphers);
    assert_eq!(*verdict(&found, Version::Tls1_3), rejected(Reason::Alert(70)));
    check(Handshake::Inconclusive(Reason::Reset)).testify(&mut found);
    assert_eq!(*verdict(&found, Version::Tls1_3), rejected(Reason::Alert(70)));
    made.testify(&mut found);
    let row = found.row(Version::Tls1_3).expect("a row");
    assert_eq!((&row.verdict, row.suites.len(), row.complete), (&Verdict::Accepted, 1, false));
    assert!(found.is_open(Depth::Ciphers) && !row.notes.is_empty());
    // Of what is known already it says nothing new.
    let mut found = probe(&Fake::start(|seen| modern().answer(seen)), Depth::Ciphers);
    made.testify(&mut found);
    assert_eq!(found.row(Version::Tls1_3).map(|row| (row.suites.len(), row.complete)), Some((2, true)));
}

#[test]
fn a_name_that_is_not_understood_is_left_out() {
    let fake = Fake::start(|seen| match &seen.name {
        Some(_) => vec![Step::Send(alert(47))],
        None => modern().answer(seen),
    });
    let found = probe(&fake, Depth::Ciphers);
    let row = found.row(Version::Tls1_2).expect("a row");
    assert_eq!(row.verdict, Verdict::Accepted);
    assert!(row.notes.contains(&"only without a server name"));
}

#[test]
fn large_hellos_that_hang_are_made_smaller() {
    let fake = but(Version::Tls1_2, |seen| match seen.suites.len() > 20 {
        true => vec![Step::Hang],
        false => modern().answer(seen),
    });
    let found = probe(&fake, Depth::Ciphers);
    let row = found.row(Version::Tls1_2).expect("a row");
    assert_eq!((&row.verdict, row.suites.len()), (&Verdict::Accepted, 3));
}

#[test]
fn silence_is_a_no_only_beside_an_answer() {
    for ending in [Step::Close, Step::Reset] {
        let reason = if matches!(ending, Step::Close) { Reason::Closed } else { Reason::Reset };
        let (one, all) = (ending.clone(), ending.clone());
        let fake = but(Version::Tls1, move |_| vec![one.clone()]);
        let found = probe(&fake, Depth::Versions);
        assert_eq!(*verdict(&found, Version::Tls1), rejected(reason.clone()));
        // It has to repeat, among others that are answered, until chance is no explanation.
        let of = |version| fake.seen().iter().filter(|seen| seen.version == version).count();
        let controls = of(Version::Tls1_2) + of(Version::Tls1_3) - 2;
        assert!(of(Version::Tls1) >= 42 && controls >= 4, "{} {controls}", of(Version::Tls1));
        assert!(found.connections <= 70, "{}", found.connections);
        let found = probe(&Fake::start(move |_| vec![all.clone()]), Depth::Versions);
        for version in Version::ALL {
            assert_eq!(*verdict(&found, version), Verdict::Inconclusive(reason.clone()), "{version}");
        }
        assert_eq!(found.trouble, None);
    }
}

#[test]
fn a_suite_that_the_server_can_not_serve_hides_no_other() {
    // Like Dovecot without parameters for Diffie-Hellman: it chooses as the client does, and hangs up.
    let own = [0xc02f, 0xc030, 0x009c, 0x009e, 0x009f, 0xc027];
    let fake = but(Version::Tls1_2, move |seen| match seen.suites.iter().find(|suite| own.contains(suite)) {
        Some(0x009e | 0x009f) => vec![Step::Close],
        Some(suite) => vec![Step::Send(chosen(Version::Tls1_2, *suite, 0))],
        None => vec![Step::Close],
    });
    assert_eq!(*verdict(&probe(&fake, Depth::Versions), Version::Tls1_2), Verdict::Accepted);
    let found = probe(&fake, Depth::Ciphers);
    let mut suites: Vec<u16> = found.row(Version::Tls1_2).expect("a row").suites.iter().map(|hit| hit.suite).collect();
    suites.sort_unstable();
    assert_eq!(suites, [0x009c, 0xc027, 0xc02f, 0xc030]);
}

#[test]
fn suites_stand_in_the_servers_order_though_it_hung_up_once() {
    // One of the second portion comes first. The hello that asks whose order decides is the first with compression.
    let rare = portions(Version::Tls1_2)[1][0];
    let asked = AtomicBool::new(false);
    let model = Model { suites: vec![rare, 0xc02f, 0xc030], ..modern() };
    let fake = but(Version::Tls1_2, move |seen| {
        let is_first = seen.compressions.len() > 1 && !asked.swap(true, Ordering::Relaxed);
        if is_first { vec![Step::Close] } else { model.answer(seen) }
    });
    let found = probe(&fake, Depth::Ciphers);
    let row = found.row(Version::Tls1_2).expect("a row");
    let suites: Vec<u16> = row.suites.iter().map(|hit| hit.suite).collect();
    assert_eq!((row.order, suites), (Some(Order::Server), vec![rare, 0xc02f, 0xc030]));
    assert!(row.complete);
}

#[test]
fn an_alert_to_a_small_hello_takes_nothing_from_silence() {
    for description in [10, 40, 47, 50] {
        for version in [Version::Tls1, Version::Tls1_2] {
            let model = Model { versions: vec![Version::Tls1_3], ..modern() };
            let fake = Fake::start(move |seen| match seen.version == version {
                true if seen.suites.len() > 20 => vec![Step::Close],
                true => vec![Step::Send(alert(description)), Step::Close],
                false => model.answer(seen),
            });
            let found = probe(&fake, Depth::Versions);
            assert_eq!(*verdict(&found, version), rejected(Reason::Closed), "{version} {description}");
        }
    }
}

#[test]
fn silence_about_the_rest_of_the_suites_has_to_repeat() {
    let common = portions(Version::Tls1_2)[0][0];
    let model = Model { versions: vec![Version::Tls1_3], ..modern() };
    let fake = Fake::start(move |seen| match seen.version {
        Version::Tls1_2 if seen.suites.contains(&common) => vec![Step::Send(alert(40)), Step::Close],
        Version::Tls1_2 => vec![Step::Close],
        _ => model.answer(seen),
    });
    let found = probe(&fake, Depth::Versions);
    assert_eq!(*verdict(&found, Version::Tls1_2), rejected(Reason::Closed));
    let rest =
        |seen: &&Seen| seen.version == Version::Tls1_2 && seen.suites.len() > 20 && !seen.suites.contains(&common);
    assert!(fake.seen().iter().filter(rest).count() > 2);
}

#[test]
fn a_large_hello_that_was_never_sent_is_not_called_misunderstood() {
    let share = |seen: &Seen| seen.extensions.iter().any(|(n, content)| *n == 51 && content.len() > 2);
    let fake = but(Version::Tls1_3, move |seen| match share(seen) {
        true => modern().answer(seen),
        false => vec![Step::Close],
    });
    let target = target(fake.address(), Some("a.example"));
    let limits = limits(&target, Depth::Ciphers).with_at_most(7);
    let found = scan(&target, Depth::Ciphers, limits, &AtomicBool::new(false));
    let row = found.row(Version::Tls1_3).expect("a row");
    assert_eq!((&row.verdict, row.complete), (&Verdict::Accepted, false));
    assert_eq!(row.notes, [""; 0]);
}

#[test]
fn silence_about_tls_1_3_is_asked_about_again_like_an_ordinary_client() {
    let share = |seen: &Seen| seen.extensions.iter().any(|(n, content)| *n == 51 && content.len() > 2);
    let fake = but(Version::Tls1_3, move |seen| match share(seen) {
        true => modern().answer(seen),
        false => vec![Step::Close],
    });
    let found = probe(&fake, Depth::Versions);
    assert_eq!((found.accepted(), found.connections), (VersionSet::of(&MODERN), 7));
    // A server without it falls back, which says both that and that it still answers.
    let fake = Fake::start(move |seen| match seen.version {
        Version::Tls1_3 if share(seen) => vec![Step::Send(chosen(Version::Tls1_2, 0xc02f, 0))],
        Version::Tls1_2 => modern().answer(seen),
        _ => vec![Step::Close],
    });
    let found = probe(&fake, Depth::Versions);
    assert_eq!(found.accepted(), VersionSet::of(&[Version::Tls1_2]));
    assert!(found.connections <= 82, "{}", found.connections);
    assert_eq!(*verdict(&found, Version::Tls1_3), rejected(Reason::LowerVersion(Version::Tls1_2)));
    assert_eq!(*verdict(&found, Version::Tls1), rejected(Reason::Closed));
}

#[test]
fn silence_is_no_answer_once_the_server_has_had_enough() {
    let count = Arc::new(AtomicUsize::new(0));
    let fake = Fake::start(move |seen| {
        let first = seen.version == Version::Tls1_2 && count.fetch_add(1, Ordering::Relaxed) == 0;
        if first { modern().answer(seen) } else { vec![Step::Close] }
    });
    let found = probe(&fake, Depth::Versions);
    assert_eq!(found.accepted(), VersionSet::of(&[Version::Tls1_2]));
    // The budget was spent before that could be told from a limit of the rate.
    let open = verdict(&found, Version::Tls1);
    assert!(matches!(open, Verdict::Inconclusive(_)), "{open:?}");
}

#[test]
fn a_tar_pit_is_never_a_no() {
    let fake = Fake::start(|_| vec![Step::Hang]);
    let begin = Instant::now();
    let found = probe(&fake, Depth::Versions);
    for version in Version::ALL {
        assert_eq!(*verdict(&found, version), Verdict::Inconclusive(Reason::Timeout), "{version}");
    }
    assert!(begin.elapsed() < Duration::from_secs(20));
    assert!(found.connections <= 7);
}

#[test]
fn slow_bytes_do_not_move_the_deadline() {
    // Each byte comes in time, all of them never.
    let fake = Fake::start(|_| {
        let mut steps = Vec::new();
        for byte in chosen(Version::Tls1_2, 0xc02f, 0) {
            steps.extend([Step::Send(vec![byte]), Step::Sleep(Duration::from_millis(150))]);
        }
        steps
    });
    let begin = Instant::now();
    let found = probe(&fake, Depth::Versions);
    assert_eq!(*verdict(&found, Version::Tls1_2), Verdict::Inconclusive(Reason::Timeout));
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[test]
fn half_an_answer_is_none() {
    let fake =
        but(Version::Tls1_2, |_| vec![Step::Send(chosen(Version::Tls1_2, 0xc02f, 0)[..20].to_vec()), Step::Close]);
    assert_eq!(*verdict(&probe(&fake, Depth::Versions), Version::Tls1_2), Verdict::Inconclusive(Reason::Truncated));
}

#[test]
fn what_is_not_tls_is_named() {
    for (bytes, name) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
        (b"220 mail.example ESMTP\r\n", "SMTP"),
        (b"421 too many connections\r\n", "busy"),
        (b"\x4a\0\0\0\x0a5.5.5", "MySQL"),
        ("Gr\u{fc}\u{df} Gott\r\n".as_bytes(), "\"Gr\u{fc}\u{df} Gott\""),
        (&[b'x'; 500], "xxx...\""),
        (b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7", "bytes ff fe"),
    ] {
        let found = probe(&Fake::start(move |_| vec![Step::Send(bytes.to_vec()), Step::Close]), Depth::Versions);
        let Some(Trouble::NotTls(reason)) = &found.trouble else { panic!("{:?}", found.trouble) };
        assert!(reason.text().contains(name), "{}", reason.text());
    }
    // One odd answer beside good ones is a "no".
    let fake = but(Version::Ssl2, |_| vec![Step::Send(b"HTTP/1.1 400 Bad Request\r\n".to_vec())]);
    let found = probe(&fake, Depth::Versions);
    assert!(matches!(verdict(&found, Version::Ssl2), Verdict::Rejected(Reason::NotTls(_))));
    assert_eq!(found.trouble, None);
}

#[test]
fn nothing_listens() {
    let address = Fake::start(|_| vec![Step::Close]).address();
    let target = target(address, None);
    let found = scan(&target, Depth::Versions, limits(&target, Depth::Versions), &AtomicBool::new(false));
    let refused = Reason::Unreachable(std::io::ErrorKind::ConnectionRefused);
    assert_eq!(found.trouble, Some(Trouble::Unreachable(refused)));
}

#[test]
fn a_server_that_goes_away_limits_the_rate() {
    // It listens for three connections, and no longer then.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut hello = [0; 4096];
            let _count = std::io::Read::read(&mut stream, &mut hello);
            let _sent = std::io::Write::write_all(&mut stream, &alert(70));
        }
    });
    let target = target(address, None);
    let limits = Limits { parallel: 1, ..limits(&target, Depth::Versions) };
    let found = scan(&target, Depth::Versions, limits, &AtomicBool::new(false));
    server.join().expect("no panic");
    assert_eq!(*verdict(&found, Version::Tls1_2), rejected(Reason::Alert(70)));
    assert_eq!(*verdict(&found, Version::Tls1), Verdict::Inconclusive(Reason::RateLimited));
    // After the first refusal one is tried at a time, three times more: nothing was accepted before. (The first may meet a
    // reset instead, while the listener closes.)
    assert!((6..=7).contains(&found.connections) && found.trouble.is_none(), "{}", found.connections);
}

#[test]
fn the_budget_is_kept() {
    let fake = Fake::start(|seen| modern().answer(seen));
    let target = target(fake.address(), None);
    let within = |connections| {
        let asked = fake.seen().len();
        let limits = Limits { connections, parallel: 1, ..limits(&target, Depth::Ciphers) };
        let found = scan(&target, Depth::Ciphers, limits, &AtomicBool::new(false));
        assert_eq!((found.connections, fake.seen().len() - asked), (connections, connections as usize));
        assert!(!found.row(Version::Tls1_2).expect("a row").complete && found.is_open(Depth::Ciphers));
        found
    };
    let found = within(3);
    assert_eq!(found.row(Version::Tls1_2).map(|row| row.suites.len()), Some(1), "versions come first");
    assert_eq!(*verdict(&found, Version::Tls1), rejected(Reason::Alert(70)));
    assert_eq!(verdict(&found, Version::Tls1_1).reason().map(Reason::code), Some("connection-limit"));
    // Six for the versions, one for the second portion of TLSv1.2, one for the order, and one more suite.
    let found = within(9);
    assert_eq!(*verdict(&found, Version::Tls1_1), rejected(Reason::Alert(70)));
    let row = found.row(Version::Tls1_2).expect("a row");
    assert_eq!(row.gap.as_ref().map(Reason::code), Some("connection-limit"));
    assert_eq!(row.suites.len(), 2);
}

#[test]
fn an_interrupt_ends_it_with_what_is_known() {
    let fake = Fake::start(|seen| match seen.version {
        Version::Tls1_2 => modern().answer(seen),
        _ => vec![Step::Hang],
    });
    let target = target(fake.address(), None);
    let limits = Limits { exchange: Duration::from_secs(60), ..Limits::of(&target, Depth::Versions) };
    let stop = AtomicBool::new(false);
    let found = std::thread::scope(|scope| {
        let probing = scope.spawn(|| scan(&target, Depth::Versions, limits, &stop));
        while !fake.seen().iter().any(|seen| seen.version == Version::Tls1_2) || fake.seen().len() < 4 {
            std::thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Ordering::Relaxed);
        probing.join().expect("no panic")
    });
    assert_eq!(*verdict(&found, Version::Tls1_2), Verdict::Accepted);
    assert_eq!(*verdict(&found, Version::Tls1_3), Verdict::Inconclusive(Reason::Interrupted));
}

#[test]
fn compression_is_found() {
    let fake = but(Version::Tls1_2, |seen| {
        let suite = *[0xc02f, 0xc030].iter().find(|suite| seen.suites.contains(suite)).unwrap_or(&0);
        let method = u8::from(seen.compressions.contains(&1));
        match suite {
            0 => vec![Step::Send(alert(40))],
            suite => vec![Step::Send(chosen(Version::Tls1_2, suite, method))],
        }
    });
    assert_eq!(probe(&fake, Depth::Ciphers).row(Version::Tls1_2).expect("a row").compression, Some(1));
}

#[test]
fn an_endless_answer_ends() {
    let fake = Fake::start(|_| vec![Step::Send(record(22, 0x0303, &message(0, &vec![0; 10_000])).repeat(100))]);
    let found = probe(&fake, Depth::Versions);
    assert!(matches!(verdict(&found, Version::Tls1_2), Verdict::Inconclusive(Reason::Violation(_))));
}

#[test]
fn sslv2_is_asked_once() {
    // A server that says of SSLv2 what it would say of suites.
    let fake = but(Version::Ssl2, |_| vec![Step::Send(alert(40))]);
    for depth in [Depth::Versions, Depth::Ciphers] {
        let asked = fake.seen().len();
        let target = target(fake.address(), Some("a.example"));
        let limits = Limits { connections: 400, ..limits(&target, depth) };
        let found = scan(&target, depth, limits, &AtomicBool::new(false));
        assert_eq!(*verdict(&found, Version::Ssl2), rejected(Reason::Alert(40)));
        let hellos = fake.seen()[asked..].iter().filter(|seen| seen.version == Version::Ssl2).count();
        assert_eq!(hellos, 1, "{depth:?}");
    }
}

#[test]
fn whether_it_still_answers_is_asked_with_what_it_has() {
    // Nothing of the first portion, and silence about other versions.
    let fake = Fake::start(|seen| match seen.version {
        Version::Tls1_2 if seen.suites.contains(&0x008c) => vec![Step::Send(chosen(Version::Tls1_2, 0x008c, 0))],
        Version::Tls1_2 => vec![Step::Send(alert(40))],
        _ => vec![Step::Close],
    });
    for depth in [Depth::Versions, Depth::Ciphers] {
        let target = target(fake.address(), Some("a.example"));
        let limits = Limits { connections: 400, ..limits(&target, depth) };
        let found = scan(&target, depth, limits, &AtomicBool::new(false));
        assert_eq!(found.accepted(), VersionSet::of(&[Version::Tls1_2]), "{depth:?}");
        assert_eq!(*verdict(&found, Version::Tls1), rejected(Reason::Closed), "{depth:?}: {:?}", found.rows);
        assert!(fake.seen().iter().any(|seen| seen.suites == [0x008c, 0x00ff]), "{depth:?}");
    }
}

#[test]
fn a_server_that_lets_clients_prefer_chacha_alone_has_an_order_of_its_own() {
    let chacha = [0xcca8, 0xcca9, 0xccaa, 0x1303];
    for (suites, order) in [
        (vec![0xc02f, 0xcca8, 0xc030], Order::Server),
        (vec![0xc02f, 0xc030, 0xcca8], Order::Server),
        (vec![0xcca8, 0xc02f, 0xc030], Order::Server),
    ] {
        let model = Model { suites, ..modern() };
        let fake = Fake::start(move |seen| {
            let own = if seen.version == Version::Tls1_3 { &model.suites_1_3 } else { &model.suites };
            match seen.suites.first() {
                // OpenSSL's PrioritizeChaCha.
                Some(first)
                    if chacha.contains(first) && own.contains(first) && model.versions.contains(&seen.version) =>
                {
                    vec![Step::Send(chosen(seen.version, *first, 0)), Step::Close]
                }
                _ => model.answer(seen),
            }
        });
        let found = probe(&fake, Depth::Ciphers);
        let row = found.row(Version::Tls1_2).expect("a row");
        assert_eq!((row.suites.len(), row.order), (3, Some(order)), "{:?}", row.suites);
    }
}

#[test]
fn the_order_is_known_wherever_the_suites_are() {
    // One suite in the first portion and two in the second; two in each; one in all.
    for (suites, own_order, order) in [
        (vec![0x008c, 0xc02f, 0x00a6], true, Some(Order::Server)),
        (vec![0x008c, 0xc02f, 0x00a6], false, Some(Order::Client)),
        (vec![0x008c, 0xc02f, 0x00a6, 0x009c], true, Some(Order::Server)),
        (vec![0x008c, 0xc02f, 0x00a6, 0x009c], false, Some(Order::Client)),
        (vec![0x00a6, 0x008c], true, Some(Order::Server)),
        (vec![0xc02f], true, None),
        (vec![0x008c], false, None),
    ] {
        let model = Model { suites: suites.clone(), own_order, ..modern() };
        let found = probe(&Fake::start(move |seen| model.answer(seen)), Depth::Ciphers);
        let row = found.row(Version::Tls1_2).expect("a row");
        let mut got: Vec<u16> = row.suites.iter().map(|hit| hit.suite).collect();
        assert_eq!((row.order, row.compression, row.complete), (order, Some(0), true), "{suites:x?} {own_order}");
        let mut expected = suites.clone();
        if !own_order {
            got.sort_unstable();
            expected.sort_unstable();
        }
        assert_eq!(got, expected, "{own_order}");
    }
}

#[test]
fn no_more_connections_at_the_same_time_than_allowed() {
    for parallel in [1, 2, 4] {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, highest) = (Arc::clone(&now), Arc::clone(&most));
        let model = Model { versions: vec![Version::Tls1, Version::Tls1_1, Version::Tls1_2], ..modern() };
        let model = Model { suites: vec![0xc013, 0xc014, 0x002f, 0x0035, 0xc02f], ..model };
        let fake = Fake::after(
            move |_| {
                highest.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                true
            },
            move |seen| {
                std::thread::sleep(Duration::from_millis(3));
                now.fetch_sub(1, Ordering::SeqCst);
                model.answer(seen)
            },
        );
        let target = target(fake.address(), None);
        let limits = Limits { parallel, ..limits(&target, Depth::Ciphers) };
        let found = scan(&target, Depth::Ciphers, limits, &AtomicBool::new(false));
        assert_eq!(found.row(Version::Tls1_2).map(|row| row.suites.len()), Some(5));
        assert_eq!(most.load(Ordering::SeqCst), parallel, "at the same time");
    }
}
