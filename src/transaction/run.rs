//! One transaction, from the backup to the commit.

use super::file::{Found, Meta, Place, is_torn, said};
use super::journal::{FileEntry, How, Instance, Journal, Step, hash};
use super::stage::{Trouble, overwrite, swap, write_hidden};
use super::store::Store;
use super::{Change, Failure, hidden_name};
use crate::system::{Access, Directory, WritableSystem, own_user};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

const CHANGED: &str = "it was changed by somebody else at that very moment, and their version stays";

/// What a transaction is for.
pub struct Intent {
    /// Its name and its time, from [`Store::new_id`].
    pub id: (String, String),
    /// What was run: `fix`, `rollback`.
    pub command: &'static str,
    /// The root of the host, where the state directory lies outside of it.
    pub root: Option<PathBuf>,
    /// The transaction that it undoes.
    pub undoes: Option<String>,
    /// The configurations that it concerns.
    pub instances: Vec<Instance>,
    /// The files.
    pub changes: Vec<Change>,
}

/// A transaction whose files are backed up.
pub struct Transaction<'a> {
    pub(super) disk: &'a dyn WritableSystem,
    pub(super) store: &'a Store<'a>,
    pub(super) folder: Directory,
    pub(super) journal: Journal,
    /// Old and new contents.
    pub(super) contents: Vec<(Vec<u8>, Vec<u8>)>,
    /// So many files may have been changed.
    pub(super) reached: usize,
    /// Files that somebody else changed before we did.
    pub(super) theirs: BTreeSet<usize>,
}

/// What a file on the disk is to a transaction.
pub(super) enum State {
    /// As before.
    Old(Found),
    /// As planned.
    New(Found),
    /// In between: writing in place was stopped.
    Torn(Found),
    /// Something else, or nothing; the reason, as a lowercase fragment without the path.
    Foreign(Option<Found>, String),
}

impl<'a> Transaction<'a> {
    /// Compares every file with what the plan was made from, and backs it up. Nothing of the host is changed.
    pub fn prepare(
        disk: &'a dyn WritableSystem,
        store: &'a Store<'a>,
        intent: Intent,
    ) -> Result<Transaction<'a>, Failure> {
        let mut files = Vec::new();
        for change in &intent.changes {
            files.push(examine(disk, change)?);
        }
        let (id, time) = intent.id;
        let journal = Journal {
            id: id.clone(),
            command: intent.command.to_owned(),
            time,
            root: intent.root,
            step: Step::Prepared,
            undoes: intent.undoes,
            why: None,
            instances: intent.instances,
            files,
        };
        let contents: Vec<(Vec<u8>, Vec<u8>)> = intent.changes.into_iter().map(|c| (c.old, c.new)).collect();
        let back_up = || -> io::Result<Directory> {
            let folder = store.make(&id)?;
            for (number, (old, new)) in contents.iter().enumerate() {
                store.keep(&folder, &format!("old-{number}"), old)?;
                store.keep(&folder, &format!("new-{number}"), new)?;
            }
            store.sync()?;
            store.save(&folder, &journal)?;
            Ok(folder)
        };
        let folder = back_up().map_err(|error| {
            // Without a journal it is nothing; the next run removes what can't be removed now.
            let _later = store.discard(&id);
            Failure::Refused(format!(
                "the backup in {} can't be written: {}",
                store.path_of(&id).display(),
                said(&error)
            ))
        })?;
        Ok(Transaction { disk, store, folder, journal, contents, reached: 0, theirs: BTreeSet::new() })
    }

    /// Takes up a transaction that an earlier run left.
    pub(super) fn reopen(
        disk: &'a dyn WritableSystem,
        store: &'a Store<'a>,
        journal: Journal,
    ) -> Result<Transaction<'a>, Failure> {
        let mut contents = Vec::new();
        for (number, file) in journal.files.iter().enumerate() {
            let old = store.kept(&journal.id, &format!("old-{number}"), &file.old)?;
            contents.push((old, store.kept(&journal.id, &format!("new-{number}"), &file.new)?));
        }
        let folder = store.enter(&journal.id).map_err(|e| store.refused(&journal.id, &e))?;
        let reached = contents.len();
        Ok(Transaction { disk, store, folder, journal, contents, reached, theirs: BTreeSet::new() })
    }

    /// What is known of it.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Puts every new file in its place. Whatever fails, nothing stays changed. `interrupted` is asked on the way.
    pub fn write(&mut self, interrupted: &dyn Fn() -> bool) -> Result<(), Failure> {
        let staged = (0..self.journal.files.len()).try_for_each(|number| self.stage(number));
        let ready = staged.and_then(|()| match interrupted() {
            true => Err("interrupted".to_owned()),
            false => self.mark(Step::Writing),
        });
        if let Err(why) = ready {
            return Err(match self.abandon(&why) {
                Ok(()) => Failure::Refused(why),
                Err(left) => Failure::Stuck { why, left: vec![left] },
            });
        }
        for number in 0..self.journal.files.len() {
            self.reached = number + 1;
            let put = if interrupted() { Err("interrupted".to_owned()) } else { self.put(number) };
            put.map_err(|why| self.fail(why))?;
        }
        self.mark(Step::Written).map_err(|why| self.fail(why))
    }

    /// Remembers that the result was checked: after this an interrupted run is finished, not undone.
    pub fn checked(&mut self) -> Result<(), Failure> {
        self.mark(Step::Checked).map_err(|why| self.fail(why))
    }

    /// Ends it: the old files go. Gives the files in which edits were kept that came too late for their place, each after
    /// the path that it was meant for. The error names what could not be tidied up, which the next run does.
    pub fn commit(&mut self) -> Result<Vec<String>, String> {
        let mut kept = Vec::new();
        for number in 0..self.journal.files.len() {
            let found = self.tidy(number)?;
            kept.extend(found.map(|path| self.about(number, &format!("{}", path.display()))));
        }
        self.mark(Step::Committed)?;
        Ok(kept)
    }

    /// Puts every file back, for this reason.
    pub fn fail(&mut self, why: String) -> Failure {
        match self.roll_back(&why, false) {
            Ok(()) => Failure::RolledBack(why),
            Err(left) => Failure::Stuck { why, left },
        }
    }

    /// The files that are neither as before nor as planned, each with the reason.
    pub(super) fn foreign(&self) -> Vec<String> {
        let numbers = 0..self.journal.files.len();
        let why = |number| match self.state(number) {
            State::Foreign(_, why) => Some(self.about(number, &why)),
            _ => None,
        };
        numbers.filter_map(why).collect()
    }

    /// Is every file as it was before?
    pub(super) fn is_untouched(&self) -> bool {
        (0..self.journal.files.len()).all(|number| match self.state(number) {
            State::Old(_) => true,
            State::New(_) | State::Torn(_) => false,
            State::Foreign(..) => !self.may_have_been_changed(number),
        })
    }

    /// Is every file as planned, or was it edited since? Not where a run was rolling back, and could not write that down.
    pub(super) fn is_in_place(&self) -> bool {
        let files = 0..self.journal.files.len();
        files.into_iter().all(|number| matches!(self.state(number), State::New(_) | State::Foreign(..)))
    }

    /// Can a file that is neither old nor new have been new in between? Not while the new content still has the
    /// hidden name.
    pub(super) fn may_have_been_changed(&self, number: usize) -> bool {
        let waits = |found: Option<Found>| found.is_some_and(|found| found.bytes == self.contents[number].1);
        let waits = self.hidden(number).and_then(|hidden| hidden.find(self.disk)).is_ok_and(waits);
        self.journal.files[number].how != How::Rename || !waits
    }

    pub(super) fn mark(&mut self, step: Step) -> Result<(), String> {
        let before = std::mem::replace(&mut self.journal.step, step);
        self.store.save(&self.folder, &self.journal).map_err(|error| {
            self.journal.step = before;
            format!(
                "the journal in {} can't be written: {}",
                self.store.path_of(&self.journal.id).display(),
                said(&error)
            )
        })
    }

    pub(super) fn about(&self, number: usize, why: &str) -> String {
        format!("{}: {why}", self.journal.files[number].path.display())
    }

    pub(super) fn place(&self, number: usize) -> io::Result<Place> {
        Place::of(self.disk, &self.journal.files[number].path)
    }

    /// The hidden file of a number: the new one, and after the change of places the old one.
    pub(super) fn hidden(&self, number: usize) -> io::Result<Place> {
        let name = hidden_name(&self.journal.id, number);
        Place::in_folder(self.disk, &self.journal.files[number].staging, &name)
    }

    /// The hidden file by which an old content comes back from the backup.
    pub(super) fn hidden_old(&self, number: usize) -> io::Result<Place> {
        let name = format!("{}-old", hidden_name(&self.journal.id, number));
        Place::in_folder(self.disk, &self.journal.files[number].staging, &name)
    }

    pub(super) fn remove(&self, hidden: &Place) -> io::Result<()> {
        if self.disk.look(&hidden.folder, &hidden.name)?.is_some() {
            self.disk.remove(&hidden.folder, &hidden.name)?;
            self.disk.sync_directory(&hidden.folder)?;
        }
        Ok(())
    }

    pub(super) fn state(&self, number: usize) -> State {
        let (entry, (old, new)) = (&self.journal.files[number], &self.contents[number]);
        let now = match self.place(number).and_then(|place| place.find(self.disk)) {
            Ok(Some(now)) => now,
            Ok(None) => return State::Foreign(None, "it is gone".to_owned()),
            Err(error) => return State::Foreign(None, said(&error)),
        };
        // Where only owner or mode change, they tell.
        let is = |bytes: &[u8], meta: &Meta| now.bytes == bytes && (old != new || now.meta == *meta);
        match &entry.how {
            _ if is(old, &entry.old_meta) => State::Old(now),
            _ if is(new, &entry.new_meta) => State::New(now),
            How::InPlace(_) if is_torn(&now.bytes, old, new) => State::Torn(now),
            _ => State::Foreign(
                Some(now),
                "it is neither as it was before nor as planned: somebody edited it".to_owned(),
            ),
        }
    }

    /// Writes the hidden file, or makes sure that the file can be written in place.
    fn stage(&mut self, number: usize) -> Result<(), String> {
        let staged = || -> Result<(), Trouble> {
            let entry = &self.journal.files[number];
            if let How::InPlace(_) = entry.how {
                let place = self.place(number)?;
                self.disk.open(&place.folder, &place.name, Access::Write)?;
                return Ok(());
            }
            write_hidden(self.disk, &self.hidden(number)?, &self.contents[number].1, &entry.new_meta)
        };
        match staged() {
            Err(Trouble::InPlaceOnly(why)) => {
                self.journal.files[number].how = How::InPlace(why.to_owned());
                self.stage(number)
            }
            Err(trouble) => Err(self.about(number, &failed(trouble))),
            Ok(()) => Ok(()),
        }
    }

    /// Puts the new content in its place.
    fn put(&mut self, number: usize) -> Result<(), String> {
        let done = || -> Result<(), Trouble> {
            let (entry, (old, new)) = (&self.journal.files[number], &self.contents[number]);
            let place = self.place(number)?;
            let now = place.find(self.disk)?.filter(|now| now.bytes == *old && now.meta == entry.old_meta);
            let now = now.ok_or(Trouble::Changed)?;
            match entry.how {
                How::Rename => swap(self.disk, &self.hidden(number)?, &place, &now),
                How::InPlace(_) => overwrite(self.disk, &place, &now, new, &entry.new_meta),
            }
        };
        match done() {
            Err(Trouble::InPlaceOnly(why)) => {
                self.journal.files[number].how = How::InPlace(why.to_owned());
                // Before the first byte, since only the journal tells a torn file from an edited one.
                self.mark(Step::Writing)?;
                let hidden = self.hidden(number).and_then(|hidden| self.remove(&hidden));
                hidden.map_err(|e| self.about(number, &said(&e)))?;
                self.put(number)
            }
            Err(Trouble::Changed) => {
                self.theirs.insert(number);
                Err(self.about(number, CHANGED))
            }
            Err(Trouble::Failed(why)) => Err(self.about(number, &why)),
            Ok(()) => Ok(()),
        }
    }
}

pub(super) fn failed(trouble: Trouble) -> String {
    match trouble {
        Trouble::Failed(why) => why,
        Trouble::Changed => CHANGED.to_owned(),
        Trouble::InPlaceOnly(why) => why.to_owned(),
    }
}

/// Reads a file again, and says how it is going to be written.
fn examine(disk: &dyn WritableSystem, change: &Change) -> Result<FileEntry, Failure> {
    let refused = |why: &str| Failure::Refused(format!("{}: {why}", change.path.display()));
    let io = |e: io::Error| refused(&said(&e));
    let place = Place::of(disk, &change.path).map_err(io)?;
    let now = place.find(disk).map_err(io)?.ok_or_else(|| refused("it is gone since it was read"))?;
    if now.bytes != change.old {
        return Err(refused("it was changed since it was read; run this again"));
    }
    if let Some(why) = now.protection {
        return Err(refused(why));
    }
    let how = match &change.staging {
        _ if now.status.links > 1 => {
            let folder = disk.status_of(&place.folder).map_err(io)?;
            let trusted = [0, own_user(), now.status.owner].contains(&folder.owner) && folder.mode & 0o022 == 0;
            if !trusted {
                // With one more name anybody who may write there could pass another file off as this one.
                return Err(refused("it has several names (hard links), in a folder that others can write to"));
            }
            How::InPlace(format!("it has {} names (hard links)", now.status.links))
        }
        Err(why) => How::InPlace(why.clone()),
        Ok(_) => How::Rename,
    };
    let parent = change.path.parent().unwrap_or(&change.path).to_owned();
    Ok(FileEntry {
        path: change.path.clone(),
        how,
        staging: change.staging.clone().unwrap_or(parent),
        old: hash(&change.old),
        new: hash(&change.new),
        new_meta: change.meta.clone().unwrap_or_else(|| now.meta.clone()),
        old_meta: now.meta,
    })
}
