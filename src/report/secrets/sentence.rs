//! Secrets in sentences: comments of files, and messages.

use super::context::context;
use super::name::{Name, Strength};
use super::ordinary::looks_random;
use std::ops::Range;

/// In a sentence a name that sounds like that of a secret needs a value that looks like one.
pub(super) fn sentenced(strength: Strength) -> Strength {
    if strength == Strength::Strong { Strength::Strong } else { Strength::Faint }
}

/// A secret that a sentence tells after its name: `the admin password is x7`. A word that looks like one, or one with a
/// digit after `is`.
pub(super) fn told(text: &[u8], name: &Name, prose: bool) -> Option<Range<usize>> {
    /// So many words after the name are looked at, and so many bytes.
    const WORDS: usize = 4;
    const NEAR: usize = 160;
    if name.variable
        || text[..name.range.start].last().is_some_and(|b| !b.is_ascii_whitespace() && !b"#\"'(".contains(b))
    {
        return None;
    }
    if !prose && !context(text, name.range.start).comment {
        return None;
    }
    let mut is = false;
    let mut at = name.range.end;
    let end = text.len().min(at + NEAR);
    for word in text[at..end].split(|b| *b == b' ').take(WORDS + 1) {
        if word.contains(&b'\n') && word.trim_ascii_start().len() < word.len() {
            return None;
        }
        let first = word.iter().position(|b| !b"\"'`(".contains(b)).unwrap_or(word.len());
        let line = word.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(word.len());
        let bare = word[first.min(line)..line].trim_ascii_end();
        let bare = &bare[..bare.len() - bare.iter().rev().take_while(|b| b"\"'`).,;!".contains(b)).count()];
        let digit = bare.len() >= 4 && bare.iter().any(u8::is_ascii_digit) && bare.iter().any(u8::is_ascii_alphabetic);
        if looks_random(bare) || (is && digit && name.strength == Strength::Strong && !bare.starts_with(b"TLS")) {
            return Some(at + first..at + first + bare.len());
        }
        if line < word.len() {
            return None;
        }
        is = matches!(bare.to_ascii_lowercase().as_slice(), b"is" | b"was" | b"are" | b"to");
        at += word.len() + 1;
    }
    None
}
