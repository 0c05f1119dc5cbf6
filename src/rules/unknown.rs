//! Something that could not be decided.

use super::{Check, Rule, Subject, group};
use crate::endpoint::{Speaks, Unknown};
use crate::finding::{Finding, Label, RuleId, Standing, Verdict};
use std::collections::BTreeMap;

/// The rule; its page is docs/rules/unknown.md.
pub(super) const RULE: Rule =
    Rule { id: ID, page: include_str!("../../docs/rules/unknown.md"), check: Check::Instance(check) };
const ID: RuleId = RuleId("unknown");

fn check(subject: Subject<'_>) -> Vec<Finding> {
    let mut by_question: BTreeMap<&Unknown, Vec<usize>> = BTreeMap::new();
    for unknown in &subject.instance.unknown {
        by_question.entry(unknown).or_default();
    }
    for (index, endpoint) in subject.instance.endpoints.iter().enumerate() {
        for unknown in &endpoint.answer.unknown {
            by_question.entry(unknown).or_default().push(index);
        }
    }
    by_question.into_iter().filter_map(|(unknown, endpoints)| finding(subject, unknown, endpoints)).collect()
}

fn finding(subject: Subject<'_>, unknown: &Unknown, endpoints: Vec<usize>) -> Option<Finding> {
    let Subject { index, instance, policy } = subject;
    let first = endpoints.first().map(|e| &instance.endpoints[*e]);
    let versions = first.map_or_else(Default::default, |e| e.answer.configured.value);
    let complies = versions.and(policy.forbid).is_empty() && policy.require.is_subset(versions);
    let changes = match first {
        // What is written down complies with whatever is not known; what is not written down is the question.
        Some(first) if first.answer.speaks == Speaks::Tls && (!complies || first.answer.deciders.is_empty()) => {
            let group = group::Group {
                endpoints: endpoints.clone(),
                answer: &first.answer,
                role: first.role,
                deciders: &first.answer.deciders,
            };
            group::changes(subject, &group)
        }
        _ => Vec::new(),
    };
    Some(Finding {
        rule: ID,
        fingerprint: String::new(),
        standing: Standing::Open,
        severity: policy.severity(ID.0, Verdict::Unknown, versions)?,
        verdict: Verdict::Unknown,
        instance: Some(index),
        endpoints,
        versions,
        message: unknown.what.clone(),
        primary: unknown.span.map(|span| Label { span, text: String::new() }),
        related: Vec::new(),
        notes: Vec::new(),
        changes,
        fix: None,
        help: Some(unknown.help.clone()),
    })
}
