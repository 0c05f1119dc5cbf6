//! What a policy demands of each endpoint and of each line of an instance.

use super::target::{of_endpoint, of_setting};
use crate::endpoint::SettingId;
use crate::instance::Instance;
use crate::policy::{Demand, Policy, Target};
use crate::source::{FileId, SourceMap};
use std::collections::BTreeMap;

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
