//! Writing on a host: single operations, each relative to an open directory.
//!
//! No operation takes a path, so nothing can be put in the way between a look and an act: a folder is entered name by
//! name from the root, and no operation follows a link. Each operation that changes a disk is one call of one method,
//! so that a test can fail or stop any one of them.

use super::Kind;
use crate::trust::Rights;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

/// An open directory.
#[derive(Debug)]
pub struct Directory(pub(super) OwnedFd);

/// An open file.
#[derive(Debug)]
pub struct Handle(pub(super) OwnedFd);

/// What a name stands for; links are not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// What it is.
    pub kind: Kind,
    /// The same for people: `a regular file`, `a device`.
    pub what: &'static str,
    /// The file system.
    pub device: u64,
    /// The file's number there.
    pub inode: u64,
    /// How many names it has.
    pub links: u64,
    /// The number of its owner.
    pub owner: u32,
    /// The number of its group.
    pub group: u32,
    /// Its permissions, with the set-user-ID and sticky bits.
    pub mode: u32,
}

impl Status {
    /// Is that the same file?
    pub fn is_same(&self, other: &Status) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Who may do what with it; `has_list`: it has an access control list.
    pub fn rights(&self, has_list: bool) -> Rights {
        Rights {
            owner: self.owner,
            group: self.group,
            mode: self.mode,
            has_list,
            links: self.links,
            is_directory: self.kind == Kind::Directory,
            is_link: self.kind == Kind::Link,
        }
    }
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// reading
    Read,
    /// writing over what is there, and reading
    Write,
}

/// Writes on a host. Names are single names, never paths: each operation refuses a name with a slash, an empty one, `.`
/// and `..`.
pub trait WritableSystem: Sync {
    /// The host's root.
    fn root(&self) -> io::Result<Directory>;

    /// Is that root the machine's own, so that nothing lies outside of it?
    fn is_whole(&self) -> bool {
        false
    }

    /// A directory in a directory; a link is an error.
    fn enter(&self, folder: &Directory, name: &OsStr) -> io::Result<Directory>;

    /// What an open directory is.
    fn status_of(&self, folder: &Directory) -> io::Result<Status>;

    /// Who may do what with an open directory.
    fn rights_of(&self, folder: &Directory) -> io::Result<Rights> {
        // In doubt it has an access control list, which may let further users write.
        Ok(self.status_of(folder)?.rights(true))
    }

    /// The names in a directory, sorted.
    fn names(&self, folder: &Directory) -> io::Result<Vec<OsString>>;

    /// What a name stands for; `None`: nothing has that name.
    fn look(&self, folder: &Directory, name: &OsStr) -> io::Result<Option<Status>>;

    /// Opens a file; a link is an error.
    fn open(&self, folder: &Directory, name: &OsStr, access: Access) -> io::Result<Handle>;

    /// What an open file is.
    fn status(&self, file: &Handle) -> io::Result<Status>;

    /// The extended attributes of a file: access control lists and labels of SELinux are among them.
    fn attributes(&self, file: &Handle) -> io::Result<BTreeMap<OsString, Vec<u8>>>;

    /// Why the file system lets nobody change the file: `is immutable (chattr +i)`; `None`: it does not.
    fn protection(&self, file: &Handle) -> Option<&'static str>;

    /// The content of a file, from its beginning.
    fn read(&self, file: &Handle) -> io::Result<Vec<u8>>;

    /// Makes a directory with this mode, less what the umask takes from the group and from others.
    fn make_directory(&self, folder: &Directory, name: &OsStr, mode: u32) -> io::Result<()>;

    /// Makes a file that only its owner may read, for writing; one that is there, even a link, is an error.
    fn create(&self, folder: &Directory, name: &OsStr) -> io::Result<Handle>;

    /// Writes bytes over the beginning of a file.
    fn write(&self, file: &Handle, bytes: &[u8]) -> io::Result<()>;

    /// Cuts a file to a length.
    fn truncate(&self, file: &Handle, length: u64) -> io::Result<()>;

    /// Gives a file an owner and a group.
    fn set_owner(&self, file: &Handle, owner: u32, group: u32) -> io::Result<()>;

    /// Gives a file its permissions.
    fn set_mode(&self, file: &Handle, mode: u32) -> io::Result<()>;

    /// Gives a file an extended attribute; `None` takes it away.
    fn set_attribute(&self, file: &Handle, name: &OsStr, value: Option<&[u8]>) -> io::Result<()>;

    /// Waits until a file is on the disk.
    fn sync(&self, file: &Handle) -> io::Result<()>;

    /// Waits until the names of a directory are on the disk.
    fn sync_directory(&self, folder: &Directory) -> io::Result<()>;

    /// Lets two names change places, at once.
    fn exchange(&self, a: (&Directory, &OsStr), b: (&Directory, &OsStr)) -> io::Result<()>;

    /// Gives a file another name; what had that name is gone.
    fn rename(&self, from: (&Directory, &OsStr), to: (&Directory, &OsStr)) -> io::Result<()>;

    /// Removes the name of a file.
    fn remove(&self, folder: &Directory, name: &OsStr) -> io::Result<()>;

    /// Removes an empty directory.
    fn remove_directory(&self, folder: &Directory, name: &OsStr) -> io::Result<()>;

    /// Locks a file for this process; false: another one has it.
    fn lock(&self, file: &Handle) -> io::Result<bool>;
}

/// Enters a folder by its path, name by name; none of them may be a link.
pub fn enter(disk: &dyn WritableSystem, path: &Path) -> io::Result<Directory> {
    let mut at = disk.root()?;
    for component in path.components() {
        match component {
            Component::Normal(name) => at = disk.enter(&at, name)?,
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return Err(io::ErrorKind::InvalidInput.into()),
        }
    }
    Ok(at)
}
