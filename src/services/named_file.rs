//! Files that a configuration names and that a server opens when it starts: keys, certificates.

use crate::system::System;
use std::path::Path;

/// Is the file certainly not there? Only a whole host can tell that, one whose directory for it can be seen: a repository
/// of configurations has no keys.
pub fn is_missing(system: &dyn System, path: &Path) -> bool {
    let not_there = |error: std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
    is_host(system)
        && system.kind(path).is_err_and(not_there)
        && path.parent().is_some_and(|folder| system.list(folder).is_ok_and(|names| !names.is_empty()))
}

/// Is it a whole host, so that the files which are there are those of the server?
pub fn is_host(system: &dyn System) -> bool {
    system.maps().is_empty() && system.kind(Path::new("/")).is_ok()
}
