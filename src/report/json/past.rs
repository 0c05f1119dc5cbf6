//! What was done before: `tlsmend history`.

use super::document::Body;
use super::words;
use crate::report::secrets::Shown;
use schemars::JsonSchema;
use serde::Serialize;

/// `tlsmend history`
#[derive(Debug, JsonSchema, Serialize)]
pub struct History {
    /// The state directory.
    pub state_dir: String,
    /// The transactions, oldest first.
    pub transactions: Vec<Entry>,
    /// Entries that can't be read.
    pub unreadable: Vec<Unreadable>,
}

/// A transaction.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Entry {
    /// Its name.
    pub id: String,
    /// The command that made it: `fix`, `rollback`.
    pub command: String,
    /// When it began, in UTC.
    pub time: String,
    /// The root that it is about; none: that of the state directory.
    pub root: Option<String>,
    /// The transaction that it rolls back.
    pub undoes: Option<String>,
    /// The transaction that rolled it back.
    pub undone_by: Option<String>,
    /// How it ended. `not-done`: every file was restored; `interrupted`: the next fix or rollback ends it.
    #[schemars(extend("enum" = ["done", "undone", "not-done", "interrupted"]))]
    pub state: &'static str,
    /// Why it was not done.
    pub why: Option<Shown<String>>,
    /// Whether servers were reloaded where that is still open: `not-reloaded`, `unknown`.
    #[schemars(extend("enum" = ["not-reloaded", "unknown", null]))]
    pub open_reload: Option<&'static str>,
    /// The files that it changes.
    pub files: Vec<EntryFile>,
}

/// A file of a transaction.
#[derive(Debug, JsonSchema, Serialize)]
pub struct EntryFile {
    /// Its path.
    pub path: String,
    /// SHA-256 of what it held before.
    #[schemars(regex(pattern = words::SHA256))]
    pub before: String,
    /// SHA-256 of what it held after.
    #[schemars(regex(pattern = words::SHA256))]
    pub after: String,
}

/// An entry that can't be read.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Unreadable {
    /// The name of its folder.
    pub name: String,
    /// Why.
    pub why: Shown<String>,
}

impl Body for History {
    const SCHEMA: &'static str = "tlsmend/history/1";
}
