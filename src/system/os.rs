//! The real file system, or a tree of it as if it were one.
#![expect(clippy::disallowed_methods, reason = "this is where files are read")]

use super::beneath::{find_beneath, list_beneath, open_beneath, open_root};
use super::lease::{Patience, SHORT};
use super::os_write::ACCESS_LIST;
use super::{Entry, FileIdentity, Kind, LARGEST_FILE, System, Walk, not_a_file, outside, too_large, trusted};
use crate::trust::{Access, Rights, Way, Writers};
use rustix::fs::{fgetxattr, fstatfs, lgetxattr, readlinkat};
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs::{self, FileType, Metadata};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::RwLock;
use std::time::{Duration, SystemTime};

/// File systems whose files the kernel makes (`linux/magic.h`): proc, sysfs, debugfs, tracefs, securityfs, cgroup2, bpf,
/// configfs, selinuxfs.
const KERNELS: [u64; 9] =
    [0x9fa0, 0x6265_6572, 0x6462_6720, 0x7472_6163, 0x7363_6673, 0x6367_7270, 0xcafe_4a11, 0x6265_6570, 0xf97c_ff8c];

/// As many links are followed for one path as Linux does.
const MOST_LINKS: usize = 40;

/// A host whose root is a directory.
#[derive(Debug)]
pub struct OsSystem {
    /// `/`, or the directory that stands for it.
    root: PathBuf,
    /// The same, open.
    opened: OwnedFd,
    /// Host paths that stand for others: (`/etc/nginx`, `/home/me/repo/nginx`).
    maps: Vec<(PathBuf, PathBuf)>,
    /// If set, nothing but what lies in these is there.
    within: Option<Vec<PathBuf>>,
    /// Directories whose links are resolved already.
    directories: RwLock<HashMap<PathBuf, ResolvedPath>>,
    /// Files that were reached by a link of somebody who can't write them.
    foreign: RwLock<BTreeMap<PathBuf, Link>>,
    /// How long it still waits for files with leases of others.
    patience: Patience,
}

/// Where a path leads, who could have decided that, and the links on the way that are neither root's nor the user's own.
#[derive(Clone, Debug, Default)]
struct ResolvedPath {
    path: PathBuf,
    way: Way,
    links: Vec<Link>,
    /// What is there, as far as that was seen on the way.
    kind: Option<Kind>,
}

/// A link, and whose it is.
#[derive(Clone, Debug)]
struct Link {
    path: PathBuf,
    owner: Writers,
}

impl OsSystem {
    /// The host whose root directory is `root`; `maps` holds host paths and what stands for them.
    pub fn new(root: &Path, maps: Vec<(PathBuf, PathBuf)>) -> io::Result<OsSystem> {
        let meta = fs::metadata(root)?;
        if !meta.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "is not a directory"));
        }
        let opened = open_root(root)?;
        // The root of a process in a container (`/proc/N/root`) reads as another path, or as one that leads nowhere.
        let is_it = |real: &PathBuf| fs::metadata(real).is_ok_and(|found| is_same(&found, &meta));
        let root = match fs::canonicalize(root).ok().filter(is_it) {
            Some(real) => real,
            None => std::path::absolute(root)?,
        };
        Ok(OsSystem {
            root,
            opened,
            maps,
            within: None,
            directories: RwLock::default(),
            foreign: RwLock::default(),
            patience: Patience::new(SHORT),
        })
    }

    /// Shows nothing but what lies in these files and directories, and in what is mapped.
    #[must_use]
    pub fn within(mut self, paths: &[PathBuf]) -> OsSystem {
        let mapped = self.maps.iter().map(|(_, to)| to.clone());
        let paths = paths.iter().cloned().chain(mapped);
        let real: Vec<PathBuf> = paths.map(|p| self.resolve(&p).map_or(p, |found| found.path)).collect();
        self.within = Some(real);
        self
    }

    /// Resolves a path that is to be looked at.
    fn look(&self, path: &Path) -> io::Result<ResolvedPath> {
        let allowed = |real: &Path| self.within.as_ref().is_none_or(|w| w.iter().any(|p| real.starts_with(p)));
        match self.resolve(path) {
            Ok(real) if allowed(&real.path) => Ok(real),
            Ok(_) => Err(outside(path)),
            // What is not there may be outside too; the directories on the way to what is given are not.
            Err(_) if !allowed(&super::normalize(path)) && !self.leads_to_mapped(path) => Err(outside(path)),
            Err(error) => Err(error),
        }
    }

    fn leads_to_mapped(&self, path: &Path) -> bool {
        self.maps.iter().any(|(from, _)| path.starts_with(from))
    }

    /// Where a resolved host path is on this machine.
    fn outside(&self, resolved: &Path) -> PathBuf {
        match resolved.strip_prefix("/") {
            Ok(rest) if rest.as_os_str().is_empty() => self.root.clone(),
            Ok(rest) => self.root.join(rest),
            Err(_) => self.root.join(resolved),
        }
    }

    fn mapped(&self, path: &Path) -> Option<&Path> {
        self.maps.iter().find(|(from, _)| from == path).map(|(_, to)| to.as_path())
    }

    /// Resolves every link of `path` inside the root, as the kernel does after chroot(2).
    fn resolve(&self, path: &Path) -> io::Result<ResolvedPath> {
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name())
            && path.is_absolute()
            && parent != Path::new("/")
        {
            let mut links = 0;
            let parent = self.resolve_directory(parent, &mut links)?;
            return self.resolve_all(parent, Path::new(name), &mut links);
        }
        self.resolve_all(from_the_root(), path, &mut 0)
    }

    fn resolve_directory(&self, path: &Path, links: &mut usize) -> io::Result<ResolvedPath> {
        if let Some(found) = self.directories.read().ok().and_then(|d| d.get(path).cloned()) {
            return Ok(found);
        }
        let resolved = self.resolve_all(from_the_root(), path, links)?;
        if let Ok(mut known) = self.directories.write() {
            known.insert(path.to_owned(), resolved.clone());
        }
        Ok(resolved)
    }

    fn resolve_all(&self, from: ResolvedPath, path: &Path, links: &mut usize) -> io::Result<ResolvedPath> {
        let mut to = ResolvedPath { kind: None, ..from };
        let mut pending: Vec<OsString> = Vec::new();
        push_components(&mut pending, &mut to.path, path);
        while let Some(name) = pending.pop() {
            to.kind = None;
            if name == ".." {
                to.path.pop();
                self.pass_again(&mut to);
                continue;
            }
            to.path.push(&name);
            if let Some(target) = self.mapped(&to.path) {
                *links += 1;
                let target = target.to_owned();
                push_components(&mut pending, &mut to.path, &target);
            } else {
                let outside = self.outside(&to.path);
                let (meta, opened) = match self.look_at(&to) {
                    Ok(seen) => seen,
                    // Only what is mapped has to be there, not the directories above it.
                    Err(_) if self.maps.iter().any(|(from, _)| from.starts_with(&to.path)) => continue,
                    Err(error) => return Err(error),
                };
                to.way.go(&rights(&outside, &meta), trusted());
                if meta.file_type().is_symlink() {
                    *links += 1;
                    let target = match opened {
                        None => fs::read_link(&outside)?,
                        Some(link) => OsString::from_vec(readlinkat(&link, "", Vec::new())?.into_bytes()).into(),
                    };
                    self.follow(&mut to, &mut pending, (target, &meta), links)?;
                } else if !pending.is_empty() && !meta.is_dir() {
                    return Err(io::Error::from_raw_os_error(20)); // ENOTDIR
                } else {
                    to.kind = Some(kind_of(meta.file_type()));
                }
            }
            if *links > MOST_LINKS {
                return Err(io::Error::from_raw_os_error(40)); // ELOOP
            }
        }
        Ok(to)
    }

    /// Goes on where the symbolic link says at which the way has come.
    fn follow(
        &self,
        to: &mut ResolvedPath,
        pending: &mut Vec<OsString>,
        (target, meta): (PathBuf, &Metadata),
        links: &mut usize,
    ) -> io::Result<()> {
        let owner = Writers::user(meta.uid(), trusted());
        if !owner.is_empty() {
            to.links.push(Link { path: to.path.clone(), owner });
        }
        to.path.pop();
        // Thousands of links lead to files of one directory: that is resolved once.
        if pending.is_empty()
            && self.maps.is_empty()
            && *links <= MOST_LINKS
            && let full = to.path.join(&target)
            && let (Some(parent), Some(name)) = (full.parent(), full.file_name())
        {
            let folder = self.resolve_directory(parent, links)?;
            to.links.extend(folder.links);
            to.way.go_on(folder.way);
            to.path = folder.path;
            pending.push(name.to_owned());
        } else {
            push_components(pending, &mut to.path, &target);
            self.pass_again(to);
        }
        Ok(())
    }

    /// The way has come back to a directory: who can write there counts for what comes next.
    fn pass_again(&self, to: &mut ResolvedPath) {
        let outside = self.outside(&to.path);
        if let Ok(meta) = fs::symlink_metadata(&outside) {
            to.way.go(&rights(&outside, &meta), trusted());
        }
    }

    /// Remembers a file that was reached by a link of somebody who can't write it: nothing is changed through that. An
    /// error where they could not even read it, since what is read may be shown to them. The same where others can give a
    /// file one more name (a hard link) in a folder of theirs.
    /// `opened`: the file itself, where it is open already.
    fn admit(&self, real: &ResolvedPath, opened: Option<&fs::File>, meta: &Metadata) -> io::Result<()> {
        let refused = |why: String| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        for link in &real.links {
            if self.is_barred((&real.path, opened), meta, &link.owner, Access::Read)? {
                let (path, owner) = (link.path.display(), &link.owner);
                return refused(format!(
                    "is reached by {path}, a link of {owner}, who may not be able to read it: not read"
                ));
            }
            if !link.owner.are_among(&self.writers(&real.path)?)
                && let Ok(mut foreign) = self.foreign.write()
            {
                foreign.insert(real.path.clone(), link.clone());
            }
        }
        let others = real.way.writers();
        if meta.nlink() > 1
            && !others.is_empty()
            && self.is_barred((&real.path, opened), meta, &others, Access::Read)?
        {
            return refused(format!(
                "has several names (hard links) in a folder that {others} can write to, who may not be able to read it: \
                 not read"
            ));
        }
        Ok(())
    }
}

impl OsSystem {
    /// What is at the end of a way, and the same open where somebody else could put a link on the way: then it is found
    /// without following one.
    fn look_at(&self, to: &ResolvedPath) -> io::Result<(Metadata, Option<fs::File>)> {
        if self.root == Path::new("/") && to.way.is_fixed() {
            return Ok((fs::symlink_metadata(self.outside(&to.path))?, None));
        }
        let found = self.find(&to.path)?;
        Ok((found.metadata()?, Some(found)))
    }

    /// Finds what a resolved path names, if no link was put on the way since.
    fn find(&self, real: &Path) -> io::Result<fs::File> {
        find_beneath(&self.opened, real).map(fs::File::from)
    }

    /// What a resolved path names.
    fn read_metadata(&self, real: &ResolvedPath) -> io::Result<Metadata> {
        self.look_at(real).map(|(meta, _)| meta)
    }

    /// May it be that one of these can't do that with what a resolved path names, or can't come to where it is? A file that
    /// is open is asked itself: something else may have its path by now.
    fn is_barred(
        &self,
        (path, opened): (&Path, Option<&fs::File>),
        meta: &Metadata,
        who: &Writers,
        access: Access,
    ) -> io::Result<bool> {
        if who.is_empty() {
            return Ok(false);
        }
        let (has_list, is_of_kernel) = match opened {
            Some(file) => (has_list_open(file), is_of_kernel(file)),
            None => (has_list(&self.outside(path)), self.find(path).is_ok_and(|found| is_of_kernel(&found))),
        };
        let rights = bare_rights(meta, has_list);
        let folder = path.parent().unwrap_or(path);
        Ok(is_of_kernel || !rights.opens_to(who, access, trusted()) || self.is_closed_to(folder, who)?)
    }

    /// A link on the way to a directory, of somebody who may not be able to list that: its names may be shown to them.
    fn closed_link<'r>(&self, real: &'r ResolvedPath) -> io::Result<Option<&'r Link>> {
        if real.links.is_empty() {
            return Ok(None);
        }
        let meta = self.read_metadata(real)?;
        for link in &real.links {
            if self.is_barred((&real.path, None), &meta, &link.owner, Access::Read)? {
                return Ok(Some(link));
            }
        }
        Ok(None)
    }

    /// May it be that one of these can't enter a directory or one above it?
    fn is_closed_to(&self, folder: &Path, who: &Writers) -> io::Result<bool> {
        for step in folder.ancestors() {
            let meta = self.find(step)?.metadata()?;
            let rights = bare_rights(&meta, has_list(&self.outside(step)));
            if !rights.opens_to(who, Access::Enter, trusted()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn from_the_root() -> ResolvedPath {
    ResolvedPath { path: PathBuf::from("/"), ..ResolvedPath::default() }
}

/// Who may do what with a file. Its access control list counts only where the permissions of the group allow writing,
/// which are the most that any of its entries gives.
fn rights(path: &Path, meta: &Metadata) -> Rights {
    let is_link = meta.file_type().is_symlink();
    bare_rights(meta, !is_link && meta.mode() & 0o020 != 0 && has_list(path))
}

/// The same where it is known whether a list counts. Where reading is asked about, it always does.
fn bare_rights(meta: &Metadata, has_list: bool) -> Rights {
    Rights {
        owner: meta.uid(),
        group: meta.gid(),
        mode: meta.mode() & 0o7777,
        has_list,
        links: meta.nlink(),
        is_directory: meta.is_dir(),
        is_link: meta.file_type().is_symlink(),
    }
}

fn has_list(path: &Path) -> bool {
    let mut nothing: [u8; 0] = [];
    lgetxattr(path, ACCESS_LIST, &mut nothing[..]).is_ok_and(|length| length > 0)
}

/// The same of a file that was opened for reading.
fn has_list_open(file: &fs::File) -> bool {
    let mut nothing: [u8; 0] = [];
    fgetxattr(file, ACCESS_LIST, &mut nothing[..]).is_ok_and(|length| length > 0)
}

/// Is it a file that the kernel makes when it is read? Who may do that, its permissions do not tell: root is shown what
/// others are not.
fn is_of_kernel(file: &fs::File) -> bool {
    fstatfs(file).is_ok_and(|system| KERNELS.contains(&system.f_type.cast_unsigned()))
}

/// Puts the components of `path` on the stack, first one on top; an absolute path starts again at the root.
fn push_components(pending: &mut Vec<OsString>, at: &mut PathBuf, path: &Path) {
    for component in path.components().rev() {
        match component {
            Component::Normal(name) => pending.push(name.to_owned()),
            Component::ParentDir => pending.push("..".into()),
            Component::RootDir => *at = PathBuf::from("/"),
            Component::CurDir | Component::Prefix(_) => {}
        }
    }
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

fn kind_of_entry(kind: rustix::fs::FileType) -> Kind {
    match kind {
        rustix::fs::FileType::RegularFile => Kind::File,
        rustix::fs::FileType::Directory => Kind::Directory,
        rustix::fs::FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    }
}

fn kind_of(kind: FileType) -> Kind {
    if kind.is_file() {
        Kind::File
    } else if kind.is_dir() {
        Kind::Directory
    } else if kind.is_symlink() {
        Kind::Link
    } else {
        Kind::Other
    }
}

impl System for OsSystem {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.read_at_most(path, LARGEST_FILE)
    }

    fn read_at_most(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let real = self.look(path)?;
        // A device is not even opened: some act on that.
        if let Some(kind) = real.kind.filter(|kind| *kind != Kind::File) {
            return Err(not_a_file(kind));
        }
        let file = open_beneath(&self.opened, &real.path, &self.patience)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(not_a_file(kind_of(meta.file_type())));
        }
        let too_large = |length: u64| match most {
            LARGEST_FILE => too_large(length),
            _ => io::ErrorKind::FileTooLarge.into(),
        };
        if meta.len() > most {
            return Err(too_large(meta.len()));
        }
        self.admit(&real, Some(&file), &meta)?;
        let mut bytes = Vec::with_capacity(meta.len() as usize);
        // What grows while it is read, and the files of /proc, do not say how long they are.
        file.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(too_large(bytes.len() as u64));
        }
        Ok(bytes)
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        Ok(self.read_metadata(&self.look(path)?)?.len())
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        let real = self.look(path)?;
        match real.kind {
            Some(kind) => Ok(kind),
            None => Ok(kind_of(self.read_metadata(&real)?.file_type())),
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let real = self.look(path)?;
        if let Some(link) = self.closed_link(&real)? {
            let why = format!(
                "is reached by {}, a link of {}, who may not be able to list it: not looked into",
                link.path.display(),
                link.owner
            );
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        let names = list_beneath(&self.opened, &real.path)?;
        let mut entries: Vec<Entry> =
            names.into_iter().map(|(name, kind)| Entry { name, kind: kind_of_entry(kind) }).collect();
        entries.sort();
        Ok(entries)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        let real = self.look(path)?;
        if !real.links.is_empty() {
            // Whoever reads it by this path from now on does not see the link any more.
            let meta = self.read_metadata(&real)?;
            if meta.is_file() {
                self.admit(&real, None, &meta)?;
            }
        }
        Ok(real.path)
    }

    fn maps(&self) -> Vec<(PathBuf, PathBuf)> {
        let real = |to: &PathBuf| self.resolve(to).map_or_else(|_| to.clone(), |found| found.path);
        self.maps.iter().map(|(from, to)| (from.clone(), real(to))).collect()
    }

    fn foreign_link(&self, path: &Path) -> Option<String> {
        let foreign = self.foreign.read().ok()?;
        let Link { path, owner } = foreign.get(path)?;
        Some(format!("it is reached by {}, a link of {owner}, who can't write it", path.display()))
    }

    fn writers(&self, path: &Path) -> io::Result<Writers> {
        match (self.look(path), path.parent()) {
            (Ok(real), _) => Ok(real.way.writers()),
            (Err(error), Some(above)) if error.kind() == io::ErrorKind::NotFound => match self.look(above) {
                Ok(folder) => Ok(folder.way.makers()),
                Err(_) => self.writers(above),
            },
            (Err(error), _) => Err(error),
        }
    }

    fn is_hidden_from(&self, path: &Path, who: &Writers) -> io::Result<bool> {
        self.is_barred_from(path, who, Access::Read)
    }

    fn is_barred_from(&self, path: &Path, who: &Writers, access: Access) -> io::Result<bool> {
        let real = self.look(path)?;
        self.is_barred((&real.path, None), &self.read_metadata(&real)?, who, access)
    }

    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        Ok(FileIdentity::of(&self.read_metadata(&self.look(path)?)?))
    }

    fn link(&self, path: &Path) -> io::Result<PathBuf> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        fs::read_link(self.outside(&self.look(parent)?.path).join(name))
    }

    fn changed(&self, path: &Path) -> io::Result<SystemTime> {
        let meta = self.read_metadata(&self.look(path)?)?;
        // A file that was moved here keeps the time of its content.
        let seconds = u64::try_from(meta.ctime()).map_err(io::Error::other)?;
        let rest = u32::try_from(meta.ctime_nsec()).map_err(io::Error::other)?;
        Ok(SystemTime::UNIX_EPOCH + Duration::new(seconds, rest))
    }

    fn walk(&self, path: &Path) -> Walk {
        let mut walk = Walk::default();
        let start = match self.resolve(path) {
            Ok(start) => start.path,
            Err(error) => {
                walk.unreadable.push((path.to_owned(), error));
                return walk;
            }
        };
        let outside = self.outside(&start);
        let inside = |p: &Path| match p.strip_prefix(&outside) {
            Ok(rest) if rest.as_os_str().is_empty() => start.clone(),
            Ok(rest) => start.join(rest),
            Err(_) => start.clone(),
        };
        for entry in walkdir::WalkDir::new(&outside).follow_links(false).sort_by_file_name() {
            match entry {
                Ok(entry) => match kind_of(entry.file_type()) {
                    Kind::File => walk.files.push(inside(entry.path())),
                    Kind::Link => walk.links.push(inside(entry.path())),
                    Kind::Directory | Kind::Other => {}
                },
                Err(error) => {
                    let at = error.path().map_or_else(|| start.clone(), inside);
                    let cause = error.into_io_error().unwrap_or_else(|| io::Error::other("cannot be listed"));
                    walk.unreadable.push((at, cause));
                }
            }
        }
        walk
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir_all(dir.path().join("etc/nginx/sites-available")).expect("mkdir");
        fs::create_dir_all(dir.path().join("etc/nginx/sites-enabled")).expect("mkdir");
        fs::write(dir.path().join("etc/nginx/sites-available/a"), "x").expect("write");
        symlink("/etc/nginx/sites-available/a", dir.path().join("etc/nginx/sites-enabled/a")).expect("link");
        symlink("../../../../../../etc/nginx", dir.path().join("etc/n")).expect("link");
        symlink("loop", dir.path().join("etc/loop")).expect("link");
        symlink("/nowhere", dir.path().join("etc/dangling")).expect("link");
        dir
    }

    #[test]
    fn absolute_and_climbing_links_stay_inside_the_root() {
        let dir = tree();
        let system = OsSystem::new(dir.path(), Vec::new()).expect("a root");
        let a = Path::new("/etc/nginx/sites-available/a");
        assert_eq!(system.canonical(Path::new("/etc/nginx/sites-enabled/a")).expect("resolves"), a);
        assert_eq!(system.canonical(Path::new("/etc/n/sites-enabled/a")).expect("resolves"), a);
        assert_eq!(system.read(Path::new("/etc/n/sites-enabled/a")).expect("reads"), b"x");
        assert_eq!(system.canonical(Path::new("/../../etc")).expect("resolves"), Path::new("/etc"));
    }

    /// A directory that is a link to somewhere else by now leads nowhere: not even whether something is there is told.
    #[test]
    fn what_is_exchanged_since_it_was_resolved_leads_nowhere() {
        let (dir, secret) = (tree(), tempfile::tempdir().expect("a temporary directory"));
        fs::create_dir(secret.path().join("folder")).expect("mkdir");
        fs::write(secret.path().join("there"), "x").expect("write");
        let folder = dir.path().join("etc/nginx/sites-available");
        fs::create_dir(folder.join("folder")).expect("mkdir");
        let system = OsSystem::new(dir.path(), Vec::new()).expect("a root");
        let inside = |name: &str| Path::new("/etc/nginx/sites-available").join(name);
        assert!(system.read(&inside("a")).is_ok() && system.list(&inside("folder")).is_ok());
        fs::rename(&folder, dir.path().join("old")).expect("moved");
        symlink(secret.path(), &folder).expect("link");
        let who = Writers::other_user(33);
        let told = |name: &str| {
            let path = inside(name);
            let errors = [
                system.kind(&path).err(),
                system.size(&path).err(),
                system.list(&path).err(),
                system.canonical(&path).err(),
                system.identity(&path).err(),
                system.is_hidden_from(&path, &who).err(),
                system.link(&path).err(),
            ];
            errors.map(|error| error.map(|error| error.kind()))
        };
        assert_eq!(told("there"), told("nothing"));
        assert_eq!(told("folder"), told("nothing"));
        assert!(told("there").iter().all(Option::is_some));
    }

    /// What is read was opened: that another file has its path by now makes it nobody's who could not read it.
    #[test]
    fn a_file_that_is_open_is_asked_itself() {
        let dir = tree();
        let system = OsSystem::new(dir.path(), Vec::new()).expect("a root");
        let path = Path::new("/etc/nginx/sites-available/a");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("others may enter");
        let opened = fs::File::open("/proc/self/status").expect("a file of the kernel");
        let meta = fs::metadata(system.outside(path)).expect("a file");
        let who = Writers::other_user(33);
        let is_barred = |opened| system.is_barred((path, opened), &meta, &who, Access::Read).expect("it is there");
        assert_eq!([is_barred(None), is_barred(Some(&opened))], [false, true]);
    }

    /// For files of /proc the kernel looks at more than their permissions.
    #[test]
    fn files_that_the_kernel_makes_are_hidden_from_others() {
        let system = OsSystem::new(Path::new("/"), Vec::new()).expect("a root");
        let who = Writers::other_user(33);
        for path in ["/proc/self/maps", "/proc/version", "/sys/kernel"] {
            assert!(system.is_hidden_from(Path::new(path), &who).unwrap_or(true), "{path}");
        }
        assert!(!system.is_hidden_from(Path::new("/etc/passwd"), &who).expect("it is there"));
    }

    #[test]
    fn loops_dangling_links_and_directories_are_errors() {
        let dir = tree();
        let system = OsSystem::new(dir.path(), Vec::new()).expect("a root");
        assert_eq!(system.read(Path::new("/etc/loop")).expect_err("loops").raw_os_error(), Some(40));
        assert_eq!(system.read(Path::new("/etc/dangling")).expect_err("dangles").kind(), io::ErrorKind::NotFound);
        assert_eq!(system.read(Path::new("/etc")).expect_err("is one").kind(), io::ErrorKind::IsADirectory);
        assert_eq!(system.kind(Path::new("/etc/n")).expect("is there"), Kind::Directory);
    }

    #[test]
    fn a_map_stands_for_a_directory_that_is_not_there() {
        let dir = tree();
        let maps = vec![("/srv/conf".into(), "/etc/n".into())];
        let system = OsSystem::new(dir.path(), maps).expect("a root");
        let found = system.canonical(Path::new("/srv/conf/sites-enabled/a")).expect("resolves");
        assert_eq!(found, Path::new("/etc/nginx/sites-available/a"));
    }
}
