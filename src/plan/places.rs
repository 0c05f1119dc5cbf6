//! Where something that the audit of the plan finds lies in the files as they are: the user has no others.

use super::Plan;
use super::compare::{Key, Keys};
use crate::finding::{Finding, RuleId};
use crate::instance::Problem;
use crate::source::{FileId, Span};
use similar::{DiffOp, TextDiff};
use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::rc::Rc;

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

/// Looks up where things lie, for thousands of findings: what is asked for each of them is worked out once.
pub struct Places<'p> {
    plan: &'p Plan,
    /// The findings before the plan, by fingerprint: the first one of each.
    by_fingerprint: HashMap<&'p str, &'p Finding>,
    /// The first finding before the plan of each rule at each endpoint.
    by_endpoint: OnceCell<HashMap<(RuleId, Key), &'p Finding>>,
    /// The endpoints of the planned configurations.
    keys: RefCell<Keys>,
    /// How each planned file differs from the one that is there.
    differences: RefCell<HashMap<FileId, Rc<[DiffOp]>>>,
}

impl<'p> Places<'p> {
    /// Those of a plan.
    pub fn of(plan: &'p Plan) -> Places<'p> {
        let mut by_fingerprint = HashMap::new();
        for finding in &plan.before.findings {
            by_fingerprint.entry(finding.fingerprint.as_str()).or_insert(finding);
        }
        Places {
            plan,
            by_fingerprint,
            by_endpoint: OnceCell::new(),
            keys: RefCell::default(),
            differences: RefCell::default(),
        }
    }

    /// Where a finding of `after` lies now: where the same finding lies before the plan, else where its line is.
    pub fn spot(&self, finding: &Finding) -> Option<Spot<'p>> {
        let place = finding.primary.as_ref()?.span;
        let same = self.by_fingerprint.get(finding.fingerprint.as_str()).copied();
        match same.or_else(|| self.alike(finding)).and_then(|one| one.primary.as_ref()) {
            Some(label) => Some(self.as_it_is(label.span)),
            None => Some(self.line_of(place)),
        }
    }

    /// A finding of the same rule about one of the same endpoints, before the plan.
    fn alike(&self, finding: &Finding) -> Option<&'p Finding> {
        let known = self.by_endpoint.get_or_init(|| {
            let (mut keys, mut known) = (Keys::default(), HashMap::new());
            for one in &self.plan.before.findings {
                for key in keys.of(&self.plan.before, one) {
                    known.entry((one.rule, key)).or_insert(one);
                }
            }
            known
        });
        let about = self.keys.borrow_mut().of(&self.plan.after, finding);
        about.into_iter().find_map(|key| known.get(&(finding.rule, key)).copied())
    }

    /// Where a finding of `before` lies.
    pub fn place(&self, finding: &Finding) -> Option<Spot<'p>> {
        finding.primary.as_ref().map(|label| self.as_it_is(label.span))
    }

    /// The problems that stay, as they are in the files now.
    pub fn problems_left(&self) -> Vec<(&'p Problem, Option<Spot<'p>>)> {
        let mut old: HashMap<&str, VecDeque<&Problem>> = HashMap::new();
        for problem in self.plan.before.all_problems() {
            old.entry(&problem.message).or_default().push_back(problem);
        }
        let mut left = Vec::new();
        for problem in self.plan.after.all_problems() {
            match old.get_mut(problem.message.as_str()).and_then(VecDeque::pop_front) {
                Some(problem) => left.push((problem, problem.span.map(|span| self.as_it_is(span)))),
                None => left.push((problem, problem.span.map(|span| self.line_of(span)))),
            }
        }
        left
    }

    /// A place of the audit before.
    fn as_it_is(&self, span: Span) -> Spot<'p> {
        let sources = &self.plan.before.sources;
        let at = sources.line_column(span);
        Spot { path: sources.file(span.file).path(), line: at.line, column: at.column }
    }

    /// The line that a line of the planned text comes from; of a new one the line before it.
    fn line_of(&self, span: Span) -> Spot<'p> {
        let (before, after) = (&self.plan.before.sources, &self.plan.after.sources);
        let file = after.file(span.file);
        let at = after.line_column(span);
        let new = Spot { path: file.path(), line: at.line, column: at.column };
        let old = before.find(file.path()).map(|old| before.file(old));
        let Some(old) = old.filter(|old| old.bytes() != file.bytes()) else { return new };
        let wanted = at.line.saturating_sub(1) as usize;
        let mut known = self.differences.borrow_mut();
        let known = known.entry(span.file);
        let operations = known.or_insert_with(|| TextDiff::from_lines(old.bytes(), file.bytes()).ops().into());
        // They are in the order of the lines.
        let first = operations.partition_point(|op| op.new_range().end <= wanted);
        let line = operations[first..].iter().find_map(|op| {
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
