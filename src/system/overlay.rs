//! A host with some files' contents replaced: how a plan is audited before anything is written.

use super::{Entry, Kind, System, Walk};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A system seen through planned contents.
pub struct Overlay<'a> {
    base: &'a dyn System,
    contents: &'a BTreeMap<PathBuf, Vec<u8>>,
}

impl<'a> Overlay<'a> {
    /// `contents` is keyed by canonical path; only files that exist in `base` can be replaced.
    pub fn new(base: &'a dyn System, contents: &'a BTreeMap<PathBuf, Vec<u8>>) -> Overlay<'a> {
        Overlay { base, contents }
    }
}

impl System for Overlay<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.contents.get(&self.base.canonical(path)?) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.base.read(path),
        }
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        self.base.kind(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        self.base.list(path)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.base.canonical(path)
    }

    fn link(&self, path: &Path) -> io::Result<PathBuf> {
        self.base.link(path)
    }

    fn changed(&self, path: &Path) -> io::Result<SystemTime> {
        self.base.changed(path)
    }

    fn walk(&self, path: &Path) -> Walk {
        self.base.walk(path)
    }
}
