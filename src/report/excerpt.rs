//! Pieces of source text for a report: the lines around a place, fit for a terminal, with the way from offsets in the
//! file to offsets in what is shown.
//!
//! Any bytes and any span will do: what lies outside the file is clamped, and long lines and long spans are cut.

use super::sanitise;
use crate::source::{SourceFile, SourceMap, Span};
use std::ops::Range;

/// A span that goes over more lines than this is shown by its first line.
const TALLEST: u32 = 6;
/// A span that is longer than this is marked up to here.
const WIDEST_MARK: usize = 80;
/// So many bytes of a line are shown after the last mark in it.
const TAIL: usize = 160;
/// A place farther in its line than this is told and not shown.
const FARTHEST: usize = 2_000;

/// Whole lines of a file.
#[derive(Debug)]
pub(super) struct Excerpt {
    /// The number of the first line.
    pub(super) first_line: u32,
    /// The lines, joined by line ends.
    pub(super) text: String,
    /// For each range that was asked for, where it is in `text`.
    pub(super) marks: Vec<Range<usize>>,
}

/// The lines and the offsets that a span is shown by; `None`: it is too far in its line to be shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) first_line: u32,
    pub(super) last_line: u32,
    start: usize,
    end: usize,
}

/// Decides which part of a span is shown.
pub(super) fn shown(file: &SourceFile, span: Span) -> Option<Shown> {
    let bytes = file.bytes();
    let start = (span.start as usize).min(bytes.len());
    let mut end = (span.end as usize).clamp(start, bytes.len());
    while end > start && matches!(bytes[end - 1], b'\n' | b'\r') {
        end -= 1;
    }
    let line = file.line_range(start as u32);
    if start.saturating_sub(line.start) > FARTHEST {
        return None;
    }
    let first_line = file.line_column(start as u32).line;
    let mut last_line = file.line_column(end as u32).line;
    let last = file.line_range(end as u32);
    if last_line - first_line > TALLEST || end.saturating_sub(last.start) > FARTHEST {
        (end, last_line) = (line.end.max(start), first_line);
    }
    if last_line == first_line {
        end = end.min(start + WIDEST_MARK);
    }
    Some(Shown { first_line, last_line, start, end })
}

/// Cuts the lines that hold all of `parts` out of a file. They must not be many.
pub(super) fn cut(file: &SourceFile, parts: &[Shown]) -> Excerpt {
    let first_line = parts.iter().map(|p| p.first_line).min().unwrap_or(1);
    let from = parts.iter().map(|p| file.line_range(p.start as u32).start).min().unwrap_or(0);
    let to = parts.iter().map(|p| file.line_range(p.end as u32).end.max(p.end)).max().unwrap_or(0);
    let mut text = String::new();
    // For each byte of the file from `from` on, and for the end, where it is in `text`.
    let mut offsets = Vec::with_capacity(to - from + 1);
    let mut at = from;
    loop {
        let line = file.line_range(at as u32);
        let next = file.bytes()[line.end..].iter().position(|b| *b == b'\n').map(|i| line.end + i + 1);
        let end = next.unwrap_or(file.bytes().len());
        let wanted = parts.iter().flat_map(|p| [p.start, p.end]).filter(|o| (line.start..=end).contains(o)).max();
        let mut keep = line.start..(wanted.unwrap_or(line.start) + TAIL).min(line.end);
        while keep.end < line.end && file.bytes()[keep.end] & 0xc0 == 0x80 {
            keep.end += 1;
        }
        show(&file.bytes()[keep.clone()], &mut text, &mut offsets);
        if keep.end < line.end {
            text.push_str(" ...");
        }
        offsets.resize(offsets.len() + (end - keep.end), text.len());
        match next {
            Some(next) if next <= to => {
                text.push('\n');
                at = next;
            }
            _ => break,
        }
    }
    offsets.push(text.len());
    let place = |offset: usize| offsets.get(offset.saturating_sub(from)).copied().unwrap_or(text.len());
    let marks = parts.iter().map(|p| place(p.start)..place(p.end).max(place(p.start))).collect();
    Excerpt { first_line, text, marks }
}

/// Appends bytes of a line to `text`, and for each byte the offset of its character in `text` to `offsets`.
fn show(bytes: &[u8], text: &mut String, offsets: &mut Vec<usize>) {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            offsets.resize(offsets.len() + c.len_utf8(), text.len());
            text.push(if c == '\t' { c } else { sanitise::character(c) });
        }
        for _ in chunk.invalid() {
            offsets.push(text.len());
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// The line that a span begins in, trimmed, and cut to about `width` characters around the span.
pub(super) fn line(sources: &SourceMap, span: Span, width: usize) -> String {
    let file = sources.file(span.file);
    let start = (span.start as usize).min(file.bytes().len());
    let line = file.line_range(start as u32);
    let before = file.bytes()[line.start..start.clamp(line.start, line.end)].utf8_chunks();
    let before: usize = before.map(|c| c.valid().chars().count() + c.invalid().len()).sum();
    let text = sanitise::line(&file.bytes()[line]).replace('\u{2409}', " ");
    let indent = text.chars().take_while(|c| c.is_whitespace()).count();
    clip(text.trim(), before.saturating_sub(indent), width)
}

/// A line cut to about `width` characters, so that what begins at character `at` is in it.
pub(super) fn clip(line: &str, at: usize, width: usize) -> String {
    if line.chars().nth(width).is_none() {
        return line.to_owned();
    }
    let from = if at < width / 2 { 0 } else { at - width / 4 };
    let middle: String = line.chars().skip(from).take(width).collect();
    let before = if from > 0 { "..." } else { "" };
    let after = if line.chars().nth(from + width).is_some() { "..." } else { "" };
    format!("{before}{middle}{after}")
}
