//! The texts of the files that were read, and places in them.
//!
//! A text lives once, as bytes. A [`Span`] owns its file; line and column are computed when shown.

use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A file in a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A half-open range of byte offsets in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes from `start` up to, not including, `end`.
    pub fn new(file: FileId, start: u32, end: u32) -> Span {
        Span { file, start, end }
    }

    /// The offsets as a range for slicing.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Line and column, both counted from 1; a column is a character (a byte that is not UTF-8 counts as one).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One file that was read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    path: PathBuf,
    bytes: Box<[u8]>,
    /// What was read, where `bytes` were changed and a column of the two is not the same: columns are counted here.
    read: Option<Box<[u8]>>,
    lines: OnceLock<Vec<u32>>,
    columns: OnceLock<Vec<Milestone>>,
}

/// A place in a long line: its offset, where a character begins, and how many characters of the line are before it. A
/// line may hold a hundred thousand places that are shown: none of them is counted from the start of the line.
#[derive(Clone, Copy, Debug)]
struct Milestone {
    offset: u32,
    characters: u32,
}

/// How far milestones are apart, in bytes, at least.
const MILE: usize = 1 << 10;

impl SourceFile {
    /// The absolute path on the host (inside its root), all symbolic links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content; where it was changed for a report, as it was changed, byte for byte.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What columns are counted in: the content that was read.
    fn read(&self) -> &[u8] {
        self.read.as_deref().unwrap_or(&self.bytes)
    }

    /// A range of the content with the same columns as the file: of a character that was changed for a report, which
    /// may have been several bytes, only the first byte that replaced it.
    pub fn shown(&self, range: std::ops::Range<usize>) -> Cow<'_, [u8]> {
        let bytes = &self.bytes[range.clone()];
        match self.read.as_deref().map(|read| &read[range]) {
            Some(read) if read != bytes => {
                let mut shown = Vec::with_capacity(bytes.len());
                for piece in pieces(read) {
                    let changed = read[piece.clone()] != bytes[piece.clone()];
                    let end = if changed { piece.start + 1 } else { piece.end };
                    shown.extend_from_slice(&bytes[piece.start..end]);
                }
                Cow::Owned(shown)
            }
            _ => Cow::Borrowed(bytes),
        }
    }

    /// The characters of a range with their offsets in the file, as [`SourceFile::shown`] has them; a byte that is not
    /// UTF-8 is U+FFFD.
    pub fn characters(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = (std::ops::Range<usize>, char)> {
        let (start, read, bytes) = (range.start, &self.read()[range.clone()], &self.bytes[range]);
        pieces(read).map(move |piece| {
            let shown = match read[piece.clone()] == bytes[piece.clone()] {
                true => &bytes[piece.clone()],
                false => &bytes[piece.start..=piece.start],
            };
            let one = std::str::from_utf8(shown).ok().and_then(|text| text.chars().next());
            (start + piece.start..start + piece.end, one.unwrap_or(char::REPLACEMENT_CHARACTER))
        })
    }

    /// The offset, or that of the next character where it is in the middle of one.
    pub fn to_character(&self, offset: usize) -> usize {
        let offset = offset.min(self.bytes.len());
        let rest = self.read()[offset..].iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
        offset + rest
    }

    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let ends = self.bytes.iter().enumerate().filter(|(_, b)| **b == b'\n');
            std::iter::once(0).chain(ends.map(|(i, _)| i as u32 + 1)).collect()
        })
    }

    fn columns(&self) -> &[Milestone] {
        self.columns.get_or_init(|| {
            let starts = self.lines();
            let ends = starts[1..].iter().map(|next| *next as usize).chain([self.bytes.len()]);
            starts.iter().zip(ends).flat_map(|(start, end)| milestones(self.read(), *start as usize..end)).collect()
        })
    }

    /// The line and column of a byte offset.
    pub fn line_column(&self, offset: u32) -> LineColumn {
        let lines = self.lines();
        let line = lines.partition_point(|start| *start <= offset);
        let start = lines[line - 1] as usize;
        let end = (offset as usize).min(self.bytes.len());
        let mut from = Milestone { offset: start as u32, characters: 0 };
        if end - start > MILE {
            let columns = self.columns();
            let before = columns[..columns.partition_point(|mile| mile.offset as usize <= end)].last();
            from = before.copied().filter(|mile| mile.offset as usize >= start).unwrap_or(from);
        }
        let column = from.characters + characters(&self.read()[from.offset as usize..end]) as u32;
        LineColumn { line: line as u32, column: column + 1 }
    }

    /// The offset of the character that is so many characters after the one at `from`, in the line that ends at `end`;
    /// `end` where there are not so many.
    pub fn skip(&self, from: usize, count: usize, end: usize) -> usize {
        let mut left = count;
        let mut at = from;
        // What comes after it is not even looked at.
        let near = end.min(from + 4 * count + 4);
        for chunk in self.read()[from..near].utf8_chunks() {
            for character in chunk.valid().chars() {
                if left == 0 {
                    return at;
                }
                (left, at) = (left - 1, at + character.len_utf8());
            }
            if left <= chunk.invalid().len() {
                return at + left;
            }
            (left, at) = (left - chunk.invalid().len(), at + chunk.invalid().len());
        }
        at
    }

    /// The whole line (without its line end) that holds a byte offset, as a range of offsets.
    pub fn line_range(&self, offset: u32) -> std::ops::Range<usize> {
        let lines = self.lines();
        let line = lines.partition_point(|start| *start <= offset);
        let start = lines[line - 1] as usize;
        let end = lines.get(line).map_or(self.bytes.len(), |next| *next as usize - 1);
        let end = if end > start && self.bytes[end - 1] == b'\r' { end - 1 } else { end };
        start..end
    }
}

/// The characters of a text as ranges of it; a byte that is not UTF-8 is one.
fn pieces(text: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let lengths = text.utf8_chunks().flat_map(|chunk| {
        let stray = std::iter::repeat_n(1, chunk.invalid().len());
        chunk.valid().chars().map(char::len_utf8).chain(stray)
    });
    lengths.scan(0, |at, length| {
        *at += length;
        Some(*at - length..*at)
    })
}

/// How many characters a text has; a byte that is not UTF-8 counts as one.
fn characters(text: &[u8]) -> usize {
    text.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

/// The milestones of a line; none where it is short.
fn milestones(text: &[u8], line: std::ops::Range<usize>) -> Vec<Milestone> {
    let mut found = Vec::new();
    if line.len() <= MILE {
        return found;
    }
    let (mut offset, mut counted) = (line.start, 0);
    let mut next = offset + MILE;
    let mut pass = |length: usize, count: usize| {
        (offset, counted) = (offset + length, counted + count);
        if offset >= next {
            found.push(Milestone { offset: offset as u32, characters: counted as u32 });
            next = offset + MILE;
        }
    };
    for chunk in text[line].utf8_chunks() {
        chunk.valid().chars().for_each(|character| pass(character.len_utf8(), 1));
        // What is not UTF-8 is never cut: a part of it might be read in another way.
        pass(chunk.invalid().len(), chunk.invalid().len());
    }
    found
}

/// All files that were read, each once.
///
/// Several readers at work at the same time have a [`SourceMap::fork`] each: what has been read before is shared, and
/// the ids of what they add do not depend on who is faster.
#[derive(Debug)]
pub struct SourceMap {
    /// In the order in which they were begun. New files go to the last one, which no other map shares.
    parts: Vec<Arc<Part>>,
}

/// Files that were read one after another.
#[derive(Clone, Debug, Default)]
struct Part {
    number: u32,
    files: Vec<SourceFile>,
    by_path: HashMap<OsString, FileId>,
    /// The bytes of all of them.
    bytes: u64,
}

/// What the texts of all configurations of a host may come to, in bytes. The largest hosts have half of it.
pub const MOST_BYTES: u64 = 256 << 20;

/// So many files are changed faster by one thread than by several.
const FEW: usize = 16;

/// The bits of an id that count files within a part.
const INDEX_BITS: u32 = 24;

impl Default for SourceMap {
    fn default() -> SourceMap {
        SourceMap { parts: vec![Arc::default()] }
    }
}

impl SourceMap {
    /// A map that knows all of this one's files. Forks that are to be joined again need different numbers, from 1 on.
    #[must_use]
    pub fn fork(&self, number: u32) -> SourceMap {
        let mut parts = self.parts.clone();
        parts.push(Arc::new(Part { number, ..Part::default() }));
        SourceMap { parts }
    }

    /// Takes over what a fork has read; `false`, and nothing is taken over, where it has read a file that came to this
    /// map by another fork.
    pub fn join(&mut self, fork: &mut SourceMap) -> bool {
        let Some(new) = fork.parts.pop() else { return true };
        if new.by_path.keys().any(|path| self.find(Path::new(path)).is_some()) {
            return false;
        }
        self.parts.push(new);
        true
    }

    /// Adds a file; one that is there already keeps its content and id.
    pub fn insert(&mut self, path: PathBuf, bytes: Vec<u8>) -> FileId {
        if let Some(id) = self.find(&path) {
            return id;
        }
        let id = self.attach(path.clone(), bytes);
        if let Some(part) = self.parts.last_mut().and_then(Arc::get_mut) {
            part.by_path.insert(path.into(), id);
        }
        id
    }

    /// Adds a text that is not a file of the host, such as the policy. It is never found by its path.
    pub fn attach(&mut self, path: PathBuf, bytes: Vec<u8>) -> FileId {
        // Where the last part is shared, a new one is begun.
        if self.parts.last_mut().is_none_or(|part| Arc::get_mut(part).is_none()) {
            let number = self.parts.iter().map(|part| part.number + 1).max().unwrap_or(0);
            self.parts.push(Arc::new(Part { number, ..Part::default() }));
        }
        let Some(part) = self.parts.last_mut().and_then(Arc::get_mut) else { unreachable!("just made sure of") };
        let id = FileId(part.number << INDEX_BITS | part.files.len() as u32);
        part.bytes += bytes.len() as u64;
        part.files.push(SourceFile {
            path,
            bytes: bytes.into_boxed_slice(),
            read: None,
            lines: OnceLock::new(),
            columns: OnceLock::new(),
        });
        id
    }

    /// How many bytes of texts there is still room for.
    pub fn room(&self) -> u64 {
        MOST_BYTES.saturating_sub(self.parts.iter().map(|part| part.bytes).sum())
    }

    /// The file of that path.
    pub fn find(&self, path: &Path) -> Option<FileId> {
        self.parts.iter().find_map(|part| part.by_path.get(path.as_os_str()).copied())
    }

    /// The file of that id.
    pub fn file(&self, id: FileId) -> &SourceFile {
        let (number, index) = (id.0 >> INDEX_BITS, id.0 & ((1 << INDEX_BITS) - 1));
        let Some(part) = self.parts.iter().find(|part| part.number == number) else {
            unreachable!("an id of another map")
        };
        &part.files[index as usize]
    }

    /// All files, in the order of their ids within each part.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.parts.iter().flat_map(|part| {
            let id = |index: usize| FileId(part.number << INDEX_BITS | index as u32);
            part.files.iter().enumerate().map(move |(index, file)| (id(index), file))
        })
    }

    /// Lets `change` alter the bytes of every text in place: what is shown then differs from the files, and all places
    /// stay, since neither the length nor a line end may change. Columns are still those of the files.
    pub fn rewrite(&mut self, change: impl Fn(&mut [u8]) + Sync) {
        // A part that another map shares is copied: that one keeps its texts.
        let change = |file: &mut SourceFile| {
            // Where all characters are bytes, a byte that is changed changes no column.
            let read = (file.read.is_none() && !file.bytes.is_ascii()).then(|| file.bytes.clone());
            change(&mut file.bytes);
            file.read = file.read.take().or(read.filter(|read| *read != file.bytes));
        };
        for part in self.parts.iter_mut().map(Arc::make_mut) {
            match part.files.as_mut_slice() {
                // To wake other threads for these would take longer than the work.
                few if few.len() < FEW => few.iter_mut().for_each(change),
                many => many.par_iter_mut().for_each(change),
            }
        }
    }

    /// The bytes of a span.
    pub fn text(&self, span: Span) -> &[u8] {
        &self.file(span.file).bytes[span.range()]
    }

    /// Where a span begins.
    pub fn line_column(&self, span: Span) -> LineColumn {
        self.file(span.file).line_column(span.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_and_stray_bytes() {
        let mut map = SourceMap::default();
        let id = map.insert("/a".into(), b"ab\r\n\xc3\xa9\xffx\n".to_vec());
        let file = map.file(id);
        assert_eq!(file.line_column(0), LineColumn { line: 1, column: 1 });
        assert_eq!(file.line_column(7), LineColumn { line: 2, column: 3 });
        assert_eq!(file.line_column(9), LineColumn { line: 3, column: 1 });
        assert_eq!(&file.bytes()[file.line_range(1)], b"ab");
        assert_eq!(&file.bytes()[file.line_range(6)], b"\xc3\xa9\xffx");
        assert_eq!(file.line_range(9), 9..9);
    }

    #[test]
    fn columns_of_long_lines_are_those_that_a_count_from_the_start_gives() {
        let piece = "a\u{e9}\u{20ac}\u{1f600}".repeat(300).into_bytes();
        let mut text =
            [&piece[..], b"\xff\xe2\x82", &piece, b"\n", &piece, b"\xf0\x9f", &piece, b"x\n\n", &piece].concat();
        text.extend(vec![b'y'; 3 * MILE]);
        let mut map = SourceMap::default();
        let id = map.insert("/a".into(), text.clone());
        let file = map.file(id);
        for offset in 0..=text.len() {
            let start = text[..offset].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
            let column = characters(&text[start..offset]) as u32 + 1;
            assert_eq!(file.line_column(offset as u32).column, column, "{offset}");
        }
        // From nowhere is it far to the milestone before: that bounds the work for each place.
        let miles: Vec<u32> = file.columns().iter().map(|mile| mile.offset).collect();
        for (line, end) in [(0, file.line_range(0).end), (text.len() - 1, text.len())] {
            let start = file.line_range(line as u32).start as u32;
            let mut at = start;
            for mile in miles.iter().filter(|mile| (start..=end as u32).contains(*mile)).chain([&(end as u32)]) {
                assert!(mile - at <= MILE as u32 + 4, "{at} {mile}");
                at = *mile;
            }
        }
        let end = file.line_range(0).end;
        assert_eq!((file.skip(0, 5, end), file.skip(0, 1_000_000, end)), (11, end));
        let odd = piece.len();
        assert_eq!(
            (file.skip(odd, 1, end), file.skip(odd, 2, end), file.skip(odd, 4, end)),
            (odd + 1, odd + 2, odd + 4)
        );
    }

    #[test]
    fn a_path_is_kept_once() {
        let mut map = SourceMap::default();
        let a = map.insert("/a".into(), b"1".to_vec());
        assert_eq!(map.insert("/a".into(), b"2".to_vec()), a);
        assert_eq!(map.file(a).bytes(), b"1");
    }

    #[test]
    fn forks_share_what_was_there_and_are_joined_unless_both_read_a_file() {
        let mut map = SourceMap::default();
        let a = map.insert("/a".into(), b"1".to_vec());
        let (mut one, mut two, mut three) = (map.fork(1), map.fork(2), map.fork(3));
        assert_eq!(one.insert("/a".into(), b"2".to_vec()), a);
        let b = one.insert("/b".into(), b"b".to_vec());
        let c = two.insert("/c".into(), b"c".to_vec());
        three.insert("/b".into(), b"other".to_vec());
        assert!(map.join(&mut one) && map.join(&mut two));
        assert!(!map.join(&mut three), "/b came from the first fork");
        assert_eq!([map.find(Path::new("/b")), map.find(Path::new("/c"))], [Some(b), Some(c)]);
        let d = map.insert("/d".into(), b"d".to_vec());
        let texts: Vec<&[u8]> = [a, b, c, d].map(|id| map.file(id).bytes()).to_vec();
        assert_eq!(texts, [b"1", b"b", b"c", b"d"]);
        assert_eq!(map.iter().map(|(id, _)| id).collect::<Vec<_>>(), [a, b, c, d]);
    }
}
