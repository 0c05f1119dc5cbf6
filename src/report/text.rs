//! The audit as text: the table of endpoints, the findings, the problems, and what was covered.

use super::{AuditView, snippet, table};
use crate::edit::Applicability;
use crate::finding::{Finding, Severity};
use rayon::prelude::*;
use std::io::{self, Write};

/// So many findings are held in memory as text at once.
const SIDE_BY_SIDE: usize = 1024;

/// Writes the report of an audit, with terminal styles.
pub fn audit(view: &AuditView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Vec::new();
    table::write(view, &mut table)?;
    if !table.is_empty() {
        out.write_all(&table)?;
        writeln!(out)?;
    }
    // Excerpts take longer than all else that is written: those of many findings are made side by side.
    for findings in view.findings.chunks(SIDE_BY_SIDE) {
        let texts: Vec<io::Result<Vec<u8>>> = findings.par_iter().map(|finding| excerpt(view, finding)).collect();
        for text in texts {
            out.write_all(&text?)?;
        }
    }
    for problem in view.all_problems() {
        snippet::problem(view.sources, &view.paths, problem, out)?;
        writeln!(out)?;
    }
    coverage(view, out)?;
    summary(view, out)?;
    advice(view, out)
}

fn excerpt(view: &AuditView<'_>, finding: &Finding) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    snippet::finding(view, finding, &mut text)?;
    writeln!(text)?;
    Ok(text)
}

/// `1 file`, `2 files`.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn coverage(view: &AuditView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let totals = view.totals();
    if totals.instances + totals.not_loaded == 0 {
        return writeln!(out, "no configuration of nginx or Apache httpd was found: nothing to audit");
    }
    let files = count(view.files.found, "file", "files");
    let instances = count(totals.instances, "instance", "instances");
    let endpoints = count(totals.endpoints, "endpoint", "endpoints");
    write!(out, "{} of {files} read, {instances}, {endpoints}", view.files.read)?;
    if totals.plaintext > 0 {
        write!(out, " ({} plaintext)", totals.plaintext)?;
    }
    match totals.not_loaded {
        0 => writeln!(out),
        1 => writeln!(out, "; 1 file with TLS directives is not loaded"),
        n => writeln!(out, "; {n} files with TLS directives are not loaded"),
    }
}

fn summary(view: &AuditView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let problems = view.totals().problems;
    if problems > 0 {
        write!(out, "{}, ", count(problems, "error", "errors"))?;
    }
    let open = view.open().count();
    let aside = aside(view);
    if open == 0 {
        return writeln!(out, "no findings{}", aside.map(|text| format!(" but {text}")).unwrap_or_default());
    }
    let severities = [Severity::High, Severity::Medium, Severity::Low];
    let counts = severities.map(|severity| (view.count(severity), severity));
    let counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{n} {name}")).collect();
    write!(out, "{}: {}", count(open, "finding", "findings"), counts.join(", "))?;
    if view.open().all(|finding| finding.severity < view.fail_on) {
        write!(out, "; none is {} or more", view.fail_on)?;
    }
    writeln!(out, "{}", aside.map(|text| format!("; besides {text}")).unwrap_or_default())
}

/// The findings that do not count: `2 waived, 1 known`.
fn aside(view: &AuditView<'_>) -> Option<String> {
    let number = |name: &str| view.findings.iter().filter(|finding| finding.standing.name() == name).count();
    let counts = ["waived", "known"].map(|name| (number(name), name));
    let words: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{n} {name}")).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// What to do now.
fn advice(view: &AuditView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mended = view.open().filter_map(|finding| finding.fix.as_ref());
    let mended = mended.filter(|fix| fix.applicability == Applicability::Safe).count();
    if mended == 0 {
        return Ok(());
    }
    let what = match view.open().count() {
        1 => "it".to_owned(),
        all if all == mended => "all of them".to_owned(),
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
