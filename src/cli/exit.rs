//! The exit status, the same for every output format.

use crate::report::Outcome;
use std::process::ExitCode;

/// The exit status of the program: that of its outcome, or 0 where the user does not want it to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitStatus(u8);

impl ExitStatus {
    /// The status to exit with for this outcome: with `--exit-zero`, findings, what is not known, and servers that do not
    /// answer are no failure.
    #[must_use]
    pub(super) fn unless(exit_zero: bool, outcome: Outcome) -> ExitStatus {
        match outcome {
            Outcome::Findings | Outcome::Unreachable | Outcome::Incomplete if exit_zero => Outcome::Compliant.into(),
            other => other.into(),
        }
    }
}

impl From<Outcome> for ExitStatus {
    fn from(outcome: Outcome) -> ExitStatus {
        ExitStatus(outcome.status())
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        ExitCode::from(status.0)
    }
}
