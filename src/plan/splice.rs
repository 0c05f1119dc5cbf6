//! Putting edits into a text.

use crate::edit::Edit;

/// Do two edits touch the same bytes, or insert at the same place?
pub(super) fn overlap(a: &Edit, b: &Edit) -> bool {
    let (a, b) = (a.span, b.span);
    a.file == b.file
        && (a.start < b.end && b.start < a.end || (a.start == b.start && (a.start == a.end || b.start == b.end)))
}

/// The text with the edits made; they are sorted by place and do not overlap. Bytes outside of them stay.
pub fn splice(text: &[u8], edits: &[&Edit]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits {
        let range = edit.span.range();
        out.extend_from_slice(&text[at..range.start.max(at)]);
        out.extend_from_slice(&edit.replacement);
        at = range.end.max(at);
    }
    out.extend_from_slice(&text[at..]);
    out
}
