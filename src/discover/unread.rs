//! What could not be read: which of it matters, and how it is told.
//!
//! An ordinary user can't read much of /etc. That is a problem only where a server's configuration may be: below its
//! usual folders and beside main files that were found, under the name of a main file, and in what the user named.

use super::may_be_main;
use crate::instance::{MainFile, Problem};
use crate::services::service::Service;
use crate::system::reason;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// As many files of one folder are named; the rest is counted.
const MOST_NAMED: usize = 20;

/// Where configurations may be.
pub(super) struct Places<'a> {
    pub services: &'a [&'a dyn Service],
    /// The files and directories that the user named.
    pub paths: &'a [PathBuf],
    pub named: &'a [&'a MainFile],
    /// The folders of the main files that were found.
    pub homes: BTreeSet<&'a Path>,
}

impl Places<'_> {
    /// The folder because of which a file or directory matters.
    fn of(&self, path: &Path) -> Option<PathBuf> {
        if let Some(given) = self.paths.iter().find(|given| path.starts_with(given)) {
            return Some(given.clone());
        }
        let usual = path.ancestors().skip(1).filter(|folder| self.is_usual(folder)).last();
        let found = || self.homes.iter().copied().find(|home| path.starts_with(home));
        if let Some(folder) = usual.or_else(found) {
            return Some(folder.to_owned());
        }
        // The directory itself, or one above it: a main file may be in there.
        let holds_main = self.mains().any(|main| main.starts_with(path)) || self.is_usual(path);
        let is_main = self.services.iter().any(|service| may_be_main(*service, path));
        let is_named = self.named.iter().any(|n| n.path == path);
        (holds_main || is_main || is_named).then(|| path.parent().unwrap_or(path).to_owned())
    }

    fn mains(&self) -> impl Iterator<Item = &'static Path> {
        self.services.iter().flat_map(|service| service.main_files()).map(Path::new)
    }

    /// Is that the folder of a service, or of a further instance after Debian's fashion: /etc/nginx, /etc/apache2-shop?
    fn is_usual(&self, folder: &Path) -> bool {
        let own = |main: &'static Path| {
            let parent = main.parent()?;
            if parent.ends_with("conf") { parent.parent() } else { Some(parent) }
        };
        let (above, name) = (folder.parent(), folder.file_name().map(|name| name.to_string_lossy()));
        self.mains().filter_map(own).any(|usual| {
            let usual_name = usual.file_name().unwrap_or_default().to_string_lossy();
            let further = || name.as_ref().and_then(|name| name.strip_prefix(&*usual_name)?.strip_prefix('-'));
            folder == usual || (above == usual.parent() && further().is_some())
        })
    }

    /// The problems with what could not be read, and how much of it does not matter.
    pub(super) fn judge(&self, unread: Vec<(PathBuf, io::Error)>) -> (Vec<Problem>, usize) {
        let mut groups: BTreeMap<(PathBuf, String), Vec<PathBuf>> = BTreeMap::new();
        let mut passed_over = 0;
        for (path, error) in unread {
            match self.of(&path) {
                Some(folder) => groups.entry((folder, reason(&error))).or_default().push(path),
                // What is gone by now is not there.
                None if error.kind() == io::ErrorKind::NotFound => {}
                None => passed_over += 1,
            }
        }
        let mut problems = Vec::new();
        for ((folder, why), mut paths) in groups {
            paths.sort();
            let more = paths.len().saturating_sub(MOST_NAMED);
            let shown = paths.len() - more;
            problems.extend(paths.drain(..shown).map(|path| Problem::with(path, format!("can't be read: {why}"))));
            if more > 0 {
                let what = if more == 1 { "file or directory" } else { "files or directories" };
                problems.push(Problem::with(folder, format!("{more} more {what} below can't be read: {why}")));
            }
        }
        (problems, passed_over)
    }
}
