//! Findings: what a rule complains about.

use crate::edit::{Change, Fix};
use crate::source::Span;
use crate::tls::VersionSet;
use crate::topic::Topic;
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know; it never fails an audit.
    Note,
    /// Worth a look.
    Low,
    /// To be mended.
    Medium,
    /// To be mended now.
    High,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Severity; 4] = [Severity::High, Severity::Medium, Severity::Low, Severity::Note];

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Severity> {
        Severity::ALL.into_iter().find(|one| one.name() == name)
    }

    /// `note`, `low`, `medium`, `high`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The name of a rule: `forbidden-version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub &'static str);

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// What is the matter with an endpoint or a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Nothing to complain about.
    Compliant,
    /// Can't be decided.
    Unknown,
    /// A directive that looks decisive and decides nothing, or does something else than it looks like.
    Shadowed,
    /// A forbidden version is configured, but library, ciphers or keys block it.
    Latent,
    /// A required version is not given.
    Missing,
    /// A forbidden version is given.
    Exposed,
}

impl Verdict {
    /// All of them, in their order.
    pub const ALL: [Verdict; 6] =
        [Verdict::Compliant, Verdict::Unknown, Verdict::Shadowed, Verdict::Latent, Verdict::Missing, Verdict::Exposed];

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The word used in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Compliant => "compliant",
            Verdict::Unknown => "unknown",
            Verdict::Shadowed => "shadowed",
            Verdict::Latent => "latent",
            Verdict::Missing => "missing",
            Verdict::Exposed => "exposed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A place that a finding points to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is there, as a lowercase fragment; may be empty.
    pub text: String,
}

/// Where a waiver is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaiverPlace {
    /// In the policy: the name of its file as the user gave it, and the line, from 1.
    Policy {
        /// The file.
        file: String,
        /// The line.
        line: u32,
    },
    /// In a comment of a configuration file.
    Comment(Span),
}

/// What somebody decided to live with, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waived {
    /// The reason, in the words of whoever wrote the waiver.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day on which it holds: `2027-01-31`.
    pub until: Option<String>,
    /// Where it is written.
    pub place: WaiverPlace,
}

/// Whether a finding counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    #[default]
    Open,
    /// A waiver covers it: it is shown, and does not count.
    Waived(Waived),
    /// It is in the baseline: it is shown, and does not count.
    Known,
}

impl Standing {
    /// `open`, `waived`, `known`.
    pub fn name(&self) -> &'static str {
        match self {
            Standing::Open => "open",
            Standing::Waived(_) => "waived",
            Standing::Known => "known",
        }
    }
}

/// What one rule says of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aspect {
    /// The rule.
    pub rule: RuleId,
    /// What it says about the endpoints.
    pub verdict: Verdict,
    /// How bad.
    pub severity: Severity,
    /// The versions that it is about.
    pub versions: VersionSet,
}

/// A complaint.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule; of several the one that says the worst.
    pub rule: RuleId,
    /// What other rules say of the same line, where the same fix ends it.
    pub also: Vec<Aspect>,
    /// What identifies it from one audit to the next, however its lines move: 32 hexadecimal digits. The engine fills
    /// it in.
    pub fingerprint: String,
    /// What a baseline knows it by: the rule and the line, whatever that says and however bad it is; 32 hexadecimal digits.
    /// The engine fills it in.
    pub known_as: String,
    /// What its line shares with others whose place it may take: first that of its rule, file and directive, then, where a line
    /// decides, that of the endpoints of the instance for which none does. The engine fills it in.
    pub places: Vec<String>,
    /// Whether it counts for the exit status.
    pub standing: Standing,
    /// How bad.
    pub severity: Severity,
    /// What it says about the endpoints.
    pub verdict: Verdict,
    /// The instance, as an index into the audit's list; none where it is not about one (a waiver of the policy).
    pub instance: Option<usize>,
    /// The endpoints that it is about, as indices into the instance's list; may be empty.
    pub endpoints: Vec<usize>,
    /// The versions that it is about.
    pub versions: VersionSet,
    /// What it is about besides, where that is no line, endpoint or version: what tells it from others of its rule.
    pub topic: Option<Topic>,
    /// One sentence: `TLSv1 and TLSv1.1 are accepted`.
    pub message: String,
    /// The place that decides; none where nothing in a file does.
    pub primary: Option<Label>,
    /// The hops that led there, the directive that wins, the line of the policy.
    pub related: Vec<Label>,
    /// Further facts, a line each.
    pub notes: Vec<String>,
    /// What would end it, in terms of versions; all of it together.
    pub changes: Vec<Change>,
    /// The same as text; the engine fills it in.
    pub fix: Option<Fix>,
    /// Why there is no fix, or what a person has to do.
    pub help: Option<String>,
}

impl Finding {
    /// A complaint that is about nothing yet and counts; what it is about, where and what would end it is to be put in.
    pub fn new(rule: RuleId, verdict: Verdict, severity: Severity, message: impl Into<String>) -> Finding {
        Finding {
            rule,
            also: Vec::new(),
            fingerprint: String::new(),
            known_as: String::new(),
            places: Vec::new(),
            standing: Standing::Open,
            severity,
            verdict,
            instance: None,
            endpoints: Vec::new(),
            versions: VersionSet::EMPTY,
            topic: None,
            message: message.into(),
            primary: None,
            related: Vec::new(),
            notes: Vec::new(),
            changes: Vec::new(),
            fix: None,
            help: None,
        }
    }

    /// Does it count for the exit status?
    pub fn is_open(&self) -> bool {
        self.standing == Standing::Open
    }

    /// Does the patch change something for it?
    pub fn is_in_patch(&self) -> bool {
        self.is_open() && self.fix.as_ref().is_some_and(Fix::is_safe)
    }

    /// What each rule says: first the one that the finding has its name from, which says the worst.
    pub fn aspects(&self) -> impl Iterator<Item = Aspect> {
        let Finding { rule, verdict, severity, versions, .. } = *self;
        std::iter::once(Aspect { rule, verdict, severity, versions }).chain(self.also.iter().copied())
    }

    /// All versions that it is about.
    pub fn all_versions(&self) -> VersionSet {
        self.aspects().fold(VersionSet::EMPTY, |all, aspect| all.union(aspect.versions))
    }
}

/// A complaint about a running server: what handshakes got, beside what is demanded or configured. Unlike a
/// [`Finding`] it has a target instead of an instance, and no fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The rule: `forbidden-version`, `missing-version`, `drift`.
    pub rule: RuleId,
    /// Whether it counts for the exit status.
    pub standing: Standing,
    /// How bad.
    pub severity: Severity,
    /// What it says about the endpoint.
    pub verdict: Verdict,
    /// The endpoint, for people: `127.0.0.1:443, name a.test`.
    pub target: String,
    /// The versions that it is about.
    pub versions: VersionSet,
    /// One sentence: `TLSv1 is accepted`.
    pub message: String,
    /// The place in a configuration that promises something else.
    pub primary: Option<Label>,
    /// The likely causes, a line each.
    pub notes: Vec<String>,
    /// What a person has to do.
    pub help: Option<String>,
}

impl Observed {
    /// Does it count for the exit status?
    pub fn is_open(&self) -> bool {
        self.standing == Standing::Open
    }
}
