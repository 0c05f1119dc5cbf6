//! Lines of a file that a main file includes which is not here, and that decide for no endpoint of its own: whatever
//! includes them is given what they say.

use super::aim::Aim;
use super::waivers::Said;
use super::{Subject, group};
use crate::endpoint::{Role, SettingId};
use crate::finding::{Finding, Label, RuleId, Verdict};
use crate::instance::{Setting, SettingKind, Standing};
use crate::policy::Demand;
use crate::tls::VersionSet;

/// How what is said of such a line begins.
const OFFERS: &str = "a server that includes this offers ";
/// The same of a line for connections to other servers.
const OFFERS_AS_CLIENT: &str = "as a client of another server, a server that includes this offers ";

/// Two things that are said of one such line in one sentence; `None`: they are about something else.
pub fn in_one_sentence(first: &str, second: &str) -> Option<String> {
    let said = [OFFERS, OFFERS_AS_CLIENT].into_iter().find(|said| first.starts_with(said))?;
    Some(format!("{first}, but {}", second.strip_prefix(said)?))
}

/// What one of the rules about endpoints finds in such lines: `about` gives the versions in question.
pub(super) fn check(
    subject: Subject<'_>,
    (rule, verdict): (RuleId, Verdict),
    about: fn(&Setting, &Demand) -> VersionSet,
) -> Vec<Finding> {
    if subject.instance.standing != Standing::Part {
        return Vec::new();
    }
    let endpoints = &subject.instance.endpoints;
    let decides = |id: SettingId| endpoints.iter().any(|endpoint| endpoint.answer.deciders.contains(&id));
    let lines = subject.instance.settings.iter().enumerate().map(|(id, setting)| (SettingId(id as u32), setting));
    let finding = |(id, setting): (SettingId, &Setting)| {
        let demand = subject.demands.of_setting(id);
        let versions = about(setting, demand);
        if versions.is_empty() {
            return None;
        }
        let covering = subject.waivers.of_setting(Said { rule, versions }, subject.instance, setting);
        let Some(severity) = demand.severity(rule.0, verdict, versions) else {
            subject.waivers.pass_over(&covering);
            return None;
        };
        let offers = if setting.role == Role::Upstream { OFFERS_AS_CLIENT } else { OFFERS };
        let names = versions.listed();
        let message = match verdict {
            Verdict::Missing => format!("{offers}no {names}"),
            _ => format!("{offers}{names}"),
        };
        Some(Finding {
            standing: subject.waivers.standing(&covering),
            instance: Some(subject.index),
            versions,
            primary: Some(Label { span: setting.value, text: String::new() }),
            notes: vec!["judged as if a main file that is not here included it".to_owned()],
            changes: vec![group::adjust(subject, Aim::of_line(subject, demand, (rule, VersionSet::EMPTY)), id)],
            ..Finding::new(rule, verdict, severity, message)
        })
    };
    lines.filter(|(id, _)| !decides(*id)).filter_map(finding).collect()
}

/// The forbidden versions that a line gives.
pub(super) fn forbidden(setting: &Setting, demand: &Demand) -> VersionSet {
    match setting.kind {
        SettingKind::List | SettingKind::Minimum | SettingKind::Switch => setting.versions.and(demand.forbid),
        SettingKind::Maximum => VersionSet::EMPTY,
    }
}

/// The required versions that a line keeps out.
pub(super) fn missing(setting: &Setting, demand: &Demand) -> VersionSet {
    match setting.kind {
        SettingKind::List | SettingKind::Minimum | SettingKind::Maximum => demand.require.minus(setting.versions),
        SettingKind::Switch => VersionSet::EMPTY,
    }
}
