//! `tlsmend/verify/1`

use super::exit::Exit;
use super::probe::{ObservedOut, RowOut, rows};
use super::why::names;
use super::words;
use crate::finding::Observed;
use crate::probe::name::Name;
use crate::probe::starttls::StartTls;
use crate::probe::{Depth, Reason, Trouble};
use crate::report::verify::VerifyView;
use crate::verify::{Checked, Expected, Left, Outcome};
use schemars::JsonSchema;
use serde::Serialize;

/// What `tlsmend verify --format json` writes; docs/json.md says what the fields mean. Fields may be added.
#[derive(JsonSchema, Serialize)]
pub(super) struct Verify<'a> {
    #[schemars(extend("const" = "tlsmend/verify/1"))]
    schema: &'static str,
    policy: &'a str,
    exit: Exit,
    endpoints: Vec<EndpointOut<'a>>,
    dead: Vec<FindingOut<'a>>,
    not_covered: Vec<PortOut<'a>>,
    not_verified: Vec<LeftOut<'a>>,
    interrupted: bool,
    problems: Vec<String>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Endpoint")]
struct EndpointOut<'a> {
    #[schemars(schema_with = "words::service")]
    service: &'static str,
    main: String,
    address: String,
    name: Option<&'a str>,
    starttls: Option<&'static str>,
    expected: ExpectedOut,
    #[schemars(schema_with = "words::versions")]
    observed: Vec<&'static str>,
    #[schemars(extend("enum" = Outcome::ALL.map(Outcome::name)))]
    result: &'static str,
    trouble: Option<String>,
    versions: Vec<RowOut>,
    findings: Vec<FindingOut<'a>>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Expected")]
struct ExpectedOut {
    #[schemars(schema_with = "words::versions")]
    versions: Vec<&'static str>,
    exact: bool,
    refuses: bool,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Finding")]
struct FindingOut<'a> {
    #[serde(flatten)]
    observed: ObservedOut<'a>,
    place: Option<String>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Port")]
struct PortOut<'a> {
    address: &'a str,
    #[serde(flatten)]
    observed: ObservedOut<'a>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Left")]
struct LeftOut<'a> {
    what: &'a str,
    why: String,
}

impl<'a> Verify<'a> {
    pub(super) fn of(view: &VerifyView<'a>) -> Verify<'a> {
        let verified = view.verified;
        let left = |one: &'a Left| LeftOut { what: &one.what, why: one.text() };
        Verify {
            schema: "tlsmend/verify/1",
            policy: view.frame.policy,
            exit: view.frame.outcome.into(),
            endpoints: verified.checked.iter().map(|one| endpoint(view, one)).collect(),
            dead: verified.dead.iter().map(|one| finding(view, one)).collect(),
            not_covered: verified.unexplained.iter().map(|one| port(view, one)).collect(),
            not_verified: verified.left.iter().map(left).collect(),
            interrupted: verified.interrupted,
            problems: view.problems.iter().map(|one| view.problem(one)).collect(),
        }
    }
}

fn endpoint<'a>(view: &VerifyView<'a>, one: &'a Checked) -> EndpointOut<'a> {
    let target = &one.promise.target;
    EndpointOut {
        service: one.promise.service.0,
        main: view.frame.texts.paths.lossy(&one.promise.main),
        address: target.place.to_string(),
        name: target.name.as_ref().map(Name::as_str),
        starttls: target.starttls.map(StartTls::name),
        expected: ExpectedOut {
            versions: names(one.promise.expected.versions()),
            exact: !matches!(one.promise.expected, Expected::AtMost(_)),
            refuses: one.promise.expected == Expected::Nothing,
        },
        observed: names(one.scan.accepted()),
        result: one.outcome.name(),
        trouble: one.scan.trouble.as_ref().map(Trouble::reason).map(Reason::text),
        versions: rows(&one.scan, Depth::Versions),
        findings: one.observed.iter().map(|one| finding(view, one)).collect(),
    }
}

fn port<'a>(view: &VerifyView<'_>, one: &'a Observed) -> PortOut<'a> {
    PortOut { address: &one.target, observed: ObservedOut::of(view.frame.texts, one) }
}

fn finding<'a>(view: &VerifyView<'a>, one: &'a Observed) -> FindingOut<'a> {
    FindingOut { observed: ObservedOut::of(view.frame.texts, one), place: view.place(one) }
}
