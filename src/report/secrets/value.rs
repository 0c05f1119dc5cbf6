//! The value after the name of a secret.

use super::name::Strength;
use super::ordinary::{is_ordinary, looks_random};
use std::ops::Range;

/// Quotes that are open at the end of a line are followed no further than this.
const LONGEST: usize = 4096;
/// A value that is none unless it looks like a secret is read no farther than this.
const FAINT: usize = 512;
/// Values of more words are never taken for ordinary ones, so that no text is looked at often.
const MOST_ORDINARY: usize = 16;
/// What Apache's expressions make of a text: such a "variable" holds the text itself.
const FUNCTIONS: [&[u8]; 8] = [b"base64", b"unbase64", b"md5", b"sha1", b"escape", b"unescape", b"tolower", b"toupper"];

/// How a value is written.
#[derive(Clone, Copy, Default)]
pub(super) struct Shape {
    /// The quote in which name and value stand.
    pub(super) outer: Option<u8>,
    /// The value begins within this quote and ends with it. Is the quote escaped?
    pub(super) within: Option<(u8, bool)>,
    /// It may begin on the next line, and after comments.
    pub(super) next_line: bool,
    /// It ends with the line in any case.
    pub(super) one_line: bool,
    /// It is an argument of a directive that ends with its line, where semicolons and braces are letters.
    pub(super) line_argument: bool,
    /// It has one word.
    pub(super) one_word: bool,
    /// It is a pattern: without letters and digits it tells nothing.
    pub(super) pattern: bool,
    /// It is a parameter in brackets, as in `[E=SECRET:value,L]`.
    pub(super) bracketed: bool,
    /// It is the text of an element, as in `<password>value</password>`.
    pub(super) element: bool,
    /// How sure it is that the name before it is that of a secret.
    pub(super) strength: Strength,
}

/// Collects the words of the value that begins at an offset, until the directive ends, and tells where that is.
/// Variables in it are no secret, nor is a value made of TLS versions. In a value that is none, other names may stand: it
/// ends where it begins.
pub(super) fn value(text: &[u8], start: usize, shape: Shape, found: &mut Vec<Range<usize>>) -> usize {
    let mut words = Vec::new();
    let read = if shape.strength == Strength::Faint { text.len().min(start + FAINT) } else { text.len() };
    let end = scan(&text[..read], start, shape, &mut words);
    let kept = keep(text, words, shape, found);
    if kept || shape.strength == Strength::Strong { end } else { start }
}

/// The words of a range; where `variables` is set, variables are none.
pub(super) fn words(text: &[u8], range: Range<usize>, variables: bool) -> Vec<Range<usize>> {
    let (mut words, mut start, mut at) = (Vec::new(), range.start, range.start);
    while at < range.end {
        let variable = if variables { variable(&text[at..range.end]) } else { 0 };
        if variable > 0 || text[at].is_ascii_whitespace() {
            words.push(start..at);
            start = at + variable.max(1);
        }
        at += variable.max(1);
    }
    words.push(start..range.end);
    words.retain(|word| !word.is_empty());
    words
}

/// Keeps the words of a value, unless they are no secret; tells whether they are.
pub(super) fn keep(text: &[u8], mut words: Vec<Range<usize>>, shape: Shape, found: &mut Vec<Range<usize>>) -> bool {
    if shape.pattern {
        words.retain(|word| text[word.clone()].iter().any(|b| b.is_ascii_alphanumeric() || !b.is_ascii()));
    }
    let few = words.len() <= MOST_ORDINARY;
    match shape.strength {
        Strength::Strong => {}
        Strength::Weak if few && words.iter().all(|word| is_ordinary(&text[word.clone()])) => return false,
        Strength::Weak => {}
        Strength::Faint => words.retain(|word| looks_random(&text[word.clone()])),
    }
    if words.iter().all(|word| is_versions(&text[word.clone()])) {
        return false;
    }
    found.append(&mut words);
    true
}

/// Does a word name TLS versions and nothing else?
fn is_versions(word: &[u8]) -> bool {
    word.split(|b| matches!(b, b',' | b':')).all(|part| {
        let part = part.strip_prefix(b"+").or_else(|| part.strip_prefix(b"-")).unwrap_or(part).to_ascii_lowercase();
        matches!(
            part.as_slice(),
            b"" | b"all"
                | b"any"
                | b"none"
                | b"sslv2"
                | b"sslv3"
                | b"sslv23"
                | b"tlsv1"
                | b"tlsv1.0"
                | b"tlsv1.1"
                | b"tlsv1.2"
                | b"tlsv1.3"
        )
    })
}

fn scan(text: &[u8], start: usize, shape: Shape, words: &mut Vec<Range<usize>>) -> usize {
    let mut quote: Option<(u8, bool)> = shape.within;
    let mut word: Option<usize> = None;
    let mut begun = false;
    let mut at = start;
    while at < text.len() {
        let byte = text[at];
        let escaped = text[..at].ends_with(b"\\");
        let variable = if shape.line_argument && text.get(at + 1) != Some(&b'{') {
            if word.is_some() { 0 } else { argument(&text[at..]) }
        } else {
            variable(&text[at..])
        };
        let closes = quote == Some((byte, escaped));
        let outer = shape.outer == Some(byte) && !escaped && !closes && (begun || is_end(&text[at + 1..]));
        let opens = quote.is_none() && word.is_none() && !outer && matches!(byte, b'"' | b'\'');
        let ends_line = byte == b'\n' && (quote.is_none() || shape.one_line || at - start > LONGEST);
        let stops = ends_line
            || (quote.is_none() && !shape.line_argument && matches!(byte, b';' | b'{' | b'}' | b'>'))
            || (shape.bracketed && matches!(byte, b',' | b']'))
            || (shape.element && byte == b'<');
        let gap = byte.is_ascii_whitespace()
            || (closes || opens || outer || stops || variable > 0)
            || matches!(byte, b'(' | b')' | b'\\');
        if gap && let Some(from) = word.take() {
            words.push(from..at);
        }
        let done = shape.one_word && begun && quote.is_none() && !escaped && byte.is_ascii_whitespace();
        if ends_line && let Some(next) = next_line(text, at, begun, shape) {
            at = next;
            continue;
        }
        if outer || stops || done {
            return at;
        }
        if closes {
            if shape.within.is_some() {
                return at;
            }
            quote = None;
        } else if opens {
            (quote, begun) = (Some((byte, escaped)), true);
        } else if byte == b'#' && shape.next_line && !begun {
            // Comments stand between a name and its value.
            at += text[at..].iter().position(|b| *b == b'\n').unwrap_or(text.len() - at);
            continue;
        } else if !gap || variable > 0 {
            begun = true;
            if !gap {
                word.get_or_insert(at);
            }
        }
        at += variable.max(1);
    }
    words.extend(word.map(|from| from..text.len()));
    text.len()
}

/// Where a value goes on after the end of a line, if it does.
fn next_line(text: &[u8], at: usize, begun: bool, shape: Shape) -> Option<usize> {
    let continued = text[..at].strip_suffix(b"\r").unwrap_or(&text[..at]).ends_with(b"\\");
    if shape.one_line || (begun && !continued) {
        return None;
    }
    // All blanks are passed at once, so that many empty lines take no time.
    let next = text[at..].iter().position(|b| !b.is_ascii_whitespace()).map(|next| at + next)?;
    (continued || shape.next_line || matches!(text[next], b'"' | b'\'')).then_some(next)
}

/// Does what follows a quote tell that the quote ended something?
fn is_end(rest: &[u8]) -> bool {
    rest.first().is_none_or(|b| b.is_ascii_whitespace() || b";,)]>".contains(b))
}

/// How long a variable at the start of a text is: `$name`, `${name}`, `%{name}e`; 0: none is there.
fn variable(text: &[u8]) -> usize {
    /// Longer names are not looked for, so that many braces take no time.
    const NAME: usize = 256;
    if !matches!(text.first(), Some(b'$' | b'%')) {
        return 0;
    }
    if text.get(1) == Some(&b'{') {
        let function = text[2..].iter().take(NAME).take_while(|b| b.is_ascii_alphanumeric()).count();
        if text.get(2 + function) == Some(&b':') && FUNCTIONS.contains(&&text[2..2 + function]) {
            return 0;
        }
        return text.iter().take(NAME).position(|b| *b == b'}').map_or(0, |at| at + 1);
    }
    let name = text[1..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    if text[0] == b'$' && name > 0 { name + 1 } else { 0 }
}

/// How long a part of a match is: `$1`; 0: it is none. To httpd a dollar is a letter like others, and a password may
/// begin with one.
fn argument(text: &[u8]) -> usize {
    let is_part = text.first() == Some(&b'$') && text.get(1).is_some_and(u8::is_ascii_digit);
    if is_part && !text.get(2).is_some_and(u8::is_ascii_alphanumeric) { 2 } else { 0 }
}
