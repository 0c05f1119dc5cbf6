//! A file on the disk: where it is, what it holds, whose it is.

use crate::system::{Access, Directory, Handle, Kind, Status, WritableSystem, enter, reason};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

/// Whose a file is, and what else the new one has to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The number of its owner.
    pub owner: u32,
    /// The number of its group.
    pub group: u32,
    /// Its permissions.
    pub mode: u32,
    /// Its extended attributes: access control lists, labels, capabilities.
    pub attributes: BTreeMap<OsString, Vec<u8>>,
}

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Whose it is.
    pub meta: Meta,
    /// What the file system says of it.
    pub status: Status,
    /// Why nobody may change it.
    pub protection: Option<&'static str>,
}

/// A name in an open folder.
pub(super) struct NameInFolder {
    pub(super) folder: Directory,
    pub(super) name: OsString,
}

impl NameInFolder {
    /// The place of a path, no link of which is followed.
    pub(super) fn of(disk: &dyn WritableSystem, path: &Path) -> io::Result<NameInFolder> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        Ok(NameInFolder { folder: enter(disk, parent)?, name: name.to_owned() })
    }

    pub(super) fn in_folder(disk: &dyn WritableSystem, folder: &Path, name: &str) -> io::Result<NameInFolder> {
        Ok(NameInFolder { folder: enter(disk, folder)?, name: name.into() })
    }

    /// What is there; `None`: nothing is. Something that is no regular file is an error.
    pub(super) fn find(&self, disk: &dyn WritableSystem) -> io::Result<Option<FoundFile>> {
        if disk.look(&self.folder, &self.name)?.is_none() {
            return Ok(None);
        }
        let file = disk.open(&self.folder, &self.name, Access::Read)?;
        found(disk, &file).map(Some)
    }

    /// The regular file that is there; `None`: nothing is, or something else.
    pub(super) fn find_file(&self, disk: &dyn WritableSystem) -> io::Result<Option<FoundFile>> {
        match disk.look(&self.folder, &self.name)? {
            Some(status) if status.kind == Kind::File => self.find(disk),
            Some(_) | None => Ok(None),
        }
    }

    pub(super) fn at(&self) -> (&Directory, &OsStr) {
        (&self.folder, &self.name)
    }
}

/// What an open file is and holds.
pub(super) fn found(disk: &dyn WritableSystem, file: &Handle) -> io::Result<FoundFile> {
    let status = disk.status(file)?;
    if status.kind != Kind::File {
        return Err(io::Error::other("is not a regular file"));
    }
    let attributes = disk.attributes(file)?;
    let bytes = disk.read(file)?;
    let meta = Meta { owner: status.owner, group: status.group, mode: status.mode, attributes };
    Ok(FoundFile { bytes, meta, status, protection: disk.protection(file) })
}

/// Gives an open file what `meta` says, and makes sure that it has it.
pub(super) fn dress(disk: &dyn WritableSystem, file: &Handle, meta: &Meta) -> io::Result<()> {
    let status = disk.status(file)?;
    if (status.owner, status.group) != (meta.owner, meta.group) {
        disk.set_owner(file, meta.owner, meta.group)?;
    }
    let have = disk.attributes(file)?;
    // A folder may hand its own access control list down.
    for name in have.keys().filter(|name| !meta.attributes.contains_key(*name)) {
        disk.set_attribute(file, name, None)?;
    }
    for (name, value) in meta.attributes.iter().filter(|(name, value)| have.get(*name) != Some(value)) {
        disk.set_attribute(file, name, Some(value))?;
    }
    // Last, since a change of the owner takes bits away, and an access control list has a part in them.
    if disk.status(file)?.mode != meta.mode {
        disk.set_mode(file, meta.mode)?;
    }
    let status = disk.status(file)?;
    let same = (status.owner, status.group, status.mode) == (meta.owner, meta.group, meta.mode);
    if same && disk.attributes(file)? == meta.attributes {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        "can't be given the owner, mode and attributes of the old file",
    ))
}

/// Why something failed, for people.
pub(super) fn describe_error(error: &io::Error) -> String {
    match error.raw_os_error() {
        // ELOOP, ENOTDIR: what a folder or file was when it was scanned, it is no more.
        Some(40 | 20) => "it, or a folder above it, is a symbolic link now, which is not followed".to_owned(),
        Some(11) => "somebody has a lease on it (fcntl(2)), so that it can't be opened".to_owned(),
        Some(30) => "the file system is read-only".to_owned(),
        Some(28) => "no space is left on the disk".to_owned(),
        Some(122) => "the disk quota is exceeded".to_owned(),
        _ => reason(error),
    }
}

/// Is a content one that a write of `new` over `old` in place can leave when it is stopped?
pub(super) fn is_torn(now: &[u8], old: &[u8], new: &[u8]) -> bool {
    let longest = old.len().max(new.len());
    let byte = |at: usize| {
        let here = now[at];
        // After a power cut a page that was added may be empty.
        old.get(at) == Some(&here) || new.get(at) == Some(&here) || here == 0 && at >= old.len()
    };
    now.len() >= old.len().min(new.len()) && now.len() <= longest && (0..now.len()).all(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torn_is_between_old_and_new() {
        let (old, new) = (b"ssl_protocols TLSv1;\n".as_slice(), b"ssl_protocols TLSv1.2;\n".as_slice());
        for cut in 0..new.len() {
            let mut now = old.to_vec();
            now.splice(..cut.min(old.len()), new[..cut].iter().copied());
            assert!(is_torn(&now, old, new), "{cut}");
        }
        assert!(is_torn(b"longe", b"longer", b"lon"));
        assert!(!is_torn(b"ssl_protocols TLSv1.3;\n", old, new));
        assert!(!is_torn(b"", old, new));
        assert!(!is_torn(&[old, b"# mine and more\n"].concat(), old, new));
    }
}
