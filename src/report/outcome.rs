//! How a run ends. The exit status follows from it, and every report shows it.

/// How a run ends, from good to bad: where several things can be said of a run, the worst of them is its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Compliant; for `diff`: no change is needed; for `fix`: nothing to do, or all is mended and checked.
    Compliant,
    /// For `facts`: all that an audit needs is known.
    Known,
    /// Something could not be read or decided, and nothing worse is known; for `fix`: or no checker tested the
    /// result, or it was not clear what handshakes get after the reload, or whether servers were reloaded by an earlier
    /// run that was interrupted.
    Incomplete,
    /// For `probe` and `verify`: nothing answers.
    Unreachable,
    /// Findings at or above `--fail-on`; for `diff`: there is a patch, or a finding that it can't mend;
    /// for `fix`: such findings remain, or a server that was reloaded still accepts what is no longer configured.
    Findings,
    /// Could not run: wrong usage, wrong policy, no such path.
    CouldNotRun,
    /// The server's checker did not accept the result, and every file was put back.
    CheckFailed,
    /// The server could not be reloaded, and every file was put back.
    ReloadFailed,
    /// After the reload, handshakes did not get what the new files promise, and every file was put back.
    VerifyFailed,
}

impl Outcome {
    /// All of them, in their order.
    pub const ALL: [Outcome; 9] = [
        Outcome::Compliant,
        Outcome::Known,
        Outcome::Incomplete,
        Outcome::Unreachable,
        Outcome::Findings,
        Outcome::CouldNotRun,
        Outcome::CheckFailed,
        Outcome::ReloadFailed,
        Outcome::VerifyFailed,
    ];

    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Compliant => "compliant",
            Outcome::Known => "known",
            Outcome::Incomplete => "incomplete",
            Outcome::Unreachable => "unreachable",
            Outcome::Findings => "findings",
            Outcome::CouldNotRun => "could-not-run",
            Outcome::CheckFailed => "check-failed",
            Outcome::ReloadFailed => "reload-failed",
            Outcome::VerifyFailed => "verify-failed",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The exit status, unless the user wants none that says so (`--exit-zero`): of that no report tells.
    pub fn status(self) -> u8 {
        match self {
            Outcome::Compliant | Outcome::Known => 0,
            Outcome::Findings => 1,
            Outcome::Unreachable | Outcome::CouldNotRun => 2,
            Outcome::Incomplete => 3,
            Outcome::CheckFailed => 4,
            Outcome::ReloadFailed => 5,
            Outcome::VerifyFailed => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome;

    #[test]
    fn outcomes_are_listed_from_good_to_bad_under_names_of_their_own() {
        assert!(Outcome::ALL.is_sorted());
        for one in Outcome::ALL {
            assert_eq!(Outcome::from_name(one.name()), Some(one));
        }
        assert_eq!(Outcome::from_name("fine"), None);
    }
}
