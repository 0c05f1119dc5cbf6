//! The state directory: the lock, and a folder for each transaction with its journal and the contents of its files.
//!
//! ```text
//! /var/lib/tlsmend/lock
//! /var/lib/tlsmend/transactions/20260131T120000Z-1/journal.json, old-0, new-0, old-1, new-1
//! ```
//!
//! Directories can be entered by their owner only, files likewise read: configurations hold secrets.

use super::Failure;
use super::check::number;
use super::entries::HistoryEntry;
use super::file::describe_error;
use super::journal::{Journal, hash};
use crate::system::{Access, Directory, Handle, Kind, Status, WritableSystem};
use crate::trust::{Rights, Trusted, Way, Writers};
use jiff::Timestamp;
use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};

/// So many times at most something is kept of one file.
const MOST_KEPT: usize = 10_000;
/// The mode of the state directory and of all folders in it.
const OWN: u32 = 0o700;
/// The mode of folders that are made on the way to it.
const SHARED: u32 = 0o755;
const LOCK: &str = "lock";
const TRANSACTIONS: &str = "transactions";
pub(super) const JOURNAL: &str = "journal.json";
pub(super) const NEW_JOURNAL: &str = "journal.json.new";

/// The state directory, open.
pub struct Store<'a> {
    pub(super) disk: &'a dyn WritableSystem,
    /// Those whose word counts: nobody else may have written anything of it.
    pub(super) trusted: &'a Trusted,
    /// Its path, for messages.
    shown: PathBuf,
    folder: Directory,
    /// What the folder is, to know it again.
    own: Status,
    pub(super) transactions: Directory,
    /// What is in it, once that was read: each journal is read once.
    pub(super) known: RefCell<Option<Vec<HistoryEntry>>>,
}

/// The lock of the state directory; it is given back when this is dropped, or when the process ends in any way.
#[derive(Debug)]
pub struct Lock {
    _file: Handle,
}

impl<'a> Store<'a> {
    /// Opens a state directory by its path on that disk, no part of which may be a link, and by the path that messages
    /// give it. `None`: it is not there, and `make` does not want it made. Refused where anybody else could have written
    /// into it, or put it there.
    pub fn open(
        disk: &'a dyn WritableSystem,
        (path, shown): (&Path, &Path),
        trusted: &'a Trusted,
        make: bool,
    ) -> Result<Option<Store<'a>>, Failure> {
        let refused = |error: io::Error| refusal(shown, &error);
        let names = list_names(path).map_err(refused)?;
        let mut way = Way::default();
        let mut folder = disk.root().map_err(refused)?;
        way.go(&disk.rights_of(&folder).map_err(refused)?, trusted);
        for (at, name) in names.iter().enumerate() {
            let above = shown.ancestors().nth(names.len() - at).unwrap_or(shown);
            check(shown, above, &way.writers())?;
            // What leads there is for everybody, as such folders are.
            let mode = if at + 1 == names.len() { OWN } else { SHARED };
            let Some(next) = open_child(disk, &folder, name, make.then_some(mode)).map_err(refused)? else {
                return Ok(None);
            };
            way.go(&disk.rights_of(&next).map_err(refused)?, trusted);
            folder = next;
        }
        check(shown, shown, &way.writers())?;
        let is_alone = |folder: &Directory, path: &Path| {
            let rights = disk.rights_of(folder).map_err(refused)?;
            check(shown, path, &others(&rights, trusted))
        };
        is_alone(&folder, shown)?;
        let transactions = open_child(disk, &folder, OsStr::new(TRANSACTIONS), make.then_some(OWN)).map_err(refused)?;
        let Some(transactions) = transactions else { return Ok(None) };
        is_alone(&transactions, &shown.join(TRANSACTIONS))?;
        let own = disk.status_of(&folder).map_err(refused)?;
        let known = RefCell::default();
        Ok(Some(Store { disk, trusted, shown: shown.to_owned(), folder, own, transactions, known }))
    }

    /// Where a transaction is kept, for messages.
    pub fn path_of(&self, id: &str) -> PathBuf {
        self.shown.join(TRANSACTIONS).join(id)
    }

    /// Locks the directory; the error says who has it.
    pub fn lock(&self, command: &str) -> Result<Lock, Failure> {
        let refused = |e: io::Error| self.refused(LOCK, &e);
        let name = OsStr::new(LOCK);
        let file = match self.open_own(&self.folder, name, Access::Write).map_err(refused)? {
            Some(file) => file,
            None => match self.disk.create(&self.folder, name) {
                // Another run was quicker.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let file = self.open_own(&self.folder, name, Access::Write).map_err(refused)?;
                    file.ok_or_else(|| refused(error))?
                }
                made => made.map_err(refused)?,
            },
        };
        if !self.disk.lock(&file).map_err(refused)? {
            let holder = self.disk.read(&file).unwrap_or_default();
            let holder = String::from_utf8_lossy(&holder).trim().to_owned();
            let holder = if holder.is_empty() { "another run".to_owned() } else { holder };
            return Err(Failure::Refused(format!("{holder} is at work (it holds {}/{LOCK})", self.shown.display())));
        }
        let text = format!("{command} (process {}, since {})\n", std::process::id(), now());
        self.disk.write(&file, text.as_bytes()).map_err(refused)?;
        self.disk.truncate(&file, text.len() as u64).map_err(refused)?;
        // Until now another run could change something.
        self.known.take();
        Ok(Lock { _file: file })
    }

    /// A name that no transaction has, and the time that is in it. The number behind it goes up by one each time,
    /// whatever the clock does. The directory has to be locked.
    pub fn new_id(&self) -> Result<(String, String), Failure> {
        let time = now();
        let names = self.disk.names(&self.transactions).map_err(|e| self.refused(TRANSACTIONS, &e))?;
        let last = names.iter().filter_map(|name| number(name.to_str()?)).max().unwrap_or_default();
        let short: String = time.chars().filter(|c| !matches!(c, '-' | ':')).collect();
        Ok((format!("{short}-{}", last + 1), time))
    }

    /// Makes the folder of a transaction.
    pub(super) fn make(&self, id: &str) -> io::Result<Directory> {
        self.disk.make_directory(&self.transactions, OsStr::new(id), OWN)?;
        self.disk.enter(&self.transactions, OsStr::new(id))
    }

    /// Makes sure that the folder of a new transaction is not lost.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.disk.sync_directory(&self.transactions)
    }

    /// The folder of a transaction.
    pub(super) fn enter(&self, id: &str) -> io::Result<Directory> {
        self.disk.enter(&self.transactions, OsStr::new(id))
    }

    /// Keeps a content.
    pub(super) fn keep(&self, folder: &Directory, name: &str, bytes: &[u8]) -> io::Result<()> {
        let file = self.disk.create(folder, OsStr::new(name))?;
        self.disk.write(&file, bytes)?;
        self.disk.sync(&file)
    }

    /// Keeps what somebody else wrote into the `number`th file, beside what was kept like that before; its name.
    pub(super) fn keep_found(&self, folder: &Directory, number: usize, bytes: &[u8]) -> io::Result<String> {
        let mut name = format!("found-{number}");
        for again in 1..=MOST_KEPT {
            if self.disk.look(folder, OsStr::new(&name))?.is_none() {
                break;
            }
            name = format!("found-{number}-{again}");
        }
        self.keep(folder, &name, bytes)?;
        self.disk.sync_directory(folder)?;
        Ok(name)
    }

    /// A content that was kept.
    pub(super) fn read_kept(&self, id: &str, name: &str, sha256: &str) -> Result<Vec<u8>, Failure> {
        let read = || -> io::Result<Vec<u8>> {
            let folder = self.enter(id)?;
            let file = self.open_own(&folder, OsStr::new(name), Access::Read)?;
            self.disk.read(&file.ok_or(io::ErrorKind::NotFound)?)
        };
        let place = format!("{TRANSACTIONS}/{id}/{name}");
        let bytes = read().map_err(|e| self.refused(&place, &e))?;
        if hash(&bytes) == sha256 {
            return Ok(bytes);
        }
        Err(Failure::Refused(format!("{}/{place} is damaged: it is not what the journal says", self.shown.display())))
    }

    /// Writes a journal, at once and for good.
    pub(super) fn save(&self, folder: &Directory, journal: &Journal) -> io::Result<()> {
        let (name, new) = (OsStr::new(JOURNAL), OsStr::new(NEW_JOURNAL));
        for name in [name, new] {
            if let Some(status) = self.disk.look(folder, name)? {
                self.vet(&status)?;
            }
        }
        // One of an earlier run that was stopped here.
        if self.disk.look(folder, new)?.is_some() {
            self.disk.remove(folder, new)?;
        }
        self.keep(folder, NEW_JOURNAL, &journal.write())?;
        self.disk.rename((folder, new), (folder, name))?;
        self.note(journal);
        self.disk.sync_directory(folder)
    }

    /// Writes a journal whose transaction is not open.
    pub(super) fn save_again(&self, journal: &Journal) -> Result<(), Failure> {
        let saved = self.enter(&journal.id).and_then(|folder| self.save(&folder, journal));
        saved.map_err(|e| self.refused(&format!("{TRANSACTIONS}/{}/{JOURNAL}", journal.id), &e))
    }

    /// Removes the folder of a transaction that never came so far as to have a journal.
    pub(super) fn discard(&self, id: &str) -> io::Result<()> {
        let folder = self.enter(id)?;
        for name in self.disk.names(&folder)? {
            self.disk.remove(&folder, &name)?;
        }
        self.disk.remove_directory(&self.transactions, OsStr::new(id))?;
        self.forget(id);
        Ok(())
    }

    /// Opens a file of the state directory, which nobody else can have put there; `None`: it is not there. A device would
    /// be written to, a fifo waited for, and a file with a second name is somebody's.
    pub(super) fn open_own(&self, folder: &Directory, name: &OsStr, access: Access) -> io::Result<Option<Handle>> {
        let Some(looked) = self.disk.look(folder, name)? else { return Ok(None) };
        self.vet(&looked)?;
        let file = self.disk.open(folder, name, access)?;
        let opened = self.disk.status(&file)?;
        self.vet(&opened)?;
        if opened.is_same(&looked) { Ok(Some(file)) } else { Err(io::Error::other("was replaced at that very moment")) }
    }

    /// Refuses what is no file of this program's own making.
    pub(super) fn vet(&self, status: &Status) -> io::Result<()> {
        let wrong = if status.kind != Kind::File {
            format!("is {}, and no file of tlsmend", status.what)
        } else if status.links != 1 {
            format!("has {} names (hard links), and is no file of tlsmend", status.links)
        } else if !self.trusted.is_user(status.owner) {
            format!("belongs to user {}", status.owner)
        } else {
            return Ok(());
        };
        Err(io::Error::other(wrong))
    }

    /// Refuses the path of a file that lies in the state directory itself, by whatever name.
    pub(super) fn spares(&self, disk: &dyn WritableSystem, path: &Path) -> Result<(), String> {
        let walk = || -> io::Result<bool> {
            let mut at = disk.root()?;
            for name in list_names(path.parent().unwrap_or(path))? {
                at = disk.enter(&at, &name)?;
                if disk.status_of(&at)?.is_same(&self.own) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        // What can't be entered is told by whoever wants to read or write there.
        match walk() {
            Ok(true) => Err(format!("{}: it lies in the state directory of tlsmend itself", path.display())),
            Ok(false) | Err(_) => Ok(()),
        }
    }

    pub(super) fn refused(&self, place: &str, error: &io::Error) -> Failure {
        Failure::Refused(format!("{}/{place}: {}", self.shown.display(), describe_error(error)))
    }
}

/// The names of an absolute path; one that climbs is an error.
fn list_names(path: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name.to_owned()),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return Err(io::ErrorKind::InvalidInput.into()),
        }
    }
    Ok(names)
}

/// Who else could write into a folder that has to be its owner's alone.
pub(super) fn others(rights: &Rights, trusted: &Trusted) -> Writers {
    let group = if rights.mode & 0o020 == 0 { Writers::default() } else { Writers::group(rights.group) };
    let all = if rights.mode & 0o002 == 0 { Writers::default() } else { Writers::everybody() };
    Writers::user(rights.owner, trusted).and(group).and(all)
}

/// Refuses a state directory because of those who could write to a folder on the way to it.
fn check(shown: &Path, folder: &Path, writers: &Writers) -> Result<(), Failure> {
    if writers.is_empty() {
        return Ok(());
    }
    let what = match folder == shown {
        true => "into it".to_owned(),
        false if folder.starts_with(shown) => format!("to {}", folder.display()),
        false => format!("to {}, and so put another one in its place", folder.display()),
    };
    Err(Failure::Blocked {
        why: format!(
            "the state directory {}: {writers} can write {what}; it has to be root's or yours alone",
            shown.display()
        ),
        help: "`chmod 700` and `chown` make it so, or --state-dir names another one".to_owned(),
    })
}

fn refusal(shown: &Path, error: &io::Error) -> Failure {
    let advice = if error.kind() == io::ErrorKind::PermissionDenied {
        "; run it as root, or name another one with --state-dir"
    } else {
        ""
    };
    Failure::Refused(format!("the state directory {}: {}{advice}", shown.display(), describe_error(error)))
}

/// Now, in UTC, to the second.
pub(super) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A folder in a folder; one that is not there is made with that mode, if there is one.
fn open_child(
    disk: &dyn WritableSystem,
    folder: &Directory,
    name: &OsStr,
    make: Option<u32>,
) -> io::Result<Option<Directory>> {
    match (disk.look(folder, name)?, make) {
        (None, Some(mode)) => {
            match disk.make_directory(folder, name, mode) {
                // Another run was quicker.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made?,
            }
            disk.sync_directory(folder)?;
        }
        (None, None) => return Ok(None),
        (Some(status), _) if status.kind != Kind::Directory && status.kind != Kind::Link => {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "is not a directory"));
        }
        (Some(_), _) => {}
    }
    disk.enter(folder, name).map(Some)
}
