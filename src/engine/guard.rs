//! What one endpoint asks for must not harm another that the same line decides: one for which the policy allows the
//! version that is to go, or for which somebody waived it.

use crate::catalog::{FORBIDDEN_VERSION, MISSING_VERSION};
use crate::edit::Change;
use crate::endpoint::{Address, Endpoint, ReasonKind, Role, SettingId, Speaks};
use crate::finding::Finding;
use crate::instance::Instance;
use crate::rules::{Subject, covering, told_apart};
use crate::tls::VersionSet;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

/// So many names of one block are told.
const MOST_NAMES: usize = 5;

/// What changes mean for all endpoints of an instance.
pub(super) struct Guard<'a> {
    subject: Subject<'a>,
    /// What each endpoint must keep and must not be given.
    limits: OnceCell<Vec<Limits>>,
    /// The endpoints that each setting decides, by kind.
    decided: OnceCell<Vec<Vec<Kind>>>,
    /// Those of each role that no setting decides.
    bare: OnceCell<BTreeMap<Role, Vec<Kind>>>,
}

/// Endpoints to which a change does the same: a hundred thousand findings about a line that decides for as many
/// endpoints look at a few kinds each. In the order of their first endpoints.
struct Kind {
    configured: VersionSet,
    limits: Limits,
    /// The first endpoint of that kind.
    first: usize,
}

/// A change as it may be made.
pub(super) struct Guarded {
    /// The change.
    pub(super) change: Change,
    /// Set where what the finding is about would do harm.
    pub(super) harm: Option<Harm>,
    /// The change does the harm; otherwise it does without, and ends a part of the finding only.
    pub(super) is_harmful: bool,
}

/// Harm to another endpoint.
pub(super) struct Harm {
    /// What, and to which endpoint: `take TLSv1 away from 192.0.2.1:443`.
    does: String,
    /// What can be done about it.
    way: Way,
}

/// What a person can do where a change would harm another endpoint. Of several, the last one of these is right: the others
/// would not help.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// A line for each.
    LineOfItsOwn,
    /// No line can tell them apart: these names belong together in the policy.
    NameBoth(String),
    /// No line decides yet.
    WriteOne,
}

impl Harm {
    /// All that the changes of one finding would do, with one thing to be done about it.
    pub(super) fn told(harms: &[Harm]) -> Option<String> {
        let way = harms.iter().map(|harm| &harm.way).max()?;
        let mut does: Vec<&str> = Vec::new();
        for harm in harms {
            if !does.contains(&&*harm.does) {
                does.push(&harm.does);
            }
        }
        let does = does.join(", and ");
        Some(match way {
            Way::WriteOne => format!(
                "no line decides yet, and one that complies would {does}, where a waiver says otherwise; write a line with \
                 the versions that are to stay, and the waiver for it"
            ),
            Way::NameBoth(names) => format!(
                "one line is for several endpoints: this would {does}, where the policy or a waiver says otherwise; one \
                 server block answers for both: name both in the policy, as `server-name: {names}`"
            ),
            Way::LineOfItsOwn => format!(
                "one line is for several endpoints: this would {does}, where the policy or a waiver says otherwise; give \
                 one of them a line of its own"
            ),
        })
    }
}

/// Versions that an endpoint must keep, and versions that it must not be given.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Limits {
    keep: VersionSet,
    keep_out: VersionSet,
}

impl<'a> Guard<'a> {
    pub(super) fn new(subject: Subject<'a>) -> Guard<'a> {
        Guard { subject, limits: OnceCell::new(), decided: OnceCell::new(), bare: OnceCell::new() }
    }

    /// Takes from a change what would do harm. Where all endpoints have the same demand and nothing is waived, nothing
    /// can.
    pub(super) fn check(&self, finding: &Finding, change: &Change) -> Guarded {
        if !finding.is_open() || self.subject.demands.is_uniform() && self.subject.waivers.is_empty() {
            return Guarded { change: change.clone(), harm: None, is_harmful: false };
        }
        let (mut keep, mut keep_out) = (VersionSet::EMPTY, VersionSet::EMPTY);
        // The first endpoint that what the finding is about would harm, and what that would do to it.
        let mut harm: Option<Harm> = None;
        // What is written down for the first time is written whole or not at all: a line that names versions which the
        // policy forbids is no gain.
        let about = match change {
            Change::Adjust { .. } => finding.versions,
            Change::Declare { .. } => VersionSet::ALL,
        };
        let given = self.given(change);
        for Kind { configured, limits, first: endpoint } in self.affected(change) {
            let (removed, added) = effect(change, given, *configured);
            let (lost, unwanted) = (removed.and(limits.keep), added.and(limits.keep_out));
            (keep, keep_out) = (keep.union(lost), keep_out.union(unwanted));
            if harm.is_none() && !lost.union(unwanted).and(about).is_empty() {
                // Where no line decides, a line for the finding's own endpoints says all of their versions, those too
                // that a waiver keeps.
                let own = matches!(change, Change::Declare { .. }) && finding.endpoints.contains(endpoint);
                harm = Some(self.harm(finding, *endpoint, own, [lost.and(about), unwanted.and(about)]));
            }
        }
        // Where all that the finding is about does harm, it is shown, and what only comes with it is left out.
        let whole = matches!(change, Change::Declare { .. }) || about.minus(keep.union(keep_out)).is_empty();
        let is_harmful = whole && harm.is_some();
        let change = match is_harmful {
            true => reduce(change, keep.minus(about), keep_out.minus(about)),
            false => reduce(change, keep, keep_out),
        };
        Guarded { change, harm, is_harmful }
    }

    /// The versions that each endpoint must keep whatever is mended: those that its own demand allows, and those that
    /// are waived. None where all endpoints have the same demand and nothing is waived.
    pub(super) fn kept(&self) -> Vec<VersionSet> {
        let endpoints = 0..self.instance().endpoints.len();
        match self.subject.demands.is_uniform() && self.subject.waivers.is_empty() {
            true => endpoints.map(|_| VersionSet::EMPTY).collect(),
            false => self.all_limits().iter().map(|limits| limits.keep).collect(),
        }
    }

    fn instance(&self) -> &'a Instance {
        self.subject.instance
    }

    /// What the changed line gives now.
    fn given(&self, change: &Change) -> VersionSet {
        match change {
            Change::Adjust { setting, .. } => self.instance().setting(*setting).versions,
            Change::Declare { .. } => VersionSet::EMPTY,
        }
    }

    /// The endpoints that a change reaches.
    fn affected(&self, change: &Change) -> &[Kind] {
        let endpoints = &self.instance().endpoints;
        match change {
            Change::Adjust { setting: SettingId(id), .. } => {
                let decided = self.decided.get_or_init(|| {
                    let mut decided: Vec<Vec<Kind>> = self.instance().settings.iter().map(|_| Vec::new()).collect();
                    for (at, endpoint) in endpoints.iter().enumerate() {
                        for SettingId(id) in &endpoint.answer.deciders {
                            self.add(&mut decided[*id as usize], at);
                        }
                    }
                    decided
                });
                decided.get(*id as usize).map_or(&[], Vec::as_slice)
            }
            // It is written where it counts for all that have none.
            Change::Declare { endpoint, .. } => {
                let role = endpoints.get(*endpoint).map_or(Role::Listener, |e| e.role);
                let bare = self.bare.get_or_init(|| {
                    let mut bare: BTreeMap<Role, Vec<Kind>> = BTreeMap::new();
                    let is_bare = |e: &Endpoint| e.answer.deciders.is_empty() && e.answer.speaks == Speaks::Tls;
                    for (at, endpoint) in endpoints.iter().enumerate().filter(|(_, endpoint)| is_bare(endpoint)) {
                        self.add(bare.entry(endpoint.role).or_default(), at);
                    }
                    bare
                });
                bare.get(&role).map_or(&[], Vec::as_slice)
            }
        }
    }

    /// Adds an endpoint to the kinds, unless it is of a known one.
    fn add(&self, kinds: &mut Vec<Kind>, at: usize) {
        let configured = self.instance().endpoints[at].answer.configured.value;
        let limits = self.all_limits()[at];
        if !kinds.iter().any(|kind| kind.configured == configured && kind.limits == limits) {
            kinds.push(Kind { configured, limits, first: at });
        }
    }

    fn all_limits(&self) -> &[Limits] {
        self.limits.get_or_init(|| (0..self.instance().endpoints.len()).map(|at| self.limits(at)).collect())
    }

    fn limits(&self, at: usize) -> Limits {
        let Subject { instance, demands, waivers, .. } = self.subject;
        let (endpoint, demand) = (&instance.endpoints[at], demands.of_endpoint(at));
        let configured = endpoint.answer.configured.value;
        let mut limits = Limits { keep: configured.minus(demand.forbid), keep_out: demand.forbid };
        let waived = |rule, versions: VersionSet| covering(self.subject, rule, at, versions).is_covered();
        if waivers.is_empty() {
            return limits;
        }
        for forbidden in told_apart(self.subject, at) {
            if waived(FORBIDDEN_VERSION, forbidden) {
                limits.keep = limits.keep.union(forbidden);
                limits.keep_out = limits.keep_out.minus(forbidden);
            }
        }
        let missing = demand.require.minus(endpoint.answer.offered());
        if !missing.is_empty() && waived(MISSING_VERSION, missing) {
            limits.keep_out = limits.keep_out.union(missing);
        }
        limits
    }

    fn harm(&self, finding: &Finding, at: usize, own: bool, [keep, keep_out]: [VersionSet; 2]) -> Harm {
        let endpoint = &self.instance().endpoints[at];
        let address = match &*endpoint.address {
            Address::Remote(text) => format!("-> {text}"),
            address => address.to_string(),
        };
        let what = endpoint.name.as_deref().map_or(address.clone(), |name| format!("{name} at {address}"));
        let does = match (keep.is_empty(), keep_out.is_empty()) {
            (false, _) => format!("take {} away from {what}", keep.listed()),
            (true, _) => format!("give {} to {what}", keep_out.listed()),
        };
        let way = match self.same_server(finding, at) {
            _ if own => Way::WriteOne,
            Some(names) => Way::NameBoth(names),
            None => Way::LineOfItsOwn,
        };
        Harm { does, way }
    }

    /// The names for a policy where the endpoints of a finding and another one differ by nothing but the name that the client
    /// sends, and one block answers: no line can tell them apart.
    fn same_server(&self, finding: &Finding, at: usize) -> Option<String> {
        let endpoints = &self.instance().endpoints;
        let other = &endpoints[at];
        let block = |endpoint: &Endpoint| {
            let because = endpoint.answer.configured.because.iter();
            because.filter(|reason| reason.kind == ReasonKind::Server).filter_map(|reason| reason.span).next_back()
        };
        let is_same = |one: &&Endpoint| {
            (one.role, &one.address, one.transport) == (other.role, &other.address, other.transport)
                && block(one).is_some()
                && block(one) == block(other)
        };
        let own: Vec<&Endpoint> = finding.endpoints.iter().filter_map(|at| endpoints.get(*at)).collect();
        if own.is_empty() || other.role != Role::Listener || !own.iter().all(is_same) {
            return None;
        }
        let names = own.into_iter().chain([other]).map(|one| match one.name.as_deref() {
            Some(name) => name.to_owned(),
            None => "\"\"".to_owned(),
        });
        let names: BTreeSet<String> = names.collect();
        Some(format!("[{}]", names.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(", ")))
    }
}

/// What a change takes from an endpoint, and what it brings.
fn effect(change: &Change, given: VersionSet, configured: VersionSet) -> (VersionSet, VersionSet) {
    match change {
        Change::Adjust { remove, add, .. } => (remove.and(configured), add.minus(given).minus(configured)),
        Change::Declare { versions, .. } => (configured.minus(*versions), versions.minus(configured)),
    }
}

/// A change that keeps some versions and brings none of others.
fn reduce(change: &Change, keep: VersionSet, keep_out: VersionSet) -> Change {
    match *change {
        Change::Adjust { setting, remove, add } => {
            Change::Adjust { setting, remove: remove.minus(keep), add: add.minus(keep_out) }
        }
        Change::Declare { endpoint, versions } => {
            Change::Declare { endpoint, versions: versions.union(keep).minus(keep_out) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_to_be_done_about_all_harms_of_a_finding() {
        let harm = |does: &str, way| Harm { does: does.to_owned(), way };
        assert_eq!(Harm::told(&[]), None);
        let harms = [
            harm("take TLSv1 away from a.test", Way::LineOfItsOwn),
            harm("take TLSv1 away from b.test", Way::NameBoth("[\"\", b.test]".to_owned())),
            harm("take TLSv1 away from a.test", Way::LineOfItsOwn),
        ];
        let told = Harm::told(&harms).unwrap();
        assert!(told.contains("would take TLSv1 away from a.test, and take TLSv1 away from b.test, where"), "{told}");
        assert!(told.ends_with("`server-name: [\"\", b.test]`") && !told.contains("a line of its own"), "{told}");
        assert!(Harm::told(&harms[..1]).unwrap().ends_with("give one of them a line of its own"));
    }
}
