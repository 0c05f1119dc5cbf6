//! nginx's `map`, where a secret stands after no name: the keys where its source is a secret, the values where the
//! variable that it sets is one.

use super::name::{Strength, names};
use super::value::{Shape, keep, words};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// The head of a map has no more bytes than this.
const HEAD: usize = 512;
/// Parameters of the map, which are no keys.
const WORDS: [&[u8]; 4] = [b"default", b"hostnames", b"volatile", b"include"];

static MAP: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?-u)\bmap[\x20\t\r\n]").ok());

/// Collects the secrets of all maps. A map within a map is none, so that each byte is read once.
pub(super) fn maps(text: &[u8], found: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while let Some(map) = MAP.as_ref().and_then(|regex| regex.find_at(text, at)) {
        at = map.end();
        let begins = text[..map.start()].trim_ascii_end();
        let starts_line = begins.len() < map.start() && text[begins.len()..map.start()].contains(&b'\n');
        let Some(head) = head(text, map.end()) else { continue };
        if !starts_line && !begins.last().is_none_or(|b| matches!(b, b';' | b'{' | b'}')) {
            continue;
        }
        let target = text[head.clone()].iter().rposition(|b| *b == b'$').map_or(head.end, |at| head.start + at);
        let secret = |range: Range<usize>| names(&text[range]).find(|name| name.variable).map(|name| name.strength);
        let (keys, values) = (secret(head.start..target), secret(target..head.end));
        if keys.is_some() || values.is_some() {
            at = body(text, head.end + 1, (keys, values), found);
        }
    }
}

/// What stands between `map` and its brace.
fn head(text: &[u8], start: usize) -> Option<Range<usize>> {
    let mut variable = false;
    for at in start..text.len().min(start + HEAD) {
        match text[at] {
            b'{' if text[at - 1] == b'$' => variable = true,
            b'{' => return Some(start..at),
            b'}' if variable => variable = false,
            b'}' | b';' => return None,
            _ => {}
        }
    }
    None
}

/// Collects keys, values or both, and tells where the map ends.
fn body(
    text: &[u8],
    start: usize,
    (keys, values): (Option<Strength>, Option<Strength>),
    found: &mut Vec<Range<usize>>,
) -> usize {
    let mut at = start;
    let mut entry: Vec<Range<usize>> = Vec::new();
    while at < text.len() {
        match text[at] {
            b'#' => at += text[at..].iter().position(|b| *b == b'\n').unwrap_or(text.len() - at),
            b'}' => return at,
            b';' => {
                entry.clear();
                at += 1;
            }
            byte if byte.is_ascii_whitespace() => at += 1,
            _ => {
                let word = word(text, at);
                at = word.end + usize::from(matches!(text.get(word.end), Some(b'"' | b'\'')));
                let special = WORDS.contains(&&text[entry.first().unwrap_or(&word).clone()]);
                let include = entry.first().is_some_and(|key| text[key.clone()] == *b"include");
                match (entry.len(), keys, values) {
                    (0, Some(strength), _) if !special => {
                        let shape = Shape { pattern: true, strength, ..Shape::default() };
                        keep(text, words(text, word.clone(), false), shape, found);
                    }
                    (1, _, Some(strength)) if !include => {
                        keep(text, words(text, word.clone(), true), Shape { strength, ..Shape::default() }, found);
                    }
                    _ => {}
                }
                entry.push(word);
            }
        }
    }
    at
}

/// The word at an offset, without its quotes.
fn word(text: &[u8], at: usize) -> Range<usize> {
    let quote = Some(text[at]).filter(|b| matches!(b, b'"' | b'\''));
    let start = at + usize::from(quote.is_some());
    let mut escaped = false;
    let end = text[start..].iter().position(|b| {
        let ends = !escaped && quote.map_or(b.is_ascii_whitespace() || matches!(b, b';' | b'{' | b'}'), |q| *b == q);
        escaped = !escaped && *b == b'\\';
        ends
    });
    // A brace at the start would be a word of no bytes, at which nothing would ever end.
    let least = usize::from(quote.is_none());
    start..end.map_or(text.len(), |end| start + end.max(least))
}
