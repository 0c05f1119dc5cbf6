//! Holds tlsmend's answers about a site against what clients saw there.

use super::handshake::{Contact, Got, Seen};
use super::site::Site;
use super::table::because;
use std::fmt::Write as _;
use std::path::Path;
use tlsmend::endpoint::Speaks;
use tlsmend::services::service::{Resolved, Response, World};
use tlsmend::source::SourceMap;
use tlsmend::system::OsSystem;

/// A site, loaded.
pub struct Loaded {
    pub sources: SourceMap,
    pub resolved: Box<dyn Resolved>,
}

/// The whole machine: sites are named by their real paths.
pub fn machine() -> OsSystem {
    OsSystem::new(Path::new("/"), Vec::new()).expect("a root")
}

/// Loads a site.
pub fn load(site: &Site) -> Loaded {
    let (system, facts) = (machine(), site.facts());
    let mut sources = SourceMap::default();
    let world = World { system: &system, facts: &facts };
    let resolved = site.software.service().load(&site.main_file(), world, &mut sources);
    Loaded { sources, resolved }
}

impl Loaded {
    /// Is anything said to be wrong or not known?
    pub fn has_doubts(&self) -> bool {
        let instance = self.resolved.instance();
        !instance.problems.is_empty()
            || !instance.unknown.is_empty()
            || instance.endpoints.iter().any(|e| !e.answer.unknown.is_empty())
    }

    /// What is said to be wrong.
    pub fn problems(&self) -> String {
        let mut text = String::new();
        for problem in &self.resolved.instance().problems {
            let line = problem.span.map_or(0, |span| self.sources.line_column(span).line);
            let _ = writeln!(text, "    line {line}: {}", problem.message);
        }
        text
    }
}

/// How sure an answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sure {
    /// It had to equal what was seen.
    Exact,
    /// It only had to leave room for it.
    Vague,
}

/// Compares an answer with what was seen; the error shows how they differ.
pub fn compare(
    response: Option<&Response>,
    sources: &SourceMap,
    contact: &Contact,
    seen: Seen,
) -> Result<Sure, String> {
    let complain = || {
        let shown = match response {
            None => "refused".to_owned(),
            Some(Response { answer, .. }) => format!(
                "{} configured {} effective {}\n{}",
                answer.speaks.name(),
                answer.configured.value,
                answer.effective.map_or_else(|| "unknown".to_owned(), |e| e.to_string()),
                because(answer, sources),
            ),
        };
        Err(format!("  {:?} sni {:?}: seen {seen:?}, answer {shown}\n", contact.target, contact.sni))
    };
    let Some(Response { answer, .. }) = response else {
        return if seen.got == Got::Refused { Ok(Sure::Exact) } else { complain() };
    };
    let possible = seen.versions.is_subset(answer.configured.value);
    if answer.speaks == Speaks::Unknown || !answer.unknown.is_empty() {
        return if possible { Ok(Sure::Vague) } else { complain() };
    }
    let speaks = match answer.speaks {
        // A TLS port on which no version works says nothing that could be told from silence.
        Speaks::Tls => matches!(seen.got, Got::Tls | Got::Nothing),
        Speaks::Plaintext => matches!(seen.got, Got::Plaintext | Got::Nothing),
        Speaks::Refused => seen.got == Got::Refused,
        Speaks::Unknown => true,
    };
    match answer.effective {
        Some(versions) if speaks && versions == seen.versions => Ok(Sure::Exact),
        None if speaks && possible => Ok(Sure::Vague),
        _ => complain(),
    }
}
