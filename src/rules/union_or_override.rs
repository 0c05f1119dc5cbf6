//! A directive that does something else than it looks like: a repeated line that adds, a bare name that replaces.

use super::aim::Aim;
use super::waivers::Said;
use super::{Check, Subject, group};
use crate::catalog::UNION_OR_OVERRIDE;
use crate::endpoint::SettingId;
use crate::finding::{Finding, Label, Verdict};
use crate::instance::Setting;
use crate::source::Span;
use std::collections::HashMap;

/// What finds it.
pub(super) const CHECK: Check = Check::Instance(check);

fn check(subject: Subject<'_>) -> Vec<Finding> {
    let settings = || subject.instance.settings.iter().enumerate().map(|(id, setting)| (SettingId(id as u32), setting));
    // Of several with the same place the first one.
    let mut by_span: HashMap<Span, SettingId> = HashMap::new();
    for (id, setting) in settings() {
        by_span.entry(setting.span).or_insert(id);
    }
    settings().filter_map(|(id, setting)| finding(subject, id, setting, &by_span)).collect()
}

fn finding(
    subject: Subject<'_>,
    id: SettingId,
    setting: &Setting,
    by_span: &HashMap<Span, SettingId>,
) -> Option<Finding> {
    let Subject { index, instance, .. } = subject;
    let demand = subject.demands.of_setting(id);
    let trap = setting.trap.as_ref()?;
    let unexpected = trap.gives.minus(trap.looks).and(demand.forbid);
    let lost = trap.looks.minus(trap.gives).and(demand.require);
    if setting.dead.is_some() || (unexpected.is_empty() && lost.is_empty()) {
        return None;
    }
    // The other lines of a union are settings too; each is mended at its own place.
    let others = trap.related.iter().filter_map(|(span, _)| by_span.get(span).copied());
    let versions = unexpected.union(lost);
    let (changes, aim) =
        (std::iter::once(id).chain(others), Aim::of_line(subject, demand, (UNION_OR_OVERRIDE, versions)));
    let gives = if trap.related.is_empty() { "this gives" } else { "together this gives" };
    let covering = subject.waivers.of_setting(Said { rule: UNION_OR_OVERRIDE, versions }, instance, setting);
    let Some(severity) = demand.severity(UNION_OR_OVERRIDE.0, Verdict::Shadowed, trap.gives) else {
        subject.waivers.pass_over(&covering);
        return None;
    };
    Some(Finding {
        standing: subject.waivers.standing(&covering),
        instance: Some(index),
        versions,
        primary: Some(Label { span: setting.value, text: format!("{gives} {}", trap.gives) }),
        related: trap.related.iter().map(|(span, text)| Label { span: *span, text: text.clone() }).collect(),
        changes: changes.map(|setting| group::adjust(subject, aim, setting)).collect(),
        ..Finding::new(UNION_OR_OVERRIDE, Verdict::Shadowed, severity, trap.message.clone())
    })
}
