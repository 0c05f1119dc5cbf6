//! A comment for this program that is not understood.

use super::{Check, Gaps, Rule, Waivers};
use crate::finding::{Finding, Label, RuleId, Standing, Verdict};
use crate::policy::Demand;
use crate::tls::VersionSet;

/// The rule; its page is docs/rules/invalid-waiver.md.
pub(super) const RULE: Rule =
    Rule { id: ID, page: include_str!("../../docs/rules/invalid-waiver.md"), check: Check::Waivers(check) };
const ID: RuleId = RuleId("invalid-waiver");

fn check(waivers: &Waivers<'_>, _: &Gaps, demand: &Demand) -> Vec<Finding> {
    let Some(severity) = demand.severity(ID.0, Verdict::Shadowed, VersionSet::EMPTY) else { return Vec::new() };
    let finding = |invalid: &super::Invalid| Finding {
        rule: ID,
        fingerprint: String::new(),
        known_as: String::new(),
        standing: Standing::Open,
        severity,
        verdict: Verdict::Shadowed,
        instance: Some(invalid.instance),
        endpoints: Vec::new(),
        versions: VersionSet::EMPTY,
        message: "this comment waives nothing".to_owned(),
        primary: Some(Label { span: invalid.span, text: String::new() }),
        related: Vec::new(),
        notes: Vec::new(),
        changes: Vec::new(),
        fix: None,
        help: Some(invalid.message.clone()),
    };
    waivers.invalid.iter().map(finding).collect()
}
