//! A version that the policy recommends is not given.

use super::{Check, Subject, group};
use crate::catalog::RECOMMENDED_VERSION;
use crate::edit::Change;
use crate::finding::{Finding, Verdict};
use crate::tls::VersionSet;

/// What finds it.
pub(super) const CHECK: Check = Check::Instance(check);

fn check(subject: Subject<'_>) -> Vec<Finding> {
    let groups = group::decided(subject, RECOMMENDED_VERSION, |_, endpoint, demand| {
        let lacking = group::carried(endpoint.transport, demand.recommend).minus(endpoint.answer.offered());
        (!lacking.is_empty()).then_some(lacking)
    });
    groups.into_iter().filter_map(|(lacking, group)| finding(subject, lacking, &group)).collect()
}

fn finding(subject: Subject<'_>, lacking: VersionSet, group: &group::Group<'_>) -> Option<Finding> {
    let weight = group.weigh(subject, RECOMMENDED_VERSION, Verdict::Missing, lacking)?;
    let ability = &subject.instance.ability;
    let (possible, impossible) = (lacking.and(ability.versions), lacking.minus(ability.versions));
    let writable = possible.minus(group.answer.configured.value);
    let help = if !impossible.is_empty() {
        let needs: Vec<&str> = impossible.iter().filter_map(|v| ability.needs.get(&v)).map(String::as_str).collect();
        Some(format!("{} needs {}", impossible.listed(), needs.join(", ")))
    } else if writable.is_empty() {
        Some("it is configured: look at the cipher list, the security level and the kind of key".to_owned())
    } else {
        None
    };
    let changes = if writable.is_empty() { Vec::new() } else { changes(subject, group, writable) };
    let (primary, mut related) = group::labels(subject, group.deciders, "");
    related.extend(group::hops(group.answer));
    related.extend(group.demand.recommend_label(subject.demands.text, lacking));
    let mut notes = if group.deciders.is_empty() { group::default_notes(group.answer) } else { Vec::new() };
    notes.extend(weight.note);
    Some(Finding {
        standing: group.standing(subject),
        instance: Some(subject.index),
        endpoints: group.endpoints.clone(),
        versions: lacking,
        primary: primary.or_else(|| group::server(group.answer)),
        related,
        notes,
        changes,
        help,
        ..Finding::new(
            RECOMMENDED_VERSION,
            Verdict::Compliant,
            weight.severity,
            format!("{} {} recommended and not offered", lacking.listed(), group::be(lacking)),
        )
    })
}

/// The changes that comply with what is demanded, with what is recommended besides.
fn changes(subject: Subject<'_>, group: &group::Group<'_>, recommended: VersionSet) -> Vec<Change> {
    let mut changes = group::changes(subject, group, RECOMMENDED_VERSION);
    for change in &mut changes {
        match change {
            Change::Adjust { add, .. } => *add = add.union(recommended),
            Change::Declare { versions, .. } => *versions = versions.union(recommended),
        }
    }
    changes
}
