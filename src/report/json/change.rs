//! What changes files, and would change them.

use super::document::Body;
use super::{Exit, words};
use crate::finding::{Severity, Standing};
use crate::report::html::Changed;
use crate::report::secrets::{Mask, Shown};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// `tlsmend diff`
#[derive(Debug, JsonSchema, Serialize)]
pub struct Diff {
    /// How it ended.
    pub exit: Exit,
    /// The patch.
    #[serde(flatten)]
    pub plan: Plan,
}

/// `tlsmend fix`
#[derive(Debug, JsonSchema, Serialize)]
pub struct Fix {
    /// How it ended.
    pub exit: Exit,
    /// What was done.
    #[serde(flatten)]
    pub done: Done,
    /// The patch.
    #[serde(flatten)]
    pub plan: Plan,
}

/// `tlsmend rollback`
#[derive(Debug, JsonSchema, Serialize)]
pub struct Rollback {
    /// How it ended.
    pub exit: Exit,
    /// What was done.
    #[serde(flatten)]
    pub done: Done,
    /// The transaction that was rolled back.
    pub undoes: String,
    /// The files that differ from how they were before it.
    pub files: Vec<File>,
}

/// A patch, and what it leaves.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Plan {
    /// The policy: the path of its file, or the name of a built-in profile.
    pub policy: String,
    /// The files that the patch changes.
    pub files: Vec<File>,
    /// The findings that are gone once the patch is in place; none where it is not.
    pub findings_fixed: Shown<Vec<Brief>>,
    /// The findings that are left, each with the reason.
    pub findings_left: Shown<Vec<Brief>>,
    /// Files that the patch leaves alone, though there would be something to fix.
    pub left_alone: Shown<Vec<Left>>,
    /// What could not be read or is not valid, a sentence each.
    pub problems: Shown<Vec<String>>,
    /// What else there is to know, a sentence each.
    pub notes: Shown<Vec<String>>,
}

/// A file, as it is and changed.
#[derive(Debug, JsonSchema, Serialize)]
pub struct File {
    /// Its path.
    pub path: String,
    /// SHA-256 of what it held before.
    #[schemars(regex(pattern = words::SHA256))]
    pub before: String,
    /// SHA-256 of what it holds with the change.
    #[schemars(regex(pattern = words::SHA256))]
    pub after: String,
    /// The change as a unified diff, to be read and not to be applied: passwords and tokens in it are masked.
    pub diff: String,
}

/// A finding in short.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Brief {
    /// The rule.
    #[schemars(regex(pattern = words::RULE))]
    pub rule: &'static str,
    /// How bad.
    #[schemars(schema_with = "words::severity")]
    pub severity: &'static str,
    /// Whether it counts.
    #[schemars(extend("enum" = words::STANDINGS))]
    pub standing: &'static str,
    /// What identifies it.
    #[schemars(regex(pattern = words::FINGERPRINT))]
    pub fingerprint: String,
    /// One sentence.
    pub message: String,
    /// The versions that it is about.
    #[schemars(schema_with = "words::versions")]
    pub versions: Vec<&'static str>,
    /// The file that decides, as it is now.
    pub path: Option<String>,
    /// The line in it.
    #[schemars(range(min = 1))]
    pub line: Option<u32>,
    /// Why it is left.
    pub reason: Option<String>,
}

/// A file that is left alone.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Left {
    /// The file.
    pub path: String,
    /// Why.
    pub why: String,
}

/// What a run did that changes files.
#[derive(Debug, Default, JsonSchema, Serialize)]
pub struct Done {
    /// Are files other than they were before the run?
    pub changed: bool,
    /// The name of the transaction, by which `rollback` undoes it; none: nothing was begun.
    pub transaction: Option<String>,
    /// What the servers' checkers said.
    pub checked: Vec<Check>,
    /// Why something is not tested by a checker; none: all is, or there was nothing to test.
    pub not_checked: Option<Shown<String>>,
    /// The commands that reloaded servers, in their order.
    pub reloaded: Shown<Vec<String>>,
    /// The commands that make servers use the files as they are now, where they were not run.
    pub to_reload: Shown<Vec<String>>,
    /// What handshakes got after the reload; none: none were made.
    pub verified: Option<Verified>,
    /// Why the change was rolled back; none: it was not.
    pub rolled_back: Option<RolledBack>,
}

/// A checker and its word.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Check {
    /// The command.
    pub command: Shown<String>,
    /// `before` or `after` the change.
    #[schemars(extend("enum" = ["before", "after"]))]
    pub when: &'static str,
    /// Does it accept the configuration?
    pub accepted: bool,
}

/// What handshakes got.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Verified {
    /// How many endpoints get what the new files promise.
    pub endpoints: usize,
    /// What is not clear, a sentence each.
    pub unclear: Shown<Vec<String>>,
    /// What servers do that is not configured, a sentence each.
    pub drift: Shown<Vec<String>>,
    /// What was not asked, a sentence each.
    pub not_verified: Shown<Vec<String>>,
}

/// Why a change was rolled back.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RolledBack {
    /// What failed: `check-failed`, `reload-failed`, `verify-failed`.
    #[schemars(extend("enum" = ["check-failed", "reload-failed", "verify-failed"]))]
    pub cause: &'static str,
    /// What was said, a line each.
    pub said: Shown<Vec<String>>,
}

impl Body for Diff {
    const SCHEMA: &'static str = "tlsmend/diff/1";
}

impl Body for Fix {
    const SCHEMA: &'static str = "tlsmend/fix/1";
}

impl Body for Rollback {
    const SCHEMA: &'static str = "tlsmend/rollback/1";
}

impl File {
    /// A file under the path that is shown; `unified` makes a diff of two texts.
    pub fn of(path: String, old: &[u8], new: &[u8], unified: impl Fn(&[u8], &[u8]) -> Vec<u8>) -> File {
        let (before, after) = (sha256(old), sha256(new));
        let shown = Shown::masked(Changed { path: path.clone().into(), old: old.to_vec(), new: new.to_vec() });
        let diff = String::from_utf8_lossy(&unified(&shown.old, &shown.new)).into_owned();
        File { path, before, after, diff }
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

impl Brief {
    /// A finding at a place of a file; `reason`: why it is left.
    pub fn of(finding: &crate::finding::Finding, place: Option<(String, u32)>, reason: Option<String>) -> Brief {
        let (path, line) = place.unzip();
        Brief {
            rule: finding.rule.0,
            severity: Severity::name(finding.severity),
            standing: Standing::name(&finding.standing),
            fingerprint: finding.fingerprint.clone(),
            message: finding.message.clone(),
            versions: super::why::names(finding.all_versions()),
            path,
            line,
            reason,
        }
    }
}

impl Mask for Brief {
    fn mask(&mut self) {
        self.message.mask();
        self.reason.mask();
    }
}

impl Mask for Left {
    fn mask(&mut self) {
        self.why.mask();
    }
}
