//! A waiver that covers nothing.

use super::waivers::{Reach, Waiver, about};
use super::{Check, Rule, Waivers};
use crate::finding::{Finding, RuleId};
use crate::policy::Demand;

/// The rule; its page is docs/rules/unused-waiver.md.
pub(super) const RULE: Rule =
    Rule { id: ID, page: include_str!("../../docs/rules/unused-waiver.md"), check: Check::Waivers(check) };
const ID: RuleId = RuleId("unused-waiver");

fn check(waivers: &Waivers<'_>, demand: &Demand) -> Vec<Finding> {
    let finding = |waiver: &Waiver| {
        let message = format!("this waiver of {} covers nothing", waiver.rules.join(", "));
        let help = match waiver.reach {
            Reach::Scope(_) => "remove it, or correct what it is about",
            Reach::Lines(_) => "remove it, or put it at the line that decides: before it, or (nginx) behind it",
        };
        about(ID, demand, waiver, message, help)
    };
    waivers.unused().filter_map(finding).collect()
}
