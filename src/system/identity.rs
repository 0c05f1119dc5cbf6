//! Which file it is, by the number that its file system gives it: a file may have several names, none of which is a link.
#![expect(clippy::disallowed_methods, reason = "of files of this machine, by whatever name")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Which file it is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
    names: u64,
}

impl FileIdentity {
    /// That of a file of which this is known.
    pub(super) fn of(meta: &fs::Metadata) -> FileIdentity {
        FileIdentity { device: meta.dev(), inode: meta.ino(), names: meta.nlink() }
    }

    /// That of a file with this number, and so many names, where there is but one file system.
    pub(super) fn numbered(inode: u64, names: u64) -> FileIdentity {
        FileIdentity { device: 0, inode, names }
    }

    /// Has the file more names than one?
    pub fn is_shared(&self) -> bool {
        self.names > 1
    }

    /// That of a file with several names; none: it has one, or is not there.
    pub fn of_shared(path: &Path) -> Option<FileIdentity> {
        let meta = fs::metadata(path).ok()?;
        (meta.is_file() && meta.nlink() > 1).then(|| FileIdentity::of(&meta))
    }
}
