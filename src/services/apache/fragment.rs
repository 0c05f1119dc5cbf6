//! A file that nothing includes: its settings, line by line, as if every condition held.

use super::conditionals::Condition;
use super::model::{Model, ProxySection, Server};
use super::reader::{Interpreter, LogicalLine};
use super::scope::{DirectiveScope, MAIN};
use super::words::{LineArguments, next_word, skip_space, split};
use crate::instance::Problem;
use crate::services::place::Place;
use crate::services::service::World;
use crate::source::{FileId, SourceMap};
use std::sync::Arc;

/// Reads the settings of a file.
pub(super) fn read(file: FileId, world: World<'_>, sources: &SourceMap) -> Model {
    let mut reader = Interpreter::fixed(world, sources);
    reader.begin(file);
    while let Some(mut line) = reader.next_line() {
        if line.text.is_empty() || line.bytes().starts_with(b"#") {
            continue;
        }
        let expanded = reader.variables.expand(line.text);
        line.text = expanded.text;
        line.undefined = expanded.undefined;
        if !reader.grows(line.place, expanded.grown) {
            break;
        }
        reader.fragment_line(&line);
    }
    reader.left_open();
    reader.title_scopes();
    let unknown = reader.model.written.iter().filter_map(|written| written.unknown.clone());
    reader.model.unknown = unknown.collect();
    reader.model
}

impl Interpreter<'_> {
    fn fragment_line(&mut self, line: &LogicalLine) {
        let Some(word) = next_word(line.bytes(), 0) else { return };
        let name = word.value(line.bytes());
        let rest = skip_space(line.bytes(), word.written.end);
        let arguments = LineArguments::new(line.bytes(), split(line.bytes(), rest));
        let shown = String::from_utf8_lossy(&name).into_owned();
        match shown.trim_end_matches('>').to_ascii_lowercase().as_str() {
            "define" => {
                if let (Some(name), Some(word)) = (arguments.bytes(0), arguments.words.get(1)) {
                    let value = line.text.word(&word.kept, word.quote.is_some());
                    self.define_variable(&name, Some(value));
                }
            }
            "servername" => {
                if let (DirectiveScope::Server(server), Some(name)) = (self.current_scope(), arguments.get(0)) {
                    self.model.servers[server].name = Some((name, line.place));
                }
            }
            "sslprotocol" | "sslproxyprotocol" | "sslopensslconfcmd" if self.has_parameter(line) => {}
            "sslprotocol" | "sslproxyprotocol" => self.list(line, &shown, &arguments, rest),
            "sslopensslconfcmd" => self.command(line, &shown, &arguments, rest),
            section if section.starts_with("</") => {
                let closed = self.sections.pop_if(|open| open.name.eq_ignore_ascii_case(&section[2..]));
                if closed.is_none() {
                    let message = format!("</{0}> without matching <{0}> section", &section[2..]);
                    self.unparsed(line.place, message);
                }
            }
            section if section.starts_with('<') => {
                let end = memchr::memrchr(b'>', &line.bytes()[rest..]).map_or(line.text.len(), |length| rest + length);
                let head = String::from_utf8_lossy(line.bytes()[rest..end].trim_ascii()).into_owned();
                let scope = self.fragment_scope(line, &section[1..], head);
                self.push_section(&section.as_bytes()[1..], line.place, false, scope);
            }
            _ => {}
        }
    }

    /// Does a line of a macro have one of its parameters? What it says then is for those who use the macro to know.
    fn has_parameter(&self, line: &LogicalLine) -> bool {
        let macros = self.sections.iter().filter(|section| section.name.eq_ignore_ascii_case("macro"));
        let heads = macros.map(|section| self.sources.text(section.place.span).trim_ascii_end());
        let words =
            heads.flat_map(|head| head.strip_suffix(b">").unwrap_or(head).split(u8::is_ascii_whitespace).skip(2));
        let mut parameters = words.filter(|word| !word.is_empty());
        parameters.any(|parameter| memchr::memmem::find(line.bytes(), parameter).is_some())
    }

    /// Notes the sections without an end. A condition may do without one at the end of a file.
    fn left_open(&mut self) {
        let is_condition = |name: &str| Condition::of(name.to_ascii_lowercase().as_bytes()).is_some();
        let open = self.sections.iter().find(|section| !is_condition(&section.name));
        if let Some((place, name)) = open.map(|section| (section.place, Arc::clone(&section.name))) {
            self.unparsed(place, format!("<{name}> was not closed"));
        }
    }

    /// Nobody reads the file, so that is no problem of the host; but nobody should change it either.
    fn unparsed(&mut self, place: Place, message: String) {
        self.model.unparsed.entry(place.span.file).or_insert_with(|| Problem::at(place.span, message));
    }

    /// The scope that a section opens.
    fn fragment_scope(&mut self, line: &LogicalLine, section: &str, head: String) -> DirectiveScope {
        let server = match self.current_scope() {
            DirectiveScope::Server(server) | DirectiveScope::Proxy(server, _) | DirectiveScope::Inside(server, _) => {
                server
            }
        };
        match section {
            "virtualhost" if server == MAIN => {
                let host = Server { head: Some(line.place), title: head, ..Server::default() };
                self.model.servers.push(host);
                DirectiveScope::Server(self.model.servers.len() - 1)
            }
            "proxy" => {
                let sections = &mut self.model.servers[server].sections;
                sections.push(ProxySection::new(&[head], false));
                DirectiveScope::Proxy(server, sections.len() - 1)
            }
            _ => DirectiveScope::Server(server),
        }
    }
}
