//! A comment for this program that is not understood.

use super::{Check, Gaps, Waivers};
use crate::catalog::INVALID_WAIVER;
use crate::finding::{Finding, Label, Verdict};
use crate::policy::Demand;
use crate::tls::VersionSet;

/// What finds it.
pub(super) const CHECK: Check = Check::Waivers(check);

fn check(waivers: &Waivers<'_>, _: &Gaps, demand: &Demand) -> Vec<Finding> {
    let Some(severity) = demand.severity(INVALID_WAIVER.0, Verdict::Shadowed, VersionSet::EMPTY) else {
        return Vec::new();
    };
    let finding = |invalid: &super::Invalid| Finding {
        instance: Some(invalid.instance),
        primary: Some(Label { span: invalid.span, text: String::new() }),
        help: Some(invalid.message.clone()),
        ..Finding::new(INVALID_WAIVER, Verdict::Shadowed, severity, "this comment waives nothing")
    };
    waivers.invalid.iter().map(finding).collect()
}
