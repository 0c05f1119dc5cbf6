//! Standard output and standard error.

use super::args::Colour;
use super::exit::ExitStatus;
use crate::report::{sanitise, secrets};
use anstream::{AutoStream, ColorChoice, StripStream};
use anyhow::{Context, Result, bail};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

fn choice(colour: Colour) -> ColorChoice {
    match colour {
        Colour::Auto => ColorChoice::Auto,
        Colour::Always => ColorChoice::Always,
        Colour::Never => ColorChoice::Never,
    }
}

/// Writes to standard output. A reader that has gone away (`| head`) is not an error.
pub(super) fn write(colour: Colour, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let stdout = io::stdout();
    let plain = match choice(colour) {
        ColorChoice::Auto => AutoStream::choice(&stdout) == ColorChoice::Never,
        chosen => chosen == ColorChoice::Never,
    };
    // Styles are taken out before the buffer: each piece between two of them would be a write(2) behind it.
    let mut buffered = BufWriter::with_capacity(1 << 16, stdout.lock());
    let written = if plain {
        write(&mut StripStream::new(&mut buffered as &mut (dyn Write + 'static)))
    } else {
        write(&mut buffered)
    };
    written.and_then(|()| buffered.flush()).or_else(gone).context("standard output can't be written")
}

/// A report in memory, for a file: with terminal styles only where they are asked for.
pub(super) fn buffer(colour: Colour) -> AutoStream<Vec<u8>> {
    let choice = if colour == Colour::Always { ColorChoice::AlwaysAnsi } else { ColorChoice::Never };
    AutoStream::new(Vec::new(), choice)
}

/// Writes bytes to standard output as they are.
pub(super) fn raw(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).or_else(gone).context("standard output can't be written")
}

fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

/// A line of the result, on standard output. A transaction goes on where nobody can read it.
pub(super) fn tell(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{}", sanitise::message(text)).and_then(|()| out.flush());
}

/// Asks whether something is to be applied; an error where there is nobody to ask.
pub(super) fn ask(question: &str) -> Result<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        bail!("there is no terminal to ask at: --yes applies this; nothing was changed");
    }
    let mut out = anstream::stderr().lock();
    let asked = write!(out, "{} [y/N] ", sanitise::message(question)).and_then(|()| out.flush());
    let mut answer = String::new();
    let read = asked.and_then(|()| io::stdin().read_line(&mut answer));
    Ok(read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// A remark for the person, on standard error.
pub(super) fn remark(text: &str) {
    let mut out = anstream::stderr().lock();
    // There is nowhere to complain about a standard error that can't be written.
    let _ = writeln!(out, "tlsmend: {}", sanitise::message(&secrets::text(text)));
}

/// Says why the program could not run.
pub(super) fn failed(error: &anyhow::Error) -> ExitStatus {
    let mut out = anstream::stderr().lock();
    let causes: Vec<String> =
        error.chain().map(|cause| sanitise::message(&secrets::text(&cause.to_string()))).collect();
    let _ = writeln!(out, "tlsmend: {}", causes.join("\n  cause: "));
    ExitStatus::CouldNotRun
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
        Progress { total, done: AtomicUsize::new(0), shown: total > 1 && io::stderr().is_terminal() }
    }

    /// A piece is begun.
    pub(super) fn begin(&self, label: &str) {
        self.at(self.done.load(Ordering::Relaxed), self.total, label);
    }

    /// So many pieces are done.
    pub(super) fn at(&self, done: usize, total: usize, label: &str) {
        if self.shown {
            let label: String = sanitise::message(label).chars().take(50).collect();
            let _unseen = write!(io::stderr().lock(), "\r\x1b[K{done} of {total} {label}");
        }
    }

    /// A piece is done.
    pub(super) fn end(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// The line goes away.
    pub(super) fn clear(&self) {
        if self.shown {
            let _unseen = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}
