//! Lines of openssl.cnf as OpenSSL reads them (`def_load_bio`): a backslash continues one, a NUL swallows its end.

use std::ops::Range;

/// The most that is read of a line at once: what matters at the end of a line matters at the end of such a piece, too.
const PIECE: usize = 510;

const MARK: &[u8] = b"\xef\xbb\xbf";

/// A logical line, and where its text stands in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The text without what ends or continues a line.
    pub text: Vec<u8>,
    /// All bytes of the file that belong to it, its end included.
    pub span: Range<usize>,
    /// The number of its last physical line, from 1.
    pub number: usize,
}

/// How far a file is read.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    at: usize,
    number: usize,
    is_first: bool,
}

impl Lines {
    /// Begins a file. `is_main`: only there a byte order mark is skipped.
    pub(crate) fn new(is_main: bool) -> Lines {
        Lines { at: 0, number: 0, is_first: is_main }
    }

    /// The next line of a file; `None`: the library reads no further.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Option<Line> {
        let mut line = Line { span: self.at..self.at, ..Line::default() };
        let mut goes_on = false;
        loop {
            let read = self.read(bytes);
            if read.is_empty() && !goes_on {
                return None;
            }
            let kept = bytes[read.clone()].iter().rposition(|b| !matches!(b, b'\r' | b'\n')).map_or(0, |last| last + 1);
            // Without an end: the piece is too short for the line, or a NUL hides the end.
            goes_on = kept > 0 && kept == read.len();
            if kept > 0 {
                line.text.extend_from_slice(&bytes[read.start..read.start + kept]);
            }
            if !goes_on {
                self.number += 1;
                goes_on = line.text.last() == Some(&b'\\') && !line.text.ends_with(br"\\");
                if goes_on {
                    line.text.pop();
                }
            }
            if !goes_on {
                line.span.end = self.at;
                line.number = self.number;
                return Some(line);
            }
        }
    }

    /// Reads a piece: to the end of the line, at most so many bytes; up to a NUL in it is text.
    fn read(&mut self, bytes: &[u8]) -> Range<usize> {
        let rest = &bytes[self.at..];
        let rest = &rest[..rest.len().min(PIECE)];
        let piece = &rest[..memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1)];
        let end = self.at + memchr::memchr(0, piece).unwrap_or(piece.len());
        let mark = if self.is_first && piece.starts_with(MARK) { MARK.len() } else { 0 };
        self.is_first = false;
        let start = self.at + mark;
        self.at += piece.len();
        start..end
    }
}

/// The lines of a file; what the library does not read any more is one line more. Their spans are the whole file.
pub fn split(bytes: &[u8]) -> Vec<Line> {
    let mut lines = Lines::new(true);
    let mut all: Vec<Line> = std::iter::from_fn(|| lines.next(bytes)).collect();
    let end = all.last().map_or(0, |line| line.span.end);
    if end < bytes.len() {
        all.push(Line { span: end..bytes.len(), number: lines.number + 1, ..Line::default() });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> Vec<String> {
        let mut lines = Lines::new(true);
        std::iter::from_fn(|| lines.next(bytes)).map(|l| String::from_utf8_lossy(&l.text).into_owned()).collect()
    }

    #[test]
    fn ends_and_continuations() {
        assert_eq!(texts(b"a\r\nb\n\nc"), ["a", "b", "", "c"]);
        assert_eq!(texts(b"\xef\xbb\xbfa\n"), ["a"]);
        assert_eq!(texts(b"a\rb\n"), ["a\rb"], "a CR alone ends nothing");
        assert_eq!(texts(b"a\\\nb\n"), ["ab"]);
        assert_eq!(texts(b"a\\\r\nb\n"), ["ab"]);
        assert_eq!(texts(b"a\\\\\nb\n"), [r"a\\", "b"]);
        assert_eq!(texts(b"a\\\\\\\nb\n"), [r"a\\\", "b"]);
        assert_eq!(texts(b"a\\ \nb\n"), [r"a\ ", "b"]);
        assert_eq!(texts(b"a\\"), ["a"]);
        assert_eq!(texts(b"\\\n\\\nb"), ["b"]);
    }

    /// As OpenSSL 3.0.19 reads them.
    #[test]
    fn bytes_that_hide_ends_and_pieces_that_make_some() {
        assert_eq!(texts(b"a\0b\nc\nd\n"), ["ac", "d"]);
        assert_eq!(texts(b"a\n\0\nb\n"), ["a"], "nothing is read any more");
        assert_eq!(texts(b"a\\\n\0\nb\n"), ["a", "b"]);
        let long = |before: usize, mark: &str| texts(format!("{}{mark}b\n", "a".repeat(before)).as_bytes()).len();
        assert_eq!(long(508, "\r"), 1);
        assert_eq!(long(509, "\r"), 2, "at the end of a piece");
        assert_eq!(long(510, "\r"), 1);
        assert_eq!(texts(format!("{}\\$b\n", "a".repeat(509)).as_bytes()), [format!("{}\\$b", "a".repeat(509))]);
    }

    #[test]
    fn spans_are_the_whole_file() {
        for bytes in [&b"\xef\xbb\xbfa\\\n b\r\n\nc"[..], b"", b"\n", b"a\0\nb\n\0rest\nof it", b"\\"] {
            let lines = split(bytes);
            let printed: Vec<u8> = lines.iter().flat_map(|line| &bytes[line.span.clone()]).copied().collect();
            assert_eq!(printed, bytes);
        }
        assert_eq!(split(b"x\nab\\\ncd\n")[1].number, 3);
    }
}
