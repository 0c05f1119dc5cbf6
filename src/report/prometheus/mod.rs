//! Metrics for the textfile collector of Prometheus' node exporter.
//!
//! Gauges only, each present from the first run on: rules without findings are zeros, so that an alert sees a change and
//! not a gap. No path and no server name of a configuration is a label: their number has no bound. The targets of a
//! probe are labels, since somebody listed them. Each command has names of its own, so that the files of all of them can
//! lie in one folder.

mod audit;
mod probe;
mod verify;

use super::issue::Issue;
use super::{Report, RuleText, sanitise};
use crate::finding::Severity;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Writes the metrics.
pub(super) fn write(report: Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    match report {
        Report::Audit(view) => audit::write(view, out),
        Report::Probe(view) => probe::write(view, &report.rows(), out),
        Report::Verify(view) => verify::write(view, &report.rows(), out),
    }
}

const SEVERITIES: [Severity; 4] = Severity::ALL;

fn head(name: &str, help: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# HELP tlsmend_{name} {help}\n# TYPE tlsmend_{name} gauge")
}

/// Gauges without labels.
fn plain(gauges: &[(&str, &str, usize)], out: &mut dyn Write) -> io::Result<()> {
    for (name, help, value) in gauges {
        head(name, help, out)?;
        writeln!(out, "tlsmend_{name} {value}")?;
    }
    Ok(())
}

/// The program and its policy.
fn info(name: &str, policy: &str, out: &mut dyn Write) -> io::Result<()> {
    head(name, "The program and its policy.", out)?;
    writeln!(out, "tlsmend_{name}{{version=\"{}\",policy=\"{}\"}} 1", env!("CARGO_PKG_VERSION"), label(policy))
}

/// The names of all rules: the known ones, and those that found something all the same.
fn rules<'a>(known: &[RuleText<'a>], found: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    known.iter().map(|rule| rule.id).chain(found).collect()
}

/// What handshakes showed, by rule and severity; what does not count is left out.
fn observed<'a>(name: &str, known: &[RuleText<'a>], rows: &[Issue<'a>], out: &mut dyn Write) -> io::Result<()> {
    head(name, "Findings by rule and severity.", out)?;
    let counting = || rows.iter().filter(|row| !row.is_problem() && row.excuse.is_none());
    for rule in rules(known, counting().map(|row| row.rule)) {
        for severity in SEVERITIES {
            let count = counting().filter(|row| row.rule == rule && row.severity == severity).count();
            writeln!(out, "tlsmend_{name}{{rule=\"{rule}\",severity=\"{severity}\"}} {count}")?;
        }
    }
    Ok(())
}

/// The value of a label.
fn label(text: &str) -> String {
    sanitise::line(text.as_bytes()).replace('\\', "\\\\").replace('"', "\\\"")
}
