//! The promises of an audit, held against handshakes.

use super::asking::{PATIENCE, Until, ask_until};
use super::cause;
use super::comparison::Comparison;
use super::dead::dead;
use super::drift::drift;
use super::judge;
use super::machine::Machine;
use super::outcome::{Checked, Outcome, outcome};
use super::promise::{Expected, Left, Promise, promises};
use super::slow::{Asked, Slow};
use super::unexplained::{Unexplained, unexplained};
use super::ways::Ways;
use crate::engine::{self, Audit};
use crate::finding::{Observed, Verdict};
use crate::policy::{Date, Policy};
use crate::probe::Scan;
use crate::probe::name::Name;
use crate::probe::target::Target;
use crate::rules::{Demands, Subject};
use crate::system::System;
use crate::tls::VersionSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What is verified, and how.
pub struct Verification<'a> {
    /// The configuration.
    pub audit: &'a Audit,
    /// This machine: times of files, sockets and processes.
    pub machine: &'a dyn System,
    /// What is demanded.
    pub policy: &'a Policy,
    /// The day on which waivers have to hold.
    pub day: Date,
    /// Ask all other ports of this machine too: the audit is about all of it.
    pub whole: bool,
    /// Probe addresses too that are not this machine's.
    pub remote: bool,
    /// Names to ask for besides those of the configuration.
    pub names: &'a [Name],
    /// So long the server may take to do as its configuration says: after a reload.
    pub wait: Duration,
    /// How a path is shown.
    pub show: &'a dyn Fn(&Path) -> String,
    /// Ends it early.
    pub stop: &'a AtomicBool,
}

/// All that was verified.
pub struct Verified {
    /// The promises, in the order of the configuration.
    pub checked: Vec<Checked>,
    /// What could not be verified.
    pub left: Vec<Left>,
    /// Lines of the configuration that decide nothing, with what handshakes got instead.
    pub dead: Vec<Observed>,
    /// Ports of this machine that speak TLS and that no audited configuration explains.
    pub unexplained: Vec<Observed>,
    /// The user ended it before all was verified.
    pub interrupted: bool,
}

/// Verifies all promises, one after the other.
pub fn verify(verification: &Verification<'_>, progress: &dyn Fn(usize, usize, &str)) -> Verified {
    let audit = verification.audit;
    let demands = |instance| Demands::new(verification.policy, audit.policy, instance, &audit.sources);
    let demands: Vec<Demands> = audit.instances().map(demands).collect();
    let waivers = engine::waivers(audit, verification.machine, verification.policy, verification.day);
    let mut machine = Machine::look(verification.machine, verification.audit);
    let ways = Ways::new(verification.audit, machine.sockets(), verification.machine);
    let (promises, mut left) = promises(verification.audit, &ways, &|_| true, verification.remote, verification.names);
    let total = promises.len();
    let mut checked: Vec<Checked> = Vec::new();
    let mut slow = Slow::default();
    let begin = Instant::now();
    for (at, promise) in promises.into_iter().enumerate() {
        if verification.stop.load(Ordering::Relaxed) {
            return Verified { checked, left, dead: Vec::new(), unexplained: Vec::new(), interrupted: true };
        }
        if let Some(why) = slow.why_out(&promise.target.place) {
            left.push(Slow::left(&promise, why));
            continue;
        }
        progress(at, total, &promise.target.label);
        // The servers reload at the same time: who has waited for one has waited for all.
        let wait = verification.wait.saturating_sub(begin.elapsed());
        let asked_at = Instant::now();
        let Some((target, scan, is_steady)) = ask(&promise, wait, verification.stop) else { continue };
        let took = asked_at.elapsed().saturating_sub(wait);
        slow.saw(&target.place, &Asked { scan: &scan, is_steady, took });
        let promise = Promise { target, ..promise };
        let index = promise.instance;
        let subject = Subject {
            index,
            instance: audit.resolved[index].instance(),
            demands: &demands[index],
            waivers: &waivers,
            selected: &[],
        };
        let seen = outcome(&promise, &scan, is_steady);
        let one = check(verification, (promise, scan, seen), subject, &mut machine);
        left.extend(unknown_files(&machine, &one, verification.show).filter(|new| !left.contains(new)));
        checked.push(one);
    }
    left.extend(unknown_owners(&machine, &checked));
    let dead = dead(verification.audit, &checked);
    let unexplained = match verification.whole {
        true => {
            let policy = (verification.policy, verification.day);
            unexplained(audit, machine.sockets(), policy, progress, verification.stop)
        }
        false => Unexplained::default(),
    };
    left.extend(unexplained.left);
    let interrupted = verification.stop.load(Ordering::Relaxed);
    Verified { checked, left, dead, unexplained: unexplained.found, interrupted }
}

/// Asks until the answers stay the same and, if there is time to `wait`, as promised; `None`: it was stopped.
fn ask(promise: &Promise, wait: Duration, stop: &AtomicBool) -> Option<(Target, Scan, bool)> {
    let settled = |_: usize, scan: &Scan| Comparison::of(promise.expected, scan).fits();
    let until = Until { start: &[], settled: &settled, patience: wait, once_changed: wait.max(PATIENCE) };
    ask_until(std::slice::from_ref(&promise.target), &until, stop).pop()?.settled()
}

/// What is open where it is not known who listens, since too much had to be looked at.
fn unknown_owners(machine: &Machine<'_>, checked: &[Checked]) -> Option<Left> {
    let (why, first) = (machine.sockets().left_out()?, checked.first()?);
    let what = "the processes behind the addresses".to_owned();
    Some(Left { what, why, help: None, by_design: false, main: Some(first.promise.main.clone()) })
}

/// What is open where the server that answers may read other files.
fn unknown_files(machine: &Machine<'_>, one: &Checked, show: &dyn Fn(&Path) -> String) -> Option<Left> {
    let why = cause::unknown_files(&one.promise, machine.evidence(&one.promise, show))?;
    let (what, main) = (one.promise.target.place.to_string(), Some(one.promise.main.clone()));
    Some(Left { what, why, help: None, by_design: false, main })
}

fn check(
    verification: &Verification<'_>,
    (promise, scan, seen): (Promise, Scan, Outcome),
    subject: Subject<'_>,
    machine: &mut Machine<'_>,
) -> Checked {
    let expected = promise.expected;
    if matches!(seen, Outcome::Differs | Outcome::Mixed | Outcome::Unreachable) {
        machine.refresh();
    }
    let evidence = machine.evidence(&promise, verification.show);
    let stranger = cause::stranger(&promise, evidence);
    let outcome = match seen {
        outcome @ (Outcome::Unreachable | Outcome::Mixed) => outcome,
        _ if stranger.is_some() => Outcome::Differs,
        Outcome::Agrees if cause::unknown_files(&promise, evidence).is_some() => Outcome::Possible,
        outcome => outcome,
    };
    let by_another = stranger.is_some();
    let mut judged = judge::of_endpoint(subject, promise.endpoint, &promise.title(), &scan);
    // A name that is refused on purpose lacks nothing.
    judged.retain(|one| one.verdict != Verdict::Missing || expected != Expected::Nothing);
    if by_another {
        // What another program accepts is no fault of a line of this configuration.
        for one in &mut judged {
            one.primary = None;
        }
    }
    // How bad it is to be given what is forbidden and not waived, is what the policy says of it.
    let worse = |extra: VersionSet| {
        let exposed = judged.iter().filter(|one| one.verdict == Verdict::Exposed && one.is_open());
        exposed.filter(|one| !one.versions.and(extra).is_empty()).map(|one| one.severity).max()
    };
    let drift = drift(&promise, &scan, outcome, stranger.as_ref(), evidence, &worse);
    Checked { promise, scan, outcome, by_another, observed: drift.into_iter().chain(judged).collect() }
}
