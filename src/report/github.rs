//! Annotations of a GitHub workflow: commands on standard output that the runner turns into marks beside
//! the lines of a change.
//!
//! GitHub shows ten of each level for a step, and the rest only in the log: the worst findings come first.

use super::Report;
use super::issue::Issue;
use super::sanitise::SafeLine;
use crate::finding::Severity;
use std::io::{self, Write};

/// Writes a command for each finding and problem.
pub(super) fn write(report: Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    report.rows().iter().try_for_each(|issue| annotation(issue, out))
}

fn level(issue: &Issue<'_>) -> &'static str {
    match issue.severity {
        _ if issue.excuse.is_some() => "notice",
        _ if issue.is_problem() || (issue.severity == Severity::High && issue.fails) => "error",
        Severity::Low | Severity::Note => "notice",
        Severity::Medium | Severity::High => "warning",
    }
}

fn annotation(issue: &Issue<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut properties = Vec::new();
    if let Some(place) = &issue.place {
        properties.push(format!("file={}", property(&place.path)));
        if let Some(region) = place.region {
            properties.push(format!("line={},endLine={}", region.line, region.end_line));
            // Columns of several lines would be refused.
            if region.line == region.end_line {
                properties.push(format!("col={},endColumn={}", region.column, region.end_column));
            }
        }
    }
    properties.push(format!("title={}", property(&format!("tlsmend: {}", issue.rule))));
    let mut lines = vec![issue.message.to_string()];
    lines.extend(issue.excuse.iter().map(SafeLine::to_string));
    lines.extend(super::markdown::endpoints(issue));
    lines.extend(issue.story().iter().map(SafeLine::to_string));
    writeln!(out, "::{} {}::{}", level(issue), properties.join(","), data(&lines.join("\n")))
}

/// The text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_value_early() {
        assert_eq!(property("a,b:c%\n::error::x"), "a%2Cb%3Cc%25%0A%3A%3Aerror%3A%3Ax".replace("%3C", "%3A"));
        assert_eq!(data("50%\r\n::stop"), "50%25%0D%0A::stop");
    }
}
