//! The promises of an audit, held against handshakes.

use super::cause::{self, Evidence};
use super::judge;
use super::promise::{Expected, Left, Promise, promises};
use super::settle::settle;
use crate::engine::Audit;
use crate::finding::{Finding, Label, Observed, RuleId, Severity, Verdict};
use crate::host::Sockets;
use crate::instance::{Instance, Standing};
use crate::policy::Policy;
use crate::probe::name::Name;
use crate::probe::target::Place;
use crate::probe::{Reason, Scan, Trouble};
use crate::rules::Demands;
use crate::system::System;
use crate::tls::VersionSet;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

/// The rule of differences between configuration and handshakes.
pub const DRIFT: RuleId = RuleId("drift");

/// What is verified, and how.
pub struct Verification<'a> {
    /// The configuration.
    pub audit: &'a Audit,
    /// This machine: times of files, sockets and processes.
    pub machine: &'a dyn System,
    /// What is demanded.
    pub policy: &'a Policy,
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

/// What came of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server does as its configuration says.
    Agrees,
    /// It does not, or another one answers.
    Differs,
    /// Its answers change from one handshake to the next.
    Mixed,
    /// What should come is not known exactly; what came is possible.
    Possible,
    /// What came does not tell.
    Inconclusive,
    /// Nothing answers there with TLS.
    Unreachable,
}

impl Outcome {
    /// All of them, worst first.
    pub const ALL: [Outcome; 6] = [
        Outcome::Differs,
        Outcome::Unreachable,
        Outcome::Mixed,
        Outcome::Inconclusive,
        Outcome::Possible,
        Outcome::Agrees,
    ];

    /// The word used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Agrees => "agrees",
            Outcome::Differs => "differs",
            Outcome::Mixed => "mixed",
            Outcome::Possible => "possible",
            Outcome::Inconclusive => "inconclusive",
            Outcome::Unreachable => "unreachable",
        }
    }
}

/// A promise, and what came of it.
pub struct Checked {
    /// The promise; its target says how the server wanted to be asked.
    pub promise: Promise,
    /// The last scan.
    pub scan: Scan,
    /// What came of it.
    pub outcome: Outcome,
    /// The complaints: differences, and what the policy forbids or requires.
    pub observed: Vec<Observed>,
}

/// All that was verified.
pub struct Verified {
    /// The promises, in the order of the configuration.
    pub checked: Vec<Checked>,
    /// What could not be verified.
    pub left: Vec<Left>,
    /// Lines of the configuration that decide nothing, with what handshakes got instead.
    pub dead: Vec<Observed>,
    /// The user ended it before all was verified.
    pub interrupted: bool,
}

/// Verifies all promises, one after the other.
pub fn verify(verification: &Verification<'_>, progress: &dyn Fn(usize, usize, &str)) -> Verified {
    let (promises, left) = promises(verification.audit, verification.remote, verification.names);
    let demands = |instance| Demands::new(verification.policy, None, instance, &verification.audit.sources);
    let mut known = Known {
        changed: changed(verification),
        sockets: sockets(verification),
        demands: verification.audit.instances().map(demands).collect(),
    };
    let total = promises.len();
    let mut checked = Vec::new();
    for (at, promise) in promises.into_iter().enumerate() {
        if verification.stop.load(Ordering::Relaxed) {
            return Verified { checked, left, dead: Vec::new(), interrupted: true };
        }
        progress(at, total, &promise.target.label);
        checked.push(check(verification, promise, &mut known));
    }
    let interrupted = verification.stop.load(Ordering::Relaxed);
    let dead = dead(verification.audit, &checked);
    Verified { checked, left, dead, interrupted }
}

/// What the audit says of lines that look decisive and decide nothing, with what handshakes say to it.
fn dead(audit: &Audit, checked: &[Checked]) -> Vec<Observed> {
    let shadowed = audit.findings.iter().filter(|one| one.verdict == Verdict::Shadowed && one.is_open());
    let observed = |finding: &Finding| {
        let label = finding.primary.clone()?;
        let instance = audit.instance_of(finding).filter(|one| one.standing == Standing::Loaded)?;
        let setting = instance.settings.iter().find(|setting| setting.value == label.span)?;
        let named = |one: &&Checked| {
            let name = one.promise.target.name.as_ref().map(Name::as_str);
            Some(one.promise.instance) == finding.instance
                && name.is_some_and(|name| setting.scope.split_ascii_whitespace().any(|word| word == name))
        };
        let contradicts = |one: &&Checked| one.scan.accepted() != setting.versions;
        let seen = checked.iter().filter(named).filter(contradicts).map(|one| {
            format!(
                "handshakes with {} got {}, and this line says {}",
                one.promise.title(),
                one.scan.accepted(),
                setting.versions
            )
        });
        Some(Observed {
            rule: finding.rule,
            severity: finding.severity,
            verdict: finding.verdict,
            target: instance.main.display().to_string(),
            versions: finding.versions,
            message: finding.message.clone(),
            primary: Some(label),
            notes: finding.notes.iter().cloned().chain(seen).collect(),
            help: finding.help.clone(),
        })
    };
    shadowed.filter_map(observed).collect()
}

/// What is known of this machine.
struct Known {
    /// For each instance the file that changed last.
    changed: BTreeMap<usize, (PathBuf, SystemTime)>,
    /// Who listens where.
    sockets: Sockets,
    /// What is demanded, instance by instance.
    demands: Vec<Demands>,
}

fn sockets(verification: &Verification<'_>) -> Sockets {
    Sockets::read(verification.machine, SystemTime::now())
}

/// For each instance the file that changed last.
fn changed(verification: &Verification<'_>) -> BTreeMap<usize, (PathBuf, SystemTime)> {
    let audit = verification.audit;
    let last = |(index, instance): (usize, &Instance)| {
        let files = instance.files.iter().map(|file| audit.sources.file(*file).path());
        let times = files.filter_map(|path| Some((verification.machine.changed(path).ok()?, path)));
        times.max().map(|(time, path)| (index, (path.to_owned(), time)))
    };
    audit.instances().enumerate().filter_map(last).collect()
}

fn check(verification: &Verification<'_>, promise: Promise, known: &mut Known) -> Checked {
    let expected = promise.expected;
    let wanted = |observed: VersionSet| fits(expected, observed);
    let settled = settle(&promise.target, wanted, verification.wait, verification.stop);
    let (scan, promise) = (settled.scan, Promise { target: settled.target, ..promise });
    let seen = outcome(&promise, &scan, settled.steady);
    if matches!(seen, Outcome::Differs | Outcome::Mixed | Outcome::Unreachable) {
        // Reading all processes takes a while; for a difference it has to be as of now.
        known.sockets = sockets(verification);
    }
    let evidence = Evidence {
        owners: match &promise.target.place {
            Place::Ip(address) => known.sockets.of(*address),
            Place::Unix(_) => None,
        },
        changed: known.changed.get(&promise.instance).map(|(path, time)| (path.as_path(), *time)),
        show: verification.show,
    };
    let stranger = cause::stranger(&promise, evidence);
    let outcome = match seen {
        outcome @ (Outcome::Unreachable | Outcome::Mixed) => outcome,
        _ if stranger.is_some() => Outcome::Differs,
        outcome => outcome,
    };
    let mut observed = Vec::new();
    let demand = known.demands[promise.instance].of_endpoint(promise.endpoint);
    let keep = verification.audit.kept[promise.instance][promise.endpoint];
    let drift = drift(&promise, &scan, outcome, stranger.as_deref(), evidence, demand.forbid.minus(keep));
    observed.extend(drift);
    observed.extend(judge(&promise.title(), &scan, demand, keep).into_iter().filter(|one| {
        // A name that is refused on purpose lacks nothing.
        one.verdict != Verdict::Missing || expected != Expected::Nothing
    }));
    Checked { promise, scan, outcome, observed }
}

/// Is this what should come?
fn fits(expected: Expected, observed: VersionSet) -> bool {
    match expected {
        Expected::Exactly(versions) => observed == versions,
        Expected::AtMost(versions) => observed.is_subset(versions),
        Expected::Nothing => observed.is_empty(),
    }
}

fn outcome(promise: &Promise, scan: &Scan, steady: bool) -> Outcome {
    let (expected, observed, open) = (promise.expected, scan.accepted(), scan.inconclusive());
    if scan.trouble.is_some() {
        return Outcome::Unreachable;
    }
    if !steady {
        return Outcome::Mixed;
    }
    match expected {
        // More than promised is a difference, whatever else is open; less, only what was really refused.
        Expected::Exactly(versions) if !observed.is_subset(versions) => Outcome::Differs,
        Expected::Exactly(versions) if !versions.minus(observed).minus(open).is_empty() => Outcome::Differs,
        Expected::Exactly(_) if !open.is_empty() => Outcome::Inconclusive,
        Expected::Exactly(_) => Outcome::Agrees,
        Expected::AtMost(versions) if !observed.is_subset(versions) => Outcome::Differs,
        Expected::AtMost(_) if !open.is_empty() => Outcome::Inconclusive,
        // Only the library's part was not known, and it takes nothing away.
        Expected::AtMost(versions) if observed == versions && promise.answer.unknown.is_empty() => Outcome::Agrees,
        Expected::AtMost(_) => Outcome::Possible,
        Expected::Nothing if !observed.is_empty() => Outcome::Differs,
        Expected::Nothing if only_refused(scan) => Outcome::Agrees,
        Expected::Nothing => Outcome::Inconclusive,
    }
}

/// Is what is open only that the server does not know the name? That is how it refuses on purpose.
fn only_refused(scan: &Scan) -> bool {
    let open = scan.rows.iter().filter(|row| scan.inconclusive().has(row.version));
    open.map(|row| row.verdict.reason()).all(|reason| matches!(reason, Some(Reason::Name(_))))
}

fn drift(
    promise: &Promise,
    scan: &Scan,
    outcome: Outcome,
    stranger: Option<&str>,
    evidence: Evidence<'_>,
    forbidden: VersionSet,
) -> Option<Observed> {
    let (observed, expected) = (scan.accepted(), promise.expected.versions());
    let (extra, lacking) = (observed.minus(expected), expected.minus(observed).minus(scan.inconclusive()));
    let exact = matches!(promise.expected, Expected::Exactly(_));
    let lacking = if exact { lacking } else { VersionSet::EMPTY };
    let differs = !extra.is_empty() || !lacking.is_empty();
    let be = |versions: VersionSet| if versions.len() == 1 { "is" } else { "are" };
    let mut parts: Vec<String> = Vec::new();
    match (outcome, &scan.trouble) {
        (Outcome::Unreachable, Some(trouble)) => parts.push(match trouble {
            Trouble::Unreachable(reason) => format!("{} is promised, and there is no server: {}", "TLS", reason.text()),
            Trouble::NotTls(reason) | Trouble::StartTls(reason) => {
                format!("TLS is promised, and not spoken: {}", reason.text())
            }
        }),
        (Outcome::Mixed, _) => {
            parts.push("the answers change from one handshake to the next: a reload is under way, or has stuck".into());
        }
        (Outcome::Differs, _) if differs => {
            if !extra.is_empty() {
                parts.push(format!("{} {} accepted, and not configured", extra.listed(), be(extra)));
            }
            if !lacking.is_empty() {
                parts.push(format!("{} {} configured, and not accepted", lacking.listed(), be(lacking)));
            }
        }
        (Outcome::Differs, _) => parts.push(format!("another program than {} answers", promise.service)),
        _ => return None,
    }
    let mut notes: Vec<String> =
        stranger.iter().map(|who| format!("{who} listens there, not {}", promise.service)).collect();
    notes.extend(match outcome {
        _ if stranger.is_some() => Vec::new(),
        Outcome::Differs => cause::of_difference(promise, scan, evidence),
        _ => cause::not_reloaded(promise, evidence).into_iter().collect(),
    });
    let versions = extra.union(lacking);
    let exposes = !extra.and(forbidden).is_empty();
    Some(Observed {
        rule: DRIFT,
        severity: if exposes { Severity::High } else { Severity::Medium },
        verdict: if extra.is_empty() { Verdict::Missing } else { Verdict::Exposed },
        target: promise.title(),
        versions,
        message: parts.join("; "),
        primary: place(promise),
        help: help(&notes, promise),
        notes,
    })
}

fn help(causes: &[String], promise: &Promise) -> Option<String> {
    causes
        .iter()
        .any(|cause| cause.contains("not reloaded"))
        .then(|| format!("reload {} (tlsmend facts says how)", promise.service))
}

/// The line that promises it.
fn place(promise: &Promise) -> Option<Label> {
    let span = promise.decider()?;
    Some(Label { span, text: "promised here".to_owned() })
}
