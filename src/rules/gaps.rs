//! What an audit could not read or decide: there may be what a waiver is about, without a finding that shows it.

use super::waivers::{Reach, Waiver};
use crate::instance::{Instance, Problem};
use crate::source::SourceMap;

/// What is missing of the host and of each instance, in words; none: nothing is.
pub struct Gaps {
    host: Option<String>,
    instances: Vec<(&'static str, Option<String>)>,
}

impl Gaps {
    /// The gaps of an audit. `problems` are those that are of no instance.
    pub fn new<'i>(problems: &[Problem], instances: impl Iterator<Item = &'i Instance>, sources: &SourceMap) -> Gaps {
        let first = |problems: &[Problem]| {
            problems.iter().find(|problem| !is_about_keys(problem, sources)).map(|problem| problem.message.clone())
        };
        let of = |instance: &Instance| {
            let left_out = || instance.left_out.first().map(|path| format!("{} is not read", path.display()));
            let unknown = || instance.unknown.first().map(|unknown| unknown.what.clone());
            (instance.service.0, first(&instance.problems).or_else(left_out).or_else(unknown))
        };
        Gaps { host: first(problems), instances: instances.map(of).collect() }
    }

    /// What is missing where a waiver might cover something.
    pub(super) fn of(&self, waiver: &Waiver) -> Option<&str> {
        let gap = match &waiver.reach {
            Reach::Lines(_) => waiver.instance.and_then(|at| self.instances.get(at)?.1.as_ref()),
            Reach::Scope(scope) => {
                let mut meant = self.instances.iter().filter(|(service, _)| scope.may_mean(service));
                self.host.as_ref().or_else(|| meant.find_map(|(_, gap)| gap.as_ref()))
            }
        };
        gap.map(String::as_str)
    }
}

/// Is it about a file of keys or certificates? Those decide no versions that a finding could be about.
fn is_about_keys(problem: &Problem, sources: &SourceMap) -> bool {
    let directive = problem.span.map(|span| sources.text(span));
    let name = directive.and_then(|text| text.split(u8::is_ascii_whitespace).next()).unwrap_or_default();
    name.to_ascii_lowercase().windows(11).any(|word| word == b"certificate")
}
