//! A directive that looks decisive and decides nothing.

use super::aim::Aim;
use super::waivers::Said;
use super::{Check, Subject, group};
use crate::catalog::SHADOWED_DIRECTIVE;
use crate::endpoint::SettingId;
use crate::finding::{Finding, Label, Verdict};
use crate::instance::{Dead, Instance, Setting, SettingKind, Standing};
use crate::policy::Demand;
use crate::tls::VersionSet;

/// What finds it.
pub(super) const CHECK: Check = Check::Instance(check);

fn check(subject: Subject<'_>) -> Vec<Finding> {
    if subject.instance.standing != Standing::Loaded {
        return Vec::new();
    }
    let settings = subject.instance.settings.iter().enumerate();
    settings.filter_map(|(id, setting)| finding(subject, SettingId(id as u32), setting)).collect()
}

/// Would a setting break the policy if it counted?
pub(super) fn breaks(setting: &Setting, demand: &Demand) -> bool {
    let offers_forbidden = !setting.versions.and(demand.forbid).is_empty();
    let lacks_required = !demand.require.is_subset(setting.versions);
    match setting.kind {
        SettingKind::List | SettingKind::Minimum => offers_forbidden || lacks_required,
        SettingKind::Maximum => lacks_required,
        SettingKind::Switch => offers_forbidden,
    }
}

/// What is said of such a line. `scope`: where it counts.
pub fn message(instance: &Instance, setting: &Setting, scope: Option<&str>) -> String {
    let scope = scope.map(|scope| format!(" ({scope})")).unwrap_or_default();
    // It may decide something that is not known.
    let doubt = match instance.is_doubtful() {
        false => "",
        true if instance.is_partial() => ", as far as the files could be read",
        true => ", as far as is known",
    };
    format!("this {}{scope} decides nothing{doubt}", setting.name)
}

/// What clients are given instead of what such a line says.
pub fn instead_of_it(versions: VersionSet) -> String {
    format!("clients are given {versions} instead")
}

fn finding(subject: Subject<'_>, id: SettingId, setting: &Setting) -> Option<Finding> {
    let Subject { index, instance, .. } = subject;
    let demand = subject.demands.of_setting(id);
    let dead: &Dead = setting.dead.as_ref()?;
    let breaks = breaks(setting, demand);
    let differs = setting.kind == SettingKind::List && dead.instead.is_some_and(|instead| instead != setting.versions);
    if !breaks && !differs {
        return None;
    }
    let mut notes = vec![dead.why.clone()];
    if let Some(instead) = dead.instead {
        notes.push(instead_of_it(instead));
    }
    let covering =
        subject.waivers.of_setting(Said { rule: SHADOWED_DIRECTIVE, versions: setting.versions }, instance, setting);
    let Some(severity) = demand.severity(SHADOWED_DIRECTIVE.0, Verdict::Shadowed, setting.versions) else {
        subject.waivers.pass_over(&covering);
        return None;
    };
    Some(Finding {
        standing: subject.waivers.standing(&covering),
        instance: Some(index),
        versions: setting.versions,
        primary: Some(Label { span: setting.value, text: String::new() }),
        related: dead.by.map(|span| Label { span, text: "this decides".into() }).into_iter().collect(),
        notes,
        changes: if breaks {
            vec![group::adjust(subject, Aim::of_line(subject, demand, (SHADOWED_DIRECTIVE, VersionSet::ALL)), id)]
        } else {
            Vec::new()
        },
        help: (!breaks).then(|| "set the versions where they are decided, or remove this line".to_owned()),
        ..Finding::new(
            SHADOWED_DIRECTIVE,
            Verdict::Shadowed,
            severity,
            message(instance, setting, Some(&setting.scope)),
        )
    })
}
