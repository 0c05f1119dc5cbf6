//! How a run ends, and the exit status that says so, the same for every output format.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// Compliant; for `diff`: no change is needed; for `why`: answered; for `fix`: nothing to do, or all is mended and
    /// checked.
    Compliant = 0,
    /// Findings at or above `--fail-on`; for `diff`: there is a patch, or a finding that it can't mend;
    /// for `fix`: such findings remain, or a server that was reloaded still accepts what is no longer configured.
    Findings = 1,
    /// Could not run: wrong usage, wrong policy, no such path.
    CouldNotRun = 2,
    /// Something could not be read or decided, and nothing worse is known; for `fix`: or no checker tested the
    /// result, or it was not clear what handshakes get after the reload, or whether servers were reloaded by an earlier
    /// run that was interrupted.
    Incomplete = 3,
    /// The server's checker did not accept the result, and every file was put back.
    CheckFailed = 4,
    /// The server could not be reloaded, and every file was put back.
    ReloadFailed = 5,
    /// After the reload, handshakes did not get what the new files promise, and every file was put back.
    VerifyFailed = 6,
}

impl ExitStatus {
    /// The status to exit with for this outcome: with `--exit-zero`, findings, what is not known, and servers that do not
    /// answer are no failure. Reports name the outcome itself: a bad host is not compliant because nobody wants to fail.
    #[must_use]
    pub fn unless(self, exit_zero: bool) -> ExitStatus {
        match self {
            ExitStatus::Findings | ExitStatus::CouldNotRun | ExitStatus::Incomplete if exit_zero => {
                ExitStatus::Compliant
            }
            other => other,
        }
    }

    /// The word used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            ExitStatus::Compliant => "compliant",
            ExitStatus::Findings => "findings",
            ExitStatus::CouldNotRun => "could-not-run",
            ExitStatus::Incomplete => "incomplete",
            ExitStatus::CheckFailed => "check-failed",
            ExitStatus::ReloadFailed => "reload-failed",
            ExitStatus::VerifyFailed => "verify-failed",
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> ExitCode {
        ExitCode::from(status as u8)
    }
}
