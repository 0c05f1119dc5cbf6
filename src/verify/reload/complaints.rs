//! What is said about endpoints that are not as promised: the same of several of them only once.

use super::expectation::Look;
use crate::probe::{Scan, Trouble};
use crate::tls::VersionSet;

/// So many endpoints are listed.
const MOST: usize = 5;

/// A complaint about some endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong, as a lowercase fragment. It may hold what a server said.
    pub what: String,
    /// The endpoints.
    pub at: Vec<String>,
    /// The likely causes.
    pub notes: Vec<String>,
}

impl Complaint {
    /// What is wrong, the first endpoints, and the notes: a line each. What others said may hold line ends.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.what.clone()];
        lines.extend(self.at.iter().take(MOST).map(|at| format!("  at {at}")));
        if self.at.len() > MOST {
            lines.push(format!("  and at {} more", self.at.len() - MOST));
        }
        lines.extend(self.notes.iter().map(|note| format!("  = {note}")));
        lines
    }
}

/// Adds a complaint about one endpoint.
pub(super) fn add(complaints: &mut Vec<Complaint>, at: String, what: String, notes: Vec<String>) {
    match complaints.iter_mut().find(|one| one.what == what && one.notes == notes) {
        Some(one) => one.at.push(at),
        None => complaints.push(Complaint { what, at: vec![at], notes }),
    }
}

/// What breaks a promise.
pub(super) fn broken(look: Look, scan: &Scan, had: VersionSet) -> String {
    if look.gone {
        let row = scan.rows.iter().find(|row| had.has(row.version)).and_then(|row| row.verdict.reason());
        let why = scan.trouble.as_ref().map(Trouble::reason).or(row);
        let why = why.map_or_else(String::new, |why| format!(": {}", why.text()));
        return format!("nothing is accepted any more, and {} {} before{why}", had.listed(), was(had));
    }
    let mut parts = Vec::new();
    if !look.missing.is_empty() {
        let (new, why) = (look.missing, why(scan, look.missing));
        parts.push(format!("{} {} configured now, and not accepted{why}", new.listed(), new.verb()));
    }
    if !look.lost.is_empty() {
        let (lost, why) = (look.lost, why(scan, look.lost));
        parts.push(format!("{} {} accepted before, and not any more{why}", lost.listed(), was(lost)));
    }
    if !look.extra.is_empty() {
        parts.push(extra(look.extra));
    }
    parts.join("; ")
}

/// What is accepted, and should not be.
pub(super) fn extra(versions: VersionSet) -> String {
    format!("{} {} still accepted, and not configured", versions.listed(), versions.verb())
}

/// What was so before.
pub(super) fn known(versions: VersionSet) -> String {
    format!("{} {} configured, and not accepted, as before", versions.listed(), versions.verb())
}

/// What is not clear.
pub(super) fn open(versions: VersionSet, scan: &Scan) -> String {
    format!("it is not clear whether {} {} accepted{}", versions.listed(), versions.verb(), why(scan, versions))
}

/// What the server said to the oldest of these versions.
fn why(scan: &Scan, versions: VersionSet) -> String {
    let row = scan.rows.iter().find(|row| versions.has(row.version));
    let reason = row.and_then(|row| row.verdict.reason());
    reason.map_or_else(String::new, |reason| format!(" ({})", reason.text()))
}

fn was(versions: VersionSet) -> &'static str {
    if versions.len() == 1 { "was" } else { "were" }
}
