//! Asking before a reload, after it, and after it was taken back.

use super::super::cause;
use super::super::machine::Machine;
use super::super::promise::Promise;
use super::change::Reload;
use super::choose::{Choice, Spot, choose};
use super::comparison::{Held, Watched, hold, not_reloaded};
use super::complaints::{self, Complaint, add};
use super::expectation::Terms;
use super::rounds::{Until, once, sleep, until};
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
        let scans = once(&targets, stop);
        machine.look_again();
        let mut watched = Vec::new();
        for (Spot { promise, old }, scan) in spots.into_iter().zip(scans) {
            let at = promise.title();
            match usable(reload, &machine, promise, scan) {
                Ok((promise, had)) => {
                    let own = cause::is_own(&promise, machine.evidence(&promise, reload.show));
                    watched.push(Watched { terms: Terms { old, new: promise.expected, had }, promise, own });
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
    pub fn held(&self, stop: &AtomicBool) -> Held {
        let begin = Instant::now();
        let mut pause = PAUSE;
        loop {
            let settled = |at: usize, scan: &Scan| {
                let terms = self.watched[at].terms;
                terms.is_settled(terms.look(scan))
            };
            let had: Vec<VersionSet> = self.watched.iter().map(|one| one.terms.had).collect();
            let patience = self.reload.patience.saturating_sub(begin.elapsed());
            let seen = until(&self.targets(), &Until { start: &had, settled: &settled, patience }, stop);
            if stop.load(Ordering::Relaxed) {
                return Held { interrupted: true, ..Held::default() };
            }
            let machine = Machine::look(self.reload.machine, self.reload.after);
            let mut held = hold(self.reload, &self.watched, &seen, &machine);
            if !held.broken.is_empty() || !held.drift.is_empty() {
                return held;
            }
            // What old workers answer can be just what the new files promise, and says nothing of them.
            let idle = not_reloaded(self.reload, &self.watched, &machine);
            if idle.is_empty() || begin.elapsed() >= self.reload.patience {
                let open = !idle.is_empty();
                held.open.extend(idle);
                held.fine = if open { 0 } else { held.fine };
                return held;
            }
            sleep(pause, stop);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks after the old files were put back, until all answer as before; those that do not.
    pub fn not_as_before(&self) -> Vec<Complaint> {
        // Who asked to end gets this still: it is the last thing that is done.
        let stop = AtomicBool::new(false);
        let settled = |at: usize, scan: &Scan| scan.accepted() == self.watched[at].terms.had;
        let until = Until { start: &[], settled: &settled, patience: self.reload.patience };
        let seen = super::rounds::until(&self.targets(), &until, &stop);
        let machine = Machine::look(self.reload.machine, self.reload.before);
        let mut complaints = Vec::new();
        for (one, seen) in self.watched.iter().zip(seen) {
            let had = one.terms.had;
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

    fn targets(&self) -> Vec<Target> {
        self.watched.iter().map(|one| one.promise.target.clone()).collect()
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
