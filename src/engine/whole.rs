//! A file that does not parse as a whole is not changed: its server refuses it, and what it was meant to say is a guess.

use crate::finding::Finding;
use crate::instance::Problem;
use crate::services::service::Resolved;
use crate::source::{FileId, SourceMap};
use std::collections::BTreeMap;

/// The files that do not parse as a whole, each with the first place.
pub(super) struct Unparsed<'a>(BTreeMap<FileId, &'a Problem>);

impl<'a> Unparsed<'a> {
    pub(super) fn of(resolved: &'a [Box<dyn Resolved>]) -> Unparsed<'a> {
        Unparsed(resolved.iter().flat_map(|one| &one.instance().unparsed).map(|(file, why)| (*file, why)).collect())
    }

    /// Takes away a fix that changes such a file, and says why.
    pub(super) fn spare(&self, finding: &mut Finding, sources: &SourceMap) {
        let edits = finding.fix.iter().flat_map(|fix| &fix.edits);
        let found = edits.map(|edit| edit.span.file).find_map(|file| Some((file, *self.0.get(&file)?)));
        if let Some((file, problem)) = found {
            // Reports and patches show paths in their own way; the finding's own is shown beside this.
            let is_own = finding.primary.as_ref().is_some_and(|label| label.span.file == file);
            let path = sources.file(file).path().display().to_string();
            let path = if is_own { "the file" } else { &path };
            let line = problem.span.map(|span| format!("line {}: ", sources.line_column(span).line));
            finding.help = Some(format!(
                "{path} does not parse as a whole ({}{}): repair it first, no part of it is changed",
                line.unwrap_or_default(),
                problem.message
            ));
            finding.fix = None;
        }
    }
}
