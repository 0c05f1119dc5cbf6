//! Reading a configuration: walks the trees of the main file and of all that it includes, in the order in which nginx
//! does, and hands each directive on to where it is understood ([`directives`]).

use super::ID;
use super::model::{Server, VariableValue};
use super::module::ListenModule;
use super::state::{Around, Block, BlockContext, Directive, LocationBlock, TreeReader, ValueBlock};
use super::{directives, expressions, hashes, known, parse};
use crate::endpoint::Unknown;
use crate::instance::Problem;
use crate::services::place::{HopId, Place};
use crate::services::service::World;
use crate::services::trail::Trail;
use crate::services::tree::{NodeKind, Tree};
use crate::services::{glob, include};
use crate::source::{FileId, SourceMap, Span};
use crate::system::{is_outside, leads_to, normalize, reason};
use crate::topic::Topic;
use crate::trust::Writers;
use rayon::prelude::*;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Blocks whose body is data, not directives.
const DATA: &[&[u8]] = &[b"types", b"map", b"geo", b"split_clients", b"charset_map"];

/// Files that come with nginx and hold nothing about TLS.
const HARMLESS: &[&str] = &[
    "mime.types",
    "fastcgi_params",
    "fastcgi.conf",
    "fastcgi-php.conf",
    "uwsgi_params",
    "scgi_params",
    "proxy_params",
];

/// So many files may be included, the same one again and again counted each time.
const MOST_FILES: usize = 200_000;

/// A file or block that is being walked.
struct BlockFrame {
    file: FileId,
    tree: Arc<Tree>,
    at: usize,
    end: usize,
    context: BlockContext,
    hop: HopId,
    depth: usize,
}

impl<'a> TreeReader<'a> {
    /// Reads a main file and all that it includes.
    pub(super) fn read(main: &Path, world: World<'a>, sources: &'a mut SourceMap) -> TreeReader<'a> {
        let directory = main.parent().unwrap_or(Path::new("/")).to_owned();
        let mut reader = TreeReader::new(world, sources, directory);
        match include::read(world.system, reader.sources, main) {
            Ok(file) => {
                reader.trail = Trail::from(file, &world.facts.named_by(ID, main));
                reader.parse_all(&[file]);
                reader.global(main);
                reader.walk(file, BlockContext::Main);
                // After the whole tree: whether a location matters shows in what stands deeper in it, and the order of blocks
                // does not matter (I2).
                reader.adopt_locations();
                reader.unknown_directives();
                reader.empty_groups();
                reader.check_ports();
                if !reader.events {
                    let message = "no \"events\" section in configuration";
                    reader.problems.push(Problem::with(main, message));
                }
            }
            Err(error) => reader.problems.push(Problem::with(main, reason(&error))),
        }
        reader
    }

    /// Reads a file that stands in a section of a main file which is not here, and all that it includes.
    pub(super) fn read_part(
        file: FileId,
        section: ListenModule,
        world: World<'a>,
        sources: &'a mut SourceMap,
    ) -> TreeReader<'a> {
        let path = sources.file(file).path();
        let directory = path.parent().unwrap_or(Path::new("/")).to_owned();
        let words_of = world.system.writers(path).unwrap_or_else(|_| Writers::everybody());
        let mut reader = TreeReader::new(world, sources, directory);
        reader.trail = Trail::from(file, &words_of);
        reader.parse_all(&[file]);
        let head = Place { span: Span::new(file, 0, 0), hop: 0 };
        let scope = reader.add_scope(section, None, head);
        reader.model.sections.insert(section, scope);
        reader.model.is_part = true;
        reader.walk(file, BlockContext::Section(section));
        reader.adopt_locations();
        reader.unknown_directives();
        reader
    }

    /// Reads what the command line gives with `-g`, as if it stood before the main file.
    fn global(&mut self, main: &Path) {
        let text = match self.world.facts.command_line(ID, main) {
            Some(line) => line.directives.join(" "),
            None if self.is_usual(main) => self.world.facts.of(ID).directives.clone(),
            None => String::new(),
        };
        if !text.is_empty() {
            let file = self.sources.attach(PathBuf::from("(command line)"), text.into_bytes());
            self.parse_all(&[file]);
            self.walk(file, BlockContext::Main);
        }
    }

    /// Is it the main file of a command line that names none? Where it is not known which one is built in, it may be any.
    fn is_usual(&self, main: &Path) -> bool {
        let build = self.world.facts.of(ID).build.value.as_ref();
        build.is_none_or(|build| leads_to(self.world.system, &build.usual_main(), main))
    }

    fn walk(&mut self, file: FileId, context: BlockContext) {
        let mut stack = Vec::new();
        self.enter_file(&mut stack, file, context, 0, 0);
        while let Some(frame) = stack.last_mut() {
            if frame.at >= frame.end {
                stack.pop();
                continue;
            }
            let (at, context, hop, depth, file) = (frame.at, frame.context, frame.hop, frame.depth, frame.file);
            let tree = Arc::clone(&frame.tree);
            let node = tree.nodes[at];
            frame.at = tree.next(at);
            let (NodeKind::Directive | NodeKind::Open) = node.kind else { continue };
            let [name, ..] = tree.words(at) else { continue };
            let place = Place { span: Span::new(file, node.start, node.end), hop };
            let name = self.value(file, name);
            let block = node.kind == NodeKind::Open;
            if !matches!(context, BlockContext::Data | BlockContext::Values(_)) && !self.names.contains_key(&name) {
                self.names.insert(name.clone(), place);
            }
            if block {
                // A block is pointed at by its words, not by the brace.
                let end = tree.words(at).last().map_or(node.end, |w| w.end);
                let head = Place { span: Span::new(file, node.start, end), hop };
                let directive = Directive { place: head, name: &name, words: tree.words(at), block };
                if let Some(inner) = self.open(context, &directive) {
                    let body = tree.body(at);
                    stack.push(BlockFrame { file, tree, at: body.start, end: body.end, context: inner, hop, depth });
                }
                continue;
            }
            let directive = Directive { place, name: &name, words: tree.words(at), block };
            if &*name == b"include" {
                self.include(&mut stack, context, &directive, depth);
            } else if let BlockContext::Values(of) = context {
                self.value_of(of, &directive);
            } else if context != BlockContext::Data {
                directives::apply_directive(self, context, &directive);
            }
        }
    }

    /// Enters a block; `None`: it is not looked into.
    fn open(&mut self, context: BlockContext, directive: &Directive<'_>) -> Option<BlockContext> {
        let section = match directive.name {
            b"http" => Some(ListenModule::Http),
            b"stream" => Some(ListenModule::Stream),
            b"mail" => Some(ListenModule::Mail),
            _ => None,
        };
        if let Some(message) = known::refused(self, context, directive) {
            self.problem(directive.place, message);
            return None;
        }
        match (context, section, directive.name) {
            (BlockContext::Main, Some(section), _) => {
                if self.model.sections.contains_key(&section) {
                    self.problem(directive.place, format!("\"{}\" directive is duplicate", section.name()));
                    return None;
                }
                let scope = self.add_scope(section, None, directive.place);
                self.model.sections.insert(section, scope);
                Some(BlockContext::Section(section))
            }
            (BlockContext::Section(section), _, b"server") => {
                let parent = self.model.sections.get(&section).copied();
                let scope = self.add_scope(section, parent, directive.place);
                self.model.servers.push(Server {
                    scope,
                    listens: Vec::new(),
                    has_listen: false,
                    has_handler: false,
                    names: Vec::new(),
                });
                Some(BlockContext::Server(self.model.servers.len() - 1))
            }
            (BlockContext::Server(_) | BlockContext::Location(_), _, b"location" | b"if" | b"limit_except") => {
                expressions::check_expressions(self, directive);
                let around = match context {
                    BlockContext::Server(server) => Around::Scope(self.model.servers[server].scope),
                    BlockContext::Location(location) => Around::Location(location),
                    _ => return None,
                };
                let block = match (directive.name, context) {
                    (b"limit_except", _) => Block::LimitExcept,
                    (b"if", BlockContext::Server(_)) => Block::IfInServer,
                    (b"if", _) => Block::IfInLocation,
                    _ => Block::Location,
                };
                let is_open = self.arguments(directive).first().is_some_and(|word| word.starts_with(['~', '@']));
                let is_open = is_open && block == Block::Location;
                self.locations.push(LocationBlock { block, around, head: directive.place, scope: None, is_open });
                Some(BlockContext::Location(self.locations.len() - 1))
            }
            (BlockContext::Main, _, b"events") => {
                self.events = true;
                Some(BlockContext::Events)
            }
            (BlockContext::Section(ListenModule::Http), _, b"map" | b"geo" | b"split_clients") => {
                let variable = self.arguments(directive).pop().unwrap_or_default();
                self.mapped.push(ValueBlock { variable, is_map: directive.name == b"map", has_hostnames: false });
                Some(BlockContext::Values(self.mapped.len() - 1))
            }
            (_, _, name) if DATA.contains(&name) => Some(BlockContext::Data),
            (BlockContext::Data | BlockContext::Values(_), ..) => None,
            (_, _, name) if name.ends_with(b"_by_lua_block") => {
                directives::apply_directive(self, context, directive);
                None
            }
            (BlockContext::Section(section), _, b"upstream") => Some(self.read_group(section, directive)),
            (_, Some(_), _) | (BlockContext::Server(_) | BlockContext::Location(_), _, b"server") => {
                let name = String::from_utf8_lossy(directive.name).into_owned();
                self.problem(directive.place, format!("\"{name}\" directive is not allowed here"));
                None
            }
            _ => {
                directives::apply_directive(self, context, directive);
                Some(BlockContext::Foreign)
            }
        }
    }

    /// A line of the block that gives a variable its values: a key and a value.
    fn value_of(&mut self, of: usize, directive: &Directive<'_>) {
        if self.mapped[of].is_map {
            self.check_key(of, directive);
        }
        if let [value] = self.arguments(directive).as_slice()
            && !value.is_empty()
        {
            let variable = self.mapped[of].variable.clone();
            self.assign(&variable, None, VariableValue::Text(value.clone()));
        }
    }

    /// A key of a map: an expression, or a text that has to fit into the table.
    fn check_key(&mut self, of: usize, directive: &Directive<'_>) {
        let key = String::from_utf8_lossy(directive.name).into_owned();
        if directive.words.len() == 1 {
            self.mapped[of].has_hostnames |= key == "hostnames";
            return;
        }
        match key.strip_prefix('~') {
            Some(rest) => expressions::check(self, directive.place, rest.strip_prefix('*').unwrap_or(rest)),
            None if key == "default" => {}
            None => {
                let scope = self.model.sections.get(&ListenModule::Http).map(|scope| &self.model.scopes[*scope]);
                let bucket = scope.and_then(|scope| scope.map_bucket);
                let key = key.strip_prefix('\\').unwrap_or(&key);
                if !hashes::fits(key, self.mapped[of].has_hostnames, bucket) {
                    let message = "could not build map_hash: the key is too long for map_hash_bucket_size";
                    self.problem(directive.place, message);
                }
            }
        }
    }

    fn include(&mut self, stack: &mut Vec<BlockFrame>, context: BlockContext, directive: &Directive<'_>, depth: usize) {
        let file = directive.place.span.file;
        let [_, argument] = directive.words else {
            self.problem(directive.place, "invalid number of arguments in \"include\" directive");
            return;
        };
        let text = self.value(file, argument);
        let path = self.included(&text);
        self.reach.includes.insert(normalize(&path));
        if self.entered > MOST_FILES {
            return;
        }
        self.search.on_word_of(self.trail.word_of(self.world.system, self.sources, &[file]));
        let paths = match glob::is_pattern(&text) {
            true => match self.search.expand(path.as_os_str().as_bytes()) {
                Ok(paths) => paths,
                Err(glob::TooMany) => {
                    let shown = String::from_utf8_lossy(&text).into_owned();
                    let message = format!(
                        "\"{shown}\" leads to too many places: not all that this and later patterns include is read"
                    );
                    // One is enough: what comes after it has no room either.
                    if self.unread.is_none() {
                        self.leave_out(directive.place, message);
                    }
                    return;
                }
            },
            false => vec![path.clone()],
        };
        for folder in self.search.closed() {
            let path = Some(folder.clone());
            self.problem(directive.place, include::not_listed(&folder));
            if let Some(problem) = self.problems.last_mut() {
                problem.path = path;
            }
            self.trail.leave_out(folder);
        }
        if paths.is_empty() {
            // No match is fine, but not where nobody could look.
            let fixed = |c: &Component<'_>| !glob::is_pattern(c.as_os_str().as_bytes());
            let folder: PathBuf = path.components().take_while(fixed).collect();
            if let Err(error) = self.world.system.kind(&folder)
                && is_outside(&error)
            {
                if self.model.is_part {
                    self.missing_of_part(context, directive.place, &text);
                    return;
                }
                self.reach.is_cut = true;
                let message = format!("\"{}\" {}", normalize(&path).display(), reason(&error));
                self.problem(directive.place, message);
            }
            return;
        }
        let hop = self.model.hops.add(directive.place, None);
        if depth >= include::DEEPEST {
            self.leave_out(directive.place, format!("includes are nested more than {} deep", include::DEEPEST));
            return;
        }
        let includers = (&mut self.trail, &[directive.place.span.file][..]);
        let files = include::read_many(self.world.system, self.sources, &paths, includers);
        let read: Vec<FileId> = files.iter().filter_map(|f| f.as_ref().ok().copied()).collect();
        self.parse_all(&read);
        // The last one on the stack is walked first.
        for (path, file) in paths.iter().zip(files).rev() {
            match file {
                Ok(file) if self.leads_to(directive.place, file) => {
                    let shown = normalize(path).display().to_string();
                    self.problem(Place { hop, ..directive.place }, format!("\"{shown}\" includes itself"));
                }
                Ok(file) => self.enter_file(stack, file, context, hop, depth + 1),
                Err(error)
                    if self.model.is_part && (error.kind() == std::io::ErrorKind::NotFound || is_outside(&error)) =>
                {
                    self.missing_of_part(context, directive.place, &text);
                }
                Err(error) => {
                    self.reach.is_cut |= is_outside(&error);
                    // The same file under its real name is the same problem.
                    let path = self.world.system.canonical(path).unwrap_or_else(|_| normalize(path));
                    let message = format!("open() \"{}\" failed: {}", path.display(), reason(&error));
                    self.problem(directive.place, message);
                    if let Some(problem) = self.problems.last_mut() {
                        problem.path = Some(path);
                    }
                }
            }
        }
    }

    /// What a part includes and is not here may decide versions, unless it stands in a location.
    fn missing_of_part(&mut self, context: BlockContext, place: Place, written: &[u8]) {
        let shown = String::from_utf8_lossy(written);
        let name = shown.rsplit('/').next().unwrap_or(&shown);
        match context {
            BlockContext::Upstream(group) => self.groups[group].has_servers = true,
            BlockContext::Server(server) => self.model.servers[server].has_handler = true,
            _ => {}
        }
        let is_foreign =
            matches!(context, BlockContext::Foreign | BlockContext::Upstream(_) | BlockContext::Location(_))
                || HARMLESS.contains(&name);
        if !is_foreign {
            self.unknown.push(Unknown {
                topic: Topic::of("missing-include"),
                span: Some(place.span),
                what: format!("\"{shown}\" is not here, and may decide versions"),
                help: "name it too, or the main file with all that it includes; or audit the host itself".into(),
            });
        }
    }

    /// The path that an include means. Of a part it is not known below which directory its main file lies: the nearest one
    /// above it in which there is such a thing.
    fn included(&self, text: &[u8]) -> PathBuf {
        let text = Path::new(std::ffi::OsStr::from_bytes(text));
        let fixed: PathBuf = text.iter().take_while(|name| !glob::is_pattern(name.as_bytes())).collect();
        let has_it = |above: &&Path| self.world.system.kind(&above.join(&fixed)).is_ok();
        let base = self.directory.ancestors().find(has_it).filter(|_| self.model.is_part);
        base.unwrap_or(&self.directory).join(text)
    }

    /// Is a place reached through that file?
    fn leads_to(&self, place: Place, file: FileId) -> bool {
        place.span.file == file || self.model.hops.spans(place.hop).iter().any(|hop| hop.file == file)
    }

    /// Puts a file on the stack and says what in it does not parse.
    fn enter_file(
        &mut self,
        stack: &mut Vec<BlockFrame>,
        file: FileId,
        context: BlockContext,
        hop: HopId,
        depth: usize,
    ) {
        let Some(tree) = self.trees.get(&file).map(Arc::clone) else { return };
        self.entered += 1;
        if self.entered > MOST_FILES {
            if self.entered == MOST_FILES + 1 {
                let place = Place { span: Span::new(file, 0, 0), hop };
                self.leave_out(place, format!("more than {MOST_FILES} files are included: what follows is not read"));
            }
            return;
        }
        if self.model.files.insert(file) {
            for error in &tree.errors {
                let span = Span::new(file, error.range.start, error.range.end);
                self.problem(Place { span, hop }, error.message.clone());
                let unparsed = self.model.unparsed.entry(file);
                unparsed.or_insert_with(|| Problem::at(span, error.message.clone()));
            }
            if self.world.facts.of(ID).release.value.is_some_and(|r| r < super::defaults::LONG_BLANKS) {
                let bytes = self.sources.file(file).bytes();
                for range in parse::long_blanks(&tree, bytes) {
                    let place = Place { span: Span::new(file, range.start, range.end), hop };
                    self.problem(place, "too long parameter: before nginx 1.15.3 blanks count too");
                }
            }
        }
        let end = tree.nodes.len();
        stack.push(BlockFrame { file, tree, at: 0, end, context, hop, depth });
    }

    /// Parses files that have not been parsed yet, in parallel.
    fn parse_all(&mut self, files: &[FileId]) {
        let sources = &*self.sources;
        let new: Vec<FileId> = files.iter().copied().filter(|f| !self.trees.contains_key(f)).collect();
        let trees: Vec<(FileId, Arc<Tree>)> =
            new.par_iter().map(|file| (*file, Arc::new(parse::parse(sources.file(*file).bytes())))).collect();
        self.trees.extend(trees);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Fact, Facts, Product};
    use crate::services::nginx::Nginx;
    use crate::services::service::Service;
    use crate::system::MemorySystem;

    /// Debian's unit is `nginx -g 'daemon on; master_process on;'`, without a main file.
    #[test]
    fn the_units_directives_go_with_the_main_file_that_it_starts() {
        let text = "daemon off;\nevents {}\nhttp {}\n";
        let system = MemorySystem::with_files([("/etc/nginx/nginx.conf", text), ("/srv/nginx.conf", text)]);
        let mut facts = Facts::unknown();
        let software = facts.of_mut(ID);
        "daemon on;".clone_into(&mut software.directives);
        let said = Nginx.said("configure arguments: --prefix=/x --conf-path=/etc/nginx/nginx.conf");
        software.build = Fact::known(said.build.expect("it says"), "the test");
        let duplicates = |main: &str| {
            let world = World { system: &system, facts: &facts };
            let resolved = Nginx.load(Path::new(main), world, &mut SourceMap::default());
            let problems = &resolved.instance().problems;
            problems.iter().filter(|problem| problem.message == "\"daemon\" directive is duplicate").count()
        };
        assert_eq!(["/etc/nginx/nginx.conf", "/srv/nginx.conf"].map(duplicates), [1, 0]);
    }
}
