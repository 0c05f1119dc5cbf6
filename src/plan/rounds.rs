//! Rounds of fixes: apply them in memory, audit again, and so on until nothing changes.

use super::compare::{Key, Keys};
use super::selection::Selection;
use super::splice::{Taken, splice};
use super::twins::Twins;
use crate::edit::Edit;
use crate::engine::{self, Audit, Request};
use crate::system::Overlay;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Fixes may uncover what they hid; more rounds than this mean that they contradict each other.
const MOST_ROUNDS: usize = 8;

/// Which fixes a plan may make.
#[derive(Clone, Copy)]
pub(super) struct Allowed<'a> {
    pub(super) before: &'a Audit,
    pub(super) selection: &'a Selection,
    pub(super) refused: &'a BTreeMap<PathBuf, String>,
    /// The names of files that have several.
    pub(super) twins: &'a Twins<'a>,
}

impl Allowed<'_> {
    /// May the edit be made? A file that the first audit did not see is never planned.
    fn allows(self, audit: &Audit, edit: &Edit) -> bool {
        let path = audit.sources.file(edit.span.file).path();
        let is_refused = |path: &Path| self.refused.contains_key(path);
        let any_name = is_refused(path) || self.twins.of(path).iter().any(|name| is_refused(name));
        !any_name && self.before.sources.find(path).is_some()
    }
}

/// What the fixes of all rounds come to.
pub(super) struct Converged {
    pub(super) contents: BTreeMap<PathBuf, Vec<u8>>,
    pub(super) after: Audit,
    /// The endpoints that the fixed findings are about.
    pub(super) about: BTreeSet<Key>,
    /// The files whose fixes call for others without end.
    pub(super) restless: BTreeSet<PathBuf>,
}

/// Applies fixes in memory, audits again, and so on until nothing changes.
pub(super) fn converge(request: Request<'_>, allowed: Allowed<'_>) -> Converged {
    let mut contents: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    let mut about = BTreeSet::new();
    apply(allowed.before, allowed, &mut contents, &mut about);
    for _ in 1..MOST_ROUNDS {
        let overlay = Overlay::new(request.system, &contents);
        let audit = engine::audit(Request { system: &overlay, ..request });
        let mut next = contents.clone();
        if !apply(&audit, allowed, &mut next, &mut about) {
            return Converged { contents, after: audit, about, restless: BTreeSet::new() };
        }
        contents = next;
    }
    let overlay = Overlay::new(request.system, &contents);
    let after = engine::audit(Request { system: &overlay, ..request });
    let mut next = contents.clone();
    apply(&after, allowed, &mut next, &mut BTreeSet::new());
    next.retain(|path, new| contents.get(path) != Some(new));
    Converged { contents, after, about, restless: next.into_keys().collect() }
}

/// Takes the fixes of findings that count over into the contents; each fix as a whole or not at all. False: nothing
/// changed.
fn apply(
    audit: &Audit,
    allowed: Allowed<'_>,
    contents: &mut BTreeMap<PathBuf, Vec<u8>>,
    about: &mut BTreeSet<Key>,
) -> bool {
    let sources = &audit.sources;
    let selection = allowed.selection;
    let (mut taken, mut keys) = (Taken::default(), Keys::default());
    for finding in audit.findings.iter().filter(|finding| finding.is_open() && selection.wants(audit, finding)) {
        let Some(fix) = &finding.fix else { continue };
        // Another finding may have asked for the same; what overlaps with other edits waits for the next round.
        let edits: Vec<Edit> = fix.edits.iter().map(|edit| allowed.twins.by_first_name(edit, sources)).collect();
        let fits = |edit: &Edit| allowed.allows(audit, edit) && taken.has_room(edit);
        if selection.level.takes(fix.applicability) && edits.iter().all(fits) {
            taken.take(&edits);
            about.extend(keys.of(audit, finding));
        }
    }
    let mut by_file: BTreeMap<PathBuf, Vec<&Edit>> = BTreeMap::new();
    for edit in taken.edits() {
        by_file.entry(sources.file(edit.span.file).path().to_owned()).or_default().push(edit);
    }
    let mut changed = false;
    for (path, edits) in by_file {
        let Some(file) = sources.find(&path) else { continue };
        let old = sources.file(file).bytes();
        let new = splice(old, &edits);
        if new != old {
            changed = true;
            let twins = allowed.twins.of(&path).iter().filter(|name| sources.find(name).is_some());
            contents.extend(twins.map(|name| (name.clone(), new.clone())));
            contents.insert(path, new);
        }
    }
    changed
}
