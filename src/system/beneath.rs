//! Opening a file for reading by a path that holds no link, and noticing if it holds one by now.

use super::lease::{Patience, open_leased};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, open, openat, openat2, statat};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

/// Nothing waits (a fifo), nothing is followed.
const FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Opens the directory below which files are opened.
pub(super) fn open_root(root: &Path) -> io::Result<OwnedFd> {
    Ok(open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Opens what `path` names below `root`. A symbolic link on the way is an error (ELOOP): the path was resolved before,
/// so somebody put it there since.
pub(super) fn open_beneath(root: &OwnedFd, path: &Path, patience: &Patience) -> io::Result<File> {
    let inside = path.strip_prefix("/").unwrap_or(path);
    match open_inside(root, inside, FLAGS) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            let found = open_inside(root, inside, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC)?;
            let opened = open_leased(found, FLAGS, patience);
            opened
                .map(File::from)
                .map_err(|error| io::Error::new(error.kind(), "somebody has a lease on it (fcntl(2))"))
        }
        opened => opened.map(File::from),
    }
}

/// What `path` names below `root`, a link itself and no file that it leads to; for looking at it. A link on the way is an
/// error, as for [`open_beneath`].
pub(super) fn find_beneath(root: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    open_inside(root, path.strip_prefix("/").unwrap_or(path), OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC)
}

/// The names in a directory below `root`, with what they are.
pub(super) fn list_beneath(root: &OwnedFd, path: &Path) -> io::Result<Vec<(OsString, FileType)>> {
    let inside = path.strip_prefix("/").unwrap_or(path);
    let folder = open_inside(root, inside, FLAGS | OFlags::DIRECTORY)?;
    let mut found = Vec::new();
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let kind = match entry.file_type() {
            // Not every file system says it.
            FileType::Unknown => FileType::from_raw_mode(statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode),
            kind => kind,
        };
        found.push((OsStr::from_bytes(name.to_bytes()).to_owned(), kind));
    }
    Ok(found)
}

fn open_inside(root: &OwnedFd, inside: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let inside = if inside.as_os_str().is_empty() { Path::new(".") } else { inside };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    match openat2(root, inside, flags, Mode::empty(), resolve) {
        // Kernels before 5.6, and filters of system calls that do not know it.
        Err(Errno::NOSYS | Errno::PERM) => by_name(root, inside, flags),
        opened => Ok(opened?),
    }
}

/// The same, name by name.
fn by_name(root: &OwnedFd, path: &Path, last: OFlags) -> io::Result<OwnedFd> {
    if path == Path::new(".") {
        return Ok(openat(root, path, last, Mode::empty())?);
    }
    let mut at = root.try_clone()?;
    let mut components = path.components().peekable();
    while let Some(component) = components.next() {
        let Component::Normal(name) = component else { return Err(io::ErrorKind::InvalidInput.into()) };
        let flags = match components.peek() {
            Some(_) => OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            None => last,
        };
        at = openat(&at, name, flags, Mode::empty())?;
    }
    Ok(at)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make their own files")]
mod tests {
    use super::super::lease::SHORT;
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_link_is_followed() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let inside = |path: &str| root.path().join(path);
        std::fs::create_dir_all(inside("etc/real")).expect("mkdir");
        std::fs::write(inside("etc/real/x"), "text").expect("write");
        symlink("real", inside("etc/folder")).expect("link");
        symlink("x", inside("etc/real/link")).expect("link");
        let both = |path: &str| {
            let folder = open_root(root.path()).expect("the root");
            let slow = by_name(&folder, Path::new(path), FLAGS).map(File::from);
            [open_beneath(&folder, &Path::new("/").join(path), &Patience::new(SHORT)), slow]
        };
        for file in both("etc/real/x") {
            let mut text = String::new();
            file.expect("opens").read_to_string(&mut text).expect("reads");
            assert_eq!(text, "text");
        }
        for path in ["etc/folder/x", "etc/real/link", "etc/../etc/real/../folder/x"] {
            for file in both(path) {
                assert!(file.is_err(), "{path}");
            }
        }
    }
}
