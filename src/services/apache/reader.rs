//! The state of the interpreter that reads a configuration. What each directive does to it is an `impl Reader` of the file
//! about that kind of directive; `read.rs` has the loop.

use super::ID;
use super::bodies::Bodies;
use super::model::Model;
use super::modules::Modules;
use super::protocol::ProtocolRules;
use super::scope::OpenSection;
use super::text::TracedText;
use super::variables::Variables;
use crate::services::glob::Search;
use crate::services::place::{HopId, Place};
use crate::services::service::World;
use crate::services::tree::Tree;
use crate::source::{FileId, SourceMap, Span};
use crate::system::System;
use crate::trust::Writers;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// httpd's longest line (`VARBUF_MAX_LEN`).
pub(super) const LONGEST_LINE: usize = 16 << 20;

/// A logical line that is being interpreted.
#[derive(Clone, Debug)]
pub(super) struct LogicalLine {
    /// Its text, without continuations and the white space around it; variables are replaced.
    pub(super) text: TracedText,
    /// The directive and the way to it.
    pub(super) place: Place,
    /// Names in it that are not defined.
    pub(super) undefined: Vec<Arc<str>>,
}

impl LogicalLine {
    pub(super) fn bytes(&self) -> &[u8] {
        self.text.bytes()
    }
}

/// Where text comes from at the moment.
#[derive(Debug)]
pub(super) enum InputFrame {
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
        lines: Vec<(TracedText, Span)>,
        next: usize,
        hop: HopId,
        /// Of its lines, once something wants to know.
        bodies: Option<Bodies>,
    },
    /// The files of one include that are still to be read.
    Files { files: Vec<FileId>, next: usize, hop: HopId },
}

/// A macro of `mod_macro`.
#[derive(Debug)]
pub(super) struct Macro {
    pub(super) name: Arc<str>,
    pub(super) parameters: Vec<Vec<u8>>,
    /// The lines of the body, and where they are.
    pub(super) body: Vec<(TracedText, Span)>,
}

/// A file or directory that a directive names.
#[derive(Debug)]
pub(super) struct NamedFile {
    pub(super) place: Place,
    /// The directive as it is written.
    pub(super) name: String,
    pub(super) path: Vec<u8>,
    /// The files whose words name it.
    pub(super) by: BTreeSet<FileId>,
    pub(super) is_directory: bool,
    pub(super) may_be_empty: bool,
}

/// Whose words some files are, and what is hidden from whom.
pub(super) type Words = BTreeMap<Vec<FileId>, Writers>;
pub(super) type Hidden = BTreeMap<(Writers, PathBuf), bool>;

/// What a setting needs a module for.
#[derive(Debug)]
pub(super) enum Needs {
    /// A method of balancing.
    Method(String),
    HealthChecks,
    /// A balancer.
    Balancing,
}

/// The files: to be added to, or as they are.
pub(super) enum Sources<'a> {
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

pub(super) struct Interpreter<'a> {
    pub(super) world: World<'a>,
    pub(super) build: ProtocolRules,
    pub(super) sources: Sources<'a>,
    pub(super) trees: BTreeMap<FileId, Arc<Tree>>,
    pub(super) bodies: BTreeMap<FileId, Bodies>,
    pub(super) frames: Vec<InputFrame>,
    pub(super) sections: Vec<OpenSection>,
    /// Are the names that httpd is started with known?
    pub(super) defines_known: bool,
    pub(super) variables: Variables,
    pub(super) modules: Modules,
    pub(super) macros: BTreeMap<Vec<u8>, Arc<Macro>>,
    pub(super) server_root: PathBuf,
    /// The files that say where that is.
    pub(super) server_root_by: BTreeSet<FileId>,
    pub(super) model: Model,
    /// Directives of modules that are not loaded (yet), and those that are not known.
    pub(super) foreign: Vec<(Place, String)>,
    /// Files that have to be there, and those that `LoadFile` names.
    pub(super) named_files: Vec<NamedFile>,
    pub(super) loaded_files: Vec<(Place, Vec<u8>, BTreeSet<FileId>)>,
    /// On whose word they are named, and what is hidden from those.
    pub(super) words: Words,
    pub(super) hidden: Hidden,
    /// The stores of sessions (`shmcb`) that `SSLSessionCache` and `SSLStaplingCache` name, and the directive's name.
    pub(super) stores: Vec<(Place, String, String)>,
    /// Settings that need a module.
    pub(super) needed: Vec<(Place, Needs)>,
    /// Modules that `LoadModule` names and that are not there, and whether any is.
    pub(super) missing_modules: Vec<(Place, String)>,
    pub(super) any_module: bool,
    /// The addresses and ports of the `Listen` so far, and whether they are written as IPv4-mapped ones.
    pub(super) listened: BTreeSet<(Option<IpAddr>, bool, u16)>,
    /// What patterns match.
    pub(super) search: Search<'a>,
    /// How many lines were read, and how many bytes were made up.
    pub(super) lines: usize,
    pub(super) growth: usize,
}

impl<'a> Interpreter<'a> {
    pub(super) fn new(
        main: Option<&Path>,
        world: World<'a>,
        sources: Sources<'a>,
        server_root: PathBuf,
    ) -> Interpreter<'a> {
        let facts = world.facts;
        let names = match main.and_then(|main| facts.command_line(ID, main)) {
            Some(line) => Some(line.defines.as_slice()),
            None => facts.of(ID).defines.value.as_deref(),
        };
        let mut model = Model::default();
        for (name, value) in &facts.of(ID).environment {
            model.note_value(name.as_bytes(), value.as_bytes());
        }
        Interpreter {
            world,
            build: ProtocolRules::of(facts.of(ID)),
            sources,
            trees: BTreeMap::new(),
            bodies: BTreeMap::new(),
            frames: Vec::new(),
            sections: Vec::new(),
            defines_known: names.is_some(),
            variables: Variables::new(names.unwrap_or_default(), &facts.of(ID).environment),
            modules: Modules::compiled_in(&facts.distribution, main),
            macros: BTreeMap::new(),
            server_root,
            server_root_by: BTreeSet::new(),
            model,
            foreign: Vec::new(),
            named_files: Vec::new(),
            loaded_files: Vec::new(),
            words: Words::new(),
            hidden: Hidden::new(),
            stores: Vec::new(),
            needed: Vec::new(),
            missing_modules: Vec::new(),
            any_module: false,
            listened: BTreeSet::new(),
            search: Search::new(world.system),
            lines: 0,
            growth: 0,
        }
    }

    /// A reader that reads no other file than those that are there already.
    pub(super) fn fixed(world: World<'a>, sources: &'a SourceMap) -> Interpreter<'a> {
        Interpreter::new(None, world, Sources::Fixed(sources), PathBuf::from("/"))
    }

    pub(super) fn system(&self) -> &dyn System {
        self.world.system
    }

    /// The files.
    pub(super) fn sources(&self) -> &SourceMap {
        &self.sources
    }
}
