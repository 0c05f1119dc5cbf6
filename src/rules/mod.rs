//! The rules: what is wrong with an instance, by the policy. One rule a file; this is the list of
//! those that look at files, and `catalog` the table of all.
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
mod part;
mod recommended_version;
pub mod shadowed_directive;
mod subject;
mod target;
mod union_or_override;
mod unknown;
mod unused_waiver;
mod verdict;
mod waivers;

pub use demands::Demands;
pub use forbidden_version::told_apart;
pub use gaps::Gaps;
pub use group::{blamed, covering, labels};
pub use part::in_one_sentence;
pub use subject::Subject;
pub use verdict::verdict;
pub use waivers::{Covering, Invalid, Reach, Said, Waiver, Waivers};

use crate::catalog::{self, Weighing};
use crate::finding::{Finding, Severity, Verdict};
use crate::instance::Uncovered;
use crate::policy::{Demand, Policy};
use crate::tls::VersionSet;

/// What a rule looks at, and how it finds what it complains about.
enum Check {
    /// One instance at a time.
    Instance(fn(Subject<'_>) -> Vec<Finding>),
    /// What the host has and no instance is about.
    Host(fn(&[Uncovered], &Demand) -> Vec<Finding>),
    /// The waivers, once all instances were looked at.
    Waivers(fn(&Waivers<'_>, &Gaps, &Demand) -> Vec<Finding>),
}

/// What finds something in files, in the order of the names.
const CHECKS: [Check; 12] = [
    expired_waiver::CHECK,
    forbidden_version::CHECK,
    implicit_default::CHECK,
    invalid_waiver::CHECK,
    missing_version::CHECK,
    not_covered::CHECK,
    not_loaded::CHECK,
    recommended_version::CHECK,
    shadowed_directive::CHECK,
    union_or_override::CHECK,
    unknown::CHECK,
    unused_waiver::CHECK,
];

/// How bad the worst finding by a rule is, by the built-in policy.
pub fn severity(rule: &catalog::Entry) -> Severity {
    if let Weighing::Fixed(severity) = rule.weighing {
        return severity;
    }
    let policy = Policy::default_profile();
    policy.base.severity(rule.id.0, Verdict::Exposed, VersionSet::ALL).unwrap_or(Severity::Low)
}

/// All findings about an instance.
pub fn check(subject: Subject<'_>) -> Vec<Finding> {
    let found = |check: &Check| match check {
        Check::Instance(check) => check(subject),
        Check::Host(_) | Check::Waivers(_) => Vec::new(),
    };
    CHECKS.iter().flat_map(found).collect()
}

/// All findings about what the host has besides.
pub fn check_host(uncovered: &[Uncovered], demand: &Demand) -> Vec<Finding> {
    let found = |check: &Check| match check {
        Check::Host(check) => check(uncovered, demand),
        Check::Instance(_) | Check::Waivers(_) => Vec::new(),
    };
    CHECKS.iter().flat_map(found).collect()
}

/// All findings about the waivers, once every instance was checked.
pub fn check_waivers(waivers: &Waivers<'_>, gaps: &Gaps, demand: &Demand) -> Vec<Finding> {
    let found = |check: &Check| match check {
        Check::Instance(_) | Check::Host(_) => Vec::new(),
        Check::Waivers(check) => check(waivers, gaps, demand),
    };
    CHECKS.iter().flat_map(found).collect()
}
