//! Putting everything back: after a failure in the same run, or in the next run after an interruption.

use super::file::{FoundFile, Meta, NameInFolder, describe_error};
use super::hidden_name;
use super::journal::{How, Step};
use super::names::{OUTSIDE, all_are_inside};
use super::run::{Transaction, failed};
use super::stage::{StageError, overwrite, swap, write_hidden};
use super::state::DiskState;
use std::io;
use std::path::PathBuf;

impl Transaction<'_> {
    /// Puts every file back; the error lists those that can't be, each with the reason. With `force` the old content
    /// also goes over what somebody else wrote, which is kept beside the journal.
    pub(super) fn roll_back(&mut self, why: &str, force: bool) -> Result<(), Vec<String>> {
        self.journal.why = Some(why.to_owned());
        // A state directory that is full must not keep the files from going back: the contents tell the rest.
        let _may_be_full = self.mark(Step::RollingBack);
        let mut left = Vec::new();
        for number in (0..self.journal.files.len()).rev() {
            if let Err(why) = self.restore(number, force) {
                left.push(self.about(number, &why));
            }
        }
        if left.is_empty() {
            let _may_be_full = self.mark(Step::RolledBack);
            return Ok(());
        }
        Err(left)
    }

    /// Ends a transaction that changed nothing yet.
    pub(super) fn abandon(&mut self, why: &str) -> Result<(), String> {
        for number in 0..self.journal.files.len() {
            let hidden = [self.hidden(number), self.hidden_old(number)];
            let removed = hidden.into_iter().try_for_each(|hidden| {
                let hidden = hidden?;
                match self.remove_own(number, &hidden) {
                    // It never was in place.
                    Err(error) if is_closed(&error) => self.remove(&hidden),
                    removed => removed,
                }
            });
            removed
                .or_else(gone)
                .map_err(|e| self.about(number, &format!("the hidden file beside it stays: {}", describe_error(&e))))?;
        }
        self.journal.why = Some(why.to_owned());
        let _may_be_full = self.mark(Step::RolledBack);
        Ok(())
    }

    /// Puts the old content back.
    fn restore(&self, number: usize, force: bool) -> Result<(), String> {
        if number >= self.reached || self.theirs.contains(&number) {
            return self.tidy(number).map(drop);
        }
        let text = |e: io::Error| describe_error(&e);
        let (entry, (old, _)) = (&self.journal.files[number], &self.contents[number]);
        match self.read_state(number) {
            // Where a file was exchanged, the old one is back with all that it had, or somebody gave it another owner.
            DiskState::Old(now) if now.meta == entry.old_meta || entry.how == How::Rename => {}
            DiskState::Old(now) | DiskState::Torn(now) => self.overwrite_old(number, &now)?,
            DiskState::New(now) => match entry.how {
                How::InPlace(_) => self.overwrite_old(number, &now)?,
                How::Rename => self.bring_back(number, &now)?,
            },
            DiskState::Closed => self.replace_closed(number)?,
            DiskState::Foreign(now, why) => {
                let untouched = !self.may_have_been_changed(number);
                if !force && !untouched {
                    return Err(why);
                }
                if force {
                    self.force_back(number, now.as_ref(), old)?;
                }
            }
        }
        self.tidy(number)?;
        let hidden = match self.hidden_old(number) {
            Err(error) => return gone(error).map_err(text),
            Ok(hidden) => hidden,
        };
        match self.remove_own(number, &hidden) {
            // What was in place may be somebody's edit.
            Err(error) if is_closed(&error) && force => self.remove(&hidden).map_err(text),
            Err(error) if is_closed(&error) => {
                let name = hidden.name.display();
                Err(format!("it is as it was; what was there can't be opened, and lies near it as {name}"))
            }
            removed => removed.or_else(gone).map_err(text),
        }
    }

    /// Lets the old content change places with a file that can't be opened, which keeps a hidden name: it can't be written
    /// in place, nor be compared with anything.
    fn replace_closed(&self, number: usize) -> Result<(), String> {
        let text = |e: io::Error| describe_error(&e);
        let (place, hidden) = (self.find_place(number).map_err(text)?, self.hidden_old(number).map_err(text)?);
        match self.remove_own(number, &hidden) {
            // What was in place before is more than what nobody can open now.
            Err(error) if is_closed(&error) => self.remove(&hidden).map_err(text)?,
            removed => removed.map_err(text)?,
        }
        let old = &self.contents[number].0;
        let _open = write_hidden(self.disk, &hidden, old, self.old_meta(number, None)?).map_err(failed)?;
        self.disk.exchange(hidden.at(), place.at()).map_err(text)?;
        self.disk.sync_directory(&place.folder).map_err(text)?;
        self.disk.sync_directory(&hidden.folder).map_err(text)
    }

    /// What the old file was, if that gives the one that is there now no rights of others.
    fn old_meta(&self, number: usize, now: Option<&FoundFile>) -> Result<&Meta, String> {
        let meta = &self.journal.files[number].old_meta;
        match meta.adds(now.map(|now| &now.meta)) {
            Some(why) => Err(why.to_owned()),
            None => Ok(meta),
        }
    }

    fn overwrite_old(&self, number: usize, now: &FoundFile) -> Result<(), String> {
        let (old, meta) = (&self.contents[number].0, self.old_meta(number, Some(now))?);
        if !all_are_inside(self.disk, &now.status).map_err(|e| describe_error(&e))? {
            return Err(OUTSIDE.to_owned());
        }
        let place = self.find_place(number).map_err(|e| describe_error(&e))?;
        overwrite(self.disk, &place, now, old, meta).map_err(failed)
    }

    /// Exchanges the new file for the old one, which has the hidden name or comes from the backup.
    fn bring_back(&self, number: usize, now: &FoundFile) -> Result<(), String> {
        let text = |e: io::Error| describe_error(&e);
        let (new, place) = (&self.contents[number].1, self.find_place(number).map_err(text)?);
        let hidden = self.hidden(number).map_err(text)?;
        match hidden.find_file(self.disk) {
            // What has the hidden name and is not the new content was in place before: the old one, or an edit that came
            // at the very moment. That is so too where it can't be opened, since the new content is in place.
            Ok(Some(found)) if found.bytes != *new => return swap(self.disk, &hidden, &place, now).map_err(failed),
            Err(error) if is_closed(&error) => return swap(self.disk, &hidden, &place, now).map_err(failed),
            found => drop(found.map_err(text)?),
        }
        let (hidden, old) = (self.hidden_old(number).map_err(text)?, &self.contents[number].0);
        self.remove_own(number, &hidden).map_err(text)?;
        match write_hidden(self.disk, &hidden, old, self.old_meta(number, Some(now))?)
            .and_then(|_open| swap(self.disk, &hidden, &place, now))
        {
            Err(StageError::InPlaceOnly(_)) => self.overwrite_old(number, now),
            done => done.map_err(failed),
        }
    }

    /// Puts the old content over what somebody else wrote, and keeps that.
    fn force_back(&self, number: usize, now: Option<&FoundFile>, old: &[u8]) -> Result<(), String> {
        let text = |e: io::Error| describe_error(&e);
        let meta = self.old_meta(number, now)?;
        let place = self.find_place(number).map_err(text)?;
        if let Some(now) = now {
            if !all_are_inside(self.disk, &now.status).map_err(text)? {
                return Err(OUTSIDE.to_owned());
            }
            self.store.keep_found(&self.folder, number, &now.bytes).map_err(text)?;
            return overwrite(self.disk, &place, now, old, meta).map_err(failed);
        }
        if self.disk.look(&place.folder, &place.name).map_err(text)?.is_some() {
            return Err("something that is no file is in its place".to_owned());
        }
        let hidden = self.hidden_old(number).map_err(text)?;
        self.remove_own(number, &hidden).map_err(text)?;
        drop(write_hidden(self.disk, &hidden, old, meta).map_err(failed)?);
        self.disk.rename(hidden.at(), place.at()).map_err(text)?;
        self.disk.sync_directory(&place.folder).map_err(text)
    }

    /// Removes a hidden file that holds the old or the new content, or a part of it. Whatever else has its name is
    /// somebody's, and stays.
    fn remove_own(&self, number: usize, hidden: &NameInFolder) -> io::Result<()> {
        let (old, new) = &self.contents[number];
        match hidden.find_file(self.disk)? {
            Some(found) if is_part(&found.bytes, old) || is_part(&found.bytes, new) => self.remove(hidden),
            Some(_) | None => Ok(()),
        }
    }

    /// Removes the hidden file. If it holds neither the old nor the new content, an editor that had the old file open
    /// wrote into it after it was out of place: then that is kept beside the journal, and the path is given back. What can't
    /// be opened is removed unread: a lease that keeps readers out is only given while nobody else has the file open, so
    /// nobody but who holds it can have written there since.
    pub(super) fn tidy(&self, number: usize) -> Result<Option<PathBuf>, String> {
        let tidied = || -> io::Result<Option<PathBuf>> {
            let (hidden, (old, new)) = (self.hidden(number)?, &self.contents[number]);
            let found = match hidden.find_file(self.disk) {
                Err(error) if is_closed(&error) => return self.remove(&hidden).map(|()| None),
                found => found?,
            };
            let Some(found) = found else { return Ok(None) };
            let kept = if found.bytes == *old || found.bytes == *new {
                None
            } else {
                let name = self.store.keep_found(&self.folder, number, &found.bytes)?;
                Some(self.store.path_of(&self.journal.id).join(name))
            };
            self.remove(&hidden)?;
            Ok(kept)
        };
        let nothing = |error| gone(error).map(|()| None);
        tidied()
            .or_else(nothing)
            .map_err(|e| format!("{} stays: {}", hidden_name(&self.journal.id, number), describe_error(&e)))
    }
}

/// Can this be what a write of `whole` left that was stopped? After a power cut a page may be empty.
fn is_part(found: &[u8], whole: &[u8]) -> bool {
    found.len() <= whole.len() && found.iter().zip(whole).all(|(now, meant)| now == meant || *now == 0)
}

/// Does somebody keep a file from being opened?
fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// What is not there, need not be removed.
fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
