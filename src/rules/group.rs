//! Endpoints that one and the same place decides make one finding.

use super::Subject;
use crate::edit::Change;
use crate::endpoint::{Answer, Endpoint, ReasonKind, Role, SettingId, Speaks, Transport};
use crate::finding::Label;
use crate::policy::Policy;
use crate::tls::{Version, VersionSet};
use std::collections::BTreeMap;

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
}

/// Groups the TLS endpoints for which `key` gives something; endpoints about which something is unknown are left out.
pub(super) fn decided<'a, K: Ord>(subject: Subject<'a>, key: impl Fn(&Endpoint) -> Option<K>) -> Vec<(K, Group<'a>)> {
    let judged = |a: &Answer| a.speaks == Speaks::Tls && !a.refuses && a.unknown.is_empty();
    let mut groups: BTreeMap<(&[SettingId], Role, K), Group<'a>> = BTreeMap::new();
    // Endpoints that share an answer follow each other: most of the time there is nothing to look up.
    for (index, endpoint) in subject.instance.endpoints.iter().enumerate() {
        let answer = &*endpoint.answer;
        if !judged(answer) {
            continue;
        }
        let Some(key) = key(endpoint) else { continue };
        let group = groups.entry((&answer.deciders, endpoint.role, key)).or_insert_with(|| Group {
            endpoints: Vec::new(),
            answer,
            role: endpoint.role,
            deciders: &answer.deciders,
        });
        group.endpoints.push(index);
    }
    let mut groups: Vec<_> = groups.into_iter().map(|((_, _, key), group)| (key, group)).collect();
    groups.sort_by_key(|(_, group)| group.endpoints[0]);
    groups
}

/// What the policy requires of an endpoint: QUIC has no version but TLSv1.3.
pub(super) fn required(transport: Transport, policy: &Policy) -> VersionSet {
    match transport {
        Transport::Stream => policy.require,
        Transport::Quic => policy.require.and(VersionSet::of(&[Version::Tls1_3])),
    }
}

/// The value of the setting to point at, and the others that take part.
pub(super) fn labels(subject: Subject<'_>, settings: &[SettingId], text: &str) -> (Option<Label>, Vec<Label>) {
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
    for reason in because[reached.unwrap_or(0)..].iter().filter(|r| hop(r.kind)) {
        let label = reason.span.map(|span| Label { span, text: reason.note.clone().into_owned() });
        labels.extend(label.filter(|label| !labels.contains(label)));
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

/// What makes a setting comply by itself, as far as server and library can.
pub(super) fn adjust(subject: Subject<'_>, setting: SettingId) -> Change {
    let Subject { instance, policy, .. } = subject;
    Change::Adjust { setting, remove: policy.forbid, add: policy.require.and(instance.ability.versions) }
}

/// What would make the endpoints of a group comply: its settings adjusted, or the versions written down.
pub(super) fn changes(subject: Subject<'_>, group: &Group<'_>) -> Vec<Change> {
    let Subject { instance, policy, .. } = subject;
    if group.deciders.is_empty() {
        let add = policy.require.and(instance.ability.versions);
        let versions = group.answer.configured.value.minus(policy.forbid).union(add);
        return vec![Change::Declare { endpoint: group.endpoints[0], versions }];
    }
    group.deciders.iter().map(|setting| adjust(subject, *setting)).collect()
}

/// `is` or `are`
pub(super) fn be(set: VersionSet) -> &'static str {
    if set.len() > 1 { "are" } else { "is" }
}
