//! Following a path name by name, and noting who could have decided where it leads.
//!
//! The kernel follows every link for root that anybody made, and a canonical path does not tell any more which links led
//! there. So what the user names for writing (a state directory, a report) is followed here: each name is opened
//! relative to the open directory before it, no link is followed that somebody else could have made, and what is found
//! stays open, so that nobody can put something else in its place afterwards.

use super::os_write::{has_list, status};
use super::{Kind, Status};
use crate::trust::{Rights, Trusted, Way, Writers};
use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

/// As many links are followed for one path as Linux does.
const MOST_LINKS: usize = 40;
const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Where a path leads.
#[derive(Debug)]
pub struct Followed {
    /// The directory that its last name is in, open.
    pub(super) folder: OwnedFd,
    /// The path of that directory, no link in it.
    folder_path: PathBuf,
    /// The last name; none: the path means the directory itself.
    pub(super) name: Option<OsString>,
    /// What has that name; none: nothing.
    pub(super) last: Option<Status>,
    /// Is that a link of /proc, which leads to what is open?
    pub(super) is_magic: bool,
    /// The names behind one that is not there.
    pub(super) rest: Vec<OsString>,
    /// Who could have decided which directory it is.
    pub(super) folder_way: Way,
    /// The same for what is at the end.
    way: Way,
}

impl Followed {
    /// The path, no link in it.
    pub fn path(&self) -> PathBuf {
        self.folder_path.iter().chain(self.name.iter().chain(&self.rest).map(OsString::as_os_str)).collect()
    }

    /// Those who could have decided what is at the end, or, where nothing is, those who could have decided where that is.
    pub fn writers(&self) -> Writers {
        self.way.writers()
    }

    /// Is it a name in /proc, where nothing can be made?
    pub(super) fn is_in_proc(&self) -> bool {
        is_proc(&self.folder)
    }

    /// The directory that it leads to, open.
    pub(super) fn directory(&self) -> io::Result<OwnedFd> {
        match &self.name {
            None => Ok(self.folder.try_clone()?),
            Some(_) if !self.rest.is_empty() => Err(Errno::NOENT.into()),
            Some(name) => Ok(fs::openat(&self.folder, name.as_os_str(), DIRECTORY, Mode::empty())?),
        }
    }

    fn start(root: OwnedFd, way: Way) -> Followed {
        Followed {
            folder: root,
            folder_path: PathBuf::from("/"),
            name: None,
            last: None,
            is_magic: false,
            rest: Vec::new(),
            folder_way: way.clone(),
            way,
        }
    }
}

/// Follows an absolute path of this machine, or below a directory that is taken for the root: then no link and no `..`
/// leads out of that. What is not there is no error; a link that somebody else could have made is one.
pub fn follow(below: Option<&Followed>, path: &Path, trusted: &Trusted) -> io::Result<Followed> {
    let (root, way) = match below {
        Some(root) => (root.directory()?, root.way.clone()),
        None => (fs::open("/", DIRECTORY, Mode::empty())?, Way::default()),
    };
    let walk = FollowWalk::begin(root, PathBuf::from("/"), way, trusted)?;
    walk.to(path)
}

/// Follows a path as the user's shell would: a relative one from the current directory on.
pub(super) fn follow_here(path: &Path, trusted: &Trusted) -> io::Result<Followed> {
    if path.is_absolute() {
        return follow(None, path, trusted);
    }
    let here = fs::open(".", DIRECTORY, Mode::empty())?;
    // Only for messages: it may have been removed.
    let shown = std::env::current_dir().unwrap_or_default();
    let mut walk = FollowWalk::begin(here, shown, Way::default(), trusted)?;
    walk.is_root = false;
    walk.to(path)
}

/// The path of an open file in /proc: what is done there is done to that file, whatever its name leads to by now.
pub(super) fn by_number(file: &OwnedFd) -> PathBuf {
    Path::new("/proc/self/fd").join(file.as_raw_fd().to_string())
}

/// On the way.
struct FollowWalk<'t> {
    trusted: &'t Trusted,
    /// The directories from the start to here, each with its name; the start has none.
    open: Vec<(OwnedFd, OsString)>,
    start: PathBuf,
    /// Is the start a root, above which there is nothing?
    is_root: bool,
    way: Way,
    links: usize,
    pending: VecDeque<OsString>,
}

impl<'t> FollowWalk<'t> {
    fn begin(start: OwnedFd, path: PathBuf, mut way: Way, trusted: &'t Trusted) -> io::Result<FollowWalk<'t>> {
        way.go(&rights(&start)?, trusted);
        let open = vec![(start, OsString::new())];
        Ok(FollowWalk { trusted, open, start: path, is_root: true, way, links: 0, pending: VecDeque::new() })
    }

    fn to(mut self, path: &Path) -> io::Result<Followed> {
        self.push(path)?;
        while let Some(name) = self.pending.pop_front() {
            if name == ".." {
                self.up()?;
                continue;
            }
            let Some(found) = look(self.here(), &name)? else {
                let rest: Vec<OsString> = self.pending.drain(..).collect();
                return self.end(name, None, rest, false);
            };
            match found.kind {
                Kind::Link if self.pending.is_empty() && is_proc(self.here()) => {
                    self.check(&name, &found)?;
                    return self.end(name, Some(found), Vec::new(), true);
                }
                Kind::Link => {
                    self.check(&name, &found)?;
                    let target = fs::readlinkat(self.here(), name.as_os_str(), Vec::new())?;
                    self.push(Path::new(&OsString::from_vec(target.into_bytes())))?;
                }
                _ if self.pending.is_empty() => return self.end(name, Some(found), Vec::new(), false),
                _ => {
                    let next = fs::openat(self.here(), name.as_os_str(), DIRECTORY, Mode::empty())?;
                    self.way.go(&rights(&next)?, self.trusted);
                    self.open.push((next, name));
                }
            }
        }
        let (folder_path, way) = (self.path(), self.way.clone());
        Ok(Followed { folder_path, ..Followed::start(self.last_open()?, way) })
    }

    /// Puts the names of a path in front of those that are waiting; an absolute one begins again at the root.
    fn push(&mut self, path: &Path) -> io::Result<()> {
        let names = path.components().filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        });
        let names: Vec<OsString> = names.collect();
        names.into_iter().rev().for_each(|name| self.pending.push_front(name));
        if path.is_absolute() && self.is_root {
            self.open.truncate(1);
        } else if path.is_absolute() {
            self.open = vec![(fs::open("/", DIRECTORY, Mode::empty())?, OsString::new())];
            (self.start, self.is_root) = (PathBuf::from("/"), true);
            self.way.go(&rights(self.here())?, self.trusted);
        }
        Ok(())
    }

    fn up(&mut self) -> io::Result<()> {
        if self.open.len() > 1 {
            self.open.pop();
        } else if !self.is_root {
            let above = fs::openat(self.here(), "..", DIRECTORY, Mode::empty())?;
            self.way.go(&rights(&above)?, self.trusted);
            self.open = vec![(above, OsString::new())];
            self.start.pop();
        }
        Ok(())
    }

    /// Refuses a link that somebody else could have put there.
    fn check(&mut self, name: &OsStr, link: &Status) -> io::Result<()> {
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(Errno::LOOP.into());
        }
        self.way.go(&link.rights(false), self.trusted);
        let writers = self.way.writers();
        if writers.is_empty() {
            return Ok(());
        }
        let path = self.path().join(name);
        let whose = match self.trusted.is_user(link.owner) {
            true => format!("in a place that others can write to ({writers})"),
            false => format!("of user {}", link.owner),
        };
        let why = format!("leads over {}, a symbolic link {whose}, which is not followed", path.display());
        Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
    }

    fn end(
        mut self,
        name: OsString,
        last: Option<Status>,
        rest: Vec<OsString>,
        is_magic: bool,
    ) -> io::Result<Followed> {
        let (folder_path, folder_way) = (self.path(), self.way.clone());
        match &last {
            Some(found) if found.kind == Kind::Directory => {
                let directory = fs::openat(self.here(), name.as_os_str(), DIRECTORY, Mode::empty())?;
                self.way.go(&rights(&directory)?, self.trusted);
            }
            Some(found) => self.way.go(&found.rights(true), self.trusted),
            None => {}
        }
        let way = self.way.clone();
        let folder = self.last_open()?;
        Ok(Followed { folder, folder_path, name: Some(name), last, is_magic, rest, folder_way, way })
    }

    fn here(&self) -> &OwnedFd {
        &self.open[self.open.len() - 1].0
    }

    fn last_open(mut self) -> io::Result<OwnedFd> {
        self.open.pop().map(|(folder, _)| folder).ok_or_else(|| Errno::NOENT.into())
    }

    fn path(&self) -> PathBuf {
        self.start.iter().chain(self.open.iter().skip(1).map(|(_, name)| name.as_os_str())).collect()
    }
}

fn look(folder: &OwnedFd, name: &OsStr) -> io::Result<Option<Status>> {
    match fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(status(&stat))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Who may do what with an open directory.
fn rights(folder: &OwnedFd) -> io::Result<Rights> {
    let status = status(&fs::fstat(folder)?);
    // Only a directory that a group may write can have a list that lets others write; and only one that can be read
    // tells whether it has one.
    let has_list = status.mode & 0o020 != 0 && {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        fs::openat(folder, ".", flags, Mode::empty()).map_or(true, has_list)
    };
    Ok(status.rights(has_list))
}

/// Is that on the file system of processes, whose links lead to what is open and not to a path?
fn is_proc(folder: &OwnedFd) -> bool {
    fs::fstatfs(folder).is_ok_and(|file_system| file_system.f_type == fs::PROC_SUPER_MAGIC)
}

#[cfg(test)]
mod tests {
    use super::super::trusted;
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn links_and_what_is_not_there() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let inside = |path: &str| root.path().join(path);
        std::fs::create_dir_all(inside("a/b")).expect("mkdir");
        symlink("b/../b", inside("a/relative")).expect("a link");
        symlink("/a/b", inside("a/absolute")).expect("a link");
        symlink("/../../etc", inside("a/out")).expect("a link");
        symlink("loop", inside("loop")).expect("a link");
        let below = follow(None, root.path(), trusted()).expect("the root");
        assert!(below.writers().is_empty(), "{}", below.writers());
        let real = |path: &str| follow(Some(&below), Path::new(path), trusted()).map(|found| found.path());
        for (path, expected) in [
            ("/", "/"),
            ("/a/relative/x/y", "/a/b/x/y"),
            ("/a/absolute", "/a/b"),
            ("/a/out/passwd", "/etc/passwd"),
            ("/a/b/../../..", "/"),
            ("/no/such", "/no/such"),
        ] {
            assert_eq!(real(path).expect(path), Path::new(expected));
        }
        assert!(real("/loop").is_err() && real("/loop/x").is_err());
        assert!(below.directory().is_ok());
        // The links of /proc lead to what is open.
        let own = follow(None, Path::new("/dev/stdout"), trusted()).expect("is there");
        assert!(own.is_magic && own.writers().is_empty(), "{own:?}");
    }

    #[test]
    fn a_directory_that_others_can_write_tells() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let open = root.path().join("open");
        std::fs::create_dir(&open).expect("mkdir");
        symlink("/", open.join("link")).expect("a link");
        for (mode, follows, sure) in [(0o777, false, false), (0o1777, false, true), (0o755, true, true)] {
            std::fs::set_permissions(&open, std::fs::Permissions::from_mode(mode)).expect("chmod");
            let link = follow(None, &open.join("link/etc"), trusted());
            assert_eq!(link.is_ok(), follows, "{mode:o}: {link:?}");
            let missing = follow(None, &open.join("x"), trusted()).expect("no link");
            assert_eq!(missing.writers().is_empty(), sure, "{mode:o}");
        }
    }
}
