//! A waiver whose last day is over.

use super::waivers::{Waiver, about};
use super::{Check, Gaps, Waivers};
use crate::catalog::EXPIRED_WAIVER;
use crate::finding::Finding;
use crate::policy::Demand;

/// What finds it.
pub(super) const CHECK: Check = Check::Waivers(check);

fn check(waivers: &Waivers<'_>, _: &Gaps, demand: &Demand) -> Vec<Finding> {
    let expired = waivers.list.iter().filter(|waiver| waivers.is_expired(waiver));
    let finding = |waiver: &Waiver| {
        let until = waiver.terms.until.map(|until| until.to_string()).unwrap_or_default();
        let message = format!("the waiver of {} ended on {until}", waiver.rules.join(", "));
        let help = "what it covered counts again: mend that and remove the waiver, or give it another date";
        about(EXPIRED_WAIVER, demand, waiver, message, help)
    };
    expired.filter_map(finding).collect()
}
