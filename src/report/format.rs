//! The formats of reports: a file each, and a line each in this table.

use super::frame::Report;
use super::{github, gitlab, html, json, junit, markdown, prometheus, sarif, text};
use std::io::{self, Write};

/// A format.
#[derive(Debug)]
pub struct Format<W: 'static> {
    /// Its name: `sarif`.
    pub name: &'static str,
    /// What it is for, in a few words; may be empty.
    pub about: &'static str,
    /// What writes it.
    pub write: W,
}

/// Writes the report of a command.
pub type Writer = fn(Report<'_>, &mut dyn Write) -> io::Result<()>;

/// The formats of the reports of `audit`, `probe` and `verify`.
#[rustfmt::skip]
pub static FORMATS: [Format<Writer>; 9] = [
    Format { name: text::NAME, about: "for people", write: text::write },
    Format { name: "json", about: "docs/json.md", write: json::report },
    Format { name: html::NAME, about: "one page", write: html::write },
    Format { name: "markdown", about: "a comment on a merge request", write: markdown::write },
    Format { name: "sarif", about: "code scanning", write: sarif::write },
    Format { name: "github", about: "annotations of a workflow", write: github::write },
    Format { name: "gitlab", about: "code quality", write: gitlab::write },
    Format { name: "junit", about: "test results", write: junit::write },
    Format { name: "prometheus", about: "metrics for the textfile collector", write: prometheus::write },
];
