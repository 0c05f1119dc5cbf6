//! One page for a browser. Of an audit: the matrix of endpoints and versions, the findings, the patch side by side, the
//! reasons of each endpoint, coverage, policy and facts. Of handshakes: the matrix, the findings, and what was answered.
//!
//! The page is one file and loads nothing: its content security policy names its style and its script by their hashes
//! and forbids the rest. Texts of others get into it through a template that escapes them. Without script all of it can
//! be read, but for the reasons on a host with very many endpoints: those are data then, each kept once, and shown on
//! demand. No colour stands without a sign and a word.

mod chains;
mod facts;
mod findings;
mod handshakes;
mod matrix;
mod probe;
mod side_by_side;
mod verify;

use super::issue::Issue;
use super::secrets::Shown;
use super::{AuditView, FactsView, Outcome, Report, markdown, sanitise, summary};
use crate::finding::Verdict;
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chains::{Chain, Chains};
use findings::FindingOut;
use matrix::Group;
pub(super) use matrix::{Tile, VERDICTS, sign, tiles_of};
use sha2::{Digest, Sha256};
use side_by_side::{FilePatch, Row};
use std::io::{self, Write};
use std::path::PathBuf;

pub(super) const STYLE: &str = include_str!("../../../templates/style.css");
pub(super) const SCRIPT: &str = include_str!("../../../templates/script.js");

/// What the page shows besides the audit.
#[derive(Clone, Copy, Debug)]
pub struct Extra<'a> {
    /// The files that the patch changes.
    pub patch: &'a Shown<Vec<Changed>>,
    /// What is known of the host's software.
    pub facts: Option<&'a Shown<FactsView>>,
    /// What is demanded, as names and values.
    pub demands: &'a Shown<Vec<(String, String)>>,
    /// Are secrets masked?
    pub masked: bool,
}

/// A file, as it is and mended.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Its path.
    pub path: PathBuf,
    /// The content as it is.
    pub old: Vec<u8>,
    /// The content with all fixes.
    pub new: Vec<u8>,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    csp: String,
    version: &'static str,
    style: &'static str,
    script: &'static str,
    title: String,
    headline: String,
    coverage_line: String,
    policy: String,
    exit: Outcome,
    tiles: Vec<Tile>,
    verdicts: Vec<&'static str>,
    services: Vec<&'static str>,
    plaintext: usize,
    versions: Vec<&'static str>,
    groups: Vec<Group>,
    findings: Vec<FindingOut>,
    patch: Vec<FilePatch>,
    reload: Vec<(String, String)>,
    chains: Vec<Chain>,
    chains_json: Option<String>,
    coverage: Vec<(&'static str, String)>,
    problems: Vec<String>,
    unknown: Vec<String>,
    demands: Vec<(String, String)>,
    facts: Vec<(String, String, String)>,
    masked: bool,
}

/// The name of the format.
pub const NAME: &str = "html";

/// Writes the page.
pub(super) fn write(report: Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let page = match report {
        Report::Audit(view) => page(view, report)?.render(),
        Report::Probe(view) => probe::page(view, report).render(),
        Report::Verify(view) => verify::page(view, report).render(),
    };
    out.write_all(page.map_err(io::Error::other)?.as_bytes())
}

fn page(view: &AuditView<'_>, report: Report<'_>) -> io::Result<Page> {
    let (issues, extra) = (report.rows(), &view.extra);
    let mut chains = Chains::default();
    let versions = matrix::versions(view);
    let groups = matrix::groups(view, &versions, &mut chains);
    let tiles = matrix::tiles(&groups);
    let mut services: Vec<&'static str> = groups.iter().map(|group| group.service).collect();
    services.sort_unstable();
    services.dedup();
    let host = view.frame.host.map(|host| format!(" of {}", line(host))).unwrap_or_default();
    let lines = |pairs: &[(String, String)]| pairs.iter().map(|(a, b)| (line(a), line(b))).collect();
    let chains_json = chains.as_json()?;
    Ok(Page {
        csp: csp(SCRIPT),
        version: env!("CARGO_PKG_VERSION"),
        style: STYLE,
        script: SCRIPT,
        title: format!("TLS versions{host}"),
        headline: summary::headline(report, &issues),
        coverage_line: summary::covered(report),
        policy: line(view.frame.policy),
        exit: view.frame.outcome,
        tiles,
        verdicts: matrix::VERDICTS.map(Verdict::name).to_vec(),
        services,
        plaintext: view.totals().plaintext,
        versions: versions.iter().map(|version| version.name()).collect(),
        groups,
        findings: findings::findings(view.frame.texts, &issues),
        patch: extra.patch.iter().map(|file| side_by_side::of(file, view.frame.texts.paths)).collect(),
        reload: lines(view.reload),
        chains: if chains_json.is_some() { Vec::new() } else { chains.all },
        chains_json,
        coverage: coverage(view),
        problems: problems(&issues),
        unknown: chains::unknown_of_instances(view),
        demands: lines(extra.demands),
        facts: extra.facts.map(|facts| facts::rows(facts)).unwrap_or_default(),
        masked: extra.masked,
    })
}

/// Nothing is loaded, and no script or style runs but those of the page.
pub(super) fn csp(script: &str) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(script)
    )
}

/// Text of others in one line, fit to be read.
pub(super) fn line(text: &str) -> String {
    sanitise::line(text.as_bytes())
}

fn coverage(view: &AuditView<'_>) -> Vec<(&'static str, String)> {
    let totals = view.totals();
    vec![
        ("Files", format!("{} of {} read", view.files.read, view.files.found)),
        ("Instances", totals.instances.to_string()),
        ("Endpoints", format!("{} ({} without TLS)", totals.endpoints, totals.plaintext)),
        ("Files with TLS directives that no server loads", totals.not_loaded.to_string()),
        ("Problems", totals.problems.to_string()),
        ("Excluded files", view.files.excluded.to_string()),
        ("Not readable where no configuration is to be expected", view.files.passed_over.to_string()),
        ("Not audited", not_audited(view)),
        ("All could be read and decided", if view.is_complete() { "yes" } else { "no" }.to_owned()),
    ]
}

/// The TLS services besides, and how to ask them.
fn not_audited(view: &AuditView<'_>) -> String {
    let all: Vec<String> = view.uncovered.iter().map(|one| line(&format!("{}: {}", one.text(), one.ask))).collect();
    if all.is_empty() { "no other TLS service was looked for or found".to_owned() } else { all.join("; ") }
}

pub(super) fn problems(issues: &[Issue<'_>]) -> Vec<String> {
    let problems = issues.iter().filter(|issue| issue.is_problem());
    let told = |one: &Issue<'_>| {
        let place = one.place.as_ref().map(|place| format!("{}: ", markdown::location(place)));
        format!("{}{}", place.unwrap_or_default(), one.message)
    };
    problems.map(told).collect()
}
