//! The state directory: the lock, and a folder for each transaction with its journal and the contents of its files.
//!
//! ```text
//! /var/lib/tlsmend/lock
//! /var/lib/tlsmend/transactions/20260131T120000Z-1/journal.json, old-0, new-0, old-1, new-1
//! ```
//!
//! Directories can be entered by their owner only, files likewise read: configurations hold secrets.

use super::Failure;
use super::file::{Found, found, said};
use super::journal::{Journal, hash};
use crate::system::{Access, Directory, Handle, Kind, WritableSystem};
use jiff::Timestamp;
use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};

const LOCK: &str = "lock";
const TRANSACTIONS: &str = "transactions";
const JOURNAL: &str = "journal.json";
const NEW_JOURNAL: &str = "journal.json.new";

/// The state directory, open.
pub struct Store<'a> {
    disk: &'a dyn WritableSystem,
    /// Its path, for messages.
    shown: PathBuf,
    folder: Directory,
    transactions: Directory,
}

/// The lock of the state directory; it is given back when this is dropped, or when the process ends in any way.
#[derive(Debug)]
pub struct Lock {
    _file: Handle,
}

impl<'a> Store<'a> {
    /// Opens a state directory by its path on that disk, no part of which may be a link, and by the path that messages
    /// give it. `None`: it is not there, and `make` does not want it made. Refused where others could write into it.
    pub fn open(
        disk: &'a dyn WritableSystem,
        (path, shown): (&Path, &Path),
        own: u32,
        make: bool,
    ) -> Result<Option<Store<'a>>, Failure> {
        let refused = |error: &io::Error| {
            let advice = if error.kind() == io::ErrorKind::PermissionDenied {
                "; run it as root, or name another one with --state-dir"
            } else {
                ""
            };
            Failure::Refused(format!("the state directory {}: {}{advice}", shown.display(), said(error)))
        };
        let Some(folder) = walk(disk, path, make).map_err(|e| refused(&e))? else { return Ok(None) };
        let status = disk.status_of(&folder).map_err(|e| refused(&e))?;
        if (status.owner != own && status.owner != 0) || status.mode & 0o022 != 0 {
            return Err(Failure::Refused(format!(
                "the state directory {}: others can write into it; it has to be its owner's alone (chmod 700)",
                shown.display()
            )));
        }
        let transactions = child(disk, &folder, OsStr::new(TRANSACTIONS), make).map_err(|e| refused(&e))?;
        let Some(transactions) = transactions else { return Ok(None) };
        Ok(Some(Store { disk, shown: shown.to_owned(), folder, transactions }))
    }

    /// Where a transaction is kept, for messages.
    pub fn path_of(&self, id: &str) -> PathBuf {
        self.shown.join(TRANSACTIONS).join(id)
    }

    /// Locks the directory; the error says who has it.
    pub fn lock(&self, command: &str) -> Result<Lock, Failure> {
        let refused = |e: io::Error| self.refused(LOCK, &e);
        let name = OsStr::new(LOCK);
        let file = match self.disk.open(&self.folder, name, Access::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match self.disk.create(&self.folder, name) {
                // Another run was quicker.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    self.disk.open(&self.folder, name, Access::Write)
                }
                made => made,
            },
            opened => opened,
        };
        let file = file.map_err(refused)?;
        if !self.disk.lock(&file).map_err(refused)? {
            let holder = self.disk.read(&file).unwrap_or_default();
            let holder = String::from_utf8_lossy(&holder).trim().to_owned();
            let holder = if holder.is_empty() { "another run".to_owned() } else { holder };
            return Err(Failure::Refused(format!("{holder} is at work (it holds {}/{LOCK})", self.shown.display())));
        }
        let text = format!("{command} (process {}, since {})\n", std::process::id(), now());
        self.disk.write(&file, text.as_bytes()).map_err(refused)?;
        self.disk.truncate(&file, text.len() as u64).map_err(refused)?;
        Ok(Lock { _file: file })
    }

    /// The names of all transactions, oldest first.
    pub(super) fn ids(&self) -> Result<Vec<String>, Failure> {
        let names = self.disk.names(&self.transactions).map_err(|e| self.refused(TRANSACTIONS, &e))?;
        let ids = names.into_iter().filter_map(|name| name.into_string().ok());
        let mut numbered: Vec<(u64, String)> = ids.filter_map(|id| Some((number(&id)?, id))).collect();
        numbered.sort();
        Ok(numbered.into_iter().map(|(_, id)| id).collect())
    }

    /// A name that no transaction has, and the time that is in it. The number behind it goes up by one each time,
    /// whatever the clock does. The directory has to be locked.
    pub fn new_id(&self) -> Result<(String, String), Failure> {
        let time = now();
        let last = self.ids()?.last().and_then(|id| number(id)).unwrap_or_default();
        let short: String = time.chars().filter(|c| !matches!(c, '-' | ':')).collect();
        Ok((format!("{short}-{}", last + 1), time))
    }

    /// Makes the folder of a transaction.
    pub(super) fn make(&self, id: &str) -> io::Result<Directory> {
        self.disk.make_directory(&self.transactions, OsStr::new(id))?;
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
        for again in 1.. {
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
    pub(super) fn kept(&self, id: &str, name: &str, sha256: &str) -> Result<Vec<u8>, Failure> {
        let read = || -> io::Result<Found> {
            let folder = self.enter(id)?;
            found(self.disk, &self.disk.open(&folder, OsStr::new(name), Access::Read)?)
        };
        let place = format!("{TRANSACTIONS}/{id}/{name}");
        let bytes = read().map_err(|e| self.refused(&place, &e))?.bytes;
        if hash(&bytes) == sha256 {
            return Ok(bytes);
        }
        Err(Failure::Refused(format!("{}/{place} is damaged: it is not what the journal says", self.shown.display())))
    }

    /// Writes a journal, at once and for good.
    pub(super) fn save(&self, folder: &Directory, journal: &Journal) -> io::Result<()> {
        let new = OsStr::new(NEW_JOURNAL);
        // One of an earlier run that was stopped here.
        if self.disk.look(folder, new)?.is_some() {
            self.disk.remove(folder, new)?;
        }
        self.keep(folder, NEW_JOURNAL, &journal.write())?;
        self.disk.rename((folder, new), (folder, OsStr::new(JOURNAL)))?;
        self.disk.sync_directory(folder)
    }

    /// Reads the journal of a transaction; `None`: it never came so far as to have one.
    pub(super) fn load(&self, id: &str) -> Result<Option<Journal>, Failure> {
        let place = format!("{TRANSACTIONS}/{id}/{JOURNAL}");
        let read = || -> io::Result<Option<Vec<u8>>> {
            let folder = self.enter(id)?;
            if self.disk.look(&folder, OsStr::new(JOURNAL))?.is_none() {
                return Ok(None);
            }
            let file = self.disk.open(&folder, OsStr::new(JOURNAL), Access::Read)?;
            Ok(Some(found(self.disk, &file)?.bytes))
        };
        let Some(bytes) = read().map_err(|e| self.refused(&place, &e))? else { return Ok(None) };
        let journal = Journal::read(&bytes);
        journal.map(Some).map_err(|why| Failure::Refused(format!("{}/{place} {why}", self.shown.display())))
    }

    /// Removes the folder of a transaction that never came so far as to have a journal.
    pub(super) fn discard(&self, id: &str) -> io::Result<()> {
        let folder = self.enter(id)?;
        for name in self.disk.names(&folder)? {
            self.disk.remove(&folder, &name)?;
        }
        self.disk.remove_directory(&self.transactions, OsStr::new(id))
    }

    pub(super) fn refused(&self, place: &str, error: &io::Error) -> Failure {
        Failure::Refused(format!("{}/{place}: {}", self.shown.display(), said(error)))
    }
}

/// The number of a transaction, by its name.
fn number(id: &str) -> Option<u64> {
    let (time, number) = id.split_once('-')?;
    let is_time = time.len() == 16 && time.ends_with('Z') && time.as_bytes()[8] == b'T';
    if is_time { number.parse().ok() } else { None }
}

/// Now, in UTC, to the second.
pub(super) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn walk(disk: &dyn WritableSystem, path: &Path, make: bool) -> io::Result<Option<Directory>> {
    let mut at = disk.root()?;
    for component in path.components() {
        let Component::Normal(name) = component else { continue };
        match child(disk, &at, name, make)? {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

fn child(disk: &dyn WritableSystem, folder: &Directory, name: &OsStr, make: bool) -> io::Result<Option<Directory>> {
    match disk.look(folder, name)? {
        None if make => {
            match disk.make_directory(folder, name) {
                // Another run was quicker.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made?,
            }
            disk.sync_directory(folder)?;
        }
        None => return Ok(None),
        Some(status) if status.kind != Kind::Directory && status.kind != Kind::Link => {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "is not a directory"));
        }
        Some(_) => {}
    }
    disk.enter(folder, name).map(Some)
}
