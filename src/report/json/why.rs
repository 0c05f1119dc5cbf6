//! `tlsmend/why/1` and `tlsmend/why-name/1`

use super::place::Step;
use crate::report::WhyView;
use crate::tls::{Version, VersionSet};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Why<'a> {
    schema: &'static str,
    address: &'a str,
    sni: Option<&'a str>,
    speaks: &'static str,
    service: Option<&'a str>,
    configured: Vec<&'static str>,
    effective: Option<Vec<&'static str>>,
    because: Vec<Step>,
    unknown: Vec<String>,
}

/// The answers at all addresses that have a name.
#[derive(Serialize)]
pub(super) struct WhyName<'a> {
    schema: &'static str,
    name: &'a str,
    answers: Vec<Why<'a>>,
}

impl<'a> WhyName<'a> {
    pub(super) fn of(name: &'a str, views: &[WhyView<'a>]) -> WhyName<'a> {
        WhyName { schema: "tlsmend/why-name/1", name, answers: views.iter().map(Why::of).collect() }
    }
}

impl<'a> Why<'a> {
    pub(super) fn of(view: &WhyView<'a>) -> Why<'a> {
        let texts = view.texts;
        let answer = view.answer;
        let nothing = view.open.is_empty().then_some(VersionSet::EMPTY);
        Why {
            schema: "tlsmend/why/1",
            address: view.address,
            sni: view.sni,
            speaks: view.speaks().name(),
            service: view.service,
            configured: answer.map_or_else(Vec::new, |answer| names(answer.configured.value)),
            effective: answer.map_or(nothing, |answer| answer.effective).map(names),
            because: answer.map_or_else(Vec::new, |answer| texts.steps(&answer.configured.because)),
            unknown: texts.unknowns(answer.iter().flat_map(|answer| &answer.unknown).chain(view.open)),
        }
    }
}

/// The names of versions, ascending.
pub(super) fn names(versions: VersionSet) -> Vec<&'static str> {
    versions.iter().map(Version::name).collect()
}
