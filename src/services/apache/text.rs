//! A text whose every byte knows where it came from.
//!
//! What httpd reads as one line may have been put together from a file, the value of a `Define`, the arguments of a
//! macro and the environment. An edit has to be made where the deciding bytes really lie.

use crate::source::{FileId, Span};
use std::ops::Range;
use std::sync::Arc;

/// Where bytes come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ByteOrigin {
    /// A file, from this offset on.
    File(FileId, u32),
    /// The environment variable of that name.
    Environment(Arc<str>),
    /// Nowhere: quotes that `mod_macro` adds around a `@` argument.
    Added,
}

/// A run of bytes of one origin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    start: u32,
    origin: ByteOrigin,
    /// How often the bytes were a word that was given a name (a Define's value, a macro's argument).
    passed: u8,
    /// Were they more than once, and not in quotes the last time? White space in them would split them there.
    fragile: bool,
}

/// A text with the origin of its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TracedText {
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

impl TracedText {
    /// A part of a file.
    pub(super) fn of_file(file: FileId, offset: u32, bytes: &[u8]) -> TracedText {
        let mut text = TracedText::default();
        text.push_file(file, offset, bytes);
        text
    }

    /// The value of an environment variable.
    pub(super) fn of_environment(name: &str, value: &str) -> TracedText {
        let mut text = TracedText::default();
        text.push(ByteOrigin::Environment(name.into()), 0, false, value.as_bytes());
        text
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The files that its bytes come from.
    pub(super) fn files(&self) -> impl Iterator<Item = FileId> {
        self.pieces.iter().filter_map(|piece| match piece.origin {
            ByteOrigin::File(file, _) => Some(file),
            ByteOrigin::Environment(_) | ByteOrigin::Added => None,
        })
    }

    /// Adds a part of a file.
    pub(super) fn push_file(&mut self, file: FileId, offset: u32, bytes: &[u8]) {
        self.push(ByteOrigin::File(file, offset), 0, false, bytes);
    }

    /// Adds bytes that come from nowhere.
    pub(super) fn push_added(&mut self, bytes: &[u8]) {
        self.push(ByteOrigin::Added, 0, false, bytes);
    }

    /// Adds a part of another text.
    pub(super) fn push_part(&mut self, other: &TracedText, part: Range<usize>) {
        for (piece, range) in other.pieces_in(part) {
            let origin = match &piece.origin {
                ByteOrigin::File(file, offset) => ByteOrigin::File(*file, offset + (range.start as u32 - piece.start)),
                other => other.clone(),
            };
            self.push(origin, piece.passed, piece.fragile, &other.bytes[range]);
        }
    }

    /// Adds another text.
    pub(super) fn push_text(&mut self, other: &TracedText) {
        self.push_part(other, 0..other.len());
    }

    fn push(&mut self, origin: ByteOrigin, passed: u8, fragile: bool, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let start = self.bytes.len() as u32;
        let goes_on = self.pieces.last().is_some_and(|last| {
            let follows = match (&last.origin, &origin) {
                (ByteOrigin::File(a, from), ByteOrigin::File(b, offset)) => {
                    a == b && from + (start - last.start) == *offset
                }
                (a, b) => a == b,
            };
            follows && (last.passed, last.fragile) == (passed, fragile)
        });
        if !goes_on {
            self.pieces.push(Piece { start, origin, passed, fragile });
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Removes the last `count` bytes.
    pub(super) fn pop(&mut self, count: usize) {
        self.bytes.truncate(self.bytes.len().saturating_sub(count));
        let length = self.bytes.len() as u32;
        self.pieces.retain(|piece| piece.start < length);
    }

    /// The parts, put together, as a word that is given a name: the value of a Define, the argument of a macro.
    pub(super) fn word(&self, parts: &[Range<usize>], quoted: bool) -> TracedText {
        let mut word = TracedText::default();
        for part in parts {
            word.push_part(self, part.clone());
        }
        for piece in &mut word.pieces {
            piece.fragile |= piece.passed > 0 && !quoted;
            piece.passed = piece.passed.saturating_add(1);
        }
        word
    }

    fn pieces_in(&self, part: Range<usize>) -> impl Iterator<Item = (&Piece, Range<usize>)> {
        let first = self.pieces.partition_point(|piece| piece.start as usize <= part.start).saturating_sub(1);
        let ends = self.pieces.iter().skip(1).map(|piece| piece.start as usize).chain([self.bytes.len()]);
        let pieces = self.pieces.iter().zip(ends).skip(first);
        pieces.map_while(move |(piece, end)| {
            let range = part.start.max(piece.start as usize)..part.end.min(end);
            (range.start < range.end).then_some((piece, range))
        })
    }

    /// The parts of files that a part of the text was taken from, in the order of the text; `Err`: the origin of the
    /// first bytes that come from elsewhere.
    pub(super) fn places(&self, part: Range<usize>) -> Result<Vec<Span>, ByteOrigin> {
        self.pieces_in(part)
            .map(|(piece, range)| match &piece.origin {
                ByteOrigin::File(file, offset) => {
                    let start = offset + (range.start as u32 - piece.start);
                    Ok(Span::new(*file, start, start + range.len() as u32))
                }
                other => Err(other.clone()),
            })
            .collect()
    }

    /// Like [`TracedText::places`], without what comes from elsewhere.
    pub(super) fn known_places(&self, part: Range<usize>) -> Vec<Span> {
        let pieces = self.pieces_in(part);
        let place = |(piece, range): (&Piece, Range<usize>)| match &piece.origin {
            ByteOrigin::File(file, offset) => {
                let start = offset + (range.start as u32 - piece.start);
                Some(Span::new(*file, start, start + range.len() as u32))
            }
            _ => None,
        };
        pieces.filter_map(place).collect()
    }

    /// Where the parts lie that were the value of a Define or the argument of a macro.
    pub(super) fn passed_places(&self) -> impl Iterator<Item = Span> {
        self.pieces_in(0..self.len()).filter_map(|(piece, range)| match &piece.origin {
            ByteOrigin::File(file, offset) if piece.passed > 0 => {
                let start = offset + (range.start as u32 - piece.start);
                Some(Span::new(*file, start, start + range.len() as u32))
            }
            _ => None,
        })
    }

    /// Would white space in this part be lost on the way to the text?
    pub(super) fn is_fragile(&self, part: Range<usize>) -> bool {
        self.pieces_in(part).any(|(piece, _)| piece.fragile)
    }

    /// Was this part the value of a Define or the argument of a macro?
    pub(super) fn was_passed(&self, part: Range<usize>) -> bool {
        self.pieces_in(part).any(|(piece, _)| piece.passed > 0)
    }

    /// The names of the environment variables that took part.
    pub(super) fn environment(&self, part: Range<usize>) -> impl Iterator<Item = &Arc<str>> {
        self.pieces_in(part).filter_map(|(piece, _)| match &piece.origin {
            ByteOrigin::Environment(name) => Some(name),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    #[test]
    fn every_byte_knows_its_origin() {
        let mut sources = SourceMap::default();
        let file = sources.insert("/a".into(), b"SSLProtocol ${X} b\nDefine X \"q w\"".to_vec());
        let line = TracedText::of_file(file, 0, b"SSLProtocol ${X} b");
        let define = TracedText::of_file(file, 19, b"Define X \"q w\"");
        let value = define.word(std::slice::from_ref(&(10..13)), true);
        let mut text = TracedText::default();
        text.push_part(&line, 0..12);
        text.push_text(&value);
        text.push_part(&line, 16..18);
        assert_eq!(text.bytes(), b"SSLProtocol q w b");
        assert_eq!(text.places(12..13), Ok(vec![Span::new(file, 29, 30)]));
        assert_eq!(text.places(16..17), Ok(vec![Span::new(file, 17, 18)]));
        assert_eq!(text.places(17..18), Ok(vec![]));
        let spans = [Span::new(file, 31, 32), Span::new(file, 16, 18)];
        assert_eq!(text.places(14..17), Ok(spans.to_vec()));
        assert!(text.was_passed(12..13) && !text.was_passed(15..17));
        text.pop(3);
        assert_eq!(text.bytes(), b"SSLProtocol q ");
    }

    #[test]
    fn what_follows_in_the_file_is_one_piece() {
        let mut sources = SourceMap::default();
        let file = sources.insert("/a".into(), b"abcdef".to_vec());
        let mut text = TracedText::of_file(file, 0, b"abc");
        text.push_file(file, 3, b"def");
        assert_eq!(text.places(0..6), Ok(vec![Span::new(file, 0, 6)]));
        text.push_text(&TracedText::of_environment("X", "y"));
        assert_eq!(text.places(0..7), Err(ByteOrigin::Environment("X".into())));
        assert_eq!(text.environment(0..7).count(), 1);
    }
}
