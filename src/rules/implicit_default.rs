//! No directive sets the versions: they change with the next upgrade of the server.

use super::{Check, Subject, group};
use crate::catalog::IMPLICIT_DEFAULT;
use crate::endpoint::ReasonKind;
use crate::finding::{Finding, Verdict};

/// What finds it.
pub(super) const CHECK: Check = Check::Instance(check);

fn check(subject: Subject<'_>) -> Vec<Finding> {
    let groups = group::decided(subject, IMPLICIT_DEFAULT, |_, endpoint, _| {
        let answer = &endpoint.answer;
        let default = answer.configured.because.iter().any(|r| r.kind == ReasonKind::Default);
        (default && answer.deciders.is_empty()).then_some(answer.configured.value)
    });
    let finding = |(versions, group): (_, group::Group<'_>)| {
        let weight = group.weigh(subject, IMPLICIT_DEFAULT, Verdict::Shadowed, versions)?;
        let mut notes = group::default_notes(group.answer);
        notes.extend(weight.note);
        Some(Finding {
            standing: group.standing(subject),
            instance: Some(subject.index),
            endpoints: group.endpoints.clone(),
            versions,
            primary: group::server(group.answer),
            notes,
            changes: group::changes(subject, &group, IMPLICIT_DEFAULT),
            ..Finding::new(
                IMPLICIT_DEFAULT,
                Verdict::Shadowed,
                weight.severity,
                format!("the versions are left to the built-in default ({versions})"),
            )
        })
    };
    groups.into_iter().filter_map(finding).collect()
}
