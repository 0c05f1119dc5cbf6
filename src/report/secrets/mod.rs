//! Passwords and tokens in what reports quote: each of their characters becomes an asterisk.
//!
//! A configuration file may hold a password beside the directive that a finding is about, and reports go to pipelines,
//! tickets and mails. So what looks like a secret is masked once, in the texts and messages, before any format sees
//! them: reports take them as [`Shown`] only. In a text every byte of a secret is replaced, so that all offsets stay, and the text
//! still counts columns in what was read (`source.rs`). What counts as a secret is described in `docs/reports.md`; it errs towards masking too much.

mod between;
mod context;
mod find;
#[cfg(test)]
mod forms;
mod learned;
mod map;
mod name;
mod ordinary;
mod places;
mod sentence;
mod shown;
#[cfg(test)]
mod tests;
mod tokens;
mod value;
mod words;

pub use learned::learn;
pub use shown::{Mask, Shown};

use std::borrow::Cow;
use std::ops::Range;

/// What stands for each character of a secret.
const MASK: u8 = b'*';

/// Masks the secrets in a text, byte for byte: the length stays.
fn bytes(text: &mut [u8]) {
    for range in whole(text, find::secrets(text, false)) {
        text[range].fill(MASK);
    }
}

/// A text with an asterisk for each character of its secrets.
fn masked(text: &[u8]) -> Vec<u8> {
    replaced(text, find::secrets(text, false))
}

/// The ranges in order, none within another, and none that begins or ends within a character: half of one would show.
fn whole(text: &[u8], mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| range.start);
    let mut whole: Vec<Range<usize>> = Vec::new();
    for mut range in ranges {
        if let Some(first) = character_around(text, range.start) {
            range.start = first.start;
        }
        if let Some(last) = character_around(text, range.end) {
            range.end = last.end;
        }
        match whole.last_mut() {
            Some(before) if range.start <= before.end => before.end = before.end.max(range.end),
            _ => whole.push(range),
        }
    }
    whole
}

/// The character that an offset is in the middle of.
fn character_around(text: &[u8], offset: usize) -> Option<Range<usize>> {
    if text.get(offset).is_none_or(|byte| byte & 0xc0 != 0x80) {
        return None;
    }
    let start = (offset.saturating_sub(3)..offset).rev().find(|at| text[*at] & 0xc0 != 0x80)?;
    let rest = &text[start..text.len().min(start + 4)];
    let length = rest.utf8_chunks().next()?.valid().chars().next()?.len_utf8();
    (start + length > offset).then_some(start..start + length)
}

/// The text with an asterisk for each character of these ranges.
fn replaced(text: &[u8], ranges: Vec<Range<usize>>) -> Vec<u8> {
    let mut masked = Vec::with_capacity(text.len());
    let mut done = 0;
    for range in whole(text, ranges) {
        masked.extend_from_slice(&text[done..range.start]);
        for chunk in text[range.clone()].utf8_chunks() {
            let characters = chunk.valid().chars().count() + chunk.invalid().len();
            masked.extend(std::iter::repeat_n(MASK, characters));
        }
        done = range.end;
    }
    masked.extend_from_slice(&text[done..]);
    masked
}

/// Does a patch hold what looks like a secret?
pub fn are_in_patch(patch: &[u8]) -> bool {
    // Without the signs of its lines it is text of the files.
    let lines = patch.split_inclusive(|b| *b == b'\n');
    let text: Vec<u8> = lines.flat_map(|line| &line[1..]).copied().collect();
    are_in(&text)
}

/// Does a text hold what looks like a secret?
fn are_in(text: &[u8]) -> bool {
    !find::secrets(text, false).is_empty()
}

/// Is it the name of something that may be a secret?
fn is_name(name: &str) -> bool {
    name::strength(name.as_bytes()).is_some()
}

/// A sentence with its secrets masked.
pub fn text(text: &str) -> Cow<'_, str> {
    let ranges = find::secrets(text.as_bytes(), true);
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(String::from_utf8_lossy(&replaced(text.as_bytes(), ranges)).into_owned())
}
