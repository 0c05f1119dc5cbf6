//! Which endpoints are asked: some of each kind, however many names there are.

use super::super::promise::{Expected, Promise, promises};
use super::super::ways::Ways;
use super::complaints::{Complaint, add};
use crate::engine::Audit;
use crate::host::Sockets;
use crate::instance::{Instance, ServiceId};
use crate::probe::name::Name;
use crate::probe::place::Place;
use crate::system::System;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A server is asked about so many endpoints at most: each costs seven connections, before and twice after.
pub(super) const MOST: usize = 30;

/// An endpoint that is asked.
pub(super) struct Spot {
    /// What the new files promise.
    pub promise: Promise,
    /// What the old files promised.
    pub old: Expected,
}

/// What is asked, and what is not.
pub(super) struct Choice {
    pub spots: Vec<Spot>,
    /// What can't be asked, or is one too many.
    pub left: Vec<Complaint>,
}

/// The versions of an endpoint, for telling kinds apart.
type Kind = (Place, Expected, Expected);

/// Chooses from the endpoints of the instances that change: first one of each kind that the plan changes, then one of
/// each other kind, then more of them, in the order of the configuration. `machine`: this machine, with who listens on it.
pub(super) fn choose(
    before: &Audit,
    after: &Audit,
    touched: &[(ServiceId, PathBuf)],
    machine: (&dyn System, &Sockets),
) -> Choice {
    let is_touched = |service: ServiceId, main: &Path| touched.iter().any(|(s, m)| *s == service && m == main);
    let wanted = |instance: &Instance| is_touched(instance.service, &instance.main);
    let (old, _) = promises(before, &Ways::new(before, machine.1, machine.0), &wanted, false, &[]);
    let old: BTreeMap<(Place, Option<Name>), Expected> =
        old.into_iter().map(|one| ((one.target.place, one.target.name), one.expected)).collect();
    let (new, not) = promises(after, &Ways::new(after, machine.1, machine.0), &wanted, false, &[]);
    let mut left = Vec::new();
    for one in not.into_iter().filter(|one| !one.by_design) {
        add(&mut left, one.what, one.why, Vec::new());
    }
    let mut kinds: BTreeSet<Kind> = BTreeSet::new();
    let mut ranked: Vec<((bool, bool), Spot)> = Vec::new();
    for promise in new.into_iter().filter(|one| is_touched(one.service, &one.main)) {
        // A plan loses no endpoint and brings none; what is refused on purpose before and after gives nothing to see.
        let key = (promise.target.place.clone(), promise.target.name.clone());
        let Some(old) = old.get(&key).copied() else { continue };
        if (old, promise.expected) == (Expected::Nothing, Expected::Nothing) {
            continue;
        }
        let repeats = !kinds.insert((key.0, old, promise.expected));
        ranked.push(((repeats, old == promise.expected), Spot { promise, old }));
    }
    // Stable: within a rank the order stays.
    ranked.sort_by_key(|(rank, _)| *rank);
    let spots: Vec<Spot> = ranked.into_iter().map(|(_, spot)| spot).collect();
    let (spots, more) = cut(spots);
    if more > 0 {
        let what = format!("{more} more endpoints: {MOST} are asked, of each kind one first");
        left.push(Complaint { what, at: Vec::new(), notes: Vec::new() });
    }
    Choice { spots, left }
}

fn cut(mut spots: Vec<Spot>) -> (Vec<Spot>, usize) {
    let more = spots.len().saturating_sub(MOST);
    spots.truncate(MOST);
    (spots, more)
}
