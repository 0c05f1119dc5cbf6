//! Standard output and standard error, as the commands use them.

use super::args::Colour;
use super::message::{self, Message};
use super::screen;
use crate::report::{Outcome, sanitise, secrets};
use anstream::{AutoStream, ColorChoice, StripStream};
use anyhow::{Context, Result, bail};
use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Writes to standard output. A reader that has gone away (`| head`) is not an error.
pub(super) fn write(colour: Colour, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let plain = match colour {
        Colour::Auto => !screen::takes_colour(),
        Colour::Always => false,
        Colour::Never => true,
    };
    let written = screen::output(|buffered| {
        // Styles are taken out before the buffer: each piece between two of them would be a write(2) behind it.
        if plain { write(&mut StripStream::new(buffered)) } else { write(buffered) }
    });
    written.or_else(gone).context("standard output can't be written")
}

/// A report in memory, for a file: with terminal styles only where they are asked for.
pub(super) fn buffer(colour: Colour) -> AutoStream<Vec<u8>> {
    let choice = if colour == Colour::Always { ColorChoice::AlwaysAnsi } else { ColorChoice::Never };
    AutoStream::new(Vec::new(), choice)
}

/// Writes a patch to standard output: as it is into a file or a pipe, harmlessly to a terminal, and says so.
pub(super) fn patch(bytes: &[u8]) -> Result<()> {
    let shown = if screen::shows_output() { sanitise::written_out(bytes) } else { Cow::Borrowed(bytes) };
    screen::output(|out| out.write_all(&shown)).or_else(gone).context("standard output can't be written")?;
    if matches!(shown, Cow::Owned(_)) {
        remark(
            "a terminal would obey or hide some characters of this patch, so they are shown as <U+001B> and the like; \
             for the exact bytes, redirect standard output into a file",
        );
    }
    if secrets::are_in_patch(bytes) {
        remark("the patch holds what looks like a password or a token, since it has to apply: mind where it goes");
    }
    Ok(())
}

fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

/// A line of the result, on standard output. A transaction goes on where nobody can read it.
pub(super) fn tell(message: impl Into<Message>) {
    let message = message.into();
    let _ = screen::output(|out| writeln!(out, "{message}"));
}

/// Asks whether something is to be applied; an error where there is nobody to ask.
pub(super) fn ask(question: impl Into<Message>) -> Result<bool> {
    if !io::stdin().is_terminal() || !screen::shows_remarks() {
        bail!("there is no terminal to ask at: --yes applies this; nothing was changed");
    }
    let question = question.into();
    let asked = screen::remark(|out| write!(out, "{question} [y/N] "));
    let mut answer = String::new();
    let read = asked.and_then(|()| io::stdin().read_line(&mut answer));
    Ok(read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// A remark for the person, on standard error.
pub(super) fn remark(message: impl Into<Message>) {
    let message = message.into().after("tlsmend: ");
    // There is nowhere to complain about a standard error that can't be written.
    let _ = screen::remark(|out| writeln!(out, "{message}"));
}

/// Says why the program could not run.
pub(super) fn failed(error: &anyhow::Error) -> Outcome {
    remark(message::of_error(error));
    Outcome::CouldNotRun
}

/// A line on standard error that tells how far the work is, if somebody looks at it.
pub(super) struct Progress {
    total: usize,
    done: AtomicUsize,
    shown: bool,
}

impl Progress {
    /// For so many pieces of work. One alone needs no line.
    pub(super) fn new(total: usize) -> Progress {
        Progress { total, done: AtomicUsize::new(0), shown: total > 1 && screen::shows_remarks() }
    }

    /// A piece is begun.
    pub(super) fn begin(&self, label: &str) {
        self.at(self.done.load(Ordering::Relaxed), self.total, label);
    }

    /// So many pieces are done.
    pub(super) fn at(&self, done: usize, total: usize, label: &str) {
        if self.shown {
            let label: String = label.chars().take(50).collect();
            screen::progress(&format!("{done} of {total} {label}"));
        }
    }

    /// A piece is done.
    pub(super) fn end(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// The line goes away.
    pub(super) fn clear(&self) {
        if self.shown {
            screen::progress("");
        }
    }
}
