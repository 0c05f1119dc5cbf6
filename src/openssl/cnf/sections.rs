//! Sections of names and values, as they are after the last line.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What all values and names may come to, in bytes: variables in values multiply them.
const MOST_BYTES: usize = 16 << 20;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as the configuration names it.
    pub path: Arc<Path>,
    /// The number of the line, from 1.
    pub line: usize,
    /// Where its bytes begin in the file.
    pub start: usize,
    /// Where they end, without the line's end.
    pub end: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

/// The file of an included folder that a line belongs to, with what that includes; both by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) folder: usize,
    pub(crate) file: usize,
}

/// A name with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) value: Vec<u8>,
    pub(crate) place: Place,
    pub(crate) member: Option<Member>,
    order: usize,
}

impl Entry {
    pub(crate) fn new(value: Vec<u8>, place: Place, member: Option<Member>) -> Entry {
        Entry { value, place, member, order: 0 }
    }

    /// The value for people and for names of commands, which are ASCII.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.value).into_owned()
    }
}

/// All sections.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    by_name: BTreeMap<Vec<u8>, BTreeMap<Vec<u8>, Entry>>,
    count: usize,
    bytes: usize,
}

pub(crate) const DEFAULT: &[u8] = b"default";

impl Sections {
    /// Opens a section, which is there then even if nothing follows.
    pub(crate) fn open(&mut self, name: &[u8]) {
        if !self.by_name.contains_key(name) {
            self.bytes += name.len();
            self.by_name.insert(name.to_owned(), BTreeMap::new());
        }
    }

    /// A repeated name replaces the earlier one, which comes back, and moves to the end.
    pub(crate) fn set(&mut self, section: &[u8], name: &[u8], entry: Entry) -> Option<Entry> {
        self.open(section);
        self.count += 1;
        self.bytes += name.len() + entry.value.len();
        let entry = Entry { order: self.count, ..entry };
        let old = self.by_name.get_mut(section)?.insert(name.to_owned(), entry)?;
        self.bytes -= name.len() + old.value.len();
        Some(old)
    }

    pub(crate) fn are_too_many(&self) -> bool {
        self.bytes > MOST_BYTES
    }

    pub(crate) fn get(&self, section: &[u8], name: &[u8]) -> Option<&Entry> {
        self.by_name.get(section)?.get(name)
    }

    /// The names and values of a section in the order in which the library runs them; `None`: there is no such section.
    pub(crate) fn in_order(&self, name: &[u8]) -> Option<Vec<(String, &Entry)>> {
        let mut entries: Vec<(&Vec<u8>, &Entry)> = self.by_name.get(name)?.iter().collect();
        entries.sort_by_key(|(_, entry)| entry.order);
        Some(entries.into_iter().map(|(name, entry)| (String::from_utf8_lossy(name).into_owned(), entry)).collect())
    }
}
