//! From fixes to a plan that makes nothing worse.

use super::compare::{Blame, Culprit, beside, worse};
use super::rounds::{Allowed, Converged, converge};
use super::selection::{Level, Selection};
use super::twins::Twins;
use super::{Plan, UNSTEADY};
use crate::engine::{Audit, Request};
use crate::host::Fate;
use crate::instance::Standing;
use crate::source::FileId;
use crate::system::{Seen, System};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The new contents of files.
type Contents = BTreeMap<PathBuf, Vec<u8>>;
/// Files that are left alone, and why.
type Refused = BTreeMap<PathBuf, String>;

/// Why a file is left alone whose fixes have no end.
const RESTLESS: &str = "each fix calls for another one, without end";

/// What is to be done about a plan that was audited.
enum Outcome {
    /// It can stay. With the endpoints that change beside those of the findings.
    Fine(Vec<String>),
    /// It makes something worse without these files.
    Without(Refused),
    /// Nothing is planned, and still the host is not what it was.
    Unsteady,
}

/// Plans the fixes that are selected. The host should stand still meanwhile; where it does not, this ends all the same:
/// every turn but the last refuses at least one more of the files that the first audit saw. Each turn looks at twice as
/// many reasons as the one before, so that ten thousand of them do not make ten thousand turns.
pub(super) fn settle(request: Request<'_>, selection: &Selection, before: Audit) -> Plan {
    let closed = closed(request, &before, selection);
    let twins = Twins::new(request.system, &before.sources);
    let mut refused = closed.clone();
    let mut reasons = 1;
    loop {
        let Converged { contents, after, about, restless } =
            converge(request, Allowed { before: &before, selection, refused: &refused, twins: &twins });
        let outcome = match restless.is_empty() {
            true => outcome([&before, &after], &about, &contents, selection, reasons),
            false => Outcome::Without(restless.into_iter().map(|path| (path, RESTLESS.to_owned())).collect()),
        };
        let (contents, beside, unsteady) = match outcome {
            Outcome::Without(files) => {
                refused.extend(files);
                reasons *= 2;
                continue;
            }
            Outcome::Fine(beside) => (contents, beside, None),
            Outcome::Unsteady => (Contents::new(), Vec::new(), Some(UNSTEADY.to_owned())),
        };
        drop(twins);
        let told = told(refused.clone(), &closed, [&before, &after]);
        let after = explain(after, &refused);
        return Plan { contents, before, after, refused: told, beside, unsteady, seen: Seen::default() };
    }
}

/// Judges a plan by what an audit of it found, looking at that many reasons to refuse files.
fn outcome(
    [before, after]: [&Audit; 2],
    about: &BTreeSet<super::compare::Key>,
    contents: &Contents,
    selection: &Selection,
    reasons: usize,
) -> Outcome {
    let others = beside(before, after, about);
    let mut blames = worse(before, after);
    if blames.is_empty() && selection.level == Level::Safe {
        let unsafe_ = |what: &str| format!("it would also change {what}; --fix-level unsafe allows that");
        blames.extend(others.iter().map(|one| Blame { culprits: vec![one.culprit], why: unsafe_(&one.what) }));
    }
    if blames.is_empty() {
        return Outcome::Fine(others.into_iter().map(|one| one.what).collect());
    }
    match refuse(&blames, [before, after], contents, reasons) {
        files if files.is_empty() => Outcome::Unsteady,
        files => Outcome::Without(files),
    }
}

/// The planned files that the first reasons are about; none where nothing is planned.
fn refuse(blames: &[Blame], audits: [&Audit; 2], contents: &Contents, reasons: usize) -> Refused {
    let mut refused = Refused::new();
    let mut known: BTreeSet<&[Culprit]> = BTreeSet::new();
    let mut taken = 0;
    for Blame { culprits, why } in blames {
        if taken == reasons {
            break;
        }
        if !known.insert(culprits) {
            continue;
        }
        let planned = |culprit: &Culprit| -> Vec<PathBuf> {
            culprit.files(audits).into_iter().filter(|file| contents.contains_key(file)).collect()
        };
        let files = culprits.iter().map(planned).find(|files| !files.is_empty()).unwrap_or_default();
        // What can't be pinned on some files is pinned on all.
        let files = if files.is_empty() { contents.keys().cloned().collect() } else { files };
        let count = refused.len();
        for file in files {
            refused.entry(file).or_insert_with(|| why.clone());
        }
        taken += usize::from(refused.len() > count);
    }
    refused
}

/// The files that are not touched whatever is found in them, each with the reason.
fn closed(request: Request<'_>, before: &Audit, selection: &Selection) -> Refused {
    let mut closed = Refused::new();
    for (_, file) in before.sources.iter() {
        closed.extend(request.system.foreign_link(file.path()).map(|why| (file.path().to_owned(), why)));
    }
    closed.extend(on_the_word_of_others(request.system, before));
    let generated = before.managed.iter().filter(|(_, managed)| managed.fate == Fate::Generated);
    for (path, managed) in generated.filter(|_| !selection.include_managed) {
        closed.insert(path.clone(), format!("{}; or use --include-managed", managed.text()));
    }
    closed
}

/// The files that are read on the word of others alone, and that those can't write: neither do we for them.
fn on_the_word_of_others(system: &dyn System, before: &Audit) -> Refused {
    let all = || before.instances().flat_map(|one| &one.borrowed);
    if all().next().is_none() {
        return Refused::new();
    }
    let loaded = before.instances().filter(|one| one.standing != Standing::NotLoaded);
    let own = loaded.flat_map(|one| one.files.iter().filter(|file| !one.borrowed.contains_key(file)));
    let own: BTreeSet<&FileId> = own.collect();
    let mut refused = Refused::new();
    for (file, borrowed) in all() {
        let path = before.sources.file(*file).path();
        let writers = system.writers(path).unwrap_or_default();
        if !borrowed.by.are_among(&writers) && !own.contains(file) {
            let includer = before.sources.file(borrowed.includer).path().display();
            let who = &borrowed.by;
            let why = format!("{who} can write {includer}, which alone leads to it, and can't write this file");
            refused.insert(path.to_owned(), why);
        }
    }
    refused
}

/// Of the refused files those are worth a word that would have been changed.
fn told(mut refused: Refused, closed: &Refused, audits: [&Audit; 2]) -> Vec<(PathBuf, String)> {
    let mut edited: BTreeSet<PathBuf> = BTreeSet::new();
    for audit in audits {
        let edits = audit.findings.iter().filter_map(|f| f.fix.as_ref()).flat_map(|fix| &fix.edits);
        edited.extend(edits.map(|e| audit.sources.file(e.span.file).path().to_owned()));
    }
    refused.retain(|path, _| !closed.contains_key(path) || edited.contains(path));
    refused.into_iter().collect()
}

/// Fixes that are refused become reasons.
fn explain(mut after: Audit, refused: &Refused) -> Audit {
    for finding in &mut after.findings {
        let edits = finding.fix.iter().flat_map(|fix| &fix.edits);
        // Why, is said once for each file.
        let path = edits.map(|e| after.sources.file(e.span.file).path()).find(|path| refused.contains_key(*path));
        if let Some(path) = path {
            finding.help = Some(format!("{} is left alone", path.display()));
            finding.fix = None;
        }
    }
    after
}
