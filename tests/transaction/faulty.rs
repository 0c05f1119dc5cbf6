//! A disk on which any operation can fail, or be the last one.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tlsmend::system::{Access, Directory, Handle, OsDisk, Status, WritableSystem};
use tlsmend::trust::Rights;

/// What happens at the chosen operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The process ends before it, as by `kill -9`.
    DiesBefore,
    /// The process ends in the middle of it: half of the bytes are written.
    DiesWithin,
    /// It fails with this error, once.
    Fails(i32),
    /// It fails with this error, and so does every one after it.
    KeepsFailing(i32),
    /// Something else is done first; then it goes on.
    Comes,
}

/// Counts the operations that change a disk, over all disks that share it.
#[derive(Default)]
pub(crate) struct Counter {
    done: AtomicUsize,
    dead: AtomicBool,
}

impl Counter {
    pub(crate) fn count(&self) -> usize {
        self.done.load(Ordering::SeqCst)
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }
}

/// A disk with a fate at the operation of a number, counted from 1.
pub(crate) struct Faulty {
    inner: OsDisk,
    counter: Arc<Counter>,
    at: usize,
    fate: Fate,
    comes: Box<dyn Fn() + Sync>,
    /// The numbers of files that can't be opened, as where somebody has a lease on them.
    leased: Mutex<BTreeSet<u64>>,
}

impl Faulty {
    /// One on which nothing fails by itself.
    pub(crate) fn sound(root: &Path) -> Faulty {
        Faulty::new(root, &Arc::new(Counter::default()), 0, Fate::DiesBefore)
    }

    /// From now on the files that have these numbers can't be opened, and no other ones.
    pub(crate) fn lease(&self, inodes: &[u64]) {
        *self.leased.lock().expect("a lock") = inodes.iter().copied().collect();
    }

    pub(crate) fn new(root: &Path, counter: &Arc<Counter>, at: usize, fate: Fate) -> Faulty {
        Faulty::with(root, counter, at, fate, Box::new(|| {}))
    }

    pub(crate) fn with(
        root: &Path,
        counter: &Arc<Counter>,
        at: usize,
        fate: Fate,
        comes: Box<dyn Fn() + Sync>,
    ) -> Faulty {
        Faulty { inner: OsDisk::new(root), counter: Arc::clone(counter), at, fate, comes, leased: Mutex::default() }
    }

    /// Every operation comes through here: one that only looks, or one that changes something.
    fn pass<T>(
        &self,
        changes: bool,
        half: impl FnOnce(&OsDisk),
        whole: impl FnOnce(&OsDisk) -> io::Result<T>,
    ) -> io::Result<T> {
        let dead = || Err(io::Error::from_raw_os_error(5));
        if self.counter.is_dead() {
            return dead();
        }
        if !changes {
            return whole(&self.inner);
        }
        let number = self.counter.done.fetch_add(1, Ordering::SeqCst) + 1;
        match self.fate {
            Fate::KeepsFailing(error) if number > self.at => Err(io::Error::from_raw_os_error(error)),
            _ if number != self.at => whole(&self.inner),
            Fate::DiesBefore | Fate::DiesWithin => {
                if self.fate == Fate::DiesWithin {
                    half(&self.inner);
                }
                self.counter.dead.store(true, Ordering::SeqCst);
                dead()
            }
            Fate::Fails(error) | Fate::KeepsFailing(error) => Err(io::Error::from_raw_os_error(error)),
            Fate::Comes => {
                (self.comes)();
                whole(&self.inner)
            }
        }
    }

    fn look_at<T>(&self, whole: impl FnOnce(&OsDisk) -> io::Result<T>) -> io::Result<T> {
        self.pass(false, |_| {}, whole)
    }

    fn change<T>(&self, whole: impl FnOnce(&OsDisk) -> io::Result<T>) -> io::Result<T> {
        self.pass(true, |_| {}, whole)
    }
}

impl WritableSystem for Faulty {
    fn root(&self) -> io::Result<Directory> {
        self.look_at(WritableSystem::root)
    }

    fn enter(&self, folder: &Directory, name: &OsStr) -> io::Result<Directory> {
        self.look_at(|disk| disk.enter(folder, name))
    }

    fn status_of(&self, folder: &Directory) -> io::Result<Status> {
        self.look_at(|disk| disk.status_of(folder))
    }

    fn rights_of(&self, folder: &Directory) -> io::Result<Rights> {
        self.look_at(|disk| disk.rights_of(folder))
    }

    fn names(&self, folder: &Directory) -> io::Result<Vec<OsString>> {
        self.look_at(|disk| disk.names(folder))
    }

    fn look(&self, folder: &Directory, name: &OsStr) -> io::Result<Option<Status>> {
        self.look_at(|disk| disk.look(folder, name))
    }

    fn open(&self, folder: &Directory, name: &OsStr, access: Access) -> io::Result<Handle> {
        let inode = self.inner.look(folder, name)?.map(|status| status.inode);
        if inode.is_some_and(|inode| self.leased.lock().expect("a lock").contains(&inode)) {
            return Err(io::Error::from_raw_os_error(11));
        }
        self.pass(access == Access::Write, |_| {}, |disk| disk.open(folder, name, access))
    }

    fn status(&self, file: &Handle) -> io::Result<Status> {
        self.look_at(|disk| disk.status(file))
    }

    fn attributes(&self, file: &Handle) -> io::Result<BTreeMap<OsString, Vec<u8>>> {
        self.look_at(|disk| disk.attributes(file))
    }

    fn protection(&self, file: &Handle) -> Option<&'static str> {
        self.inner.protection(file)
    }

    fn read(&self, file: &Handle) -> io::Result<Vec<u8>> {
        self.look_at(|disk| disk.read(file))
    }

    fn make_directory(&self, folder: &Directory, name: &OsStr, mode: u32) -> io::Result<()> {
        self.change(|disk| disk.make_directory(folder, name, mode))
    }

    fn create(&self, folder: &Directory, name: &OsStr) -> io::Result<Handle> {
        self.change(|disk| disk.create(folder, name))
    }

    fn write(&self, file: &Handle, bytes: &[u8]) -> io::Result<()> {
        // What half a write leaves, nobody can do anything about.
        let half = |disk: &OsDisk| drop(disk.write(file, &bytes[..bytes.len() / 2]));
        self.pass(true, half, |disk| disk.write(file, bytes))
    }

    fn truncate(&self, file: &Handle, length: u64) -> io::Result<()> {
        self.change(|disk| disk.truncate(file, length))
    }

    fn set_owner(&self, file: &Handle, owner: u32, group: u32) -> io::Result<()> {
        self.change(|disk| disk.set_owner(file, owner, group))
    }

    fn set_mode(&self, file: &Handle, mode: u32) -> io::Result<()> {
        self.change(|disk| disk.set_mode(file, mode))
    }

    fn set_attribute(&self, file: &Handle, name: &OsStr, value: Option<&[u8]>) -> io::Result<()> {
        self.change(|disk| disk.set_attribute(file, name, value))
    }

    fn sync(&self, file: &Handle) -> io::Result<()> {
        self.change(|disk| disk.sync(file))
    }

    fn sync_directory(&self, folder: &Directory) -> io::Result<()> {
        self.change(|disk| disk.sync_directory(folder))
    }

    fn exchange(&self, a: (&Directory, &OsStr), b: (&Directory, &OsStr)) -> io::Result<()> {
        self.change(|disk| disk.exchange(a, b))
    }

    fn rename(&self, from: (&Directory, &OsStr), to: (&Directory, &OsStr)) -> io::Result<()> {
        self.change(|disk| disk.rename(from, to))
    }

    fn remove(&self, folder: &Directory, name: &OsStr) -> io::Result<()> {
        self.change(|disk| disk.remove(folder, name))
    }

    fn remove_directory(&self, folder: &Directory, name: &OsStr) -> io::Result<()> {
        self.change(|disk| disk.remove_directory(folder, name))
    }

    fn lock(&self, file: &Handle) -> io::Result<bool> {
        self.change(|disk| disk.lock(file))
    }
}
