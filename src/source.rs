//! The texts of the files that were read, and places in them.
//!
//! A text lives once, as bytes. A [`Span`] owns its file; line and column are computed when shown.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

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
#[derive(Debug)]
pub struct SourceFile {
    path: PathBuf,
    bytes: Box<[u8]>,
    lines: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// The absolute path on the host (inside its root), all symbolic links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let ends = self.bytes.iter().enumerate().filter(|(_, b)| **b == b'\n');
            std::iter::once(0).chain(ends.map(|(i, _)| i as u32 + 1)).collect()
        })
    }

    /// The line and column of a byte offset.
    pub fn line_column(&self, offset: u32) -> LineColumn {
        let lines = self.lines();
        let line = lines.partition_point(|start| *start <= offset);
        let start = lines[line - 1] as usize;
        let end = (offset as usize).min(self.bytes.len());
        let column =
            self.bytes[start..end].utf8_chunks().map(|c| c.valid().chars().count() + c.invalid().len()).sum::<usize>();
        LineColumn { line: line as u32, column: column as u32 + 1 }
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

/// All files that were read, each once.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    by_path: BTreeMap<PathBuf, FileId>,
}

impl SourceMap {
    /// Adds a file; one that is there already keeps its content and id.
    pub fn insert(&mut self, path: PathBuf, bytes: Vec<u8>) -> FileId {
        if let Some(id) = self.by_path.get(&path) {
            return *id;
        }
        let id = FileId(self.files.len() as u32);
        self.by_path.insert(path.clone(), id);
        self.files.push(SourceFile { path, bytes: bytes.into_boxed_slice(), lines: OnceLock::new() });
        id
    }

    /// Adds a text that is not a file of the host, such as the policy. It is never found by its path.
    pub fn attach(&mut self, path: PathBuf, bytes: Vec<u8>) -> FileId {
        let id = FileId(self.files.len() as u32);
        self.files.push(SourceFile { path, bytes: bytes.into_boxed_slice(), lines: OnceLock::new() });
        id
    }

    /// The file of that path.
    pub fn find(&self, path: &Path) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// The file of that id.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// All files, in the order in which they were read.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(i, f)| (FileId(i as u32), f))
    }

    /// Lets `change` alter the bytes of every text in place: what is shown then differs from the files, and all places
    /// stay, since neither the length nor a line end may change.
    pub fn rewrite(&mut self, change: impl Fn(&mut [u8])) {
        for file in &mut self.files {
            change(&mut file.bytes);
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
    fn a_path_is_kept_once() {
        let mut map = SourceMap::default();
        let a = map.insert("/a".into(), b"1".to_vec());
        assert_eq!(map.insert("/a".into(), b"2".to_vec()), a);
        assert_eq!(map.file(a).bytes(), b"1");
    }
}
