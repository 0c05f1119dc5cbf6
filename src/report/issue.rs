//! What all formats for pipelines are made of: each finding and each problem as one row of plain texts.

use super::{AuditView, excerpt, sanitise, snippet};
use crate::finding::{Finding, Severity, Standing, Verdict, WaiverPlace};
use crate::instance::Problem;
use crate::source::Span;
use std::collections::BTreeMap;
use std::path::Path;

/// The rule that problems go by where a format wants one.
pub(super) const PROBLEM: &str = "problem";
/// So wide is the line of a file that a row shows.
const WIDTH: usize = 120;

/// A range of a file: lines and columns from 1, a column is a character, the end is the place after the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) end_line: u32,
    pub(super) end_column: u32,
}

/// Where something is.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    /// The file.
    pub(super) file: &'a Path,
    /// The place in it, where there is one.
    pub(super) span: Option<Span>,
    /// The path as it is shown.
    pub(super) path: String,
    /// The range; none: the file as a whole.
    pub(super) region: Option<Region>,
    /// The line, trimmed and cut.
    pub(super) line: String,
    /// What is there; may be empty.
    pub(super) label: String,
}

/// A finding or a problem.
#[derive(Debug)]
pub(super) struct Issue<'a> {
    /// The rule, or [`PROBLEM`].
    pub(super) rule: &'a str,
    /// How bad; a problem is medium: nobody knows what it hides.
    pub(super) severity: Severity,
    /// One sentence.
    pub(super) message: String,
    /// The place to point at; a finding without one points at the main file of its instance.
    pub(super) place: Option<Place<'a>>,
    /// Further places.
    pub(super) related: Vec<Place<'a>>,
    /// The endpoints, each in a word: `0.0.0.0:443 (a.test)`.
    pub(super) endpoints: Vec<String>,
    /// Notes and help, a sentence each.
    pub(super) details: Vec<String>,
    /// The instance, as an index; none: it is about none.
    pub(super) instance: Option<usize>,
    /// The finding itself; none: a problem.
    pub(super) finding: Option<&'a Finding>,
    /// What identifies it among the rows of this and of later reports.
    pub(super) fingerprint: String,
    /// Why it does not count, where it does not: `waived: until the move is done`.
    pub(super) excuse: Option<String>,
    /// Does it make the program fail?
    pub(super) fails: bool,
}

impl Issue<'_> {
    /// Message, details and what the fix does, a line each.
    pub(super) fn story(&self) -> Vec<String> {
        let mut lines = self.details.clone();
        if let Some(fix) = self.finding.and_then(|finding| finding.fix.as_ref()) {
            lines.push(format!("fix: {}", sanitise::message(&fix.title)));
        }
        lines
    }
}

/// All findings in the order of the report, then all problems.
pub(super) fn issues<'a>(view: &'a AuditView<'a>) -> Vec<Issue<'a>> {
    let mut rows: Vec<Issue<'a>> = view.findings.iter().map(|finding| of_finding(view, finding)).collect();
    rows.extend(view.problems.iter().map(|problem| of_problem(view, problem, None)));
    for (index, instance) in view.instances.iter().enumerate() {
        rows.extend(instance.problems.iter().map(|problem| of_problem(view, problem, Some(index))));
    }
    // Rows that can't be told apart are counted, so that no reader takes two for one.
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for row in &mut rows {
        let count = seen.entry(row.fingerprint.clone()).or_default();
        *count += 1;
        if *count > 1 {
            row.fingerprint = format!("{}-{count}", row.fingerprint);
        }
    }
    rows
}

fn of_finding<'a>(view: &AuditView<'a>, finding: &'a Finding) -> Issue<'a> {
    let instance = finding.instance.and_then(|index| view.instances.get(index));
    let main = || instance.map(|instance| file(view, &instance.main));
    let all = instance.map_or(&[][..], |instance| &instance.endpoints[..]);
    let details = finding.notes.iter().chain(&finding.help).map(|said| sanitise::message(said));
    Issue {
        rule: finding.rule.0,
        severity: finding.severity,
        message: sanitise::message(&finding.message),
        place: finding.primary.as_ref().map(|label| place(view, label.span, &label.text)).or_else(main),
        related: finding.related.iter().map(|label| place(view, label.span, &label.text)).collect(),
        endpoints: finding.endpoints.iter().filter_map(|i| all.get(*i)).map(snippet::endpoint).collect(),
        details: details.collect(),
        instance: finding.instance,
        finding: Some(finding),
        fingerprint: finding.fingerprint.clone(),
        fails: finding.verdict != Verdict::Unknown && finding.severity >= view.fail_on && finding.is_open(),
        excuse: excuse(view, finding),
    }
}

fn of_problem<'a>(view: &AuditView<'a>, problem: &'a Problem, instance: Option<usize>) -> Issue<'a> {
    let path = problem.path.as_deref().map(|path| file(view, path));
    let place_of = |span: Span| place(view, span, "");
    let place = problem.span.map(place_of).or(path);
    let at = place.as_ref().map(|place| place.path.clone()).unwrap_or_default();
    Issue {
        rule: PROBLEM,
        severity: Severity::Medium,
        message: sanitise::message(&problem.message),
        related: problem.hops.iter().map(|hop| self::place(view, *hop, "reached from here")).collect(),
        place,
        endpoints: Vec::new(),
        details: Vec::new(),
        instance,
        finding: None,
        fingerprint: digest(&[PROBLEM, &at, &problem.message]),
        excuse: None,
        fails: false,
    }
}

fn file<'a>(view: &AuditView<'_>, path: &'a Path) -> Place<'a> {
    Place {
        file: path,
        span: None,
        path: view.paths.show(path),
        region: None,
        line: String::new(),
        label: String::new(),
    }
}

fn place<'a>(view: &AuditView<'a>, span: Span, label: &str) -> Place<'a> {
    let file = view.sources.file(span.file);
    Place {
        file: file.path(),
        span: Some(span),
        path: view.paths.show(file.path()),
        region: Some(region(view, span)),
        line: excerpt::line(view.sources, span, WIDTH),
        label: sanitise::line(label.as_bytes()),
    }
}

/// Where a span is.
pub(super) fn region(view: &AuditView<'_>, span: Span) -> Region {
    let file = view.sources.file(span.file);
    let (at, end) = (file.line_column(span.start), file.line_column(span.end.max(span.start)));
    Region { line: at.line, column: at.column, end_line: end.line, end_column: end.column }
}

/// Texts as 32 hexadecimal digits.
pub(super) fn digest(parts: &[&str]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let bytes = hash.finalize();
    let bytes: [u8; 16] = std::array::from_fn(|at| bytes[at]);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

fn excuse(view: &AuditView<'_>, finding: &Finding) -> Option<String> {
    match &finding.standing {
        Standing::Open => None,
        Standing::Known => Some("known: it is in the baseline".to_owned()),
        Standing::Waived(waived) => Some(sanitise::message(&format!("waived: {}", snippet::waiver(view, waived)))),
    }
}

/// Is it waived by a comment in a configuration file?
pub(super) fn is_waived_by_a_comment(finding: &Finding) -> bool {
    matches!(&finding.standing, Standing::Waived(waived) if matches!(waived.place, WaiverPlace::Comment(_)))
}
