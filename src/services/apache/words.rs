//! Splitting of a logical line into words, as `ap_getword_conf` does it.

use std::ops::Range;

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The word as written, quotes included.
    pub(super) written: Range<usize>,
    /// The bytes of the text that make the word's value: without quotes, and without the backslashes that escape.
    pub(super) kept: Vec<Range<usize>>,
    /// The quote around it; an unclosed one runs to the end of the line.
    pub(super) quote: Option<u8>,
    /// Is the quote closed?
    pub(super) closed: bool,
}

impl Word {
    /// The word's value.
    pub(super) fn value(&self, text: &[u8]) -> Vec<u8> {
        self.kept.iter().flat_map(|range| &text[range.clone()]).copied().collect()
    }
}

/// `apr_isspace` in the C locale.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The first place at or after `at` that is no white space.
pub(super) fn skip_space(text: &[u8], at: usize) -> usize {
    at + text[at..].iter().take_while(|b| is_space(**b)).count()
}

/// The word at or after `at`; `None` where only white space is left.
pub(super) fn next_word(text: &[u8], at: usize) -> Option<Word> {
    let start = skip_space(text, at);
    if let quote @ (b'"' | b'\'') = *text.get(start)? {
        return Some(quoted(text, start, quote));
    }
    let length = text[start..].iter().take_while(|b| !is_space(**b)).count();
    let kept = kept(text, start..start + length, None);
    Some(Word { written: start..start + length, kept, quote: None, closed: true })
}

fn quoted(text: &[u8], start: usize, quote: u8) -> Word {
    let mut end = start + 1;
    while end < text.len() && text[end] != quote {
        let escapes = text[end] == b'\\' && text.get(end + 1).is_some_and(|next| *next == quote || *next == b'\\');
        end += if escapes { 2 } else { 1 };
    }
    let kept = kept(text, start + 1..end, Some(quote));
    let closed = end < text.len();
    Word { written: start..end + usize::from(closed), kept, quote: Some(quote), closed }
}

/// The parts of a word that are left when backslashes that escape are taken out.
fn kept(text: &[u8], word: Range<usize>, quote: Option<u8>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = word.start;
    let mut at = word.start;
    while at < word.end {
        let next = (at + 1 < word.end).then(|| text[at + 1]);
        if text[at] == b'\\' && next.is_some_and(|next| next == b'\\' || Some(next) == quote) {
            if start < at {
                parts.push(start..at);
            }
            start = at + 1;
            at += 1;
        }
        at += 1;
    }
    if start < word.end {
        parts.push(start..word.end);
    }
    parts
}

/// All words from `at` on.
pub(super) fn split(text: &[u8], mut at: usize) -> Vec<Word> {
    let mut words = Vec::new();
    while let Some(word) = next_word(text, at) {
        at = word.written.end;
        words.push(word);
    }
    words
}

pub(super) struct LineArguments<'a> {
    text: &'a [u8],
    pub(super) words: Vec<Word>,
}

impl<'a> LineArguments<'a> {
    /// The arguments of a text that was split into words.
    pub(super) fn new(text: &'a [u8], words: Vec<Word>) -> LineArguments<'a> {
        LineArguments { text, words }
    }

    /// An argument's bytes.
    pub(super) fn bytes(&self, index: usize) -> Option<Vec<u8>> {
        self.words.get(index).map(|word| word.value(self.text))
    }

    /// All arguments as text.
    pub(super) fn texts(&self) -> Vec<String> {
        (0..self.words.len()).filter_map(|at| self.get(at)).collect()
    }

    /// An argument as text.
    pub(super) fn get(&self, index: usize) -> Option<String> {
        self.bytes(index).map(|value| String::from_utf8_lossy(&value).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        let values = split(text.as_bytes(), 0).into_iter().map(|w| w.value(text.as_bytes()));
        values.map(|v| String::from_utf8(v).unwrap()).collect()
    }

    #[test]
    fn quotes_count_only_at_the_start_of_a_word() {
        assert_eq!(values("SSLProtocol all -TLSv1"), ["SSLProtocol", "all", "-TLSv1"]);
        assert_eq!(values("'SSLProtocol'x  \"a b\""), ["SSLProtocol", "x", "a b"]);
        assert_eq!(values("\"all\"-TLSv1"), ["all", "-TLSv1"]);
        assert_eq!(values("TLSv1\".2\""), ["TLSv1\".2\""]);
        assert_eq!(values("\"TLSv1.2 +TLSv1.3"), ["TLSv1.2 +TLSv1.3"]);
        assert_eq!(values("\"\" x"), ["", "x"]);
    }

    #[test]
    fn backslashes_escape_quotes_and_themselves() {
        assert_eq!(values(r#""TLSv1.2\"" a\\b a\"b "\a""#), ["TLSv1.2\"", r"a\b", "a\\\"b", r"\a"]);
        assert_eq!(values(r"\"), [r"\"]);
        assert_eq!(values(r#""a\"#), [r"a\"]);
    }

    #[test]
    fn white_space_is_what_c_calls_so() {
        assert_eq!(values("a\u{b}b\u{c}c\td\re\nf"), ["a", "b", "c", "d", "e", "f"]);
        assert_eq!(values("a\u{a0}b"), ["a\u{a0}b"]);
    }
}
