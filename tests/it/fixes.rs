//! Fixes converge: a second run changes nothing, what is left says why, and nothing gets worse.

use crate::support;
use crate::support::needs;

use std::fmt::Write as _;
use support::case::{self, Case};
use tlsmend::engine::Request;
use tlsmend::finding::Verdict;
use tlsmend::plan::{Plan, plan};
use tlsmend::policy::Policy;
use tlsmend::system::{Overlay, System};

fn planned(case: &Case, system: &dyn System) -> Plan {
    let (facts, policy) = (case.facts(), Policy::default_profile());
    plan(Request::new(system, &facts, &policy))
}

fn hold(folder: &str) {
    let mut failures = String::new();
    for case in case::all(folder) {
        let system = case.files_only();
        let first = planned(&case, &system);
        let overlay = Overlay::new(&system, &first.contents);
        let second = planned(&case, &overlay);
        if !second.contents.is_empty() {
            let _ = writeln!(failures, "{}: a second run changes {:?}", case.name, second.contents.keys());
        }
        if first.after.all_problems().count() > first.before.all_problems().count() {
            let _ = writeln!(failures, "{}: new problems", case.name);
        }
        for finding in &first.after.findings {
            let unfit = matches!(finding.verdict, Verdict::Exposed | Verdict::Latent | Verdict::Missing);
            if unfit && finding.help.is_none() {
                let message = &finding.message;
                let _ = writeln!(failures, "{}: left without a reason: {message}", case.name);
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn nginx_cases() {
    if !needs::has(&["nginx"]) {
        return;
    }
    hold("nginx");
}

#[test]
fn apache_cases() {
    hold("apache");
    hold("apache-2.4.41");
}
