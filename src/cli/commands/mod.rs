//! One command a file.

pub(super) mod audit;
pub(super) mod completions;
pub(super) mod diff;
pub(super) mod facts;
pub(super) mod fix;
pub(super) mod history;
pub(super) mod man;
pub(super) mod policy;
pub(super) mod probe;
pub(super) mod report;
pub(super) mod rollback;
pub(super) mod rule;
pub(super) mod schema;
pub(super) mod verify;
pub(super) mod why;

use super::args::Judgement;
use crate::catalog::{self, Command};
use crate::engine::Audit;
use crate::finding::{Finding, Severity, Verdict};
use crate::report::{Outcome, RuleText};
use crate::rules;

/// What reports tell of the rules by which a command finds something.
fn rule_texts(command: Command) -> Vec<RuleText<'static>> {
    let text = |rule: &'static catalog::Entry| RuleText {
        id: rule.id.0,
        summary: rule.summary(),
        reason: rule.reason(),
        help: rule.page,
        severity: rules::severity(rule),
    };
    catalog::of(command).map(text).collect()
}

/// How an audit ends.
fn outcome(audit: &Audit, judgement: &Judgement) -> Outcome {
    outcome_of(audit.findings.iter(), audit, judgement)
}

/// How it ends where only these findings count.
fn outcome_of<'a>(mut findings: impl Iterator<Item = &'a Finding>, audit: &Audit, judgement: &Judgement) -> Outcome {
    let fail_on = Severity::from(judgement.fail_on);
    // What can't be decided is not held against the host, but it is not compliance either.
    let fails = findings.any(|f| f.is_open() && f.verdict != Verdict::Unknown && f.severity >= fail_on);
    if fails {
        Outcome::Findings
    } else if audit.is_incomplete() {
        Outcome::Incomplete
    } else {
        Outcome::Compliant
    }
}
