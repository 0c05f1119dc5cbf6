//! Reading the configuration in the order in which httpd reads it.
//!
//! Includes, conditions, macros and variables act while reading, one line after the other, so that is how it is done
//! here: an interpreter with a stack of its own, whose frames are files and uses of macros. What httpd would refuse
//! becomes a problem, and reading goes on behind it.

use super::conditionals;
use super::macros::Macro;
use super::model::{Hop, HopId, MAIN, Model, Place, ServerId};
use super::modules::Modules;
use super::parse::parse;
use super::protocol::Build;
use super::text::Text;
use super::variables::Variables;
use super::words::{is_space, next_word, skip_space};
use super::{files, line};
use crate::instance::Problem;
use crate::services::include::{self, DEEPEST};
use crate::services::service::World;
use crate::services::tree::{NodeKind, Tree};
use crate::source::{FileId, SourceMap, Span};
use crate::system::{System, reason};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So many lines are read at most, macros and repeated includes counted: more is a bomb.
const MOST_LINES: usize = 2_000_000;
/// So many bytes may come from variables and macros.
const MOST_GROWTH: usize = 64 << 20;
/// httpd's longest line (`VARBUF_MAX_LEN`).
pub(super) const LONGEST_LINE: usize = 16 << 20;

/// A logical line that is being interpreted.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Its text, without continuations and the white space around it; variables are replaced.
    pub(super) text: Text,
    /// The directive and the way to it.
    pub(super) place: Place,
    /// Names in it that are not defined.
    pub(super) undefined: Vec<Arc<str>>,
}

impl Line {
    pub(super) fn bytes(&self) -> &[u8] {
        self.text.bytes()
    }
}

/// Where text comes from at the moment.
#[derive(Debug)]
enum Frame {
    File {
        file: FileId,
        tree: Arc<Tree>,
        next: usize,
        hop: HopId,
        /// How many sections were open when the file began.
        base: usize,
    },
    Macro {
        name: Arc<str>,
        lines: Vec<(Text, Span)>,
        next: usize,
        hop: HopId,
    },
    /// The files of one include that are still to be read.
    Files {
        files: Vec<FileId>,
        next: usize,
        hop: HopId,
    },
}

/// What an open section means for the directives in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Server(ServerId),
    /// In a `<Proxy>` section of a server, by index.
    Proxy(ServerId, usize),
    /// In a section for files, paths or requests.
    Inside(ServerId, Arc<str>),
}

/// An open section.
#[derive(Debug)]
pub(super) struct Section {
    /// As written: `VirtualHost`.
    pub(super) name: Arc<str>,
    pub(super) place: Place,
    /// A condition that holds; such a section is read as if it were not there.
    pub(super) condition: bool,
    pub(super) scope: Scope,
}

/// The files: to be added to, or as they are.
enum Sources<'a> {
    Growing(&'a mut SourceMap),
    Fixed(&'a SourceMap),
}

impl std::ops::Deref for Sources<'_> {
    type Target = SourceMap;

    fn deref(&self) -> &SourceMap {
        match self {
            Sources::Growing(sources) => sources,
            Sources::Fixed(sources) => sources,
        }
    }
}

/// The interpreter.
pub(super) struct Reader<'a> {
    pub(super) world: World<'a>,
    pub(super) build: Build,
    sources: Sources<'a>,
    trees: BTreeMap<FileId, Arc<Tree>>,
    frames: Vec<Frame>,
    pub(super) sections: Vec<Section>,
    pub(super) variables: Variables,
    pub(super) modules: Modules,
    pub(super) macros: BTreeMap<Vec<u8>, Arc<Macro>>,
    pub(super) server_root: PathBuf,
    pub(super) model: Model,
    /// Modules that `LoadModule` names and that are not there, and whether any is.
    pub(super) missing_modules: Vec<(Place, String)>,
    pub(super) any_module: bool,
    lines: usize,
    growth: usize,
}

/// Reads a main file and all that it includes.
pub(super) fn read(main: &Path, world: World<'_>, sources: &mut SourceMap) -> Model {
    let file = include::read(world.system, sources, main);
    let mut reader = Reader::new(world, Sources::Growing(sources), compiled_server_root(main));
    match file {
        Ok(file) => {
            reader.begin(file);
            reader.run();
        }
        Err(error) => {
            let message = format!("could not open configuration file: {}", reason(&error));
            reader.model.problems.push(Problem::with(main, message));
        }
    }
    reader.finish();
    reader.model
}

/// `ServerRoot` until a directive says it: where the main file is; Red Hat's and upstream's are in its `conf`.
fn compiled_server_root(main: &Path) -> PathBuf {
    let directory = main.parent().unwrap_or(Path::new("/"));
    match directory.parent() {
        Some(parent) if main.ends_with("conf/httpd.conf") => parent.to_owned(),
        _ => directory.to_owned(),
    }
}

impl<'a> Reader<'a> {
    fn new(world: World<'a>, sources: Sources<'a>, server_root: PathBuf) -> Reader<'a> {
        let facts = world.facts;
        let names = facts.defines.value.as_deref().unwrap_or_default();
        Reader {
            world,
            build: Build::of(&facts.apache),
            sources,
            trees: BTreeMap::new(),
            frames: Vec::new(),
            sections: Vec::new(),
            variables: Variables::new(names, &facts.environment),
            modules: Modules::compiled_in(&facts.distribution),
            macros: BTreeMap::new(),
            server_root,
            model: Model::default(),
            missing_modules: Vec::new(),
            any_module: false,
            lines: 0,
            growth: 0,
        }
    }

    /// A reader that reads no other file than those that are there already.
    pub(super) fn fixed(world: World<'a>, sources: &'a SourceMap) -> Reader<'a> {
        Reader::new(world, Sources::Fixed(sources), PathBuf::from("/"))
    }

    /// Begins with a file.
    pub(super) fn begin(&mut self, file: FileId) {
        self.parse(&[file]);
        self.open(file, 0);
    }

    fn run(&mut self) {
        loop {
            match self.next_line() {
                Some(line) => self.line(line),
                None if self.frames.is_empty() => break,
                None => self.end_frame(),
            }
        }
    }

    /// The next logical line of the file that is being read; `None` at its end. A macro's lines are part of the file
    /// that uses it.
    pub(super) fn next_line(&mut self) -> Option<Line> {
        while let Some(frame) = self.frames.last_mut() {
            let (text, span, hop) = match frame {
                Frame::File { file, tree, next, hop, .. } => {
                    let node = tree.nodes.get(*next)?;
                    *next += 1;
                    if node.kind == NodeKind::Comment {
                        continue;
                    }
                    let span = Span::new(*file, node.start, node.end);
                    (line::logical(*file, self.sources.file(*file).bytes(), span), span, *hop)
                }
                Frame::Macro { lines, next, hop, .. } => {
                    let Some((text, span)) = lines.get_mut(*next) else {
                        self.frames.pop();
                        continue;
                    };
                    *next += 1;
                    (std::mem::take(text), *span, *hop)
                }
                Frame::Files { .. } => return None,
            };
            let place = Place { span, hop };
            self.lines += 1;
            if self.lines > MOST_LINES {
                self.give_up(place, &format!("more than {MOST_LINES} lines are read for this configuration"));
                return None;
            }
            return Some(Line { text, place, undefined: Vec::new() });
        }
        None
    }

    fn give_up(&mut self, place: Place, why: &str) {
        let hops = self.model.hops_to(place.hop).iter().map(|hop| hop.span).collect();
        self.model.problems.push(Problem { hops, ..Problem::at(place.span, format!("{why}; the rest is not read")) });
        self.frames.clear();
        self.sections.clear();
    }

    /// Counts bytes that were made up; `false` where there are too many.
    pub(super) fn grows(&mut self, place: Place, bytes: usize) -> bool {
        self.growth += bytes;
        if self.growth > MOST_GROWTH {
            let most = MOST_GROWTH >> 20;
            self.give_up(place, &format!("variables and macros blow the configuration up to more than {most} MiB"));
            return false;
        }
        true
    }

    /// Interprets a line.
    fn line(&mut self, mut line: Line) {
        if line.text.is_empty() || line.bytes().starts_with(b"#") {
            return;
        }
        if self.ends_condition(line.bytes()) {
            self.sections.pop();
            return;
        }
        let expanded = self.variables.expand(line.text);
        line.text = expanded.text;
        line.undefined = expanded.undefined;
        if expanded.grown > 0 && !self.grows(line.place, expanded.grown) {
            return;
        }
        if line.text.len() > LONGEST_LINE {
            self.model.complain(line.place, "line too long");
            return;
        }
        let Some(word) = next_word(line.bytes(), 0) else { return };
        let mut name = word.value(line.bytes());
        if name.is_empty() {
            return;
        }
        if name.get(1) != Some(&b'/') && name.last() == Some(&b'>') {
            name.pop();
        }
        let rest = skip_space(line.bytes(), word.written.end);
        // Those that pass a value on are not its users.
        let known: [&[u8]; 5] = [b"SSLProtocol", b"SSLProxyProtocol", b"SSLOpenSSLConfCmd", b"Define", b"Use"];
        if !known.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            self.model.lent.extend(line.text.passed_places());
        }
        match name.as_slice() {
            [b'<', b'/', ..] => self.close(&line, &name),
            [b'<', section @ ..] => self.open_section(&line, section, rest),
            _ => self.directive(&line, &name, rest),
        }
    }

    /// Is this the end of the innermost section, which is a condition that holds? Only this very text is.
    fn ends_condition(&self, text: &[u8]) -> bool {
        let Some(Section { name, condition: true, .. }) = self.sections.last() else { return false };
        let name = name.as_bytes();
        self.sections.len() > self.base()
            && text.len() == name.len() + 3
            && text.starts_with(b"</")
            && text.ends_with(b">")
            && text[2..text.len() - 1].eq_ignore_ascii_case(name)
    }

    /// How many sections were open when the current file began: it can't end those.
    fn base(&self) -> usize {
        let base = |frame: &Frame| match frame {
            Frame::File { base, .. } => Some(*base),
            _ => None,
        };
        self.frames.iter().rev().find_map(base).unwrap_or(0)
    }

    fn open_section(&mut self, line: &Line, section: &[u8], rest: usize) {
        let lower = section.to_ascii_lowercase();
        if let Some(condition) = conditionals::Condition::of(&lower) {
            self.condition(line, condition, section, rest);
        } else if lower == b"macro" {
            self.define_macro(line, rest);
        } else {
            self.section(line, section, rest);
        }
    }

    /// The scope of directives at this moment.
    pub(super) fn scope(&self) -> Scope {
        self.sections.last().map_or(Scope::Server(MAIN), |section| section.scope.clone())
    }

    /// Opens a section.
    pub(super) fn push_section(&mut self, name: &[u8], place: Place, condition: bool, scope: Scope) {
        let name = String::from_utf8_lossy(name).as_ref().into();
        self.sections.push(Section { name, place, condition, scope });
    }

    fn close(&mut self, line: &Line, name: &[u8]) {
        let shown = name.escape_ascii();
        let Some(name) = name.strip_suffix(b">") else {
            self.model.complain(line.place, format!("{shown}> directive missing closing '>'"));
            // It is meant as an end all the same.
            if self.innermost().is_some_and(|open| is_name(open, &name[2..])) {
                self.sections.pop();
            }
            return;
        };
        let name = &name[2..];
        let open = self.innermost().map(|open| open.name.clone());
        match open {
            Some(open) if open.as_bytes().eq_ignore_ascii_case(name) => {
                self.sections.pop();
            }
            None => {
                let name = name.escape_ascii();
                self.model.complain(line.place, format!("</{name}> without matching <{name}> section"));
                // Text behind the end of a condition that holds; go on as if it were not there.
                if self.sections.len() > self.base()
                    && let Some(section) = self.sections.last()
                    && section.name.as_bytes().eq_ignore_ascii_case(line_section(line))
                {
                    self.sections.pop();
                }
            }
            Some(open) => {
                let message = format!("expected </{open}> but saw </{}>", name.escape_ascii());
                self.model.complain(line.place, message);
                let base = self.base();
                match self.sections[base..].iter().rposition(|section| is_name(section, name)) {
                    Some(index) => self.sections.truncate(base + index),
                    None => {
                        self.sections.pop();
                    }
                }
            }
        }
    }

    /// The innermost section, if a line of this file can end it as httpd sees it.
    fn innermost(&self) -> Option<&Section> {
        self.sections.last().filter(|section| !section.condition && self.sections.len() > self.base())
    }

    /// `Include` and `IncludeOptional`
    pub(super) fn include(&mut self, line: &Line, argument: &[u8], optional: bool) {
        let is_include = |frame: &&Frame| matches!(frame, Frame::Files { .. });
        if self.frames.iter().filter(is_include).count() >= DEEPEST {
            let message = format!("exceeded maximum include depth of {DEEPEST}, there appears to be a recursion");
            self.model.complain(line.place, message);
            self.leave_cycle();
            return;
        }
        let path = files::absolute(&self.server_root, argument);
        let found = files::find(self.world.system, &path, optional);
        for why in found.refused {
            self.model.complain(line.place, why);
        }
        let Sources::Growing(sources) = &mut self.sources else { return };
        let read = include::read_many(self.world.system, sources, &found.files);
        let mut files = Vec::new();
        for (path, file) in found.files.iter().zip(read) {
            match file {
                Ok(file) => files.push(file),
                Err(_) if path == Path::new("/dev/null") => {}
                Err(error) if optional && is_missing(&error) => {}
                Err(error) => {
                    let (path, why) = (path.display(), reason(&error));
                    self.model.complain(line.place, format!("could not open configuration file {path}: {why}"));
                }
            }
        }
        self.parse(&files);
        let hop = self.hop(line.place, None);
        self.frames.push(Frame::Files { files, next: 0, hop });
    }

    /// Leaves the files that include each other without end.
    fn leave_cycle(&mut self) {
        let file = |frame: &Frame| match frame {
            Frame::File { file, .. } => Some(*file),
            _ => None,
        };
        let current = self.frames.iter().rev().find_map(file);
        if let Some(first) = self.frames.iter().position(|frame| file(frame) == current && current.is_some()) {
            while self.frames.len() > first + 1 {
                if let Some(Frame::File { base, .. }) = self.frames.pop() {
                    self.sections.truncate(base);
                }
            }
        }
    }

    /// Parses files that have not been parsed yet.
    fn parse(&mut self, files: &[FileId]) {
        let new: BTreeSet<FileId> = files.iter().copied().filter(|file| !self.trees.contains_key(file)).collect();
        let new: Vec<FileId> = new.into_iter().collect();
        let sources = &*self.sources;
        let parsed: Vec<Tree> = new.par_iter().map(|file| parse(sources.file(*file).bytes())).collect();
        for (file, tree) in new.into_iter().zip(parsed) {
            self.model.files.insert(file);
            for error in &tree.errors {
                let place = Place { span: Span::new(file, error.range.start, error.range.end), hop: 0 };
                self.model.complain(place, error.message.clone());
            }
            self.trees.insert(file, Arc::new(tree));
        }
    }

    fn open(&mut self, file: FileId, hop: HopId) {
        if let Some(tree) = self.trees.get(&file) {
            let (tree, base) = (tree.clone(), self.sections.len());
            self.frames.push(Frame::File { file, tree, next: 0, hop, base });
        }
    }

    /// At the end of what is being read.
    fn end_frame(&mut self) {
        match self.frames.last_mut() {
            Some(Frame::Files { files, next, hop }) => {
                let (file, hop) = (files.get(*next).copied(), *hop);
                *next += 1;
                match file {
                    Some(file) => self.open(file, hop),
                    None => {
                        self.frames.pop();
                    }
                }
            }
            Some(Frame::File { base, .. }) => {
                // A condition that holds may stay open at the end, and so may what is open inside of it.
                let open = self.sections.split_off(*base);
                self.frames.pop();
                for section in open.iter().take_while(|section| !section.condition) {
                    self.model.complain(section.place, format!("<{}> was not closed", section.name));
                }
            }
            _ => {
                self.frames.pop();
            }
        }
    }

    /// Makes a way through a directive.
    pub(super) fn hop(&mut self, place: Place, macro_name: Option<Arc<str>>) -> HopId {
        self.model.hops.push(Hop { span: place.span, parent: place.hop, macro_name });
        self.model.hops.len() as HopId
    }

    /// Is a macro of that name being used at the moment, in the file that is being read?
    pub(super) fn is_using(&self, macro_name: &str) -> bool {
        let uses = self.frames.iter().rev().map_while(|frame| match frame {
            Frame::Macro { name, .. } => Some(name),
            _ => None,
        });
        uses.into_iter().any(|name| name.as_ref() == macro_name)
    }

    /// Goes on with the lines of a macro.
    pub(super) fn enter_macro(&mut self, name: Arc<str>, lines: Vec<(Text, Span)>, hop: HopId) {
        self.frames.push(Frame::Macro { name, lines, next: 0, hop });
    }

    /// The names of the lines that come next, up to the end of the innermost section that has just begun.
    pub(super) fn body_names(&self) -> Vec<Vec<u8>> {
        let mut names: Vec<Vec<u8>> = Vec::new();
        let mut depth = 1;
        let mut add = |name: &[u8]| {
            let change = if name.starts_with(b"</") { -1 } else { i32::from(name.starts_with(b"<")) };
            depth += change;
            names.push(name.trim_ascii_end().to_ascii_lowercase());
            depth > 0 && names.len() < 10_000
        };
        match self.frames.last() {
            Some(Frame::File { file, tree, next, .. }) => {
                let bytes = self.sources.file(*file).bytes();
                for node in *next..tree.nodes.len() {
                    let Some(name) = tree.words(node).first() else { continue };
                    if !add(&bytes[name.start as usize..name.end as usize]) {
                        break;
                    }
                }
            }
            Some(Frame::Macro { lines, next, .. }) => {
                for (text, _) in lines.iter().skip(*next) {
                    let name = text.bytes().split(|b| is_space(*b)).next().unwrap_or_default();
                    if !add(name) {
                        break;
                    }
                }
            }
            _ => {}
        }
        names
    }

    /// The system.
    pub(super) fn system(&self) -> &dyn System {
        self.world.system
    }

    /// The files.
    pub(super) fn sources(&self) -> &SourceMap {
        &self.sources
    }
}

/// Is a section of that name?
fn is_name(section: &Section, name: &[u8]) -> bool {
    section.name.as_bytes().eq_ignore_ascii_case(name)
}

/// The name in a line that ends a section, whatever follows it.
fn line_section(line: &Line) -> &[u8] {
    let name = line.bytes().strip_prefix(b"</").unwrap_or_default();
    let length = name.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    &name[..length]
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
