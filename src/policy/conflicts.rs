//! Demands that nothing can meet.

use super::demand::{Changes, Demand, Said};
use super::error::Complaint;
use super::scope::Scope;
use crate::tls::VersionSet;

/// So many contradictions are looked for.
const MOST: usize = 1000;

/// An override, of which something else may be wrong.
pub(super) struct Part {
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
        // Two overrides that may fit the same endpoint: the later one counts, as far as it says something.
        for later in &parts[at + 1..] {
            let pairs = [
                said(changes.forbid.as_ref())
                    .zip(said(later.changes.require.as_ref()))
                    .filter(|_| later.changes.forbid.is_none()),
                said(later.changes.forbid.as_ref())
                    .zip(said(changes.require.as_ref()))
                    .filter(|_| later.changes.require.is_none()),
            ];
            for ((forbid, forbidden_by), (require, required_by)) in pairs.into_iter().flatten() {
                let scopes = part.scope.as_ref().zip(later.scope.as_ref());
                if scopes.is_some_and(|(one, other)| !one.is_apart(other)) {
                    let before = complaints.len();
                    both(forbidden_by, forbid, required_by, require, "require", &mut complaints);
                    let help = "an endpoint may fit both overrides; give the later one both keys, or tell them apart";
                    complaints[before..].iter_mut().for_each(|c| c.help = Some(help.to_owned()));
                }
            }
        }
    }
    complaints
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
