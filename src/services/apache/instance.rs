//! A resolved configuration as the rest of the program sees it.

use super::ID;
use super::dead;
use super::model::Model;
use super::resolve::{Resolution, resolve};
use super::upstream;
use crate::edit::{Change, Edit, Fix, LowerError};
use crate::endpoint::{Answer, Endpoint, ReasonKind, Unknown};
use crate::host::{Facts, Software, Tls13};
use crate::instance::{Ability, Instance, Problem, Standing, once};
use crate::release::Release;
use crate::services::service::{Question, Resolved, Response, World};
use crate::source::SourceMap;
use crate::tls::{Version, VersionSet};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{OnceLock, RwLock};

/// What was worked out about lines at the server level: for ten thousand findings it is the same.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// Does a line with these versions change defaults only?
    pub(super) harmless: RwLock<BTreeMap<VersionSet, bool>>,
    /// Where a directive goes.
    pub(super) places: RwLock<BTreeMap<String, Option<Edit>>>,
}

/// A configuration that was read and resolved.
pub(super) struct Configuration {
    pub(super) instance: Instance,
    pub(super) model: Model,
    /// None for a file that nothing includes.
    pub(super) resolution: Option<Resolution>,
    pub(super) facts: Facts,
    /// Commands that may do more to versions than is known.
    narrowing: BTreeSet<Unknown>,
    /// What fixes need, worked out once.
    pub(super) declared: Declared,
    /// The endpoints that each setting decides together with the built-in default.
    pub(super) left_to_default: OnceLock<Vec<Vec<usize>>>,
}

impl Configuration {
    /// Resolves what was read from a main file, or from a part as if it was included.
    pub(super) fn loaded(mut model: Model, main: &Path, world: World<'_>) -> Configuration {
        let mut resolution = resolve(&model, world);
        let reached = resolution.reached(&model);
        let (upstreams, left_out) = upstream::endpoints(&model, resolution.build, world.facts, &reached);
        resolution.endpoints.extend(upstreams);
        resolution.left_out = resolution.left_out.or(left_out);
        dead::examine(&mut model, &resolution, main, world);
        let main = world.system.canonical(main).unwrap_or_else(|_| main.to_owned());
        let endpoints = std::mem::take(&mut resolution.endpoints);
        let standing = if model.is_part { Standing::Part } else { Standing::Loaded };
        let instance = instance(&mut model, standing, &main, world.facts.of(ID), endpoints);
        let narrowing = model.servers.iter().flat_map(|server| &server.narrowing);
        let narrowing = narrowing.map(|(_, what)| what.clone()).collect();
        Configuration {
            instance,
            model,
            narrowing,
            resolution: Some(resolution),
            facts: world.facts.clone(),
            declared: Declared::default(),
            left_to_default: OnceLock::new(),
        }
    }

    /// A file that nothing includes.
    pub(super) fn fragment(mut model: Model, file: &Path, world: World<'_>) -> Configuration {
        let instance = instance(&mut model, Standing::NotLoaded, file, world.facts.of(ID), Vec::new());
        Configuration {
            instance,
            model,
            narrowing: BTreeSet::new(),
            resolution: None,
            facts: world.facts.clone(),
            declared: Declared::default(),
            left_to_default: OnceLock::new(),
        }
    }
}

/// Does the built-in default take part?
pub(super) fn is_default(answer: &Answer) -> bool {
    answer.configured.because.iter().any(|reason| reason.kind == ReasonKind::Default)
}

fn instance(
    model: &mut Model,
    standing: Standing,
    main: &Path,
    apache: &Software,
    endpoints: Vec<Endpoint>,
) -> Instance {
    let mut problems = once(std::mem::take(&mut model.problems));
    if model.more_problems > 0 {
        problems.push(Problem::with(main, format!("{} more problems are not listed", model.more_problems)));
    }
    let (borrowed, left_out) = std::mem::take(&mut model.trail).end();
    Instance {
        service: ID,
        standing,
        main: main.to_owned(),
        files: model.files.clone(),
        borrowed,
        left_out,
        reach: std::mem::take(&mut model.reach),
        values: std::mem::take(&mut model.values),
        problems,
        unparsed: std::mem::take(&mut model.unparsed),
        unknown: std::mem::take(&mut model.unknown),
        settings: std::mem::take(&mut model.settings),
        endpoints,
        ability: ability(apache),
    }
}

/// What this httpd and its library can do.
fn ability(apache: &Software) -> Ability {
    let mut ability = Ability {
        versions: apache.library.versions().and(VersionSet::TLS),
        known: true,
        needs: BTreeMap::new(),
        unproven: BTreeMap::new(),
    };
    let openssl = apache.library.release;
    ability.known = openssl.is_some() && apache.release.value.is_some();
    let unproven = [("httpd 2.4.36", apache.release.value.is_none()), ("OpenSSL 1.1.1", openssl.is_none())];
    let unproven: Vec<&str> = unproven.into_iter().filter_map(|(what, is_open)| is_open.then_some(what)).collect();
    if !unproven.is_empty() {
        ability.unproven.insert(Version::Tls1_3, unproven.join(" and "));
    }
    if let Some(found) = openssl {
        if found < Release::new(1, 0, 1) {
            let needs = format!("OpenSSL 1.0.1 or later (this is {found})");
            ability.needs.extend([(Version::Tls1_1, needs.clone()), (Version::Tls1_2, needs)]);
        }
        if found < Release::new(1, 1, 1) {
            ability.needs.insert(Version::Tls1_3, format!("OpenSSL 1.1.1 or later (this is {found})"));
        }
    }
    ability.known &= apache.tls1_3 != Tls13::Unknown;
    let by_version = apache.release.value.filter(|_| apache.tls1_3 == Tls13::ByVersion);
    if let Some(found) = by_version.filter(|found| *found < Release::new(2, 4, 36)) {
        ability.versions = ability.versions.without(Version::Tls1_3);
        ability.needs.insert(Version::Tls1_3, format!("httpd 2.4.36 or later (this is {found})"));
    }
    ability
}

impl Configuration {
    /// Would a change be about endpoints of which it is not known what commands leave of their versions?
    fn touches_narrowed(&self, change: &Change) -> bool {
        let is_narrowed =
            |endpoint: &Endpoint| endpoint.answer.unknown.iter().any(|what| self.narrowing.contains(what));
        let touches = |at: usize, endpoint: &Endpoint| match change {
            Change::Adjust { setting, .. } => endpoint.answer.deciders.contains(setting),
            Change::Declare { endpoint: declared, .. } => at == *declared || is_default(&endpoint.answer),
        };
        self.instance.endpoints.iter().enumerate().any(|(at, endpoint)| is_narrowed(endpoint) && touches(at, endpoint))
    }
}

impl Resolved for Configuration {
    fn instance(&self) -> &Instance {
        &self.instance
    }

    fn ask(&self, question: &Question) -> Option<Response> {
        self.resolution.as_ref()?.ask(&self.model, question)
    }

    fn lower(&self, change: &Change, sources: &SourceMap) -> Result<Fix, LowerError> {
        if self.resolution.as_ref().is_some_and(|resolution| resolution.left_out.is_some()) {
            return Err(LowerError::TooManyAddresses);
        }
        if !self.narrowing.is_empty() && self.touches_narrowed(change) {
            return Err(LowerError::Unknown(
                "which versions would be left is not known: see the SSLOpenSSLConfCmd".to_owned(),
            ));
        }
        match *change {
            Change::Adjust { setting, remove, add } => self.adjust(setting, remove, add, sources),
            Change::Declare { .. } if self.model.is_part => Err(LowerError::IncluderNotHere),
            Change::Declare { endpoint, versions } => self.declare(endpoint, versions, sources),
        }
    }
}
