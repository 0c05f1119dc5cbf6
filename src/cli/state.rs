//! The state directory that the arguments mean, and what is done with it first.

use super::args::State;
use super::{options, output, place};
use crate::host::quoted;
use crate::system::{OsDisk, OsSystem, System, own_user, reason};
use crate::transaction::{Lock, Store, recover};
use anyhow::{Result, anyhow};
use std::path::{Path, PathBuf};

/// Where the history is, unless the user says otherwise.
const DEFAULT: &str = "/var/lib/tlsmend";

/// The disks: that of the host, and that of the state directory.
pub(super) struct Disks {
    /// The host's.
    pub host: OsDisk,
    /// That of the state directory: the host's too, or with --state-dir this machine's.
    state: OsDisk,
    /// The state directory there, no link in it.
    path: PathBuf,
    /// The same on this machine.
    shown: PathBuf,
    /// The root, where the state directory does not lie inside of it.
    pub root: Option<PathBuf>,
    /// The options that a later run needs to find the same: ` --root /mnt`.
    pub options: String,
}

impl Disks {
    /// The disks that the arguments mean.
    pub(super) fn new(root: &Path, state: &State) -> Result<Disks> {
        let machine = options::machine()?;
        let own = root == Path::new("/");
        let absolute = machine.canonical(&place::absolute(root)?);
        let absolute = absolute.map_err(|e| anyhow!("{}: {}", root.display(), reason(&e)))?;
        let mut options = String::new();
        for (option, path) in [("--root", (!own).then_some(root)), ("--state-dir", state.state_dir.as_deref())] {
            if let Some(path) = path {
                options.extend([" ", option, " ", &quoted(&path.to_string_lossy())]);
            }
        }
        Ok(match &state.state_dir {
            Some(path) => {
                let path = resolved(&machine, &place::absolute(path)?);
                Disks {
                    host: OsDisk::new(&absolute),
                    state: OsDisk::new(Path::new("/")),
                    shown: path.clone(),
                    path,
                    root: (!own).then_some(absolute),
                    options,
                }
            }
            None => {
                let inside =
                    OsSystem::new(&absolute, Vec::new()).map_err(|e| anyhow!("{}: {}", root.display(), reason(&e)))?;
                let path = resolved(&inside, Path::new(DEFAULT));
                let shown = absolute.join(path.strip_prefix("/").unwrap_or(&path));
                Disks { host: OsDisk::new(&absolute), state: OsDisk::new(&absolute), path, shown, root: None, options }
            }
        })
    }

    /// The state directory; `None`: there is none, and `make` does not want it made.
    pub(super) fn open(&self, make: bool) -> Result<Option<Store<'_>>> {
        Ok(Store::open(&self.state, (&self.path, &self.shown), own_user(), make)?)
    }

    /// Locks the state directory, and ends what earlier runs left unfinished.
    pub(super) fn begin(&self, store: &Store<'_>, command: &str) -> Result<Lock> {
        let lock = store.lock(command)?;
        self.recover(store)?;
        Ok(lock)
    }

    /// Ends what earlier runs left unfinished, and says so.
    pub(super) fn recover(&self, store: &Store<'_>) -> Result<()> {
        for ended in recover(&self.host, store, self.root.as_deref(), &self.options)? {
            output::remark(format!("an earlier run ({}) was interrupted; {}", ended.id, ended.what));
        }
        Ok(())
    }

    /// The state directory, for people.
    pub(super) fn shown(&self) -> String {
        self.shown.display().to_string()
    }
}

/// The path with the links of what exists of it resolved.
pub(super) fn resolved(system: &OsSystem, path: &Path) -> PathBuf {
    for above in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (system.canonical(above), path.strip_prefix(above)) {
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    path.to_owned()
}
