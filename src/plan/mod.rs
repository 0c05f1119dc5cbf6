//! What follows from the findings: all edits of all files, checked in memory before anybody sees them.

mod compare;
mod diff;
mod left;
mod needs;
mod places;
mod real;
mod rounds;
mod selection;
mod settle;
mod splice;
mod staging;
#[cfg(test)]
mod tests;
mod twins;

pub use diff::unified;
pub use left::Left;
pub use places::{Places, Spot};
pub use selection::{Level, Selection};
pub use splice::splice;
pub use staging::staging;

use crate::engine::{self, Audit, Request};
use crate::finding::Finding;
use crate::source::{FileId, SourceFile};
use crate::system::{Frozen, Seen, System, reason};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Why nothing is planned on a host that changes meanwhile.
const UNSTEADY: &str = "the configuration changed while it was read; run this again";

/// The planned contents of files.
pub struct Plan {
    /// The new content of each file that changes, by its path with all links resolved.
    pub contents: BTreeMap<PathBuf, Vec<u8>>,
    /// The host as it is.
    pub before: Audit,
    /// The host as it would be.
    pub after: Audit,
    /// Files that are left alone, and why.
    pub refused: Vec<(PathBuf, String)>,
    /// Endpoints that no fixed finding is about, and whose versions change all the same, for people: `a.example at
    /// 192.0.2.1:443 (nginx): TLSv1.2 -> TLSv1.2 TLSv1.3`. Empty unless unsafe fixes are selected.
    pub beside: Vec<String>,
    /// Set where two audits of the same host differ: then nothing is planned, and `after` is not to be trusted.
    pub unsteady: Option<String>,
    /// The directories and paths that the plan was made from; the texts are in `before`.
    seen: Seen,
}

/// What there is to do about a host.
pub enum Outlook {
    /// Nothing that could be fixed safely.
    Nothing(Box<Audit>),
    /// A plan.
    Plan(Box<Plan>),
}

/// Audits a host, and plans the safe fixes if there are any.
pub fn look(request: Request<'_>) -> Outlook {
    let frozen = Frozen::new(request.system);
    let request = Request { system: &frozen, ..request };
    let audit = engine::audit(request);
    if !audit.findings.iter().any(Finding::is_in_patch) {
        return Outlook::Nothing(Box::new(audit));
    }
    let plan = settle::settle(request, &Selection::default(), audit);
    Outlook::Plan(Box::new(Plan { seen: frozen.into_seen(), ..plan }))
}

/// Plans all safe fixes until nothing is left to fix, and refuses what makes anything worse.
pub fn plan(request: Request<'_>) -> Plan {
    plan_selected(request, &Selection::default())
}

/// Plans the fixes that are selected. All audits see the host as the first one finds it; [`Plan::change`] tells whether
/// it is still like that.
pub fn plan_selected(request: Request<'_>, selection: &Selection) -> Plan {
    let frozen = Frozen::new(request.system);
    let request = Request { system: &frozen, rules: &selection.rules, ..request };
    let plan = settle::settle(request, selection, engine::audit(request));
    Plan { seen: frozen.into_seen(), ..plan }
}

impl Plan {
    /// The findings that are left of those that are selected.
    pub fn remains<'p>(&'p self, selection: &'p Selection) -> impl Iterator<Item = &'p Finding> {
        self.after.findings.iter().filter(|finding| selection.wants(&self.after, finding))
    }

    /// What is no longer as it was when the plan was made: a file, directory or path, and how it differs. A program
    /// that changes the host has to ask before it does.
    pub fn change(&self, system: &dyn System) -> Option<(PathBuf, String)> {
        self.changed_text(system).or_else(|| {
            let path = self.seen.first_change(system)?;
            Some((path.to_owned(), "what is there has changed since it was read".to_owned()))
        })
    }

    /// A file whose text is no longer what the plan was made from.
    pub fn changed_text(&self, system: &dyn System) -> Option<(PathBuf, String)> {
        let sources = &self.before.sources;
        // A command line has no path, and the policy is no file of the host: it is not found by its path.
        let of_host =
            |(id, file): &(FileId, &SourceFile)| file.path().is_absolute() && sources.find(file.path()) == Some(*id);
        let read: Vec<_> = sources.iter().filter(of_host).collect();
        read.par_iter().find_map_first(|(_, file)| {
            let why = match system.read(file.path()) {
                Ok(bytes) if bytes == file.bytes() => return None,
                Ok(_) => "it was changed since it was read".to_owned(),
                Err(error) => reason(&error),
            };
            Some((file.path().to_owned(), why))
        })
    }
}
