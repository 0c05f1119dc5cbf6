//! One command a file.

pub(super) mod audit;
pub(super) mod diff;
pub(super) mod facts;
pub(super) mod fix;
pub(super) mod history;
pub(super) mod policy;
pub(super) mod probe;
pub(super) mod report;
pub(super) mod rollback;
pub(super) mod rule;
pub(super) mod verify;
pub(super) mod why;

use super::args::Judgement;
use crate::engine::Audit;
use crate::finding::{Finding, Severity, Verdict};
use crate::report::{Outcome, RuleText};
use crate::rules::{self, Rule};

/// What reports tell of a rule.
fn rule_text(rule: &Rule) -> RuleText<'static> {
    let Rule { id, page, .. } = rule;
    RuleText { id: id.0, summary: rule.summary(), help: page, severity: rule.severity() }
}

/// What reports tell of the rules of these names.
fn rule_texts(names: &[&str]) -> Vec<RuleText<'static>> {
    names.iter().filter_map(|name| rules::find(name)).map(rule_text).collect()
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
