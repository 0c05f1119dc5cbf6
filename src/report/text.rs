//! The audit as text: the table of endpoints, the findings, the problems, and what was covered.

use super::{AuditView, Report, snippet, summary, table};
use crate::edit::Fix;
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
    let counts = |finding: &&Finding| finding.severity > Severity::Note || finding.is_in_patch();
    let all = view.open().filter(counts).count();
    let (ended, in_part) = {
        let is_part = |fix: &&Fix| fix.leaves.is_some();
        let fixes = view.open().filter(|finding| finding.is_in_patch()).filter_map(|finding| finding.fix.as_ref());
        let (part, whole): (Vec<&Fix>, Vec<&Fix>) = fixes.partition(is_part);
        (whole.len(), part.len())
    };
    let of_all = |number| match all {
        1 => "it".to_owned(),
        _ if number == all => "all findings".to_owned(),
        _ => format!("{number} of {all} findings"),
    };
    let what = match (ended, in_part) {
        (0, 0) => return Ok(()),
        (0, part) => format!("{} can be mended in part", of_all(part)),
        (ended, 0) => format!("{} can be mended", of_all(ended)),
        (ended, part) => format!("{} can be mended, {part} more in part", of_all(ended)),
    };
    let options = super::sanitise::line(view.frame.options.as_bytes());
    writeln!(out, "{what}: `tlsmend diff{options}` shows the patch")?;
    if !view.reload.is_empty() {
        writeln!(out, "then reload:")?;
        for (service, command) in view.reload {
            let line = format!("{service}: {command}");
            writeln!(out, "  {}", super::sanitise::line(line.as_bytes()))?;
        }
    }
    Ok(())
}
