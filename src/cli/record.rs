//! What a run that changes files tells: line by line as it happens, or at its end as one document.

use super::args::{Colour, Format};
use super::message::Message;
use super::output;
use super::servers::Checked;
use crate::report::Outcome;
use crate::report::json::change::{Check, Done, File, RolledBack, Verified};
use crate::report::json::{self, Body};
use crate::report::secrets::Shown;
use anyhow::Result;

/// The record of a run.
pub(super) struct Record {
    format: Format,
    /// What was done so far.
    pub done: Done,
}

impl Record {
    pub(super) fn new(format: Format) -> Record {
        Record { format, done: Done::default() }
    }

    /// Does standard output get lines for people, and no document?
    pub(super) fn is_text(&self) -> bool {
        self.format == Format::Text
    }

    /// A line of the result. Beside a document, lines go to standard error.
    pub(super) fn tell(&self, message: impl Into<Message>) {
        match self.format {
            Format::Text => output::tell(message),
            Format::Json => output::remark(message),
        }
    }

    /// The files of a patch, for those who look at them beside a document; nobody else needs them.
    pub(super) fn files(&self, make: impl FnOnce() -> Vec<File>) -> Vec<File> {
        if self.is_text() { Vec::new() } else { make() }
    }

    /// A patch, exact, as the result; beside a document what somebody has to look at (`is_needed`) stands masked.
    pub(super) fn patch(&self, exact: &[u8], files: &[File], is_needed: bool) -> Result<()> {
        match self.format {
            Format::Text => output::patch(exact)?,
            Format::Json if is_needed => {
                output::remark(Message::of(files.iter().flat_map(|file| file.diff.lines())));
            }
            Format::Json => {}
        }
        Ok(())
    }

    /// What checkers said, `before` the change or `after` it.
    pub(super) fn checked(&mut self, when: &'static str, checked: &Checked) {
        let check = |(command, accepted): (String, bool)| Check { command: Shown::masked(command), when, accepted };
        self.done.checked.extend(checked.words().map(check));
    }

    /// A server was reloaded by this command.
    pub(super) fn reloaded(&mut self, command: &str) {
        self.tell(format!("reloaded: {command}"));
        self.done.reloaded = Shown::masked(self.done.reloaded.iter().cloned().chain([command.to_owned()]).collect());
    }

    /// What handshakes got.
    pub(super) fn verified(&mut self, endpoints: usize, [unclear, drift, not_verified]: [Vec<String>; 3]) {
        let [unclear, drift, not_verified] = [unclear, drift, not_verified].map(Shown::masked);
        self.done.verified = Some(Verified { endpoints, unclear, drift, not_verified });
    }

    /// Every file was put back, and why.
    pub(super) fn rolled_back(&mut self, outcome: Outcome, why: &Message) {
        let said = Shown::masked(why.to_string().lines().map(str::to_owned).collect());
        self.done.rolled_back = Some(RolledBack { cause: outcome.name(), said });
    }

    /// Writes the document, where one is wanted.
    pub(super) fn write<T: Body>(self, body: impl FnOnce(Done) -> T) -> Result<()> {
        match self.format {
            Format::Text => Ok(()),
            Format::Json => document(&body(self.done)),
        }
    }
}

/// Writes a document to standard output.
pub(super) fn document(body: &impl Body) -> Result<()> {
    output::write(Colour::Never, |out| json::document(body, out))
}
