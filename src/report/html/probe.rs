//! The page of a probe.

use super::findings::findings;
use super::handshakes::{Group, Page, Row, Things, said, suites, tiles, versions};
use super::matrix::Cell;
use super::{line, problems};
use crate::catalog::UNREACHABLE;
use crate::finding;
use crate::probe::{Depth, Scan, Verdict};
use crate::report::issue::{Issue, by_subject};
use crate::report::probe::{INTERRUPTED, Outcome, ProbeView, Probed, title};
use crate::report::{Report, handshake, summary};
use crate::tls::{Version, VersionSet};

static THINGS: Things = Things {
    title: "Targets",
    many: "targets",
    caption: "What each target answers to a handshake that offers one version and no other; SSLv2 and SSLv3 have a column where \
              one is not rejected",
    heads: &["Target", "Address", "Server name"],
    signs: &[
        "✓ on: accepted",
        "✗ on: accepted, and forbidden",
        "○ waived: accepted and forbidden, or missing, and a waiver allows that",
        "! missing: required, and not accepted",
        "? maybe: the answers do not tell",
        "– off: rejected",
    ],
    files: false,
};

/// What can come of a target, worst first, with sign and tone.
const RESULTS: [(&str, &str, &str); 5] = [
    ("exposed", "✗", "bad"),
    ("missing", "!", "bad"),
    ("unreachable", "◌", "bad"),
    ("inconclusive", "?", "warn"),
    ("compliant", "✓", "good"),
];

/// The page.
pub(super) fn page(view: &ProbeView<'_>, report: Report<'_>) -> Page {
    let issues = report.rows();
    let versions = versions(view.targets.iter().filter_map(scan_of));
    let about = by_subject(&issues);
    let own = |at| about.get(&at).map_or(&[][..], Vec::as_slice);
    let row = |(at, probed): (usize, &Probed<'_>)| row(view, at, probed, own(at), &versions);
    let groups = vec![Group { service: "", main: None, rows: view.targets.iter().enumerate().map(row).collect() }];
    Page {
        title: match &view.targets[..] {
            [one] => format!("Handshakes with {}", line(one.label)),
            many => format!("Handshakes with {} targets", many.len()),
        },
        headline: summary::headline(report, &issues),
        coverage_line: summary::covered(report),
        policy: line(view.frame.policy),
        exit: view.frame.outcome,
        tiles: tiles(&groups, &RESULTS),
        results: RESULTS.map(|(name, ..)| name).to_vec(),
        versions: versions.iter().map(|version| version.name()).collect(),
        groups,
        findings: findings(view.frame.texts, &issues),
        problems: problems(&issues),
        ..Page::new(&THINGS)
    }
}

fn scan_of<'a>(probed: &Probed<'a>) -> Option<&'a Scan> {
    match probed.outcome {
        Outcome::Scanned { scan, .. } => Some(scan),
        Outcome::Unresolved(_) | Outcome::Interrupted => None,
    }
}

fn row(view: &ProbeView<'_>, number: usize, probed: &Probed<'_>, issues: &[&Issue<'_>], versions: &[Version]) -> Row {
    let (result, sign, tone) = result(issues);
    let is_bad = |issue: &&&Issue<'_>| issue.verdict.is_some_and(|verdict| verdict >= finding::Verdict::Missing);
    let mut bad = issues.iter().filter(is_bad).peekable();
    let is_waived = bad.peek().is_some() && bad.all(|issue| issue.excuse.is_some());
    let empty = Row {
        number,
        title: line(probed.label),
        words: vec![line(probed.label), String::new(), String::new()],
        cells: None,
        trouble: issues.iter().map(|issue| &*issue.message).collect::<Vec<_>>().join("; "),
        result,
        sign,
        tone: if probed.spared || is_waived { "info" } else { tone },
        spared: probed.spared,
        facts: Vec::new(),
        said: Vec::new(),
        suites: Vec::new(),
        steps: Vec::new(),
        unknown: Vec::new(),
    };
    let (target, scan, client) = match &probed.outcome {
        Outcome::Scanned { target, scan, client } => (target, *scan, *client),
        Outcome::Unresolved(why) => return Row { facts: vec![("Unreachable".to_owned(), line(why))], ..empty },
        Outcome::Interrupted => return Row { facts: vec![("Not probed".to_owned(), INTERRUPTED.to_owned())], ..empty },
    };
    let way = target.starttls.map(|starttls| format!(" {}", starttls.name())).unwrap_or_default();
    let name = target.name.as_ref().map_or_else(|| "(no name)".to_owned(), |name| line(name.as_str()));
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let mut facts = Vec::new();
    facts.extend(scan.trouble.as_ref().map(|one| {
        fact("Not probed", format!("{}: {}", handshake::trouble(one), line(&handshake::with_advice(one.reason()))))
    }));
    facts.extend(handshake::hint(target, scan).map(|hint| fact("Help", hint)));
    facts.push(fact("Connections", scan.connections.to_string()));
    if view.depth == Depth::Ciphers {
        facts.extend(handshake::least(scan).map(|level| fact("Least strength", level.name().to_owned())));
    }
    if let Some(check) = client {
        facts.push(fact("Client", handshake::client(check, scan).join("; ")));
        let names = handshake::certificate(check).into_iter();
        facts.extend(names.map(|(name, value)| {
            (if name == "certificate" { "Certificate".to_owned() } else { format!("Certificate, {name}") }, value)
        }));
    }
    Row {
        title: line(&title(target)),
        words: vec![line(probed.label), line(&format!("{}{way}", target.place)), name],
        cells: scan.trouble.is_none().then(|| cells(scan, issues, versions)),
        facts,
        said: said(scan, view.depth, handshake::with_advice),
        suites: suites(scan),
        ..empty
    }
}

/// What came of a target: the worst of what is said about it.
fn result(issues: &[&Issue<'_>]) -> (&'static str, &'static str, &'static str) {
    let has = |verdict| issues.iter().any(|issue| issue.verdict == Some(verdict));
    let name = match () {
        () if has(finding::Verdict::Exposed) => "exposed",
        () if has(finding::Verdict::Missing) => "missing",
        () if issues.iter().any(|issue| issue.rule == UNREACHABLE.0) => "unreachable",
        () if issues.iter().any(|issue| issue.is_undecided()) => "inconclusive",
        () => "compliant",
    };
    RESULTS.into_iter().find(|(one, ..)| *one == name).unwrap_or(RESULTS[4])
}

fn cells(scan: &Scan, issues: &[&Issue<'_>], versions: &[Version]) -> Vec<Cell> {
    let of = |verdict, is_excused: bool| {
        let about =
            issues.iter().filter(|issue| issue.verdict == Some(verdict) && issue.excuse.is_some() == is_excused);
        about.map(|issue| issue.versions).fold(VersionSet::EMPTY, VersionSet::union)
    };
    let (forbidden, missing) = (of(finding::Verdict::Exposed, false), of(finding::Verdict::Missing, false));
    let excused = of(finding::Verdict::Exposed, true).union(of(finding::Verdict::Missing, true));
    let cell = |version: &Version| {
        let (text, tone) = match scan.row(*version).map(|row| &row.verdict) {
            Some(Verdict::Accepted) if forbidden.has(*version) => ("✗ on", "bad"),
            Some(Verdict::Accepted | Verdict::Rejected(_)) if excused.has(*version) => ("○ waived", "info"),
            Some(Verdict::Accepted) => ("✓ on", "good"),
            Some(Verdict::Rejected(_)) if missing.has(*version) => ("! missing", "bad"),
            Some(Verdict::Rejected(_)) => ("– off", "off"),
            Some(Verdict::Inconclusive(_)) | None => ("? maybe", "warn"),
        };
        Cell { text, tone }
    };
    versions.iter().map(cell).collect()
}
