//! What people and programs get to read: the audit, the answer to `why` and the facts, as text and as JSON.
//!
//! A report is made from plain data ([`AuditView`], [`WhyView`], [`FactsView`]): findings, endpoints, and the texts that
//! they point into. It decides nothing. Text goes out with terminal styles; who wants none writes through `anstream`,
//! which strips them. Nothing that comes from a file or a path reaches a terminal before [`sanitise`] has seen it.
//!
//! | what | text | JSON | others |
//! | --- | --- | --- | --- |
//! | audit | [`text::audit`] | [`json::audit`] | [`html`], [`markdown`], [`sarif`], [`github`], [`gitlab`], [`junit`], [`prometheus`] |
//! | why | [`why::text`] | [`json::why`] | |
//! | facts | [`facts::text`] | [`json::facts`] | |
//! | probe | [`probe::text`] | [`json::probe`] | the same as for an audit |
//! | verify | [`verify::text`] | [`json::verify`] | the same |
//!
//! The formats for pipelines share one walk over findings and problems (`issue`), those of handshakes their words
//! (`handshake.rs`).

mod excerpt;
pub mod facts;
pub mod fleet;
pub mod github;
pub mod gitlab;
mod handshake;
pub mod html;
mod issue;
pub mod json;
pub mod junit;
pub mod markdown;
mod outcome;
mod patch;
mod paths;
pub mod probe;
pub mod prometheus;
pub use crate::sanitise;
pub mod sarif;
pub mod secrets;
pub mod snippet;
mod summary;
mod table;
pub mod text;
pub mod verify;
pub mod why;

#[cfg(test)]
mod tests;

pub use facts::FactsView;
pub use outcome::Outcome;
pub use paths::Paths;
pub use why::WhyView;

use crate::endpoint::Speaks;
use crate::finding::{Finding, Severity, Verdict};
use crate::instance::{Instance, Problem, Standing, Uncovered};
use crate::source::SourceMap;

/// So many things that are not known of an instance are told of each of its endpoints.
const MOST_DOUBTS: usize = 3;

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

/// What a report tells of a rule.
#[derive(Clone, Debug)]
pub struct RuleText<'a> {
    /// Its name.
    pub id: &'a str,
    /// What it finds, in a sentence.
    pub summary: &'a str,
    /// All that is to say about it, in Markdown.
    pub help: &'a str,
    /// How bad its findings are at most.
    pub severity: Severity,
}

/// All that the report of an audit is made of.
#[derive(Debug)]
pub struct AuditView<'a> {
    /// The texts.
    pub sources: &'a SourceMap,
    /// The instances, loaded and not loaded, in order.
    pub instances: Vec<&'a Instance>,
    /// The verdict of each endpoint of each instance; a missing one counts as unknown.
    pub verdicts: &'a [Vec<Verdict>],
    /// The findings in the order of the report, each with its fix where there is one.
    pub findings: &'a [Finding],
    /// The problems of looking for instances; each instance has its own besides.
    pub problems: &'a [Problem],
    /// How many files were read.
    pub files: Coverage,
    /// What the host has besides and is not audited.
    pub uncovered: &'a [Uncovered],
    /// Files with findings that are a program's or a package's.
    pub managed: &'a [ManagedFile],
    /// For each service to reload after a fix: its name, and the command.
    pub reload: &'a [(String, String)],
    /// The name of the policy.
    pub policy: &'a str,
    /// The least severity that makes the program fail.
    pub fail_on: Severity,
    /// How the audit ends.
    pub outcome: Outcome,
    /// How to show a path.
    pub paths: Paths,
    /// The host's name, where it is known.
    pub host: Option<&'a str>,
    /// All rules, whether they found anything or not.
    pub rules: &'a [RuleText<'a>],
}

/// Numbers that a report tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    instances: usize,
    endpoints: usize,
    plaintext: usize,
    /// Files that are judged as if a main file included them.
    parts: usize,
    not_loaded: usize,
    problems: usize,
}

impl AuditView<'_> {
    fn texts(&self) -> issue::Texts<'_> {
        issue::Texts { sources: self.sources, paths: &self.paths }
    }

    fn verdict(&self, instance: usize, endpoint: usize) -> Verdict {
        self.verdicts.get(instance).and_then(|all| all.get(endpoint)).copied().unwrap_or(Verdict::Unknown)
    }

    /// The problems of looking for instances, then those of each instance.
    fn all_problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().chain(self.instances.iter().flat_map(|instance| &instance.problems))
    }

    /// Could all be read and decided? Other than for the exit status it does not help that what is open is waived,
    /// known, or turned off.
    fn is_complete(&self) -> bool {
        let decided = |instance: &&Instance| {
            instance.unknown.is_empty() && instance.endpoints.iter().all(|e| e.answer.unknown.is_empty())
        };
        let verdicts = self.verdicts.iter().flatten();
        self.all_problems().next().is_none()
            && self.instances.iter().all(decided)
            && verdicts.copied().all(|verdict| verdict != Verdict::Unknown)
    }

    fn totals(&self) -> Totals {
        let mut totals = Totals { problems: self.all_problems().count(), ..Totals::default() };
        for instance in &self.instances {
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
    fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_open())
    }

    fn count(&self, severity: Severity) -> usize {
        self.open().filter(|finding| finding.severity == severity).count()
    }
}
