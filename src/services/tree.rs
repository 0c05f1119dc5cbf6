//! The lossless tree of a configuration file, shared by all syntaxes that are made of directives and blocks.
//!
//! Nodes lie flat in one vector, in the order of the text; a block is an [`NodeKind::Open`] node, the nodes in it,
//! and its [`NodeKind::Close`] partner. So depth costs no stack, and what lies between two nodes is white space:
//! [`Tree::print`] gives back the file byte for byte.

use std::ops::Range;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// a comment
    Comment,
    /// a directive without a block
    Directive,
    /// the head of a block: its name, arguments and opening mark
    Open,
    /// the end of a block
    Close,
}

/// A node: offsets into the file, and words as a range of [`Tree::words`].
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Offset of its first byte.
    pub start: u32,
    /// Offset after its last byte, the end mark included.
    pub end: u32,
    /// First word, as an index.
    pub first_word: u32,
    /// Index after its last word.
    pub last_word: u32,
    /// For a block's head its end, for an end its head; [`NO_PARTNER`] where the text has none.
    pub partner: u32,
}

/// The partner of a node that has none.
pub const NO_PARTNER: u32 = u32::MAX;

/// The most places of one file that are said not to parse.
const MOST_ERRORS: usize = 20;

/// A place that does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub range: Range<u32>,
    /// What is wrong, as a lowercase fragment.
    pub message: String,
    /// Another place that belongs to it: where the unclosed block begins.
    pub opened: Option<Range<u32>>,
}

/// The tree of one file.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// All nodes, in the order of the text.
    pub nodes: Vec<Node>,
    /// All words (the directive's name first, then its arguments, as written, quotes included).
    pub words: Vec<Range<u32>>,
    /// What does not parse; the rest of the file is in the tree all the same.
    pub errors: Vec<SyntaxError>,
}

impl Tree {
    /// The words of a node: name and arguments.
    pub fn words(&self, node: usize) -> &[Range<u32>] {
        let node = &self.nodes[node];
        &self.words[node.first_word as usize..node.last_word as usize]
    }

    /// The index of the node after `node`, and after its block if it has one.
    pub fn next(&self, node: usize) -> usize {
        match self.nodes[node] {
            Node { kind: NodeKind::Open, partner: NO_PARTNER, .. } => self.nodes.len(),
            Node { kind: NodeKind::Open, partner, .. } => partner as usize + 1,
            _ => node + 1,
        }
    }

    /// The nodes of the block of `node`, without its end; nodes nested deeper included.
    pub fn body(&self, node: usize) -> Range<usize> {
        match self.nodes[node].partner {
            NO_PARTNER => node + 1..self.nodes.len(),
            partner => node + 1..partner as usize,
        }
    }

    /// Marks heads and ends of blocks as partners of each other; what has none becomes an error.
    pub fn pair_braces(&mut self, unclosed: &str, unopened: &str) {
        let mut open = Vec::new();
        for i in 0..self.nodes.len() {
            match self.nodes[i].kind {
                NodeKind::Open => open.push(i),
                NodeKind::Close => {
                    if let Some(head) = open.pop() {
                        self.nodes[head].partner = i as u32;
                        self.nodes[i].partner = head as u32;
                    } else {
                        let range = self.nodes[i].start..self.nodes[i].end;
                        self.errors.push(SyntaxError { range, message: unopened.to_owned(), opened: None });
                    }
                }
                NodeKind::Comment | NodeKind::Directive => {}
            }
        }
        for head in open {
            let range = self.nodes[head].start..self.nodes[head].end;
            self.errors.push(SyntaxError { range, message: unclosed.to_owned(), opened: None });
        }
        self.errors.sort_by_key(|e| e.range.start);
        // After so many mistakes the rest is no help to anybody.
        if let Some(more) = self.errors.len().checked_sub(MOST_ERRORS).filter(|more| *more > 0) {
            self.errors.truncate(MOST_ERRORS);
            if let Some(last) = self.errors.last_mut() {
                last.message = format!("{} (and {more} more such places in this file)", last.message);
            }
        }
    }

    /// The file, put together again from the nodes and what lies between them.
    pub fn print(&self, source: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(source.len());
        let mut at = 0;
        for node in &self.nodes {
            out.extend_from_slice(&source[at..node.start as usize]);
            out.extend_from_slice(&source[node.start as usize..node.end as usize]);
            at = node.end as usize;
        }
        out.extend_from_slice(&source[at..]);
        out
    }

    /// The comments, each from its mark to the end of its line, or of the last one that it goes on in. Between the words of a directive there is nothing but
    /// white space and comments.
    pub fn comments(&self, source: &[u8]) -> Vec<Range<usize>> {
        let line = |start: usize| {
            let end = memchr::memchr(b'\n', &source[start..]).map_or(source.len(), |length| start + length);
            start..start + source[start..end].trim_ascii_end().len()
        };
        let mut found = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            match node.kind {
                NodeKind::Comment => found.extend(whole(source, node)),
                NodeKind::Directive | NodeKind::Open => {
                    for pair in self.words(at).windows(2) {
                        let (mut from, to) = (pair[0].end as usize, pair[1].start as usize);
                        while let Some(mark) = memchr::memchr(b'#', &source[from..to]) {
                            found.push(line(from + mark));
                            from = line(from + mark).end.min(to);
                        }
                    }
                }
                NodeKind::Close => {}
            }
        }
        found
    }

    /// The ranges between the nodes (and before the first and after the last one).
    pub fn find_gaps(&self, length: u32) -> Vec<Range<u32>> {
        let starts = std::iter::once(0).chain(self.nodes.iter().map(|n| n.end));
        let ends = self.nodes.iter().map(|n| n.start).chain(std::iter::once(length));
        starts.zip(ends).filter(|(s, e)| s < e).map(|(s, e)| s..e).collect()
    }
}

/// What the grammars see of a file: a text of the same length in which each byte that is not UTF-8 is replaced by
/// one control character (U+001A), so that offsets in the text are offsets in the file.
pub fn shadow(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.into();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{1a}'));
    }
    text.into()
}

/// A comment from its mark on; none: the node only has no word. Lines that go on and hold nothing may be before it.
fn whole(source: &[u8], node: &Node) -> Option<Range<usize>> {
    let (start, end) = (node.start as usize, (node.end as usize).min(source.len()));
    let text = source.get(start..end)?;
    let lead = text.iter().take_while(|b| b.is_ascii_whitespace() || matches!(**b, b'\\' | 0x0b)).count();
    (text.get(lead) == Some(&b'#')).then(|| start + lead..start + text.trim_ascii_end().len())
}

#[cfg(test)]
mod tests {
    use super::shadow;

    #[test]
    fn a_shadow_has_the_length_of_its_file() {
        for bytes in [&b"a\xffb"[..], b"\xc3", b"\xe2\x82\xac\xe2\x82", b"", b"\xf0\x9f\x92"] {
            assert_eq!(shadow(bytes).len(), bytes.len());
        }
        assert_eq!(shadow(b"a\xffb"), "a\u{1a}b");
    }
}
