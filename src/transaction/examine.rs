//! The last look at a file before anything is changed: is it what the plan was made from, and how is it written?

use super::file::{NameInFolder, describe_error};
use super::journal::{FileEntry, How, hash};
use super::names::{OUTSIDE, all_are_inside};
use super::{Change, Failure};
use crate::system::{WritableSystem, own_user};
use std::io;

/// Reads a file again, and says how it is going to be written.
pub(super) fn examine(disk: &dyn WritableSystem, change: &Change) -> Result<FileEntry, Failure> {
    let refused = |why: &str| Failure::Refused(format!("{}: {why}", change.path.display()));
    let io = |e: io::Error| refused(&describe_error(&e));
    let place = NameInFolder::of(disk, &change.path).map_err(io)?;
    let now = place.find(disk).map_err(io)?.ok_or_else(|| refused("it is gone since it was read"))?;
    if now.bytes != change.old {
        return Err(refused("it was changed since it was read; run this again"));
    }
    if let Some(why) = now.protection {
        return Err(refused(why));
    }
    let how = match &change.staging {
        _ if now.status.links > 1 => {
            let folder = disk.status_of(&place.folder).map_err(io)?;
            let trusted = [0, own_user(), now.status.owner].contains(&folder.owner) && folder.mode & 0o022 == 0;
            if !trusted {
                // With one more name anybody who may write there could pass another file off as this one.
                return Err(refused("it has several names (hard links), in a folder that others can write to"));
            }
            if !all_are_inside(disk, &now.status).map_err(io)? {
                return Err(refused(OUTSIDE));
            }
            How::InPlace(format!("it has {} names (hard links)", now.status.links))
        }
        Err(why) => How::InPlace(why.clone()),
        Ok(_) => How::Rename,
    };
    let parent = change.path.parent().unwrap_or(&change.path).to_owned();
    Ok(FileEntry {
        path: change.path.clone(),
        how,
        staging: change.staging.clone().unwrap_or(parent),
        old: hash(&change.old),
        new: hash(&change.new),
        new_meta: change.meta.clone().unwrap_or_else(|| now.meta.clone()),
        old_meta: now.meta,
    })
}
