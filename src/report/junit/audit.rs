//! An audit: a suite is an instance, a case an endpoint.

use super::{Case, End, Suite, alone, of_issues, plain};
use crate::endpoint::{Endpoint, Speaks};
use crate::finding::Verdict;
use crate::report::issue::{Issue, by_subject, of_audit};
use crate::report::{AuditView, snippet};
use std::collections::BTreeMap;

/// Why nothing is said of an endpoint that can't be decided.
const OFF: &str = "can't be decided, and the policy turns the rule unknown off";
/// Why an endpoint can't be decided of which nothing else is said.
const UNREAD: &str = "can't be decided: not all files of the configuration could be read";

pub(super) fn suites(view: &AuditView<'_>) -> Vec<Suite> {
    let issues = of_audit(view);
    let by_instance = by_subject(&issues);
    let mut suites = Vec::new();
    for (index, instance) in view.instances.iter().enumerate() {
        let name = format!("{} {}", instance.service, view.frame.texts.paths.show(&instance.main));
        let mut about: Vec<Vec<&Issue<'_>>> = vec![Vec::new(); instance.endpoints.len()];
        let mut rest = Vec::new();
        for issue in by_instance.get(&index).into_iter().flatten().copied() {
            let endpoints = issue.finding.map_or(&[][..], |finding| &finding.endpoints);
            if endpoints.is_empty() {
                rest.push(issue);
            }
            for at in endpoints {
                about[*at].push(issue);
            }
        }
        let class = instance.service.0;
        let names = names(view, &instance.endpoints);
        let mut cases: Vec<Case> = Vec::new();
        for (at, endpoint) in instance.endpoints.iter().enumerate() {
            if endpoint.answer.speaks != Speaks::Plaintext {
                // A file that can't be read counts for the exit status, whatever the policy says.
                let silent = if instance.is_partial() { (End::Error, UNREAD) } else { (End::Skipped, OFF) };
                let unknown = (view.verdict(index, at) == Verdict::Unknown).then_some(silent);
                cases.push(of_endpoint(class, plain(&names[at]), &about[at], unknown));
            }
        }
        cases.extend(rest.iter().map(|issue| alone(class, issue)));
        suites.push(Suite { name: plain(&name), cases });
    }
    let others: Vec<Case> =
        issues.iter().filter(|issue| issue.subject.is_none()).map(|issue| alone("tlsmend", issue)).collect();
    if !others.is_empty() {
        suites.push(Suite { name: "host".to_owned(), cases: others });
    }
    suites
}

/// A name for each endpoint. Where several places connect to one address, each is told by its place.
fn names(view: &AuditView<'_>, endpoints: &[Endpoint]) -> Vec<String> {
    let names: Vec<String> = endpoints.iter().map(snippet::endpoint).collect();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &names {
        *count.entry(name).or_default() += 1;
    }
    let full = |(name, endpoint): (&String, &Endpoint)| match endpoint.origin() {
        Some(span) if count.get(name.as_str()).is_some_and(|count| *count > 1) => {
            format!("{name} at {}", view.frame.texts.paths.spot(view.frame.texts.sources, span))
        }
        _ => name.clone(),
    };
    names.iter().zip(endpoints).map(full).collect()
}

/// A case for an endpoint. What could not be decided of it is an error as far as it counts for the exit status. `unknown`: it
/// can't be decided, and this is how the case ends if no issue says why.
fn of_endpoint(class: &str, name: String, issues: &[&Issue<'_>], unknown: Option<(End, &str)>) -> Case {
    let counts = unknown.is_some() && issues.iter().any(|issue| issue.is_undecided() && issue.excuse.is_none());
    let case = of_issues(class, name, issues, counts);
    match unknown.filter(|_| !issues.iter().any(|issue| issue.is_undecided())) {
        Some((end, message)) if case.end == End::Passed => Case { end, message: message.to_owned(), ..case },
        _ => case,
    }
}
