//! A comment for this program that is not understood.

use super::{Check, Gaps, Rule, Waivers};
use crate::finding::{Finding, Label, RuleId, Verdict};
use crate::policy::Demand;
use crate::tls::VersionSet;

/// The rule; its page is docs/rules/invalid-waiver.md.
pub(super) const RULE: Rule =
    Rule { id: ID, page: include_str!("../../docs/rules/invalid-waiver.md"), check: Check::Waivers(check) };
const ID: RuleId = RuleId("invalid-waiver");

fn check(waivers: &Waivers<'_>, _: &Gaps, demand: &Demand) -> Vec<Finding> {
    let Some(severity) = demand.severity(ID.0, Verdict::Shadowed, VersionSet::EMPTY) else { return Vec::new() };
    let finding = |invalid: &super::Invalid| Finding {
        instance: Some(invalid.instance),
        primary: Some(Label { span: invalid.span, text: String::new() }),
        help: Some(invalid.message.clone()),
        ..Finding::new(ID, Verdict::Shadowed, severity, "this comment waives nothing")
    };
    waivers.invalid.iter().map(finding).collect()
}
