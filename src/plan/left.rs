//! What a patch leaves of findings for which it changes something: a line that complies by itself may still decide nothing, and
//! one that others need keeps a version.

use super::Plan;
use crate::engine::Audit;
use crate::finding::{Aspect, Finding};
use crate::instance::ServiceId;
use crate::source::Span;
use std::collections::HashMap;
use std::path::Path;

/// A line about versions, before the patch and after it: of the lines of an instance, a file and a directive the one of that
/// number, and how many there are.
type Line<'a> = (ServiceId, &'a Path, &'a Path, &'a str, usize, usize);

/// The findings before a patch and after it, by their lines.
pub struct Left<'p> {
    plan: &'p Plan,
    lines: Lines<'p>,
    before: HashMap<Line<'p>, Vec<&'p Finding>>,
    after: HashMap<Line<'p>, Vec<&'p Finding>>,
    /// Those after it, by their fingerprints: what is still said as it was, of whatever.
    same: HashMap<&'p str, &'p Finding>,
}

/// The lines of an audit, by instance and by what they point at.
struct Lines<'a>(HashMap<(usize, Span), Line<'a>>);

impl<'a> Lines<'a> {
    fn of(audit: &'a Audit) -> Lines<'a> {
        let mut lines = HashMap::new();
        for (index, instance) in audit.instances().enumerate() {
            let mut all: Vec<(&Path, &str, Span)> = Vec::with_capacity(instance.settings.len());
            for setting in &instance.settings {
                all.push((audit.sources.file(setting.value.file).path(), &*setting.name, setting.value));
            }
            all.sort_unstable();
            all.dedup();
            for same in all.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
                for (number, (file, name, span)) in same.iter().enumerate() {
                    let line = (instance.service, &*instance.main, *file, *name, number, same.len());
                    lines.insert((index, *span), line);
                }
            }
        }
        Lines(lines)
    }

    fn find(&self, finding: &Finding) -> Option<Line<'a>> {
        self.0.get(&(finding.instance?, finding.primary.as_ref()?.span)).copied()
    }

    fn sort<'f>(&self, findings: impl Iterator<Item = &'f Finding>) -> HashMap<Line<'a>, Vec<&'f Finding>> {
        let mut sorted: HashMap<Line<'a>, Vec<&Finding>> = HashMap::new();
        for finding in findings {
            if let Some(line) = self.find(finding) {
                sorted.entry(line).or_default().push(finding);
            }
        }
        sorted
    }
}

impl<'p> Left<'p> {
    /// What a plan leaves.
    pub fn of(plan: &'p Plan) -> Left<'p> {
        let lines = Lines::of(&plan.before);
        let before = lines.sort(plan.before.findings.iter());
        let open = || plan.after.findings.iter().filter(|one| one.is_open());
        let after = Lines::of(&plan.after).sort(open());
        let same = open().map(|one| (&*one.fingerprint, one)).collect();
        Left { plan, lines, before, after, same }
    }

    /// What is left of a finding of the audit before: what one of its rules says of the same line then, unless something else
    /// said it already.
    pub fn by(&self, finding: &Finding) -> Option<&'p Finding> {
        if !finding.is_in_patch() || self.plan.contents.is_empty() {
            return None;
        }
        if let Some(same) = self.same.get(&*finding.fingerprint) {
            return Some(same);
        }
        let line = self.lines.find(finding)?;
        let others = || self.before.get(&line).into_iter().flatten().filter(|one| !std::ptr::eq(**one, finding));
        let says = |one: &Finding, said: Aspect| {
            one.aspects().any(|aspect| {
                (aspect.rule, aspect.verdict, aspect.versions) == (said.rule, said.verdict, said.versions)
            })
        };
        let is_of = |said: Aspect| finding.aspects().any(|aspect| aspect.rule == said.rule);
        let is_new = |said: Aspect| is_of(said) && !others().any(|one| says(one, said));
        self.after.get(&line)?.iter().find(|left| left.aspects().any(is_new)).copied()
    }
}
