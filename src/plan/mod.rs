//! What follows from the findings: all edits of all files, checked in memory before anybody sees them.

mod compare;
mod diff;
mod selection;
mod splice;
mod staging;

pub use diff::unified;
pub use selection::{Level, Selection};
pub use splice::splice;
pub use staging::staging;

use crate::edit::Edit;
use crate::engine::{self, Audit, Request};
use crate::finding::Finding;
use crate::host::Fate;
use crate::system::Overlay;
use compare::{Key, beside, keys, worse};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Fixes may uncover what they hid; more rounds than this mean that they contradict each other.
const MOST_ROUNDS: usize = 8;

/// The planned contents of files.
pub struct Plan {
    /// The new content of each file that changes, by its path with all links resolved.
    pub contents: BTreeMap<PathBuf, Vec<u8>>,
    /// The host as it is.
    pub before: Audit,
    /// The host as it would be.
    pub after: Audit,
    /// Files that are left alone, and why.
    pub refused: Vec<(PathBuf, String)>,
    /// Endpoints that no mended finding is about, and whose versions change all the same, for people: `a.example at
    /// 192.0.2.1:443 (nginx): TLSv1.2 -> TLSv1.2 TLSv1.3`. Empty unless unsafe fixes are selected.
    pub beside: Vec<String>,
}

/// Plans all safe fixes until nothing is left to fix, and refuses what makes anything worse.
pub fn plan(request: Request<'_>) -> Plan {
    plan_selected(request, &Selection::default())
}

/// Plans the fixes that are selected.
pub fn plan_selected(request: Request<'_>, selection: &Selection) -> Plan {
    let before = engine::audit(request);
    let closed = closed(request, &before, selection);
    let mut refused = closed.clone();
    loop {
        let Converged { contents, after, about } = converge(request, &before, selection, &refused);
        let others = beside(&before, &after, &about);
        let unsafe_ = || match (selection.level, others.first()) {
            (Level::Safe, Some(one)) => {
                Some((one.files.clone(), format!("it would also change {}; --fix-level unsafe allows that", one.what)))
            }
            _ => None,
        };
        match worse(&before, &after).or_else(unsafe_) {
            None => {
                let told = told(refused.clone(), &closed, [&before, &after]);
                return Plan {
                    contents,
                    before,
                    after: explain(after, &refused),
                    refused: told,
                    beside: others.into_iter().map(|one| one.what).collect(),
                };
            }
            Some((files, why)) => {
                // What can't be pinned on some files is pinned on all.
                let new = files.into_iter().filter(|f| contents.contains_key(f) && !refused.contains_key(f));
                let new: Vec<PathBuf> = new.collect();
                let blamed = if new.is_empty() { contents.into_keys().collect() } else { new };
                refused.extend(blamed.into_iter().map(|path| (path, why.clone())));
            }
        }
    }
}

/// The files that are not touched whatever is found in them, each with the reason.
fn closed(request: Request<'_>, before: &Audit, selection: &Selection) -> BTreeMap<PathBuf, String> {
    let mut closed = BTreeMap::new();
    for (_, file) in before.sources.iter() {
        closed.extend(request.system.foreign_link(file.path()).map(|why| (file.path().to_owned(), why)));
    }
    let generated = before.managed.iter().filter(|(_, managed)| managed.fate == Fate::Generated);
    for (path, managed) in generated.filter(|_| !selection.include_managed) {
        closed.insert(path.clone(), format!("{}; or use --include-managed", managed.text()));
    }
    closed
}

/// Of the refused files those are worth a word that would have been changed.
fn told(
    mut refused: BTreeMap<PathBuf, String>,
    closed: &BTreeMap<PathBuf, String>,
    audits: [&Audit; 2],
) -> Vec<(PathBuf, String)> {
    let mut edited: BTreeSet<PathBuf> = BTreeSet::new();
    for audit in audits {
        let edits = audit.findings.iter().filter_map(|f| f.fix.as_ref()).flat_map(|fix| &fix.edits);
        edited.extend(edits.map(|e| audit.sources.file(e.span.file).path().to_owned()));
    }
    refused.retain(|path, _| !closed.contains_key(path) || edited.contains(path));
    refused.into_iter().collect()
}

/// Fixes that are refused become reasons.
fn explain(mut after: Audit, refused: &BTreeMap<PathBuf, String>) -> Audit {
    for finding in &mut after.findings {
        let mut edits = finding.fix.iter().flat_map(|fix| &fix.edits);
        let why = edits.find_map(|e| refused.get(after.sources.file(e.span.file).path()));
        if let Some(why) = why {
            finding.help = Some(format!("the fix is refused: {why}"));
            finding.fix = None;
        }
    }
    after
}

/// What the fixes of all rounds come to.
struct Converged {
    contents: BTreeMap<PathBuf, Vec<u8>>,
    after: Audit,
    /// The endpoints that the mended findings are about.
    about: BTreeSet<Key>,
}

/// Applies fixes in memory, audits again, and so on until nothing changes.
fn converge(
    request: Request<'_>,
    before: &Audit,
    selection: &Selection,
    refused: &BTreeMap<PathBuf, String>,
) -> Converged {
    let mut contents: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    let mut about = BTreeSet::new();
    apply(before, selection, refused, &mut contents, &mut about);
    for _ in 1..MOST_ROUNDS {
        let overlay = Overlay::new(request.system, &contents);
        let audit = engine::audit(Request { system: &overlay, ..request });
        let mut next = contents.clone();
        if !apply(&audit, selection, refused, &mut next, &mut about) {
            return Converged { contents, after: audit, about };
        }
        contents = next;
    }
    let overlay = Overlay::new(request.system, &contents);
    let after = engine::audit(Request { system: &overlay, ..request });
    Converged { contents, after, about }
}

/// Takes the fixes of findings that count over into the contents; each fix as a whole or not at all. False: nothing
/// changed.
fn apply(
    audit: &Audit,
    selection: &Selection,
    refused: &BTreeMap<PathBuf, String>,
    contents: &mut BTreeMap<PathBuf, Vec<u8>>,
    about: &mut BTreeSet<Key>,
) -> bool {
    let sources = &audit.sources;
    let mut taken: BTreeSet<Edit> = BTreeSet::new();
    for finding in audit.findings.iter().filter(|finding| finding.is_open() && selection.wants(audit, finding)) {
        let Some(fix) = &finding.fix else { continue };
        let allowed = |edit: &Edit| !refused.contains_key(sources.file(edit.span.file).path());
        // Another finding may have asked for the same; what overlaps with other edits waits for the next round.
        let fits = |edit: &Edit| taken.contains(edit) || !taken.iter().any(|other| splice::overlap(edit, other));
        if selection.level.takes(fix.applicability) && fix.edits.iter().all(|e| allowed(e) && fits(e)) {
            taken.extend(fix.edits.iter().cloned());
            about.extend(keys(audit, finding));
        }
    }
    let mut by_file: BTreeMap<PathBuf, Vec<&Edit>> = BTreeMap::new();
    for edit in &taken {
        by_file.entry(sources.file(edit.span.file).path().to_owned()).or_default().push(edit);
    }
    let mut changed = false;
    for (path, edits) in by_file {
        let Some(file) = sources.find(&path) else { continue };
        let old = sources.file(file).bytes();
        let new = splice(old, &edits);
        if new != old {
            changed = true;
            contents.insert(path, new);
        }
    }
    changed
}

impl Plan {
    /// The findings that are left of those that are selected.
    pub fn remains<'p>(&'p self, selection: &'p Selection) -> impl Iterator<Item = &'p Finding> {
        self.after.findings.iter().filter(|finding| selection.wants(&self.after, finding))
    }
}
