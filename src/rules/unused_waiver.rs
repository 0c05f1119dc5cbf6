//! A waiver that covers nothing.

use super::waivers::{Reach, Waiver, about};
use super::{Check, Gaps, Waivers};
use crate::catalog::UNUSED_WAIVER;
use crate::finding::{Finding, Verdict};
use crate::policy::Demand;

/// What finds it.
pub(super) const CHECK: Check = Check::Waivers(check);

fn check(waivers: &Waivers<'_>, gaps: &Gaps, demand: &Demand) -> Vec<Finding> {
    let found = |(waiver, is_of_turned_off)| match is_of_turned_off {
        true => turned_off(waiver, demand),
        false => unused(waiver, gaps.of(waiver), demand),
    };
    waivers.unused().filter_map(found).collect()
}

/// It is at the right place, and would cover something if the policy did not turn that off.
fn turned_off(waiver: &Waiver, demand: &Demand) -> Option<Finding> {
    let message = format!("this waiver of {} covers nothing but what the policy turns off", waiver.rules.join(", "));
    about(UNUSED_WAIVER, demand, waiver, message, "remove it, or give the rule a severity in the policy")
}

/// `gap`: what was not read, or not decided, and may hold what the waiver is about.
fn unused(waiver: &Waiver, gap: Option<&str>, demand: &Demand) -> Option<Finding> {
    let rules = waiver.rules.join(", ");
    let message = match gap {
        None => format!("this waiver of {rules} covers nothing"),
        Some(_) => format!("this waiver of {rules} covers nothing that was read"),
    };
    let help = match (gap, &waiver.reach) {
        (Some(_), _) => "fix what could not be read or decided, and audit again before you remove it",
        (None, Reach::Scope(_)) => "remove it, or correct what it is about",
        (None, Reach::Lines(_)) => "remove it, or put it at the line that decides",
    };
    let mut finding = about(UNUSED_WAIVER, demand, waiver, message, help)?;
    if let Some(gap) = gap {
        finding.verdict = Verdict::Unknown;
        finding.notes.push(format!("not all was read or decided: {gap}"));
    }
    Some(finding)
}
