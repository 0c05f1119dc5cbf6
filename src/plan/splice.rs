//! Putting edits into a text.

use crate::edit::Edit;
use crate::source::FileId;
use std::collections::{BTreeMap, BTreeSet};

/// The edits that a round makes. None overlaps with that of another fix.
#[derive(Debug, Default)]
pub(super) struct Taken {
    edits: BTreeSet<Edit>,
    /// The bytes that they touch: where a run begins, and where it ends. Runs do not overlap.
    runs: BTreeMap<(FileId, u32), u32>,
}

impl Taken {
    /// Is the edit among them, or does it overlap with none of them? Edits overlap if they touch the same bytes, or
    /// begin at the same place and one of them inserts.
    pub(super) fn has_room(&self, edit: &Edit) -> bool {
        self.edits.contains(edit) || self.overlapping(edit).is_none()
    }

    /// Takes the edits of one fix.
    pub(super) fn take(&mut self, edits: &[Edit]) {
        for edit in edits {
            if !self.edits.insert(edit.clone()) {
                continue;
            }
            let (mut start, mut end) = (edit.span.start, edit.span.end);
            // Edits of one fix may overlap with each other.
            while let Some((at, other)) = self.overlapping_run(edit.span.file, start, end) {
                self.runs.remove(&(edit.span.file, at));
                (start, end) = (start.min(at), end.max(other));
            }
            self.runs.insert((edit.span.file, start), end);
        }
    }

    /// Sorted by file and place.
    pub(super) fn edits(&self) -> impl Iterator<Item = &Edit> {
        self.edits.iter()
    }

    fn overlapping(&self, edit: &Edit) -> Option<(u32, u32)> {
        self.overlapping_run(edit.span.file, edit.span.start, edit.span.end)
    }

    /// A run that overlaps with these bytes. Since runs do not overlap, only the neighbours can.
    fn overlapping_run(&self, file: FileId, start: u32, end: u32) -> Option<(u32, u32)> {
        let run = |((_, at), end): (&(FileId, u32), &u32)| (*at, *end);
        let before = self.runs.range((file, 0)..(file, start)).next_back().map(run);
        let after = self.runs.range((file, start)..=(file, u32::MAX)).next().map(run);
        before.filter(|(_, last)| *last > start).or(after.filter(|(at, _)| *at < end || *at == start))
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceMap, Span};
    use proptest::prelude::*;

    /// What overlapping means, edit by edit.
    fn overlap(a: &Edit, b: &Edit) -> bool {
        let (a, b) = (a.span, b.span);
        a.file == b.file
            && (a.start < b.end && b.start < a.end || (a.start == b.start && (a.start == a.end || b.start == b.end)))
    }

    proptest! {
        #[test]
        fn room_is_what_a_look_at_every_edit_finds(
            fixes in prop::collection::vec(prop::collection::vec((0..2_usize, 0..40_u32, 0..4_u32, 0..2_u8), 1..4), 0..30)
        ) {
            let mut sources = SourceMap::default();
            let files = ["/a", "/b"].map(|path| sources.insert(path.into(), Vec::new()));
            let mut taken = Taken::default();
            for fix in fixes {
                let edits: Vec<Edit> = fix.into_iter().map(|(file, start, length, byte)| {
                    Edit { span: Span::new(files[file], start, start + length), replacement: vec![byte] }
                }).collect();
                for edit in &edits {
                    let free = taken.edits.contains(edit) || !taken.edits.iter().any(|other| overlap(edit, other));
                    prop_assert_eq!(taken.has_room(edit), free, "{:?} in {:?}", edit, taken);
                }
                if edits.iter().all(|edit| taken.has_room(edit)) {
                    taken.take(&edits);
                }
            }
        }
    }
}
