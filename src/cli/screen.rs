//! The only door to standard output and standard error (`tests/it/architecture.rs` and clippy hold that).
//!
//! To a terminal nothing passes that it would obey or hide, wherever it came from: what is left of such characters is
//! written out, `<U+001B>`. The styles of reports pass. Into a file or a pipe every byte goes as it is.

#![expect(clippy::disallowed_methods, reason = "this is the door")]

use crate::report::sanitise;
use std::io::{self, BufWriter, IsTerminal, Write};

/// Longer styles are none.
const LONGEST_STYLE: usize = 32;

/// Is standard output a terminal?
pub(super) fn shows_output() -> bool {
    io::stdout().is_terminal()
}

/// Is standard error a terminal?
pub(super) fn shows_remarks() -> bool {
    io::stderr().is_terminal()
}

/// The columns of the terminal that shows standard output, within what a table can use.
pub(super) fn width() -> Option<usize> {
    let (columns, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(columns.0).clamp(60, 200))
}

/// What colours standard output takes, by the terminal and the environment.
pub(super) fn takes_colour() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// The same for standard error.
pub(super) fn remarks_take_colour() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}

/// Writes to standard output through a buffer.
pub(super) fn output(write: impl FnOnce(&mut (dyn Write + 'static)) -> io::Result<()>) -> io::Result<()> {
    through(io::stdout().lock(), shows_output(), write)
}

/// Writes to standard error.
pub(super) fn remark(write: impl FnOnce(&mut (dyn Write + 'static)) -> io::Result<()>) -> io::Result<()> {
    through(io::stderr().lock(), shows_remarks(), write)
}

/// Shows a line on standard error in the place of the last one; an empty one takes it away.
pub(super) fn progress(line: &str) {
    let mut shown = io::stderr().lock();
    let _unseen = write!(shown, "\r\x1b[K{}", sanitise::text(line)).and_then(|()| shown.flush());
}

fn through(
    stream: impl Write + 'static,
    terminal: bool,
    write: impl FnOnce(&mut (dyn Write + 'static)) -> io::Result<()>,
) -> io::Result<()> {
    if !terminal {
        let mut buffered = BufWriter::with_capacity(1 << 16, stream);
        return write(&mut buffered).and_then(|()| buffered.flush());
    }
    let mut buffered = BufWriter::with_capacity(1 << 16, Harmless { to: stream, held: Vec::new() });
    write(&mut buffered).and_then(|()| buffered.flush())?;
    buffered.into_inner().map_err(io::IntoInnerError::into_error)?.end()
}

/// Lets text and styles pass, and writes out all else.
struct Harmless<W: Write> {
    to: W,
    /// The end of what was written, where it is not whole: part of a character or of a style.
    held: Vec<u8>,
}

impl<W: Write> Harmless<W> {
    /// What is held is not going to be whole.
    fn end(mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        self.text(&held)?;
        self.to.flush()
    }

    fn text(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.to.write_all(&sanitise::harmless(bytes))
    }
}

impl<W: Write> Write for Harmless<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let mut rest = &all[..];
        while let Some(at) = rest.iter().position(|b| *b == 0x1b) {
            self.text(&rest[..at])?;
            rest = &rest[at..];
            match style(rest) {
                Style::Whole(length) => {
                    self.to.write_all(&rest[..length])?;
                    rest = &rest[length..];
                }
                Style::Cut => {
                    self.held = rest.to_vec();
                    return Ok(bytes.len());
                }
                Style::None => {
                    self.text(&rest[..1])?;
                    rest = &rest[1..];
                }
            }
        }
        let whole = rest.len() - cut(rest);
        self.held = rest[whole..].to_vec();
        self.text(&rest[..whole])?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// What begins with an escape.
enum Style {
    /// A style of so many bytes.
    Whole(usize),
    /// It may become one.
    Cut,
    /// None.
    None,
}

/// `ESC [ 1 ; 31 m`
fn style(bytes: &[u8]) -> Style {
    let end = bytes.iter().skip(2).take(LONGEST_STYLE).position(|b| !b.is_ascii_digit() && *b != b';').map(|at| at + 2);
    match (bytes.get(1), end) {
        (Some(b'['), Some(end)) if bytes[end] == b'm' => Style::Whole(end + 1),
        (None, _) => Style::Cut,
        (Some(b'['), None) if bytes.len() < LONGEST_STYLE => Style::Cut,
        _ => Style::None,
    }
}

/// How many bytes at the end are the beginning of a character, or a carriage return of which nobody knows what follows.
fn cut(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return 1;
    }
    let back = bytes.iter().rev().take(3).position(|b| *b >= 0xc0).map_or(0, |at| at + 1);
    let cut = &bytes[bytes.len() - back..];
    match std::str::from_utf8(cut) {
        Err(error) if error.error_len().is_none() => back,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pieces: &[&[u8]]) -> String {
        let mut screen = Harmless { to: Vec::new(), held: Vec::new() };
        for piece in pieces {
            screen.write_all(piece).expect("memory");
        }
        let held = std::mem::take(&mut screen.held);
        screen.text(&held).expect("memory");
        String::from_utf8(screen.to).expect("is UTF-8")
    }

    #[test]
    fn styles_pass_and_nothing_else() {
        assert_eq!(shown(&[b"\x1b[1m\x1b[31;1mred\x1b[0m\n"]), "\x1b[1m\x1b[31;1mred\x1b[0m\n");
        assert_eq!(
            shown(&[b"\x1b[2K\x1b]0;t\x07 \xc2\x9b \xff \r\n\rx \x1b"]),
            "<U+001B>[2K<U+001B>]0;t<U+0007> <U+009B> <0xFF> \r\n<U+000D>x <U+001B>"
        );
        assert_eq!(shown(&[b"\x1b[", "1;".repeat(100).as_bytes(), b"m"]).find("<U+001B>["), Some(0));
    }

    #[test]
    fn pieces_make_no_difference() {
        let text = "a\u{e9}\u{202e}\u{1f600}\x1b[31mx\x1b[2Jy\r\nz\r<U+001B>\u{9b}".as_bytes();
        let text = [text, b"\xf0\x9f\x98\xe4"].concat();
        let whole = shown(&[&text]);
        for at in 0..text.len() {
            for next in at..text.len() {
                assert_eq!(shown(&[&text[..at], &text[at..next], &text[next..]]), whole, "{at} {next}");
            }
        }
    }
}
