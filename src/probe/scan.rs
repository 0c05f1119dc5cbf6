//! Asks one endpoint about all versions.

use super::classify::Said;
use super::conclude::{self, Circumstances};
use super::limits::{Depth, Limits};
use super::outcome::Scan;
use super::reason::{BARRED, Reason};
use super::session::Session;
use super::target::Target;
use super::work::{ONE, Work};
use crate::tls::Version;
use std::sync::atomic::{AtomicBool, Ordering};

/// In this order: if a server stops answering, what matters most is known.
const ORDER: [Version; 6] =
    [Version::Tls1_2, Version::Tls1_3, Version::Tls1, Version::Tls1_1, Version::Ssl3, Version::Ssl2];

/// Probes an endpoint. Ends early, with what is known, once `stop` is set.
pub fn scan(target: &Target, depth: Depth, limits: Limits, stop: &AtomicBool) -> Scan {
    let session = Session::new(target, limits, stop);
    let mut works = begin(&session, depth);
    let steady = later(&session, depth, &mut works);
    if stop.load(Ordering::Relaxed) {
        for work in works.iter_mut().filter(|work| matches!(work.last, Some(Said::Odd(Reason::Timeout)))) {
            work.last = Some(Said::Odd(Reason::Interrupted));
        }
    }
    works.sort_by_key(|work| work.version);
    let circumstances = Circumstances {
        named: target.name.is_some(),
        steady,
        connected: session.has_connected(),
        connections: limits.connections,
    };
    let rows = conclude::rows(&works, circumstances);
    Scan { trouble: conclude::trouble(&rows), rows, connections: session.used(), elapsed: session.elapsed() }
}

/// The first questions about all versions.
fn begin(session: &Session<'_>, depth: Depth) -> Vec<Work> {
    let mut works = ORDER.map(Work::new);
    let mut questions: Vec<_> = works.iter_mut().map(|work| move || work.begin(session, depth)).collect();
    session.all_of(questions.iter_mut().map(|question| question as &mut (dyn FnMut() + Send)));
    drop(questions);
    works.into()
}

/// Questions that the first answers raise, as far as the budget goes. Returns whether the server still answered as
/// before at the end; `None`: that was not asked.
fn later(session: &Session<'_>, depth: Depth, works: &mut [Work]) -> Option<bool> {
    let known = works.iter().any(Work::is_accepted);
    let silent = |work: &Work| !work.is_accepted() && is_silent(work);
    let mut steady = None;
    // The hello of an ordinary client, with TLS 1.2 to fall back to, tells whether it was only the form.
    if let Some(work) = works.iter_mut().find(|work| work.version == Version::Tls1_3 && silent(work))
        && depth == Depth::Versions
        && known
    {
        more(session, work, known);
        steady = (!is_silent(work)).then_some(true);
    }
    steady = steady.or_else(|| still_answers(session, works));
    if depth == Depth::Versions {
        for work in works.iter_mut().filter(|work| !work.is_accepted()) {
            more(session, work, known);
        }
    }
    // What was found only now can be asked for again too.
    steady.or_else(|| still_answers(session, works))
}

/// One that was refused by silence is a "no" only as long as others get an answer. `None`: there is no such one, or
/// nothing to ask for again, or no connection left.
fn still_answers(session: &Session<'_>, works: &[Work]) -> Option<bool> {
    let doubt = works.iter().any(|work| !work.is_accepted() && is_silent(work));
    let known = works.iter().find(|work| !work.hits.is_empty());
    let known = known.or_else(|| works.iter().find(|work| work.is_accepted()))?;
    if !doubt || session.left() == 0 {
        return None;
    }
    known.still_answers(session).ok()
}

/// Did the server hang up?
fn is_silent(work: &Work) -> bool {
    matches!(work.last, Some(Said::Odd(Reason::Closed | Reason::Reset)))
}

/// Asks again about a version that was not accepted. `known`: another one was.
fn more(session: &Session<'_>, work: &mut Work, known: bool) {
    if session.left() == 0 || session.halted().is_some() {
        return;
    }
    // What OpenSSL says where the security level bars a version, whatever the suites.
    let barred = known && matches!(work.last, Some(Said::Odd(Reason::Alert(BARRED))));
    if matches!(work.last, Some(Said::NoneOfThese(_))) && work.has_more() {
        work.portion(session, ONE);
    }
    if work.is_odd() && !barred && !work.plain && !work.is_accepted() {
        work.again(session, ONE);
    }
}
