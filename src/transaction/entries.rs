//! What is in the state directory: each journal is read once, and what can't be read stops nobody else.

use super::Failure;
use super::check::{number, says_over};
use super::file::describe_error;
use super::journal::Journal;
use super::run::Intent;
use super::store::{JOURNAL, NEW_JOURNAL, Store, others};
use crate::system::{Access, Directory, Kind};
use std::cell::Ref;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

/// A name in `transactions/`.
pub(super) struct HistoryEntry {
    pub(super) name: OsString,
    /// The number in it; none: no transaction has such a name.
    pub(super) number: Option<u64>,
    pub(super) what: What,
}

/// What has that name.
pub(super) enum What {
    /// A transaction.
    Journal(Journal),
    /// One that never came so far as to have a journal, and so changed nothing.
    Begun,
    /// Something that can't be read, or that this program did not make.
    Unread(Unread),
}

/// Something in the history that is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Its name in `transactions/`.
    pub name: String,
    /// Why, as a lowercase fragment.
    pub why: String,
    /// Can it be a transaction that was interrupted? Not if it says that it was over, nor where it is no transaction.
    pub(super) may_be_open: bool,
}

impl Store<'_> {
    /// All entries, oldest first; what is no transaction comes last.
    pub(super) fn entries(&self) -> Result<Ref<'_, Vec<HistoryEntry>>, Failure> {
        if self.known.borrow().is_none() {
            let names = self.disk.names(&self.transactions).map_err(|e| self.refused("transactions", &e))?;
            let mut entries: Vec<HistoryEntry> = names.into_iter().map(|name| self.read_entry(name)).collect();
            entries.sort_by(|a, b| order(a).cmp(&order(b)));
            self.known.replace(Some(entries));
        }
        Ref::filter_map(self.known.borrow(), Option::as_ref)
            .map_err(|_| Failure::Refused("the history was lost on the way".to_owned()))
    }

    /// What of the history can't be read.
    pub fn unread(&self) -> Result<Vec<Unread>, Failure> {
        let unread = |entry: &HistoryEntry| match &entry.what {
            What::Unread(unread) => Some(unread.clone()),
            What::Journal(_) | What::Begun => None,
        };
        Ok(self.entries()?.iter().filter_map(unread).collect())
    }

    /// Refuses files of a run that was interrupted and could not be ended: nobody knows what they should hold.
    pub(super) fn leaves_alone(&self, intent: &Intent) -> Result<(), Failure> {
        let entries = self.entries()?;
        let journals = entries.iter().filter_map(|entry| match &entry.what {
            What::Journal(journal) => Some(journal),
            What::Begun | What::Unread(_) => None,
        });
        let paths: BTreeSet<&Path> = intent.changes.iter().map(|change| change.path.as_path()).collect();
        for journal in journals.filter(|journal| !journal.step.is_over() && journal.root == intent.root) {
            if let Some(file) = journal.files.iter().find(|file| paths.contains(file.path.as_path())) {
                let id = &journal.id;
                return Err(Failure::Blocked {
                    why: format!(
                        "{}: an interrupted run ({id}) changed it, and could not be ended",
                        file.path.display()
                    ),
                    help: format!(
                        "`tlsmend rollback {id} --force` puts the old version back and keeps what is there now beside the \
                         journal"
                    ),
                });
            }
        }
        Ok(())
    }

    /// Remembers what a journal says now.
    pub(super) fn note(&self, journal: &Journal) {
        let mut known = self.known.borrow_mut();
        let Some(entries) = known.as_mut() else { return };
        let what = What::Journal(journal.clone());
        match entries.iter_mut().find(|entry| entry.name == *journal.id) {
            Some(entry) => entry.what = what,
            None => {
                let name: OsString = journal.id.clone().into();
                entries.push(HistoryEntry { number: number(&journal.id), name, what });
                entries.sort_by(|a, b| order(a).cmp(&order(b)));
            }
        }
    }

    /// Forgets an entry that is gone.
    pub(super) fn forget(&self, id: &str) {
        if let Some(entries) = self.known.borrow_mut().as_mut() {
            entries.retain(|entry| entry.name != *id);
        }
    }

    fn read_entry(&self, name: OsString) -> HistoryEntry {
        let number = name.to_str().and_then(number);
        let (why, may_be_open) = match (number, name.to_str()) {
            (Some(_), Some(id)) => match self.read(id) {
                Ok(what) => return HistoryEntry { name, number, what },
                Err(unread) => unread,
            },
            _ => ("has no name of a transaction".to_owned(), false),
        };
        let shown = name.to_string_lossy().into_owned();
        HistoryEntry { name, number, what: What::Unread(Unread { name: shown, why, may_be_open }) }
    }

    /// What is in the folder of a transaction; else why that is not known, and whether it can be one that was interrupted.
    fn read(&self, id: &str) -> Result<What, (String, bool)> {
        let open = |error: io::Error| (describe_error(&error), true);
        let Some(status) = self.disk.look(&self.transactions, OsStr::new(id)).map_err(open)? else {
            return Err(("is gone".to_owned(), false));
        };
        if status.kind != Kind::Directory {
            return Err((format!("is {}, and no folder of tlsmend", status.what), false));
        }
        let folder = self.enter(id).map_err(open)?;
        let writers = others(&self.disk.rights_of(&folder).map_err(open)?, self.trusted);
        if !writers.is_empty() {
            return Err((format!("{writers} can write into it"), true));
        }
        let journal = |error: io::Error| (format!("{JOURNAL} {}", describe_error(&error)), true);
        let Some(file) = self.open_own(&folder, OsStr::new(JOURNAL), Access::Read).map_err(journal)? else {
            return self.without_journal(&folder).map_err(|error| (describe_error(&error), false));
        };
        let bytes = self.disk.read(&file).map_err(journal)?;
        let read = Journal::read(&bytes, id).map(What::Journal);
        read.map_err(|why| (format!("{JOURNAL} {why}"), !says_over(&bytes)))
    }

    /// A folder that holds nothing but what this program puts there before it writes the journal.
    fn without_journal(&self, folder: &Directory) -> io::Result<What> {
        for name in self.disk.names(folder)? {
            let shown = name.to_string_lossy().into_owned();
            let is_backup = shown
                .strip_prefix("old-")
                .or_else(|| shown.strip_prefix("new-"))
                .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
            if !is_backup && name != NEW_JOURNAL {
                return Err(io::Error::other(format!("has no journal, and holds {shown:?}")));
            }
            if let Some(status) = self.disk.look(folder, &name)? {
                self.vet(&status).map_err(|error| io::Error::other(format!("has no journal, and {shown} {error}")))?;
            }
        }
        Ok(What::Begun)
    }
}

fn order(entry: &HistoryEntry) -> (bool, Option<u64>, &OsString) {
    (entry.number.is_none(), entry.number, &entry.name)
}
