//! `tlsmend/why/1` and `tlsmend/why-name/1`

use super::place::Step;
use super::words;
use crate::report::WhyView;
use crate::tls::{Version, VersionSet};
use schemars::JsonSchema;
use serde::Serialize;

/// What `tlsmend why ADDRESS:PORT --format json` writes; docs/json.md says what the fields mean. Fields may be added.
#[derive(JsonSchema, Serialize)]
pub(super) struct Why<'a> {
    #[schemars(extend("const" = "tlsmend/why/1"))]
    schema: &'static str,
    address: &'a str,
    sni: Option<&'a str>,
    #[schemars(extend("enum" = words::SPEAKS))]
    speaks: &'static str,
    service: Option<&'a str>,
    #[schemars(schema_with = "words::versions")]
    configured: Vec<&'static str>,
    #[schemars(schema_with = "words::maybe_versions")]
    effective: Option<Vec<&'static str>>,
    because: Vec<Step>,
    unknown: Vec<String>,
}

/// What `tlsmend why NAME --format json` writes; docs/json.md says what the fields mean. Fields may be added.
#[derive(JsonSchema, Serialize)]
pub(super) struct WhyName<'a> {
    #[schemars(extend("const" = "tlsmend/why-name/1"))]
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
