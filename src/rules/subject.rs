//! What a rule looks at, and how bad what it finds there is.

use super::demands::Demands;
use super::waivers::Waivers;
use crate::endpoint::{Address, Endpoint, Role};
use crate::finding::{Severity, Verdict};
use crate::instance::Instance;
use crate::policy::Demand;
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
}

/// A severity, and a note where the exposure lowered it.
pub(super) struct Weight {
    pub(super) severity: Severity,
    pub(super) note: Option<String>,
}

impl Subject<'_> {
    /// How bad a finding about some endpoints is; `None`: the policy turns it off.
    pub(super) fn weigh(
        &self,
        demand: &Demand,
        rule: &str,
        verdict: Verdict,
        versions: VersionSet,
        endpoints: &[usize],
    ) -> Option<Weight> {
        let full = demand.severity(rule, verdict, versions)?;
        let lowered = match full {
            Severity::High => Severity::Medium,
            Severity::Medium | Severity::Low => Severity::Low,
            Severity::Note => Severity::Note,
        };
        let inside = |at: &usize| is_inside(&self.instance.endpoints[*at], demand);
        if endpoints.is_empty() || lowered == full || !endpoints.iter().all(inside) {
            return Some(Weight { severity: full, note: None });
        }
        let note = format!("{lowered} instead of {full}: only the host itself can connect there");
        Some(Weight { severity: lowered, note: Some(note) })
    }
}

/// Is it a listener that nobody outside of the host reaches, and does the policy care?
fn is_inside(endpoint: &Endpoint, demand: &Demand) -> bool {
    endpoint.role == Role::Listener
        && match &*endpoint.address {
            Address::Ip(ip, _) => demand.exposure.loopback && ip.to_canonical().is_loopback(),
            Address::Unix(_) => demand.exposure.unix_socket,
            Address::Any(_) | Address::Remote(_) => false,
        }
}
