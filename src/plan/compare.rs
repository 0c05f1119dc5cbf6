//! What a plan does to endpoints: what is worse, and what changes beside the findings.

use crate::endpoint::{Address, Answer, Endpoint, Role, SettingId, Speaks, Transport};
use crate::engine::Audit;
use crate::finding::{Finding, Verdict};
use crate::instance::Instance;
use crate::tls::VersionSet;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What identifies an endpoint across a change: its instance, role, address, transport and name, and of several places that
/// connect to one address the number of the place.
pub(super) type Key = (String, Role, String, Transport, Option<String>, usize);

/// An endpoint of an audit.
struct Seen<'a> {
    verdict: Verdict,
    /// The versions that it may keep.
    kept: VersionSet,
    /// Its instance by number.
    number: usize,
    instance: &'a Instance,
    endpoint: &'a Endpoint,
    /// Its number in the instance.
    at: usize,
}

/// Who is to blame. Thousands of endpoints may have the same files, so those are looked up by who needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Culprit {
    /// All files of an instance, by number.
    Instance(usize),
    /// The files that decide the versions of an endpoint, by instance and number.
    Endpoint(usize, usize),
    /// The same after the change. What decides nothing before it may be what makes it worse.
    Changed(usize, usize),
    /// Nobody knows.
    Unknown,
}

impl Culprit {
    /// The files, by their names in the audits before and after.
    pub(super) fn files(self, [before, after]: [&Audit; 2]) -> Vec<PathBuf> {
        match self {
            Culprit::Unknown => Vec::new(),
            Culprit::Instance(number) => {
                let files = before.resolved.get(number).map(|one| &one.instance().files);
                files.into_iter().flatten().map(|file| before.sources.file(*file).path().to_owned()).collect()
            }
            Culprit::Endpoint(number, at) => deciding(before, number, at),
            Culprit::Changed(number, at) => deciding(after, number, at),
        }
    }
}

/// The files whose lines decide the versions of an endpoint.
fn deciding(audit: &Audit, number: usize, at: usize) -> Vec<PathBuf> {
    let Some(instance) = audit.resolved.get(number).map(|one| one.instance()) else { return Vec::new() };
    let deciders = instance.endpoints.get(at).map_or(&[][..], |endpoint| &endpoint.answer.deciders);
    let file = |id: &SettingId| instance.setting(*id).value.file;
    deciders.iter().map(|id| audit.sources.file(file(id)).path().to_owned()).collect()
}

/// A reason to leave files alone.
pub(super) struct Blame {
    /// Whose files; of several the first one that has planned files.
    pub(super) culprits: Vec<Culprit>,
    pub(super) why: String,
}

/// The keys of the endpoints of an instance, in their order.
fn keys_of(instance: &Instance) -> Vec<Key> {
    let main = instance.main.display().to_string();
    let mut known: BTreeMap<(Role, &Address, Transport, Option<&str>), usize> = BTreeMap::new();
    let key = |endpoint: &'_ Endpoint, number: usize| {
        let name = endpoint.name.as_deref().map(str::to_owned);
        (main.clone(), endpoint.role, endpoint.address.to_string(), endpoint.transport, name, number)
    };
    let mut keys = Vec::with_capacity(instance.endpoints.len());
    for endpoint in &instance.endpoints {
        let same = (endpoint.role, &*endpoint.address, endpoint.transport, endpoint.name.as_deref());
        let count = known.entry(same).or_default();
        keys.push(key(endpoint, *count));
        *count += 1;
    }
    keys
}

fn endpoints(audit: &Audit) -> BTreeMap<Key, Seen<'_>> {
    let mut all = BTreeMap::new();
    for (number, ((instance, verdicts), kept)) in audit.instances().zip(&audit.verdicts).zip(&audit.kept).enumerate() {
        let judged = instance.endpoints.iter().zip(verdicts).zip(kept).enumerate();
        for ((at, ((endpoint, verdict), kept)), key) in judged.zip(keys_of(instance)) {
            all.insert(key, Seen { verdict: *verdict, kept: *kept, number, instance, endpoint, at });
        }
    }
    all
}

/// The endpoints that findings are about. The keys of an instance are made once.
#[derive(Default)]
pub(super) struct Keys(BTreeMap<usize, Vec<Key>>);

impl Keys {
    /// Those of a finding of the audit.
    pub(super) fn of(&mut self, audit: &Audit, finding: &Finding) -> Vec<Key> {
        let (Some(number), Some(instance)) = (finding.instance, audit.instance_of(finding)) else { return Vec::new() };
        let keys = self.0.entry(number).or_insert_with(|| keys_of(instance));
        finding.endpoints.iter().filter_map(|at| keys.get(*at)).cloned().collect()
    }
}

/// An endpoint that no mended finding is about, and whose versions change all the same.
pub(super) struct Beside {
    /// Which, and how.
    pub(super) what: String,
    /// Who decides its versions.
    pub(super) culprit: Culprit,
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
        found.push(Beside {
            what: format!("{} ({}): {from} -> {to}", place(&key), seen.instance.service),
            culprit: match old.deciders.is_empty() {
                true => Culprit::Instance(seen.number),
                false => Culprit::Endpoint(seen.number, seen.at),
            },
        });
    }
    found
}

fn place(key: &Key) -> String {
    key.4.as_deref().map_or_else(|| key.2.clone(), |name| format!("{name} at {}", key.2))
}

/// What is worse after the change, and who is to blame. A plan must not lose an endpoint, nor leave one without a version,
/// nor turn a compliant one into another, nor take a version from one that may keep it, nor bring a new problem.
pub(super) fn worse(before: &Audit, after: &Audit) -> Vec<Blame> {
    let now = endpoints(after);
    let mut found = Vec::new();
    for (key, seen) in endpoints(before) {
        if let Some(why) = worse_endpoint(&place(&key), &seen, now.get(&key)) {
            let new = now.get(&key).map(|new| Culprit::Changed(new.number, new.at));
            found.push(Blame { culprits: new.into_iter().chain([Culprit::Instance(seen.number)]).collect(), why });
        }
    }
    if found.is_empty() {
        found.extend(new_problem(before, after));
    }
    found
}

fn worse_endpoint(what: &str, seen: &Seen<'_>, new: Option<&Seen<'_>>) -> Option<String> {
    let empty = |seen: &Seen<'_>| seen.endpoint.answer.offered().is_empty();
    let Some(new) = new else { return Some(format!("{what} would be gone")) };
    let lost = seen.kept.minus(new.endpoint.answer.configured.value);
    if empty(new) && !empty(seen) {
        Some(format!("{what} would have no version left"))
    } else if seen.verdict == Verdict::Compliant && new.verdict != Verdict::Compliant {
        Some(format!("{what} is compliant and would be {}", new.verdict))
    } else if !lost.is_empty() {
        Some(format!("{what} would lose {}, which it may keep", lost.listed()))
    } else {
        None
    }
}

fn new_problem(before: &Audit, after: &Audit) -> Option<Blame> {
    let messages = |audit: &Audit| -> BTreeMap<String, usize> {
        let mut count = BTreeMap::new();
        for problem in audit.all_problems() {
            *count.entry(problem.message.clone()).or_default() += 1;
        }
        count
    };
    let old = messages(before);
    let new = messages(after).into_iter().find(|(message, count)| old.get(message).is_none_or(|c| c < count));
    new.map(|(message, _)| Blame {
        culprits: vec![Culprit::Unknown],
        why: format!("it would bring a new problem: {message}"),
    })
}
