//! What follows from the findings: all edits of all files, checked in memory before anybody sees them.

mod diff;
mod splice;

pub use diff::unified;
pub use splice::splice;

use crate::edit::{Applicability, Edit};
use crate::engine::{self, Audit, Request};
use crate::finding::{Finding, Verdict};
use crate::instance::Instance;
use crate::source::SourceMap;
use crate::system::Overlay;
use crate::tls::VersionSet;
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
}

/// Plans all safe fixes until nothing is left to fix, and refuses what makes anything worse.
pub fn plan(request: Request<'_>) -> Plan {
    let before = engine::audit(request);
    let mut refused: BTreeMap<PathBuf, String> = BTreeMap::new();
    loop {
        let (contents, after) = converge(request, &before, &refused);
        match worse(&before, &after) {
            None => {
                return Plan {
                    contents,
                    before,
                    after: explain(after, &refused),
                    refused: refused.into_iter().collect(),
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

/// Applies fixes in memory, audits again, and so on until nothing changes.
fn converge(
    request: Request<'_>,
    before: &Audit,
    refused: &BTreeMap<PathBuf, String>,
) -> (BTreeMap<PathBuf, Vec<u8>>, Audit) {
    let mut contents: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    apply(&before.findings, &before.sources, refused, &mut contents);
    for _ in 1..MOST_ROUNDS {
        let overlay = Overlay::new(request.system, &contents);
        let audit = engine::audit(Request { system: &overlay, ..request });
        let mut next = contents.clone();
        if !apply(&audit.findings, &audit.sources, refused, &mut next) {
            return (contents, audit);
        }
        contents = next;
    }
    let overlay = Overlay::new(request.system, &contents);
    let audit = engine::audit(Request { system: &overlay, ..request });
    (contents, audit)
}

/// Takes the fixes of findings that count over into the contents; each fix as a whole or not at all. False: nothing
/// changed.
fn apply(
    findings: &[Finding],
    sources: &SourceMap,
    refused: &BTreeMap<PathBuf, String>,
    contents: &mut BTreeMap<PathBuf, Vec<u8>>,
) -> bool {
    let mut taken: BTreeSet<Edit> = BTreeSet::new();
    for fix in findings.iter().filter(|f| f.is_open()).filter_map(|f| f.fix.as_ref()) {
        let allowed = |edit: &Edit| !refused.contains_key(sources.file(edit.span.file).path());
        // Another finding may have asked for the same; what overlaps with other edits waits for the next round.
        let fits = |edit: &Edit| taken.contains(edit) || !taken.iter().any(|other| splice::overlap(edit, other));
        if fix.applicability == Applicability::Safe && fix.edits.iter().all(|e| allowed(e) && fits(e)) {
            taken.extend(fix.edits.iter().cloned());
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

/// What identifies an endpoint across a change.
type Key = (String, crate::endpoint::Role, String, crate::endpoint::Transport, Option<String>);

/// What is said of an endpoint.
struct State<'a> {
    verdict: Verdict,
    offered: VersionSet,
    configured: VersionSet,
    kept: VersionSet,
    instance: &'a Instance,
}

fn endpoints(audit: &Audit) -> BTreeMap<Key, State<'_>> {
    let mut all = BTreeMap::new();
    for ((instance, verdicts), kept) in audit.instances().zip(&audit.verdicts).zip(&audit.kept) {
        for ((endpoint, verdict), kept) in instance.endpoints.iter().zip(verdicts).zip(kept) {
            let name = endpoint.name.as_deref().map(str::to_owned);
            let main = instance.main.display().to_string();
            let key = (main, endpoint.role, endpoint.address.to_string(), endpoint.transport, name);
            let (offered, configured) = (endpoint.answer.offered(), endpoint.answer.configured.value);
            all.insert(key, State { verdict: *verdict, offered, configured, kept: *kept, instance });
        }
    }
    all
}

/// What is worse after the change: the files of the instance to blame, and why. A plan must not lose an endpoint, nor
/// leave one without a version, nor turn a compliant one into another, nor take a version from one that may keep it, nor
/// bring a new problem.
fn worse(before: &Audit, after: &Audit) -> Option<(Vec<PathBuf>, String)> {
    let files = |instance: &Instance, audit: &Audit| -> Vec<PathBuf> {
        instance.files.iter().map(|f| audit.sources.file(*f).path().to_owned()).collect()
    };
    let now = endpoints(after);
    for (key, old) in endpoints(before) {
        let what = key.4.as_deref().map_or_else(|| key.2.clone(), |name| format!("{name} at {}", key.2));
        let blame = |why: String| Some((files(old.instance, before), why));
        let Some(new) = now.get(&key) else { return blame(format!("{what} would be gone")) };
        let lost = old.kept.minus(new.configured);
        if new.offered.is_empty() && !old.offered.is_empty() {
            return blame(format!("{what} would have no version left"));
        } else if old.verdict == Verdict::Compliant && new.verdict != Verdict::Compliant {
            return blame(format!("{what} is compliant and would be {}", new.verdict));
        } else if !lost.is_empty() {
            return blame(format!("{what} would lose {}, which it may keep", lost.listed()));
        }
    }
    let messages = |audit: &Audit| -> BTreeMap<String, usize> {
        let mut count = BTreeMap::new();
        for problem in audit.all_problems() {
            *count.entry(problem.message.clone()).or_default() += 1;
        }
        count
    };
    let old = messages(before);
    let new = messages(after).into_iter().find(|(message, count)| old.get(message).is_none_or(|c| c < count));
    new.map(|(message, _)| (Vec::new(), format!("it would bring a new problem: {message}")))
}
