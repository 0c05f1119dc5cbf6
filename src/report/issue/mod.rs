//! What all formats for pipelines are made of: each finding and each problem as one row of plain texts, whether files
//! or handshakes showed it.

mod audit;
mod probe;
mod verify;

pub(super) use audit::of_audit;
pub(super) use probe::of_probe;
pub(super) use verify::{each, name as endpoint, of_verify};

use super::sanitise::SafeLine;
use super::{Texts, excerpt, snippet};
use crate::finding::{Finding, Severity, Standing, Verdict, WaiverPlace};
use crate::source::{SourceMap, Span};
use crate::tls::VersionSet;
use std::cmp::Reverse;
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
    pub(super) path: SafeLine,
    /// The range; none: the file as a whole.
    pub(super) region: Option<Region>,
    /// The line, trimmed and cut.
    pub(super) line: SafeLine,
    /// What is there; may be empty.
    pub(super) label: SafeLine,
}

/// A finding or a problem.
#[derive(Debug)]
pub(super) struct Issue<'a> {
    /// The rule, or [`PROBLEM`].
    pub(super) rule: &'a str,
    /// How bad; a problem is medium: nobody knows what it hides.
    pub(super) severity: Severity,
    /// What it says about the endpoints; none: a problem.
    pub(super) verdict: Option<Verdict>,
    /// The versions that it is about; may be none.
    pub(super) versions: VersionSet,
    /// One sentence.
    pub(super) message: SafeLine,
    /// The place to point at; a finding without one points at the main file of its instance.
    pub(super) place: Option<Place<'a>>,
    /// Further places.
    pub(super) related: Vec<Place<'a>>,
    /// The endpoints, each in a word: `0.0.0.0:443 (a.test)`.
    pub(super) endpoints: Vec<SafeLine>,
    /// Notes and help, a sentence each.
    pub(super) details: Vec<SafeLine>,
    /// What it is about, as an index: of an audit the instance, of a probe the target, of a verification the endpoint;
    /// none: nothing of these.
    pub(super) subject: Option<usize>,
    /// The audit's finding itself; none: a problem, or what handshakes showed.
    pub(super) finding: Option<&'a Finding>,
    /// What identifies it among the rows of this and of later reports.
    pub(super) fingerprint: String,
    /// Why it does not count, where it does not: `waived: until the move is done`.
    pub(super) excuse: Option<SafeLine>,
    /// Does it make the program fail?
    pub(super) fails: bool,
}

impl Issue<'_> {
    /// Is it a problem, and no finding?
    pub(super) fn is_problem(&self) -> bool {
        self.verdict.is_none()
    }

    /// Is it about something that could not be decided?
    pub(super) fn is_undecided(&self) -> bool {
        matches!(self.verdict, None | Some(Verdict::Unknown))
    }

    /// Message, details and what the fix does, a line each.
    pub(super) fn story(&self) -> Vec<SafeLine> {
        let mut lines = self.details.clone();
        if let Some(fix) = self.finding.and_then(|finding| finding.fix.as_ref()) {
            lines.push(SafeLine::of(&format!("fix: {}", fix.headline())));
        }
        lines
    }
}

/// Why a finding does not count; `None`: it does.
pub(super) fn excuse(texts: Texts<'_>, standing: &Standing) -> Option<SafeLine> {
    match standing {
        Standing::Open => None,
        Standing::Known => Some(SafeLine::of("known: it is in the baseline")),
        Standing::Waived(waived) => Some(SafeLine::of(&format!("waived: {}", snippet::waiver(texts, waived)))),
    }
}

/// The worst first: pages cut long lists.
fn by_weight(rows: &mut [Issue<'_>]) {
    rows.sort_by_key(|row| (row.is_problem(), Reverse(row.severity)));
}

/// Rows that can't be told apart are counted, so that no reader takes two for one.
fn tell_apart(mut rows: Vec<Issue<'_>>) -> Vec<Issue<'_>> {
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

/// A file as a whole.
fn file<'a>(texts: Texts<'_>, path: &'a Path) -> Place<'a> {
    Place {
        file: path,
        span: None,
        path: SafeLine::of(&texts.paths.show(path)),
        region: None,
        line: SafeLine::default(),
        label: SafeLine::default(),
    }
}

/// A place in a file.
fn place<'a>(texts: Texts<'a>, span: Span, label: &str) -> Place<'a> {
    let file = texts.sources.file(span.file);
    Place {
        file: file.path(),
        span: Some(span),
        path: SafeLine::of(&texts.paths.show(file.path())),
        region: Some(region(texts.sources, span)),
        line: SafeLine::of(&excerpt::line(texts.sources, span, WIDTH)),
        label: SafeLine::of(label),
    }
}

/// Where a span is.
pub(super) fn region(sources: &SourceMap, span: Span) -> Region {
    let file = sources.file(span.file);
    let (at, end) = (file.line_column(span.start), file.line_column(span.end.max(span.start)));
    Region { line: at.line, column: at.column, end_line: end.line, end_column: end.column }
}

/// The rows by what they are about.
pub(super) fn by_subject<'r, 'a>(rows: &'r [Issue<'a>]) -> BTreeMap<usize, Vec<&'r Issue<'a>>> {
    let mut about: BTreeMap<usize, Vec<&Issue<'a>>> = BTreeMap::new();
    for row in rows {
        if let Some(subject) = row.subject {
            about.entry(subject).or_default().push(row);
        }
    }
    about
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

/// Is it waived by a comment in a configuration file?
pub(super) fn is_waived_by_a_comment(finding: &Finding) -> bool {
    matches!(&finding.standing, Standing::Waived(waived) if matches!(waived.place, WaiverPlace::Comment(_)))
}
