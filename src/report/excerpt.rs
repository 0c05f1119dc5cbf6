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
/// A longer line, in bytes, is only looked at around the places that are shown.
const LONGEST: usize = 16 << 10;
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
    let mut wanted: Vec<usize> = parts.iter().flat_map(|p| [p.start, p.end]).collect();
    wanted.sort_unstable();
    let mut text = String::new();
    let mut rows: Vec<Row> = Vec::new();
    let mut at = from;
    loop {
        let line = file.line_range(at as u32);
        let next = file.bytes()[line.end..].iter().position(|b| *b == b'\n').map(|i| line.end + i + 1);
        let end = next.unwrap_or(file.bytes().len());
        let last = wanted[..wanted.partition_point(|offset| *offset <= end)].last();
        let last = last.filter(|offset| **offset >= line.start).unwrap_or(&line.start);
        let keep = line.start..file.to_character((last + TAIL).min(line.end)).min(line.end);
        let mut offsets = Vec::with_capacity(keep.len());
        show(file, keep.clone(), &mut text, &mut offsets);
        if keep.end < line.end {
            text.push_str(" ...");
        }
        rows.push(Row { start: line.start, offsets, rest: text.len() });
        match next {
            Some(next) if next <= to => {
                text.push('\n');
                at = next;
            }
            _ => break,
        }
    }
    let place = |offset: usize| {
        let row = rows[..rows.partition_point(|row| row.start <= offset)].last();
        row.map_or(0, |row| row.offsets.get(offset - row.start).copied().unwrap_or(row.rest))
    };
    let marks = parts.iter().map(|p| place(p.start)..place(p.end).max(place(p.start))).collect();
    Excerpt { first_line, text, marks }
}

/// A line of an excerpt.
struct Row {
    /// Its first byte in the file.
    start: usize,
    /// For each of its bytes that is shown, where that is in the text.
    offsets: Vec<usize>,
    /// Where the rest of its bytes would be.
    rest: usize,
}

/// Appends a part of a line to `text`, and for each of its bytes the offset of its character in `text` to `offsets`.
fn show(file: &SourceFile, part: Range<usize>, text: &mut String, offsets: &mut Vec<usize>) {
    for (range, c) in file.characters(part) {
        offsets.resize(offsets.len() + range.len(), text.len());
        text.push(if c == '\t' { c } else { sanitise::character(c) });
    }
}

/// The line that a span begins in, trimmed, and cut to about `width` characters around the span.
pub(super) fn line(sources: &SourceMap, span: Span, width: usize) -> String {
    let file = sources.file(span.file);
    let start = (span.start as usize).min(file.bytes().len());
    let line = file.line_range(start as u32);
    let start = start.clamp(line.start, line.end);
    let before = file.line_column(start as u32).column as usize - 1;
    if line.len() > LONGEST {
        return of_long_line(file, line, start, before, width);
    }
    let text = text(&file.shown(line));
    let indent = text.chars().take_while(|c| c.is_whitespace()).count();
    clip(text.trim(), before.saturating_sub(indent), width)
}

fn text(bytes: &[u8]) -> String {
    sanitise::line(bytes).replace('\u{2409}', " ")
}

/// How many characters of white space a text begins with.
fn indent(bytes: &[u8]) -> usize {
    let ascii = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match bytes.get(ascii) {
        Some(byte) if byte.is_ascii_graphic() => ascii,
        _ => text(bytes).chars().take_while(|c| c.is_whitespace()).count(),
    }
}

/// The same of a line that is too long to be looked at for each of the places in it. `before` characters of it come
/// before the place at `start`.
fn of_long_line(file: &SourceFile, line: Range<usize>, start: usize, before: usize, width: usize) -> String {
    let indent = indent(&file.shown(line.start..file.to_character(line.start + FARTHEST).min(line.end)));
    let is_near = before < indent + width / 2;
    let from = match is_near {
        true => file.skip(line.start, indent, line.end),
        false => {
            // As many bytes as the characters have at most.
            let near = file.to_character(start.saturating_sub(width + 8).max(line.start)).min(start);
            let characters = file.characters(near..start).count();
            file.skip(near, characters.saturating_sub(width / 4), line.end)
        }
    };
    let to = file.skip(from, width, line.end);
    let rest = file.shown(to..file.to_character(to + FARTHEST).min(line.end));
    let is_cut = to + FARTHEST < line.end || rest.iter().any(u8::is_ascii_graphic) || !text(&rest).trim().is_empty();
    let middle = text(&file.shown(from..to));
    let (dots, middle) = if is_cut { ("...", middle.as_str()) } else { ("", middle.trim_end()) };
    format!("{}{middle}{dots}", if is_near { "" } else { "..." })
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            8 => "[a-z{};]{1,30}".prop_map(String::into_bytes),
            4 => "[ \\t]{1,60}".prop_map(String::into_bytes),
            2 => Just("\u{e9}\u{20ac}\u{1f600}\u{3000}\u{202e}".as_bytes().to_vec()),
            1 => Just(b"\xff\xe2\x82".to_vec()),
        ]
    }

    proptest! {
        /// What is shown of a long line is what was shown of it when the whole line was looked at.
        #[test]
        fn long_lines_are_cut_as_short_ones_are(
            pieces in prop::collection::vec(piece(), 1..20), at in any::<prop::sample::Index>(), width in 20..100_usize
        ) {
            let bytes = pieces.concat();
            let mut sources = SourceMap::default();
            let id = sources.insert("/a".into(), [b"first\n", &bytes[..], b"\nlast"].concat());
            let file = sources.file(id);
            let start = 6 + at.index(bytes.len());
            let line = file.line_range(start as u32);
            // A span begins where a character does.
            let start = file.to_character(start).min(line.end);
            let short = super::line(&sources, Span::new(id, start as u32, start as u32), width);
            prop_assume!(short.chars().count() > width);
            let before = file.line_column(start as u32).column as usize - 1;
            prop_assert_eq!(of_long_line(file, line, start, before, width), short);
        }
    }
}
