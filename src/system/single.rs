//! Names in an open directory: single ones, which can't lead out of it.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;

/// The name, if it is a single one. The kernel would take `a/b` for a path, follow links on its way, and take `..` for
/// the directory above: every operation of a disk asks here first, so that no journal or plan can lead it elsewhere.
pub(super) fn single(name: &OsStr) -> io::Result<&OsStr> {
    let why = match name.as_bytes() {
        b"" => "a name in a directory can't be empty",
        b"." | b".." => "\".\" and \"..\" are no names in a directory",
        bytes if bytes.contains(&b'/') => "a name in a directory can't hold a slash",
        bytes if bytes.contains(&0) => "a name in a directory can't hold a NUL byte",
        _ => return Ok(name),
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
}
