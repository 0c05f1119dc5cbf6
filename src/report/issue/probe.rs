//! The rows of a probe: what the policy complains about, and what nobody can complain about, since the server could not
//! be asked or its answers do not tell.
//!
//! A probe has no file. Code scanning wants one, so a row is at the line of the list of targets that names the host; a
//! host of the command line stands for a file of its own.

use super::{Issue, PROBLEM, Place, by_weight, digest, excuse, file, place, tell_apart};
use crate::catalog::{INCONCLUSIVE, UNREACHABLE};
use crate::finding::{Severity, Verdict};
use crate::probe::client::{Check, Handshake};
use crate::probe::{Depth, Row, Scan, Trouble};
use crate::report::probe::{INTERRUPTED, Outcome, ProbeView, Probed, title};
use crate::report::sanitise::SafeLine;
use crate::report::{Texts, handshake};
use crate::tls::VersionSet;
use std::path::Path;

/// What a row says of a target that is not its own.
struct Said {
    rule: &'static str,
    severity: Severity,
    verdict: Option<Verdict>,
    versions: VersionSet,
    message: String,
    details: Vec<String>,
    excuse: Option<SafeLine>,
    fails: bool,
}

/// All rows, target by target.
pub(in crate::report) fn of_probe<'a>(view: &'a ProbeView<'a>) -> Vec<Issue<'a>> {
    let mut rows = Vec::new();
    for (at, probed) in view.targets.iter().enumerate() {
        let complaints = probed.observed.iter().map(|one| Said {
            rule: one.rule.0,
            severity: one.severity,
            verdict: Some(one.verdict),
            versions: one.versions,
            message: one.message.clone(),
            details: one.notes.iter().chain(&one.help).cloned().collect(),
            excuse: excuse(view.frame.texts, &one.standing),
            fails: one.severity >= view.frame.fail_on && one.is_open(),
        });
        let found = complaints.chain(others(probed, view.depth));
        rows.extend(found.map(|said| row(view, at, &said)));
    }
    by_weight(&mut rows);
    tell_apart(rows)
}

/// What is no complaint of the policy.
fn others(probed: &Probed<'_>, depth: Depth) -> Vec<Said> {
    let plain = |rule, message: String| Said {
        rule,
        severity: Severity::Medium,
        verdict: Some(Verdict::Unknown),
        versions: VersionSet::EMPTY,
        message,
        details: Vec::new(),
        excuse: None,
        fails: false,
    };
    let (target, scan, client) = match probed.outcome {
        Outcome::Unresolved(why) => return vec![plain(UNREACHABLE.0, why.to_owned())],
        Outcome::Interrupted => return vec![Said { verdict: None, ..plain(PROBLEM, INTERRUPTED.to_owned()) }],
        Outcome::Scanned { target, scan, client } => (target, scan, client),
    };
    if let Some(trouble) = &scan.trouble {
        return vec![plain(UNREACHABLE.0, trouble_text(trouble))];
    }
    let mut all = Vec::new();
    let mut details = open(scan, client, depth);
    details.extend(handshake::hint(target, scan));
    if !details.is_empty() {
        let versions = scan.inconclusive();
        let message = match versions.is_empty() {
            true => "not all that was asked is known".to_owned(),
            false => format!("it is not known whether {} {} accepted", versions.listed(), versions.verb()),
        };
        all.push(Said { versions, details, ..plain(INCONCLUSIVE.0, message) });
    }
    all
}

/// `no connection in time`
fn trouble_text(trouble: &Trouble) -> String {
    match trouble {
        Trouble::StartTls(reason) => format!("{}: {}", handshake::trouble(trouble), reason.text()),
        Trouble::Unreachable(reason) | Trouble::NotTls(reason) => reason.text(),
    }
}

/// All that the answers leave open, a line each.
fn open(scan: &Scan, client: Option<&Check>, depth: Depth) -> Vec<String> {
    let row = |row: &Row| match &row.verdict {
        crate::probe::Verdict::Inconclusive(reason) => Some(format!("{}: {}", row.version, reason.text())),
        _ if row.lacks_suites(depth) => {
            let why = row.gap.as_ref().map(|gap| format!(": {}", gap.text())).unwrap_or_default();
            Some(format!("{}: there may be more suites{why}", row.version))
        }
        _ => None,
    };
    let client = client.and_then(|check| match &check.handshake {
        Handshake::Inconclusive(reason) => Some(format!("client: {}", reason.text())),
        _ => None,
    });
    scan.rows.iter().filter_map(row).chain(client).collect()
}

fn row<'a>(view: &'a ProbeView<'a>, at: usize, said: &Said) -> Issue<'a> {
    let texts = view.frame.texts;
    let probed = &view.targets[at];
    let target = match &probed.outcome {
        Outcome::Scanned { target, .. } => Some(*target),
        Outcome::Unresolved(_) | Outcome::Interrupted => None,
    };
    let endpoint = SafeLine::of(&target.map_or_else(|| probed.label.to_owned(), title));
    let address = target.map(|target| target.place.to_string()).unwrap_or_default();
    let name = target.and_then(|target| Some(target.name.as_ref()?.as_str())).unwrap_or_default();
    let way = target.and_then(|target| Some(target.starttls?.name())).unwrap_or_default();
    Issue {
        rule: said.rule,
        severity: said.severity,
        verdict: said.verdict,
        versions: said.versions,
        // What a server says stays in one line.
        message: SafeLine::of(&said.message),
        place: Some(spot(texts, probed)),
        related: Vec::new(),
        endpoints: vec![endpoint],
        details: said.details.iter().map(|line| SafeLine::of(line)).collect(),
        subject: Some(at),
        finding: None,
        // Versions are no part of it: one that is gone does not make a new finding of the others.
        fingerprint: digest(&[said.rule, probed.label, &address, name, way]),
        excuse: said.excuse.clone().or_else(|| {
            let spared = "this machine has no way there, and another address of the host answers";
            probed.spared.then(|| SafeLine::of(spared))
        }),
        fails: said.fails,
    }
}

fn spot<'a>(texts: Texts<'a>, probed: &Probed<'a>) -> Place<'a> {
    match probed.place {
        Some(span) => place(texts, span, ""),
        None => file(texts, Path::new(probed.label)),
    }
}
