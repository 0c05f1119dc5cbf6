//! What a rule looks at, and how bad what it finds there is.

use super::demands::Demands;
use super::waivers::Waivers;
use crate::finding::{RuleId, Verdict};
use crate::instance::Instance;
use crate::policy::{Demand, Weight};
use crate::tls::VersionSet;

/// What a rule looks at.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The place of the instance in the audit's list.
    pub index: usize,
    /// The instance.
    pub instance: &'a Instance,
    /// What is demanded.
    pub demands: &'a Demands,
    /// What is waived.
    pub waivers: &'a Waivers<'a>,
    /// The rules whose findings are to be fixed; none: all.
    pub selected: &'a [String],
}

impl Subject<'_> {
    /// Are the findings of a rule to be fixed?
    pub fn selects(&self, rule: RuleId) -> bool {
        self.selected.is_empty() || self.selected.iter().any(|one| one == rule.0)
    }

    /// How bad a finding about some endpoints is; `None`: the policy turns it off.
    pub fn weigh(
        &self,
        demand: &Demand,
        rule: &str,
        verdict: Verdict,
        versions: VersionSet,
        endpoints: &[usize],
    ) -> Option<Weight> {
        let is_lower = |at: &usize| {
            let endpoint = &self.instance.endpoints[*at];
            demand.exposure.is_lower(endpoint.role, &endpoint.address)
        };
        demand.weigh(rule, verdict, versions, !endpoints.is_empty() && endpoints.iter().all(is_lower))
    }
}
