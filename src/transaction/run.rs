//! One transaction, from the backup to the commit.

use super::check::MOST_BYTES;
use super::examine::examine;
use super::file::{NameInFolder, describe_error};
use super::journal::{How, Instance, Journal, Step};
use super::reload::ReloadRecord;
use super::stage::{StageError, overwrite, swap, write_hidden};
use super::store::Store;
use super::{Change, Failure, hidden_name};
use crate::system::{Access, Directory, Handle, WritableSystem};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

const CHANGED: &str = "it was changed by somebody else at that very moment, and their version stays";

/// So many files are held open, of the 1,024 that a process may have where nobody has said otherwise.
const MOST_HELD: usize = 500;

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
    /// Are the servers going to be reloaded?
    pub reload: bool,
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
    /// The old and the new files, open: so nobody can take a lease on one of them, which would keep it from being opened
    /// when it has to go back. Of very many files the first ones only, since there is a limit.
    held: Vec<Handle>,
}

impl<'a> Transaction<'a> {
    /// Compares every file with what the plan was made from, and backs it up. Nothing of the host is changed.
    pub fn prepare(
        disk: &'a dyn WritableSystem,
        store: &'a Store<'a>,
        intent: Intent,
    ) -> Result<Transaction<'a>, Failure> {
        let mut files = Vec::new();
        store.leaves_alone(&intent)?;
        for change in &intent.changes {
            store.spares(disk, &change.path).map_err(Failure::Refused)?;
            files.push(examine(disk, change)?);
        }
        let (id, time) = intent.id;
        let journal = Journal {
            id: id.clone(),
            command: intent.command.to_owned(),
            time,
            root: intent.root,
            step: Step::Prepared,
            reload: if intent.reload { ReloadRecord::Wanted } else { ReloadRecord::Unwanted },
            undoes: intent.undoes,
            why: None,
            instances: intent.instances,
            files,
        };
        let fits = journal.check(&id).map_err(|why| format!("the journal of this fix {why}"));
        fits.and_then(|()| journal.check_size(&intent.changes)).map_err(Failure::Refused)?;
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
                describe_error(&error)
            ))
        })?;
        Ok(Transaction {
            disk,
            store,
            folder,
            journal,
            contents,
            reached: 0,
            theirs: BTreeSet::new(),
            held: Vec::new(),
        })
    }

    /// Takes up a transaction that an earlier run left.
    pub(super) fn reopen(
        disk: &'a dyn WritableSystem,
        store: &'a Store<'a>,
        journal: Journal,
    ) -> Result<Transaction<'a>, Failure> {
        let mut contents = Vec::new();
        let mut bytes = 0;
        for (number, file) in journal.files.iter().enumerate() {
            store.spares(disk, &file.path).map_err(Failure::Refused)?;
            let old = store.read_kept(&journal.id, &format!("old-{number}"), &file.old)?;
            let new = store.read_kept(&journal.id, &format!("new-{number}"), &file.new)?;
            bytes += (old.len() + new.len()) as u64;
            if bytes > MOST_BYTES {
                let place = store.path_of(&journal.id);
                return Err(Failure::Refused(format!("{} holds more than is read at once", place.display())));
            }
            contents.push((old, new));
        }
        let folder = store.enter(&journal.id).map_err(|e| store.refused(&journal.id, &e))?;
        let reached = contents.len();
        Ok(Transaction { disk, store, folder, journal, contents, reached, theirs: BTreeSet::new(), held: Vec::new() })
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

    /// Remembers that the servers are being reloaded. If the run is killed now, nobody knows which files they have.
    pub fn reloading(&mut self) -> Result<(), Failure> {
        self.note_reload(ReloadRecord::Begun).map_err(|why| self.fail(why))
    }

    /// Remembers that the servers were reloaded, with the new files or, once those were put back, with the old ones.
    pub fn reloaded(&mut self) -> Result<(), String> {
        self.note_reload(ReloadRecord::Done)
    }

    fn note_reload(&mut self, reload: ReloadRecord) -> Result<(), String> {
        let before = std::mem::replace(&mut self.journal.reload, reload);
        self.mark(self.journal.step).inspect_err(|_| self.journal.reload = before)
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

    pub(super) fn mark(&mut self, step: Step) -> Result<(), String> {
        let before = std::mem::replace(&mut self.journal.step, step);
        self.store.save(&self.folder, &self.journal).map_err(|error| {
            self.journal.step = before;
            format!(
                "the journal in {} can't be written: {}",
                self.store.path_of(&self.journal.id).display(),
                describe_error(&error)
            )
        })
    }

    pub(super) fn about(&self, number: usize, why: &str) -> String {
        format!("{}: {why}", self.journal.files[number].path.display())
    }

    pub(super) fn find_place(&self, number: usize) -> io::Result<NameInFolder> {
        NameInFolder::of(self.disk, &self.journal.files[number].path)
    }

    /// The hidden file of a number: the new one, and after the change of places the old one.
    pub(super) fn hidden(&self, number: usize) -> io::Result<NameInFolder> {
        let name = hidden_name(&self.journal.id, number);
        NameInFolder::in_folder(self.disk, &self.journal.files[number].staging, &name)
    }

    /// The hidden file by which an old content comes back from the backup.
    pub(super) fn hidden_old(&self, number: usize) -> io::Result<NameInFolder> {
        let name = format!("{}-old", hidden_name(&self.journal.id, number));
        NameInFolder::in_folder(self.disk, &self.journal.files[number].staging, &name)
    }

    pub(super) fn remove(&self, hidden: &NameInFolder) -> io::Result<()> {
        if self.disk.look(&hidden.folder, &hidden.name)?.is_some() {
            self.disk.remove(&hidden.folder, &hidden.name)?;
            self.disk.sync_directory(&hidden.folder)?;
        }
        Ok(())
    }

    /// Writes the hidden file, or makes sure that the file can be written in place.
    fn stage(&mut self, number: usize) -> Result<(), String> {
        let staged = || -> Result<Vec<Handle>, StageError> {
            let (entry, place) = (&self.journal.files[number], self.find_place(number)?);
            if let How::InPlace(_) = entry.how {
                return Ok(vec![self.disk.open(&place.folder, &place.name, Access::Write)?]);
            }
            let old = self.disk.open(&place.folder, &place.name, Access::Read)?;
            let new = write_hidden(self.disk, &self.hidden(number)?, &self.contents[number].1, &entry.new_meta)?;
            Ok(vec![old, new])
        };
        match staged() {
            Err(StageError::InPlaceOnly(why)) => {
                self.journal.files[number].how = How::InPlace(why.to_owned());
                self.stage(number)
            }
            Err(trouble) => Err(self.about(number, &failed(trouble))),
            Ok(open) => {
                if self.held.len() < MOST_HELD {
                    self.held.extend(open);
                }
                Ok(())
            }
        }
    }

    /// Puts the new content in its place.
    fn put(&mut self, number: usize) -> Result<(), String> {
        let done = || -> Result<(), StageError> {
            let (entry, (old, new)) = (&self.journal.files[number], &self.contents[number]);
            let place = self.find_place(number)?;
            let now = place.find(self.disk)?.filter(|now| now.bytes == *old && now.meta == entry.old_meta);
            let now = now.ok_or(StageError::Changed)?;
            match entry.how {
                How::Rename => swap(self.disk, &self.hidden(number)?, &place, &now),
                How::InPlace(_) => overwrite(self.disk, &place, &now, new, &entry.new_meta),
            }
        };
        match done() {
            Err(StageError::InPlaceOnly(why)) => {
                self.journal.files[number].how = How::InPlace(why.to_owned());
                // Before the first byte, since only the journal tells a torn file from an edited one.
                self.mark(Step::Writing)?;
                let hidden = self.hidden(number).and_then(|hidden| self.remove(&hidden));
                hidden.map_err(|e| self.about(number, &describe_error(&e)))?;
                self.put(number)
            }
            Err(StageError::Changed) => {
                self.theirs.insert(number);
                Err(self.about(number, CHANGED))
            }
            Err(StageError::Failed(why)) => Err(self.about(number, &why)),
            Ok(()) => Ok(()),
        }
    }
}

pub(super) fn failed(trouble: StageError) -> String {
    match trouble {
        StageError::Failed(why) => why,
        StageError::Changed => CHANGED.to_owned(),
        StageError::InPlaceOnly(why) => why.to_owned(),
    }
}
