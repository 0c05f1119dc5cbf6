//! Asking several endpoints at once, again and again until they have settled.

use super::super::settle::{PATIENCE, first};
use crate::probe::target::Target;
use crate::probe::{Depth, Limits, Scan, scan};
use crate::tls::VersionSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many endpoints are asked at the same time, with four connections each.
const HANDS: usize = 4;
/// So long may one round take. What is not reached by then is not asked in it.
const ROUND: Duration = Duration::from_secs(15);
/// Before what has not settled is looked at alone: limits are mostly counted by the second.
const REST: Duration = Duration::from_secs(1);
/// Between two rounds, at first and at last.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The last two scans of an endpoint.
#[derive(Default)]
pub(super) struct Seen {
    pub last: Option<Scan>,
    pub before_that: Option<Scan>,
}

/// When asking ends.
pub(super) struct Until<'a> {
    /// What each endpoint gave at the beginning; empty: what it gives at first.
    pub start: &'a [VersionSet],
    /// Is this as good as it gets? For the endpoint of that number.
    pub settled: &'a dyn Fn(usize, &Scan) -> bool,
    /// So long may it stay as it was at the beginning: a reload takes time. Once it changes, it has [`PATIENCE`].
    pub patience: Duration,
}

/// Asks each once, in the way that its server wants to be asked. `None`: there was no time.
pub(super) fn once(targets: &[Target], stop: &AtomicBool) -> Vec<Option<(Target, Scan)>> {
    each(targets, stop, &|target| first(target, &|target| ask(target, stop)))
}

/// Asks all in rounds, at least two, until all have settled for two rounds, or there is no point in waiting.
pub(super) fn until(targets: &[Target], until: &Until<'_>, stop: &AtomicBool) -> Vec<Seen> {
    let begin = Instant::now();
    let mut seen: Vec<Seen> = targets.iter().map(|_| Seen::default()).collect();
    let mut start: Vec<Option<VersionSet>> = until.start.iter().copied().map(Some).collect();
    start.resize(targets.len(), None);
    let mut moved: Vec<Option<Instant>> = vec![None; targets.len()];
    let mut pause = PAUSE;
    for round in 1.. {
        let scans = each(targets, stop, &|target| ask(target, stop));
        if stop.load(Ordering::Relaxed) {
            break;
        }
        for (at, scan) in scans.into_iter().enumerate() {
            let Some(scan) = scan else { continue };
            if scan.accepted() != *start[at].get_or_insert(scan.accepted()) {
                moved[at].get_or_insert_with(Instant::now);
            }
            seen[at].before_that = seen[at].last.replace(scan);
        }
        let settled = |at: usize| {
            let twice = [&seen[at].last, &seen[at].before_that];
            twice.iter().all(|scan| scan.as_ref().is_some_and(|scan| (until.settled)(at, scan)))
        };
        let is_late = |at: usize| match moved[at] {
            Some(since) => since.elapsed() >= PATIENCE,
            None => begin.elapsed() >= until.patience,
        };
        let open: Vec<usize> = (0..targets.len()).filter(|at| !settled(*at)).collect();
        if round > 1 && (open.is_empty() || open.iter().any(|at| is_late(*at))) {
            look_alone(targets, &open, &mut seen, stop);
            break;
        }
        sleep(pause, stop);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    seen
}

/// Looks once more at what has not settled, one endpoint and one connection at a time: where the server limits
/// connections, our own may be why it has not. What there is no time for is not known.
fn look_alone(targets: &[Target], open: &[usize], seen: &mut [Seen], stop: &AtomicBool) {
    if open.is_empty() {
        return;
    }
    sleep(REST, stop);
    let begin = Instant::now();
    for at in open {
        let has_time = begin.elapsed() < ROUND && !stop.load(Ordering::Relaxed);
        let scan = has_time
            .then(|| scan(&targets[*at], Depth::Versions, Limits { parallel: 1, ..limits(&targets[*at]) }, stop));
        seen[*at].before_that = std::mem::replace(&mut seen[*at].last, scan);
    }
}

/// Sleeps, and wakes up early once `stop` is set.
pub(super) fn sleep(pause: Duration, stop: &AtomicBool) {
    let begin = Instant::now();
    while begin.elapsed() < pause && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20).min(pause));
    }
}

fn ask(target: &Target, stop: &AtomicBool) -> Scan {
    scan(target, Depth::Versions, limits(target), stop)
}

fn limits(target: &Target) -> Limits {
    let usual = Limits::of(target, Depth::Versions);
    Limits {
        pace: Duration::ZERO,
        // Everybody waits for this, and a server of this machine that takes longer is no use to anybody.
        exchange: Duration::from_secs(3),
        total: Duration::from_secs(10),
        ..usual
    }
}

/// Does some work for each, several at the same time, in order; `None`: there was no time.
fn each<T: Send>(targets: &[Target], stop: &AtomicBool, work: &(dyn Fn(&Target) -> T + Sync)) -> Vec<Option<T>> {
    let begin = Instant::now();
    let waiting = Mutex::new(targets.iter().enumerate());
    let done: Mutex<Vec<Option<T>>> = Mutex::new(targets.iter().map(|_| None).collect());
    let hand = || {
        while begin.elapsed() < ROUND && !stop.load(Ordering::Relaxed) {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((at, target)) = next else { return };
            let found = work(target);
            done.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(found);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..HANDS.min(targets.len()) {
            scope.spawn(hand);
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}
