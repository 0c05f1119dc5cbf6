//! A host with some files' contents replaced: how a plan is audited before anything is written.

use super::{Entry, FileIdentity, Kind, System, Walk};
use crate::trust::{Access, Writers};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A system seen through planned contents.
pub struct Overlay<'a> {
    base: &'a dyn System,
    contents: &'a BTreeMap<PathBuf, Vec<u8>>,
    /// Files that are not there, by path without links.
    more: Option<&'a BTreeMap<PathBuf, Vec<u8>>>,
}

impl<'a> Overlay<'a> {
    /// `contents` is keyed by canonical path; only files that exist in `base` can be replaced.
    pub fn new(base: &'a dyn System, contents: &'a BTreeMap<PathBuf, Vec<u8>>) -> Overlay<'a> {
        Overlay { base, contents, more: None }
    }

    /// Shows these files too, in folders that exist in `base`. A walk does not find them.
    #[must_use]
    pub fn with_files(mut self, files: &'a BTreeMap<PathBuf, Vec<u8>>) -> Overlay<'a> {
        self.more = Some(files);
        self
    }

    /// One of the files that are not there, by any path that leads to it.
    fn find_added(&self, path: &Path) -> Option<(&'a PathBuf, &'a [u8])> {
        let files = self.more?;
        let name = path.file_name().filter(|name| files.keys().any(|file| file.file_name() == Some(*name)))?;
        let path = self.base.canonical(path.parent()?).ok()?.join(name);
        files.get_key_value(&path).map(|(path, bytes)| (path, bytes.as_slice()))
    }
}

impl System for Overlay<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if let Some((_, bytes)) = self.find_added(path) {
            return Ok(bytes.to_vec());
        }
        match self.contents.get(&self.base.canonical(path)?) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.base.read(path),
        }
    }

    fn read_at_most(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let is_planned = self.find_added(path).is_some() || self.contents.contains_key(&self.base.canonical(path)?);
        let bytes = if is_planned { self.read(path)? } else { self.base.read_at_most(path, most)? };
        if bytes.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        if let Some((_, bytes)) = self.find_added(path) {
            return Ok(bytes.len() as u64);
        }
        match self.contents.get(&self.base.canonical(path)?) {
            Some(bytes) => Ok(bytes.len() as u64),
            None => self.base.size(path),
        }
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        self.find_added(path).map_or_else(|| self.base.kind(path), |_| Ok(Kind::File))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = self.base.list(path)?;
        if let Some(files) = self.more {
            let folder = self.base.canonical(path)?;
            let added = files.keys().filter(|file| file.parent() == Some(&folder));
            entries
                .extend(added.filter_map(|file| Some(Entry { name: file.file_name()?.to_owned(), kind: Kind::File })));
            entries.sort();
        }
        Ok(entries)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.find_added(path).map_or_else(|| self.base.canonical(path), |(path, _)| Ok(path.clone()))
    }

    fn foreign_link(&self, path: &Path) -> Option<String> {
        self.base.foreign_link(path)
    }

    fn writers(&self, path: &Path) -> io::Result<Writers> {
        self.base.writers(path)
    }

    fn is_hidden_from(&self, path: &Path, who: &Writers) -> io::Result<bool> {
        self.base.is_hidden_from(path, who)
    }

    fn is_barred_from(&self, path: &Path, who: &Writers, access: Access) -> io::Result<bool> {
        self.base.is_barred_from(path, who, access)
    }

    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        self.base.identity(path)
    }

    fn maps(&self) -> Vec<(PathBuf, PathBuf)> {
        self.base.maps()
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
