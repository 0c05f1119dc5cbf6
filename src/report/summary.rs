//! The numbers of a report in a line, as several formats tell them.

use super::issue::Issue;
use super::probe::{Outcome, ProbeView, Probed};
use super::verify::VerifyView;
use super::{AuditView, Report};
use crate::finding::Severity;
use crate::instance::Uncovered;
use crate::services;
use crate::verify;

/// `1 file`, `2 files`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `3 of 3 files read, 1 instance, 4 endpoints (1 plaintext)`
pub(super) fn coverage(view: &AuditView<'_>) -> String {
    let totals = view.totals();
    let mut elsewhere = match view.files.excluded {
        0 => String::new(),
        n => format!("; {} excluded", count(n, "file is", "files are")),
    };
    if view.files.passed_over > 0 {
        let many = count(view.files.passed_over, "file or directory", "files or directories");
        elsewhere.push_str(&format!("; {many} elsewhere can't be read"));
    }
    if totals.instances + totals.parts + totals.not_loaded == 0 {
        // What could not be read may well be one.
        let nothing = if totals.problems == 0 { ": nothing to audit" } else { "" };
        return format!("no configuration of {} was found{nothing}{elsewhere}", services::titles());
    }
    let files = count(view.files.found, "file", "files");
    let instances = count(totals.instances, "instance", "instances");
    let endpoints = count(totals.endpoints, "endpoint", "endpoints");
    let mut text = format!("{} of {files} read, {instances}, {endpoints}", view.files.read);
    if totals.plaintext > 0 {
        text.push_str(&format!(" ({} plaintext)", totals.plaintext));
    }
    match totals.parts {
        0 => {}
        1 => text.push_str("; 1 file without a main file is judged as if it were included"),
        n => text.push_str(&format!("; {n} files without a main file are judged as if they were included")),
    }
    match totals.not_loaded {
        0 => {}
        1 => text.push_str("; 1 file with TLS directives is not loaded"),
        n => text.push_str(&format!("; {n} files with TLS directives are not loaded")),
    }
    text + &elsewhere
}

/// `not audited: haproxy (/usr/sbin/haproxy), postfix (/etc/postfix/main.cf)`; nothing where there is none.
pub(super) fn uncovered(view: &AuditView<'_>) -> Option<String> {
    let all: Vec<String> = view.uncovered.iter().map(Uncovered::text).collect();
    (!all.is_empty()).then(|| format!("not audited: {}", all.join(", ")))
}

/// The findings in a line.
pub(super) fn headline(report: Report<'_>, rows: &[Issue<'_>]) -> String {
    match report {
        Report::Audit(view) => audited(view),
        Report::Probe(_) | Report::Verify(_) => observed(rows),
    }
}

/// What was looked at, in a line.
pub(super) fn covered(report: Report<'_>) -> String {
    match report {
        Report::Audit(view) => covered_by_audit(view),
        Report::Probe(view) => probed(view),
        Report::Verify(view) => verified(view),
    }
}

/// The title of what does not count.
pub(super) fn excused(report: Report<'_>) -> &'static str {
    match report {
        Report::Audit(_) => "Waived or known",
        // An address that this machine has no way to does not count either.
        Report::Probe(_) | Report::Verify(_) => "Does not count",
    }
}

/// The coverage in one line, with what is not audited.
fn covered_by_audit(view: &AuditView<'_>) -> String {
    let besides = uncovered(view).map(|text| format!("; {}", super::sanitise::line(text.as_bytes())));
    format!("{}{}", coverage(view), besides.unwrap_or_default())
}

/// `2 errors, 3 findings: 1 high, 2 low; besides 1 waived`
pub(super) fn audited(view: &AuditView<'_>) -> String {
    let problems = view.totals().problems;
    let errors = if problems > 0 { format!("{}, ", count(problems, "error", "errors")) } else { String::new() };
    let open = view.open().filter(|finding| finding.severity > Severity::Note).count();
    let aside = aside(view);
    if open == 0 {
        return format!("{errors}no findings{}", aside.map(|text| format!(" but {text}")).unwrap_or_default());
    }
    let counted = |severity| if severity == Severity::Note { 0 } else { view.count(severity) };
    let mut text = format!("{errors}{}", findings(counted));
    if view.open().all(|finding| finding.severity < view.frame.fail_on) {
        text.push_str(&format!("; none is {} or more", view.frame.fail_on));
    }
    text.push_str(&aside.map(|aside| format!("; besides {aside}")).unwrap_or_default());
    text
}

/// `3 findings: 1 high, 2 low`
fn findings(number: impl Fn(Severity) -> usize) -> String {
    let counts = Severity::ALL.map(|severity| (number(severity), severity));
    let all: usize = counts.iter().map(|(n, _)| n).sum();
    let counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{n} {name}")).collect();
    format!("{}: {}", count(all, "finding", "findings"), counts.join(", "))
}

/// What handshakes showed: `1 error, 2 findings: 1 high, 1 low; 1 can't be told`
fn observed(rows: &[Issue<'_>]) -> String {
    let counting = || rows.iter().filter(|row| row.excuse.is_none());
    let (problems, open) = (
        counting().filter(|row| row.is_problem()).count(),
        counting().filter(|row| !row.is_problem() && row.is_undecided()).count(),
    );
    let errors = if problems > 0 { format!("{}, ", count(problems, "error", "errors")) } else { String::new() };
    let of = |severity| counting().filter(|row| !row.is_undecided() && row.severity == severity).count();
    let found = if counting().any(|row| !row.is_undecided()) { findings(of) } else { "no findings".to_owned() };
    let open =
        if open > 0 { format!("; {} left open", count(open, "question is", "questions are")) } else { String::new() };
    format!("{errors}{found}{open}")
}

/// `2 of 3 targets answer with TLS`
fn probed(view: &ProbeView<'_>) -> String {
    let answers = |one: &&Probed<'_>| matches!(one.outcome, Outcome::Scanned { scan, .. } if scan.trouble.is_none());
    let (all, reached) = (view.targets.len(), view.targets.iter().filter(answers).count());
    format!(
        "{reached} of {} {} with TLS",
        count(all, "target", "targets"),
        if reached == 1 { "answers" } else { "answer" }
    )
}

/// `2 of 3 endpoints do as their configuration says`
fn verified(view: &VerifyView<'_>) -> String {
    let all = &view.verified.checked;
    if all.is_empty() {
        return "no TLS endpoint of this machine was found in a configuration: nothing to verify".to_owned();
    }
    let agree = all.iter().filter(|one| one.outcome == verify::Outcome::Agrees).count();
    let (does, its) = if agree == 1 { ("does", "its") } else { ("do", "their") };
    format!("{agree} of {} {does} as {its} configuration says", count(all.len(), "endpoint", "endpoints"))
}

/// The findings that do not count: `2 waived, 1 known, 1 note`.
fn aside(view: &AuditView<'_>) -> Option<String> {
    let number = |name: &str| view.findings.iter().filter(|finding| finding.standing.name() == name).count();
    let notes = view.count(Severity::Note);
    let counts =
        [(number("waived"), "waived"), (number("known"), "known"), (notes, if notes == 1 { "note" } else { "notes" })];
    let words: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{n} {name}")).collect();
    (!words.is_empty()).then(|| words.join(", "))
}
