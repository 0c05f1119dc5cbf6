//! A fix, as an audit has it.

use super::words;
use crate::edit::{Applicability, Edit, Fix};
use crate::report::Texts;
use schemars::JsonSchema;
use serde::Serialize;

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Fix")]
pub(super) struct FixOut<'a> {
    title: &'a str,
    #[schemars(extend("enum" = words::APPLICABILITIES))]
    applicability: &'static str,
    edits: Vec<EditOut>,
    leaves: Option<&'a str>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Edit")]
struct EditOut {
    path: String,
    start: Position,
    end: Position,
    replacement: String,
}

#[derive(JsonSchema, Serialize)]
struct Position {
    #[schemars(range(min = 1))]
    line: u32,
    #[schemars(range(min = 1))]
    column: u32,
    offset: u32,
}

pub(super) fn fix<'a>(texts: Texts<'_>, fix: &'a Fix) -> FixOut<'a> {
    FixOut {
        title: &fix.title,
        applicability: match fix.applicability {
            Applicability::Safe => "safe",
            Applicability::Unsafe => "unsafe",
            Applicability::DisplayOnly => "display-only",
        },
        edits: fix.edits.iter().map(|one| edit(texts, one)).collect(),
        leaves: fix.leaves.as_deref(),
    }
}

fn edit(texts: Texts<'_>, edit: &Edit) -> EditOut {
    let (at, end) = (texts.at(edit.span), texts.end(edit.span));
    EditOut {
        path: texts.path(edit.span),
        start: Position { line: at.line, column: at.column, offset: edit.span.start },
        end: Position { line: end.line, column: end.column, offset: edit.span.end },
        replacement: String::from_utf8_lossy(&edit.replacement).into_owned(),
    }
}
