//! Writing on the real file system, or on a tree of it as if it were one.

use super::follow::Followed;
use super::lease::{LONG, Patience, open_leased};
use super::single::single;
use super::write::{Access, Directory, Handle, Status, WritableSystem};
use super::{Kind, LARGEST_FILE, too_large};
use crate::trust::Rights;
use rustix::fs::{self, AtFlags, FileType, FlockOperation, IFlags, Mode, OFlags, RenameFlags, XattrFlags};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The disk of a host whose root is a directory.
#[derive(Debug)]
pub struct OsDisk {
    root: PathBuf,
    /// Opened once, so that nobody can put another directory in its place between two operations.
    opened: OnceLock<OwnedFd>,
    /// How long it still waits for files with leases of others.
    patience: Patience,
}

impl OsDisk {
    /// The disk below `root`.
    pub fn new(root: &Path) -> OsDisk {
        OsDisk { root: root.to_owned(), opened: OnceLock::new(), patience: Patience::new(LONG) }
    }

    /// The disk below a directory that a path led to.
    pub fn at(followed: &Followed) -> io::Result<OsDisk> {
        let opened = OnceLock::from(followed.directory()?);
        Ok(OsDisk { root: followed.path(), opened, patience: Patience::new(LONG) })
    }
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

pub(super) fn status(stat: &fs::Stat) -> Status {
    let (kind, what) = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => (Kind::File, "a regular file"),
        FileType::Directory => (Kind::Directory, "a directory"),
        FileType::Symlink => (Kind::Link, "a symbolic link"),
        FileType::Fifo => (Kind::Other, "a fifo"),
        FileType::Socket => (Kind::Other, "a socket"),
        FileType::BlockDevice | FileType::CharacterDevice => (Kind::Other, "a device"),
        FileType::Unknown => (Kind::Other, "no file"),
    };
    Status {
        kind,
        what,
        device: stat.st_dev,
        inode: stat.st_ino,
        links: stat.st_nlink,
        owner: stat.st_uid,
        group: stat.st_gid,
        mode: stat.st_mode & 0o7777,
    }
}

/// Has an open file or directory an access control list? In doubt: yes.
pub(super) fn has_list(file: impl AsFd) -> bool {
    match fs::fgetxattr(file, ACCESS_LIST, &mut [0_u8; 0]) {
        Ok(length) => length > 0,
        Err(Errno::NODATA | Errno::NOTSUP) => false,
        Err(_) => true,
    }
}

/// The attribute that holds the access control list of a file or directory.
pub(super) const ACCESS_LIST: &str = "system.posix_acl_access";

/// Calls `get` with growing buffers until the answer fits.
pub(super) fn grown(get: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> rustix::io::Result<Vec<u8>> {
    let mut buffer = vec![0; 1024];
    loop {
        match get(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            // The kernel gives at most 64 KiB.
            Err(Errno::RANGE) if buffer.len() < 1 << 20 => buffer.resize(buffer.len() * 4, 0),
            Err(error) => return Err(error),
        }
    }
}

impl WritableSystem for OsDisk {
    fn root(&self) -> io::Result<Directory> {
        let opened = match self.opened.get() {
            Some(opened) => opened,
            None => {
                let fresh = fs::open(&self.root, DIRECTORY, Mode::empty())?;
                self.opened.get_or_init(|| fresh)
            }
        };
        Ok(Directory(fs::openat(opened, ".", DIRECTORY, Mode::empty())?))
    }

    fn is_whole(&self) -> bool {
        self.root == Path::new("/")
    }

    fn enter(&self, folder: &Directory, name: &OsStr) -> io::Result<Directory> {
        Ok(Directory(fs::openat(&folder.0, single(name)?, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?))
    }

    fn status_of(&self, folder: &Directory) -> io::Result<Status> {
        Ok(status(&fs::fstat(&folder.0)?))
    }

    fn rights_of(&self, folder: &Directory) -> io::Result<Rights> {
        Ok(self.status_of(folder)?.rights(has_list(&folder.0)))
    }

    fn names(&self, folder: &Directory) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs::Dir::read_from(&folder.0)? {
            let name = OsString::from_vec(entry?.file_name().to_bytes().to_vec());
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn look(&self, folder: &Directory, name: &OsStr) -> io::Result<Option<Status>> {
        match fs::statat(&folder.0, single(name)?, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(status(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn open(&self, folder: &Directory, name: &OsStr, access: Access) -> io::Result<Handle> {
        let mode = match access {
            Access::Read => OFlags::RDONLY,
            Access::Write => OFlags::RDWR,
        };
        // A fifo must not make anybody wait.
        let flags = mode | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        match fs::openat(&folder.0, single(name)?, flags, Mode::empty()) {
            Err(Errno::AGAIN) => {
                let path = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let found = fs::openat(&folder.0, single(name)?, path, Mode::empty())?;
                Ok(Handle(open_leased(found, flags, &self.patience)?))
            }
            opened => Ok(Handle(opened?)),
        }
    }

    fn status(&self, file: &Handle) -> io::Result<Status> {
        Ok(status(&fs::fstat(&file.0)?))
    }

    fn attributes(&self, file: &Handle) -> io::Result<BTreeMap<OsString, Vec<u8>>> {
        let names = match grown(|buffer| fs::flistxattr(&file.0, buffer)) {
            Ok(names) => names,
            Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(BTreeMap::new()),
            Err(error) => return Err(error.into()),
        };
        let mut all = BTreeMap::new();
        for name in names.split(|b| *b == 0).filter(|name| !name.is_empty()) {
            let name = OsStr::from_bytes(name);
            // Hashes of the content, which the kernel keeps by itself.
            if name == "security.ima" || name == "security.evm" {
                continue;
            }
            match grown(|buffer| fs::fgetxattr(&file.0, name, buffer)) {
                Ok(value) => drop(all.insert(name.to_owned(), value)),
                // Gone in between, or one that the kernel lists and does not give.
                Err(Errno::NODATA | Errno::NOTSUP) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(all)
    }

    fn protection(&self, file: &Handle) -> Option<&'static str> {
        let flags = fs::ioctl_getflags(&file.0).ok()?;
        if flags.contains(IFlags::IMMUTABLE) {
            return Some("is immutable (chattr -i makes it writable)");
        }
        flags.contains(IFlags::APPEND).then_some("is append-only (chattr -a makes it writable)")
    }

    fn read(&self, file: &Handle) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = rustix::io::retry_on_intr(|| rustix::io::pread(&file.0, &mut buffer[..], bytes.len() as u64))?;
            if length == 0 {
                return Ok(bytes);
            }
            bytes.extend_from_slice(&buffer[..length]);
            if bytes.len() as u64 > LARGEST_FILE {
                return Err(too_large(bytes.len() as u64));
            }
        }
    }

    fn make_directory(&self, folder: &Directory, name: &OsStr, mode: u32) -> io::Result<()> {
        fs::mkdirat(&folder.0, single(name)?, Mode::from_raw_mode(mode))?;
        // A umask can only take away, and even the owner could not enter then.
        let made = fs::statat(&folder.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if made.st_mode & 0o700 != 0o700 {
            let made = fs::openat(&folder.0, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
            fs::chmod(super::follow::by_number(&made), Mode::RWXU)?;
        }
        Ok(())
    }

    fn create(&self, folder: &Directory, name: &OsStr) -> io::Result<Handle> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let file = fs::openat(&folder.0, single(name)?, flags, mode)?;
        // The same of a file that is to be read again.
        if !Mode::from_raw_mode(fs::fstat(&file)?.st_mode).contains(mode) {
            fs::fchmod(&file, mode)?;
        }
        Ok(Handle(file))
    }

    fn write(&self, file: &Handle, bytes: &[u8]) -> io::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            let length = rustix::io::retry_on_intr(|| rustix::io::pwrite(&file.0, &bytes[done..], done as u64))?;
            if length == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            done += length;
        }
        Ok(())
    }

    fn truncate(&self, file: &Handle, length: u64) -> io::Result<()> {
        Ok(fs::ftruncate(&file.0, length)?)
    }

    fn set_owner(&self, file: &Handle, owner: u32, group: u32) -> io::Result<()> {
        let (owner, group) = (fs::Uid::from_raw(owner), fs::Gid::from_raw(group));
        Ok(fs::fchown(&file.0, Some(owner), Some(group))?)
    }

    fn set_mode(&self, file: &Handle, mode: u32) -> io::Result<()> {
        Ok(fs::fchmod(&file.0, Mode::from_raw_mode(mode))?)
    }

    fn set_attribute(&self, file: &Handle, name: &OsStr, value: Option<&[u8]>) -> io::Result<()> {
        match value {
            Some(value) => Ok(fs::fsetxattr(&file.0, name, value, XattrFlags::empty())?),
            None => Ok(fs::fremovexattr(&file.0, name)?),
        }
    }

    fn sync(&self, file: &Handle) -> io::Result<()> {
        Ok(fs::fsync(&file.0)?)
    }

    fn sync_directory(&self, folder: &Directory) -> io::Result<()> {
        match fs::fsync(&folder.0) {
            // Some network file systems have no such thing for a directory.
            Err(Errno::INVAL) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn exchange(&self, a: (&Directory, &OsStr), b: (&Directory, &OsStr)) -> io::Result<()> {
        Ok(fs::renameat_with(&a.0.0, single(a.1)?, &b.0.0, single(b.1)?, RenameFlags::EXCHANGE)?)
    }

    fn rename(&self, from: (&Directory, &OsStr), to: (&Directory, &OsStr)) -> io::Result<()> {
        Ok(fs::renameat(&from.0.0, single(from.1)?, &to.0.0, single(to.1)?)?)
    }

    fn remove(&self, folder: &Directory, name: &OsStr) -> io::Result<()> {
        Ok(fs::unlinkat(&folder.0, single(name)?, AtFlags::empty())?)
    }

    fn remove_directory(&self, folder: &Directory, name: &OsStr) -> io::Result<()> {
        Ok(fs::unlinkat(&folder.0, single(name)?, AtFlags::REMOVEDIR)?)
    }

    fn lock(&self, file: &Handle) -> io::Result<bool> {
        match fs::flock(&file.0, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever writes a journal, an image or a plan can't lead any operation out of the open directory.
    #[test]
    fn every_operation_takes_single_names_only() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let disk = OsDisk::new(root.path());
        let folder = disk.root().expect("the root");
        let good = OsStr::new("good");
        disk.make_directory(&folder, OsStr::new("inner"), 0o700).expect("is made");
        drop(disk.create(&folder, good).expect("is made"));
        for wrong in ["", ".", "..", "/", "inner/x", "/etc/passwd", "../x", "good/", "a\0b"] {
            let name = OsStr::new(wrong);
            let (bad, fine) = ((&folder, name), (&folder, good));
            let done = [
                disk.enter(&folder, name).map(drop),
                disk.look(&folder, name).map(drop),
                disk.open(&folder, name, Access::Read).map(drop),
                disk.open(&folder, name, Access::Write).map(drop),
                disk.make_directory(&folder, name, 0o700),
                disk.create(&folder, name).map(drop),
                disk.exchange(bad, fine),
                disk.exchange(fine, bad),
                disk.rename(bad, fine),
                disk.rename(fine, bad),
                disk.remove(&folder, name),
                disk.remove_directory(&folder, name),
            ];
            for (number, done) in done.into_iter().enumerate() {
                let error = done.expect_err("is refused");
                assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{wrong:?}, operation {number}: {error}");
            }
        }
        assert_eq!(disk.names(&folder).expect("is listed"), ["good", "inner"]);
    }
}
