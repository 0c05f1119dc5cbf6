//! A TLS service of the host whose configuration is not understood.

use super::{Check, Rule};
use crate::finding::{Finding, RuleId, Verdict};
use crate::instance::Uncovered;
use crate::policy::Demand;
use crate::tls::VersionSet;
use crate::topic::Topic;

/// The rule; its page is docs/rules/not-covered.md.
pub(super) const RULE: Rule =
    Rule { id: ID, page: include_str!("../../docs/rules/not-covered.md"), check: Check::Host(check) };
const ID: RuleId = RuleId("not-covered");

fn check(uncovered: &[Uncovered], demand: &Demand) -> Vec<Finding> {
    let finding = |one: &Uncovered| {
        let severity = demand.severity(ID.0, Verdict::Unknown, VersionSet::EMPTY)?;
        Some(Finding {
            // What it offers is not an open question of this audit, which did not ask.
            notes: one.evidence.clone(),
            topic: Some(Topic::about("service", one.service)),
            help: Some(format!("ask the service itself: `{}`", one.ask)),
            ..Finding::new(ID, Verdict::Shadowed, severity, format!("{} is there, and is not audited", one.service))
        })
    };
    uncovered.iter().filter_map(finding).collect()
}
