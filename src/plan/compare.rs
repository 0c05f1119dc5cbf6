//! What a plan does to endpoints: what is worse, and what changes beside the findings.

use crate::endpoint::{Answer, Endpoint, Role, Speaks, Transport};
use crate::engine::Audit;
use crate::finding::{Finding, Verdict};
use crate::instance::Instance;
use crate::tls::VersionSet;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What identifies an endpoint across a change.
pub(super) type Key = (String, Role, String, Transport, Option<String>);

/// An endpoint of an audit.
pub(super) struct Seen<'a> {
    verdict: Verdict,
    /// The versions that it may keep.
    kept: VersionSet,
    instance: &'a Instance,
    endpoint: &'a Endpoint,
}

fn key(instance: &Instance, endpoint: &Endpoint) -> Key {
    let name = endpoint.name.as_deref().map(str::to_owned);
    let main = instance.main.display().to_string();
    (main, endpoint.role, endpoint.address.to_string(), endpoint.transport, name)
}

pub(super) fn endpoints(audit: &Audit) -> BTreeMap<Key, Seen<'_>> {
    let mut all = BTreeMap::new();
    for ((instance, verdicts), kept) in audit.instances().zip(&audit.verdicts).zip(&audit.kept) {
        for ((endpoint, verdict), kept) in instance.endpoints.iter().zip(verdicts).zip(kept) {
            all.insert(key(instance, endpoint), Seen { verdict: *verdict, kept: *kept, instance, endpoint });
        }
    }
    all
}

/// The endpoints that a finding is about.
pub(super) fn keys(audit: &Audit, finding: &Finding) -> Vec<Key> {
    let Some(instance) = audit.instance_of(finding) else { return Vec::new() };
    finding.endpoints.iter().filter_map(|at| instance.endpoints.get(*at)).map(|one| key(instance, one)).collect()
}

/// An endpoint that no mended finding is about, and whose versions change all the same.
pub(super) struct Beside {
    /// Which, and how.
    pub(super) what: String,
    /// The files that decide its versions.
    pub(super) files: Vec<PathBuf>,
}

/// The endpoints that change beside those of the findings.
pub(super) fn beside(before: &Audit, after: &Audit, about: &BTreeSet<Key>) -> Vec<Beside> {
    let now = endpoints(after);
    let mut found = Vec::new();
    for (key, seen) in endpoints(before) {
        let Some(new) = now.get(&key).filter(|_| !about.contains(&key)) else { continue };
        let (old, new) = (&seen.endpoint.answer, &new.endpoint.answer);
        if old.configured.value == new.configured.value && old.offered() == new.offered() {
            continue;
        }
        // Who is given no version at all is not given another one.
        let silent = |answer: &Answer| answer.refuses || answer.speaks != Speaks::Tls;
        if silent(old) && silent(new) {
            continue;
        }
        let (from, to) = match old.offered() == new.offered() {
            true => (old.configured.value, new.configured.value),
            false => (old.offered(), new.offered()),
        };
        let decided = old.deciders.iter().map(|id| before.sources.file(seen.instance.setting(*id).value.file).path());
        let files: Vec<PathBuf> = decided.map(ToOwned::to_owned).collect();
        found.push(Beside {
            what: format!("{} ({}): {from} -> {to}", place(&key), seen.instance.service),
            files: if files.is_empty() { files_of(seen.instance, before) } else { files },
        });
    }
    found
}

fn place(key: &Key) -> String {
    key.4.as_deref().map_or_else(|| key.2.clone(), |name| format!("{name} at {}", key.2))
}

fn files_of(instance: &Instance, audit: &Audit) -> Vec<PathBuf> {
    instance.files.iter().map(|f| audit.sources.file(*f).path().to_owned()).collect()
}

/// What is worse after the change: the files of the instance to blame, and why. A plan must not lose an endpoint, nor
/// leave one without a version, nor turn a compliant one into another, nor take a version from one that may keep it, nor
/// bring a new problem.
pub(super) fn worse(before: &Audit, after: &Audit) -> Option<(Vec<PathBuf>, String)> {
    let now = endpoints(after);
    for (key, seen) in endpoints(before) {
        let what = place(&key);
        let blame = |why: String| Some((files_of(seen.instance, before), why));
        let empty = |seen: &Seen<'_>| seen.endpoint.answer.offered().is_empty();
        let Some(new) = now.get(&key) else { return blame(format!("{what} would be gone")) };
        let lost = seen.kept.minus(new.endpoint.answer.configured.value);
        if empty(new) && !empty(&seen) {
            return blame(format!("{what} would have no version left"));
        } else if seen.verdict == Verdict::Compliant && new.verdict != Verdict::Compliant {
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
