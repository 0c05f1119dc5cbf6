//! No directive sets the versions: they change with the next upgrade of the server.

use super::{Check, Rule, Subject, group};
use crate::endpoint::ReasonKind;
use crate::finding::{Finding, RuleId, Verdict};

/// The rule; its page is docs/rules/implicit-default.md.
pub(super) const RULE: Rule =
    Rule { id: ID, page: include_str!("../../docs/rules/implicit-default.md"), check: Check::Instance(check) };
const ID: RuleId = RuleId("implicit-default");

fn check(subject: Subject<'_>) -> Vec<Finding> {
    let groups = group::decided(subject, ID, |endpoint, _| {
        let answer = &endpoint.answer;
        let default = answer.configured.because.iter().any(|r| r.kind == ReasonKind::Default);
        (default && answer.deciders.is_empty()).then_some(answer.configured.value)
    });
    let finding = |(versions, group): (_, group::Group<'_>)| {
        let weight = group.weigh(subject, ID, Verdict::Shadowed, versions)?;
        let mut notes = group::default_notes(group.answer);
        notes.extend(weight.note);
        Some(Finding {
            standing: group.standing(subject),
            instance: Some(subject.index),
            endpoints: group.endpoints.clone(),
            versions,
            primary: group::server(group.answer),
            notes,
            changes: group::changes(subject, &group, ID),
            ..Finding::new(
                ID,
                Verdict::Shadowed,
                weight.severity,
                format!("the versions are left to the built-in default ({versions})"),
            )
        })
    };
    groups.into_iter().filter_map(finding).collect()
}
