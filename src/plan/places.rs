//! Where something that the audit of the plan finds lies in the files as they are: the user has no others.

use super::Plan;
use super::compare::Keys;
use crate::finding::Finding;
use crate::instance::Problem;
use crate::source::Span;
use similar::{DiffOp, TextDiff};
use std::collections::BTreeSet;
use std::path::Path;

/// A place in a file as it is: line and column, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot<'p> {
    /// The file.
    pub path: &'p Path,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Plan {
    /// Where a finding of `after` lies now: where the same finding lies before the plan, else where its line is.
    pub fn spot(&self, finding: &Finding) -> Option<Spot<'_>> {
        let place = finding.primary.as_ref()?.span;
        let same = self.before.findings.iter().find(|one| one.fingerprint == finding.fingerprint);
        let about: BTreeSet<_> = Keys::default().of(&self.after, finding).into_iter().collect();
        let mut keys = Keys::default();
        let mut alike = |one: &&Finding| {
            one.rule == finding.rule && keys.of(&self.before, one).iter().any(|endpoint| about.contains(endpoint))
        };
        let known = same.or_else(|| self.before.findings.iter().find(|one| alike(one)));
        match known.and_then(|one| one.primary.as_ref()) {
            Some(label) => Some(self.as_it_is(label.span)),
            None => Some(self.line_of(place)),
        }
    }

    /// Where a finding of `before` lies.
    pub fn place(&self, finding: &Finding) -> Option<Spot<'_>> {
        finding.primary.as_ref().map(|label| self.as_it_is(label.span))
    }

    /// The problems that stay, as they are in the files now.
    pub fn problems_left(&self) -> Vec<(&Problem, Option<Spot<'_>>)> {
        let mut old: Vec<&Problem> = self.before.all_problems().collect();
        let mut left = Vec::new();
        for problem in self.after.all_problems() {
            match old.iter().position(|one| one.message == problem.message) {
                Some(at) => {
                    let problem = old.remove(at);
                    left.push((problem, problem.span.map(|span| self.as_it_is(span))));
                }
                None => left.push((problem, problem.span.map(|span| self.line_of(span)))),
            }
        }
        left
    }

    /// A place of the audit before.
    fn as_it_is(&self, span: Span) -> Spot<'_> {
        let at = self.before.sources.line_column(span);
        Spot { path: self.before.sources.file(span.file).path(), line: at.line, column: at.column }
    }

    /// The line that a line of the planned text comes from; of a new one the line before it.
    fn line_of(&self, span: Span) -> Spot<'_> {
        let file = self.after.sources.file(span.file);
        let at = self.after.sources.line_column(span);
        let new = Spot { path: file.path(), line: at.line, column: at.column };
        let old = self.before.sources.find(file.path()).map(|old| self.before.sources.file(old));
        let Some(old) = old.filter(|old| old.bytes() != file.bytes()) else { return new };
        let wanted = at.line.saturating_sub(1) as usize;
        let diff = TextDiff::from_lines(old.bytes(), file.bytes());
        let line = diff.ops().iter().find_map(|op| {
            let range = op.new_range();
            let inside = wanted.checked_sub(range.start).filter(|_| range.contains(&wanted))?;
            Some(match op {
                DiffOp::Equal { old_index, .. } => old_index + inside,
                DiffOp::Insert { old_index, .. } => old_index.saturating_sub(1),
                DiffOp::Replace { old_index, old_len, .. } => old_index + inside.min(old_len.saturating_sub(1)),
                DiffOp::Delete { old_index, .. } => *old_index,
            })
        });
        let line = line.map_or(at.line, |line| u32::try_from(line + 1).unwrap_or(u32::MAX));
        Spot { line, ..new }
    }
}
