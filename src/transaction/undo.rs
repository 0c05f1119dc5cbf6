//! What was done, and taking it back.

use super::check::MOST_BYTES;
use super::entries::What;
use super::file::{Meta, NameInFolder, describe_error};
use super::journal::{How, Journal, Step, hash};
use super::run::Transaction;
use super::store::Store;
use super::{Change, Failure};
use crate::system::WritableSystem;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A transaction of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its journal.
    pub journal: Journal,
    /// The transaction that took it back, if that was not taken back itself.
    pub undone_by: Option<String>,
}

/// A file that changed since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The file.
    pub path: PathBuf,
    /// What is different, as a lowercase fragment: `its mode was changed from 0644 to 0600`.
    pub why: String,
    /// What it should hold, and what it holds; none where only the owner or the mode is different.
    pub contents: Option<(Vec<u8>, Vec<u8>)>,
}

/// What takes a transaction back.
#[derive(Clone, Debug)]
pub struct Undo {
    /// The files to change, without those that are as they were already.
    pub changes: Vec<Change>,
    /// The files that changed since.
    pub conflicts: Vec<Conflict>,
}

/// All transactions, oldest first; those that have no journal yet are left out, and what can't be read ([`Store::unread`]).
pub fn history(store: &Store<'_>) -> Result<Vec<Past>, Failure> {
    let mut all: Vec<Past> = Vec::new();
    for entry in store.entries()?.iter() {
        if let What::Journal(journal) = &entry.what {
            all.push(Past { journal: journal.clone(), undone_by: None });
        }
    }
    let places: BTreeMap<String, usize> =
        all.iter().enumerate().map(|(at, past)| (past.journal.id.clone(), at)).collect();
    // The latest first: what undid something counts only if nothing undid that.
    for at in (0..all.len()).rev() {
        let past = &all[at];
        let counts = past.journal.step == Step::Committed && past.undone_by.is_none();
        let undone = past.journal.undoes.as_ref().filter(|_| counts).and_then(|id| places.get(id));
        // Nothing undoes what comes later.
        if let Some(other) = undone.copied().filter(|other| *other < at) {
            let by = past.journal.id.clone();
            all[other].undone_by.get_or_insert(by);
        }
    }
    Ok(all)
}

/// What takes a finished transaction back: a change for each file that is still as it left it, a conflict for each
/// other one. With conflicts forced, `changes` go over what is there.
pub fn undo(disk: &dyn WritableSystem, store: &Store<'_>, journal: &Journal) -> Result<Undo, Failure> {
    let mut undo = Undo { changes: Vec::new(), conflicts: Vec::new() };
    let mut bytes = 0;
    let past = history(store)?;
    for (number, file) in journal.files.iter().enumerate() {
        let old = store.read_kept(&journal.id, &format!("old-{number}"), &file.old)?;
        let new = store.read_kept(&journal.id, &format!("new-{number}"), &file.new)?;
        let gone = |why: String| Failure::Refused(format!("{}: {why}", file.path.display()));
        bytes += (old.len() + new.len()) as u64;
        if bytes > MOST_BYTES {
            return Err(gone("the kept contents are too large to be put back at once".to_owned()));
        }
        store.spares(disk, &file.path).map_err(Failure::Refused)?;
        let found = NameInFolder::of(disk, &file.path)
            .and_then(|place| place.find(disk))
            .map_err(|e| gone(describe_error(&e)))?;
        let now = found.ok_or_else(|| gone("it is gone; put it back by hand from the backup".to_owned()))?;
        if now.bytes == old && now.meta == file.old_meta {
            continue;
        }
        if let Some(why) = file.old_meta.adds(Some(&now.meta)) {
            return Err(gone(why.to_owned()));
        }
        let differs = (now.bytes != new).then(|| match later(&past, journal, &file.path, &hash(&now.bytes)) {
            Some(id) => format!("it was changed since, by {id}: roll that back first"),
            None => "it was changed since".to_owned(),
        });
        if let Some(why) = differs.or_else(|| other_meta(&file.new_meta, &now.meta)) {
            let contents = (now.bytes != new).then(|| (new, now.bytes.clone()));
            undo.conflicts.push(Conflict { path: file.path.clone(), why, contents });
        }
        undo.changes.push(Change {
            path: file.path.clone(),
            old: now.bytes,
            new: old,
            meta: Some(file.old_meta.clone()),
            staging: match &file.how {
                How::Rename => Ok(file.staging.clone()),
                How::InPlace(why) => Err(why.clone()),
            },
        });
    }
    Ok(undo)
}

/// The later run of our own that left a file as it is now.
fn later<'p>(past: &'p [Past], journal: &Journal, path: &Path, now: &str) -> Option<&'p str> {
    let is_later = past.iter().skip_while(|one| one.journal.id != journal.id).skip(1);
    let left = |one: &&Past| {
        let file = one.journal.files.iter().find(|file| file.path == path);
        one.journal.step == Step::Committed
            && one.journal.root == journal.root
            && file.is_some_and(|file| file.new == now)
    };
    // What was rolled back says nothing of the file as it is.
    is_later.filter(|one| one.undone_by.is_none()).filter(left).last().map(|one| &*one.journal.id)
}

/// Puts the old files of an unfinished transaction back, whatever is there now.
pub fn force(disk: &dyn WritableSystem, store: &Store<'_>, journal: Journal) -> Result<(), Failure> {
    let id = journal.id.clone();
    let mut transaction = Transaction::reopen(disk, store, journal)?;
    transaction
        .roll_back("interrupted, and forced back", true)
        .map_err(|left| Failure::Stuck { why: format!("{id} has to be undone"), left })
}

fn other_meta(old: &Meta, now: &Meta) -> Option<String> {
    if old.mode != now.mode {
        return Some(format!("its mode was changed from {:04o} to {:04o}", old.mode, now.mode));
    }
    if (old.owner, old.group) != (now.owner, now.group) {
        return Some(format!("its owner was changed from {}:{} to {}:{}", old.owner, old.group, now.owner, now.group));
    }
    (old.attributes != now.attributes).then(|| "its extended attributes were changed".to_owned())
}
