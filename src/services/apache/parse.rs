//! Parsing of one file. The only place that knows pest.
//!
//! A node is a logical line: physical lines that end in a backslash are joined with the next one. Heads and ends of
//! sections are not made partners here: which belongs to which shows only when the file is read
//! ([`read`](super::read)).

use crate::services::tree::{NO_PARTNER, Node, NodeKind, SyntaxError, Tree, shadow};
use pest::Parser;
use pest::iterators::Pair;
use std::ops::Range;

#[derive(pest_derive::Parser)]
#[grammar = "grammars/apache.pest"]
struct Grammar;

/// About so many bytes are given to pest at once. It keeps a queue of ten times its input.
const CHUNK: usize = 256 << 10;

/// Parses a file.
pub(super) fn parse(bytes: &[u8]) -> Tree {
    let mut tree = Tree::default();
    let mut start = 0;
    while start < bytes.len() {
        let end = chunk_end(bytes, start);
        parse_chunk(&mut tree, bytes, start..end);
        start = end;
    }
    tree.nodes.shrink_to_fit();
    tree.words.shrink_to_fit();
    tree
}

/// The end of a chunk that begins at `start`: after a line that is neither empty nor continued.
fn chunk_end(bytes: &[u8], start: usize) -> usize {
    let mut line = start;
    loop {
        let Some(length) = memchr::memchr(b'\n', &bytes[line..]) else { return bytes.len() };
        let next = line + length + 1;
        let text = bytes[line..next - 1].trim_ascii_end();
        if next - start >= CHUNK && text.last().is_some_and(|last| *last != b'\\') {
            return next;
        }
        line = next;
    }
}

fn parse_chunk(tree: &mut Tree, bytes: &[u8], chunk: Range<usize>) {
    let text = shadow(&bytes[chunk.clone()]);
    match Grammar::parse(Rule::file, &text) {
        Ok(mut pairs) => {
            for item in pairs.next().into_iter().flat_map(Pair::into_inner) {
                let span = item.as_span();
                let range = chunk.start + span.start()..chunk.start + span.end();
                let kind = match item.as_rule() {
                    Rule::line => classify_line(bytes, range.clone()),
                    Rule::void => NodeKind::Comment,
                    _ => continue,
                };
                add(tree, kind, bytes, range);
            }
        }
        // The grammar matches every text; should pest give up all the same, nothing is known of this part.
        Err(error) => {
            let range = chunk.start as u32..(chunk.start + 1).min(bytes.len()) as u32;
            let message = format!("does not parse: {}", error.variant.message());
            tree.errors.push(SyntaxError { range, message, opened: None });
        }
    }
}

/// What a line is, by what it begins with after continued empty lines.
fn classify_line(bytes: &[u8], line: Range<usize>) -> NodeKind {
    let mut text = &bytes[line];
    while let Some(rest) = continued(text) {
        let blanks = rest.iter().take_while(|b| matches!(**b, b' ' | b'\t' | b'\r' | 0x0b | 0x0c)).count();
        text = &rest[blanks..];
    }
    match text {
        [b'#', ..] => NodeKind::Comment,
        [b'<', b'/', ..] => NodeKind::Close,
        [b'<', ..] => NodeKind::Open,
        _ => NodeKind::Directive,
    }
}

/// What follows the continuation with which a text begins.
fn continued(text: &[u8]) -> Option<&[u8]> {
    let once = text.strip_prefix(b"\\")?;
    once.strip_prefix(b"\\").and_then(line_end).and_then(line_end).or_else(|| line_end(once))
}

fn line_end(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"\r\n").or_else(|| text.strip_prefix(b"\n"))
}

fn add(tree: &mut Tree, kind: NodeKind, bytes: &[u8], range: Range<usize>) {
    let mut end = range.end;
    // A line feed here ends a continued line and belongs to it.
    while end > range.start && matches!(bytes[end - 1], b' ' | b'\t' | b'\r' | 0x0b | 0x0c) {
        end -= 1;
    }
    let first_word = tree.words.len() as u32;
    if kind != NodeKind::Comment {
        tree.words.push(name(bytes, range.start..end));
    }
    let last_word = tree.words.len() as u32;
    let (start, end) = (range.start as u32, end as u32);
    tree.nodes.push(Node { kind, start, end, first_word, last_word, partner: NO_PARTNER });
}

/// The first word, as far as it stands on one physical line.
fn name(bytes: &[u8], line: Range<usize>) -> Range<u32> {
    let text = &bytes[line.clone()];
    let lead = |b: &&u8| b.is_ascii_whitespace() || matches!(**b, b'\\' | 0x0b);
    let start = text.iter().take_while(lead).count();
    let length = text[start..].iter().take_while(|b| !b.is_ascii_whitespace() && !matches!(**b, b'\\' | 0)).count();
    (line.start + start) as u32..(line.start + start + length) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nodes(text: &[u8]) -> Vec<(NodeKind, &[u8])> {
        parse(text).nodes.iter().map(|n| (n.kind, &text[n.start as usize..n.end as usize])).collect()
    }

    #[test]
    fn a_comment_that_is_continued_swallows_the_next_line() {
        let text = b"# old \\\r\nSSLProtocol all\n  Listen 443 \\\n   https  \r\n<VirtualHost *>\n</VirtualHost>";
        assert_eq!(
            nodes(text),
            [
                (NodeKind::Comment, &b"# old \\\r\nSSLProtocol all"[..]),
                (NodeKind::Directive, b"Listen 443 \\\n   https"),
                (NodeKind::Open, b"<VirtualHost *>"),
                (NodeKind::Close, b"</VirtualHost>"),
            ]
        );
    }

    #[test]
    fn lines_without_a_word_are_kept_as_comments() {
        assert_eq!(nodes(b"\\\n\n\\\n"), [(NodeKind::Comment, &b"\\\n"[..]), (NodeKind::Comment, b"\\\n")]);
        assert_eq!(nodes(b" \\\n # x"), [(NodeKind::Comment, &b"\\\n # x"[..])]);
        assert_eq!(nodes(b"\0 hidden \\\nx"), [(NodeKind::Comment, &b"\0 hidden \\"[..]), (NodeKind::Directive, b"x")]);
        assert_eq!(nodes(b"a \\"), [(NodeKind::Directive, &b"a \\"[..])]);
    }

    #[test]
    fn big_files_are_parsed_piece_by_piece() {
        let text = b"# a comment \\\n goes on\nSSLProtocol all\n\n".repeat(20_000);
        let tree = parse(&text);
        assert_eq!(tree.nodes.len(), 40_000);
        assert_eq!(tree.print(&text), text);
    }

    proptest! {
        #[test]
        fn any_bytes_print_back_and_only_white_space_is_between_nodes(
            text in proptest::collection::vec(prop_oneof![
                Just(b'\\'), Just(b'\n'), Just(b'\r'), Just(b' '), Just(b'#'), Just(b'<'), Just(b'a'), any::<u8>()
            ], 0..200)
        ) {
            let tree = parse(&text);
            prop_assert!(tree.errors.is_empty());
            prop_assert_eq!(tree.print(&text), text.clone());
            for gap in tree.find_gaps(text.len() as u32) {
                let gap = &text[gap.start as usize..gap.end as usize];
                prop_assert!(gap.iter().all(|b| b.is_ascii_whitespace() || *b == 0x0b), "{gap:?}");
            }
        }
    }
}
