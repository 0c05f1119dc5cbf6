//! Whether the servers have the files: what is known of the reload that was to follow a change.

use super::Failure;
use super::entries::What;
use super::journal::{Journal, Step};
use super::store::Store;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is known of the reload of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReloadRecord {
    /// The run was to reload nothing, or the journal is from before this was written down.
    #[default]
    Unwanted,
    /// It is wanted, and was not begun.
    Wanted,
    /// It was begun, and how it ended is not known.
    Begun,
    /// The servers were reloaded with the files as they are.
    Done,
}

impl Journal {
    /// Is it over, and may the servers still run with other files than those that are there? A run was killed before or
    /// while it reloaded them, or the reload failed.
    pub fn owes_reload(&self) -> bool {
        match self.step {
            Step::Committed => matches!(self.reload, ReloadRecord::Wanted | ReloadRecord::Begun),
            // Without a reload that was begun, the servers never saw anything but the old files.
            Step::RolledBack => self.reload == ReloadRecord::Begun,
            _ => false,
        }
    }
}

/// The journals of a root that owe a reload, oldest first.
pub fn owed(store: &Store<'_>, root: Option<&Path>) -> Result<Vec<Journal>, Failure> {
    let mut found = Vec::new();
    for entry in store.entries()?.iter() {
        if let What::Journal(journal) = &entry.what
            && journal.owes_reload()
            && journal.root.as_deref() == root
        {
            found.push(journal.clone());
        }
    }
    Ok(found)
}

/// Writes down what is known of the reload of a transaction that is over.
pub fn note_reload(store: &Store<'_>, journal: &Journal, reload: ReloadRecord) -> Result<(), Failure> {
    store.save_again(&Journal { reload, ..journal.clone() })
}

/// The contents that the servers may still run with, of the files of a transaction that owes a reload: the old ones, or,
/// where these were put back, the new ones.
pub fn other_contents(store: &Store<'_>, journal: &Journal) -> Result<BTreeMap<PathBuf, Vec<u8>>, Failure> {
    let mut contents = BTreeMap::new();
    for (number, file) in journal.files.iter().enumerate() {
        let (name, hash) = match journal.step {
            Step::Committed => (format!("old-{number}"), &file.old),
            _ => (format!("new-{number}"), &file.new),
        };
        contents.insert(file.path.clone(), store.read_kept(&journal.id, &name, hash)?);
    }
    Ok(contents)
}
