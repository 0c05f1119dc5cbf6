//! The rules: what is wrong with an instance, by the policy. One rule a file; this is the list.
//!
//! A rule sees words and the policy, nothing else: no files, no syntax. What it wants changed it says in terms of
//! versions ([`Change`](crate::edit::Change)).

mod forbidden_version;
mod group;
mod implicit_default;
mod missing_version;
mod not_loaded;
mod shadowed_directive;
mod union_or_override;
mod unknown;
mod verdict;

pub use verdict::verdict;

use crate::finding::{Finding, RuleId};
use crate::instance::Instance;
use crate::policy::Policy;

/// What a rule looks at.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The place of the instance in the audit's list.
    pub index: usize,
    /// The instance.
    pub instance: &'a Instance,
    /// The policy.
    pub policy: &'a Policy,
}

/// A rule.
pub struct Rule {
    /// Its name.
    pub id: RuleId,
    /// Finds what it complains about.
    pub check: fn(Subject<'_>) -> Vec<Finding>,
}

/// All rules, in the order of their names.
pub const ALL: [Rule; 7] = [
    forbidden_version::RULE,
    implicit_default::RULE,
    missing_version::RULE,
    not_loaded::RULE,
    shadowed_directive::RULE,
    union_or_override::RULE,
    unknown::RULE,
];

/// All findings about an instance.
pub fn check(subject: Subject<'_>) -> Vec<Finding> {
    ALL.iter().flat_map(|rule| (rule.check)(subject)).collect()
}
