//! The fixes of the findings as the plan makes them: a report must not show what `diff` does not.
//!
//! A plan has several rounds, and leaves files alone. So a fix of the first round may be a part of what is done to its lines, or
//! may not be done at all.

use super::left::Left;
use super::splice::{Taken, splice};
use super::{Plan, diff};
use crate::edit::{Change, Edit, Fix};
use crate::finding::Finding;
use crate::source::{FileId, Span};
use similar::DiffOp;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

/// Why a fix is not made although nothing is known against it.
const ELSEWHERE: &str = "the patch does not make this fix";

/// So many bytes of lines are compared with what fixes do to them; then the lines as a whole are told.
const MOST_BYTES: usize = 1 << 27;

/// So many bytes end a line, at most.
const LINE_END: usize = 2;

/// So many equal lines may lie between lines that go and lines that come for one change.
const NEAR: usize = 3;

/// Lines that a plan changes: those that go, as bytes of the old text, and what comes.
struct Part {
    old: Range<usize>,
    new: Vec<u8>,
    /// The edits that do it, as the first fix has them that does just that.
    edits: Option<Vec<Edit>>,
}

/// What a plan does to each file that fixes are about; `None`: nothing.
type Changed = BTreeMap<FileId, Option<Vec<Part>>>;

impl Plan {
    /// Makes the fixes of the findings of `before` those of the plan. One that is not made goes, and the finding says why; one
    /// that only `--fix-level unsafe` makes, or that is for a person, stays as it is.
    pub fn show_real_fixes(&mut self) {
        let mut changed = Changed::new();
        let whole = self.done_as_they_are();
        let mut budget = MOST_BYTES;
        // Fixes that are just what is done come first: others on their lines are told by the same edits.
        for fix in self.before.findings.iter().filter_map(safe_fix) {
            for (file, own) in by_file(fix).into_iter().filter(|(file, _)| !whole.contains(file)) {
                let parts = changed.entry(file).or_insert_with(|| self.changed(file));
                if let Some(parts) = parts {
                    take_over(self.before.sources.file(file).bytes(), &own, parts, &mut budget);
                }
            }
        }
        for (file, parts) in &mut changed {
            let old = self.before.sources.file(*file).bytes();
            for part in parts.iter_mut().flatten().filter(|part| part.edits.is_none()) {
                part.edits = Some(smallest(*file, old, &part.old, &part.new).into_iter().collect());
            }
        }
        for at in 0..self.before.findings.len() {
            let Some(fix) = safe_fix(&self.before.findings[at]) else { continue };
            if fix.edits.iter().all(|edit| whole.contains(&edit.span.file)) {
                continue;
            }
            let real = self.real(fix, &changed, &whole);
            let finding = &mut self.before.findings[at];
            match real {
                Ok(edits) => finding.fix = finding.fix.take().map(|fix| Fix { edits, ..fix }),
                Err(why) => leave(finding, why),
            }
        }
        self.show_the_rest(&mut changed, &whole);
        let left: Vec<Option<String>> = {
            let left = Left::of(self);
            self.before.findings.iter().map(|finding| left.by(finding).map(|left| left.message.clone())).collect()
        };
        for (finding, leaves) in self.before.findings.iter_mut().zip(left) {
            if let Some(fix) = &mut finding.fix {
                fix.leaves = leaves;
            }
        }
    }

    /// Gives what later rounds of the plan change, and no fix has, to a finding of the instance: to one that wants a line
    /// written, if there is one.
    fn show_the_rest(&mut self, changed: &mut Changed, whole: &HashSet<FileId>) {
        let shown: BTreeSet<Edit> =
            self.before.findings.iter().filter_map(safe_fix).flat_map(|fix| &fix.edits).cloned().collect();
        let files: Vec<FileId> = self.contents.keys().filter_map(|path| self.before.sources.find(path)).collect();
        for file in files.into_iter().filter(|file| !whole.contains(file)) {
            let old = self.before.sources.file(file).bytes();
            let parts = changed.entry(file).or_insert_with(|| self.changed(file));
            let edits = parts.iter().flatten().flat_map(|part| match &part.edits {
                Some(edits) => edits.clone(),
                None => smallest(file, old, &part.old, &part.new).into_iter().collect(),
            });
            let rest: Vec<Edit> = edits.filter(|edit| !shown.contains(edit)).collect();
            let is_of_file = |one: &Finding| {
                one.is_in_patch() && self.before.instance_of(one).is_some_and(|instance| instance.files.contains(&file))
            };
            let writes = |one: &Finding| one.changes.iter().any(|change| matches!(change, Change::Declare { .. }));
            let findings = &self.before.findings;
            let at = findings.iter().position(|one| is_of_file(one) && writes(one));
            let at = at.or_else(|| findings.iter().position(is_of_file)).filter(|_| !rest.is_empty());
            if let Some(fix) = at.and_then(|at| self.before.findings[at].fix.as_mut()) {
                fix.edits.extend(rest);
                fix.edits.sort();
                fix.title.push_str("; and what follows from that");
            }
        }
    }

    /// The files to which the safe fixes together do just what the plan does: nothing there is for another round, or refused.
    fn done_as_they_are(&self) -> HashSet<FileId> {
        let mut by_file: BTreeMap<FileId, BTreeSet<&Edit>> = BTreeMap::new();
        for edit in self.before.findings.iter().filter_map(safe_fix).flat_map(|fix| &fix.edits) {
            by_file.entry(edit.span.file).or_default().insert(edit);
        }
        let is_done = |(file, edits): &(FileId, BTreeSet<&Edit>)| {
            let edits: Vec<&Edit> = edits.iter().copied().collect();
            let mut taken = Taken::default();
            let is_apart = edits.iter().all(|edit| {
                let has_room = taken.has_room(edit);
                taken.take(std::slice::from_ref(*edit));
                has_room
            });
            let file = self.before.sources.file(*file);
            let planned = self.contents.get(file.path());
            self.unsteady.is_none() && is_apart && planned.is_some_and(|new| splice(file.bytes(), &edits) == *new)
        };
        by_file.into_iter().filter(is_done).map(|(file, _)| file).collect()
    }

    /// The edits that the plan makes where a fix is; an `Err` says why there are none.
    fn real(&self, fix: &Fix, changed: &Changed, whole: &HashSet<FileId>) -> Result<Vec<Edit>, String> {
        if let Some(why) = &self.unsteady {
            return Err(why.clone());
        }
        let mut edits: Vec<Edit> = Vec::new();
        for (file, own) in by_file(fix) {
            if whole.contains(&file) {
                edits.extend(own.into_iter().cloned());
                continue;
            }
            let parts = changed.get(&file).and_then(Option::as_ref).ok_or_else(|| self.why_not(file))?;
            let made: Vec<&Part> = parts[around(parts, &own)].iter().filter(|part| part.is_near(&own)).collect();
            if made.is_empty() {
                return Err(self.why_not(file));
            }
            edits.extend(made.into_iter().flat_map(|part| &part.edits).flatten().cloned());
        }
        Ok(edits)
    }

    /// What the plan does to a file; `None`: nothing.
    fn changed(&self, file: FileId) -> Option<Vec<Part>> {
        let file = self.before.sources.file(file);
        let (old, new) = (file.bytes(), self.contents.get(file.path())?);
        Some(parts(old, new))
    }

    fn why_not(&self, file: FileId) -> String {
        let path = self.before.sources.file(file).path();
        let refused = self.refused.iter().find(|(one, _)| *one == path);
        refused.map_or_else(|| ELSEWHERE.to_owned(), |(_, why)| format!("{} is left alone: {why}", path.display()))
    }
}

impl Part {
    /// Does one of the edits touch these lines? A line that is put in begins with the end of the line before it.
    fn is_near(&self, edits: &[&Edit]) -> bool {
        edits.iter().any(|edit| {
            let (start, end) = (edit.span.start as usize, edit.span.end as usize);
            match self.old.is_empty() || start == end {
                true => start <= self.old.end && self.old.start <= end + LINE_END,
                false => start < self.old.end && self.old.start < end,
            }
        })
    }

    /// The edits that do nothing but what is done to these lines; `None`: they do something else.
    fn done_by(&self, old: &[u8], edits: &[&Edit]) -> Option<Vec<Edit>> {
        let from = edits.iter().map(|edit| edit.span.start as usize).min()?.min(self.old.start);
        let to = edits.iter().map(|edit| edit.span.end as usize).max()?.max(self.old.end);
        let mut planned = old.get(from..self.old.start)?.to_vec();
        planned.extend_from_slice(&self.new);
        planned.extend_from_slice(old.get(self.old.end..to)?);
        let shifted: Vec<Edit> = edits
            .iter()
            .map(|edit| Edit {
                span: Span::new(edit.span.file, edit.span.start - from as u32, edit.span.end - from as u32),
                replacement: edit.replacement.clone(),
            })
            .collect();
        let alone = splice(old.get(from..to)?, &shifted.iter().collect::<Vec<&Edit>>());
        (alone == planned).then(|| edits.iter().map(|edit| (*edit).clone()).collect())
    }
}

/// What makes the old text the new one: in the order of the lines, none within another.
fn parts(old: &[u8], new: &[u8]) -> Vec<Part> {
    let (old_lines, new_lines) = (diff::lines(old), diff::lines(new));
    let mut ranges: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    // The last one with which another may be one change.
    let mut open = None;
    for op in diff::of(&old_lines, &new_lines).ops() {
        match *op {
            DiffOp::Equal { .. } => {}
            // Lines that become as many others are changed one by one.
            DiffOp::Replace { old_index, old_len, new_index, new_len } if old_len == new_len => {
                let line = |at| (old_index + at..old_index + at + 1, new_index + at..new_index + at + 1);
                ranges.extend((0..old_len).map(line));
            }
            op => {
                // What goes and comes again a little further on is one change, with what is between: lines that are alike
                // hide it.
                let (mut old, mut new) = (op.old_range(), op.new_range());
                if let Some(at) = open.filter(|at: &usize| old.start - ranges[*at].0.end <= NEAR) {
                    (old.start, new.start) = (ranges[at].0.start, ranges[at].1.start);
                    ranges.truncate(at);
                }
                open = Some(ranges.len());
                ranges.push((old, new));
            }
        }
    }
    let (old_starts, new_starts) = (starts(&old_lines), starts(&new_lines));
    let part = |(old, lines): (Range<usize>, Range<usize>)| Part {
        old: old_starts[old.start]..old_starts[old.end],
        new: new[new_starts[lines.start]..new_starts[lines.end]].to_vec(),
        edits: None,
    };
    ranges.into_iter().map(part).collect()
}

/// Where each of the lines begins, and where the last one ends.
fn starts(lines: &[&[u8]]) -> Vec<usize> {
    let ends = lines.iter().scan(0, |at, line| {
        *at += line.len();
        Some(*at)
    });
    std::iter::once(0).chain(ends).collect()
}

/// The parts among which are those that some edits touch.
fn around(parts: &[Part], edits: &[&Edit]) -> Range<usize> {
    let first = edits.iter().map(|edit| edit.span.start as usize).min().unwrap_or(0);
    let last = edits.iter().map(|edit| edit.span.end as usize).max().unwrap_or(0);
    let from = parts.partition_point(|part| part.old.end < first);
    let to = parts.partition_point(|part| part.old.start <= last + LINE_END);
    from..to.max(from)
}

fn safe_fix(finding: &Finding) -> Option<&Fix> {
    finding.fix.as_ref().filter(|fix| fix.is_safe())
}

/// The edits of a fix, file by file, each in its order.
fn by_file(fix: &Fix) -> Vec<(FileId, Vec<&Edit>)> {
    let mut files: Vec<(FileId, Vec<&Edit>)> = Vec::new();
    for edit in &fix.edits {
        match files.iter_mut().find(|(file, _)| *file == edit.span.file) {
            Some((_, edits)) => edits.push(edit),
            None => files.push((edit.span.file, vec![edit])),
        }
    }
    files
}

/// Notes the edits of a fix for the lines to which they do just what the plan does.
/// `budget`: so many bytes may still be looked at, since a hundred thousand fixes may be about one line.
fn take_over(old: &[u8], own: &[&Edit], parts: &mut [Part], budget: &mut usize) {
    let around = around(parts, own);
    for part in parts[around].iter_mut().filter(|part| part.edits.is_none() && part.is_near(own)) {
        let size = part.old.len() + part.new.len();
        if size > *budget {
            continue;
        }
        *budget -= size;
        let near: Vec<&Edit> = own.iter().copied().filter(|edit| part.is_near(&[edit])).collect();
        part.edits = part.done_by(old, &near);
    }
}

/// Takes a fix away, and says why.
fn leave(finding: &mut Finding, why: String) {
    finding.fix = None;
    finding.help = Some(match finding.help.take() {
        Some(help) => format!("{help}; {why}"),
        None => why,
    });
}

/// The edit that makes some bytes others, without what is the same at both ends.
fn smallest(file: FileId, old: &[u8], range: &Range<usize>, new: &[u8]) -> Option<Edit> {
    let text = old.get(range.clone())?;
    let start = text.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (rest, new) = (&text[start..], &new[start..]);
    let end = rest.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let span = Span::new(file, (range.start + start) as u32, (range.end - end) as u32);
    Some(Edit { span, replacement: new[..new.len() - end].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The old text with all its parts made the new one; `None`: two of them overlap.
    fn made(old: &[u8], parts: &[Part]) -> Option<Vec<u8>> {
        let (mut text, mut at) = (Vec::new(), 0);
        for part in parts {
            text.extend_from_slice(old.get(at..part.old.start)?);
            text.extend_from_slice(&part.new);
            at = part.old.end;
        }
        text.extend_from_slice(old.get(at..)?);
        Some(text)
    }

    #[test]
    fn a_line_that_changes_between_one_that_goes_and_one_that_comes_is_told_once() {
        let (old, new) = (b"a\nb\nc\nd\n", b"b\nC\nd\nx\n");
        let parts = parts(old, new);
        assert_eq!((parts.len(), &parts[0].old), (1, &(0..8)));
        assert_eq!(made(old, &parts).as_deref(), Some(&new[..]));
    }

    proptest! {
        #[test]
        fn parts_do_not_overlap_and_make_the_new_text(old in "[ab\n]{0,40}", new in "[abc\n]{0,40}", start in 0..40u32, length in 0..6u32) {
            let found = parts(old.as_bytes(), new.as_bytes());
            prop_assert_eq!(made(old.as_bytes(), &found), Some(new.into_bytes()));
            let end = (old.len() as u32).min(start + length);
            let mut sources = crate::source::SourceMap::default();
            let file = sources.insert("/a".into(), old.into_bytes());
            let edit = Edit { span: Span::new(file, start.min(end), end), replacement: Vec::new() };
            let edits = [&edit];
            let all: Vec<usize> = (0..found.len()).filter(|at| found[*at].is_near(&edits)).collect();
            let around = around(&found, &edits);
            prop_assert!(all.iter().all(|at| around.contains(at)));
        }
    }
}
