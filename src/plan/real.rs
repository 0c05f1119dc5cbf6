//! The fixes of the findings as the plan makes them: a report must not show what `diff` does not.
//!
//! A plan has several rounds, and leaves files alone. So a fix of the first round may be a part of what is done to its lines, or
//! may not be done at all.

use super::{Plan, diff};
use crate::edit::{Applicability, Edit, Fix};
use crate::finding::Finding;
use crate::source::{FileId, Span};
use similar::DiffOp;
use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;

/// Why a fix is not made although nothing is known against it.
const ELSEWHERE: &str = "the patch does not make this fix";

/// What a plan does to a file: the lines that go, as bytes of the old text, each with what comes.
struct Changed {
    parts: Vec<(Range<usize>, Vec<u8>)>,
}

impl Plan {
    /// Makes the fixes of the findings of `before` those of the plan. One that is not made goes, and the finding says why; one
    /// that only `--fix-level unsafe` makes, or that is for a person, stays as it is.
    pub fn show_real_fixes(&mut self) {
        let mut changed: HashMap<FileId, Option<Changed>> = HashMap::new();
        for at in 0..self.before.findings.len() {
            let finding = &self.before.findings[at];
            let real = match &finding.fix {
                Some(fix) if fix.applicability == Applicability::Safe => self.real(fix, &mut changed),
                _ => continue,
            };
            let finding = &mut self.before.findings[at];
            match real {
                Ok(edits) => finding.fix = finding.fix.take().map(|fix| Fix { edits, ..fix }),
                Err(why) => leave(finding, why),
            }
        }
    }

    /// The edits that the plan makes where a fix is; an `Err` says why there are none.
    fn real(&self, fix: &Fix, changed: &mut HashMap<FileId, Option<Changed>>) -> Result<Vec<Edit>, String> {
        if let Some(why) = &self.unsteady {
            return Err(why.clone());
        }
        let mut edits: Vec<Edit> = Vec::new();
        for file in fix.edits.iter().map(|edit| edit.span.file) {
            if edits.iter().any(|edit| edit.span.file == file) {
                continue;
            }
            let own: Vec<&Edit> = fix.edits.iter().filter(|edit| edit.span.file == file).collect();
            let done = changed.entry(file).or_insert_with(|| self.changed(file));
            let made = done.as_ref().and_then(|done| self.made(file, &own, done));
            edits.extend(made.ok_or_else(|| self.why_not(file))?);
        }
        Ok(edits)
    }

    /// What the plan does to a file; `None`: nothing.
    fn changed(&self, file: FileId) -> Option<Changed> {
        let file = self.before.sources.file(file);
        let (old, new) = (file.bytes(), self.contents.get(file.path())?);
        let (old_lines, new_lines) = (diff::lines(old), diff::lines(new));
        let starts = |lines: &[&[u8]]| {
            let ends = lines.iter().scan(0, |at, line| {
                *at += line.len();
                Some(*at)
            });
            std::iter::once(0).chain(ends).collect::<Vec<usize>>()
        };
        let (old_starts, new_starts) = (starts(&old_lines), starts(&new_lines));
        let part = |old: Range<usize>, new: Range<usize>| {
            let text = |lines: Range<usize>, starts: &[usize]| starts[lines.start]..starts[lines.end];
            (text(old, &old_starts), text(new, &new_starts))
        };
        let mut parts = Vec::new();
        for op in diff::of(&old_lines, &new_lines).ops() {
            match *op {
                DiffOp::Equal { .. } => {}
                // Lines that become as many others are changed one by one.
                DiffOp::Replace { old_index, old_len, new_index, new_len } if old_len == new_len => {
                    let line = |at| part(old_index + at..old_index + at + 1, new_index + at..new_index + at + 1);
                    parts.extend((0..old_len).map(line));
                }
                op => parts.push(part(op.old_range(), op.new_range())),
            }
        }
        let parts = parts.into_iter().map(|(old, range)| (old, new[range].to_vec()));
        Some(Changed { parts: parts.collect() })
    }

    /// The edits of a fix to a file, if the plan does just that to the lines; else what it does to them. `None`: nothing.
    fn made(&self, file: FileId, own: &[&Edit], changed: &Changed) -> Option<Vec<Edit>> {
        let old = self.before.sources.file(file).bytes();
        // What is put in before a line is done at the end of the one before it.
        let near = |range: &Range<usize>, edit: &Edit| {
            let (start, end) = (edit.span.start as usize, edit.span.end as usize);
            start <= range.end && range.start <= end.max(start)
        };
        let touches = |(range, _): &&(Range<usize>, Vec<u8>)| own.iter().any(|edit| near(range, edit));
        let parts: Vec<&(Range<usize>, Vec<u8>)> = changed.parts.iter().filter(touches).collect();
        let all = parts.first()?.0.start..parts.iter().map(|(range, _)| range.end).max()?;
        let inside = |edit: &&Edit| all.start <= edit.span.start as usize && edit.span.end as usize <= all.end;
        let mut alone: Vec<u8> = Vec::new();
        let mut done = all.start;
        for edit in own.iter().copied().filter(|edit| inside(edit)) {
            alone.extend_from_slice(old.get(done..edit.span.start as usize)?);
            alone.extend_from_slice(&edit.replacement);
            done = edit.span.end as usize;
        }
        alone.extend_from_slice(old.get(done..all.end)?);
        let mut planned: Vec<u8> = Vec::new();
        let mut done = all.start;
        for (range, new) in &parts {
            planned.extend_from_slice(old.get(done..range.start)?);
            planned.extend_from_slice(new);
            done = range.end;
        }
        planned.extend_from_slice(old.get(done..all.end)?);
        if alone == planned && own.iter().all(|edit| inside(&edit)) {
            return Some(own.iter().map(|edit| (*edit).clone()).collect());
        }
        Some(parts.into_iter().filter_map(|(range, new)| smallest(file, old, range, new)).collect())
    }

    fn why_not(&self, file: FileId) -> String {
        let path: PathBuf = self.before.sources.file(file).path().to_owned();
        let refused = self.refused.iter().find(|(one, _)| *one == path);
        refused.map_or_else(|| ELSEWHERE.to_owned(), |(_, why)| format!("{} is left alone: {why}", path.display()))
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
