//! Asking a server until its answers stay the same: while it reloads, old and new workers both answer.

use crate::probe::starttls::{self, StartTls};
use crate::probe::target::Target;
use crate::probe::{Depth, Limits, Reason, Scan, Trouble, scan};
use crate::tls::VersionSet;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Between two scans that differ.
const PAUSE: Duration = Duration::from_millis(200);
/// So long may answers differ before they count as mixed.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// So long may one scan take, which takes milliseconds where the server answers.
const LONGEST_SCAN: Duration = Duration::from_secs(10);

/// What a server answers once it has settled.
pub(super) struct Settled {
    /// The last scan.
    pub scan: Scan,
    /// Two scans in a row did not contradict each other.
    pub steady: bool,
    /// The target, with what was found out on the way: STARTTLS, or a PROXY header.
    pub target: Target,
}

/// Scans until two scans in a row do not contradict each other and, if there is time to `wait`, as `wanted`.
pub(super) fn settle(
    target: &Target,
    wanted: impl Fn(VersionSet) -> bool,
    wait: Duration,
    stop: &AtomicBool,
) -> Settled {
    let begin = Instant::now();
    let ask = |target: &Target| once(target, stop);
    let (mut target, mut last) = first(target, &ask);
    loop {
        let nothing = last.trouble.is_some() || is_silent(&last);
        if stop.load(Ordering::Relaxed) || nothing && begin.elapsed() >= wait {
            return Settled { scan: last, steady: true, target };
        }
        if last.trouble.is_some() {
            // After a restart the server may not be there yet.
            std::thread::sleep(PAUSE);
            (target, last) = first(&target, &ask);
            continue;
        }
        let next = once(&target, stop);
        let equal = last.trouble == next.trouble && !last.contradicts(&next);
        // A server that limits connections may leave open now what it answered before.
        let tells_less = next.inconclusive().len() > last.inconclusive().len();
        last = if equal && tells_less { last } else { next };
        let done = equal && (wanted(last.accepted()) || begin.elapsed() >= wait);
        let late = begin.elapsed() >= wait.max(PATIENCE);
        if done || late {
            return Settled { scan: last, steady: equal, target };
        }
        std::thread::sleep(PAUSE);
    }
}

/// Did something not come in time?
pub(super) fn is_slow(scan: &Scan) -> bool {
    reasons(scan).any(is_late)
}

/// Did nothing come in time?
pub(super) fn is_silent(scan: &Scan) -> bool {
    scan.accepted().is_empty() && is_slow(scan) && reasons(scan).all(is_late)
}

fn reasons(scan: &Scan) -> impl Iterator<Item = &Reason> {
    scan.trouble.iter().map(Trouble::reason).chain(scan.rows.iter().filter_map(|row| row.verdict.reason()))
}

fn is_late(reason: &Reason) -> bool {
    // Limits of time and connections are reached only by questions that are not answered.
    matches!(
        reason,
        Reason::Timeout
            | Reason::Spent(_)
            | Reason::Unreachable(ErrorKind::TimedOut)
            | Reason::StartTls(starttls::Error::Timeout)
    )
}

fn once(target: &Target, stop: &AtomicBool) -> Scan {
    // The local server's own rate limits aside, there is nobody to be polite to.
    let limits = Limits { pace: Duration::ZERO, total: LONGEST_SCAN, ..Limits::of(target, Depth::Versions) };
    scan(target, Depth::Versions, limits, stop)
}

/// The first scan, by the way that the server wants.
pub(super) fn first(target: &Target, ask: &dyn Fn(&Target) -> Scan) -> (Target, Scan) {
    let found = ask(target);
    for other in other_ways(target, &found) {
        let again = ask(&other);
        if !again.accepted().is_empty() {
            return (other, again);
        }
    }
    (target.clone(), found)
}

/// How else the server may want to be asked: after STARTTLS, if it greets in plain text; with a PROXY header, if it
/// hangs up on everything.
fn other_ways(target: &Target, found: &Scan) -> Vec<Target> {
    let greeting = match &found.trouble {
        Some(Trouble::NotTls(Reason::NotTls(bytes))) => match bytes.as_slice() {
            [b'2', b'2', b'0', ..] => Some(StartTls::Smtp),
            [b'+', b'O', b'K', ..] => Some(StartTls::Pop3),
            [b'*', b' ', b'O', b'K', ..] => Some(StartTls::Imap),
            _ => None,
        },
        _ => None,
    };
    match greeting {
        Some(_) => vec![Target { starttls: greeting, ..target.clone() }],
        None if found.hangs_up() && !target.proxy => vec![Target { proxy: true, ..target.clone() }],
        None => Vec::new(),
    }
}
