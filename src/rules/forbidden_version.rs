//! A version that the policy forbids is offered, or configured and only blocked by the TLS library.

use super::{Check, Subject, group, part};
use crate::catalog::FORBIDDEN_VERSION;
use crate::endpoint::Role;
use crate::finding::{Finding, Verdict};
use crate::tls::VersionSet;

/// What finds it.
pub(super) const CHECK: Check = Check::Instance(check);

fn check(subject: Subject<'_>) -> Vec<Finding> {
    // What is waived alone, apart from what is latent or exposed besides, is told alone.
    let part = |number: usize| {
        group::decided(subject, FORBIDDEN_VERSION, |at, _, _| told_apart(subject, at).get(number).copied())
    };
    let groups = (0..MOST_PARTS).flat_map(part);
    let lines = part::check(subject, (FORBIDDEN_VERSION, Verdict::Exposed), part::forbidden);
    groups.filter_map(|(configured, group)| finding(subject, configured, &group)).chain(lines).collect()
}

/// Forbidden versions are told of in so many findings at most: exposed ones and latent ones.
const MOST_PARTS: usize = 2;

/// The forbidden versions of an endpoint as findings tell of them: all at once, unless a waiver covers those that are offered
/// or those that are only configured, and not both.
pub fn told_apart(subject: Subject<'_>, at: usize) -> Vec<VersionSet> {
    let (endpoint, forbid) = (&subject.instance.endpoints[at], subject.demands.of_endpoint(at).forbid);
    let configured = endpoint.answer.configured.value.and(forbid);
    let exposed = configured.and(endpoint.answer.offered());
    let parts = [exposed, configured.minus(exposed)];
    let is_covered = |versions: VersionSet| group::covering(subject, FORBIDDEN_VERSION, at, versions).is_covered();
    let is_apart = parts.iter().all(|part| !part.is_empty()) && !is_covered(configured);
    match is_apart && parts.into_iter().any(is_covered) {
        true => parts.to_vec(),
        false if configured.is_empty() => Vec::new(),
        false => vec![configured],
    }
}

fn finding(subject: Subject<'_>, configured: VersionSet, group: &group::Group<'_>) -> Option<Finding> {
    let instance = subject.instance;
    // What is exposed at one of the endpoints is what the finding is about; at others it may be latent.
    let offered = |at: &usize| instance.endpoints[*at].answer.offered().and(configured);
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
