//! A waiver that covers nothing.

use super::waivers::{Reach, Waiver, about};
use super::{Check, Gaps, Rule, Waivers};
use crate::finding::{Finding, RuleId, Verdict};
use crate::policy::Demand;

/// The rule; its page is docs/rules/unused-waiver.md.
pub(super) const RULE: Rule =
    Rule { id: ID, page: include_str!("../../docs/rules/unused-waiver.md"), check: Check::Waivers(check) };
const ID: RuleId = RuleId("unused-waiver");

fn check(waivers: &Waivers<'_>, gaps: &Gaps, demand: &Demand) -> Vec<Finding> {
    waivers.unused().filter_map(|waiver| unused(waiver, gaps.of(waiver), demand)).collect()
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
    let mut finding = about(ID, demand, waiver, message, help)?;
    if let Some(gap) = gap {
        finding.verdict = Verdict::Unknown;
        finding.notes.push(format!("not all was read or decided: {gap}"));
    }
    Some(finding)
}
