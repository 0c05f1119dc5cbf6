//! The fleet as JSON: `tlsmend/fleet/1`, described in `docs/json.md`.

use super::{Endpoint, Fleet, HEADS, Host};
use crate::finding::Severity;
use crate::report::json;
use crate::report::json::words;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// What `tlsmend report merge --format json` writes; docs/json.md says what the fields mean. Fields may be added.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Fleet")]
pub(in crate::report) struct FleetOut<'a> {
    #[schemars(extend("const" = "tlsmend/fleet/1"))]
    schema: &'static str,
    hosts: Vec<HostOut<'a>>,
    unread: Vec<Unread<'a>>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Host")]
struct HostOut<'a> {
    host: &'a str,
    file: &'a str,
    policy: &'a str,
    policy_sha256: Option<&'a str>,
    status: &'a str,
    incomplete: bool,
    counts: BTreeMap<&'static str, usize>,
    endpoints: Vec<EndpointOut<'a>>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Endpoint")]
struct EndpointOut<'a> {
    service: &'a str,
    main: &'a str,
    #[schemars(extend("enum" = words::ROLES))]
    role: &'a str,
    address: &'a str,
    #[schemars(extend("enum" = words::TRANSPORTS))]
    transport: &'a str,
    origin: Option<&'a str>,
    name: Option<&'a str>,
    configured: &'a [String],
    effective: Option<&'a [String]>,
    #[schemars(schema_with = "words::verdict")]
    verdict: &'static str,
    #[schemars(schema_with = "words::maybe_severity")]
    severity: Option<&'static str>,
    rules: &'a [String],
}

#[derive(JsonSchema, Serialize)]
struct Unread<'a> {
    file: &'a str,
    reason: &'a str,
}

/// Writes the document.
pub(super) fn write(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    let unread = fleet.unread.iter().map(|(file, reason)| Unread { file, reason });
    let document =
        FleetOut { schema: "tlsmend/fleet/1", hosts: fleet.hosts.iter().map(host).collect(), unread: unread.collect() };
    json::write(&document, out)
}

fn host(host: &Host) -> HostOut<'_> {
    let words = HEADS.map(|head| if head == "waived or known" { "excused" } else { head });
    HostOut {
        host: &host.name,
        file: &host.file,
        policy: &host.policy,
        policy_sha256: host.policy_sha256.as_deref(),
        status: host.status(),
        incomplete: host.incomplete,
        counts: words.into_iter().zip(host.numbers()).collect(),
        endpoints: host.endpoints.iter().map(endpoint).collect(),
    }
}

fn endpoint(one: &Endpoint) -> EndpointOut<'_> {
    EndpointOut {
        service: &one.service,
        main: &one.main,
        role: &one.role,
        address: &one.address,
        transport: &one.transport,
        origin: one.origin.as_deref(),
        name: one.name.as_deref(),
        configured: &one.configured,
        effective: one.effective.as_deref(),
        verdict: one.verdict.name(),
        severity: one.severity.map(Severity::name),
        rules: &one.rules,
    }
}
