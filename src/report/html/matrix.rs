//! The matrix: a row for each TLS endpoint, a cell for each version.

use super::chains::Chains;
use super::line;
use crate::endpoint::{Endpoint, Role, Speaks, Unknown};
use crate::finding::Verdict;
use crate::report::{AuditView, MOST_DOUBTS};
use crate::tls::{Version, VersionSet};

/// The verdicts of endpoints, worst first.
pub(in crate::report) const VERDICTS: [Verdict; 5] =
    [Verdict::Exposed, Verdict::Missing, Verdict::Unknown, Verdict::Latent, Verdict::Compliant];

/// The endpoints of an instance.
pub(super) struct Group {
    pub(super) service: &'static str,
    pub(super) main: String,
    pub(super) rows: Vec<RowOut>,
}

/// An endpoint.
pub(super) struct RowOut {
    pub(super) address: String,
    pub(super) name: String,
    pub(super) cells: Vec<Cell>,
    pub(super) verdict: &'static str,
    pub(super) sign: &'static str,
    pub(super) tone: &'static str,
    /// All findings about it are waived or known.
    pub(super) excused: bool,
    /// The number of its chain of reasons.
    pub(super) chain: usize,
}

/// What is the matter with a version at an endpoint.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) text: &'static str,
    pub(super) tone: &'static str,
}

/// How many endpoints have a verdict.
pub(in crate::report) struct Tile {
    pub(in crate::report) name: &'static str,
    pub(in crate::report) sign: &'static str,
    pub(in crate::report) tone: &'static str,
    pub(in crate::report) number: usize,
}

/// What findings say about an endpoint.
#[derive(Clone, Copy, Default)]
struct Judged {
    forbidden: VersionSet,
    missing: VersionSet,
    open: bool,
    excused: bool,
}

/// Sign and tone of a verdict.
pub(in crate::report) fn sign(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Exposed => ("✗", "bad"),
        Verdict::Missing => ("!", "bad"),
        Verdict::Latent => ("◌", "warn"),
        Verdict::Unknown => ("?", "warn"),
        Verdict::Shadowed => ("◌", "info"),
        Verdict::Compliant => ("✓", "good"),
    }
}

/// The versions that have a column: those of TLS, and older ones where they occur.
pub(super) fn versions(view: &AuditView<'_>) -> Vec<Version> {
    let mut seen = VersionSet::TLS;
    for endpoint in view.instances.iter().flat_map(|instance| &instance.endpoints) {
        seen = seen.union(endpoint.answer.configured.value);
    }
    seen.iter().collect()
}

/// The rows of all instances that have any.
pub(super) fn groups(view: &AuditView<'_>, versions: &[Version], chains: &mut Chains) -> Vec<Group> {
    let mut groups = Vec::new();
    for (index, instance) in view.instances.iter().enumerate() {
        let mut judged = vec![Judged::default(); instance.endpoints.len()];
        for finding in view.findings.iter().filter(|finding| finding.instance == Some(index)) {
            for at in &finding.endpoints {
                let Some(one) = judged.get_mut(*at) else { continue };
                let mut is_judged = false;
                for aspect in finding.aspects() {
                    match aspect.verdict {
                        Verdict::Exposed | Verdict::Latent => one.forbidden = one.forbidden.union(aspect.versions),
                        Verdict::Missing => one.missing = one.missing.union(aspect.versions),
                        Verdict::Unknown | Verdict::Shadowed | Verdict::Compliant => continue,
                    }
                    is_judged = true;
                }
                if !is_judged {
                    continue;
                }
                if finding.is_open() { one.open = true } else { one.excused = true }
            }
        }
        let tls = instance.endpoints.iter().enumerate().filter(|(_, one)| one.answer.speaks != Speaks::Plaintext);
        let doubts: Vec<&Unknown> = instance.doubts().take(MOST_DOUBTS).collect();
        let rows: Vec<RowOut> = tls
            .map(|(at, endpoint)| row(view, (&doubts, endpoint), view.verdict(index, at), judged[at], versions, chains))
            .collect();
        if !rows.is_empty() {
            groups.push(Group { service: instance.service.0, main: view.frame.texts.paths.show(&instance.main), rows });
        }
    }
    groups
}

fn row(
    view: &AuditView<'_>,
    (doubts, endpoint): (&[&Unknown], &Endpoint),
    verdict: Verdict,
    judged: Judged,
    versions: &[Version],
    chains: &mut Chains,
) -> RowOut {
    let address = line(&endpoint.address.to_string());
    let (sign, tone) = sign(verdict);
    let name = endpoint.name.as_deref().map_or_else(|| "(no name)".to_owned(), line);
    let address = match (endpoint.role, endpoint.transport) {
        (Role::Upstream, _) => format!("→ {address}"),
        (Role::Listener, transport) => transport.of(&address),
    };
    RowOut {
        cells: versions.iter().map(|version| cell(endpoint, *version, judged)).collect(),
        verdict: verdict.name(),
        sign,
        tone,
        excused: judged.excused && !judged.open,
        chain: chains.of(view, doubts, &endpoint.answer, (&address, &name)),
        address,
        name,
    }
}

fn cell(endpoint: &Endpoint, version: Version, judged: Judged) -> Cell {
    let answer = &endpoint.answer;
    let configured = answer.configured.value.has(version);
    let uncertain = !answer.unknown.is_empty() || answer.effective.is_none() || answer.speaks == Speaks::Unknown;
    let offered = answer.offered().has(version);
    let (text, tone) = match (configured || offered, offered, judged.forbidden.has(version)) {
        (true, true, true) if uncertain => ("✗ maybe", "bad"),
        (true, true, true) => ("✗ on", "bad"),
        (true, true, false) if uncertain => ("? maybe", "warn"),
        (true, true, false) => ("✓ on", "good"),
        (true, false, true) => ("◌ blocked", "warn"),
        (true, false, false) if judged.missing.has(version) => ("! missing", "bad"),
        (true, false, false) => ("◌ blocked", "off"),
        (false, _, _) if judged.missing.has(version) => ("! missing", "bad"),
        (false, _, _) => ("– off", "off"),
    };
    Cell { text, tone }
}

/// The numbers above the matrix.
pub(super) fn tiles(groups: &[Group]) -> Vec<Tile> {
    let count = |name| groups.iter().flat_map(|group| &group.rows).filter(|row| row.verdict == name).count();
    tiles_of(|verdict| count(verdict.name()))
}

/// A tile for each verdict.
pub(in crate::report) fn tiles_of(count: impl Fn(Verdict) -> usize) -> Vec<Tile> {
    let tile = |verdict: Verdict| {
        let (number, (sign, tone)) = (count(verdict), sign(verdict));
        Tile { name: verdict.name(), sign, tone: if number > 0 { tone } else { "off" }, number }
    };
    VERDICTS.map(tile).into_iter().collect()
}
