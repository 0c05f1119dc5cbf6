//! Verdicts and lists agree with all that the server ever said: what was chosen is accepted, what only a hello of another
//! form gets is no "no", and a list is complete only where all else was refused.

use crate::support;

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::fake::{Fake, Model, Seen, Step, alert, chosen};
use support::random::Random;
use tlsmend::probe::name::Name;
use tlsmend::probe::place::Place;
use tlsmend::probe::portions::portions;
use tlsmend::probe::target::Target;
use tlsmend::probe::{Depth, Limits, Order, Reason, Scan, Verdict, scan};
use tlsmend::tls::Version::{self, Ssl2, Ssl3, Tls1, Tls1_1, Tls1_2, Tls1_3};
use tlsmend::tls::VersionSet;

const MODERN: VersionSet = VersionSet::of(&[Tls1_2, Tls1_3]);

fn target(address: SocketAddr, name: Option<&str>) -> Target {
    Target { name: name.map(|name| Name::parse(name).expect("a name")), ..Target::at(Place::Ip(address)) }
}

fn probe(fake: &Fake, depth: Depth, name: Option<&str>) -> Scan {
    let target = target(fake.address(), name);
    scan(&target, depth, Limits::of(&target, depth), &AtomicBool::new(false))
}

fn verdict(scan: &Scan, version: Version) -> &Verdict {
    &scan.row(version).expect("a row").verdict
}

fn modern() -> Model {
    Model {
        versions: vec![Tls1_2, Tls1_3],
        suites: vec![0xc02f, 0xc030, 0x009c],
        suites_1_3: vec![0x1301, 0x1303],
        own_order: true,
    }
}

/// The suites that were found of a version, and whether these are called all of them.
fn list(scan: &Scan, version: Version) -> (Vec<u16>, bool) {
    let row = scan.row(version).expect("a row");
    let mut suites: Vec<u16> = row.suites.iter().map(|hit| hit.suite).collect();
    suites.sort_unstable();
    (suites, row.complete)
}

#[test]
fn a_version_that_was_chosen_is_accepted_whatever_alerts_said() {
    for refusal in [40, 70] {
        let fake = Fake::start(move |seen| match seen.version {
            Tls1_2 => vec![Step::Send(chosen(Tls1, 0x002f, 0)), Step::Close],
            Tls1_3 => modern().answer(seen),
            _ => vec![Step::Send(alert(refusal)), Step::Close],
        });
        for depth in [Depth::Versions, Depth::Ciphers] {
            let found = probe(&fake, depth, Some("a.example"));
            let row = found.row(Tls1).expect("a row");
            assert_eq!((&row.verdict, row.complete), (&Verdict::Accepted, false), "{refusal} {depth:?}");
            assert_eq!(row.notes, ["chosen when a newer version was offered"]);
            assert_eq!(*verdict(&found, Tls1_2), Verdict::Rejected(Reason::LowerVersion(Tls1)));
            assert_eq!(*verdict(&found, Tls1_1), Verdict::Rejected(Reason::Alert(refusal)));
        }
    }
    // A suite that was never offered proves nothing.
    let fake = Fake::start(|seen| match seen.version {
        Tls1_2 => vec![Step::Send(chosen(Tls1, 0x1234, 0)), Step::Close],
        Tls1_3 => modern().answer(seen),
        _ => vec![Step::Send(alert(70)), Step::Close],
    });
    let found = probe(&fake, Depth::Versions, Some("a.example"));
    assert_eq!(*verdict(&found, Tls1), Verdict::Rejected(Reason::Alert(70)));
}

#[test]
fn no_alert_is_a_no_as_long_as_a_name_may_be_missing() {
    for refusal in [40, 71, 80, 109, 112, 47, 10, 50, 70] {
        let named = |seen: &Seen| seen.name.as_deref() == Some("a.example");
        let fake = Fake::start(move |seen| match named(seen) {
            true => modern().answer(seen),
            false => vec![Step::Send(alert(refusal)), Step::Close],
        });
        let found = probe(&fake, Depth::Versions, None);
        for version in [Tls1, Tls1_1, Tls1_2, Tls1_3] {
            let expected = Verdict::Inconclusive(Reason::Name(refusal));
            assert_eq!(*verdict(&found, version), expected, "{version} {refusal}");
        }
        // They have no room for a name.
        for version in [Ssl2, Ssl3] {
            assert_ne!(
                verdict(&found, version).reason().map(Reason::code),
                Some("name-required"),
                "{version} {refusal}"
            );
        }
        assert!(Reason::Name(refusal).advice().is_some_and(|advice| advice.contains("--sni NAME")));
        assert_eq!(probe(&fake, Depth::Versions, Some("a.example")).accepted(), MODERN, "{refusal}");
        // What these say of the version they say whatever the name.
        if matches!(refusal, 40 | 71 | 80 | 109 | 112) {
            let found = probe(&fake, Depth::Versions, Some("other.example"));
            let expected = Verdict::Inconclusive(Reason::OtherName(refusal));
            assert_eq!(*verdict(&found, Tls1_2), expected, "{refusal}");
        }
    }
    // A missing extension is a missing name also beside versions that do without.
    let fake = Fake::start(|seen| match (seen.version, &seen.name) {
        (Tls1_3, None) => vec![Step::Send(alert(109)), Step::Close],
        _ => modern().answer(seen),
    });
    let found = probe(&fake, Depth::Versions, None);
    assert_eq!(*verdict(&found, Tls1_3), Verdict::Inconclusive(Reason::Name(109)));
}

#[test]
fn tls_1_3_is_asked_again_with_a_key_share_before_an_alert_is_a_no() {
    let share = |seen: &Seen| seen.extensions.iter().any(|(n, content)| *n == 51 && content.len() > 2);
    for refusal in [40, 70, 71, 80, 109, 47] {
        let fake = Fake::start(move |seen| match seen.version {
            Tls1_3 if !share(seen) => vec![Step::Send(alert(refusal)), Step::Close],
            _ => modern().answer(seen),
        });
        let found = probe(&fake, Depth::Versions, Some("a.example"));
        assert_eq!((found.accepted(), found.connections), (MODERN, 7), "{refusal}");
        // One more where TLS 1.3 is refused.
        let fake = Fake::start(move |seen| match seen.version {
            Tls1_3 if share(seen) => vec![Step::Send(chosen(Tls1_2, 0xc02f, 0)), Step::Close],
            Tls1_3 => vec![Step::Send(alert(refusal)), Step::Close],
            _ => modern().answer(seen),
        });
        let found = probe(&fake, Depth::Versions, Some("a.example"));
        assert!(matches!(verdict(&found, Tls1_3), Verdict::Rejected(_)), "{refusal}");
        assert_eq!((found.accepted(), found.connections), (VersionSet::of(&[Tls1_2]), 7), "{refusal}");
        // Where there is no connection left for that, nobody knows.
        let target = target(fake.address(), Some("a.example"));
        let limits = Limits::of(&target, Depth::Versions).with_at_most(6);
        let found = scan(&target, Depth::Versions, limits, &AtomicBool::new(false));
        assert_eq!(verdict(&found, Tls1_3).reason().map(Reason::code), Some("connection-limit"), "{refusal}");
    }
}

#[test]
fn a_version_is_refused_once_all_its_suites_are() {
    // Kerberos alone.
    let fake = Fake::start(|seen| match seen.version {
        Ssl3 | Tls1_1 if seen.suites.contains(&0x001e) => {
            vec![Step::Send(chosen(seen.version, 0x001e, 0)), Step::Close]
        }
        Tls1_2 | Tls1_3 => modern().answer(seen),
        _ => vec![Step::Send(alert(40)), Step::Close],
    });
    let found = probe(&fake, Depth::Versions, Some("a.example"));
    assert_eq!(found.accepted(), MODERN.with(Ssl3).with(Tls1_1));
    assert_eq!(*verdict(&found, Tls1), Verdict::Rejected(Reason::Alert(40)));
    let target = target(fake.address(), Some("a.example"));
    let limits = Limits::of(&target, Depth::Versions).with_at_most(6);
    let found = scan(&target, Depth::Versions, limits, &AtomicBool::new(false));
    for version in [Ssl3, Tls1, Tls1_1] {
        assert_eq!(verdict(&found, version).reason().map(Reason::code), Some("connection-limit"), "{version}");
    }
}

#[test]
fn old_versions_are_asked_for_suites_that_only_their_hash_makes_new() {
    let suites = vec![0xc013, 0x002f, 0x00ae, 0xc038];
    let model = Model { versions: vec![Tls1, Tls1_1, Tls1_2], suites, ..modern() };
    let found = probe(&Fake::start(move |seen| model.answer(seen)), Depth::Ciphers, Some("a.example"));
    for version in [Tls1, Tls1_1, Tls1_2] {
        assert_eq!(list(&found, version), (vec![0x002f, 0x00ae, 0xc013, 0xc038], true), "{version}");
    }
}

/// BoringSSL: groups in the server's order; in a group the client decides.
fn by_groups(groups: &'static [&'static [u16]], ends: Vec<Step>) -> Fake {
    Fake::start(move |seen| {
        if seen.version != Tls1_2 {
            return modern().answer(seen);
        }
        let best = |group: &&[u16]| seen.suites.iter().find(|id| group.contains(id)).copied();
        match groups.iter().find_map(best) {
            Some(suite) => vec![Step::Send(chosen(Tls1_2, suite, 0)), Step::Close],
            None => ends.clone(),
        }
    })
}

#[test]
fn suites_of_equal_preference_hide_none() {
    let pairs: &[&[u16]] = &[&[0xc02f, 0xc030], &[0xcca8], &[0xc013, 0xc014], &[0x009c, 0x009d], &[0x002f, 0x0035]];
    let cloudflare: &[&[u16]] = &[&[0xcca8, 0xc02f], &[0xc027], &[0xc013], &[0x009c], &[0x003c], &[0xc030], &[0x000a]];
    for groups in [pairs, cloudflare] {
        for ends in [vec![Step::Send(alert(40)), Step::Close], vec![Step::Close]] {
            let found = probe(&by_groups(groups, ends), Depth::Ciphers, Some("a.example"));
            let mut all = groups.concat();
            all.sort_unstable();
            assert_eq!(list(&found, Tls1_2), (all, true), "{groups:x?}");
            let row = found.row(Tls1_2).expect("a row");
            assert_eq!(row.order, None, "neither order alone");
            assert!(row.notes.iter().any(|note| note.contains("equal preference")), "{:?}", row.notes);
        }
    }
}

#[test]
fn a_choice_by_chance_hides_no_suite() {
    for seed in 1..=5 {
        let random = Mutex::new(Random::new(seed));
        let own = [0xc030, 0xc02f, 0xc028, 0xc014, 0xc013, 0x009d, 0x003d, 0x0035, 0x002f];
        let fake = Fake::start(move |seen| {
            let common: Vec<u16> = own.into_iter().filter(|id| seen.suites.contains(id)).collect();
            match (seen.version, common.len()) {
                (Tls1_2, 1..) => {
                    let at = random.lock().expect("no panic").below(common.len());
                    vec![Step::Send(chosen(Tls1_2, common[at], 0)), Step::Close]
                }
                _ => modern().answer(&Seen { suites: Vec::new(), ..seen.clone() }),
            }
        });
        let found = probe(&fake, Depth::Ciphers, Some("a.example"));
        let mut all = own.to_vec();
        all.sort_unstable();
        assert_eq!(list(&found, Tls1_2), (all, true), "{seed}");
    }
}

#[test]
fn an_order_is_still_told() {
    for own_order in [true, false] {
        let suites = vec![0xcca8, 0xc030, 0xc02f, 0xc014, 0x009d, 0x002f];
        let model = Model { suites, own_order, ..modern() };
        let found = probe(&Fake::start(move |seen| model.answer(seen)), Depth::Ciphers, Some("a.example"));
        let row = found.row(Tls1_2).expect("a row");
        assert_eq!(row.order, Some(if own_order { Order::Server } else { Order::Client }));
        assert!(row.complete && row.notes.is_empty(), "{:?}", row.notes);
    }
}

#[test]
fn contradicting_answers_are_told() {
    // Two servers behind one address: one of them has no TLSv1.
    let count = AtomicUsize::new(0);
    let old = Model { versions: vec![Tls1, Tls1_2], suites: vec![0xc013, 0xc014, 0x002f, 0x0035], ..modern() };
    let fake = Fake::start(move |seen| match seen.version {
        Tls1 if seen.suites.contains(&0xc013) && count.fetch_add(1, Ordering::Relaxed) % 2 == 1 => {
            vec![Step::Send(alert(70)), Step::Close]
        }
        _ => old.answer(seen),
    });
    let found = probe(&fake, Depth::Ciphers, Some("a.example"));
    let row = found.row(Tls1).expect("a row");
    assert_eq!((&row.verdict, row.complete, &row.gap), (&Verdict::Accepted, false, &Some(Reason::Torn)));
    // All choices have the same order.
    assert_eq!(row.notes, ["answers differ: several servers behind this address?"]);
    assert!(found.is_open(Depth::Ciphers));
    let steady = found.row(Tls1_2).expect("a row");
    assert!(steady.complete && steady.notes.is_empty(), "{:?}", steady.notes);
}

#[test]
fn a_refusal_of_an_accepted_version_ends_no_list() {
    // Two of three servers behind one address have no TLSv1.
    let count = AtomicUsize::new(0);
    let suites = vec![0xc013, 0xc014, 0x002f, 0x0035];
    let old = Model { versions: vec![Tls1, Tls1_1, Tls1_2], suites: suites.clone(), ..modern() };
    let fake = Fake::start(move |seen| match seen.version {
        Tls1 if !count.fetch_add(1, Ordering::Relaxed).is_multiple_of(3) => vec![Step::Send(alert(70)), Step::Close],
        _ => old.answer(seen),
    });
    let found = probe(&fake, Depth::Ciphers, Some("a.example"));
    let mut all = suites;
    all.sort_unstable();
    assert_eq!(list(&found, Tls1), (all, false));
    assert_eq!(found.row(Tls1).expect("a row").gap, Some(Reason::Torn));
}

/// So many connections in each window of time; the others are closed.
fn limited(most: usize, window: Duration, model: Model) -> Fake {
    let (begin, windows) = (Instant::now(), Mutex::new((0, 0)));
    Fake::start(move |seen| {
        let now = begin.elapsed().as_millis() / window.as_millis();
        let mut windows = windows.lock().expect("no panic");
        *windows = if windows.0 == now { (now, windows.1 + 1) } else { (now, 1) };
        if windows.1 > most { vec![Step::Close] } else { model.answer(seen) }
    })
}

#[test]
fn bursts_of_silence_end_no_list() {
    let own: Vec<u16> = vec![
        0xc030, 0xc02f, 0xcca8, 0xc028, 0xc027, 0xc014, 0xc013, 0x009f, 0x009e, 0x006b, 0x0067, 0x0039, 0x0033, 0x009d,
        0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x000a,
    ];
    for own_order in [true, false] {
        for most in [15, 22, 29] {
            let model = Model { suites: own.clone(), own_order, ..modern() };
            let fake = limited(most, Duration::from_millis(700), model);
            let found = probe(&fake, Depth::Ciphers, Some("a.example"));
            assert_eq!(found.accepted(), MODERN, "{most}");
            let (suites, complete) = list(&found, Tls1_2);
            // Pauses grow beyond the window.
            assert_eq!((suites.len(), complete), (own.len(), true), "{most} {own_order}");
        }
    }
}

/// A balancer that limits old versions alone: one connection of theirs in so much time, and what it refuses counts too.
#[test]
fn a_limit_of_some_versions_is_no_refusal() {
    let last = Mutex::new(Instant::now().checked_sub(Duration::from_secs(60)));
    let old = Model { versions: vec![Tls1, Tls1_2], suites: vec![0xc013, 0x002f, 0xc02f], ..modern() };
    let fake = Fake::start(move |seen| {
        let mut last = last.lock().expect("no panic");
        let is_passed = !matches!(seen.version, Tls1 | Tls1_1)
            || last.replace(Instant::now()).is_none_or(|then| then.elapsed() > Duration::from_millis(2500));
        if is_passed { old.answer(seen) } else { vec![Step::Close] }
    });
    let found = probe(&fake, Depth::Versions, Some("a.example"));
    for version in [Tls1, Tls1_1] {
        assert!(!matches!(verdict(&found, version).reason(), Some(Reason::Closed)), "{:?}", found.rows);
    }
    assert_eq!(*verdict(&found, Tls1), Verdict::Accepted);
}

#[test]
fn silence_is_a_no_only_if_it_lasts() {
    let fake = Fake::start(|seen| if seen.version == Tls1 { vec![Step::Close] } else { modern().answer(seen) });
    let found = probe(&fake, Depth::Versions, Some("a.example"));
    assert_eq!(*verdict(&found, Tls1), Verdict::Rejected(Reason::Closed));
    assert!(found.elapsed > Duration::from_secs(6), "{:?}", found.elapsed);
}

/// Schannel resets all versions that are off. What was silent from the start meets no limit that our questions reached.
#[test]
fn old_versions_that_are_reset_from_the_start_take_one_short_rest() {
    let fake = Fake::start(|seen| if seen.version < Tls1_2 { vec![Step::Reset] } else { modern().answer(seen) });
    let found = probe(&fake, Depth::Versions, Some("a.example"));
    for version in [Ssl2, Ssl3, Tls1, Tls1_1] {
        assert_eq!(*verdict(&found, version), Verdict::Rejected(Reason::Reset), "{version}");
    }
    assert_eq!(found.accepted(), MODERN);
    assert!(found.connections <= 85, "{}", found.connections);
    assert!((3..6).contains(&found.elapsed.as_secs()), "{:?}", found.elapsed);
}

#[test]
fn a_server_of_one_version_that_closes_most_connections_refuses_nothing() {
    let count = AtomicUsize::new(0);
    let old = Model { versions: vec![Tls1], suites: vec![0xc013, 0x002f], ..modern() };
    let fake = Fake::start(move |seen| match seen.version {
        Tls1 if count.fetch_add(1, Ordering::Relaxed) % 40 != 39 => vec![Step::Close],
        Tls1 => old.answer(seen),
        _ => modern().answer(seen),
    });
    let found = probe(&fake, Depth::Versions, Some("a.example"));
    assert_eq!(*verdict(&found, Tls1), Verdict::Accepted);
}

/// A limit of old versions, of which one is accepted: that one is a control too, and meets silence.
#[test]
fn a_limit_that_concerns_an_accepted_version_is_noticed_at_once() {
    let last = Mutex::new(None::<Instant>);
    let old = Model { versions: vec![Tls1, Tls1_1, Tls1_2], suites: vec![0xc013, 0x002f, 0xc02f], ..modern() };
    let fake = Fake::start(move |seen| {
        let mut last = last.lock().expect("no panic");
        let is_passed = !matches!(seen.version, Tls1 | Tls1_1)
            || last.replace(Instant::now()).is_none_or(|then| then.elapsed() > Duration::from_millis(4500));
        if is_passed { old.answer(seen) } else { vec![Step::Close] }
    });
    let found = probe(&fake, Depth::Versions, Some("a.example"));
    for version in [Tls1, Tls1_1] {
        assert_eq!(*verdict(&found, version), Verdict::Accepted, "{:?}", found.rows);
    }
}

#[test]
fn an_odd_version_out_is_asked_again() {
    let all = Model { versions: vec![Tls1, Tls1_1, Tls1_2], suites: vec![0xc013, 0x002f, 0xc02f], ..modern() };
    for odd in [Tls1, Tls1_1] {
        for refusal in [40, 70] {
            // One of four servers behind the address has it.
            let (count, all) = (AtomicUsize::new(0), all.clone());
            let fake = Fake::start(move |seen| {
                let is_refused = seen.version == odd && seen.suites.contains(&0x002f);
                match is_refused && count.fetch_add(1, Ordering::Relaxed) % 4 != 3 {
                    true => vec![Step::Send(alert(refusal)), Step::Close],
                    false => all.answer(seen),
                }
            });
            let found = probe(&fake, Depth::Versions, Some("a.example"));
            let row = found.row(odd).expect("a row");
            assert_eq!(row.verdict, Verdict::Accepted, "{refusal}");
            assert!(row.notes.contains(&"answers differ: several servers behind this address?"), "{:?}", row.notes);
        }
    }
}

#[test]
fn where_lists_contradict_each_other_refused_versions_are_asked_again() {
    // Every other server has another order, and TLSv1.
    let count = AtomicUsize::new(0);
    let suites = vec![0xc030, 0xc02f, 0xc014, 0xc013, 0x009d, 0x002f];
    let new = Model { suites: suites.clone(), ..modern() };
    let old = Model { versions: vec![Tls1, Tls1_2], suites: suites.into_iter().rev().collect(), ..modern() };
    let asked = AtomicUsize::new(0);
    let fake = Fake::start(move |seen| match seen.version {
        Tls1 if asked.fetch_add(1, Ordering::Relaxed) < 2 => new.answer(seen),
        Tls1 => old.answer(seen),
        _ if count.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) => new.answer(seen),
        Tls1_3 => new.answer(seen),
        _ => old.answer(seen),
    });
    // One connection at a time: else chance decides which server sees which hello, and they may not contradict each other.
    let target = target(fake.address(), Some("a.example"));
    let limits = Limits { parallel: 1, ..Limits::of(&target, Depth::Ciphers) };
    let found = scan(&target, Depth::Ciphers, limits, &AtomicBool::new(false));
    assert_eq!(*verdict(&found, Tls1), Verdict::Accepted, "{:?}", found.rows);
    assert!(found.is_open(Depth::Ciphers));
}

#[test]
fn servers_that_reset_hellos_of_many_suites_are_found() {
    let suites = vec![0xc013, 0x002f, 0xc02f];
    let model = Model { versions: vec![Tls1, Tls1_1, Tls1_2, Tls1_3], suites, ..modern() };
    let fake = Fake::start(move |seen| match seen.suites.len() > 60 {
        true => vec![Step::Reset],
        false => model.answer(seen),
    });
    let found = probe(&fake, Depth::Versions, Some("a.example"));
    // TLSv1.3 needs no small hello.
    assert_eq!(found.accepted(), MODERN.with(Tls1).with(Tls1_1), "{:?}", found.rows);
}

#[test]
fn rare_suites_in_small_hellos_are_found() {
    let rare = portions(Tls1_2)[0].last().copied().expect("a portion is not empty");
    for ends in [Step::Reset, Step::Close] {
        let model = Model { versions: vec![Tls1, Tls1_2, Tls1_3], suites: vec![rare], ..modern() };
        let fake = Fake::start(move |seen| match (seen.length > 300, seen.version) {
            (true, _) => vec![ends.clone()],
            // It chooses the version by the suites.
            (_, Tls1_2) if !seen.suites.contains(&rare) => vec![Step::Send(chosen(Tls1, 0x002f, 0)), Step::Close],
            (_, Tls1) if seen.suites.contains(&0x002f) => vec![Step::Send(chosen(Tls1, 0x002f, 0)), Step::Close],
            _ => model.answer(seen),
        });
        let found = probe(&fake, Depth::Versions, Some("a.example"));
        assert_eq!(found.accepted(), MODERN.with(Tls1), "{:?}", found.rows);
        let refused = Verdict::Rejected(Reason::Alert(70));
        assert_eq!(*verdict(&found, Tls1_1), refused, "a small hello is answered");
    }
}

#[test]
fn servers_that_understand_small_hellos_alone_are_found() {
    let all = vec![Tls1, Tls1_1, Tls1_2, Tls1_3];
    for most in [250, 400] {
        for ends in [Step::Reset, Step::Close, Step::Send(alert(40)), Step::Send(alert(70)), Step::Send(alert(47))] {
            let suites = vec![0xc013, 0x002f, 0xc02f];
            let model = Model { versions: all.clone(), suites, suites_1_3: vec![0x1301], own_order: true };
            let answer = ends.clone();
            let fake = Fake::start(move |seen| match seen.length > most && seen.version > Ssl2 {
                true => vec![answer.clone()],
                false => model.answer(seen),
            });
            let found = probe(&fake, Depth::Versions, Some("a.example"));
            let expected: VersionSet = all.iter().copied().collect();
            assert_eq!(found.accepted(), expected, "{most} {ends:?} {:?}", found.rows);
            assert!(found.row(Tls1_2).is_some_and(|row| row.notes.contains(&"only small hellos are understood")));
        }
    }
}

#[test]
fn what_breaks_the_protocol_proves_nothing() {
    let extended = |version: [u8; 2]| {
        // A ServerHello of TLSv1 with the extension in which TLS 1.3 says its version.
        let body = [&[3, 1][..], &[7; 32], &[0, 0, 0x2f, 0, 0, 6, 0, 43, 0, 2], &version].concat();
        [&[22, 3, 1, 0, body.len() as u8 + 4, 2, 0, 0, body.len() as u8][..], &body].concat()
    };
    let fake = Fake::start(move |seen| match seen.version {
        Tls1 => vec![Step::Send(extended([3, 0])), Step::Close],
        Tls1_1 => vec![Step::Send(extended([0, 2])), Step::Close],
        _ => modern().answer(seen),
    });
    let found = probe(&fake, Depth::Versions, Some("a.example"));
    for version in [Tls1, Tls1_1] {
        assert_eq!(verdict(&found, version).reason().map(Reason::code), Some("violation"), "{:?}", found.rows);
        assert!(matches!(verdict(&found, version), Verdict::Inconclusive(_)));
    }
    for version in [Ssl2, Ssl3] {
        assert_eq!(*verdict(&found, version), Verdict::Rejected(Reason::Alert(70)), "{version}");
    }
}

#[test]
fn sslv2_with_a_padded_answer_is_found() {
    let kinds = [7, 0, 0xc0];
    let body = [&[4, 0, 1, 0, 2, 0, 2, 0, 3, 0, 16, 0xaa, 0xbb][..], &kinds, &[9; 16]].concat();
    let padded = [&[0, body.len() as u8 + 4, 4][..], &body, &[0; 4]].concat();
    let fake = Fake::start(move |seen| match seen.version {
        Ssl2 => vec![Step::Send(padded.clone()), Step::Close],
        _ => modern().answer(seen),
    });
    let found = probe(&fake, Depth::Versions, Some("a.example"));
    assert_eq!(found.accepted(), MODERN.with(Ssl2));
}

#[test]
fn rare_curves_are_offered() {
    let fake = Fake::start(|seen| {
        let groups = seen.extensions.iter().find(|(number, _)| *number == 10).map(|(_, list)| &list[2..]);
        let offers = |group: u8| groups.is_some_and(|list| list.chunks(2).any(|one| one == [0, group]));
        match seen.version {
            Tls1_2 if (1..=28).all(offers) => vec![Step::Send(chosen(Tls1_2, 0xc02f, 0)), Step::Close],
            _ => vec![Step::Send(alert(40)), Step::Close],
        }
    });
    assert_eq!(probe(&fake, Depth::Versions, Some("a.example")).accepted(), VersionSet::of(&[Tls1_2]));
}
