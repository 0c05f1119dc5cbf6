//! The state directory that the arguments mean, and what is done with it first.

use super::args::State;
use super::exit::ExitStatus;
use super::message::Message;
use super::{output, typed_path};
use crate::host::quoted;
use crate::report::Outcome;
use crate::system::{OsDisk, OsSystem, System, follow, reason, trusted};
use crate::transaction::{Failure, Lock, Store, recover};
use crate::trust::Writers;
use anyhow::{Result, anyhow};
use std::cell::Cell;
use std::io;
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
    /// Those who could have decided where it is, besides root and the user.
    writers: Writers,
    /// The root, where the state directory does not lie inside of it.
    pub root: Option<PathBuf>,
    /// The options that a later run needs to find the same: ` --root /mnt`.
    pub options: String,
    /// Does the state directory lie in an image, whose author may have written it?
    in_image: bool,
    /// Is there an interrupted run that could not be ended?
    has_open: Cell<bool>,
}

impl Disks {
    /// The disks that the arguments mean.
    pub(super) fn new(root: &Path, state: &State) -> Result<Disks> {
        let own = root == Path::new("/");
        let led = |path: &Path, error: io::Error| anyhow!("{}: {}", path.display(), reason(&error));
        let followed = follow(None, &typed_path::absolute(root)?, trusted()).map_err(|e| led(root, e))?;
        let host = OsDisk::at(&followed).map_err(|e| led(root, e))?;
        let absolute = followed.path();
        let mut options = String::new();
        for (option, path) in [("--root", (!own).then_some(root)), ("--state-dir", state.state_dir.as_deref())] {
            if let Some(path) = path {
                options.extend([" ", option, " ", &quoted(&path.to_string_lossy())]);
            }
        }
        Ok(match &state.state_dir {
            Some(path) => {
                let path = follow(None, &typed_path::absolute(path)?, trusted()).map_err(|e| led(path, e))?;
                Disks {
                    host,
                    state: OsDisk::new(Path::new("/")),
                    shown: path.path(),
                    writers: path.writers(),
                    path: path.path(),
                    root: (!own).then_some(absolute),
                    options,
                    in_image: false,
                    has_open: Cell::new(false),
                }
            }
            None => {
                let default = Path::new(DEFAULT);
                // Links are followed as a service of the host would, and never out of the root.
                let path = follow(Some(&followed), default, trusted()).map_err(|e| led(default, e))?;
                Disks {
                    state: OsDisk::at(&followed).map_err(|e| led(root, e))?,
                    host,
                    shown: absolute.join(path.path().strip_prefix("/").unwrap_or(default)),
                    writers: path.writers(),
                    path: path.path(),
                    root: None,
                    options,
                    in_image: !own,
                    has_open: Cell::new(false),
                }
            }
        })
    }

    /// The state directory; `None`: there is none, and `make` does not want it made. Refused where somebody else could
    /// have put it there.
    pub(super) fn open(&self, make: bool) -> Result<Option<Store<'_>>> {
        let open = |make| Store::open(&self.state, (&self.path, &self.shown), trusted(), make);
        if self.writers.is_empty() {
            return Ok(open(make)?);
        }
        if !make && open(false)?.is_none() {
            return Ok(None);
        }
        let why = format!(
            "the state directory {}: {} could put another one in its place",
            self.shown.display(),
            self.writers
        );
        let help = "move it to where only root or you can write, or --state-dir names another one".to_owned();
        Err(Failure::Blocked { why, help }.into())
    }

    /// Locks the state directory, and ends what earlier runs left unfinished.
    pub(super) fn begin(&self, store: &Store<'_>, command: &str) -> Result<Lock> {
        let lock = store.lock(command)?;
        self.recover(store)?;
        Ok(lock)
    }

    /// Ends what earlier runs left unfinished, and says so.
    pub(super) fn recover(&self, store: &Store<'_>) -> Result<()> {
        let recovered = recover(&self.host, store, self.root.as_deref(), &self.options)?;
        for ended in &recovered.ended {
            output::remark(format!("an earlier run ({}) was interrupted; {}", ended.id, ended.what));
        }
        for open in &recovered.open {
            let why = match &open.why {
                Failure::Refused(why) => why.clone(),
                other => other.to_string(),
            };
            output::remark(Message::of(why.lines()));
            output::remark(format!("the files of {} are left alone; others can be changed", open.id));
        }
        self.has_open.set(!recovered.open.is_empty());
        for unread in store.unread()? {
            output::remark(format!(
                "{} is not readable: {}; left alone",
                store.path_of(&unread.name).display(),
                unread.why
            ));
        }
        Ok(())
    }

    /// An outcome, where an interrupted run that could not be ended lets no run be as good as it could be.
    pub(super) fn at_best(&self, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Compliant if self.has_open.get() => Outcome::Incomplete,
            outcome => outcome,
        }
    }

    /// The exit status: a run that could not be ended is told whatever the user wants to fail on.
    pub(super) fn status(&self, exit_zero: bool, outcome: Outcome) -> ExitStatus {
        match ExitStatus::unless(exit_zero, outcome) {
            good if good == Outcome::Compliant.into() => self.at_best(Outcome::Compliant).into(),
            status => status,
        }
    }

    /// Does the state directory lie in an image? What it says is that image's word, and runs nothing.
    pub(super) fn is_in_image(&self) -> bool {
        self.in_image
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
