//! Complaints about a policy, shown with the line that they are about.

use crate::sanitise;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;

/// A complaint while the text is being read: what, where, and what would be right.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) range: Range<usize>,
}

impl Complaint {
    pub(super) fn new(message: impl Into<String>, range: Range<usize>) -> Complaint {
        Complaint { message: message.into(), help: None, range }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Complaint {
        self.help = Some(help.into());
        self
    }
}

/// Something that is wrong with a policy. Its author is to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// The name of the policy, as given to [`Policy::parse`](super::Policy::parse).
    pub policy: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong, as a lowercase fragment, with what would be right.
    pub message: String,
    /// The complaint as several lines of plain text with the line of the policy and a caret, without a line end.
    pub excerpt: String,
}

impl PolicyError {
    pub(super) fn new(complaint: Complaint, text: &str, policy: &str) -> PolicyError {
        let range = within(text, complaint.range);
        let (line, column) = line_column(text, range.start);
        let message = match &complaint.help {
            Some(help) => format!("{}; {help}", complaint.message),
            None => complaint.message,
        };
        // It may name a key or a value, and YAML can write any character in those.
        let message = sanitise::text(&message);
        let excerpt = excerpt(&message, text, &sanitise::text(policy), range, (line, column));
        PolicyError { policy: policy.to_owned(), line, column, message, excerpt }
    }
}

/// `policy.yaml:3:1: unknown key ...`
impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.policy, self.line, self.column, self.message)
    }
}

impl std::error::Error for PolicyError {}

/// Characters that could make an excerpt of the policy lie on a terminal; YAML itself has no use for most of them.
pub(super) fn unfit(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The characters of [`unfit`], for a class of a regular expression as JavaScript has them.
pub(super) const UNFIT: &str = "\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\
                               \\u2060-\\u206f\\ufeff";

/// The complaint about such a character.
pub(super) fn no_place(c: char) -> String {
    format!("the character U+{:04X} has no place in a policy", u32::from(c))
}

/// Line and column of an offset, both from 1, the column in characters.
pub(super) fn line_column(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    (line as u32, before[line_start..].chars().count() as u32 + 1)
}

/// The range, on one line of the text and on whole characters.
fn within(text: &str, range: Range<usize>) -> Range<usize> {
    let boundary = |offset: usize| (0..=offset.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    let start = boundary(range.start);
    let line_end = text[start..].find(['\r', '\n']).map_or(text.len(), |i| start + i);
    start..boundary(range.end.clamp(start, line_end))
}

/// Only the line itself goes to the renderer. A policy that has control characters is refused before it gets here,
/// with the one exception of the complaint about just that, which shows no line.
fn excerpt(message: &str, text: &str, policy: &str, range: Range<usize>, (line, column): (u32, u32)) -> String {
    const WIDEST: usize = 400;
    let start = text[..range.start].rfind('\n').map_or(0, |i| i + 1);
    let end = text[range.start..].find(['\r', '\n']).map_or(text.len(), |i| range.start + i);
    let shown = &text[start..end];
    let title = Level::ERROR.primary_title(message);
    if shown.len() > WIDEST || shown.chars().any(|c| c != '\t' && unfit(c)) {
        let origin = annotate_snippets::Origin::path(policy).line(line as usize).char_column(column as usize);
        return Renderer::plain().render(&[title.element(origin)]);
    }
    let caret = AnnotationKind::Primary.span(range.start - start..range.end - start);
    let snippet = Snippet::source(shown).line_start(line as usize).path(policy).annotation(caret);
    Renderer::plain().render(&[title.element(snippet)])
}
