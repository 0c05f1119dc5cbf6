//! Bringing one content to one place: by a hidden file that changes places with the old one, or in place.

use super::file::{FoundFile, Meta, NameInFolder, describe_error, dress, found};
use crate::system::{Access, Handle, Status, WritableSystem};
use std::io;

/// Why a file did not get its new content.
pub(super) enum StageError {
    /// The file can't be replaced by another one, for this reason, but may be written in place.
    InPlaceOnly(&'static str),
    /// Somebody else changed it before we did; it is as they left it.
    Changed,
    /// It failed, as a lowercase fragment without the path.
    Failed(String),
}

impl From<io::Error> for StageError {
    fn from(error: io::Error) -> StageError {
        StageError::Failed(describe_error(&error))
    }
}

/// Writes a hidden file with a content and all that the real one has, and waits until it is on the disk. Gives the open
/// file: as long as it is open, nobody gets a lease on it.
pub(super) fn write_hidden(
    disk: &dyn WritableSystem,
    hidden: &NameInFolder,
    bytes: &[u8],
    meta: &Meta,
) -> Result<Handle, StageError> {
    let create = disk.create(&hidden.folder, &hidden.name);
    let file =
        create.map_err(|e| StageError::Failed(format!("no new file can be made near it: {}", describe_error(&e))))?;
    disk.write(&file, bytes)?;
    match dress(disk, &file, meta) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            // Without the rights to give files away only what is there can be written.
            disk.remove(&hidden.folder, &hidden.name)?;
            return Err(StageError::InPlaceOnly("a new file can't be given its owner, mode and attributes"));
        }
        dressed => dressed?,
    }
    disk.sync(&file)?;
    disk.sync_directory(&hidden.folder)?;
    Ok(file)
}

/// Lets the hidden file and the one at `place` change places, if that is still `expected`. Afterwards the old one has
/// the hidden name, unless the file system can't do that.
pub(super) fn swap(
    disk: &dyn WritableSystem,
    hidden: &NameInFolder,
    place: &NameInFolder,
    expected: &FoundFile,
) -> Result<(), StageError> {
    let staged = disk.look(&hidden.folder, &hidden.name)?;
    let staged = staged.ok_or_else(|| StageError::Failed("the new file beside it is gone".to_owned()))?;
    match disk.exchange(hidden.at(), place.at()) {
        Ok(()) => verify(disk, hidden, place, expected, &staged)?,
        Err(error) => match error.raw_os_error() {
            // EBUSY, EXDEV: something is mounted there, or between the two names.
            Some(16 | 18) => return Err(StageError::InPlaceOnly("it is a mount point, or on another file system")),
            // EINVAL, ENOSYS, ENOTSUP: this file system can't exchange.
            Some(22 | 38 | 95) => {
                if !is_still(disk, place, expected)? {
                    return Err(StageError::Changed);
                }
                disk.rename(hidden.at(), place.at())?;
            }
            _ => return Err(error.into()),
        },
    }
    disk.sync_directory(&place.folder)?;
    Ok(disk.sync_directory(&hidden.folder)?)
}

/// Between the last look and the exchange somebody may have put another file there: then that one goes back.
fn verify(
    disk: &dyn WritableSystem,
    hidden: &NameInFolder,
    place: &NameInFolder,
    expected: &FoundFile,
    staged: &Status,
) -> Result<(), StageError> {
    let ours = disk.look(&place.folder, &place.name)?.is_some_and(|now| now.is_same(staged));
    if ours && is_still(disk, hidden, expected)? {
        return Ok(());
    }
    disk.exchange(hidden.at(), place.at())?;
    Err(StageError::Changed)
}

fn is_still(disk: &dyn WritableSystem, place: &NameInFolder, expected: &FoundFile) -> io::Result<bool> {
    match place.find(disk) {
        Ok(now) => Ok(now.is_some_and(|now| now.status.is_same(&expected.status) && now.bytes == expected.bytes)),
        // No file any more, or a link (ELOOP): not what was expected.
        Err(error) if matches!(error.raw_os_error(), None | Some(40)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes a content over the one that is there, if that is still `expected`.
pub(super) fn overwrite(
    disk: &dyn WritableSystem,
    place: &NameInFolder,
    expected: &FoundFile,
    bytes: &[u8],
    meta: &Meta,
) -> Result<(), StageError> {
    let file = disk.open(&place.folder, &place.name, Access::Write)?;
    let now = found(disk, &file)?;
    if !now.status.is_same(&expected.status) || now.bytes != expected.bytes {
        return Err(StageError::Changed);
    }
    disk.write(&file, bytes)?;
    if bytes.len() < expected.bytes.len() {
        disk.truncate(&file, bytes.len() as u64)?;
    }
    if now.meta != *meta {
        dress(disk, &file, meta)?;
    }
    Ok(disk.sync(&file)?)
}
