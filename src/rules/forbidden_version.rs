//! A version that the policy forbids is offered, or configured and only blocked by the TLS library.

use super::{Check, Subject, group, part};
use crate::catalog::FORBIDDEN_VERSION;
use crate::endpoint::Role;
use crate::finding::{Finding, Verdict};
use crate::tls::VersionSet;

/// What finds it.
pub(super) const CHECK: Check = Check::Instance(check);

fn check(subject: Subject<'_>) -> Vec<Finding> {
    let groups = group::decided(subject, FORBIDDEN_VERSION, |endpoint, demand| {
        let configured = endpoint.answer.configured.value.and(demand.forbid);
        (!configured.is_empty()).then_some(configured)
    });
    let lines = part::check(subject, (FORBIDDEN_VERSION, Verdict::Exposed), part::forbidden);
    groups.into_iter().filter_map(|(configured, group)| finding(subject, configured, &group)).chain(lines).collect()
}

fn finding(subject: Subject<'_>, configured: VersionSet, group: &group::Group<'_>) -> Option<Finding> {
    let (instance, forbid) = (subject.instance, group.demand.forbid);
    // What is exposed at one of the endpoints is what the finding is about; at others it may be latent.
    let offered = |at: &usize| instance.endpoints[*at].answer.offered().and(forbid);
    let exposed = group.endpoints.iter().map(offered).fold(VersionSet::EMPTY, VersionSet::union);
    let latent = group.endpoints.iter().filter(|at| offered(at).is_empty()).count();
    let verdict = if exposed.is_empty() { Verdict::Latent } else { Verdict::Exposed };
    let versions = if exposed.is_empty() { configured } else { exposed };
    let weight = group.weigh(subject, FORBIDDEN_VERSION, verdict, versions)?;
    let (names, are) = (versions.listed(), group::be(versions));
    let (it, library) = if versions.len() > 1 { ("them", "refuses them") } else { ("it", "refuses it") };
    let towards = if group.role == Role::Upstream { " towards another server" } else { "" };
    // Of what is configured, all counts as offered where nobody knows what the library makes of it.
    let known = group.endpoints.iter().any(|at| instance.endpoints[*at].answer.effective.is_some());
    let message = match (verdict, group.role) {
        (Verdict::Latent, _) => {
            format!("{names} {are} configured{towards}, and only the TLS library, the ciphers or the key blocks {it}")
        }
        _ if !known => {
            format!("{names} {are} configured{towards}; whether the TLS library {library} is not known")
        }
        (_, Role::Listener) => format!("{names} {are} accepted"),
        (_, Role::Upstream) => format!("{names} {are} offered to another server"),
    };
    // A line that adds none of these versions is not to blame.
    let blamed = group::blamed(subject, group.deciders, versions);
    let (primary, mut related) = group::labels(subject, &blamed, "");
    for label in &mut related {
        "adds to it".clone_into(&mut label.text);
    }
    related.extend(group::hops(group.answer));
    related.extend(group.demand.forbid_label(subject.demands.text, versions));
    let primary = primary.or_else(|| group::server(group.answer));
    let mut notes = group::floor_notes(group.answer);
    if group.deciders.is_empty() {
        notes.splice(0..0, group::default_notes(group.answer));
    }
    if verdict == Verdict::Exposed && latent > 0 {
        let rest = group.endpoints.len() - latent;
        notes = vec![format!(
            "exposed at {rest} of these endpoints; at {latent} only the TLS library, the ciphers or the key refuse"
        )];
    }
    notes.extend(weight.note);
    Some(Finding {
        standing: group.standing(subject),
        instance: Some(subject.index),
        endpoints: group.endpoints.clone(),
        versions,
        primary,
        related,
        notes,
        changes: group::changes(subject, group, FORBIDDEN_VERSION),
        ..Finding::new(FORBIDDEN_VERSION, verdict, weight.severity, message)
    })
}
