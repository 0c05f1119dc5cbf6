//! Asking servers, again and again until their answers stay the same: while one reloads, old and new workers both answer.

use super::parallel::each;
use crate::probe::starttls::{self, StartTls};
use crate::probe::target::Target;
use crate::probe::{Depth, Limits, Reason, Scan, Trouble, scan};
use crate::tls::VersionSet;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// So long may answers differ before they count as mixed.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// So long may one scan take, which takes milliseconds where the server answers.
const LONGEST_SCAN: Duration = Duration::from_secs(10);
/// So many endpoints are asked at the same time, with four connections each.
const HANDS: usize = 4;
/// So long may one round take. What is not reached by then is not asked in it.
const ROUND: Duration = Duration::from_secs(15);
/// Before what has not settled is looked at alone: limits are mostly counted by the second.
const REST: Duration = Duration::from_secs(1);
/// Between two rounds, at first and at last.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What asking an endpoint showed.
pub(super) struct Seen {
    /// The target, with what was found out on the way: STARTTLS, or a PROXY header.
    pub target: Target,
    /// The last two scans.
    pub last: Option<Scan>,
    pub before_that: Option<Scan>,
    /// Both were as good as it gets.
    pub is_settled: bool,
    /// What it accepted at the beginning, and since when it is something else.
    start: Option<VersionSet>,
    moved: Option<Instant>,
}

impl Seen {
    fn new(target: &Target, start: Option<VersionSet>) -> Seen {
        Seen { target: target.clone(), last: None, before_that: None, is_settled: false, start, moved: None }
    }

    fn add(&mut self, target: Target, scan: Scan) {
        if scan.accepted() != *self.start.get_or_insert(scan.accepted()) {
            self.moved.get_or_insert_with(Instant::now);
        }
        self.target = target;
        self.before_that = self.last.replace(scan);
    }

    /// The scan that counts, and whether the last two do not contradict each other; `None`: there was no time to ask.
    pub(super) fn settled(self) -> Option<(Target, Scan, bool)> {
        let last = self.last?;
        let Some(before) = self.before_that else { return Some((self.target, last, true)) };
        let is_steady = before.trouble == last.trouble && !before.contradicts(&last);
        let takes_before = match is_steady {
            // A server that limits connections may leave open now what it answered before.
            true => last.inconclusive().len() > before.inconclusive().len(),
            // What is accepted now and then is accepted.
            false => before.accepted().len() > last.accepted().len(),
        };
        Some((self.target, if takes_before { before } else { last }, is_steady))
    }
}

/// When asking ends.
pub(super) struct Until<'a> {
    /// What each endpoint accepted at the beginning; empty: what it accepts at first.
    pub start: &'a [VersionSet],
    /// Is this as good as it gets? For the endpoint of that number.
    pub settled: &'a dyn Fn(usize, &Scan) -> bool,
    /// So long may it stay as it was at the beginning: a reload takes time.
    pub patience: Duration,
    /// So long may it take once it has changed.
    pub once_changed: Duration,
}

/// Asks all in rounds until all have settled for two of them, or there is no point in waiting: one that does not answer is
/// asked once where nobody wants to wait for it.
pub(super) fn ask_until(targets: &[Target], until: &Until<'_>, stop: &AtomicBool) -> Vec<Seen> {
    let begin = Instant::now();
    let start = |at: usize| until.start.get(at).copied();
    let mut seen: Vec<Seen> = targets.iter().enumerate().map(|(at, target)| Seen::new(target, start(at))).collect();
    let mut pause = PAUSE;
    for round in 1.. {
        let scans = each(&seen, HANDS, ROUND, stop, &|one| ask_again(one, stop));
        let is_interrupted = stop.load(Ordering::Relaxed);
        for (at, (one, found)) in seen.iter_mut().zip(scans).enumerate() {
            // What was interrupted says less than what came before it.
            let Some((target, scan)) = found.filter(|_| !is_interrupted || one.last.is_none()) else { continue };
            one.add(target, scan);
            let twice = [&one.last, &one.before_that];
            one.is_settled = twice.iter().all(|scan| scan.as_ref().is_some_and(|scan| (until.settled)(at, scan)));
        }
        if is_interrupted {
            break;
        }
        let is_late = |one: &&Seen| match one.moved {
            Some(since) => since.elapsed() >= until.once_changed,
            None => begin.elapsed() >= until.patience,
        };
        let says_nothing = |one: &Seen| one.last.as_ref().is_some_and(answers_nothing);
        let open: Vec<&Seen> = seen.iter().filter(|one| !one.is_settled).collect();
        let is_over = open.is_empty() || open.iter().any(is_late);
        if is_over && (round > 1 || open.iter().all(|one| says_nothing(one))) {
            break;
        }
        sleep(pause, stop);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    seen
}

/// Looks once more at what has not settled, one endpoint and one connection at a time: where the server limits
/// connections, our own may be why it has not. What there is no time for is not known.
pub(super) fn ask_alone(seen: &mut [Seen], stop: &AtomicBool) {
    let mut open = seen.iter_mut().filter(|one| !one.is_settled).peekable();
    if open.peek().is_none() || stop.load(Ordering::Relaxed) {
        return;
    }
    sleep(REST, stop);
    let begin = Instant::now();
    for one in open {
        let has_time = begin.elapsed() < ROUND && !stop.load(Ordering::Relaxed);
        let alone = Limits { parallel: 1, ..limits(&one.target) };
        let scan = has_time.then(|| scan(&one.target, Depth::Versions, alone, stop));
        one.before_that = std::mem::replace(&mut one.last, scan);
    }
}

/// Asks each once, in the way that its server wants to be asked. `None`: there was no time.
pub(super) fn ask_once(targets: &[Target], stop: &AtomicBool) -> Vec<Option<(Target, Scan)>> {
    each(targets, HANDS, ROUND, stop, &|target| find_way(target, stop))
}

/// Sleeps, and wakes up early once `stop` is set.
pub(super) fn sleep(pause: Duration, stop: &AtomicBool) {
    let begin = Instant::now();
    while begin.elapsed() < pause && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20).min(pause));
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

fn answers_nothing(scan: &Scan) -> bool {
    scan.trouble.is_some() || is_silent(scan)
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

fn ask_again(one: &Seen, stop: &AtomicBool) -> (Target, Scan) {
    match &one.last {
        Some(last) if last.trouble.is_none() => (one.target.clone(), ask(&one.target, stop)),
        // After a restart the server may not be there yet.
        _ => find_way(&one.target, stop),
    }
}

fn ask(target: &Target, stop: &AtomicBool) -> Scan {
    scan(target, Depth::Versions, limits(target), stop)
}

fn limits(target: &Target) -> Limits {
    // The local server's own rate limits aside, there is nobody to be polite to.
    Limits { pace: Duration::ZERO, total: LONGEST_SCAN, ..Limits::of(target, Depth::Versions) }
}

/// The first scan, by the way that the server wants.
fn find_way(target: &Target, stop: &AtomicBool) -> (Target, Scan) {
    let found = ask(target, stop);
    for other in other_ways(target, &found) {
        let again = ask(&other, stop);
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
