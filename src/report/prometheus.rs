//! The audit as metrics for the textfile collector of Prometheus' node exporter.
//!
//! Gauges only, each present from the first run on: rules without findings are zeros, so that an alert sees a change and
//! not a gap. No path and no server name is a label: their number has no bound.

use super::AuditView;
use crate::endpoint::Speaks;
use crate::finding::{Finding, Severity, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

const SEVERITIES: [Severity; 3] = [Severity::High, Severity::Medium, Severity::Low];
/// The names of [`Standing`](crate::finding::Standing).
const STANDINGS: [&str; 3] = ["open", "waived", "known"];
const VERDICTS: [Verdict; 5] =
    [Verdict::Exposed, Verdict::Missing, Verdict::Latent, Verdict::Unknown, Verdict::Compliant];

/// Writes the metrics.
pub fn audit(view: &AuditView<'_>, out: &mut dyn Write) -> io::Result<()> {
    endpoints(view, out)?;
    findings(view, out)?;
    let totals = view.totals();
    for (name, help, value) in [
        ("audit_complete", "Whether all could be read and decided (1) or not (0).", usize::from(!view.incomplete)),
        ("problems", "Places that could not be read or are not valid.", totals.problems),
        ("files_read", "Configuration files that were read.", view.files.read),
        ("files_found", "Configuration files that were found, read or not.", view.files.found),
        ("instances", "Configurations that a server loads.", totals.instances),
        ("files_not_loaded", "Files with TLS directives that no server loads.", totals.not_loaded),
    ] {
        head(name, help, out)?;
        writeln!(out, "tlsmend_{name} {value}")?;
    }
    head("info", "The program and its policy.", out)?;
    writeln!(out, "tlsmend_info{{version=\"{}\",policy=\"{}\"}} 1", env!("CARGO_PKG_VERSION"), label(view.policy))
}

fn head(name: &str, help: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# HELP tlsmend_{name} {help}\n# TYPE tlsmend_{name} gauge")
}

fn endpoints(view: &AuditView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut counts: BTreeMap<(&str, Verdict), usize> = BTreeMap::new();
    for (index, instance) in view.instances.iter().enumerate() {
        for verdict in VERDICTS {
            counts.entry((instance.service.0, verdict)).or_default();
        }
        for (at, endpoint) in instance.endpoints.iter().enumerate() {
            if endpoint.answer.speaks != Speaks::Plaintext {
                *counts.entry((instance.service.0, view.verdict(index, at))).or_default() += 1;
            }
        }
    }
    head("endpoints", "TLS endpoints (address and server name) by what is the matter with them.", out)?;
    for ((service, verdict), count) in counts {
        writeln!(out, "tlsmend_endpoints{{service=\"{service}\",verdict=\"{verdict}\"}} {count}")?;
    }
    Ok(())
}

fn findings(view: &AuditView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let found = view.findings.iter().map(|finding| finding.rule.0);
    let rules: BTreeSet<&str> = view.rules.iter().map(|rule| rule.id).chain(found).collect();
    head("findings", "Findings by rule, severity and standing.", out)?;
    for rule in rules {
        for severity in SEVERITIES {
            for standing in STANDINGS {
                let is_it = |f: &&Finding| f.rule.0 == rule && f.severity == severity && f.standing.name() == standing;
                let count = view.findings.iter().filter(is_it).count();
                writeln!(
                    out,
                    "tlsmend_findings{{rule=\"{rule}\",severity=\"{severity}\",standing=\"{standing}\"}} {count}"
                )?;
            }
        }
    }
    Ok(())
}

/// The value of a label.
fn label(text: &str) -> String {
    super::sanitise::line(text.as_bytes()).replace('\\', "\\\\").replace('"', "\\\"")
}
