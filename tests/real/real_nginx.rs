//! nginx: the truth cases, on the server that is installed here.

use crate::support;
use crate::support::needs;

use support::patched::patch;
use support::replay::{Cases, replay};
use support::site::Software;

#[test]
fn the_truth_cases_hold_here() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    let cases = Cases::of("nginx", Software::Nginx);
    let outcome = replay(&cases);
    let summary = format!(
        "{} cases, {} endpoints, {} configurations refused; the cases are {} version",
        outcome.cases,
        outcome.contacts,
        outcome.refused,
        if cases.observed { "of this" } else { "of another" },
    );
    assert!(outcome.complaints.is_empty(), "{}\n{summary}", outcome.complaints);
    println!("{summary}");
    assert!(outcome.contacts > 100, "{summary}");
}

#[test]
fn patched_truth_cases_work_and_comply() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    let outcome = patch(&Cases::of("nginx", Software::Nginx));
    let summary = format!(
        "{} cases with findings, {} changed, {} endpoints comply; left: {:#?}",
        outcome.cases, outcome.changed, outcome.comply, outcome.left,
    );
    assert!(outcome.complaints.is_empty(), "{}\n{summary}", outcome.complaints);
    println!("{summary}");
    assert!(outcome.changed > 20, "{summary}");
}
