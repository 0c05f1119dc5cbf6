//! What a rule looks at: an instance, what is demanded of each endpoint and line of it, and what is waived.

use super::waivers::Waivers;
use crate::endpoint::{Address, Endpoint, ReasonKind, Role, SettingId};
use crate::finding::{Severity, Verdict};
use crate::instance::{Instance, Setting};
use crate::policy::{Demand, Policy, Target};
use crate::source::{FileId, SourceMap, Span};
use crate::tls::VersionSet;
use std::collections::BTreeMap;
use std::path::Path;

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

/// What is demanded of each endpoint and of each setting of an instance.
pub struct Demands {
    all: Vec<Demand>,
    /// Indices into `all`; empty: it is the first one everywhere.
    of_endpoint: Vec<usize>,
    of_setting: Vec<usize>,
    /// The text of the policy file in the source map.
    pub text: Option<FileId>,
}

impl Demands {
    /// Looks up which overrides fit where.
    pub fn new(policy: &Policy, text: Option<FileId>, instance: &Instance, sources: &SourceMap) -> Demands {
        let mut demands =
            Demands { all: vec![policy.base.clone()], of_endpoint: Vec::new(), of_setting: Vec::new(), text };
        if policy.is_uniform() {
            return demands;
        }
        let mut known: BTreeMap<Vec<usize>, usize> = BTreeMap::from([(Vec::new(), 0)]);
        let mut index = |target: &Target<'_>| {
            let fitting = policy.fitting(target);
            *known.entry(fitting).or_insert_with_key(|fitting| {
                demands.all.push(policy.demand(fitting));
                demands.all.len() - 1
            })
        };
        let of_endpoint: Vec<usize> =
            instance.endpoints.iter().map(|endpoint| index(&of_endpoint(instance, endpoint, sources))).collect();
        // A line has the demand of the endpoints that it decides, where that is one.
        let mut decided: Vec<Option<Result<usize, ()>>> = vec![None; instance.settings.len()];
        for (endpoint, demand) in instance.endpoints.iter().zip(&of_endpoint) {
            for SettingId(id) in &endpoint.answer.deciders {
                let known = &mut decided[*id as usize];
                *known = match *known {
                    None => Some(Ok(*demand)),
                    Some(Ok(same)) if same == *demand => Some(Ok(same)),
                    Some(_) => Some(Err(())),
                };
            }
        }
        let settings = instance.settings.iter().zip(decided);
        let of_setting = settings.map(|(setting, decided)| match decided {
            Some(Ok(demand)) => demand,
            _ => index(&of_setting(instance, setting, sources)),
        });
        demands.of_setting = of_setting.collect();
        demands.of_endpoint = of_endpoint;
        demands
    }

    /// The number of an endpoint's demand: endpoints with the same one have the same demand.
    pub(super) fn number(&self, endpoint: usize) -> usize {
        self.of_endpoint.get(endpoint).copied().unwrap_or(0)
    }

    /// What is demanded of an endpoint.
    pub fn of_endpoint(&self, endpoint: usize) -> &Demand {
        &self.all[self.number(endpoint)]
    }

    /// What is demanded of a setting.
    pub fn of_setting(&self, setting: SettingId) -> &Demand {
        &self.all[self.of_setting.get(setting.0 as usize).copied().unwrap_or(0)]
    }

    /// What is demanded where no override fits.
    pub fn base(&self) -> &Demand {
        &self.all[0]
    }

    /// Is the same demanded everywhere?
    pub fn is_uniform(&self) -> bool {
        self.all.len() == 1
    }
}

/// An endpoint as a policy sees it.
pub(super) fn of_endpoint<'a>(instance: &'a Instance, endpoint: &'a Endpoint, sources: &'a SourceMap) -> Target<'a> {
    let because = &endpoint.answer.configured.because;
    let servers = because.iter().filter(|r| r.kind == ReasonKind::Server).filter_map(|r| r.span);
    let deciders = endpoint.answer.deciders.iter().map(|id| instance.setting(*id));
    let spans = servers.chain(deciders.flat_map(|setting| [setting.span, setting.value]));
    let mut paths = paths(spans, sources);
    if paths.is_empty() {
        paths.push(&instance.main);
    }
    Target {
        service: instance.service.0,
        paths,
        role: endpoint.role,
        endpoint: Some((&endpoint.address, endpoint.name.as_deref())),
    }
}

/// A setting as a policy sees it.
pub(super) fn of_setting<'a>(instance: &'a Instance, setting: &Setting, sources: &'a SourceMap) -> Target<'a> {
    let paths = paths([setting.span, setting.value].into_iter(), sources);
    Target { service: instance.service.0, paths, role: setting.role, endpoint: None }
}

/// A place, or an instance as a whole, as a policy sees it.
pub(super) fn of_place<'a>(instance: &'a Instance, span: Option<Span>, sources: &'a SourceMap) -> Target<'a> {
    let paths = span.map_or(vec![&*instance.main], |span| paths(std::iter::once(span), sources));
    Target { service: instance.service.0, paths, role: Role::Listener, endpoint: None }
}

fn paths(spans: impl Iterator<Item = Span>, sources: &SourceMap) -> Vec<&Path> {
    let mut paths: Vec<&Path> = Vec::new();
    for path in spans.map(|span| sources.file(span.file).path()) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
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
