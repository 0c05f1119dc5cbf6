//! How many names of a file lie on a disk.

use crate::system::{Directory, Kind, Status, WritableSystem};
use std::ffi::OsString;
use std::io;

/// Why a file is not written in place.
pub(super) const OUTSIDE: &str = "it has several names (hard links), and not all of them lie inside of the root";
/// Deeper than any host's directories are.
const DEEPEST: usize = 200;

/// Do all names of a file lie below the root of the disk? An image may hold a second name for a file of the machine that
/// it is on, and what is written into the one is written into the other.
pub(super) fn all_are_inside(disk: &dyn WritableSystem, file: &Status) -> io::Result<bool> {
    if file.links <= 1 || disk.is_whole() {
        return Ok(true);
    }
    let root = disk.root()?;
    let names = disk.names(&root)?;
    let mut open: Vec<(Directory, std::vec::IntoIter<OsString>)> = vec![(root, names.into_iter())];
    let mut found = 0;
    while let Some((folder, names)) = open.last_mut() {
        let Some(name) = names.next() else {
            open.pop();
            continue;
        };
        let Some(status) = disk.look(folder, &name)? else { continue };
        if status.kind == Kind::File && status.is_same(file) {
            found += 1;
            if found == file.links {
                return Ok(true);
            }
        }
        // A name on another file system is one of another file.
        if status.kind == Kind::Directory && status.device == file.device && open.len() < DEEPEST {
            let (folder, _) = &open[open.len() - 1];
            let below = disk.enter(folder, &name)?;
            let names = disk.names(&below)?;
            open.push((below, names.into_iter()));
        }
    }
    Ok(false)
}
