//! A waiver whose last day is over.

use super::waivers::{Waiver, about};
use super::{Check, Gaps, Rule, Waivers};
use crate::finding::{Finding, RuleId};
use crate::policy::Demand;

/// The rule; its page is docs/rules/expired-waiver.md.
pub(super) const RULE: Rule =
    Rule { id: ID, page: include_str!("../../docs/rules/expired-waiver.md"), check: Check::Waivers(check) };
const ID: RuleId = RuleId("expired-waiver");

fn check(waivers: &Waivers<'_>, _: &Gaps, demand: &Demand) -> Vec<Finding> {
    let expired = waivers.list.iter().filter(|waiver| waivers.is_expired(waiver));
    let finding = |waiver: &Waiver| {
        let until = waiver.terms.until.map(|until| until.to_string()).unwrap_or_default();
        let message = format!("the waiver of {} ended on {until}", waiver.rules.join(", "));
        let help = "what it covered counts again: mend that and remove the waiver, or give it another date";
        about(ID, demand, waiver, message, help)
    };
    expired.filter_map(finding).collect()
}
