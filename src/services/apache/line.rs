//! Making a logical line out of physical ones.

use super::text::TracedText;
use super::words::is_space;
use crate::source::{FileId, Span};
use std::ops::Range;

/// The logical line of a node: continuations are taken out, what a NUL hides is gone, and so is the white space around
/// it.
pub(super) fn logical(file: FileId, bytes: &[u8], span: Span) -> TracedText {
    let node = &bytes[span.range()];
    if !node.iter().any(|b| matches!(b, b'\n' | 0)) {
        return trimmed(file, span.start, node);
    }
    let mut text = TracedText::default();
    let mut at = 0;
    while at < node.len() {
        let (part, next) = physical(node, at);
        let offset = span.start + part.start as u32;
        text.push_file(file, offset, &node[part]);
        match next {
            Next::Joined(next) => at = next,
            // The backslash that was left over joins the empty line too.
            Next::JoinedTwice(next) => {
                text.pop(1);
                at = next;
            }
            Next::End => break,
        }
    }
    let start = text.bytes().iter().take_while(|b| is_space(**b)).count();
    let end = text.len() - text.bytes()[start..].iter().rev().take_while(|b| is_space(**b)).count();
    let mut out = TracedText::default();
    out.push_part(&text, start..end);
    out
}

enum Next {
    Joined(usize),
    JoinedTwice(usize),
    End,
}

/// The physical line at `at`, without the mark of its continuation.
fn physical(node: &[u8], at: usize) -> (Range<usize>, Next) {
    let feed = memchr::memchr(b'\n', &node[at..]).map(|length| at + length);
    let end = feed.unwrap_or(node.len());
    if let Some(nul) = memchr::memchr(0, &node[at..end]) {
        return (at..at + nul, Next::End);
    }
    let Some(feed) = feed else { return (at..end, Next::End) };
    let line = &node[at..feed];
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = at..at + line.len().saturating_sub(1);
    let empty = [&b"\n"[..], b"\r\n"].into_iter().find(|empty| node[feed + 1..].starts_with(empty));
    match empty {
        Some(empty) if line.ends_with(b"\\\\") => (text, Next::JoinedTwice(feed + 1 + empty.len())),
        _ => (text, Next::Joined(feed + 1)),
    }
}

fn trimmed(file: FileId, offset: u32, text: &[u8]) -> TracedText {
    let start = text.iter().take_while(|b| is_space(**b)).count();
    let end = text.len() - text[start..].iter().rev().take_while(|b| is_space(**b)).count();
    TracedText::of_file(file, offset + start as u32, &text[start..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::apache::parse::parse;
    use crate::source::SourceMap;

    fn lines(text: &[u8]) -> Vec<String> {
        let mut sources = SourceMap::default();
        let file = sources.insert("/a".into(), text.to_vec());
        let spans = parse(text).nodes.into_iter().map(|n| Span::new(file, n.start, n.end));
        spans.map(|span| logical(file, text, span).bytes().escape_ascii().to_string()).collect()
    }

    #[test]
    fn a_backslash_joins_lines_and_leaves_nothing() {
        assert_eq!(lines(b"SSLPro\\\ntocol all \\\r\n   -SSLv3\r\n"), ["SSLProtocol all    -SSLv3"]);
        assert_eq!(lines(b"a \\ \nb"), ["a \\\\", "b"]);
        assert_eq!(lines(b"a\\\\\nb"), ["a\\\\b"]);
        assert_eq!(lines(b"a \\\n"), ["a"]);
        assert_eq!(lines(b"a \\"), ["a \\\\"]);
        assert_eq!(lines(b"a \\\n\nb"), ["a", "b"]);
        assert_eq!(lines(b"a\\\\\n\nb"), ["ab"]);
    }

    #[test]
    fn a_nul_hides_the_rest_of_its_line() {
        assert_eq!(lines(b"a b\0 c \\\nd"), ["a b", "d"]);
        assert_eq!(lines(b"a \\\nb\0c\nd"), ["a b", "d"]);
    }
}
