//! The rows of a verification, at the lines that promise what does not come.

use super::audit::of_problem;
use super::{Issue, PROBLEM, Place, by_weight, digest, excuse, file, place, tell_apart};
use crate::catalog::INCONCLUSIVE;
use crate::finding::{Observed, Severity, Verdict};
use crate::report::Texts;
use crate::report::sanitise::SafeLine;
use crate::report::verify::VerifyView;
use crate::tls::VersionSet;
use crate::verify::{Checked, Left, Outcome};
use std::collections::BTreeMap;

/// A row for each complaint about each endpoint, and one for each line, problem and leftover.
pub(in crate::report) fn each<'a>(view: &'a VerifyView<'a>) -> Vec<Issue<'a>> {
    let verified = view.verified;
    let mut rows = Vec::new();
    for (at, one) in verified.checked.iter().enumerate() {
        rows.extend(one.observed.iter().map(|observed| complaint(view, Some((at, one)), observed)));
        rows.extend(undecided(view, at, one));
    }
    let others = verified.dead.iter().chain(&verified.unexplained);
    rows.extend(others.map(|observed| complaint(view, None, observed)));
    let left = verified.left.iter().filter(|left| !left.by_design);
    rows.extend(left.map(|left| leftover(view.frame.texts, left)));
    if verified.interrupted {
        let text = "interrupted: the rest was not verified";
        rows.push(Issue { verdict: None, ..bare(PROBLEM, text, &[]) });
    }
    rows.extend(view.problems.iter().map(|problem| of_problem(view.frame.texts, problem, None)));
    rows
}

/// The same, with one row for all endpoints of which the same is said.
pub(in crate::report) fn of_verify<'a>(view: &'a VerifyView<'a>) -> Vec<Issue<'a>> {
    let mut rows: Vec<Issue<'a>> = Vec::new();
    let mut by_key = BTreeMap::new();
    for one in each(view) {
        if one.subject.is_some() {
            let span = one.place.as_ref().and_then(|place| place.span);
            let key = (one.fingerprint.clone(), one.severity, one.fails, one.excuse.clone(), one.details.clone(), span);
            let at = *by_key.entry(key).or_insert(rows.len());
            if let Some(other) = rows.get_mut(at) {
                other.endpoints.extend(one.endpoints);
                other.versions = other.versions.union(one.versions);
                continue;
            }
        }
        rows.push(one);
    }
    by_weight(&mut rows);
    tell_apart(rows)
}

/// A row about no endpoint.
fn bare(rule: &'static str, message: &str, details: &[String]) -> Issue<'static> {
    Issue {
        rule,
        severity: Severity::Medium,
        verdict: Some(Verdict::Unknown),
        versions: VersionSet::EMPTY,
        message: SafeLine::of(message),
        place: None,
        related: Vec::new(),
        endpoints: Vec::new(),
        details: details.iter().map(|line| SafeLine::of(line)).collect(),
        subject: None,
        finding: None,
        fingerprint: digest(&[rule]),
        excuse: None,
        fails: false,
    }
}

/// `endpoint`: the one that it is about; none: a line that decides nothing, or a port that no configuration is about.
fn complaint<'a>(view: &'a VerifyView<'a>, endpoint: Option<(usize, &'a Checked)>, one: &'a Observed) -> Issue<'a> {
    let texts = view.frame.texts;
    let own = one.primary.as_ref().map(|label| place(texts, label.span, &label.text));
    let decider = || endpoint.map(|(_, checked)| spot(texts, checked));
    let spot = own.or_else(decider);
    let details: Vec<String> = one.notes.iter().chain(&one.help).cloned().collect();
    // What is about no line is about a port.
    let port = one.primary.is_none().then(|| SafeLine::of(&one.target));
    let unreachable = endpoint.is_some_and(|(_, checked)| checked.outcome == Outcome::Unreachable);
    let identity = spot.as_ref().map(identity).or_else(|| port.as_ref().map(SafeLine::to_string)).unwrap_or_default();
    let fingerprint = digest(&[one.rule.0, &identity, one.verdict.name(), &one.versions.to_string()]);
    Issue {
        severity: one.severity,
        verdict: Some(one.verdict),
        versions: one.versions,
        place: spot,
        endpoints: endpoint.map(|(_, checked)| name(checked)).or(port).into_iter().collect(),
        subject: endpoint.map(|(at, _)| at),
        fingerprint,
        // That nothing answers is no finding, but the program could not run there.
        fails: !unreachable && one.severity >= view.frame.fail_on && one.is_open(),
        excuse: excuse(texts, &one.standing),
        ..bare(one.rule.0, &one.message, &details)
    }
}

/// The endpoint in a word, as an audit names it: `127.0.0.1:443 (a.test)`.
pub(in crate::report) fn name(checked: &Checked) -> SafeLine {
    let target = &checked.promise.target;
    let name = target.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    SafeLine::of(&format!("{}{name}", target.place))
}

/// The line that promises what should come; else the main file.
fn spot<'a>(texts: Texts<'a>, checked: &'a Checked) -> Place<'a> {
    let promise = &checked.promise;
    let decider = promise.decider().map(|span| place(texts, span, "promised here"));
    decider.unwrap_or_else(|| file(texts, &promise.main))
}

/// What stays of a place when lines move.
fn identity(place: &Place<'_>) -> String {
    format!("{} {}", place.path, place.line)
}

/// What the answers leave open, or the configuration.
fn undecided<'a>(view: &'a VerifyView<'a>, at: usize, one: &'a Checked) -> Option<Issue<'a>> {
    let open = one.scan.inconclusive();
    let (message, details): (String, Vec<String>) = match one.outcome {
        Outcome::Inconclusive => {
            let rows = one.scan.rows.iter().filter(|row| open.has(row.version));
            let said = rows.filter_map(|row| Some(format!("{}: {}", row.version, row.verdict.reason()?.text())));
            let message = format!("it is not known whether {} {} accepted", open.listed(), open.verb());
            (message, said.collect())
        }
        Outcome::Possible => {
            let unknown = one.promise.answer.unknown.iter().map(|unknown| unknown.what.clone());
            ("what should come is not known exactly; what came is possible".to_owned(), unknown.collect())
        }
        Outcome::Agrees | Outcome::Differs | Outcome::Mixed | Outcome::Unreachable => return None,
    };
    let spot = spot(view.frame.texts, one);
    Some(Issue {
        versions: open,
        endpoints: vec![name(one)],
        subject: Some(at),
        fingerprint: digest(&[INCONCLUSIVE.0, &identity(&spot), &open.to_string()]),
        place: Some(spot),
        ..bare(INCONCLUSIVE.0, &message, &details)
    })
}

fn leftover<'a>(texts: Texts<'a>, left: &'a Left) -> Issue<'a> {
    Issue {
        endpoints: vec![SafeLine::of(&left.what)],
        fingerprint: digest(&[INCONCLUSIVE.0, &left.what]),
        place: left.main.as_ref().map(|main| file(texts, main)),
        ..bare(INCONCLUSIVE.0, &format!("not verified: {}", left.text()), &[])
    }
}
