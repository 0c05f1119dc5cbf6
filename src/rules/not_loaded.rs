//! A file that nothing loads holds a line that would break the policy.

use super::aim::Aim;
use super::waivers::Said;
use super::{Check, Subject, group, shadowed_directive};
use crate::catalog::NOT_LOADED;
use crate::endpoint::SettingId;
use crate::finding::{Finding, Label, Verdict};
use crate::instance::{Setting, Standing, is_backup};
use crate::tls::VersionSet;

/// What finds it.
pub(super) const CHECK: Check = Check::Instance(check);

fn check(subject: Subject<'_>) -> Vec<Finding> {
    if subject.instance.standing != Standing::NotLoaded {
        return Vec::new();
    }
    let settings = subject.instance.settings.iter().enumerate();
    settings.filter_map(|(id, setting)| finding(subject, SettingId(id as u32), setting)).collect()
}

fn finding(subject: Subject<'_>, id: SettingId, setting: &Setting) -> Option<Finding> {
    let Subject { index, instance, .. } = subject;
    let demand = subject.demands.of_setting(id);
    if !shadowed_directive::breaks(setting, demand) {
        return None;
    }
    let kept = is_backup(&instance.main);
    let offered = setting.versions.and(demand.forbid);
    let message = match offered.is_empty() {
        false => format!("a file that nothing loads would offer {}", offered.listed()),
        true => {
            format!("a file that nothing loads would not offer {}", demand.require.minus(setting.versions).listed())
        }
    };
    let covering = subject.waivers.of_setting(Said { rule: NOT_LOADED, versions: setting.versions }, instance, setting);
    let Some(severity) = demand.severity(NOT_LOADED.0, Verdict::Shadowed, setting.versions) else {
        subject.waivers.pass_over(&covering);
        return None;
    };
    Some(Finding {
        standing: subject.waivers.standing(&covering),
        instance: Some(index),
        versions: setting.versions,
        primary: Some(Label { span: setting.value, text: String::new() }),
        changes: if kept {
            Vec::new()
        } else {
            vec![group::adjust(subject, Aim::of_line(subject, demand, (NOT_LOADED, VersionSet::ALL)), id)]
        },
        help: kept.then(|| "its name says that it is a backup copy: it is left as it is; remove it".to_owned()),
        ..Finding::new(NOT_LOADED, Verdict::Shadowed, severity, message)
    })
}
