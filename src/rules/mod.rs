//! The rules: what is wrong with an instance, by the policy. One rule a file; this is the list.
//!
//! A rule sees words and the policy, nothing else: no files, no syntax. What it wants changed it says in terms of
//! versions ([`Change`](crate::edit::Change)).

mod aim;
mod demands;
mod expired_waiver;
mod forbidden_version;
mod gaps;
mod group;
mod implicit_default;
mod invalid_waiver;
mod missing_version;
mod not_covered;
mod not_loaded;
mod observed;
mod part;
mod recommended_version;
mod shadowed_directive;
mod subject;
mod target;
mod union_or_override;
mod unknown;
mod unused_waiver;
mod verdict;
mod waivers;

pub use demands::Demands;
pub use forbidden_version::ID as FORBIDDEN;
pub use gaps::Gaps;
pub use group::{blamed, covering, labels};
pub use missing_version::ID as MISSING;
pub use observed::OBSERVED;
pub use recommended_version::ID as RECOMMENDED;
pub use subject::Subject;
pub use verdict::verdict;
pub use waivers::{Covering, Invalid, Reach, Said, Waiver, Waivers};

use crate::finding::{Finding, RuleId, Severity, Verdict};
use crate::instance::Uncovered;
use crate::policy::{Demand, Policy};
use crate::tls::VersionSet;

/// What a rule looks at, and how it finds what it complains about.
pub enum Check {
    /// One instance at a time.
    Instance(fn(Subject<'_>) -> Vec<Finding>),
    /// What the host has and no instance is about.
    Host(fn(&[Uncovered], &Demand) -> Vec<Finding>),
    /// The waivers, once all instances were looked at.
    Waivers(fn(&Waivers<'_>, &Gaps, &Demand) -> Vec<Finding>),
    /// No file shows it: `probe` and `verify` find it, at most that bad.
    Handshakes(Severity),
}

/// A rule.
pub struct Rule {
    /// Its name.
    pub id: RuleId,
    /// Its page of the manual, docs/rules/NAME.md, in Markdown: a title, one sentence, then sections with fixed heads.
    pub page: &'static str,
    /// Finds what it complains about.
    pub check: Check,
}

/// The heads of the sections of every page, in their order.
pub const HEADS: [&str; 7] =
    ["What it finds", "Why it is bad", "Example", "Fix", "Fix safety", "Severity", "References"];

impl Rule {
    /// What it finds, as one sentence.
    pub fn summary(&self) -> &'static str {
        self.page.split("\n\n").nth(1).unwrap_or_default().trim()
    }

    /// The text of one of the sections, see [`HEADS`].
    pub fn section(&self, head: &str) -> Option<&'static str> {
        let rest = self.page.split("\n## ").skip(1).find_map(|part| part.strip_prefix(head)?.strip_prefix('\n'))?;
        Some(rest.trim())
    }

    /// How bad its worst finding is by the built-in policy.
    pub fn severity(&self) -> Severity {
        if let Check::Handshakes(severity) = self.check {
            return severity;
        }
        let policy = Policy::default_profile();
        policy.base.severity(self.id.0, Verdict::Exposed, VersionSet::ALL).unwrap_or(Severity::Low)
    }
}

/// The heads of the sections of the pages of [`OBSERVED`]: no fix mends what no file says.
pub const OBSERVED_HEADS: [&str; 5] = ["What it finds", "Why it is bad", "Example", "What to do", "Severity"];

/// All rules of an audit, in the order of their names.
pub const ALL: [Rule; 12] = [
    expired_waiver::RULE,
    forbidden_version::RULE,
    implicit_default::RULE,
    invalid_waiver::RULE,
    missing_version::RULE,
    not_covered::RULE,
    not_loaded::RULE,
    recommended_version::RULE,
    shadowed_directive::RULE,
    union_or_override::RULE,
    unknown::RULE,
    unused_waiver::RULE,
];

/// The rule of that name.
pub fn find(id: &str) -> Option<&'static Rule> {
    static RULES: [&[Rule]; 2] = [&ALL, &OBSERVED];
    RULES.into_iter().flatten().find(|rule| rule.id.0 == id)
}

/// All findings about an instance.
pub fn check(subject: Subject<'_>) -> Vec<Finding> {
    let found = |rule: &Rule| match rule.check {
        Check::Instance(check) => check(subject),
        Check::Host(_) | Check::Waivers(_) | Check::Handshakes(_) => Vec::new(),
    };
    ALL.iter().flat_map(found).collect()
}

/// All findings about what the host has besides.
pub fn check_host(uncovered: &[Uncovered], demand: &Demand) -> Vec<Finding> {
    let found = |rule: &Rule| match rule.check {
        Check::Host(check) => check(uncovered, demand),
        Check::Instance(_) | Check::Waivers(_) | Check::Handshakes(_) => Vec::new(),
    };
    ALL.iter().flat_map(found).collect()
}

/// All findings about the waivers, once every instance was checked.
pub fn check_waivers(waivers: &Waivers<'_>, gaps: &Gaps, demand: &Demand) -> Vec<Finding> {
    let found = |rule: &Rule| match rule.check {
        Check::Instance(_) | Check::Host(_) | Check::Handshakes(_) => Vec::new(),
        Check::Waivers(check) => check(waivers, gaps, demand),
    };
    ALL.iter().flat_map(found).collect()
}
