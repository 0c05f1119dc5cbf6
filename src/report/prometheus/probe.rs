//! The metrics of a probe: rows for each target and version, which somebody listed, so that their number is known.

use super::{head, info, label, observed, plain};
use crate::probe::client::{Check, Handshake, Trust};
use crate::probe::strength::Level;
use crate::probe::{Depth, Scan, Verdict};
use crate::report::handshake;
use crate::report::issue::Issue;
use crate::report::probe::{Outcome, ProbeView};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::io::{self, Write};

const LEVELS: [Level; 4] = [Level::Insecure, Level::Weak, Level::Ok, Level::Good];

/// A target with its labels.
struct Series<'a> {
    labels: String,
    /// None: it could not be asked.
    scan: Option<&'a Scan>,
    client: Option<&'a Check>,
}

pub(super) fn write(view: &ProbeView<'_>, rows: &[Issue<'_>], out: &mut dyn Write) -> io::Result<()> {
    let series = series(view);
    gauge("probe_reached", "Whether TLS was spoken with the target (1) or not (0).", out, || {
        series.iter().map(|one| (one.labels.clone(), i64::from(one.scan.is_some())))
    })?;
    gauge(
        "probe_version_accepted",
        "Whether a version is accepted (1) or not (0); absent where it is not known.",
        out,
        || {
            versions(&series, |verdict| match verdict {
                Verdict::Accepted => Some(1),
                Verdict::Rejected(_) => Some(0),
                Verdict::Inconclusive(_) => None,
            })
        },
    )?;
    gauge(
        "probe_version_inconclusive",
        "Whether the answers leave open if a version is accepted (1) or not (0).",
        out,
        || versions(&series, |verdict| Some(i64::from(matches!(verdict, Verdict::Inconclusive(_))))),
    )?;
    if view.depth == Depth::Ciphers {
        gauge("probe_suites", "Cipher suites of a version, by strength.", out, || series.iter().flat_map(suites))?;
    }
    if series.iter().any(|one| one.client.is_some()) {
        clients(&series, out)?;
    }
    observed("probe_findings", view.frame.rules, rows, out)?;
    let open = rows.iter().any(|row| row.is_undecided() && row.excuse.is_none());
    plain(
        &[("probe_complete", "Whether all targets answered and all is known (1) or not (0).", usize::from(!open))],
        out,
    )?;
    info("probe_info", view.frame.policy, out)
}

/// One metric with labels.
fn gauge<I: Iterator<Item = (String, i64)>>(
    name: &str,
    help: &str,
    out: &mut dyn Write,
    values: impl FnOnce() -> I,
) -> io::Result<()> {
    head(name, help, out)?;
    values().try_for_each(|(labels, value)| writeln!(out, "tlsmend_{name}{{{labels}}} {value}"))
}

/// Each target and address once, however often it was named.
fn series<'a>(view: &ProbeView<'a>) -> Vec<Series<'a>> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for probed in &view.targets {
        let (address, scan, client) = match &probed.outcome {
            Outcome::Scanned { target, scan, client } => (target.place.to_string(), Some(*scan), *client),
            Outcome::Unresolved(_) | Outcome::Interrupted => (String::new(), None, None),
        };
        let labels = format!("target=\"{}\",address=\"{}\"", label(probed.label), label(&address));
        if seen.insert(labels.clone()) {
            all.push(Series { labels, scan: scan.filter(|scan| scan.trouble.is_none()), client });
        }
    }
    all
}

fn versions(series: &[Series<'_>], value: impl Fn(&Verdict) -> Option<i64>) -> impl Iterator<Item = (String, i64)> {
    let mut all = Vec::new();
    for one in series {
        for row in one.scan.iter().flat_map(|scan| &scan.rows) {
            all.extend(value(&row.verdict).map(|value| (format!("{},version=\"{}\"", one.labels, row.version), value)));
        }
    }
    all.into_iter()
}

fn suites(one: &Series<'_>) -> Vec<(String, i64)> {
    let accepted = one.scan.iter().flat_map(|scan| &scan.rows).filter(|row| row.verdict == Verdict::Accepted);
    let of_row = accepted.flat_map(|row| {
        LEVELS.map(|level| {
            let labels = format!("{},version=\"{}\",strength=\"{}\"", one.labels, row.version, level.name());
            let count = handshake::suites(row).iter().filter(|suite| suite.level == level).count();
            (labels, i64::try_from(count).unwrap_or(i64::MAX))
        })
    });
    of_row.collect()
}

/// What `--client` adds.
fn clients(series: &[Series<'_>], out: &mut dyn Write) -> io::Result<()> {
    let each = |value: fn(&Check) -> Option<i64>| {
        move || series.iter().filter_map(move |one| Some((one.labels.clone(), value(one.client?)?)))
    };
    let connects = "Whether a client of this machine connects (1) or not (0); absent where it is not known.";
    gauge("probe_client_connects", connects, out, each(gets_in))?;
    let expiry = "When the time of the certificate ends, in seconds since 1970.";
    gauge("probe_certificate_expiry_timestamp_seconds", expiry, out, each(ends))?;
    let trusted = "Whether this machine trusts the certificate (1) or not (0); absent where it can't tell.";
    gauge("probe_certificate_trusted", trusted, out, each(is_trusted))
}

fn gets_in(check: &Check) -> Option<i64> {
    match check.handshake {
        Handshake::Made { refused, .. } => Some(i64::from(!refused)),
        Handshake::Failed { .. } => Some(0),
        Handshake::Inconclusive(_) => None,
    }
}

fn ends(check: &Check) -> Option<i64> {
    Some(check.certificate.as_ref()?.not_after.parse::<Timestamp>().ok()?.as_second())
}

fn is_trusted(check: &Check) -> Option<i64> {
    match check.trust.as_ref()? {
        Trust::Trusted => Some(1),
        Trust::Unknown | Trust::Unproved(_) => None,
        _ => Some(0),
    }
}
