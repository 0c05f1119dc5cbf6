//! The files that an answer comes from, and the steps that lead to it.

use crate::endpoint::{Reason, ReasonKind, Unknown};
use crate::openssl::cnf::Place;
use crate::source::{FileId, SourceMap, Span};
use crate::system::{Kind, System, reason};
use crate::topic::Topic;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The longest file of settings that is read, in bytes.
const LONGEST: u64 = 1 << 20;

const MOST_STEPS: usize = 200;

/// A file of settings.
pub(super) struct File {
    pub(super) id: FileId,
    pub(super) bytes: Vec<u8>,
}

impl File {
    /// Its lines, without their ends.
    pub(super) fn lines(&self) -> impl Iterator<Item = Range<usize>> {
        let mut start = 0;
        self.bytes.split(|byte| *byte == b'\n').map(move |line| {
            let range = start..start + line.len();
            start = range.end + 1;
            range
        })
    }

    pub(super) fn text(&self, range: &Range<usize>) -> String {
        String::from_utf8_lossy(&self.bytes[range.clone()]).into_owned()
    }
}

/// What is collected on the way to an answer.
pub(super) struct Trail<'a> {
    pub(super) system: &'a dyn System,
    pub(super) environment: &'a BTreeMap<String, String>,
    sources: &'a mut SourceMap,
    pub(super) because: Vec<Reason>,
    pub(super) unknown: Vec<Unknown>,
}

impl<'a> Trail<'a> {
    pub(super) fn new(
        system: &'a dyn System,
        environment: &'a BTreeMap<String, String>,
        sources: &'a mut SourceMap,
    ) -> Trail<'a> {
        Trail { system, environment, sources, because: Vec::new(), unknown: Vec::new() }
    }

    /// A variable of the environment; an empty one counts.
    pub(super) fn variable(&self, name: &str) -> Option<&'a str> {
        self.environment.get(name).map(String::as_str)
    }

    /// The home directory.
    pub(super) fn home(&self) -> PathBuf {
        PathBuf::from(self.variable("HOME").unwrap_or("/root"))
    }

    /// Opens a file of settings; `None`: there is none, or it can't be read, and then that is noted.
    pub(super) fn open(&mut self, path: &Path) -> Option<File> {
        if matches!(self.system.kind(path), Ok(Kind::Directory | Kind::Other)) {
            return None;
        }
        match self.system.read_at_most(path, LONGEST) {
            Ok(bytes) => {
                let id = self.sources.insert(path.to_owned(), bytes.clone());
                Some(File { id, bytes })
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => None,
            Err(error) => {
                let help = "run as a user who may read it";
                self.doubt(format!("{}: {}", path.display(), reason(&error)), help);
                None
            }
        }
    }

    /// A step at a place of a file.
    pub(super) fn at(&mut self, kind: ReasonKind, file: FileId, range: &Range<usize>, note: impl Into<String>) {
        let span = Span::new(file, range.start as u32, range.end as u32);
        self.step(Reason::at(kind, span, note.into()));
    }

    /// A step at a line of openssl.cnf.
    pub(super) fn at_place(&mut self, kind: ReasonKind, place: &Place, note: impl Into<String>) {
        let read = || self.system.read_at_most(&place.path, 2 * LONGEST).ok();
        let id = match self.sources.find(&place.path) {
            Some(id) => Some(id),
            None => read().map(|bytes| self.sources.insert(place.path.to_path_buf(), bytes)),
        };
        // It is read once more here, and may be another one by now.
        match id.filter(|id| place.end <= self.sources.file(*id).bytes().len()) {
            Some(id) => self.at(kind, id, &(place.start..place.end), note),
            None => self.say(kind, format!("{place}: {}", note.into())),
        }
    }

    /// Files may have more steps than anybody reads; the first ones lead the way.
    fn step(&mut self, reason: Reason) {
        if self.because.len() < MOST_STEPS {
            self.because.push(reason);
        }
    }

    /// A step that no file says.
    pub(super) fn say(&mut self, kind: ReasonKind, note: impl Into<String>) {
        self.step(Reason::placeless(kind, note.into()));
    }

    /// Something that is not known.
    pub(super) fn doubt(&mut self, what: impl Into<String>, help: &str) {
        let topic = Topic::of("client");
        self.unknown.push(Unknown { topic, span: None, what: what.into(), help: help.to_owned() });
    }
}
