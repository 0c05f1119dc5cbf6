//! Findings: a headline, and behind it the lines, the notes and the fix.

use crate::finding::Severity;
use crate::report::issue::{Issue, Place};
use crate::report::sanitise::SafeLine;
use crate::report::{Texts, excerpt, markdown, patch, sanitise};

/// So many endpoints are named.
const NAMED: usize = 40;
/// With more findings than this, none is unfolded at first.
const MOST_OPEN: usize = 30;

/// A finding.
pub(super) struct FindingOut {
    pub(super) open: bool,
    pub(super) sign: &'static str,
    pub(super) tone: &'static str,
    pub(super) severity: &'static str,
    pub(super) rule: String,
    pub(super) message: String,
    pub(super) place: Option<String>,
    pub(super) excuse: Option<String>,
    pub(super) excerpts: Vec<Excerpt>,
    pub(super) notes: Vec<String>,
    pub(super) endpoints: Option<String>,
    pub(super) fix: Option<FixOut>,
}

/// Lines of a file.
pub(super) struct Excerpt {
    pub(super) place: String,
    pub(super) label: Option<String>,
    pub(super) lines: Vec<Line>,
}

/// A line with what is meant in it.
pub(super) struct Line {
    pub(super) number: u32,
    pub(super) before: String,
    pub(super) marked: String,
    pub(super) after: String,
}

/// A fix.
pub(super) struct FixOut {
    pub(super) title: String,
    pub(super) lines: String,
}

/// All findings among the rows of a report.
pub(super) fn findings(texts: Texts<'_>, issues: &[Issue<'_>]) -> Vec<FindingOut> {
    let found: Vec<&Issue<'_>> = issues.iter().filter(|issue| !issue.is_problem()).collect();
    let few = found.len() <= MOST_OPEN;
    found.into_iter().map(|issue| of(texts, issue, few)).collect()
}

fn of(texts: Texts<'_>, issue: &Issue<'_>, few: bool) -> FindingOut {
    let (sign, tone) = match issue.severity {
        _ if issue.excuse.is_some() => ("○", "info"),
        Severity::High => ("✗", "bad"),
        Severity::Medium => ("!", "warn"),
        Severity::Low | Severity::Note => ("·", "info"),
    };
    let fix = issue.finding.and_then(|finding| finding.fix.as_ref());
    let places = issue.place.iter().chain(&issue.related);
    FindingOut {
        open: few && issue.severity == Severity::High && issue.excuse.is_none(),
        sign,
        tone,
        severity: issue.severity.name(),
        rule: issue.rule.to_owned(),
        message: issue.message.to_string(),
        place: issue.place.as_ref().map(markdown::location),
        excuse: issue.excuse.as_ref().map(SafeLine::to_string),
        excerpts: places.filter_map(|place| lines(texts, place)).collect(),
        notes: issue.details.iter().map(SafeLine::to_string).collect(),
        endpoints: named(&issue.endpoints),
        fix: fix.map(|fix| FixOut {
            title: sanitise::text(&fix.headline()),
            lines: patch::plain(texts.sources, texts.paths, fix),
        }),
    }
}

fn named(endpoints: &[SafeLine]) -> Option<String> {
    let more = endpoints.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let some: Vec<&str> = endpoints.iter().take(NAMED).map(|one| &**one).collect();
    (!some.is_empty()).then(|| format!("{}{more}", some.join(", ")))
}

fn lines(texts: Texts<'_>, place: &Place<'_>) -> Option<Excerpt> {
    let span = place.span?;
    let file = texts.sources.file(span.file);
    let shown = excerpt::shown(file, span)?;
    let cut = excerpt::cut(file, &[shown]);
    let mark = cut.marks.first().cloned().unwrap_or(0..0);
    let mut lines = Vec::new();
    let mut start = 0;
    for (at, text) in cut.text.split('\n').enumerate() {
        let inside = |offset: usize| {
            let mut offset = offset.saturating_sub(start).min(text.len());
            while !text.is_char_boundary(offset) {
                offset -= 1;
            }
            offset
        };
        let (from, to) = (inside(mark.start), inside(mark.end));
        lines.push(Line {
            number: cut.first_line + at as u32,
            before: text[..from].to_owned(),
            marked: text[from..to].to_owned(),
            after: text[to..].to_owned(),
        });
        start += text.len() + 1;
    }
    let label = (!place.label.is_empty()).then(|| place.label.to_string());
    Some(Excerpt { place: markdown::location(place), label, lines })
}
