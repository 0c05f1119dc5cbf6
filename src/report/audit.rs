//! What an audit has found, as all formats get it.

use super::secrets::Shown;
use super::{Frame, html};
use crate::endpoint::Speaks;
use crate::finding::{Finding, Severity, Verdict};
use crate::instance::{Instance, Problem, Standing, Uncovered};

/// So many things that are not known of an instance are told of each of its endpoints.
pub(super) const MOST_DOUBTS: usize = 3;

/// How many of the files that were found could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Files that were read.
    pub read: usize,
    /// Files that were found, read or not.
    pub found: usize,
    /// Files and directories that could not be read, where no configuration is to be expected.
    pub passed_over: usize,
    /// Files that the user left out and nothing includes.
    pub excluded: usize,
}

/// A file that is a program's or a package's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedFile {
    /// The file.
    pub path: std::path::PathBuf,
    /// Does a program write it? Else it came with a package.
    pub generated: bool,
    /// Whose it is.
    pub by: String,
    /// What to do.
    pub advice: String,
}

/// All that the report of an audit is made of.
#[derive(Debug)]
pub struct AuditView<'a> {
    /// What every report has.
    pub frame: Frame<'a>,
    /// SHA-256 of the policy's file, in hexadecimal; none: a built-in profile.
    pub policy_sha256: Option<&'a str>,
    /// The instances, loaded and not loaded, in order.
    pub instances: &'a Shown<Vec<Instance>>,
    /// The verdict of each endpoint of each instance; a missing one counts as unknown.
    pub verdicts: &'a [Vec<Verdict>],
    /// The findings in the order of the report, each with its fix where there is one.
    pub findings: &'a Shown<Vec<Finding>>,
    /// The problems of looking for instances; each instance has its own besides.
    pub problems: &'a Shown<Vec<Problem>>,
    /// How many files were read.
    pub files: Coverage,
    /// What the host has besides and is not audited.
    pub uncovered: &'a Shown<Vec<Uncovered>>,
    /// Files with findings that are a program's or a package's.
    pub managed: &'a Shown<Vec<ManagedFile>>,
    /// For each service to reload after a fix: its name, and the command.
    pub reload: &'a Shown<Vec<(String, String)>>,
    /// What only the page shows.
    pub extra: html::Extra<'a>,
    /// Does SARIF have what is waived or known, as suppressed results?
    pub include_waived: bool,
    /// How wide a text is, in characters.
    pub width: usize,
}

/// Numbers that a report tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) instances: usize,
    pub(super) endpoints: usize,
    pub(super) plaintext: usize,
    /// Files that are judged as if a main file included them.
    pub(super) parts: usize,
    pub(super) not_loaded: usize,
    pub(super) problems: usize,
}

impl AuditView<'_> {
    pub(super) fn verdict(&self, instance: usize, endpoint: usize) -> Verdict {
        self.verdicts.get(instance).and_then(|all| all.get(endpoint)).copied().unwrap_or(Verdict::Unknown)
    }

    /// The problems of looking for instances, then those of each instance.
    pub(super) fn all_problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().chain(self.instances.iter().flat_map(|instance| &instance.problems))
    }

    /// Could all be read and decided? Other than for the exit status it does not help that what is open is waived,
    /// known, or turned off.
    pub(super) fn is_complete(&self) -> bool {
        let decided = |instance: &Instance| {
            instance.unknown.is_empty() && instance.endpoints.iter().all(|e| e.answer.unknown.is_empty())
        };
        let verdicts = self.verdicts.iter().flatten();
        self.all_problems().next().is_none()
            && self.instances.iter().all(decided)
            && verdicts.copied().all(|verdict| verdict != Verdict::Unknown)
    }

    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals { problems: self.all_problems().count(), ..Totals::default() };
        for instance in self.instances {
            match instance.standing {
                Standing::Loaded => totals.instances += 1,
                Standing::Part => totals.parts += 1,
                Standing::NotLoaded => totals.not_loaded += 1,
            }
            totals.endpoints += instance.endpoints.len();
            totals.plaintext += instance.endpoints.iter().filter(|e| e.answer.speaks == Speaks::Plaintext).count();
        }
        totals
    }

    /// The findings that count.
    pub(super) fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_open())
    }

    pub(super) fn count(&self, severity: Severity) -> usize {
        self.open().filter(|finding| finding.severity == severity).count()
    }
}
