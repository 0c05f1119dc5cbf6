//! No directive sets the versions: they change with the next upgrade of the server.

use super::{Check, Rule, Subject, group};
use crate::endpoint::ReasonKind;
use crate::finding::{Finding, RuleId, Standing, Verdict};

/// The rule; its page is docs/rules/implicit-default.md.
pub(super) const RULE: Rule =
    Rule { id: ID, page: include_str!("../../docs/rules/implicit-default.md"), check: Check::Instance(check) };
const ID: RuleId = RuleId("implicit-default");

fn check(subject: Subject<'_>) -> Vec<Finding> {
    let groups = group::decided(subject, |endpoint| {
        let answer = &endpoint.answer;
        let default = answer.configured.because.iter().any(|r| r.kind == ReasonKind::Default);
        (default && answer.deciders.is_empty()).then_some(answer.configured.value)
    });
    let Subject { index, policy, .. } = subject;
    let finding = |(versions, group): (_, group::Group<'_>)| {
        Some(Finding {
            rule: ID,
            fingerprint: String::new(),
            standing: Standing::Open,
            severity: policy.severity(ID.0, Verdict::Shadowed, versions)?,
            verdict: Verdict::Shadowed,
            instance: Some(index),
            endpoints: group.endpoints.clone(),
            versions,
            message: format!("the versions are left to the built-in default ({versions})"),
            primary: group::server(group.answer),
            related: Vec::new(),
            notes: group::default_notes(group.answer),
            changes: group::changes(subject, &group),
            fix: None,
            help: None,
        })
    };
    groups.into_iter().filter_map(finding).collect()
}
