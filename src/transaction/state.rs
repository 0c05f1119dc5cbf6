//! What became of the files of a transaction: old, new, torn, or somebody else's.

use super::file::{FoundFile, Meta, describe_error, is_torn};
use super::journal::How;
use super::run::Transaction;
use std::io;

/// What a file on the disk is to a transaction.
pub(super) enum DiskState {
    /// As before.
    Old(FoundFile),
    /// As planned.
    New(FoundFile),
    /// In between: writing in place was stopped.
    Torn(FoundFile),
    /// A file that can't be opened, because somebody keeps it from being.
    Closed,
    /// Something else, or nothing; the reason, as a lowercase fragment without the path.
    Foreign(Option<FoundFile>, String),
}

impl Transaction<'_> {
    /// The files that are neither as before nor as planned, each with the reason.
    pub(super) fn foreign(&self) -> Vec<String> {
        let numbers = 0..self.journal.files.len();
        let why = |number| match self.read_state(number) {
            DiskState::Foreign(_, why) => Some(self.about(number, &why)),
            _ => None,
        };
        numbers.filter_map(why).collect()
    }

    /// The files that can't be opened, each with the reason.
    pub(super) fn closed(&self) -> Vec<String> {
        let numbers = 0..self.journal.files.len();
        let closed = numbers.filter(|number| matches!(self.read_state(*number), DiskState::Closed));
        closed
            .map(|number| self.about(number, "somebody has a lease on it (fcntl(2)), so that it can't be opened"))
            .collect()
    }

    /// Is every file as it was before?
    pub(super) fn is_untouched(&self) -> bool {
        (0..self.journal.files.len()).all(|number| match self.read_state(number) {
            DiskState::Old(_) => true,
            DiskState::New(_) | DiskState::Torn(_) | DiskState::Closed => false,
            DiskState::Foreign(..) => !self.may_have_been_changed(number),
        })
    }

    /// Is every file as planned, or was it edited since? Not where a run was rolling back, and could not write that down.
    pub(super) fn is_in_place(&self) -> bool {
        let files = 0..self.journal.files.len();
        files.into_iter().all(|number| matches!(self.read_state(number), DiskState::New(_) | DiskState::Foreign(..)))
    }

    /// Can a file that is neither old nor new have been new in between? Not while the new content still has the
    /// hidden name.
    pub(super) fn may_have_been_changed(&self, number: usize) -> bool {
        let waits = |found: Option<FoundFile>| found.is_some_and(|found| found.bytes == self.contents[number].1);
        let waits = self.hidden(number).and_then(|hidden| hidden.find_file(self.disk)).is_ok_and(waits);
        self.journal.files[number].how != How::Rename || !waits
    }

    pub(super) fn read_state(&self, number: usize) -> DiskState {
        let (entry, (old, new)) = (&self.journal.files[number], &self.contents[number]);
        let now = match self.find_place(number).and_then(|place| place.find(self.disk)) {
            Ok(Some(now)) => now,
            Ok(None) => return DiskState::Foreign(None, "it is gone".to_owned()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return DiskState::Closed,
            Err(error) => return DiskState::Foreign(None, describe_error(&error)),
        };
        // Where only owner or mode change, they tell.
        let is = |bytes: &[u8], meta: &Meta| now.bytes == bytes && (old != new || now.meta == *meta);
        match &entry.how {
            _ if is(old, &entry.old_meta) => DiskState::Old(now),
            _ if is(new, &entry.new_meta) => DiskState::New(now),
            How::InPlace(_) if is_torn(&now.bytes, old, new) => DiskState::Torn(now),
            _ => DiskState::Foreign(
                Some(now),
                "it is neither as it was before nor as planned: somebody edited it".to_owned(),
            ),
        }
    }
}
