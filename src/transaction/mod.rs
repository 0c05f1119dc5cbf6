//! Changing several files as one: all of them or none, whatever happens in between.
//!
//! The order of things, each step on the disk before the next begins:
//!
//! 1. The state directory is locked ([`Store::lock`]), and what an earlier run left unfinished is ended ([`recover`]).
//! 2. Every file is read again and compared with what the plan was made from; the old and the new contents, owners,
//!    modes and attributes go into a folder of the state directory, with a journal ([`Transaction::prepare`]).
//! 3. Every new file is written beside the old one under a hidden name, with all that the old one has; so a full or
//!    read-only disk shows before anything is changed. Then each changes places with the old one, which keeps its inode
//!    under the hidden name: going back needs no space ([`Transaction::write`]). A file with several names, or one that
//!    is a mount point, is written in place.
//! 4. The caller has the server check it, then [`Transaction::commit`] removes the old files, or
//!    `Transaction::roll_back` puts them back.
//!
//! The journal says which step was begun. After a power cut it and the contents of the files tell all: each file is
//! old, or new, or (in place only) torn between these two. Anything else is somebody's edit, and is never overwritten.
//!
//! Not done here: what to write (`plan`), running checkers (`host`), talking to people (`cli`).

mod back;
mod check;
mod entries;
mod examine;
mod file;
mod journal;
mod names;
mod recover;
mod reload;
mod run;
mod stage;
mod state;
mod store;
mod undo;

pub use check::HIGHEST_STAGING;
pub use entries::Unread;
pub use file::{FoundFile, Meta};
pub use journal::{FileEntry, How, Instance, Journal, Name, Step};
pub use recover::{Recovered, Recovery, StillOpen, can_finish, recover};
pub use reload::{ReloadRecord, note_reload, other_contents, owed};
pub use run::{Intent, Transaction};
pub use store::{Lock, Store};
pub use undo::{Conflict, Past, Undo, force, history, undo};

use std::fmt;
use std::path::PathBuf;

/// One file to change.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its path on the host, no link in it.
    pub path: PathBuf,
    /// What it holds now.
    pub old: Vec<u8>,
    /// What it shall hold.
    pub new: Vec<u8>,
    /// The owner, mode and attributes that it shall have; none: those that it has.
    pub meta: Option<Meta>,
    /// The folder for the hidden file: one that no server reads hidden files of, on the same file system. Or why there
    /// is none, as a lowercase fragment; then the file is written in place.
    pub staging: Result<PathBuf, String>,
}

/// Why files were not changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing was changed.
    Refused(String),
    /// Nothing was changed, and somebody has to do something first.
    Blocked {
        /// Why, as a lowercase fragment.
        why: String,
        /// What to do.
        help: String,
    },
    /// Something failed on the way, and every file is as it was.
    RolledBack(String),
    /// Something failed, and these files could not be put back, each with the reason.
    Stuck {
        /// What failed first.
        why: String,
        /// The files and the reasons.
        left: Vec<String>,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(why) | Failure::Blocked { why, .. } => write!(f, "{why}; nothing was changed"),
            Failure::RolledBack(why) => write!(f, "{why}; every file is as it was"),
            Failure::Stuck { why, left } => {
                write!(f, "{why}; and not everything could be put back: {}", left.join("; "))
            }
        }
    }
}

impl Failure {
    /// What somebody has to do first.
    pub fn help(&self) -> Option<&str> {
        match self {
            Failure::Blocked { help, .. } => Some(help),
            Failure::Refused(_) | Failure::RolledBack(_) | Failure::Stuck { .. } => None,
        }
    }
}

impl std::error::Error for Failure {}

/// The name of the hidden file beside the `number`th file of a transaction. It begins with a dot, and no server's
/// usual pattern matches its end.
pub fn hidden_name(id: &str, number: usize) -> String {
    format!(".tlsmend-{id}-{number}")
}
