//! From changes of a line, as it was put together, to edits of the files that its bytes lie in.

use super::line::logical;
use super::text::{ByteOrigin, TracedText};
use super::words::{Word, is_space, split};
use crate::edit::{Edit, LowerError};
use crate::source::{FileId, SourceFile, SourceMap, Span};
use std::collections::BTreeMap;
use std::ops::Range;

/// Replace a part of a line's text; an empty part inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) part: Range<usize>,
    pub(super) text: Vec<u8>,
}

/// Joins splices that touch each other; they have to be in order.
pub(super) fn join(splices: Vec<Splice>) -> Vec<Splice> {
    let mut joined: Vec<Splice> = Vec::new();
    for splice in splices {
        match joined.last_mut() {
            Some(last) if splice.part.start <= last.part.end => {
                last.part.end = last.part.end.max(splice.part.end);
                last.text.extend(splice.text);
            }
            _ => joined.push(splice),
        }
    }
    joined
}

/// The text of a line after splices.
pub(super) fn apply(text: &[u8], splices: &[Splice]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 32);
    let mut at = 0;
    for splice in splices {
        out.extend_from_slice(&text[at..splice.part.start]);
        out.extend_from_slice(&splice.text);
        at = splice.part.end;
    }
    out.extend_from_slice(&text[at..]);
    out
}

/// The edits that do to the files what the splices do to the line; `Err`: why there are none.
pub(super) fn make_edits(line: &TracedText, splices: &[Splice], sources: &SourceMap) -> Result<Vec<Edit>, LowerError> {
    let mut edits = Vec::new();
    // Edits in words that were given a name, by the place of the word.
    let mut passed: BTreeMap<Span, (Word, Vec<Edit>, bool)> = BTreeMap::new();
    for splice in splices {
        let anchor = anchor(splice, line.len());
        let mut text = Some(splice.text.clone());
        for place in places(line, splice, &anchor, sources)? {
            let edit = Edit { span: place, replacement: text.take().unwrap_or_default() };
            if line.was_passed(anchor.clone()) {
                let (word, span) = word_at(place, sources).ok_or_else(|| mixed(line, anchor.clone(), sources))?;
                let entry = passed.entry(span).or_insert((word, Vec::new(), false));
                entry.1.push(edit);
                entry.2 |= line.is_fragile(anchor.clone());
            } else {
                edits.push(edit);
            }
        }
    }
    used_once(line, &edits)?;
    for (span, (word, within, fragile)) in passed {
        used_once(line, &within)?;
        edits.extend(in_word(span, &word, within, fragile, sources)?);
    }
    edits.sort();
    Ok(edits)
}

/// The bytes whose origin tells where a splice belongs: those that it replaces, or the one before it.
fn anchor(splice: &Splice, length: usize) -> Range<usize> {
    match splice.part.clone() {
        part if part.start < part.end => part,
        part if part.start > 0 => part.start - 1..part.start,
        _ => 0..length.min(1),
    }
}

/// Where the bytes of a splice are.
fn places(
    line: &TracedText,
    splice: &Splice,
    anchor: &Range<usize>,
    sources: &SourceMap,
) -> Result<Vec<Span>, LowerError> {
    let found = line.places(anchor.clone()).map_err(|origin| {
        LowerError::Text(match origin {
            ByteOrigin::Environment(name) => format!("the value comes from the environment variable {name}"),
            _ => "the value is put together by a macro".to_owned(),
        })
    })?;
    if splice.part.is_empty() {
        let end = found.last().map(|place| Span::new(place.file, place.end, place.end));
        let start = found.first().map(|place| Span::new(place.file, place.start, place.start));
        return Ok(if splice.part.start > 0 { end } else { start }.into_iter().collect());
    }
    // What a continuation separates goes together.
    let mut joined: Vec<Span> = Vec::new();
    for place in found {
        match joined.last_mut() {
            Some(last) if is_continuation(*last, place, sources) => last.end = place.end,
            _ => joined.push(place),
        }
    }
    Ok(joined)
}

/// Is there but a continuation between two places?
pub(super) fn is_continuation(a: Span, b: Span, sources: &SourceMap) -> bool {
    a.file == b.file && a.end <= b.start && {
        let between = sources.text(Span::new(a.file, a.end, b.start));
        between.iter().all(|b| matches!(b, b'\\' | b'\r' | b'\n'))
    }
}

/// Text that is edited must not stand in the line twice.
fn used_once(line: &TracedText, edits: &[Edit]) -> Result<(), LowerError> {
    let places = line.known_places(0..line.len());
    let touches = |edit: &Edit, place: &Span| {
        let (from, to) = (edit.span.start, edit.span.end.max(edit.span.start + 1));
        edit.span.file == place.file && place.start < to && from < place.end
    };
    let twice = edits.iter().any(|edit| {
        let mut touched = places.iter().filter(|place| touches(edit, place)).collect::<Vec<_>>();
        touched.sort();
        touched.windows(2).any(|pair| pair[0].end > pair[1].start)
    });
    if twice { Err(LowerError::Text("the same text stands in the line twice".to_owned())) } else { Ok(()) }
}

/// The word of a Define or Use line in which a place lies.
fn word_at(place: Span, sources: &SourceMap) -> Option<(Word, Span)> {
    let file = sources.file(place.file);
    let span = logical_span(file, place.file, place.start);
    let line = logical(place.file, file.bytes(), span);
    split(line.bytes(), 0).into_iter().find_map(|word| {
        let places = line.places(word.written.clone()).ok()?;
        let whole = Span::new(place.file, places.first()?.start, places.last()?.end);
        let inside = whole.start <= place.start && place.end <= whole.end;
        inside.then_some((word, whole))
    })
}

/// Why there is no edit for a part that no one word gives.
fn mixed(line: &TracedText, part: Range<usize>, sources: &SourceMap) -> LowerError {
    let text = String::from_utf8_lossy(&line.bytes()[part.clone()]).trim().to_owned();
    let places = line.known_places(part);
    // The line itself comes first, and what was put into it after that.
    let Some(value) = places.iter().rev().find(|place| place.file != places[0].file || place.start < places[0].start)
    else {
        return LowerError::Text(format!("\"{text}\" is put together from several places: write it in one piece"));
    };
    let (path, at) = (sources.file(value.file).path().display(), sources.line_column(*value).line);
    let from = format!("this line and a value from {path}:{at}");
    LowerError::Text(format!("\"{text}\" is put together from {from}: write it in one piece"))
}

/// The logical line around an offset.
fn logical_span(file: &SourceFile, id: FileId, offset: u32) -> Span {
    let bytes = file.bytes();
    let continued = |end: usize| bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]).ends_with(b"\\");
    let start_of = |at: usize| memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |feed| feed + 1);
    let mut start = start_of(offset as usize);
    while start > 0 && continued(start - 1) {
        start = start_of(start - 1);
    }
    let end_of = |at: usize| memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
    let mut end = end_of(offset as usize);
    while end < bytes.len() && continued(end) {
        end = end_of(end + 1);
    }
    Span::new(id, start as u32, end as u32)
}

/// Edits within a word: white space in it needs quotes, and it must not become empty.
fn in_word(
    span: Span,
    word: &Word,
    mut edits: Vec<Edit>,
    fragile: bool,
    sources: &SourceMap,
) -> Result<Vec<Edit>, LowerError> {
    edits.sort();
    let old = sources.text(span);
    let mut new = Vec::new();
    let mut at = span.start;
    for edit in &edits {
        new.extend_from_slice(sources.text(Span::new(span.file, at, edit.span.start.max(at))));
        new.extend_from_slice(&edit.replacement);
        at = edit.span.end.max(at);
    }
    new.extend_from_slice(sources.text(Span::new(span.file, at, span.end)));
    let inner = if word.quote.is_some() { new.get(1..).unwrap_or_default() } else { &new[..] };
    if inner.iter().all(|b| is_space(*b) || matches!(b, b'"' | b'\'')) {
        return Err(LowerError::Text("no value would be left in the place that gives it".to_owned()));
    }
    let spaces = |text: &[u8]| text.iter().any(|b| is_space(*b));
    if !spaces(&new) || (word.quote.is_some() && spaces(old)) {
        return Ok(edits);
    }
    if fragile {
        return Err(LowerError::Text("the value is handed on from macro to macro without quotes".to_owned()));
    }
    if word.quote.is_some() {
        return Ok(edits);
    }
    if new.iter().any(|b| matches!(b, b'"' | b'\\')) {
        return Err(LowerError::Text("the value can't be put in quotes".to_owned()));
    }
    let replacement = [b"\"", &new[..], b"\""].concat();
    Ok(vec![Edit { span, replacement }])
}
