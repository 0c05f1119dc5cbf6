//! Names of one file: what is written by one name can be read by all of them.

use crate::edit::Edit;
use crate::source::{FileId, SourceMap};
use crate::system::{FileIdentity, System};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The files of an audit that have several names (hard links).
pub(super) struct Twins<'a> {
    system: &'a dyn System,
    sources: &'a SourceMap,
    /// The names of each such file that was read, sorted.
    names: OnceLock<BTreeMap<FileIdentity, Vec<PathBuf>>>,
}

impl<'a> Twins<'a> {
    /// Of the files that were read. None is looked at before it is asked about.
    pub(super) fn new(system: &'a dyn System, sources: &'a SourceMap) -> Twins<'a> {
        Twins { system, sources, names: OnceLock::new() }
    }

    /// All names by which a file was read, of which this is one.
    pub(super) fn of(&self, path: &Path) -> &[PathBuf] {
        let shared = self.shared(path);
        shared.and_then(|identity| self.names().get(&identity)).map_or(&[], Vec::as_slice)
    }

    /// The edit, made by the first name of its file: edits by several names then meet each other.
    pub(super) fn by_first_name(&self, edit: &Edit, sources: &SourceMap) -> Edit {
        let first = self.of(sources.file(edit.span.file).path()).first().and_then(|path| sources.find(path));
        let same = |file: &FileId| sources.file(*file).bytes() == sources.file(edit.span.file).bytes();
        let mut edit = edit.clone();
        edit.span.file = first.filter(same).unwrap_or(edit.span.file);
        edit
    }

    fn shared(&self, path: &Path) -> Option<FileIdentity> {
        self.system.identity(path).ok().filter(FileIdentity::is_shared)
    }

    fn names(&self) -> &BTreeMap<FileIdentity, Vec<PathBuf>> {
        self.names.get_or_init(|| {
            let mut names: BTreeMap<FileIdentity, Vec<PathBuf>> = BTreeMap::new();
            for path in self.sources.iter().map(|(_, file)| file.path()).filter(|path| path.is_absolute()) {
                if let Some(identity) = self.shared(path) {
                    names.entry(identity).or_default().push(path.to_owned());
                }
            }
            for paths in names.values_mut() {
                paths.sort();
            }
            names
        })
    }
}
