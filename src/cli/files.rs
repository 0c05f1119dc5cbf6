//! Files that the user asked to be written. They are never half there: a file beside the target takes its name once it
//! is complete.

use anyhow::{Context, Result, anyhow, bail};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::system::{Kind, OsSystem, System, reason};

/// Writes a file of this machine. A link is followed; what is no regular file is left alone.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let shown = path.display();
    let here = std::env::current_dir().context("the current directory is not known")?;
    let machine = OsSystem::new(Path::new("/"), Vec::new()).context("the file system can't be read")?;
    let absolute = here.join(path);
    let target: PathBuf = match machine.canonical(&absolute) {
        Ok(target) => match machine.kind(&target) {
            Ok(Kind::File) => target,
            Ok(Kind::Directory) => bail!("{shown}: is a directory"),
            Ok(Kind::Link | Kind::Other) => bail!("{shown}: is not a regular file"),
            Err(error) => bail!("{shown}: {}", reason(&error)),
        },
        Err(_) => absolute,
    };
    let folder = target.parent().ok_or_else(|| anyhow!("{shown}: is not a file"))?;
    let failed = |error: std::io::Error| anyhow!("{shown}: can't be written: {}", reason(&error));
    // The process's umask takes from these what it has to.
    let permissions = std::fs::Permissions::from_mode(0o666);
    let mut file =
        tempfile::Builder::new().prefix(".tlsmend-").permissions(permissions).tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&target).map_err(|error| failed(error.error))?;
    Ok(())
}
