//! The patch of a file, the old lines beside the new ones.

use super::Changed;
use crate::report::{Paths, sanitise};
use similar::{Algorithm, DiffOp, TextDiff};

/// So many lines that stay are shown around each change.
const CONTEXT: usize = 3;

/// The patch of a file.
pub(super) struct FilePatch {
    pub(super) path: String,
    pub(super) rows: Vec<Row>,
}

/// A row.
pub(super) enum Row {
    /// Lines that stay are left out here.
    Gap,
    /// A line that stays.
    Same([Side; 2]),
    /// A line as it is, and mended.
    Pair([Option<Side>; 2]),
}

/// A line.
pub(super) struct Side {
    pub(super) number: usize,
    pub(super) sign: &'static str,
    pub(super) tone: &'static str,
    pub(super) before: String,
    pub(super) changed: String,
    pub(super) after: String,
}

/// The patch of a file in rows.
pub(super) fn of(file: &Changed, paths: &Paths) -> FilePatch {
    let lines = |text| <[u8]>::split_inclusive(text, |b| *b == b'\n').collect::<Vec<&[u8]>>();
    let (old, new) = (lines(&file.old), lines(&file.new));
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).diff_slices(&old, &new);
    let mut rows = Vec::new();
    for group in diff.grouped_ops(CONTEXT) {
        let start = group.first().map_or(0, |op| op.old_range().start);
        if start > 0 || !rows.is_empty() {
            rows.push(Row::Gap);
        }
        for op in group {
            pairs(&op, &old, &new, &mut rows);
        }
    }
    FilePatch { path: paths.show(&file.path), rows }
}

fn pairs(op: &DiffOp, old: &[&[u8]], new: &[&[u8]], rows: &mut Vec<Row>) {
    let (olds, news) = (op.old_range(), op.new_range());
    let stays = matches!(op, DiffOp::Equal { .. });
    for at in 0..olds.len().max(news.len()) {
        let number = |range: &std::ops::Range<usize>| (at < range.len()).then(|| range.start + at);
        let (o, n) = (number(&olds), number(&news));
        if let (Some(o), Some(n), true) = (o, n, stays) {
            rows.push(Row::Same([(old, o), (new, n)].map(|(lines, at)| plain(text(lines[at]), at + 1))));
            continue;
        }
        let (before, after) = (o.map(|i| text(old[i])), n.map(|i| text(new[i])));
        let same = match (&before, &after) {
            (Some(before), Some(after)) => difference(before, after),
            _ => (0, 0),
        };
        let before = before.zip(o).map(|(words, at)| marked(&words, at + 1, "−", "del", same));
        let after = after.zip(n).map(|(words, at)| marked(&words, at + 1, "+", "ins", same));
        rows.push(Row::Pair([before, after]));
    }
}

fn plain(words: String, number: usize) -> Side {
    Side { number, sign: "", tone: "", before: words, changed: String::new(), after: String::new() }
}

/// A line whose middle has changed: all but so many characters at its start and its end.
fn marked(words: &str, number: usize, sign: &'static str, tone: &'static str, same: (usize, usize)) -> Side {
    let chars: Vec<char> = words.chars().collect();
    let (start, end) = (same.0, chars.len() - same.1);
    let text = |range: &[char]| range.iter().collect::<String>();
    Side {
        number,
        sign,
        tone,
        before: text(&chars[..start]),
        changed: if same == (0, 0) { String::new() } else { text(&chars[start..end]) },
        after: if same == (0, 0) { text(&chars[start..]) } else { text(&chars[end..]) },
    }
}

/// In how many characters two lines begin and end alike.
fn difference(old: &str, new: &str) -> (usize, usize) {
    let start = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
    let (olds, news) = (old.chars().count(), new.chars().count());
    let end = old.chars().rev().zip(new.chars().rev()).take_while(|(a, b)| a == b).count();
    (start, end.min(olds.min(news) - start))
}

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    sanitise::line(line.strip_suffix(b"\r").unwrap_or(line)).replace('\u{2409}', "    ")
}
