//! A verification: a suite is an instance, a case an endpoint. Lines that decide nothing, what could not be verified and
//! what could not be read are cases of their own.

use super::{Case, End, Suite, alone, of_issues, plain};
use crate::report::issue::{self, Issue, by_subject, each};
use crate::report::verify::{VerifyView, cells, said};
use crate::verify::{Checked, Outcome};

/// The suite of what is about no endpoint that was asked.
const REST: &str = "configuration";

pub(super) fn suites(view: &VerifyView<'_>) -> Vec<Suite> {
    let rows = each(view);
    let about = by_subject(&rows);
    let mut suites: Vec<Suite> = Vec::new();
    for (at, one) in view.verified.checked.iter().enumerate() {
        let name = plain(&format!("{} {}", one.promise.service, view.frame.texts.paths.show(&one.promise.main)));
        let own = about.get(&at).map_or(&[][..], Vec::as_slice);
        let case = endpoint(one, own);
        match suites.iter_mut().find(|suite| suite.name == name) {
            Some(suite) => suite.cases.push(case),
            None => suites.push(Suite { name, cases: vec![case] }),
        }
    }
    let others = rows.iter().filter(|row| row.subject.is_none());
    let mut rest: Vec<Case> = others.map(other).collect();
    rest.extend(view.verified.left.iter().filter(|left| left.by_design).map(|left| Case {
        class: "tlsmend".to_owned(),
        name: plain(&left.what),
        end: End::Skipped,
        kind: String::new(),
        message: plain(&left.text()),
        text: String::new(),
    }));
    if !rest.is_empty() {
        suites.push(Suite { name: REST.to_owned(), cases: rest });
    }
    suites
}

fn endpoint(one: &Checked, rows: &[&Issue<'_>]) -> Case {
    let undecided = !matches!(one.outcome, Outcome::Agrees | Outcome::Differs);
    let case = of_issues(one.promise.service.0, plain(&issue::endpoint(one)), rows, undecided);
    let [_, _, expected, observed] = cells(one);
    let told = [format!("configured: {expected}"), format!("observed: {observed}"), said(one).to_owned()];
    let told = super::lines(told);
    let text = if case.text.is_empty() { told } else { format!("{told}\n{}", case.text) };
    Case { text, ..case }
}

fn other(row: &Issue<'_>) -> Case {
    let case = alone("tlsmend", row);
    // What was not verified has no place of its own, but a name.
    match row.endpoints.first() {
        Some(endpoint) => Case { name: plain(endpoint), ..case },
        None => case,
    }
}
