//! Sections for files, paths and requests: which requests they are for, and in which order httpd merges them.

use super::paths::{PathSet, TakenPaths};
use super::scope::OpenSection;
use super::words::split;
use crate::services::place::Place;

/// What a section is for; those of a later kind are merged later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SectionKind {
    Directory,
    Files,
    Location,
    If,
}

/// An open section for files, paths or requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathSection {
    pub(super) kind: SectionKind,
    pub(super) paths: PathSet,
    /// The word of its head that says so.
    pub(super) word: String,
    pub(super) place: Place,
}

impl PathSection {
    /// `None`: another kind of section.
    pub(super) fn of(section: &OpenSection) -> Option<PathSection> {
        let lower = section.name.to_ascii_lowercase();
        let (stem, is_match) = lower.strip_suffix("match").map_or((lower.as_str(), false), |stem| (stem, true));
        let kind = match stem {
            "directory" => SectionKind::Directory,
            "files" => SectionKind::Files,
            "location" => SectionKind::Location,
            "if" | "elseif" | "else" => SectionKind::If,
            _ => return None,
        };
        let mut words = split(&section.head, 0).into_iter().map(|word| {
            let value = word.value(&section.head);
            String::from_utf8_lossy(&value).into_owned()
        });
        let first = words.next().unwrap_or_default();
        let (is_match, word) = if first == "~" { (true, words.next().unwrap_or_default()) } else { (is_match, first) };
        let paths = if is_match {
            PathSet::Matching(word.clone())
        } else {
            // A pattern is one path, which covers nothing but itself.
            PathSet::Below(word.clone())
        };
        Some(PathSection { kind, paths, word, place: section.place })
    }

    /// Is it for every request that another section is for?
    pub(super) fn covers(&self, other: &PathSection) -> bool {
        match (self.kind, other.kind) {
            (SectionKind::Directory, SectionKind::Directory) | (SectionKind::Location, SectionKind::Location) => {
                self.paths.cover(&other.paths)
            }
            (SectionKind::Location, SectionKind::Directory | SectionKind::Files) => self.paths.are_all(),
            _ => false,
        }
    }
}

/// Sections that are merged later than others.
#[derive(Debug, Default)]
pub(super) struct LaterSections {
    locations: TakenPaths,
    directories: TakenPaths,
    all_locations: bool,
}

impl LaterSections {
    pub(super) fn add(&mut self, section: &PathSection) {
        match section.kind {
            SectionKind::Location => self.locations.add(&section.paths),
            SectionKind::Directory => self.directories.add(&section.paths),
            SectionKind::Files | SectionKind::If => {}
        }
        self.all_locations |= section.kind == SectionKind::Location && section.paths.are_all();
    }

    /// Does one of them have the last word on all that a section is for?
    pub(super) fn replace(&self, section: &PathSection) -> bool {
        match section.kind {
            SectionKind::Location => self.locations.cover(&section.paths),
            SectionKind::Directory => self.all_locations || self.directories.cover(&section.paths),
            SectionKind::Files => self.all_locations,
            SectionKind::If => false,
        }
    }
}
