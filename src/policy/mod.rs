//! What is demanded of a host: versions that must not be offered, versions that must, and how bad each finding is.
//!
//! A policy is a small YAML file, described in `docs/policy.md`. A key that it does not have keeps the value of the
//! built-in profile (`profiles/default.yaml`). It is read in two steps: [`raw`] keeps every value with its place,
//! [`validate`] turns that into a [`Policy`] or into all complaints at once. Anchors, aliases and deep nesting are
//! refused: a policy needs none of them.

mod error;
mod raw;
mod severity;
mod spelling;
mod validate;

#[cfg(test)]
mod tests;

pub use error::PolicyError;

use crate::finding::{Label, Severity, Verdict};
use crate::source::{FileId, Span};
use crate::tls::{Version, VersionSet};
use severity::Severities;
use std::fmt;
use std::ops::Range;

const DEFAULT_PROFILE: &str = include_str!("profiles/default.yaml");

/// A place in the text of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Byte offsets in the text.
    pub range: Range<usize>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Where a policy says which versions are forbidden, or required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The name of the policy file; `None`: it has no such key, and the built-in profile says it.
    pub file: Option<String>,
    /// The list, in the text of that file (or in [`Policy::default_text`]).
    pub list: Place,
    words: Vec<(Version, Place)>,
}

impl Demand {
    /// Where a version is demanded: its word in the list.
    pub fn word(&self, version: Version) -> Option<&Place> {
        self.words.iter().find(|(v, _)| *v == version).map(|(_, place)| place)
    }

    /// The word of the only version, or the list.
    fn label(&self, file: Option<FileId>, versions: VersionSet, text: &str) -> Option<Label> {
        let file = self.file.as_ref().and(file)?;
        let only = versions.min().filter(|_| versions.len() == 1).and_then(|version| self.word(version));
        let range = &only.unwrap_or(&self.list).range;
        Some(Label { span: Span::new(file, range.start as u32, range.end as u32), text: text.to_owned() })
    }
}

/// For messages: `policy.yaml:3`, `the built-in policy`.
impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{file}:{}", self.list.line),
            None => f.write_str("the built-in policy"),
        }
    }
}

/// A policy that was found to be sound.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The name to show: that of the file, or `default`.
    pub name: String,
    /// The text in the source map, for who has put it there; findings can then point into it.
    pub text: Option<FileId>,
    /// Versions that no endpoint may offer.
    pub forbid: VersionSet,
    /// Versions that every endpoint must offer.
    pub require: VersionSet,
    /// Where `forbid` is said.
    pub forbidden_by: Demand,
    /// Where `require` is said.
    pub required_by: Demand,
    severities: Severities,
}

impl Policy {
    /// The name of the built-in profile.
    pub const DEFAULT_NAME: &'static str = "default";

    /// The text of the built-in profile.
    pub fn default_text() -> &'static str {
        DEFAULT_PROFILE
    }

    /// The built-in profile.
    ///
    /// # Panics
    ///
    /// Never: the profile is part of the program, and a test reads it.
    pub fn default_profile() -> Policy {
        let read = raw::read(DEFAULT_PROFILE).and_then(|root| validate::built_in(&root, DEFAULT_PROFILE));
        #[expect(clippy::expect_used, reason = "the text is a constant, and a test reads it")]
        read.map_err(|complaints| format!("{complaints:?}")).expect("the built-in profile is sound")
    }

    /// Reads a policy. `name` is what the messages call it, usually its path.
    ///
    /// An `Err` holds at least one complaint, in the order of the text; they are the author's to mend.
    pub fn parse(text: &str, name: &str) -> Result<Policy, Vec<PolicyError>> {
        let base = Policy::default_profile();
        raw::read(text).and_then(|root| validate::file(&root, text, name, base)).map_err(|mut complaints| {
            complaints.sort_by_key(|c| c.range.start);
            complaints.into_iter().map(|c| PolicyError::new(c, text, name)).collect()
        })
    }

    /// The place that forbids `versions`, for a finding to point to; none where the built-in profile forbids them, or
    /// where [`Policy::text`] is not set.
    pub fn forbid_label(&self, versions: VersionSet) -> Option<Label> {
        self.forbidden_by.label(self.text, versions, "forbidden here")
    }

    /// Like [`Policy::forbid_label`], for the place that requires `versions`.
    pub fn require_label(&self, versions: VersionSet) -> Option<Label> {
        self.required_by.label(self.text, versions, "required here")
    }

    /// How bad a finding is; `None`: the policy turns it off.
    ///
    /// `verdict` tells an exposed forbidden version from a latent one, and `versions` are those that the finding is
    /// about: where they have different severities, the highest counts. Rules for which the policy knows no such
    /// difference ignore both. A rule without a key in the policy is `medium`.
    pub fn severity(&self, rule: &str, verdict: Verdict, versions: VersionSet) -> Option<Severity> {
        self.severities.get(rule, verdict, versions)
    }
}
