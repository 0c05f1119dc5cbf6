//! What the reports of all commands have in common: a frame, and rows for pipelines.

use super::issue::{self, Issue};
use super::probe::ProbeView;
use super::secrets::Shown;
use super::verify::VerifyView;
use super::{AuditView, Outcome, Paths};
use crate::finding::Severity;
use crate::source::SourceMap;

/// What a command has to report. What a format needs and another has not, it asks here; only the formats that show
/// more than rows know the commands.
#[derive(Clone, Copy)]
pub enum Report<'a> {
    /// Of an audit.
    Audit(&'a AuditView<'a>),
    /// Of a probe.
    Probe(&'a ProbeView<'a>),
    /// Of a verification.
    Verify(&'a VerifyView<'a>),
}

/// What every report has.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The texts that it points into.
    pub texts: Texts<'a>,
    /// The name of the policy.
    pub policy: &'a str,
    /// The options that were given and that a command which is suggested needs as well, each with a blank before it.
    pub options: &'a str,
    /// The least severity that makes the program fail.
    pub fail_on: Severity,
    /// How the run ends.
    pub outcome: Outcome,
    /// The host's name, where it is known.
    pub host: Option<&'a str>,
    /// The rules that the command may find something by.
    pub rules: &'a [RuleText<'a>],
}

/// The texts that reports point into, and how their paths are shown.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'a> {
    /// The texts.
    pub sources: &'a Shown<SourceMap>,
    /// How to show a path.
    pub paths: &'a Paths,
}

/// What a report tells of a rule.
#[derive(Clone, Debug)]
pub struct RuleText<'a> {
    /// Its name.
    pub id: &'a str,
    /// What it finds, in a sentence.
    pub summary: &'a str,
    /// Why that is bad, in a paragraph.
    pub reason: &'a str,
    /// All that is to say about it, in Markdown.
    pub help: &'a str,
    /// How bad its findings are at most.
    pub severity: Severity,
}

impl<'a> Report<'a> {
    /// What every report has.
    pub(super) fn frame(self) -> &'a Frame<'a> {
        match self {
            Report::Audit(view) => &view.frame,
            Report::Probe(view) => &view.frame,
            Report::Verify(view) => &view.frame,
        }
    }

    /// Findings and problems, one by one.
    pub(super) fn rows(self) -> Vec<Issue<'a>> {
        match self {
            Report::Audit(view) => issue::of_audit(view),
            Report::Probe(view) => issue::of_probe(view),
            Report::Verify(view) => issue::of_verify(view),
        }
    }

    /// The command that made it.
    pub(super) fn command(self) -> &'static str {
        match self {
            Report::Audit(_) => "audit",
            Report::Probe(_) => "probe",
            Report::Verify(_) => "verify",
        }
    }

    /// Does SARIF have what does not count, as suppressed results?
    pub(super) fn has_suppressed(self) -> bool {
        matches!(self, Report::Audit(view) if view.include_waived)
    }
}
