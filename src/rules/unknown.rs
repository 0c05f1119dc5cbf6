//! Something that could not be decided.

use super::waivers::{Covering, Said};
use super::{Check, Subject, group};
use crate::catalog::UNKNOWN;
use crate::endpoint::{Speaks, Unknown};
use crate::finding::{Finding, Label, Verdict};
use crate::tls::VersionSet;
use std::collections::{BTreeMap, BTreeSet};

/// What finds it.
pub(super) const CHECK: Check = Check::Instance(check);
/// What is not known is about no version in particular.
const SAID: Said = Said { rule: UNKNOWN, versions: VersionSet::ALL };

/// What is not known, the number of what is demanded there, and the waivers that count.
type Question<'a> = (&'a Unknown, usize, Vec<usize>);

fn check(subject: Subject<'_>) -> Vec<Finding> {
    let Subject { instance, waivers, .. } = subject;
    // By the question, by what is demanded, and by the waivers that count.
    let mut by_question: BTreeMap<Question<'_>, (Covering, Vec<usize>)> = BTreeMap::new();
    for (index, endpoint) in instance.endpoints.iter().enumerate() {
        for unknown in &endpoint.answer.unknown {
            let covering = waivers.of_endpoint(SAID, instance, index, &[], unknown.span);
            let key = (unknown, subject.demands.number(index), covering.counting().to_vec());
            let (waivers, endpoints) = by_question.entry(key).or_insert_with(|| (covering.clone(), Vec::new()));
            waivers.join(covering);
            endpoints.push(index);
        }
    }
    let asked: BTreeSet<&Unknown> = by_question.keys().map(|(unknown, ..)| *unknown).collect();
    for unknown in &instance.unknown {
        if !asked.contains(unknown) {
            let covering = waivers.of_place(SAID, instance, unknown.span);
            by_question.insert((unknown, 0, covering.counting().to_vec()), (covering, Vec::new()));
        }
    }
    let found = by_question.into_iter();
    found.filter_map(|((unknown, ..), (covering, at))| finding(subject, unknown, &covering, at)).collect()
}

fn finding(subject: Subject<'_>, unknown: &Unknown, covering: &Covering, endpoints: Vec<usize>) -> Option<Finding> {
    let Subject { index, instance, demands, waivers, .. } = subject;
    let first = endpoints.first().map(|e| &instance.endpoints[*e]);
    let demand = endpoints.first().map_or(demands.base(), |e| demands.of_endpoint(*e));
    let versions = first.map_or_else(Default::default, |e| e.answer.configured.value);
    let complies = versions.and(demand.forbid).is_empty() && demand.require.is_subset(versions);
    let Some(weight) = subject.weigh(demand, UNKNOWN.0, Verdict::Unknown, versions, &endpoints) else {
        waivers.pass_over(covering);
        return None;
    };
    let changes = match first {
        // What is written down complies with whatever is not known; what is not written down is the question.
        Some(first) if first.answer.speaks == Speaks::Tls && (!complies || first.answer.deciders.is_empty()) => {
            let group = group::Group {
                endpoints: endpoints.clone(),
                answer: &first.answer,
                role: first.role,
                deciders: &first.answer.deciders,
                demand,
                waivers: Covering::default(),
            };
            group::changes(subject, &group, UNKNOWN)
        }
        _ => Vec::new(),
    };
    Some(Finding {
        standing: waivers.standing(covering),
        instance: Some(index),
        endpoints,
        versions,
        topic: Some(unknown.topic.clone()),
        primary: unknown.span.map(|span| Label { span, text: String::new() }),
        notes: weight.note.into_iter().collect(),
        changes,
        help: Some(unknown.help.clone()),
        ..Finding::new(UNKNOWN, Verdict::Unknown, weight.severity, unknown.what.clone())
    })
}
