//! A version that the policy requires is not offered.

use super::{Check, Subject, group, part};
use crate::catalog::MISSING_VERSION;
use crate::endpoint::Answer;
use crate::finding::{Finding, Verdict};
use crate::tls::VersionSet;

/// What finds it.
pub(super) const CHECK: Check = Check::Instance(check);

/// Why a version is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// server or library can't do it
    Impossible,
    /// configured, but cut by library, ciphers or keys
    Blocked,
    /// not configured, and library, ciphers or keys would cut it
    Useless,
    /// not configured
    NotConfigured,
}

fn check(subject: Subject<'_>) -> Vec<Finding> {
    let possible = subject.instance.ability.versions;
    let mut findings = Vec::new();
    for why in [Why::Impossible, Why::Blocked, Why::Useless, Why::NotConfigured] {
        let groups = group::decided(subject, MISSING_VERSION, |_, endpoint, demand| {
            let answer = &endpoint.answer;
            let missing = group::required(endpoint.transport, demand).minus(answer.offered());
            let missing = match why {
                Why::Impossible => missing.minus(possible),
                Why::Blocked => missing.and(possible).and(answer.configured.value),
                Why::Useless => missing.and(possible).minus(answer.configured.value).minus(usable(answer)),
                Why::NotConfigured => missing.and(possible).minus(answer.configured.value).and(usable(answer)),
            };
            (!missing.is_empty()).then_some(missing)
        });
        findings.extend(groups.iter().filter_map(|(missing, group)| finding(subject, why, *missing, group)));
    }
    findings.extend(part::check(subject, (MISSING_VERSION, Verdict::Missing), part::missing));
    findings
}

/// The versions that would work where they are configured, as far as anybody knows.
fn usable(answer: &Answer) -> VersionSet {
    answer.usable.unwrap_or(VersionSet::ALL)
}

fn finding(subject: Subject<'_>, why: Why, missing: VersionSet, group: &group::Group<'_>) -> Option<Finding> {
    let weight = group.weigh(subject, MISSING_VERSION, Verdict::Missing, missing)?;
    let (names, are) = (missing.listed(), group::be(missing));
    let needs: Vec<&str> =
        missing.iter().filter_map(|v| subject.instance.ability.needs.get(&v)).map(String::as_str).collect();
    let (message, help, changes) = match why {
        Why::Impossible => (
            format!("{names} {are} not possible with this software"),
            Some(format!("upgrade: {names} needs {}", needs.join(", "))),
            Vec::new(),
        ),
        Why::Blocked => (
            format!("{names} {are} configured, but no handshake can succeed"),
            Some("look at the cipher list, the security level and the kind of key".to_owned()),
            Vec::new(),
        ),
        Why::Useless => (
            format!("{names} {are} not offered, and no handshake could succeed with it"),
            Some("look at the cipher list, the security level and the kind of key first".to_owned()),
            Vec::new(),
        ),
        Why::NotConfigured => {
            (format!("{names} {are} not offered"), None, group::changes(subject, group, MISSING_VERSION))
        }
    };
    let (primary, mut related) = group::labels(subject, group.deciders, "");
    related.extend(group::hops(group.answer));
    related.extend(group.demand.require_label(subject.demands.text, missing));
    let primary = primary.or_else(|| group::server(group.answer));
    let mut notes = group::floor_notes(group.answer);
    if group.deciders.is_empty() {
        notes.splice(0..0, group::default_notes(group.answer));
    }
    notes.extend(weight.note);
    Some(Finding {
        standing: group.standing(subject),
        instance: Some(subject.index),
        endpoints: group.endpoints.clone(),
        versions: missing,
        primary,
        related,
        notes,
        changes,
        help,
        ..Finding::new(MISSING_VERSION, Verdict::Missing, weight.severity, message)
    })
}
