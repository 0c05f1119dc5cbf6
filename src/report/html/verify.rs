//! The page of a verification.

use super::chains::{step, unknown};
use super::findings::findings;
use super::handshakes::{Group, Page, Row, Things, said, tiles, versions};
use super::matrix::Cell;
use super::{line, problems};
use crate::catalog::{DRIFT, FORBIDDEN_VERSION, MISSING_VERSION, UNREACHABLE};
use crate::probe::{Depth, Reason};
use crate::report::issue::{Issue, by_subject, each, endpoint};
use crate::report::verify::{VerifyView, cells as columns};
use crate::report::{Report, summary};
use crate::tls::{Version, VersionSet};
use crate::verify::{Checked, Expected, Outcome};

static THINGS: Things = Things {
    title: "Endpoints",
    many: "endpoints",
    caption: "What handshakes get at each address, for each server name, beside what the configuration promises; SSLv2 and \
              SSLv3 have a column where one is not rejected",
    heads: &["Address", "Server name"],
    signs: &[
        "✓ on: configured, and accepted",
        "✗ on: accepted, and forbidden",
        "○ waived: accepted and forbidden, or missing, and a waiver allows that",
        "+ extra: accepted, and not configured",
        "! missing: configured or required, and not accepted",
        "? maybe: the answers or the configuration do not tell",
        "– off: not configured, and rejected",
    ],
    files: true,
};

/// Sign and tone of an outcome.
fn sign(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Differs => ("✗", "bad"),
        Outcome::Unreachable => ("◌", "bad"),
        Outcome::Mixed => ("≠", "warn"),
        Outcome::Inconclusive | Outcome::Possible => ("?", "warn"),
        Outcome::Agrees => ("✓", "good"),
    }
}

/// The page.
pub(super) fn page(view: &VerifyView<'_>, report: Report<'_>) -> Page {
    let rows = each(view);
    let about = by_subject(&rows);
    let versions = versions(view.verified.checked.iter().map(|one| &one.scan));
    let mut groups: Vec<Group> = Vec::new();
    for (at, one) in view.verified.checked.iter().enumerate() {
        let own = about.get(&at).map_or(&[][..], Vec::as_slice);
        let main = Some(view.frame.texts.paths.show(&one.promise.main));
        let row = row(view, at, one, own, &versions);
        match groups.iter_mut().find(|group| group.main == main) {
            Some(group) => group.rows.push(row),
            None => groups.push(Group { service: one.promise.service.0, main, rows: vec![row] }),
        }
    }
    let mut services: Vec<&'static str> = groups.iter().map(|group| group.service).collect();
    services.sort_unstable();
    services.dedup();
    let results = Outcome::ALL.map(|outcome| {
        let (sign, tone) = sign(outcome);
        (outcome.name(), sign, tone)
    });
    let issues = report.rows();
    Page {
        title: "Running servers and their configuration".to_owned(),
        headline: summary::headline(report, &issues),
        coverage_line: summary::covered(report),
        policy: line(view.frame.policy),
        exit: view.frame.outcome,
        tiles: tiles(&groups, &results),
        results: results.iter().map(|(name, ..)| *name).collect(),
        services,
        versions: versions.iter().map(|version| version.name()).collect(),
        groups,
        findings: findings(view.frame.texts, &issues),
        left: view.verified.left.iter().map(|left| (line(&left.what), line(&left.text()))).collect(),
        problems: problems(&issues),
        ..Page::new(&THINGS)
    }
}

fn row(view: &VerifyView<'_>, number: usize, one: &Checked, issues: &[&Issue<'_>], versions: &[Version]) -> Row {
    let (sign, tone) = sign(one.outcome);
    let [address, name, expected, observed] = columns(one);
    let trouble = one.scan.trouble.as_ref().map(|trouble| line(&trouble.reason().text()));
    let mut facts = vec![("Configured".to_owned(), expected), ("Observed".to_owned(), observed)];
    for complaint in &one.observed {
        let title = if [DRIFT, UNREACHABLE].contains(&complaint.rule) { "Cause" } else { "Note" };
        facts.extend(complaint.notes.iter().map(|note| (title.to_owned(), line(note))));
        facts.extend(complaint.help.iter().map(|help| ("What to do".to_owned(), line(help))));
    }
    let answer = &one.promise.answer;
    let explained = one.outcome != Outcome::Agrees;
    let steps = answer.configured.because.iter().filter(|_| explained);
    let open = answer.unknown.iter().filter(|_| explained);
    Row {
        number,
        title: endpoint(one).to_string(),
        words: vec![address, name],
        cells: trouble.is_none().then(|| cells(one, issues, versions)),
        trouble: trouble.unwrap_or_default(),
        result: one.outcome.name(),
        sign,
        tone,
        spared: false,
        facts,
        said: said(&one.scan, Depth::Versions, Reason::text),
        suites: Vec::new(),
        steps: steps.map(|reason| step(view.frame.texts, reason)).collect(),
        unknown: open.map(|one| unknown(view.frame.texts, one)).collect(),
    }
}

fn cells(one: &Checked, issues: &[&Issue<'_>], versions: &[Version]) -> Vec<Cell> {
    let (accepted, open) = (one.scan.accepted(), one.scan.inconclusive());
    let promised = one.promise.expected.versions();
    let exact = !matches!(one.promise.expected, Expected::AtMost(_));
    let of = |rule: &str, is_excused: bool| {
        let about = issues.iter().filter(|issue| issue.rule == rule && issue.excuse.is_some() == is_excused);
        about.map(|issue| issue.versions).fold(VersionSet::EMPTY, VersionSet::union)
    };
    let (forbidden, missing) = (of(FORBIDDEN_VERSION.0, false), of(MISSING_VERSION.0, false));
    let (kept, spared) = (of(FORBIDDEN_VERSION.0, true), of(MISSING_VERSION.0, true));
    let cell = |version: &Version| {
        let version = *version;
        let (text, tone) = match (accepted.has(version), promised.has(version)) {
            (true, _) if forbidden.has(version) => ("✗ on", "bad"),
            (true, true) if kept.has(version) => ("○ waived", "info"),
            (true, false) => ("+ extra", "bad"),
            (true, true) => ("✓ on", "good"),
            (false, _) if open.has(version) => ("? maybe", "warn"),
            (false, _) if missing.has(version) => ("! missing", "bad"),
            (false, false) if spared.has(version) => ("○ waived", "info"),
            (false, true) if exact => ("! missing", "bad"),
            (false, true) => ("? maybe", "warn"),
            (false, false) => ("– off", "off"),
        };
        Cell { text, tone }
    };
    versions.iter().map(cell).collect()
}
