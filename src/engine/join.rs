//! One finding for one line: what its versions have too much and what they lack, with the one fix that ends both.
//!
//! The rules look for versions one by one, since each has a severity and waivers of its own. What they find at one line is
//! told together where one and the same edit mends it; where the edits differ, a person has to choose, and sees each.

use crate::catalog::OF_VERSIONS;
use crate::edit::Fix;
use crate::endpoint::Role;
use crate::finding::Finding;
use crate::rules::{Subject, in_one_sentence};
use crate::source::Span;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

/// What findings that are told together share.
#[derive(PartialEq, Eq, Hash)]
struct Shared {
    line: Span,
    role: Option<Role>,
    fix: Option<Fix>,
    help: Option<String>,
}

/// Joins the findings of one instance about the versions of one line.
pub(super) fn join(subject: Subject<'_>, findings: Vec<Finding>) -> Vec<Finding> {
    let mut joined: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut known: HashMap<Shared, Vec<usize>> = HashMap::new();
    for finding in findings {
        let Some(shared) = shared(subject, &finding) else {
            joined.push(finding);
            continue;
        };
        let same = known.entry(shared).or_default();
        // Two of one rule are about different endpoints of which different things are demanded.
        match same.iter().copied().find(|at| joined[*at].aspects().all(|aspect| aspect.rule != finding.rule)) {
            Some(at) => add(&mut joined[at], finding),
            None => {
                same.push(joined.len());
                joined.push(finding);
            }
        }
    }
    joined
}

fn shared(subject: Subject<'_>, finding: &Finding) -> Option<Shared> {
    if !finding.is_open() || !OF_VERSIONS.contains(&finding.rule) || !subject.selects(finding.rule) {
        return None;
    }
    let first = finding.endpoints.first().and_then(|at| subject.instance.endpoints.get(*at));
    Some(Shared {
        line: finding.primary.as_ref()?.span,
        role: first.map(|endpoint| endpoint.role),
        fix: finding.fix.clone(),
        help: finding.help.clone(),
    })
}

/// Adds a finding to another one. The worse one gives the rule.
fn add(lead: &mut Finding, mut other: Finding) {
    let rank = |one: &Finding| {
        let place = OF_VERSIONS.iter().position(|rule| *rule == one.rule);
        (one.severity, one.verdict, Reverse(place))
    };
    if rank(lead) < rank(&other) {
        std::mem::swap(lead, &mut other);
    }
    note_endpoints(lead, &other);
    lead.message = in_one_sentence(&lead.message, &other.message)
        .unwrap_or_else(|| format!("{}; {}", lead.message, other.message));
    lead.also.extend(other.aspects());
    lead.endpoints.extend(other.endpoints);
    lead.endpoints.sort_unstable();
    lead.endpoints.dedup();
    extend(&mut lead.related, other.related);
    extend(&mut lead.notes, other.notes);
    extend(&mut lead.changes, other.changes);
}

/// Says where a part of what is told together does not hold.
fn note_endpoints(lead: &mut Finding, other: &Finding) {
    let all: BTreeSet<usize> = lead.endpoints.iter().chain(&other.endpoints).copied().collect();
    let notes: Vec<String> = [&*lead, other]
        .into_iter()
        .filter(|one| one.endpoints.len() < all.len())
        .map(|one| format!("{} at {} of these {} endpoints", one.message, one.endpoints.len(), all.len()))
        .collect();
    lead.notes.extend(notes);
}

/// Adds what is not there yet.
fn extend<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}
