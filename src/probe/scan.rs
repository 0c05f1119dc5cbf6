//! Asks one endpoint about all versions, and then about their suites.

use super::classify::Said;
use super::conclude;
use super::limits::{Depth, FOR_VERSIONS, Limits};
use super::listing;
use super::outcome::Scan;
use super::quiet;
use super::reason::{BARRED, Reason};
use super::session::Session;
use super::target::Target;
use super::work::Work;
use crate::tls::{Version, VersionSet};
use std::sync::atomic::{AtomicBool, Ordering};

/// In this order: if a server stops answering, what matters most is known.
const ORDER: [Version; 6] =
    [Version::Tls1_2, Version::Tls1_3, Version::Tls1, Version::Tls1_1, Version::Ssl3, Version::Ssl2];

/// How often a version is asked again where servers behind one address seem to differ.
const OTHER_SERVERS: u32 = 4;

/// Probes an endpoint. Ends early, with what is known, once `stop` is set.
pub fn scan(target: &Target, depth: Depth, limits: Limits, stop: &AtomicBool) -> Scan {
    let session = Session::new(target, limits, stop);
    let mut works = ORDER.map(Work::new);
    each(&session, &mut works, &|work| work.portion(&session));
    later(&session, depth, &mut works);
    if depth == Depth::Ciphers {
        // Only now, so that the limits leave no version unasked for the sake of another one's suites.
        let accepted = works.iter_mut().filter(|work| work.is_accepted());
        each(&session, accepted, &|work| listing::list(work, &session));
        for work in works.iter_mut().filter(|work| work.is_accepted()) {
            listing::split(work, &session);
        }
        // This may take what is left of the connections.
        for work in works.iter_mut().filter(|work| work.is_accepted()) {
            listing::finish(work, &session);
        }
        if works.iter().any(|work| work.is_mixed || session.evidence().is_torn(work.version)) {
            ask_refused(&session, &mut works, &|_| true);
        }
    }
    if stop.load(Ordering::Relaxed) {
        for work in works.iter_mut().filter(|work| matches!(work.odd(), Some(Reason::Timeout))) {
            work.last = Some(Said::Odd(Reason::Interrupted));
        }
    }
    works.sort_by_key(|work| work.version);
    let rows = conclude::rows(&works, &session);
    Scan { trouble: conclude::trouble(&rows), rows, connections: session.used(), elapsed: session.elapsed() }
}

/// Asks about several versions at the same time.
fn each<'w>(
    session: &Session<'_>,
    works: impl IntoIterator<Item = &'w mut Work>,
    question: &(dyn Fn(&mut Work) + Sync),
) {
    let mut questions: Vec<_> = works.into_iter().map(|work| move || question(work)).collect();
    session.pace.all_of(questions.iter_mut().map(|question| question as &mut (dyn FnMut() + Send)));
}

/// Questions that the first answers raise, as far as the budget goes.
fn later(session: &Session<'_>, depth: Depth, works: &mut [Work]) {
    let is_known = |works: &[Work]| works.iter().any(Work::is_accepted);
    // The hello of an ordinary client, with TLS 1.2 to fall back to, tells whether it was only the form.
    if is_known(works)
        && let Some(work) = works.iter_mut().find(|work| work.version == Version::Tls1_3 && work.is_in_doubt())
    {
        more(session, work, false);
    }
    // What OpenSSL says where the security level bars a version, whatever the suites.
    let spares_barred = is_known(works) && depth == Depth::Versions;
    for work in works.iter_mut().filter(|work| !work.is_accepted() && !work.is_in_doubt()) {
        more(session, work, spares_barred);
    }
    ask_odd_ones_out(session, works);
    if works.iter().all(|work| !work.is_accepted() || work.only_small) && session.halted().is_none() {
        try_small(session, works);
    }
    quiet::clear_up(session, works, &|session, work| more(session, work, spares_barred));
}

/// Few servers have one of TLS 1.0 and 1.1, or leave out a version between others: there may be several behind the address,
/// and the one with the version was not met.
fn ask_odd_ones_out(session: &Session<'_>, works: &mut [Work]) {
    let accepted: VersionSet = works.iter().filter(|work| work.is_accepted()).map(|work| work.version).collect();
    ask_refused(session, works, &|version| match version {
        Version::Tls1 => accepted.has(Version::Tls1_1),
        Version::Tls1_1 => accepted.has(Version::Tls1),
        Version::Tls1_2 => accepted.has(Version::Tls1_1) && accepted.has(Version::Tls1_3),
        _ => false,
    });
}

/// Asks versions again that an alert refused.
fn ask_refused(session: &Session<'_>, works: &mut [Work], is_asked: &dyn Fn(Version) -> bool) {
    for work in works.iter_mut().filter(|work| is_asked(work.version) && work.last.as_ref().is_some_and(Said::is_no)) {
        for _ in 0..OTHER_SERVERS {
            if !work.is_accepted() {
                work.ask_refused(session);
            }
        }
    }
}

/// Where alerts are all that comes back to large hellos: is it their size?
fn try_small(session: &Session<'_>, works: &mut [Work]) {
    let is_open = |work: &&mut Work| {
        let is_refused = work.last.as_ref().is_some_and(Said::is_no) || matches!(work.odd(), Some(Reason::Alert(_)));
        work.version > Version::Ssl2 && is_refused && !work.tried_plain
    };
    for work in works.iter_mut().filter(|work| work.version >= Version::Tls1).filter(is_open) {
        work.again(session);
        if work.is_accepted() {
            break;
        }
    }
    if works.iter().any(|work| work.only_small) {
        for work in works.iter_mut().filter(|work| !work.is_accepted()).filter(is_open) {
            work.again(session);
        }
    }
}

/// Asks again about a version that was not accepted. `spares_barred`: one that the security level bars is known well enough.
fn more(session: &Session<'_>, work: &mut Work, spares_barred: bool) {
    if session.left() == 0 || session.halted().is_some() || work.is_accepted() {
        return;
    }
    // Time is dearer than connections: each of these would take as long again.
    if matches!(work.odd(), Some(Reason::Timeout)) && session.used() >= FOR_VERSIONS {
        return;
    }
    let barred = spares_barred && work.version < Version::Tls1_3 && matches!(work.odd(), Some(Reason::Alert(BARRED)));
    if matches!(work.last, Some(Said::NoneOfThese(_))) && work.has_more() {
        work.portion(session);
        // Silence about the rest has to repeat, as silence about the first does.
        if work.is_in_doubt() {
            return;
        }
    }
    let is_open = work.is_odd() && !barred && !work.plain || work.may_want_key_share();
    if is_open && !work.is_accepted() {
        work.again(session);
    }
}
