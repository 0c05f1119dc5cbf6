//! A fix as the lines that it takes away and puts in, each with its number.
//!
//! This is for the eye: it shows what happens where. What is applied is the plan, and `diff` prints that.

use super::{Paths, excerpt, sanitise};
use crate::edit::{Edit, Fix};
use crate::source::{FileId, SourceFile, SourceMap};
use annotate_snippets::renderer::{DEFAULT_ADDITION_STYLE, DEFAULT_LINE_NUM_STYLE, DEFAULT_REMOVAL_STYLE};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;

/// So many lines are shown of what one edit takes away, and of what it puts in.
const MOST: usize = 12;
/// So wide is a line.
const WIDTH: usize = 88;
/// So many bytes of a line are looked at on either side of an edit: more characters than are shown, whatever they are.
const AROUND: usize = 1 << 10;

/// What happens to a run of whole lines.
struct Hunk {
    /// The number of the first line.
    line: u32,
    /// The line before, where nothing is taken away.
    before: Option<Vec<u8>>,
    old: Vec<Vec<u8>>,
    new: Vec<Vec<u8>>,
}

/// Writes the edits of a fix, file by file. Where `shown` is the only file, its name goes without
/// saying.
pub(super) fn write(
    sources: &SourceMap,
    paths: &Paths,
    fix: &Fix,
    shown: Option<FileId>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut files: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    for edit in &fix.edits {
        files.entry(edit.span.file).or_default().push(edit);
    }
    let gutter = DEFAULT_LINE_NUM_STYLE;
    let shown = shown.filter(|_| files.len() == 1);
    for (id, mut edits) in files {
        let file = sources.file(id);
        edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
        let hunks = hunks(file, &edits);
        let highest = hunks.iter().map(|h| h.line as usize + h.old.len().max(h.new.len())).max().unwrap_or(1);
        let width = highest.to_string().len();
        let at = hunks.first().map_or(1, |hunk| hunk.line);
        if shown != Some(id) {
            writeln!(out, "{:width$}{gutter}-->{gutter:#} {}:{at}", "", paths.show(file.path()))?;
        }
        for (i, hunk) in hunks.iter().enumerate() {
            let rule = if i == 0 { "|" } else { "..." };
            writeln!(out, "{gutter}{:width$} {rule}{gutter:#}", "")?;
            one(hunk, width, out)?;
        }
    }
    Ok(())
}

/// The edits of a fix as the lines that go and come, file by file, for formats without styles.
pub(super) fn plain(sources: &SourceMap, paths: &Paths, fix: &Fix) -> String {
    let mut files: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    for edit in &fix.edits {
        files.entry(edit.span.file).or_default().push(edit);
    }
    let mut text = String::new();
    for (id, mut edits) in files {
        let file = sources.file(id);
        edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
        for hunk in hunks(file, &edits) {
            text.push_str(&format!("@@ {}:{} @@\n", paths.show(file.path()), hunk.line));
            for (sign, lines) in [('-', &hunk.old), ('+', &hunk.new)] {
                for line in lines.iter().take(MOST) {
                    text.push_str(&format!("{sign}{}\n", excerpt::clip(&printable(line), 0, WIDTH)));
                }
                if lines.len() > MOST {
                    text.push_str(&format!("{sign} ... {} more lines\n", lines.len() - MOST));
                }
            }
        }
    }
    text
}

fn one(hunk: &Hunk, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let gutter = DEFAULT_LINE_NUM_STYLE;
    if let Some(before) = &hunk.before {
        let text = excerpt::clip(&printable(before), 0, WIDTH);
        writeln!(out, "{gutter}{:>width$} |{gutter:#} {text}", hunk.line.saturating_sub(1))?;
    }
    let (removal, addition) = (DEFAULT_REMOVAL_STYLE, DEFAULT_ADDITION_STYLE);
    for (sign, style, lines, others) in [('-', removal, &hunk.old, &hunk.new), ('+', addition, &hunk.new, &hunk.old)] {
        for (i, line) in lines.iter().take(MOST).enumerate() {
            let number = hunk.line as usize + i;
            let text = printable(line);
            let same = others.get(i).map_or(0, |other| same_start(&text, &printable(other)));
            let text = excerpt::clip(&text, same, WIDTH);
            writeln!(out, "{gutter}{number:>width$}{gutter:#} {style}{sign} {text}{style:#}")?;
        }
        if lines.len() > MOST {
            writeln!(out, "{:width$} {style}{sign} ... {} more lines{style:#}", "", lines.len() - MOST)?;
        }
    }
    Ok(())
}

/// Edits that touch the same or neighbouring lines make one hunk.
fn hunks(file: &SourceFile, edits: &[&Edit]) -> Vec<Hunk> {
    let bytes = file.bytes();
    let clamp = |offset: u32| (offset as usize).min(bytes.len());
    let mut runs: Vec<(usize, usize, Vec<&Edit>)> = Vec::new();
    for edit in edits {
        let start = file.line_range(clamp(edit.span.start) as u32).start;
        let end = file.line_range(clamp(edit.span.end.max(edit.span.start)) as u32).end.max(clamp(edit.span.end));
        match runs.last_mut() {
            Some((_, last, run)) if start <= *last + 1 => {
                *last = end.max(*last);
                run.push(edit);
            }
            _ => runs.push((start, end, vec![edit])),
        }
    }
    runs.into_iter().map(|(start, end, run)| hunk(file, start, end, &run)).collect()
}

/// `start` and `end` are those of whole lines. Of lines that are very long only what is near the edits is looked at.
fn hunk(file: &SourceFile, start: usize, end: usize, edits: &[&Edit]) -> Hunk {
    let first = edits.first().map_or(start, |edit| edit.span.start as usize);
    let from = file.to_character(first.saturating_sub(AROUND).max(start));
    let (line_start, is_cut) = (start, from > start);
    let last = edits.iter().map(|edit| edit.span.end as usize).max().unwrap_or(end);
    let end = file.to_character((last + AROUND).min(end)).min(end);
    let start = from.min(end);
    let mut new = Vec::new();
    let mut done = start;
    for edit in edits {
        // Edits that overlap do not get here from a plan; the later one then starts where the earlier one ends.
        let from = (edit.span.start as usize).clamp(done, end);
        new.extend_from_slice(&file.shown(done..from));
        new.extend_from_slice(&edit.replacement);
        done = (edit.span.end as usize).clamp(from, end);
    }
    new.extend_from_slice(&file.shown(done..end));
    let mut old = lines(&file.shown(start..end));
    let mut new = lines(&new);
    while !old.is_empty() && !new.is_empty() && old.last() == new.last() {
        old.pop();
        new.pop();
    }
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let kept = old.drain(..same).next_back();
    new.drain(..same);
    let line = file.line_column(line_start as u32).line + same as u32;
    let head =
        |line: Range<usize>| file.shown(line.start..file.to_character(line.start + AROUND).min(line.end)).into_owned();
    let before = match kept {
        // The line that was cut is the one to show: from its beginning.
        Some(_) if is_cut && same == 1 => Some(head(file.line_range(line_start as u32))),
        Some(kept) => Some(kept),
        None => (line_start > 0).then(|| head(file.line_range(line_start as u32 - 1))),
    };
    Hunk { line, before: before.filter(|_| old.is_empty()), old, new }
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

/// A line as it is shown, without the carriage return of its end.
fn printable(line: &[u8]) -> String {
    sanitise::line(line.strip_suffix(b"\r").unwrap_or(line)).replace('\u{2409}', "    ")
}

/// In how many characters two texts begin alike.
fn same_start(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    /// The work for an edit does not grow with the line that it is in.
    #[test]
    fn of_a_long_line_only_what_is_near_the_edit_is_looked_at() {
        let around = |length: usize| {
            let line = "server { } ".repeat(length);
            let mut sources = SourceMap::default();
            let id = sources.insert("/a".into(), format!("{line}ssl_protocols TLSv1; {line}\nend").into_bytes());
            let start = (line.len() + 14) as u32;
            let edit = Edit { span: Span::new(id, start, start + 5), replacement: b"TLSv1.2".to_vec() };
            let hunks = hunks(sources.file(id), &[&edit]);
            let size: usize = hunks.iter().flat_map(|hunk| hunk.old.iter().chain(&hunk.new)).map(Vec::len).sum();
            let mut shown = Vec::new();
            one(&hunks[0], 1, &mut shown).expect("memory");
            (size, shown)
        };
        let (short, long) = (around(200), around(20_000));
        assert_eq!(short, long);
        assert!(short.0 <= 4 * (AROUND + 16), "{}", short.0);
        assert!(String::from_utf8_lossy(&short.1).contains("ssl_protocols TLSv1.2"));
    }

    #[test]
    fn a_line_that_is_put_in_behind_a_long_one_is_shown_with_its_beginning() {
        let mut sources = SourceMap::default();
        let id = sources.insert("/a".into(), format!("begin {}\nend\n", "x ".repeat(5_000)).into_bytes());
        let end = sources.file(id).line_range(0).end as u32;
        let edit = Edit { span: Span::new(id, end, end), replacement: b"\nssl_protocols TLSv1.2;".to_vec() };
        let hunks = hunks(sources.file(id), &[&edit]);
        assert_eq!((hunks[0].line, hunks[0].new.len(), hunks[0].old.len()), (2, 1, 0));
        assert!(hunks[0].before.as_ref().is_some_and(|line| line.starts_with(b"begin x")));
    }
}
