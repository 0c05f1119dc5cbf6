//! The exit status, the same for every output format.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// Compliant; for `diff`: no change is needed; for `why`: answered.
    Compliant = 0,
    /// Findings at or above `--fail-on`; for `diff`: there is a patch, or a finding that it can't mend.
    Findings = 1,
    /// Could not run: wrong usage, wrong policy, no such path.
    CouldNotRun = 2,
    /// Something could not be read or decided, and nothing worse is known.
    Incomplete = 3,
}

impl ExitStatus {
    /// The word used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            ExitStatus::Compliant => "compliant",
            ExitStatus::Findings => "findings",
            ExitStatus::CouldNotRun => "could-not-run",
            ExitStatus::Incomplete => "incomplete",
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        ExitCode::from(status as u8)
    }
}
