//! Files that a configuration names and that a server opens when it starts: keys, certificates.

use crate::system::{Kind, System, is_out_of_reach};
use crate::trust::{Access, Writers};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// So many bytes of such files are read at most for a configuration; none of those behind it is looked at.
const MOST_BYTES: u64 = 256 << 20;

/// A path on others' word with more `..` than that is not followed.
const MOST_STEPS_BACK: usize = 16;

/// The files that were read, each once, whatever it is called.
pub struct Reading<'a> {
    system: &'a dyn System,
    /// Which file each name leads to.
    names: BTreeMap<PathBuf, Option<Arc<Path>>>,
    known: BTreeMap<Arc<Path>, Option<Arc<[u8]>>>,
    room: u64,
}

impl<'a> Reading<'a> {
    /// Nothing has been read.
    pub fn new(system: &'a dyn System) -> Reading<'a> {
        Reading { system, names: BTreeMap::new(), known: BTreeMap::new(), room: MOST_BYTES }
    }

    /// The file that a name leads to: one file may have thousands of names, and is worth one look.
    pub fn real(&mut self, path: &Path) -> Option<Arc<Path>> {
        if let Some(real) = self.names.get(path) {
            return real.clone();
        }
        let real: Option<Arc<Path>> = self.system.canonical(path).ok().map(Arc::from);
        self.names.insert(path.to_owned(), real.clone());
        real
    }

    /// The content of a file; `None`: it can't be read, or there is no room for it.
    pub fn read(&mut self, path: &Path) -> Option<Arc<[u8]>> {
        let real = self.real(path)?;
        if let Some(text) = self.known.get(&real) {
            return text.clone();
        }
        let fits = self.system.size(&real).is_ok_and(|size| size <= self.room);
        let text: Option<Arc<[u8]>> = fits.then(|| self.system.read(&real).ok().map(Arc::from)).flatten();
        self.room = self.room.saturating_sub(text.as_ref().map_or(0, |text| text.len() as u64));
        self.known.insert(real, text.clone());
        text
    }
}

/// May one of those on whose word a file is named not be able to read it, or to see whether it is there? Then nothing is
/// said of it.
pub fn is_hidden(system: &dyn System, path: &Path, who: &Writers) -> bool {
    let is_back = |name: &Component<'_>| *name == Component::ParentDir;
    // What is left again must not be shown either.
    let mut left = path.ancestors().filter(|path| path.ends_with("..")).filter_map(Path::parent);
    let is_closed = |left: &Path| system.is_barred_from(left, who, Access::Enter).is_ok_and(|barred| barred);
    !who.is_empty()
        && (path.components().filter(is_back).count() > MOST_STEPS_BACK
            || is_out_of_reach(system, path, who, Access::Read)
            || left.any(is_closed))
}

/// Is the file certainly not there? Only a whole host can tell that, one whose directory for it can be seen: a repository
/// of configurations has no keys.
pub fn is_missing(system: &dyn System, path: &Path) -> bool {
    let not_there = |error: std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    is_host(system)
        && system.kind(path).is_err_and(not_there)
        && path.parent().is_some_and(|folder| system.list(folder).is_ok_and(|names| !names.is_empty()))
}

/// Why no socket can be made at a path, on a whole host; `None`: nothing that can be seen is in the way. `is_volatile`: the
/// system or another program makes folders there before the server starts, and takes away what is left of the last time.
pub fn why_no_socket(system: &dyn System, path: &Path, is_volatile: bool) -> Option<&'static str> {
    if !is_host(system) {
        return None;
    }
    let folder = path.parent()?;
    if matches!(system.kind(folder), Ok(Kind::File)) {
        return Some("it is not in a directory");
    }
    if is_volatile {
        return None;
    }
    match system.kind(path) {
        Ok(Kind::File) => return Some("there is a file of that name"),
        Ok(Kind::Directory) => return Some("there is a directory of that name"),
        Ok(_) => return None,
        Err(_) => {}
    }
    match system.kind(folder) {
        // The folders around it must be seen, so that it would be.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let around = folder.ancestors().skip(1).find(|around| system.kind(around).is_ok())?;
            let is_seen = system.list(around).is_ok_and(|names| !names.is_empty());
            is_seen.then_some("there is no such directory")
        }
        _ => None,
    }
}

/// Is it a whole host, so that the files which are there are those of the server?
pub fn is_host(system: &dyn System) -> bool {
    system.maps().is_empty() && system.kind(Path::new("/")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    #[test]
    fn a_file_is_read_once_and_all_have_a_limit() {
        let large = vec![b'#'; 30 << 20];
        let mut system = MemorySystem::with_files([("/d/a", &large), ("/d/b", &large), ("/d/c", &large)]);
        system.add_file("/d/small", "x");
        system.add_link("/d/link", "a");
        let mut reading = Reading { room: 64 << 20, ..Reading::new(&system) };
        for path in ["/d/a", "/d/././a", "/d/../d/a", "/d/link", "/d/b"] {
            assert!(reading.read(Path::new(path)).is_some(), "{path}");
        }
        assert!(reading.read(Path::new("/d/c")).is_none(), "there is no room");
        assert!(reading.read(Path::new("/d/small")).is_some() && reading.read(Path::new("/d/a")).is_some());
    }

    #[test]
    fn what_others_can_not_see_is_hidden() {
        let mut system = MemorySystem::with_files([("/secret/a", "x"), ("/open/a", "x"), ("/open/mine", "x")]);
        system.add_directory("/secret/folder");
        system.give("/secret", 0, 0o700);
        system.give("/open/a", 0, 0o600);
        let who = Writers::other_user(33);
        let hidden = |path: &str| is_hidden(&system, Path::new(path), &who);
        for path in ["/secret/a", "/secret/none", "/secret/folder", "/open/a"] {
            assert!(hidden(path), "{path}");
        }
        for path in ["/secret/folder/../../open/mine", "/secret/none/../../open/mine", "/secret/folder/../../open/none"]
        {
            assert!(hidden(path), "{path}");
        }
        assert!(hidden(&format!("/open/{}mine", "../open/".repeat(20))));
        for path in ["/open/mine", "/open/none", "/open/../open/mine"] {
            assert!(!hidden(path), "{path}");
        }
        assert!(!is_hidden(&system, Path::new("/secret/a"), &Writers::default()), "root's own");
    }
}
