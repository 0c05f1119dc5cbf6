//! Places, steps and open questions, as both schemas have them.

use super::words;
use crate::endpoint::{Reason, Unknown};
use crate::instance::Instance;
use crate::report::{MOST_DOUBTS, Texts};
use crate::source::{LineColumn, SourceFile, Span};
use schemars::JsonSchema;
use serde::Serialize;

/// A line longer than this is not given whole.
const LONGEST: usize = 400;

/// A step that led to the versions.
#[derive(JsonSchema, Serialize)]
pub(super) struct Step {
    path: Option<String>,
    #[schemars(range(min = 1))]
    line: Option<u32>,
    #[schemars(range(min = 1))]
    column: Option<u32>,
    text: String,
    #[schemars(extend("enum" = words::STEPS))]
    role: &'static str,
    note: String,
}

/// A place that a finding points to.
#[derive(JsonSchema, Serialize)]
pub(super) struct Place {
    path: String,
    #[schemars(range(min = 1))]
    line: u32,
    #[schemars(range(min = 1))]
    column: u32,
    #[schemars(range(min = 1))]
    end_line: u32,
    #[schemars(range(min = 1))]
    end_column: u32,
    text: String,
    label: String,
}

impl Texts<'_> {
    pub(super) fn path(&self, span: Span) -> String {
        self.paths.lossy(self.sources.file(span.file).path())
    }

    pub(super) fn at(&self, span: Span) -> LineColumn {
        self.sources.line_column(span)
    }

    pub(super) fn end(&self, span: Span) -> LineColumn {
        self.sources.file(span.file).line_column(span.end.max(span.start))
    }

    /// The line that a span begins in, without blanks around it; of a very long line, the text of the span.
    pub(super) fn text(&self, span: Span) -> String {
        let file = self.sources.file(span.file);
        let length = file.bytes().len();
        let line = file.line_range(span.start.min(length as u32));
        if line.len() <= LONGEST {
            return text(file, line);
        }
        let start = (span.start as usize).min(length);
        let end = (span.end as usize).clamp(start, length);
        let cut = file.to_character(end.min(start + LONGEST)).min(end);
        let dots = if cut < end { "..." } else { "" };
        format!("{}{dots}", text(file, start..cut))
    }

    pub(super) fn place(&self, span: Span, label: &str) -> Place {
        let (at, end) = (self.at(span), self.end(span));
        Place {
            path: self.path(span),
            line: at.line,
            column: at.column,
            end_line: end.line,
            end_column: end.column,
            text: self.text(span),
            label: label.to_owned(),
        }
    }

    pub(super) fn step(&self, reason: &Reason) -> Step {
        let at = reason.span.map(|span| self.at(span));
        Step {
            path: reason.span.map(|span| self.path(span)),
            line: at.map(|at| at.line),
            column: at.map(|at| at.column),
            text: reason.span.map_or_else(|| reason.note.to_string(), |span| self.text(span)),
            role: reason.kind.name(),
            note: reason.note.to_string(),
        }
    }

    pub(super) fn steps(&self, because: &[Reason]) -> Vec<Step> {
        because.iter().map(|reason| self.step(reason)).collect()
    }

    /// `path:line:column`
    pub(super) fn spot(&self, span: Span) -> String {
        let at = self.at(span);
        format!("{}:{}:{}", self.path(span), at.line, at.column)
    }

    /// `path:line:column: what (help)`
    pub(super) fn unknown(&self, unknown: &Unknown) -> String {
        let place = unknown.span.map(|span| format!("{}: ", self.spot(span)));
        let help = if unknown.help.is_empty() { String::new() } else { format!(" ({})", unknown.help) };
        format!("{}{}{help}", place.unwrap_or_default(), unknown.what)
    }

    /// What is not known of an instance and may decide each of its endpoints; of much, the first ones.
    pub(super) fn doubts(&self, instance: &Instance) -> Vec<String> {
        let all: Vec<&Unknown> = instance.doubts().collect();
        let mut told: Vec<String> = all.iter().take(MOST_DOUBTS).map(|unknown| self.unknown(unknown)).collect();
        let more = all.len() - told.len();
        if more > 0 {
            told.push(format!("{more} more that are not known of the configuration"));
        }
        if instance.is_partial() {
            told.push("not all files of the configuration could be read".to_owned());
        }
        told
    }

    pub(super) fn unknowns<'u>(&self, unknown: impl IntoIterator<Item = &'u Unknown>) -> Vec<String> {
        unknown.into_iter().map(|unknown| self.unknown(unknown)).collect()
    }
}

/// A part of a file, trimmed, with as many characters as columns.
fn text(file: &SourceFile, range: std::ops::Range<usize>) -> String {
    let text: String = file.characters(range).map(|(_, c)| c).collect();
    text.trim().to_owned()
}
