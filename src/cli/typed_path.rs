//! Paths as the user types them.

use crate::system::normalize;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The path from `/` on. One that is whole already needs no current directory: that may have been removed.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    if path.is_absolute() {
        return Ok(normalize(path));
    }
    let here = here().with_context(|| {
        format!("{}: is seen from the current directory, and that is not known; give the whole path", path.display())
    })?;
    Ok(normalize(&here.join(path)))
}

/// The current directory.
pub(super) fn here() -> Result<PathBuf> {
    Ok(std::env::current_dir()?)
}
