//! The page of what handshakes got: the matrix of targets and versions, the findings, and what was said to each version.
//! A probe and a verification fill it.

use super::chains::Step;
use super::findings::FindingOut;
use super::matrix::{Cell, Tile};
use super::{SCRIPT, STYLE, csp, line};
use crate::probe::strength::Level;
use crate::probe::{Depth, Reason, Scan, Verdict};
use crate::report::{Outcome, handshake};
use crate::tls::{Version, VersionSet};
use askama::Template;

/// The page.
#[derive(Template)]
#[template(path = "handshakes.html")]
pub(super) struct Page {
    pub(super) csp: String,
    pub(super) version: &'static str,
    pub(super) style: &'static str,
    pub(super) script: &'static str,
    pub(super) title: String,
    pub(super) headline: String,
    pub(super) coverage_line: String,
    pub(super) policy: String,
    pub(super) exit: Outcome,
    pub(super) tiles: Vec<Tile>,
    pub(super) things: &'static Things,
    pub(super) results: Vec<&'static str>,
    pub(super) services: Vec<&'static str>,
    pub(super) versions: Vec<&'static str>,
    pub(super) groups: Vec<Group>,
    pub(super) findings: Vec<FindingOut>,
    pub(super) left: Vec<(String, String)>,
    pub(super) problems: Vec<String>,
}

/// The words of a page.
pub(super) struct Things {
    pub(super) title: &'static str,
    pub(super) many: &'static str,
    pub(super) caption: &'static str,
    /// The heads of the columns before those of versions; the last but one is an address.
    pub(super) heads: &'static [&'static str],
    /// What the signs of the matrix mean.
    pub(super) signs: &'static [&'static str],
    /// Were files read?
    pub(super) files: bool,
}

/// Rows that belong together.
pub(super) struct Group {
    pub(super) service: &'static str,
    /// Its main file.
    pub(super) main: Option<String>,
    pub(super) rows: Vec<Row>,
}

/// What was asked, and what came of it.
pub(super) struct Row {
    pub(super) number: usize,
    pub(super) title: String,
    /// The columns before those of versions.
    pub(super) words: Vec<String>,
    /// None: there is `trouble`.
    pub(super) cells: Option<Vec<Cell>>,
    pub(super) trouble: String,
    pub(super) result: &'static str,
    pub(super) sign: &'static str,
    pub(super) tone: &'static str,
    pub(super) spared: bool,
    /// Names and values.
    pub(super) facts: Vec<(String, String)>,
    pub(super) said: Vec<Said>,
    pub(super) suites: Vec<Suites>,
    /// Why something else is promised.
    pub(super) steps: Vec<Step>,
    pub(super) unknown: Vec<String>,
}

/// The answer to a version.
pub(super) struct Said {
    version: &'static str,
    verdict: String,
    tone: &'static str,
    remarks: String,
}

/// The suites of a version.
pub(super) struct Suites {
    title: String,
    suites: Vec<Suite>,
}

struct Suite {
    name: String,
    key: String,
    level: String,
    tone: &'static str,
}

impl Page {
    /// A page with nothing on it but style and script.
    pub(super) fn new(things: &'static Things) -> Page {
        Page {
            csp: csp(SCRIPT),
            version: env!("CARGO_PKG_VERSION"),
            style: STYLE,
            script: SCRIPT,
            title: String::new(),
            headline: String::new(),
            coverage_line: String::new(),
            policy: String::new(),
            exit: Outcome::Compliant,
            tiles: Vec::new(),
            things,
            results: Vec::new(),
            services: Vec::new(),
            versions: Vec::new(),
            groups: Vec::new(),
            findings: Vec::new(),
            left: Vec::new(),
            problems: Vec::new(),
        }
    }
}

/// The numbers above the matrix: a tile for each result, which has a sign and a tone.
pub(super) fn tiles(groups: &[Group], results: &[(&'static str, &'static str, &'static str)]) -> Vec<Tile> {
    let rows = || groups.iter().flat_map(|group| &group.rows).filter(|row| !row.spared);
    let count = |name| rows().filter(|row| row.result == name).count();
    let tile = |(name, sign, tone): &(&'static str, &'static str, &'static str)| {
        let number = count(*name);
        Tile { name, sign, tone: if number > 0 { tone } else { "off" }, number }
    };
    results.iter().map(tile).collect()
}

/// The versions that have a column: those of TLS, and older ones where one is not rejected.
pub(super) fn versions<'s>(scans: impl Iterator<Item = &'s Scan>) -> Vec<Version> {
    let seen = scans.filter(|scan| scan.trouble.is_none()).map(|scan| scan.accepted().union(scan.inconclusive()));
    seen.fold(VersionSet::TLS, VersionSet::union).iter().collect()
}

/// What was said to each version, with reasons in the words that a command has for them.
pub(super) fn said(scan: &Scan, depth: Depth, words: fn(&Reason) -> String) -> Vec<Said> {
    let rows = scan.rows.iter().filter(|_| scan.trouble.is_none());
    let said = rows.map(|row| {
        let (sign, tone) = match row.verdict {
            Verdict::Accepted => ("✓", ""),
            Verdict::Rejected(_) => ("–", "off"),
            Verdict::Inconclusive(_) => ("?", "warn"),
        };
        let verdict = format!("{sign} {}", row.verdict.name());
        Said { version: row.version.name(), verdict, tone, remarks: handshake::remarks(row, depth, words) }
    });
    said.collect()
}

/// The suites of each version that has any.
pub(super) fn suites(scan: &Scan) -> Vec<Suites> {
    let lists = scan.rows.iter().map(|row| (row.version, handshake::suites(row))).filter(|(_, list)| !list.is_empty());
    let list = |(version, list): (Version, Vec<handshake::SuiteText>)| Suites {
        title: format!("{version}: {} {}", list.len(), if list.len() == 1 { "suite" } else { "suites" }),
        suites: list.iter().map(suite).collect(),
    };
    lists.map(list).collect()
}

fn suite(text: &handshake::SuiteText) -> Suite {
    let (sign, tone) = match text.level {
        Level::Good => ("✓", "good"),
        Level::Ok => ("·", "off"),
        Level::Weak => ("!", "warn"),
        Level::Insecure => ("✗", "bad"),
    };
    Suite { name: line(&text.name), key: line(&text.key), level: format!("{sign} {}", text.level.name()), tone }
}
