//! The audit as text: the table of endpoints, the findings, the problems, and what was covered.

use super::{AuditView, Report, snippet, summary, table};
use crate::finding::{Finding, Severity};
use rayon::prelude::*;
use std::io::{self, Write};

/// So many findings are held in memory as text at once.
const SIDE_BY_SIDE: usize = 1024;

/// The name of the format.
pub const NAME: &str = "text";

/// The width of a report that no terminal shows.
pub const WIDTH: usize = snippet::WIDTH;

/// Writes a report, with terminal styles.
pub(super) fn write(report: Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    match report {
        Report::Audit(view) => audit(view, out),
        Report::Probe(view) => super::probe::text(view, out),
        Report::Verify(view) => super::verify::text(view, out),
    }
}

fn audit(view: &AuditView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let width = view.width;
    let mut table = Vec::new();
    table::write(view, width, &mut table)?;
    if !table.is_empty() {
        out.write_all(&table)?;
        writeln!(out)?;
    }
    // Excerpts take longer than all else that is written: those of many findings are made side by side.
    let shown: Vec<&Finding> = view.findings.iter().filter(|finding| !is_in_coverage(finding)).collect();
    for findings in shown.chunks(SIDE_BY_SIDE) {
        let texts: Vec<io::Result<Vec<u8>>> =
            findings.par_iter().map(|finding| excerpt(view, finding, width)).collect();
        for text in texts {
            out.write_all(&text?)?;
        }
    }
    for problem in view.all_problems() {
        snippet::problem(view.frame.texts.sources, view.frame.texts.paths, problem, width, out)?;
        writeln!(out)?;
    }
    writeln!(out, "{}", summary::coverage(view))?;
    if let Some(text) = summary::uncovered(view) {
        writeln!(out, "{}", super::sanitise::line(text.as_bytes()))?;
        for (at, one) in view.uncovered.iter().enumerate() {
            let head = if at == 0 { "ask them, usually:" } else { "" };
            writeln!(out, "  {head:18} {}", one.ask)?;
        }
    }
    writeln!(out, "{}", summary::audited(view))?;
    advice(view, out)
}

/// What is not audited is told in a line, unless the policy wants more of it.
fn is_in_coverage(finding: &Finding) -> bool {
    finding.severity == Severity::Note && finding.primary.is_none() && finding.instance.is_none()
}

fn excerpt(view: &AuditView<'_>, finding: &Finding, width: usize) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    snippet::finding(view, finding, width, &mut text)?;
    writeln!(text)?;
    Ok(text)
}

/// What to do now.
fn advice(view: &AuditView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let open = || view.open().filter(|finding| finding.severity > Severity::Note);
    let fixes = open().filter_map(|finding| finding.fix.as_ref());
    let mended = fixes.filter(|fix| fix.is_safe()).count();
    if mended == 0 {
        return Ok(());
    }
    let what = match open().count() {
        1 => "it".to_owned(),
        all if all == mended => "all findings".to_owned(),
        all => format!("{mended} of {all} findings"),
    };
    writeln!(out, "{what} can be mended: `tlsmend diff` shows the patch")?;
    if !view.reload.is_empty() {
        writeln!(out, "then reload:")?;
        for (service, command) in view.reload {
            let line = format!("{service}: {command}");
            writeln!(out, "  {}", super::sanitise::line(line.as_bytes()))?;
        }
    }
    Ok(())
}
