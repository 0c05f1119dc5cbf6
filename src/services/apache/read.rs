//! Reading the configuration in the order in which httpd reads it.
//!
//! Includes, conditions, macros and variables act while reading, one line after the other, so that is how it is done
//! here: an interpreter with a stack of its own, whose frames are files and uses of macros. What httpd would refuse
//! becomes a problem, and reading goes on behind it.

use super::ID;
use super::bodies::Bodies;
use super::line;
use super::model::Model;
use super::reader::{InputFrame, Interpreter, LONGEST_LINE, LogicalLine, Sources};
use super::text::TracedText;
use super::words::{is_space, next_word, skip_space};
use crate::instance::Problem;
use crate::services::include;
use crate::services::place::{HopId, Place};
use crate::services::service::World;
use crate::services::trail::Trail;
use crate::services::tree::{NodeKind, Tree};
use crate::source::{FileId, SourceMap, Span};
use crate::system::reason;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So many lines are read at most, macros and repeated includes counted: more is a bomb.
const MOST_LINES: usize = 2_000_000;
/// So many bytes may come from variables and macros.
const MOST_GROWTH: usize = 64 << 20;
/// Reads a main file and all that it includes.
pub(super) fn read(main: &Path, world: World<'_>, sources: &mut SourceMap) -> Model {
    let file = include::read(world.system, sources, main);
    let mut reader = Interpreter::new(Some(main), world, Sources::Growing(sources), compiled_server_root(main));
    match file {
        Ok(file) => {
            reader.model.trail = Trail::from(file, &world.facts.named_by(ID, main));
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

/// Is a node the end of a file without a line feed, on the very next line after a `Use`? The stream of a macro passes on
/// that its file has ended, but not the text that came with that.
fn is_lost(tree: &Tree, node: usize, bytes: &[u8]) -> bool {
    let Some(before) = node.checked_sub(1).and_then(|before| tree.nodes.get(before)) else { return false };
    let node = &tree.nodes[node];
    let is_last = memchr::memchr(b'\n', &bytes[node.start as usize..]).is_none();
    is_last && memchr::memchr_iter(b'\n', &bytes[before.end as usize..node.start as usize]).count() == 1
}

/// `ServerRoot` until a directive says it: where the main file is; Red Hat's and upstream's are in its `conf`.
pub(super) fn compiled_server_root(main: &Path) -> PathBuf {
    let directory = main.parent().unwrap_or(Path::new("/"));
    match directory.parent() {
        Some(parent) if main.ends_with("conf/httpd.conf") => parent.to_owned(),
        _ => directory.to_owned(),
    }
}

impl Interpreter<'_> {
    pub(super) fn begin(&mut self, file: FileId) {
        self.parse(&[file]);
        self.open(file, 0);
    }

    pub(super) fn run(&mut self) {
        loop {
            match self.next_line() {
                Some(line) => self.interpret_line(line),
                None if self.frames.is_empty() => break,
                None => self.end_frame(),
            }
        }
    }

    /// The next logical line of the file that is being read; `None` at its end. A macro's lines are part of the file
    /// that uses it.
    pub(super) fn next_line(&mut self) -> Option<LogicalLine> {
        let mut after_macro = false;
        while let Some(frame) = self.frames.last_mut() {
            let (text, span, hop) = match frame {
                InputFrame::File { file, tree, next, hop, .. } => {
                    let node = tree.nodes.get(*next)?;
                    if after_macro && is_lost(tree, *next, self.sources.file(*file).bytes()) {
                        *next += 1;
                        return None;
                    }
                    *next += 1;
                    if node.kind == NodeKind::Comment {
                        after_macro = false;
                        continue;
                    }
                    let span = Span::new(*file, node.start, node.end);
                    (line::logical(*file, self.sources.file(*file).bytes(), span), span, *hop)
                }
                InputFrame::Macro { lines, next, hop, .. } => {
                    let Some((text, span)) = lines.get_mut(*next) else {
                        self.frames.pop();
                        after_macro = true;
                        continue;
                    };
                    *next += 1;
                    (std::mem::take(text), *span, *hop)
                }
                InputFrame::Files { .. } => return None,
            };
            let place = Place { span, hop };
            self.lines += 1;
            if self.lines > MOST_LINES {
                self.give_up(place, &format!("more than {MOST_LINES} lines are read for this configuration"));
                return None;
            }
            return Some(LogicalLine { text, place, undefined: Vec::new() });
        }
        None
    }

    fn give_up(&mut self, place: Place, why: &str) {
        let hops = self.model.hops.spans(place.hop);
        self.model.problems.push(Problem { hops, ..Problem::at(place.span, format!("{why}; the rest is not read")) });
        self.model.unread.get_or_insert(place);
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

    fn interpret_line(&mut self, mut line: LogicalLine) {
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
            [b'<', b'/', ..] => self.close_section(&line, &name),
            [b'<', section @ ..] => self.open_section(&line, section, rest),
            _ => self.directive(&line, &name, rest),
        }
    }

    /// How many sections were open when the current file began: it can't end those.
    pub(super) fn base(&self) -> usize {
        let base = |frame: &InputFrame| match frame {
            InputFrame::File { base, .. } => Some(*base),
            _ => None,
        };
        self.frames.iter().rev().find_map(base).unwrap_or(0)
    }

    /// At the end of what is being read.
    fn end_frame(&mut self) {
        match self.frames.last_mut() {
            Some(InputFrame::Files { files, next, hop }) => {
                let (file, hop) = (files.get(*next).copied(), *hop);
                *next += 1;
                match file {
                    Some(file) => self.open(file, hop),
                    None => {
                        self.frames.pop();
                    }
                }
            }
            Some(InputFrame::File { base, .. }) => {
                // A condition that holds may stay open at the end, and so may what is open inside of it.
                let open = self.sections.split_off(*base);
                self.frames.pop();
                for section in open.iter().take_while(|section| !section.condition) {
                    self.model.complain_of_syntax(section.place, format!("<{}> was not closed", section.name));
                }
            }
            _ => {
                self.frames.pop();
            }
        }
    }

    /// Makes a way through a directive.
    pub(super) fn add_hop(&mut self, place: Place, macro_name: Option<Arc<str>>) -> HopId {
        self.model.hops.add(place, macro_name)
    }

    /// The files that a line is made of: the one where it stands, those that its variables and the arguments of macros
    /// come from, and those that use these macros.
    pub(super) fn files_of(&self, line: &LogicalLine) -> BTreeSet<FileId> {
        let hops = self.model.hops.list(line.place.hop);
        let uses = hops.iter().rev().take_while(|hop| hop.macro_name.is_some()).map(|hop| hop.span.file);
        line.text.files().chain(uses).chain([line.place.span.file]).collect()
    }

    /// Is a macro of that name being used at the moment, in the file that is being read?
    pub(super) fn is_using(&self, macro_name: &str) -> bool {
        let uses = self.frames.iter().rev().map_while(|frame| match frame {
            InputFrame::Macro { name, .. } => Some(name),
            _ => None,
        });
        uses.into_iter().any(|name| name.as_ref() == macro_name)
    }

    /// Goes on with the lines of a macro.
    pub(super) fn enter_macro(&mut self, name: Arc<str>, lines: Vec<(TracedText, Span)>, hop: HopId) {
        self.frames.push(InputFrame::Macro { name, lines, next: 0, hop, bodies: None });
    }

    /// Does something that matters come next, before the end of the innermost section that has just begun?
    pub(super) fn body_matters(&mut self, matters: fn(&[u8]) -> bool) -> bool {
        let name = |word: &[u8]| word.trim_ascii_end().to_ascii_lowercase();
        match self.frames.last_mut() {
            Some(InputFrame::File { file, tree, next, .. }) => {
                let bodies = self.bodies.entry(*file).or_insert_with(|| {
                    let bytes = self.sources.file(*file).bytes();
                    let word = |node| tree.words(node).first().map(|w| name(&bytes[w.start as usize..w.end as usize]));
                    Bodies::new(&(0..tree.nodes.len()).map(word).collect::<Vec<_>>(), matters)
                });
                bodies.matter(*next)
            }
            Some(InputFrame::Macro { lines, next, bodies, .. }) => {
                let bodies = bodies.get_or_insert_with(|| {
                    let word =
                        |text: &TracedText| name(text.bytes().split(|b| is_space(*b)).next().unwrap_or_default());
                    Bodies::new(&lines.iter().map(|(text, _)| Some(word(text))).collect::<Vec<_>>(), matters)
                });
                bodies.matter(*next)
            }
            _ => false,
        }
    }
}
