//! The numbers of an audit in a line, as several formats tell them.

use super::AuditView;
use crate::finding::Severity;

/// `1 file`, `2 files`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `3 of 3 files read, 1 instance, 4 endpoints (1 plaintext)`
pub(super) fn coverage(view: &AuditView<'_>) -> String {
    let totals = view.totals();
    if totals.instances + totals.not_loaded == 0 {
        return "no configuration of nginx or Apache httpd was found: nothing to audit".to_owned();
    }
    let files = count(view.files.found, "file", "files");
    let instances = count(totals.instances, "instance", "instances");
    let endpoints = count(totals.endpoints, "endpoint", "endpoints");
    let mut text = format!("{} of {files} read, {instances}, {endpoints}", view.files.read);
    if totals.plaintext > 0 {
        text.push_str(&format!(" ({} plaintext)", totals.plaintext));
    }
    match totals.not_loaded {
        0 => {}
        1 => text.push_str("; 1 file with TLS directives is not loaded"),
        n => text.push_str(&format!("; {n} files with TLS directives are not loaded")),
    }
    text
}

/// `2 errors, 3 findings: 1 high, 2 low; besides 1 waived`
pub(super) fn headline(view: &AuditView<'_>) -> String {
    let problems = view.totals().problems;
    let errors = if problems > 0 { format!("{}, ", count(problems, "error", "errors")) } else { String::new() };
    let open = view.open().count();
    let aside = aside(view);
    if open == 0 {
        return format!("{errors}no findings{}", aside.map(|text| format!(" but {text}")).unwrap_or_default());
    }
    let severities = [Severity::High, Severity::Medium, Severity::Low];
    let counts = severities.map(|severity| (view.count(severity), severity));
    let counts: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{n} {name}")).collect();
    let mut text = format!("{errors}{}: {}", count(open, "finding", "findings"), counts.join(", "));
    if view.open().all(|finding| finding.severity < view.fail_on) {
        text.push_str(&format!("; none is {} or more", view.fail_on));
    }
    text.push_str(&aside.map(|aside| format!("; besides {aside}")).unwrap_or_default());
    text
}

/// The findings that do not count: `2 waived, 1 known`.
fn aside(view: &AuditView<'_>) -> Option<String> {
    let number = |name: &str| view.findings.iter().filter(|finding| finding.standing.name() == name).count();
    let counts = ["waived", "known"].map(|name| (number(name), name));
    let words: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{n} {name}")).collect();
    (!words.is_empty()).then(|| words.join(", "))
}
