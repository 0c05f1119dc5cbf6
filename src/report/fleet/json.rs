//! The fleet as JSON: `tlsmend/fleet/1`, described in `docs/json.md`.

use super::{Endpoint, Fleet, HEADS, Host};
use crate::finding::Severity;
use crate::report::json;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

#[derive(Serialize)]
struct FleetOut<'a> {
    schema: &'static str,
    hosts: Vec<HostOut<'a>>,
    unread: Vec<Unread<'a>>,
}

#[derive(Serialize)]
struct HostOut<'a> {
    host: &'a str,
    file: &'a str,
    policy: &'a str,
    status: &'a str,
    incomplete: bool,
    counts: BTreeMap<&'static str, usize>,
    endpoints: Vec<EndpointOut<'a>>,
}

#[derive(Serialize)]
struct EndpointOut<'a> {
    service: &'a str,
    main: &'a str,
    role: &'a str,
    address: &'a str,
    transport: &'a str,
    origin: Option<&'a str>,
    name: Option<&'a str>,
    configured: &'a [String],
    effective: Option<&'a [String]>,
    verdict: &'static str,
    severity: Option<&'static str>,
    rules: &'a [String],
}

#[derive(Serialize)]
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
