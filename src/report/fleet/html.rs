//! The fleet as one page: a row for each host, worst first, and a row for each endpoint that can be searched.

use super::{Fleet, HEADS};
use crate::finding::Verdict;
use crate::report::html::{SCRIPT, STYLE, Tile, VERDICTS, csp, line, sign, tiles_of};
use askama::Template;
use std::collections::BTreeSet;
use std::io::{self, Write};

#[derive(Template)]
#[template(path = "fleet.html")]
struct Page {
    csp: String,
    version: &'static str,
    style: &'static str,
    script: &'static str,
    title: String,
    headline: String,
    tiles: Vec<Tile>,
    heads: [&'static str; HEADS.len()],
    hosts: Vec<HostRow>,
    verdicts: [&'static str; VERDICTS.len()],
    services: Vec<String>,
    endpoints: Vec<EndpointRow>,
    unread: Vec<(String, String)>,
    differing: Option<String>,
}

struct HostRow {
    name: String,
    policy: String,
    status: String,
    /// Each with its head, and whether it calls for something to be done.
    numbers: Vec<(usize, &'static str)>,
}

struct EndpointRow {
    host: String,
    service: String,
    address: String,
    name: String,
    versions: String,
    verdict: &'static str,
    sign: &'static str,
    tone: &'static str,
    rules: String,
}

/// Writes the page.
pub(super) fn write(fleet: &Fleet, out: &mut dyn Write) -> io::Result<()> {
    let hosts = fleet.by_need();
    let endpoints = hosts.iter().flat_map(|host| host.endpoints.iter().map(move |one| (host, one)));
    let endpoints = endpoints.map(|(host, one)| {
        let (sign, tone) = sign(one.verdict);
        EndpointRow {
            host: line(&host.name),
            service: line(&one.service),
            address: line(&one.place()),
            name: one.name.as_deref().map_or_else(|| "(no name)".to_owned(), line),
            versions: one.versions(),
            verdict: one.verdict.name(),
            sign,
            tone,
            rules: line(&one.rules.join(", ")),
        }
    });
    let services = fleet.hosts.iter().flat_map(|host| &host.endpoints).map(|one| line(&one.service));
    let page = Page {
        csp: csp(SCRIPT),
        version: env!("CARGO_PKG_VERSION"),
        style: STYLE,
        script: SCRIPT,
        title: format!("TLS versions of {} hosts", hosts.len()),
        headline: fleet.headline(),
        tiles: tiles_of(|verdict| fleet.count(verdict)),
        heads: HEADS,
        verdicts: VERDICTS.map(Verdict::name),
        services: services.collect::<BTreeSet<String>>().into_iter().collect(),
        endpoints: endpoints.collect(),
        unread: fleet.unread.iter().map(|(file, reason)| (line(file), line(reason))).collect(),
        differing: fleet.differing().map(|text| line(&text)),
        hosts: hosts.iter().map(|host| row(host)).collect(),
    };
    out.write_all(page.render().map_err(io::Error::other)?.as_bytes())
}

fn row(host: &super::Host) -> HostRow {
    let tones = ["", "bad", "bad", "warn", "warn", "", "bad", "warn", "", "", "warn"];
    let tone = |(number, tone): (usize, &'static str)| (number, if number > 0 { tone } else { "off" });
    HostRow {
        name: line(&host.name),
        policy: line(&host.policy),
        status: host.told(),
        numbers: host.numbers().into_iter().zip(tones).map(tone).collect(),
    }
}
