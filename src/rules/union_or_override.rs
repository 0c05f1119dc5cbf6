//! A directive that does something else than it looks like: a repeated line that adds, a bare name that replaces.

use super::waivers::Said;
use super::{Check, Rule, Subject, group};
use crate::endpoint::SettingId;
use crate::finding::{Finding, Label, RuleId, Verdict};
use crate::instance::Setting;

/// The rule; its page is docs/rules/union-or-override.md.
pub(super) const RULE: Rule =
    Rule { id: ID, page: include_str!("../../docs/rules/union-or-override.md"), check: Check::Instance(check) };
const ID: RuleId = RuleId("union-or-override");

fn check(subject: Subject<'_>) -> Vec<Finding> {
    let settings = subject.instance.settings.iter().enumerate();
    settings.filter_map(|(id, setting)| finding(subject, SettingId(id as u32), setting)).collect()
}

fn finding(subject: Subject<'_>, id: SettingId, setting: &Setting) -> Option<Finding> {
    let Subject { index, instance, .. } = subject;
    let demand = subject.demands.of_setting(id);
    let trap = setting.trap.as_ref()?;
    let unexpected = trap.gives.minus(trap.looks).and(demand.forbid);
    let lost = trap.looks.minus(trap.gives).and(demand.require);
    if setting.dead.is_some() || (unexpected.is_empty() && lost.is_empty()) {
        return None;
    }
    // The other lines of a union are settings too; each is mended at its own place.
    let others = trap
        .related
        .iter()
        .filter_map(|(span, _)| instance.settings.iter().position(|s| s.span == *span).map(|at| SettingId(at as u32)));
    let changes = std::iter::once(id).chain(others);
    let gives = if trap.related.is_empty() { "this gives" } else { "together this gives" };
    // First, since a waiver of what the policy turns off is not used.
    let severity = demand.severity(ID.0, Verdict::Shadowed, trap.gives)?;
    Some(Finding {
        rule: ID,
        fingerprint: String::new(),
        standing: subject.waivers.standing(&subject.waivers.of_setting(
            Said { rule: ID, versions: unexpected.union(lost) },
            instance,
            setting,
        )),
        severity,
        verdict: Verdict::Shadowed,
        instance: Some(index),
        endpoints: Vec::new(),
        versions: unexpected.union(lost),
        message: trap.message.clone(),
        primary: Some(Label { span: setting.value, text: format!("{gives} {}", trap.gives) }),
        related: trap.related.iter().map(|(span, text)| Label { span: *span, text: text.clone() }).collect(),
        notes: Vec::new(),
        changes: changes.map(|setting| group::adjust(subject, demand, setting)).collect(),
        fix: None,
        help: None,
    })
}
