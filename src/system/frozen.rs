//! A host that stands still: the first answer to each question is the answer from then on.
//!
//! A plan audits a host several times and compares the results. On a live host a file may vanish, appear or change
//! between two audits, and the comparison would blame the plan for that.

use super::{Entry, FileIdentity, Kind, LARGEST_FILE, Outside, System, Walk};
use crate::trust::{Access, Writers};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::SystemTime;

/// A system whose answers never change.
pub struct Frozen<'a> {
    base: &'a dyn System,
    /// By the path with all links resolved, where there is one.
    texts: Answers<Arc<[u8]>>,
    kinds: Answers<Kind>,
    lists: Answers<Vec<Entry>>,
    canonical: Answers<PathBuf>,
    links: Answers<PathBuf>,
    changed: Answers<SystemTime>,
    walks: Answers<Arc<Walk>>,
    writers: Answers<Writers>,
    /// By path and who is asked about.
    hidden: Answers<bool>,
    identities: Answers<FileIdentity>,
}

/// What a [`Frozen`] system was asked on the way to its files, with the answers.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The names in each directory that was listed; none where it could not be listed. Sorted by path.
    lists: Vec<(PathBuf, Option<Vec<Entry>>)>,
    /// Where each path led; none where it led nowhere. Sorted by path.
    canonical: Vec<(PathBuf, Option<PathBuf>)>,
}

impl<'a> Frozen<'a> {
    /// Nothing is read before it is asked for.
    pub fn new(base: &'a dyn System) -> Frozen<'a> {
        Frozen {
            base,
            texts: Answers::default(),
            kinds: Answers::default(),
            lists: Answers::default(),
            canonical: Answers::default(),
            links: Answers::default(),
            changed: Answers::default(),
            walks: Answers::default(),
            writers: Answers::default(),
            hidden: Answers::default(),
            identities: Answers::default(),
        }
    }

    /// What was asked, without the texts.
    pub fn into_seen(self) -> Seen {
        Seen { lists: self.lists.sorted(), canonical: self.canonical.sorted() }
    }
}

impl Seen {
    /// The first directory or path of which `system` says something else now.
    pub fn first_change(&self, system: &dyn System) -> Option<&Path> {
        let lists = self.lists.iter().filter(|(path, names)| system.list(path).ok() != *names).map(|(path, _)| path);
        let moved = self.canonical.iter().filter(|(path, real)| system.canonical(path).ok() != *real);
        lists.chain(moved.map(|(path, _)| path)).map(PathBuf::as_path).next()
    }
}

impl System for Frozen<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.read_at_most(path, LARGEST_FILE)
    }

    fn read_at_most(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        // A file with several names is read once: they must not differ. Nor may it be there although its path leads nowhere.
        let real = self.canonical(path)?;
        let bytes = self.texts.get(&real, || self.base.read_at_most(path, most).map(Arc::from))?;
        if bytes.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.to_vec()) }
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        let real = self.canonical(path)?;
        match self.texts.known(&real) {
            Some(bytes) => Ok(bytes.len() as u64),
            None => self.base.size(path),
        }
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        self.kinds.get(path, || self.base.kind(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        self.lists.get(path, || self.base.list(path))
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.canonical.get(path, || self.base.canonical(path))
    }

    fn foreign_link(&self, path: &Path) -> Option<String> {
        self.base.foreign_link(path)
    }

    fn writers(&self, path: &Path) -> io::Result<Writers> {
        self.writers.get(path, || self.base.writers(path))
    }

    fn is_hidden_from(&self, path: &Path, who: &Writers) -> io::Result<bool> {
        self.is_barred_from(path, who, Access::Read)
    }

    fn is_barred_from(&self, path: &Path, who: &Writers, access: Access) -> io::Result<bool> {
        let mut question = path.as_os_str().to_owned();
        // No path holds it.
        question.push(format!("\0{access:?} {who}"));
        self.hidden.get(Path::new(&question), || self.base.is_barred_from(path, who, access))
    }

    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        self.identities.get(path, || self.base.identity(path))
    }

    fn maps(&self) -> Vec<(PathBuf, PathBuf)> {
        self.base.maps()
    }

    fn link(&self, path: &Path) -> io::Result<PathBuf> {
        self.links.get(path, || self.base.link(path))
    }

    fn changed(&self, path: &Path) -> io::Result<SystemTime> {
        self.changed.get(path, || self.base.changed(path))
    }

    fn walk(&self, path: &Path) -> Walk {
        let walk = self.walks.get(path, || Ok(Arc::new(self.base.walk(path))));
        walk.map(|walk| copy_of(&walk)).unwrap_or_default()
    }
}

fn copy_of(walk: &Walk) -> Walk {
    let unreadable = walk.unreadable.iter().map(|(path, error)| (path.clone(), Fault::of(error).error()));
    Walk { files: walk.files.clone(), links: walk.links.clone(), unreadable: unreadable.collect() }
}

/// The first answer about each path.
struct Answers<T>(RwLock<HashMap<OsString, Result<T, Fault>>>);

impl<T> Default for Answers<T> {
    fn default() -> Answers<T> {
        Answers(RwLock::default())
    }
}

impl<T: Clone> Answers<T> {
    /// The first answer about a path; asks for it if there is none yet.
    fn get(&self, path: &Path, ask: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let answer = |found: &Result<T, Fault>| found.clone().map_err(|fault| fault.error());
        if let Some(found) = self.0.read().ok().and_then(|known| known.get(path.as_os_str()).map(answer)) {
            return found;
        }
        let new = ask().map_err(|error| Fault::of(&error));
        // Of two threads that ask at the same time the first one counts for both.
        match self.0.write() {
            Ok(mut known) => answer(known.entry(path.into()).or_insert(new)),
            Err(_) => answer(&new),
        }
    }

    /// The answer about a path, if there is one already that is no error.
    fn known(&self, path: &Path) -> Option<T> {
        self.0.read().ok()?.get(path.as_os_str())?.clone().ok()
    }

    /// All answers by path; none for an error.
    fn sorted(self) -> Vec<(PathBuf, Option<T>)> {
        let known = self.0.into_inner().unwrap_or_default();
        let mut all: Vec<_> = known.into_iter().map(|(path, answer)| (PathBuf::from(path), answer.ok())).collect();
        all.sort_by(|a, b| a.0.as_os_str().cmp(b.0.as_os_str()));
        all
    }
}

/// An error that can be told again.
#[derive(Clone, Debug)]
enum Fault {
    /// It lies outside of the given paths.
    Outside(Outside),
    /// The number of the operating system.
    Code(i32),
    Said(io::ErrorKind, String),
}

impl Fault {
    fn of(error: &io::Error) -> Fault {
        if let Some(outside) = Outside::of(error) {
            return Fault::Outside(outside.clone());
        }
        match error.raw_os_error() {
            Some(code) => Fault::Code(code),
            None => Fault::Said(error.kind(), error.to_string()),
        }
    }

    fn error(&self) -> io::Error {
        match self {
            Fault::Outside(outside) => io::Error::other(outside.clone()),
            Fault::Code(code) => io::Error::from_raw_os_error(*code),
            Fault::Said(kind, text) => io::Error::new(*kind, text.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::{MemorySystem, is_outside, outside};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Shows one host for the first questions and another one afterwards.
    struct Turning {
        hosts: [MemorySystem; 2],
        left: AtomicUsize,
    }

    impl Turning {
        fn host(&self) -> &MemorySystem {
            let before = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            &self.hosts[usize::from(before.is_err())]
        }
    }

    impl System for Turning {
        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            self.host().read(path)
        }
        fn kind(&self, path: &Path) -> io::Result<Kind> {
            self.host().kind(path)
        }
        fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
            self.host().list(path)
        }
        fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
            self.host().canonical(path)
        }
        fn walk(&self, path: &Path) -> Walk {
            self.host().walk(path)
        }
        fn writers(&self, path: &Path) -> io::Result<Writers> {
            self.host().writers(path)
        }
        fn is_hidden_from(&self, path: &Path, who: &Writers) -> io::Result<bool> {
            self.host().is_hidden_from(path, who)
        }
        fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
            self.host().identity(path)
        }
    }

    #[test]
    fn the_first_answer_stays_and_a_change_is_noticed() {
        let old = MemorySystem::with_files([("/etc/a", "1"), ("/etc/b", "2")]);
        let new = MemorySystem::with_files([("/etc/a", "3"), ("/etc/c", "4")]);
        let asked = 6;
        let system = Turning { hosts: [old.clone(), new.clone()], left: asked.into() };
        let frozen = Frozen::new(&system);
        let [a, etc, none] = ["/etc/a", "/etc", "/etc/none"].map(Path::new);
        let ask = || {
            let walk = frozen.walk(etc).files;
            let missing = frozen.read(none).map_err(|error| (error.kind(), error.raw_os_error()));
            (frozen.read(a).unwrap(), frozen.list(etc).unwrap(), walk, missing, frozen.kind(none).is_err())
        };
        let first = ask();
        assert_eq!(first, ask());
        // A walk, the path and the text of a file, a list, the path of another file, and its kind: once each.
        assert_eq!(system.left.load(Ordering::SeqCst), 0);
        assert_eq!(first.0, b"1");
        let seen = frozen.into_seen();
        assert_eq!(seen.first_change(&old), None);
        assert_eq!(seen.first_change(&new), Some(etc));
    }

    #[test]
    fn errors_are_told_again_as_they_were() {
        let told = |error: io::Error| Fault::of(&error).error();
        let error = told(outside(Path::new("/etc/apache2/sites-enabled/a.conf")));
        assert!(is_outside(&error));
        assert!(error.to_string().ends_with("(/etc/apache2=DIR)"), "{error}");
        let folder =
            |path: &str| outside(Path::new(path)).to_string().rsplit_once('(').unwrap_or_default().1.to_owned();
        assert_eq!(folder("/usr/local/apache2/conf/x.conf"), "/usr/local/apache2=DIR)");
        assert_eq!(folder("/etc/httpd/conf.d"), "/etc/httpd=DIR)");
        assert_eq!(folder("/etc/nginx/mime.types"), "/etc/nginx=DIR)");
        assert_eq!(folder("/srv"), "/srv=DIR)");
        assert_eq!(told(io::Error::from_raw_os_error(13)).raw_os_error(), Some(13));
        let error = told(crate::system::too_large(64 << 20));
        assert_eq!((error.kind(), error.to_string().contains("64 MiB")), (io::ErrorKind::FileTooLarge, true));
    }
}
