//! A TLS service of the host whose configuration is not understood.

use super::Check;
use crate::catalog::NOT_COVERED;
use crate::finding::{Finding, Verdict};
use crate::instance::Uncovered;
use crate::policy::Demand;
use crate::tls::VersionSet;
use crate::topic::Topic;

/// What finds it.
pub(super) const CHECK: Check = Check::Host(check);

fn check(uncovered: &[Uncovered], demand: &Demand) -> Vec<Finding> {
    let finding = |one: &Uncovered| {
        let severity = demand.severity(NOT_COVERED.0, Verdict::Unknown, VersionSet::EMPTY)?;
        Some(Finding {
            // What it offers is not an open question of this audit, which did not ask.
            notes: one.evidence.clone(),
            topic: Some(Topic::about("service", one.service)),
            help: Some(format!("ask the service itself: `{}`", one.ask)),
            ..Finding::new(
                NOT_COVERED,
                Verdict::Shadowed,
                severity,
                format!("{} is there, and is not audited", one.service),
            )
        })
    };
    uncovered.iter().filter_map(finding).collect()
}
