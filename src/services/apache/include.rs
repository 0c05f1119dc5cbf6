//! `Include`: other files, in the place of the directive.

use super::files;
use super::parse::parse;
use super::reader::{InputFrame, Interpreter, LogicalLine, Sources};
use crate::services::include::{self, DEEPEST};
use crate::services::place::{HopId, Place};
use crate::services::tree::Tree;
use crate::source::{FileId, Span};
use crate::system::{is_outside, reason};
use crate::topic::Topic;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Interpreter<'_> {
    /// `Include` and `IncludeOptional`
    pub(super) fn include(&mut self, line: &LogicalLine, argument: &[u8], optional: bool) {
        let is_include = |frame: &&InputFrame| matches!(frame, InputFrame::Files { .. });
        if self.frames.iter().filter(is_include).count() >= DEEPEST {
            let message = format!("exceeded maximum include depth of {DEEPEST}, there appears to be a recursion");
            self.model.complain(line.place, message);
            self.leave_cycle();
            return;
        }
        let path = self.included(argument);
        self.model.reach.includes.insert(path.clone());
        let mut includers = self.files_of(line);
        if !argument.starts_with(b"/") {
            includers.extend(&self.server_root_by);
        }
        let includers: Vec<FileId> = includers.into_iter().collect();
        if let Sources::Growing(sources) = &self.sources {
            self.search.on_word_of(self.model.trail.word_of(self.world.system, sources, &includers));
        }
        let found = files::find(&mut self.search, &path, optional);
        for folder in self.search.closed() {
            self.model.complain(line.place, include::not_listed(&folder));
            self.model.trail.leave_out(folder);
        }
        if let Some(why) = found.end {
            // One is enough: what comes after it has no room either.
            if self.model.unread.is_none() {
                self.model.complain(line.place, why);
            }
            self.model.unread.get_or_insert(line.place);
        }
        if self.model.is_part && found.files.iter().all(|file| self.system().kind(file).is_err()) {
            let shown = String::from_utf8_lossy(argument);
            let what = format!("\"{shown}\" is not here, and may set versions");
            self.not_here(line.place, Topic::of("missing-include"), what);
            return;
        }
        for why in found.refused {
            self.model.complain(line.place, why);
        }
        let folder: PathBuf = path.iter().take_while(|name| !files::is_pattern(name.as_bytes())).collect();
        self.model.reach.is_cut |= self.system().kind(&folder).is_err_and(|error| is_outside(&error));
        let Sources::Growing(sources) = &mut self.sources else { return };
        let trail = (&mut self.model.trail, includers.as_slice());
        let read = include::read_many(self.world.system, sources, &found.files, trail);
        let mut files = Vec::new();
        for (path, file) in found.files.iter().zip(read) {
            match file {
                Ok(file) => files.push(file),
                Err(_) if path == Path::new("/dev/null") => {}
                Err(error) if optional && is_missing(&error) => {}
                Err(error) => {
                    self.model.reach.is_cut |= is_outside(&error);
                    let (shown, why) = (path.display(), reason(&error));
                    self.model.complain(line.place, format!("could not open configuration file {shown}: {why}"));
                    if let Some(problem) = self.model.problems.last_mut().filter(|_| self.model.more_problems == 0) {
                        problem.path = Some(path.clone());
                    }
                }
            }
        }
        self.parse(&files);
        let hop = self.add_hop(line.place, None);
        self.frames.push(InputFrame::Files { files, next: 0, hop });
    }

    /// The path that an include means. Of a part it is not known what its `ServerRoot` is: the nearest directory above it in
    /// which there is such a thing.
    fn included(&self, argument: &[u8]) -> PathBuf {
        let fixed =
            |path: &PathBuf| path.iter().take_while(|name| !files::is_pattern(name.as_bytes())).collect::<PathBuf>();
        let above = self.server_root.ancestors().map(|above| files::absolute(above, argument));
        let has_it = |path: &PathBuf| self.system().kind(&fixed(path)).is_ok();
        let found = above.into_iter().find(has_it).filter(|_| self.model.is_part);
        found.unwrap_or_else(|| files::absolute(&self.server_root, argument))
    }

    /// Leaves the files that include each other without end.
    fn leave_cycle(&mut self) {
        let file = |frame: &InputFrame| match frame {
            InputFrame::File { file, .. } => Some(*file),
            _ => None,
        };
        let current = self.frames.iter().rev().find_map(file);
        if let Some(first) = self.frames.iter().position(|frame| file(frame) == current && current.is_some()) {
            while self.frames.len() > first + 1 {
                if let Some(InputFrame::File { base, .. }) = self.frames.pop() {
                    self.sections.truncate(base);
                }
            }
        }
    }

    /// Parses files that have not been parsed yet.
    pub(super) fn parse(&mut self, files: &[FileId]) {
        let new: BTreeSet<FileId> = files.iter().copied().filter(|file| !self.trees.contains_key(file)).collect();
        let new: Vec<FileId> = new.into_iter().collect();
        let sources = &*self.sources;
        let parsed: Vec<Tree> = new.par_iter().map(|file| parse(sources.file(*file).bytes())).collect();
        for (file, tree) in new.into_iter().zip(parsed) {
            self.model.files.insert(file);
            for error in &tree.errors {
                let place = Place { span: Span::new(file, error.range.start, error.range.end), hop: 0 };
                self.model.complain_of_syntax(place, error.message.clone());
            }
            self.trees.insert(file, Arc::new(tree));
        }
    }

    pub(super) fn open(&mut self, file: FileId, hop: HopId) {
        if let Some(tree) = self.trees.get(&file) {
            let (tree, base) = (tree.clone(), self.sections.len());
            self.frames.push(InputFrame::File { file, tree, next: 0, hop, base });
        }
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
