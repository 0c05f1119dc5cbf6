//! The rows of an audit.

use super::{Issue, PROBLEM, digest, excuse, file, place, tell_apart};
use crate::finding::{Finding, Severity, Verdict};
use crate::instance::Problem;
use crate::report::sanitise::SafeLine;
use crate::report::{AuditView, Texts, snippet};
use crate::source::Span;
use crate::tls::VersionSet;

/// All findings in the order of the report, then all problems.
pub(in crate::report) fn of_audit<'a>(view: &'a AuditView<'a>) -> Vec<Issue<'a>> {
    let mut rows: Vec<Issue<'a>> = view.findings.iter().map(|finding| of_finding(view, finding)).collect();
    rows.extend(view.problems.iter().map(|problem| of_problem(view.frame.texts, problem, None)));
    for (index, instance) in view.instances.iter().enumerate() {
        rows.extend(instance.problems.iter().map(|problem| of_problem(view.frame.texts, problem, Some(index))));
    }
    tell_apart(rows)
}

fn of_finding<'a>(view: &'a AuditView<'a>, finding: &'a Finding) -> Issue<'a> {
    let texts = view.frame.texts;
    let instance = finding.instance.and_then(|index| view.instances.get(index));
    let main = || instance.map(|instance| file(texts, &instance.main));
    let all = instance.map_or(&[][..], |instance| &instance.endpoints[..]);
    let details = finding.notes.iter().chain(&finding.help).map(|said| SafeLine::of(said));
    Issue {
        rule: finding.rule.0,
        severity: finding.severity,
        verdict: Some(finding.verdict),
        versions: finding.versions,
        message: SafeLine::of(&finding.message),
        place: finding.primary.as_ref().map(|label| place(texts, label.span, &label.text)).or_else(main),
        related: finding.related.iter().map(|label| place(texts, label.span, &label.text)).collect(),
        endpoints: finding
            .endpoints
            .iter()
            .filter_map(|i| all.get(*i))
            .map(|one| SafeLine::of(&snippet::endpoint(one)))
            .collect(),
        details: details.collect(),
        subject: finding.instance,
        finding: Some(finding),
        fingerprint: finding.fingerprint.clone(),
        fails: finding.verdict != Verdict::Unknown && finding.severity >= view.frame.fail_on && finding.is_open(),
        excuse: excuse(texts, &finding.standing),
    }
}

/// The row of a problem.
pub(super) fn of_problem<'a>(texts: Texts<'a>, problem: &'a Problem, instance: Option<usize>) -> Issue<'a> {
    let path = problem.path.as_deref().map(|path| file(texts, path));
    let place_of = |span: Span| place(texts, span, "");
    let place = problem.span.map(place_of).or(path);
    let identity = place.as_ref().map(|place| [&*place.path, &*place.line]).unwrap_or_default();
    let fingerprint = digest(&[PROBLEM, identity[0], identity[1]]);
    Issue {
        rule: PROBLEM,
        severity: Severity::Medium,
        verdict: None,
        versions: VersionSet::EMPTY,
        message: SafeLine::of(&problem.message),
        related: problem.hops.iter().map(|hop| self::place(texts, *hop, "reached from here")).collect(),
        place,
        endpoints: Vec::new(),
        details: Vec::new(),
        subject: instance,
        finding: None,
        fingerprint,
        excuse: None,
        fails: false,
    }
}
