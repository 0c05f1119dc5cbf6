//! The state of reading: what has been collected so far, and what a directive is read against.

use super::ID;
use super::directive_names::DirectiveNames;
use super::model::{Assignment, BlockScope, Listen, Model, ScopeId, VariableValue};
use super::module::{Client, ListenModule};
use super::zones::Zones;
use super::{listen, parse};
use crate::endpoint::{SettingId, Unknown};
use crate::instance::{Problem, Reach, Setting};
use crate::services::glob::Search;
use crate::services::place::Place;
use crate::services::service::World;
use crate::services::trail::Trail;
use crate::services::tree::Tree;
use crate::source::{FileId, SourceMap, Span};
use crate::system::normalize;
use crate::topic::Topic;
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

/// What a directive stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum BlockContext {
    Main,
    Events,
    Section(ListenModule),
    Server(usize),
    /// location, if, limit_except: an index into [`TreeReader::locations`]
    Location(usize),
    /// The servers that stand for one name: an index into [`TreeReader::groups`].
    Upstream(usize),
    /// A block of a module that is not known here.
    Foreign,
    /// A block whose body is data.
    Data,
    /// One whose data are the values of a variable: an index into [`TreeReader::mapped`].
    Values(usize),
}

impl BlockContext {
    /// Is it known which block it is?
    pub(super) fn is_followed(self) -> bool {
        !matches!(self, BlockContext::Foreign | BlockContext::Data | BlockContext::Values(_))
    }
}

/// The blocks that a location stands for here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Location,
    IfInServer,
    IfInLocation,
    LimitExcept,
}

/// What a location lies in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Around {
    Scope(ScopeId),
    Location(usize),
}

/// A location; it gets a scope of its own only when it holds a directive that matters.
#[derive(Debug)]
pub(super) struct LocationBlock {
    pub block: Block,
    pub around: Around,
    pub head: Place,
    pub scope: Option<ScopeId>,
    /// Is its name an expression, or one that only nginx itself uses?
    pub is_open: bool,
}

/// A block that gives a variable its values.
#[derive(Debug)]
pub(super) struct ValueBlock {
    pub variable: String,
    /// Is it a `map`, whose keys are texts and expressions?
    pub is_map: bool,
    /// Are texts with stars names of hosts in it?
    pub has_hostnames: bool,
}

/// A block `upstream`.
#[derive(Debug)]
pub(super) struct UpstreamGroup {
    pub section: ListenModule,
    pub head: Place,
    /// as it is written
    pub name: String,
    /// Has it a server that is no stand-in, or something that may bring some?
    pub has_servers: bool,
    /// Has it a server that stands in for others?
    pub has_backups: bool,
    /// Does the method of balancing, as far as it was read, know such servers?
    pub takes_backup: bool,
}

/// A target that may be the name of a block `upstream`.
#[derive(Debug)]
pub(super) struct NamedTarget {
    pub section: ListenModule,
    pub place: Place,
    pub host: String,
    pub port: Option<String>,
    /// The port of the protocol, 0: none.
    pub default: u16,
    /// Is it the block itself?
    pub is_group: bool,
}

/// The state of reading.
pub(super) struct TreeReader<'a> {
    pub world: World<'a>,
    pub sources: &'a mut SourceMap,
    pub model: Model,
    pub settings: Vec<Setting>,
    pub problems: Vec<Problem>,
    pub unknown: Vec<Unknown>,
    /// Where each directive was met first.
    pub names: BTreeMap<Vec<u8>, Place>,
    pub by_span: HashMap<Span, SettingId>,
    pub trees: HashMap<FileId, Arc<Tree>>,
    /// On whose word each file is read.
    pub trail: Trail,
    /// What else nginx touches where it tests them.
    pub reach: Reach,
    pub locations: Vec<LocationBlock>,
    /// How often a file has been entered.
    pub entered: usize,
    /// What include patterns match.
    pub search: Search<'a>,
    /// Where something was not read, though nginx reads it.
    pub unread: Option<Place>,
    /// Which directives that may be there once have been met in which block.
    pub once: HashSet<(BlockContext, &'static [u8])>,
    /// The zones of shared memory.
    pub zones: Zones,
    /// Where blocks name theirs.
    pub zone_places: Vec<(String, Place)>,
    /// The directives of the host's own nginx. Only read where they matter.
    pub directives: OnceCell<Option<DirectiveNames>>,
    /// Targets that may be the names of such blocks.
    pub targets: Vec<NamedTarget>,
    /// The blocks `upstream`.
    pub groups: Vec<UpstreamGroup>,
    /// Their names, in lower case.
    pub group_names: HashSet<(ListenModule, String)>,
    /// The blocks `map`, `geo` and `split_clients`.
    pub mapped: Vec<ValueBlock>,
    /// Was there an events block?
    pub events: bool,
    /// Includes are relative to this: the directory of the main file, as named.
    pub directory: PathBuf,
}

/// One directive as the walk hands it on.
pub(super) struct Directive<'t> {
    pub place: Place,
    pub name: &'t [u8],
    pub words: &'t [std::ops::Range<u32>],
    pub block: bool,
}

impl<'a> TreeReader<'a> {
    /// Nothing has been read; includes are relative to `directory`.
    pub(super) fn new(world: World<'a>, sources: &'a mut SourceMap, directory: PathBuf) -> TreeReader<'a> {
        TreeReader {
            world,
            sources,
            model: Model::default(),
            settings: Vec::new(),
            problems: Vec::new(),
            unknown: Vec::new(),
            names: BTreeMap::new(),
            by_span: HashMap::new(),
            trees: HashMap::new(),
            trail: Trail::default(),
            reach: Reach::default(),
            locations: Vec::new(),
            entered: 0,
            search: Search::new(world.system),
            unread: None,
            once: HashSet::new(),
            zones: Zones::default(),
            zone_places: Vec::new(),
            directives: OnceCell::new(),
            targets: Vec::new(),
            groups: Vec::new(),
            group_names: HashSet::new(),
            mapped: Vec::new(),
            events: false,
            directory,
        }
    }

    /// The decoded value of a word.
    pub(super) fn value(&self, file: FileId, word: &std::ops::Range<u32>) -> Vec<u8> {
        parse::value(self.sources.text(Span::new(file, word.start, word.end))).into_owned()
    }

    /// The decoded arguments of a directive, as text; bytes that are not UTF-8 become U+FFFD.
    pub(super) fn arguments(&self, directive: &Directive<'_>) -> Vec<String> {
        let file = directive.place.span.file;
        let text = |w| String::from_utf8_lossy(&self.value(file, w)).into_owned();
        directive.words[1..].iter().map(text).collect()
    }

    /// A path that the command line or the build makes absolute, as `load_module` and `pid` take theirs.
    pub(super) fn below_prefix(&self, path: &str) -> PathBuf {
        let build = self.world.facts.of(ID).build.value.as_ref();
        normalize(&build.map_or(&self.directory, |build| &build.prefix).join(path))
    }

    /// May it be NGINX Plus, which has more than the sources show? The program of the host tells; without one it may be.
    pub(super) fn is_plus(&self) -> bool {
        let system = self.world.system;
        let names = self.directives.get_or_init(|| DirectiveNames::read(system));
        names.as_ref().is_none_or(DirectiveNames::are_of_plus)
    }

    /// Says which directives the host's own nginx does not have.
    pub(super) fn unknown_directives(&mut self) {
        let system = self.world.system;
        let known = self.directives.take().unwrap_or_else(|| DirectiveNames::read(system));
        let Some(known) = known else { return };
        let names = std::mem::take(&mut self.names);
        for (name, place) in names.iter().filter(|(name, _)| !known.has(name)) {
            // What was said about the very place already says more.
            if !self.problems.iter().any(|p| p.span == Some(place.span)) {
                let shown = String::from_utf8_lossy(name).into_owned();
                self.problem(*place, format!("unknown directive \"{shown}\": the nginx of this host has no such"));
            }
        }
    }

    /// Says that something at a place is wrong.
    pub(super) fn problem(&mut self, place: Place, message: impl Into<String>) {
        let hops = self.model.hops.spans(place.hop);
        self.problems.push(Problem { hops, ..Problem::at(place.span, message) });
    }

    /// Says that something is not read, though nginx reads it.
    pub(super) fn leave_out(&mut self, place: Place, message: impl Into<String>) {
        self.problem(place, message);
        self.unread.get_or_insert(place);
    }

    pub(super) fn add_scope(&mut self, section: ListenModule, parent: Option<ScopeId>, head: Place) -> ScopeId {
        self.model.scopes.push(BlockScope::new(section, parent, head));
        self.model.scopes.len() - 1
    }

    /// The scope that a directive in this context belongs to.
    pub(super) fn find_scope(&mut self, context: BlockContext) -> Option<ScopeId> {
        match context {
            BlockContext::Section(section) => self.model.sections.get(&section).copied(),
            BlockContext::Server(server) => Some(self.model.servers[server].scope),
            BlockContext::Location(location) => {
                let LocationBlock { head, scope, .. } = self.locations[location];
                if scope.is_some() {
                    return scope;
                }
                let scope = self.add_scope(ListenModule::Http, None, head);
                self.locations[location].scope = Some(scope);
                Some(scope)
            }
            BlockContext::Main
            | BlockContext::Events
            | BlockContext::Upstream(_)
            | BlockContext::Foreign
            | BlockContext::Data
            | BlockContext::Values(_) => None,
        }
    }

    /// Gives the scopes of locations their parents: the nearest location around them that has a scope, or the server.
    pub(super) fn adopt_locations(&mut self) {
        for location in &self.locations {
            let Some(scope) = location.scope else { continue };
            let mut around = location.around;
            let parent = loop {
                match around {
                    Around::Scope(scope) => break scope,
                    Around::Location(outer) => match self.locations[outer].scope {
                        Some(scope) => break scope,
                        None => around = self.locations[outer].around,
                    },
                }
            };
            self.model.scopes[scope].parent = Some(parent);
            self.model.scopes[scope].section = self.model.scopes[parent].section;
        }
    }

    /// Reads a `listen` directive of a server.
    pub(super) fn listen(&mut self, server: usize, directive: &Directive<'_>) {
        self.model.servers[server].has_listen = true;
        let arguments = self.arguments(directive);
        let section = self.model.scopes[self.model.servers[server].scope].section;
        let facts = self.world.facts;
        let system = facts.distribution.first().map(String::as_str);
        let context =
            listen::ListenContext { section, release: facts.of(ID).release.value, hosts: &facts.hosts, system };
        match listen::parse(&arguments, &context) {
            Ok(parsed) => {
                let place = directive.place;
                let listen::Parsed { bound, transport, ssl, default, dual, options, reuseport, proxy_header } = parsed;
                if let Some(crate::endpoint::Address::Remote(host)) = bound.addresses().next() {
                    self.unknown.push(Unknown {
                        topic: Topic::about("host-address", host.clone()),
                        span: Some(place.span),
                        what: format!("the address of the host \"{host}\" is not in /etc/hosts"),
                        help: "write the address instead of the name, or add the name to /etc/hosts".into(),
                    });
                }
                if reuseport && matches!(bound.addresses().next(), Some(crate::endpoint::Address::Unix(_))) {
                    self.unknown.push(Unknown { topic: Topic::of("kernel"),
                        span: Some(place.span),
                        what: "whether the kernel takes \"reuseport\" for a Unix socket is not known: Linux 6.18 does not, \
                               and nginx does not start"
                            .to_owned(),
                        help: "remove \"reuseport\" from this \"listen\"".into(),
                    });
                }
                let listen = Listen { place, bound, transport, ssl, default, options, reuseport, proxy_header, dual };
                self.model.servers[server].listens.push(listen);
            }
            Err(message) => self.problem(directive.place, message),
        }
    }

    /// The server that a context lies in.
    pub(super) fn server_of(&self, context: BlockContext) -> Option<usize> {
        let mut location = match context {
            BlockContext::Server(server) => return Some(server),
            BlockContext::Location(location) => location,
            _ => return None,
        };
        loop {
            match self.locations[location].around {
                Around::Location(outer) => location = outer,
                Around::Scope(scope) => return self.model.servers.iter().rposition(|server| server.scope == scope),
            }
        }
    }

    /// Keeps a value of a variable (`$name`).
    pub(super) fn assign(&mut self, variable: &str, server: Option<usize>, value: VariableValue) {
        if let Some(name) = variable.strip_prefix('$') {
            let name = name.trim_start_matches('{').trim_end_matches('}').to_ascii_lowercase();
            self.model.assignments.entry(name).or_default().push(Assignment { server, value });
        }
    }

    /// The client module of a directive such as `proxy_pass`, with what follows the prefix: `pass`.
    pub(super) fn client(name: &[u8]) -> Option<(Client, &[u8])> {
        Client::ALL.into_iter().find_map(|client| {
            let rest = name.strip_prefix(client.prefix().as_bytes())?.strip_prefix(b"_")?;
            Some((client, rest))
        })
    }
}
