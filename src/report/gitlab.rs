//! A code quality report of GitLab: a list of issues, each with a file, a line and a fingerprint.

use super::issue::Issue;
use super::sanitise::SafeLine;
use super::{Report, json};
use crate::finding::Severity;
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct Entry<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes the list. GitLab shows only what has a file, so a problem without one is about the root.
pub(super) fn write(report: Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    json::write(&report.rows().iter().map(entry).collect::<Vec<_>>(), out)
}

fn entry<'a>(issue: &'a Issue<'_>) -> Entry<'a> {
    let mut description = issue.message.to_string();
    let excuse = issue.excuse.iter().map(SafeLine::to_string);
    let story = issue.story().into_iter().map(|line| line.to_string());
    for more in excuse.chain(super::markdown::endpoints(issue)).chain(story) {
        description.push_str("; ");
        description.push_str(&more.replace('\n', " "));
    }
    let region = issue.place.as_ref().and_then(|place| place.region);
    Entry {
        description,
        check_name: issue.rule,
        fingerprint: &issue.fingerprint,
        severity: severity(issue),
        location: Location {
            path: issue.place.as_ref().map_or("/", |place| &place.path),
            lines: Lines { begin: region.map_or(1, |r| r.line), end: region.map_or(1, |r| r.end_line) },
        },
    }
}

/// What is waived is for information.
fn severity(issue: &Issue<'_>) -> &'static str {
    match issue.severity {
        _ if issue.excuse.is_some() => "info",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Note => "info",
    }
}
