//! Endpoints that one and the same place decides make one finding.

use super::Subject;
use super::aim::Aim;
use super::waivers::{Covering, Said};
use crate::catalog::UNKNOWN;
use crate::edit::Change;
use crate::endpoint::{Answer, Endpoint, ReasonKind, Role, SettingId, Speaks, Transport};
use crate::finding::{Label, RuleId, Standing, Verdict};
use crate::policy::{Demand, Weight};
use crate::source::Span;
use crate::tls::{Version, VersionSet};
use std::collections::{BTreeMap, BTreeSet};

/// Endpoints with the same deciders about which a rule says the same.
pub(super) struct Group<'a> {
    /// Indices of the endpoints.
    pub endpoints: Vec<usize>,
    /// The answer of the first one.
    pub answer: &'a Answer,
    /// Listener or upstream.
    pub role: Role,
    /// Shared by all.
    pub deciders: &'a [SettingId],
    /// What is demanded of all.
    pub demand: &'a Demand,
    /// The waivers that cover all.
    pub waivers: Covering,
}

impl Group<'_> {
    /// How bad a finding about the group is; `None`: the policy turns it off.
    pub(super) fn weigh(
        &self,
        subject: Subject<'_>,
        rule: RuleId,
        verdict: Verdict,
        versions: VersionSet,
    ) -> Option<Weight> {
        let weight = subject.weigh(self.demand, rule.0, verdict, versions, &self.endpoints);
        if weight.is_none() {
            subject.waivers.pass_over(&self.waivers);
        }
        weight
    }

    /// Whether a finding about the group counts.
    pub(super) fn standing(&self, subject: Subject<'_>) -> Standing {
        subject.waivers.standing(&self.waivers)
    }
}

/// Deciders, role, the number of the demand, the waivers, and the versions in question: what a group shares.
type Key<'a> = (&'a [SettingId], Role, usize, Vec<usize>, VersionSet);

/// Groups the TLS endpoints for which `about` gives versions; endpoints about which something is unknown are left out.
/// Endpoints of which something else is demanded, or for which another waiver counts, are groups of their own.
pub(super) fn decided<'a>(
    subject: Subject<'a>,
    rule: RuleId,
    about: impl Fn(usize, &Endpoint, &Demand) -> Option<VersionSet>,
) -> Vec<(VersionSet, Group<'a>)> {
    let judged = |a: &Answer| a.speaks == Speaks::Tls && !a.refuses && a.unknown.is_empty();
    let mut groups: BTreeMap<Key<'a>, Group<'a>> = BTreeMap::new();
    // Endpoints that share an answer follow each other: most of the time there is nothing to look up.
    for (index, endpoint) in subject.instance.endpoints.iter().enumerate() {
        let answer = &*endpoint.answer;
        if !judged(answer) {
            continue;
        }
        let demand = subject.demands.of_endpoint(index);
        let Some(versions) = about(index, endpoint, demand) else { continue };
        let waivers = covering(subject, rule, index, versions);
        let counting = waivers.counting().to_vec();
        let key = (&*answer.deciders, endpoint.role, subject.demands.number(index), counting, versions);
        let group = groups.entry(key).or_insert_with(|| Group {
            endpoints: Vec::new(),
            answer,
            role: endpoint.role,
            deciders: &answer.deciders,
            demand,
            waivers: waivers.clone(),
        });
        group.waivers.join(waivers);
        group.endpoints.push(index);
    }
    let mut groups: Vec<_> = groups.into_iter().map(|((.., versions), group)| (versions, group)).collect();
    groups.sort_by_key(|(_, group)| group.endpoints[0]);
    groups
}

/// The waivers that cover what a rule says of these versions at an endpoint.
pub fn covering(subject: Subject<'_>, rule: RuleId, endpoint: usize, versions: VersionSet) -> Covering {
    if subject.waivers.is_empty() {
        return Covering::default();
    }
    let answer = &*subject.instance.endpoints[endpoint].answer;
    let blamed = blamed(subject, &answer.deciders, versions);
    let server = server_span(answer);
    subject.waivers.of_endpoint(Said { rule, versions }, subject.instance, endpoint, &blamed, server)
}

/// The settings to blame for some versions: those that give one of them, or all where none does.
pub fn blamed(subject: Subject<'_>, deciders: &[SettingId], versions: VersionSet) -> Vec<SettingId> {
    let gives = |id: &SettingId| !subject.instance.setting(*id).versions.and(versions).is_empty();
    let blamed: Vec<SettingId> = deciders.iter().copied().filter(gives).collect();
    if blamed.is_empty() { deciders.to_vec() } else { blamed }
}

/// What is required of an endpoint: QUIC has no version but TLSv1.3.
pub(super) fn required(transport: Transport, demand: &Demand) -> VersionSet {
    carried(transport, demand.require)
}

/// Those of some versions that a transport can carry.
pub(super) fn carried(transport: Transport, versions: VersionSet) -> VersionSet {
    match transport {
        Transport::Stream | Transport::Udp => versions,
        Transport::Quic => versions.and(VersionSet::of(&[Version::Tls1_3])),
    }
}

/// The value of the setting to point at, and the others that take part.
pub fn labels(subject: Subject<'_>, settings: &[SettingId], text: &str) -> (Option<Label>, Vec<Label>) {
    let mut labels =
        settings.iter().map(|id| subject.instance.setting(*id)).map(|s| Label { span: s.value, text: text.to_owned() });
    (labels.next(), labels.collect())
}

/// The hops that led to a decision. How the address and the server were reached matters only where nothing else decides.
pub(super) fn hops(answer: &Answer) -> Vec<Label> {
    let hop = |kind| matches!(kind, ReasonKind::Include | ReasonKind::Expansion | ReasonKind::DefaultServer);
    let reaches = |kind| matches!(kind, ReasonKind::Listen | ReasonKind::Engine | ReasonKind::Server);
    let because = &answer.configured.because;
    let reached = because.iter().rposition(|r| reaches(r.kind)).filter(|_| !answer.deciders.is_empty());
    let mut labels: Vec<Label> = Vec::new();
    let mut known: BTreeSet<(Span, String)> = BTreeSet::new();
    for reason in because[reached.unwrap_or(0)..].iter().filter(|r| hop(r.kind)) {
        let label = reason.span.map(|span| Label { span, text: reason.note.clone().into_owned() });
        labels.extend(label.filter(|label| known.insert((label.span, label.text.clone()))));
    }
    labels
}

/// Where nothing sets the versions: the virtual server for which the built-in default counts.
pub(super) fn server(answer: &Answer) -> Option<Label> {
    let kinds = [ReasonKind::DefaultServer, ReasonKind::Server, ReasonKind::Engine];
    let find = |kind| answer.configured.because.iter().rev().find(|r| r.kind == kind).and_then(|r| r.span);
    let span = kinds.into_iter().find_map(find)?;
    Some(Label { span, text: "no directive sets the versions of this".into() })
}

/// The place of that.
fn server_span(answer: &Answer) -> Option<Span> {
    server(answer).map(|label| label.span)
}

/// Which built-in default counts.
pub(super) fn default_notes(answer: &Answer) -> Vec<String> {
    let reasons = answer.configured.because.iter();
    reasons.filter(|r| r.kind == ReasonKind::Default).map(|r| r.note.clone().into_owned()).collect()
}

/// What library and system do to a decision.
pub(super) fn floor_notes(answer: &Answer) -> Vec<String> {
    let reasons = answer.configured.because.iter();
    reasons.filter(|r| r.kind == ReasonKind::Floor).map(|r| r.note.clone().into_owned()).collect()
}

/// What makes a setting comply by itself.
pub(super) fn adjust(subject: Subject<'_>, aim: Aim, setting: SettingId) -> Change {
    let left = subject.instance.setting(setting).versions.minus(aim.remove);
    Change::Adjust { setting, remove: aim.remove, add: aim.brings(subject, left) }
}

/// What would make the endpoints of a group comply: its settings adjusted, or the versions written down.
pub(super) fn changes(subject: Subject<'_>, group: &Group<'_>, rule: RuleId) -> Vec<Change> {
    // What could not be decided is told of all versions at once.
    let own = if rule == UNKNOWN { VersionSet::ALL } else { VersionSet::EMPTY };
    let aim = Aim::of(subject, group.demand, (rule, own), |version| match group.answer.offered().has(version) {
        false if group.answer.configured.value.has(version) => Verdict::Latent,
        _ => Verdict::Exposed,
    });
    if group.deciders.is_empty() {
        let left = group.answer.configured.value.minus(aim.remove);
        let versions = left.union(aim.brings(subject, left));
        return vec![Change::Declare { endpoint: group.endpoints[0], versions }];
    }
    // What no handshake could succeed with is not added.
    let usable = |at: &usize| subject.instance.endpoints[*at].answer.usable.unwrap_or(VersionSet::ALL);
    let usable = group.endpoints.iter().map(usable).fold(VersionSet::EMPTY, VersionSet::union);
    let adjusted = |setting: &SettingId| match adjust(subject, aim, *setting) {
        Change::Adjust { setting, remove, add } => Change::Adjust { setting, remove, add: add.and(usable) },
        change @ Change::Declare { .. } => change,
    };
    group.deciders.iter().map(adjusted).collect()
}

/// `is` or `are`
pub(super) fn be(set: VersionSet) -> &'static str {
    if set.len() > 1 { "are" } else { "is" }
}
