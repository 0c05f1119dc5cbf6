//! Reading a host, and apart from that, writing on one.
//!
//! A *host path* is absolute and means the path as the host's own services would use it: with `--root DIR` it is a
//! path inside `DIR`, and every symbolic link on the way, absolute or not, is followed inside `DIR`.
//! This is the only place where files are opened. Who gets a [`System`] can't write; a [`WritableSystem`] is handed to
//! `transaction` only.

mod beneath;
mod entrances;
mod follow;
mod frozen;
mod identity;
mod input;
mod lease;
mod memory;
mod os;
mod os_write;
mod overlay;
mod own;
mod report_file;
mod single;
mod write;

pub use follow::{Followed, follow};
pub use frozen::{Frozen, Seen};
pub use identity::FileIdentity;
pub use input::{Input, read_input};
pub use memory::MemorySystem;
pub use os::OsSystem;
pub use os_write::OsDisk;
pub use overlay::Overlay;
pub use own::{described, own_user, trusted, user_name};
pub use report_file::write_report;
pub use write::{Access, Directory, Handle, Status, WritableSystem, enter};

use crate::trust::{self, Writers};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The longest file that is read, in bytes. No service's configuration comes near it.
pub const LARGEST_FILE: u64 = 32 << 20;

/// The kind of a directory entry, or of what a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// a regular file
    File,
    /// a directory
    Directory,
    /// a symbolic link (only where links are not followed)
    Link,
    /// a fifo, socket or device
    Other,
}

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name, without its directory.
    pub name: OsString,
    /// What it is; links are not followed.
    pub kind: Kind,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// Regular files, sorted by path; links are not followed.
    pub files: Vec<PathBuf>,
    /// Symbolic links, sorted by path.
    pub links: Vec<PathBuf>,
    /// Directories that could not be listed, with the reason.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

/// Reads a host. All paths are host paths.
pub trait System: Sync {
    /// The content of a regular file of at most [`LARGEST_FILE`] bytes; anything else is an error that says what
    /// it is. Links are followed.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The same of a file of at most `most` bytes; a longer one is an error of the kind `FileTooLarge`, and not read.
    fn read_at_most(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let bytes = self.read(path)?;
        if bytes.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
    }

    /// How long a file is, in bytes. Links are followed.
    fn size(&self, path: &Path) -> io::Result<u64> {
        self.read(path).map(|bytes| bytes.len() as u64)
    }

    /// What a path leads to, links followed.
    fn kind(&self, path: &Path) -> io::Result<Kind>;

    /// The names in a directory, sorted by bytes, without `.` and `..`.
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>>;

    /// The path with all symbolic links resolved; an error where it leads nowhere.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;

    /// Why a file must not be changed although it can be read: it was reached by a link of somebody who does not own it,
    /// and who could so have others change it. By its path with all links resolved.
    fn foreign_link(&self, _path: &Path) -> Option<String> {
        None
    }

    /// Who, besides root and the user of this process, could have written what a path leads to, or decided what that is:
    /// owners, directories and links on the way. Links are followed. Where nothing is there: who could put something there.
    fn writers(&self, path: &Path) -> io::Result<Writers>;

    /// May it be that one of these can't read the file that a path leads to, or list the directory? In doubt it may.
    fn is_hidden_from(&self, path: &Path, who: &Writers) -> io::Result<bool>;

    /// May it be that one of these can't do that with what a path leads to? In doubt it may.
    fn is_barred_from(&self, path: &Path, who: &Writers, access: trust::Access) -> io::Result<bool> {
        match access {
            trust::Access::Read => self.is_hidden_from(path, who),
            trust::Access::Write | trust::Access::Enter => Ok(true),
        }
    }

    /// Which file a path leads to, whatever its name. Links are followed.
    fn identity(&self, path: &Path) -> io::Result<FileIdentity>;

    /// Directories that stand for others: the name on the host, and where it really is, links resolved.
    fn maps(&self) -> Vec<(PathBuf, PathBuf)> {
        Vec::new()
    }

    /// All files below a directory (or the file itself).
    fn walk(&self, path: &Path) -> Walk;

    /// What a symbolic link says; the link itself is not followed. Links of /proc may say what is no path.
    fn link(&self, path: &Path) -> io::Result<PathBuf> {
        let _ = path;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// When a file was last changed: its content, its name or its rights. Links are followed.
    fn changed(&self, path: &Path) -> io::Result<SystemTime> {
        let _ = path;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The error for a path that is not a regular file.
fn not_a_file(kind: Kind) -> io::Error {
    match kind {
        Kind::Directory => io::Error::new(io::ErrorKind::IsADirectory, "is a directory"),
        _ => io::Error::other("is not a regular file"),
    }
}

/// The error for a file over [`LARGEST_FILE`].
fn too_large(length: u64) -> io::Error {
    let (have, most) = (length >> 20, LARGEST_FILE >> 20);
    io::Error::new(io::ErrorKind::FileTooLarge, format!("is too large ({have} MiB; at most {most} MiB are read)"))
}

/// Is `path` that file, or does it lead to it? `real` has no link in it.
pub fn leads_to(system: &dyn System, path: &Path, real: &Path) -> bool {
    path == real || system.canonical(path).is_ok_and(|found| found == real)
}

/// A path of Windows with its drive, as it is named here: `C:/x` and `c:\x` are `/C:/x`. `None`: it is none.
pub fn windows_path(text: &str) -> Option<PathBuf> {
    let (drive, rest) = text.split_once(':')?;
    let is_drive = drive.len() == 1 && drive.starts_with(|c: char| c.is_ascii_alphabetic());
    (is_drive && rest.starts_with(['/', '\\']))
        .then(|| PathBuf::from(format!("/{}:{}", drive.to_ascii_uppercase(), rest.replace('\\', "/"))))
}

/// May it be that one of these can't do that with what a path leads to? Where it leads nowhere: that they can't see that.
pub fn is_out_of_reach(system: &dyn System, path: &Path, who: &Writers, access: trust::Access) -> bool {
    let first = std::iter::once((path, access));
    let above = path.ancestors().skip(1).map(|above| (above, trust::Access::Enter));
    first.chain(above).find_map(|(path, access)| system.is_barred_from(path, who, access).ok()).unwrap_or(true)
}

/// `path` without `.` and, as text, without `..`: for paths that need not exist.
pub fn normalize(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::ParentDir => {
                out.pop();
            }
            Component::Normal(name) => out.push(name),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    out
}

/// The error for a path that the user did not give: in a repository of configurations, the files of the machine are
/// not those that are meant.
#[derive(Clone, Debug)]
struct Outside {
    /// The folder of the software, as far as its path tells: `/etc/apache2`.
    folder: PathBuf,
}

impl std::fmt::Display for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let folder = self.folder.display();
        write!(f, "lies outside of the given paths; --map says where it is ({folder}=DIR)")
    }
}

impl std::error::Error for Outside {}

impl Outside {
    fn of(error: &io::Error) -> Option<&Outside> {
        error.get_ref()?.downcast_ref()
    }
}

/// The error for a path outside of the given ones.
fn outside(path: &Path) -> io::Error {
    let path = normalize(path);
    // `/etc/apache2`, `/opt/bitnami`, but `/usr/local/apache2`.
    let length = if path.starts_with("/usr/local") { 4 } else { 3 };
    let above: PathBuf = path.parent().unwrap_or(&path).iter().take(length).collect();
    io::Error::other(Outside { folder: if above == Path::new("/") { path } else { above } })
}

/// Is that why something could not be read?
pub fn is_outside(error: &io::Error) -> bool {
    Outside::of(error).is_some()
}

/// What an I/O error means, in the words of the C library: `No such file or directory`.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}
