//! Asking before a reload, after it, and after it was taken back.

use super::super::asking::{PATIENCE, Seen, Until, ask_alone, ask_once, ask_until, sleep};
use super::super::cause;
use super::super::machine::Machine;
use super::super::promise::Promise;
use super::change::Reload;
use super::choose::{Choice, Spot, choose};
use super::complaints::{self, Complaint, add};
use super::expectation::Expectation;
use super::outcome::{ReloadOutcome, Watched, judge, not_reloaded};
use crate::probe::Scan;
use crate::probe::target::Target;
use crate::tls::VersionSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Between two looks at the workers of a server that has not reloaded yet, at first and at last.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// Endpoints that answered before.
pub struct Watch<'a> {
    reload: &'a Reload<'a>,
    watched: Vec<Watched>,
    /// Endpoints that are held against nothing, with the reason: `no TLS there before either: ...`.
    pub left: Vec<Complaint>,
}

impl<'a> Watch<'a> {
    /// Asks before anything is changed.
    pub fn begin(reload: &'a Reload<'a>, stop: &AtomicBool) -> Watch<'a> {
        let mut machine = Machine::look(reload.machine, reload.after);
        let Choice { spots, mut left } =
            choose(reload.before, reload.after, reload.touched, (reload.machine, machine.sockets()));
        let targets: Vec<Target> = spots.iter().map(|spot| spot.promise.target.clone()).collect();
        let scans = ask_once(&targets, stop);
        machine.look_again();
        let mut watched = Vec::new();
        for (Spot { promise, old }, scan) in spots.into_iter().zip(scans) {
            let at = promise.title();
            match usable(reload, &machine, promise, scan) {
                Ok((promise, had)) => {
                    let own = cause::is_own(&promise, machine.evidence(&promise, reload.show));
                    let expectation = Expectation { old, new: promise.expected, had };
                    watched.push(Watched { promise, expectation, own });
                }
                Err(why) => add(&mut left, at, why, Vec::new()),
            }
        }
        Watch { reload, watched, left }
    }

    /// Does nothing answer that could be asked after the reload?
    pub fn is_empty(&self) -> bool {
        self.watched.is_empty()
    }

    /// Asks after the reload, until all is as promised or there is no point in waiting any longer.
    pub fn after_reload(&self, stop: &AtomicBool) -> ReloadOutcome {
        let begin = Instant::now();
        let mut pause = PAUSE;
        loop {
            let settled = |at: usize, scan: &Scan| {
                let expectation = self.watched[at].expectation;
                expectation.is_settled(expectation.look(scan))
            };
            let had: Vec<VersionSet> = self.watched.iter().map(|one| one.expectation.had).collect();
            let seen = self.ask(&had, &settled, self.reload.patience.saturating_sub(begin.elapsed()), stop);
            if stop.load(Ordering::Relaxed) {
                return ReloadOutcome { interrupted: true, ..ReloadOutcome::default() };
            }
            let machine = Machine::look(self.reload.machine, self.reload.after);
            let mut outcome = judge(self.reload, &self.watched, &seen, &machine);
            if !outcome.broken.is_empty() || !outcome.drift.is_empty() {
                return outcome;
            }
            // What old workers answer can be just what the new files promise, and says nothing of them.
            let idle = not_reloaded(self.reload, &self.watched, &machine);
            if idle.is_empty() || begin.elapsed() >= self.reload.patience {
                let open = !idle.is_empty();
                outcome.open.extend(idle);
                outcome.fine = if open { 0 } else { outcome.fine };
                return outcome;
            }
            sleep(pause, stop);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks after the old files were put back, until all answer as before; those that do not.
    pub fn not_as_before(&self) -> Vec<Complaint> {
        // Who asked to end gets this still: it is the last thing that is done.
        let stop = AtomicBool::new(false);
        let settled = |at: usize, scan: &Scan| scan.accepted() == self.watched[at].expectation.had;
        let seen = self.ask(&[], &settled, self.reload.patience, &stop);
        let machine = Machine::look(self.reload.machine, self.reload.before);
        let mut complaints = Vec::new();
        for (one, seen) in self.watched.iter().zip(seen) {
            let had = one.expectation.had;
            if let Some(stranger) = one.stranger(self.reload, &machine) {
                add(&mut complaints, one.promise.title(), stranger.what, vec![stranger.who]);
                continue;
            }
            let what = match seen.last {
                Some(scan) if scan.accepted() == had => continue,
                Some(scan) if is_unclear(had, &scan) => complaints::open(had.minus(scan.accepted()), &scan),
                Some(scan) if scan.accepted().is_empty() => format!("{had} before, and nothing now"),
                Some(scan) => format!("{had} before, and {} now", scan.accepted()),
                None => "there was no time to ask".to_owned(),
            };
            add(&mut complaints, one.promise.title(), what, Vec::new());
        }
        complaints
    }

    /// `start`: what each gave at the beginning; empty: what it gives at first.
    fn ask(
        &self,
        start: &[VersionSet],
        settled: &dyn Fn(usize, &Scan) -> bool,
        patience: Duration,
        stop: &AtomicBool,
    ) -> Vec<Seen> {
        let targets: Vec<Target> = self.watched.iter().map(|one| one.promise.target.clone()).collect();
        let mut seen = ask_until(&targets, &Until { start, settled, patience, once_changed: PATIENCE }, stop);
        ask_alone(&mut seen, stop);
        seen
    }
}

/// Is all that differs from before only not clear?
fn is_unclear(had: VersionSet, scan: &Scan) -> bool {
    let now = scan.accepted();
    !now.is_empty() && now.is_subset(had) && had.minus(now).is_subset(scan.inconclusive())
}

/// The promise and the versions that were given, where the reload can be held against them; else why not.
fn usable(
    reload: &Reload<'_>,
    machine: &Machine<'_>,
    promise: Promise,
    asked: Option<(Target, Scan)>,
) -> Result<(Promise, VersionSet), String> {
    if let Some(stranger) = cause::stranger(&promise, machine.evidence(&promise, reload.show)) {
        return Err(stranger.who);
    }
    let (target, scan) = asked.ok_or("there was no time to ask before")?;
    if let Some(trouble) = &scan.trouble {
        return Err(format!("no TLS there before either: {}", trouble.reason().text()));
    }
    match scan.accepted() {
        had if had.is_empty() => Err("no handshake came about before either".to_owned()),
        had => Ok((Promise { target, ..promise }, had)),
    }
}
