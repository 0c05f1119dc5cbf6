//! Writing on the real file system, or on a tree of it as if it were one.

use super::write::{Access, Directory, Handle, Status, WritableSystem};
use super::{Kind, LARGEST_FILE, too_large};
use rustix::fs::{self, AtFlags, FileType, FlockOperation, IFlags, Mode, OFlags, RenameFlags, XattrFlags};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The disk of a host whose root is a directory.
#[derive(Debug)]
pub struct OsDisk {
    root: PathBuf,
}

impl OsDisk {
    /// The disk below `root`.
    pub fn new(root: &Path) -> OsDisk {
        OsDisk { root: root.to_owned() }
    }
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

fn status(stat: &fs::Stat) -> Status {
    Status {
        kind: match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        },
        device: stat.st_dev,
        inode: stat.st_ino,
        links: stat.st_nlink,
        owner: stat.st_uid,
        group: stat.st_gid,
        mode: stat.st_mode & 0o7777,
    }
}

/// Calls `get` with growing buffers until the answer fits.
fn grown(get: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> rustix::io::Result<Vec<u8>> {
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
        Ok(Directory(fs::open(&self.root, DIRECTORY, Mode::empty())?))
    }

    fn enter(&self, folder: &Directory, name: &OsStr) -> io::Result<Directory> {
        Ok(Directory(fs::openat(&folder.0, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?))
    }

    fn status_of(&self, folder: &Directory) -> io::Result<Status> {
        Ok(status(&fs::fstat(&folder.0)?))
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
        match fs::statat(&folder.0, name, AtFlags::SYMLINK_NOFOLLOW) {
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
        Ok(Handle(fs::openat(&folder.0, name, flags, Mode::empty())?))
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

    fn make_directory(&self, folder: &Directory, name: &OsStr) -> io::Result<()> {
        Ok(fs::mkdirat(&folder.0, name, Mode::RWXU)?)
    }

    fn create(&self, folder: &Directory, name: &OsStr) -> io::Result<Handle> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Handle(fs::openat(&folder.0, name, flags, Mode::RUSR | Mode::WUSR)?))
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
        Ok(fs::renameat_with(&a.0.0, a.1, &b.0.0, b.1, RenameFlags::EXCHANGE)?)
    }

    fn rename(&self, from: (&Directory, &OsStr), to: (&Directory, &OsStr)) -> io::Result<()> {
        Ok(fs::renameat(&from.0.0, from.1, &to.0.0, to.1)?)
    }

    fn remove(&self, folder: &Directory, name: &OsStr) -> io::Result<()> {
        Ok(fs::unlinkat(&folder.0, name, AtFlags::empty())?)
    }

    fn remove_directory(&self, folder: &Directory, name: &OsStr) -> io::Result<()> {
        Ok(fs::unlinkat(&folder.0, name, AtFlags::REMOVEDIR)?)
    }

    fn lock(&self, file: &Handle) -> io::Result<bool> {
        match fs::flock(&file.0, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
