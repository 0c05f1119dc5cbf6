//! One command a file.

pub(super) mod audit;
pub(super) mod diff;
pub(super) mod facts;
pub(super) mod probe;
pub(super) mod verify;
pub(super) mod why;

use super::args::Judgement;
use super::exit::ExitStatus;
use crate::engine::Audit;
use crate::finding::{Severity, Verdict};

/// The status that an audit ends with.
fn status(audit: &Audit, judgement: &Judgement) -> ExitStatus {
    let fail_on = Severity::from(judgement.fail_on);
    // What can't be decided is not held against the host, but it is not compliance either.
    let fails = audit.findings.iter().any(|f| f.verdict != Verdict::Unknown && f.severity >= fail_on);
    let status = if fails {
        ExitStatus::Findings
    } else if audit.is_incomplete() {
        ExitStatus::Incomplete
    } else {
        ExitStatus::Compliant
    };
    if judgement.exit_zero { ExitStatus::Compliant } else { status }
}
