//! Demands that nothing can meet.

use super::demand::{Changes, Demand, Said};
use super::error::Complaint;
use super::scope::{NamePattern, Scope};
use crate::tls::VersionSet;
use std::collections::HashMap;

/// So many contradictions are looked for.
const MOST: usize = 1000;
/// And in so many pairs of overrides: seconds. It is a courtesy, since what counts is said anyway.
const MOST_PAIRS: usize = 20_000_000;

/// An override, of which something else may be wrong.
pub(super) struct Part {
    /// Its line, from 1.
    pub(super) line: u32,
    /// What it is about; none where that can't be told.
    pub(super) scope: Option<Scope>,
    /// What it says, as far as that can be read.
    pub(super) changes: Changes,
}

/// Complains about them. `base` is what the policy stands on, and `own` are the keys that it has itself.
pub(super) fn find(base: &Demand, own: &Changes, parts: &[Part]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut demand = base.clone();
    own.apply(&mut demand);
    let demand = &demand;
    both(&demand.forbidden_by, demand.forbid, &demand.required_by, demand.require, "require", &mut complaints);
    recommended(own, base, &mut complaints);
    all(own, &mut complaints);
    let mut later = Later::new(parts);
    for (at, part) in parts.iter().enumerate() {
        let changes = &part.changes;
        all(changes, &mut complaints);
        recommended(changes, demand, &mut complaints);
        // What the override does not say is said by the policy.
        let (forbid, forbidden_by) = said(changes.forbid.as_ref()).unwrap_or((demand.forbid, &demand.forbidden_by));
        let (require, required_by) = said(changes.require.as_ref()).unwrap_or((demand.require, &demand.required_by));
        if changes.forbid.is_some() || changes.require.is_some() {
            both(forbidden_by, forbid, required_by, require, "require", &mut complaints);
        }
        // Pairs are many: whoever has more than a list can show sees the rest once these are mended.
        if complaints.len() > MOST {
            break;
        }
        later.of(at, parts, |later| {
            // An earlier recommendation gives way to what is forbidden later.
            let pairs = [
                (&changes.forbid, &later.changes.require, later.changes.forbid.is_none(), "require"),
                (&later.changes.forbid, &changes.require, later.changes.require.is_none(), "require"),
                (&changes.forbid, &later.changes.recommend, later.changes.forbid.is_none(), "recommend"),
            ];
            for (forbid, want, leaves, key) in pairs {
                let Some((forbid, want)) = said(forbid.as_ref()).zip(said(want.as_ref())).filter(|_| leaves) else {
                    continue;
                };
                let scopes = part.scope.as_ref().zip(later.scope.as_ref());
                if scopes.is_some_and(|(one, other)| !one.is_apart(other)) {
                    let before = complaints.len();
                    both(forbid.1, forbid.0, want.1, want.0, key, &mut complaints);
                    let help = "an endpoint may fit both overrides; give the later one both keys, or tell them apart";
                    complaints[before..].iter_mut().for_each(|c| c.help = Some(help.to_owned()));
                }
            }
            complaints.len() <= MOST
        });
    }
    complaints
}

/// The overrides that say one thing and leave the other to those before them, by what they say and by their names. Two
/// that may fit the same endpoint can contradict each other: the later one counts, as far as it says something.
struct Later {
    /// Those that require, those that forbid, and those that recommend, each without the key that they could contradict.
    tables: [Table; 3],
    /// How many pairs may still be looked at.
    left: usize,
}

#[derive(Default)]
struct Table {
    all: Vec<usize>,
    named: HashMap<NamePattern, Vec<usize>>,
    /// Those that may have any name.
    unnamed: Vec<usize>,
}

impl Table {
    fn add(&mut self, at: usize, part: &Part) {
        self.all.push(at);
        match part.scope.as_ref().and_then(Scope::exact_names) {
            Some(names) => {
                for name in names {
                    self.named.entry(name.clone()).or_default().push(at);
                }
            }
            None => self.unnamed.push(at),
        }
    }
}

impl Later {
    fn new(parts: &[Part]) -> Later {
        let mut tables = <[Table; 3]>::default();
        for (at, part) in parts.iter().enumerate() {
            let Changes { forbid, require, recommend, .. } = &part.changes;
            let leaves = [
                forbid.is_none() && require.is_some(),
                forbid.is_some() && require.is_none(),
                forbid.is_none() && recommend.is_some(),
            ];
            for (table, _) in tables.iter_mut().zip(leaves).filter(|(_, leaves)| *leaves) {
                table.add(at, part);
            }
        }
        Later { tables, left: MOST_PAIRS }
    }

    /// Gives the overrides after the one at `at` to `look`, in their order, that may contradict it, until that has seen
    /// enough.
    fn of<'p>(&mut self, at: usize, parts: &'p [Part], mut look: impl FnMut(&'p Part) -> bool) {
        if self.left == 0 {
            return;
        }
        let Part { scope, changes, .. } = &parts[at];
        let names = scope.as_ref().and_then(Scope::exact_names);
        let forbids = changes.forbid.is_some();
        let mut found: Vec<usize> = Vec::new();
        for (table, says) in self.tables.iter().zip([forbids, changes.require.is_some(), forbids]) {
            let after = |list: &[usize]| list[list.partition_point(|other| *other <= at)..].to_vec();
            match names {
                _ if !says => {}
                None => found.extend(after(&table.all)),
                Some(names) => {
                    found.extend(after(&table.unnamed));
                    found.extend(names.iter().filter_map(|name| table.named.get(name)).flat_map(|list| after(list)));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        for other in found {
            let Some(left) = self.left.checked_sub(1) else { return };
            self.left = left;
            if !look(&parts[other]) {
                return;
            }
        }
    }
}

fn said(key: Option<&(VersionSet, Said)>) -> Option<(VersionSet, &Said)> {
    key.map(|(versions, said)| (*versions, said))
}

/// What one and the same text both forbids and recommends, or requires and recommends. Of what it stands on, its own
/// demands take away what was recommended.
fn recommended(own: &Changes, base: &Demand, complaints: &mut Vec<Complaint>) {
    let Some((versions, recommended_by)) = said(own.recommend.as_ref()) else { return };
    let (forbid, forbidden_by) = said(own.forbid.as_ref()).unwrap_or((base.forbid, &base.forbidden_by));
    both(forbidden_by, forbid, recommended_by, versions, "recommend", complaints);
}

/// Complains about each version that is in both lists, at the list that the file has; where it has both, at the later.
fn both(
    forbidden_by: &Said,
    forbid: VersionSet,
    wanted_by: &Said,
    want: VersionSet,
    key: &str,
    complaints: &mut Vec<Complaint>,
) {
    let wanted = if key == "require" { "required" } else { "recommended" };
    for version in forbid.and(want).iter() {
        let forbidden_here = match (forbidden_by.in_file(), wanted_by.in_file()) {
            (true, false) => true,
            (false, true) => false,
            _ => forbidden_by.list.range.start > wanted_by.list.range.start,
        };
        let (here, other, message) = match forbidden_here {
            true => (forbidden_by, wanted_by, format!("is forbidden here, and {wanted}")),
            false => (wanted_by, forbidden_by, format!("is {wanted} here, and forbidden")),
        };
        let range = here.word(version).unwrap_or(&here.list).range.clone();
        let by = match other.word(version).filter(|_| other.in_file()) {
            Some(place) => format!("in line {}", place.line),
            None => format!("by {other}"),
        };
        let mut complaint = Complaint::new(format!("{version} {message} {by}"), range);
        if !other.in_file() {
            let key = if forbidden_here { key } else { "forbid" };
            complaint = complaint.help(format!("say what you want with a key `{key}` as well"));
        }
        // Several overrides can stand against one and the same list.
        if !complaints.iter().any(|c| c.message == complaint.message && c.range == complaint.range) {
            complaints.push(complaint);
        }
    }
}

fn all(changes: &Changes, complaints: &mut Vec<Complaint>) {
    let Some((versions, said)) = said(changes.forbid.as_ref()) else { return };
    if VersionSet::TLS.is_subset(versions) {
        complaints.push(Complaint::new("this forbids every version of TLS", said.list.range.clone()));
    }
}
