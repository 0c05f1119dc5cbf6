//! Apache httpd.
//!
//! Reading (`read`) follows httpd line by line and gives a `model`; `resolve` makes endpoints of that. The rules
//! and the experiments behind them are in `docs/services/apache.md`.
//!
//! A variable that is not defined stays as it is written, as in httpd, where that is mostly an error. Here it is an
//! unknown of the endpoints that depend on it (or of the instance, where it is about addresses, names or files), which
//! says the name to give a value to: the environment of the server may not be known.

mod address;
mod binding;
mod bodies;
mod chains;
mod checks;
mod commands;
mod conditionals;
mod dead;
mod declare;
mod directives;
mod excess;
mod files;
mod fragment;
mod include;
mod instance;
mod library_commands;
mod line;
mod list_edit;
mod loading;
mod lower;
mod macros;
mod model;
mod modules;
mod named_files;
mod names;
mod parse;
mod part;
mod path_sections;
mod paths;
mod product;
mod program;
mod protocol;
mod proxied;
mod proxy_checks;
mod proxy_targets;
mod read;
mod reader;
mod recognise;
mod resolve;
mod rewrite;
mod rewrite_checks;
mod rewrite_rules;
mod rewriting;
mod scope;
mod sections;
mod settings;
mod ssl;
mod start;
mod startup;
mod syntax;
mod text;
mod tls_switch;
mod upstream;
mod values;
mod variables;
mod versions;
mod words;
mod workers;

use super::service::{FileRole, Resolved, Service, World};
use super::unread::Unread;
use crate::instance::ServiceId;
use crate::source::{FileId, SourceMap};
use instance::Configuration;
use model::Model;
use std::ops::Range;
use std::path::Path;

/// Parses a file into its logical lines.
pub fn parse(bytes: &[u8]) -> super::tree::Tree {
    parse::parse(bytes)
}

/// Its short name.
pub const ID: ServiceId = ServiceId("apache");

/// The service.
pub struct Apache;

impl Service for Apache {
    fn main_files(&self) -> &'static [&'static str] {
        &[
            "/etc/apache2/apache2.conf",
            "/etc/httpd/conf/httpd.conf",
            "/etc/apache2/httpd.conf",
            "/usr/local/etc/apache24/httpd.conf",
            "/usr/local/apache2/conf/httpd.conf",
        ]
    }

    fn directories(&self) -> &'static [&'static str] {
        &["/usr/local/apache2/conf"]
    }

    fn recognise(&self, path: &Path, bytes: &[u8]) -> FileRole {
        recognise::tell_role(path, bytes)
    }

    fn is_main(&self, bytes: &[u8]) -> bool {
        recognise::is_main(bytes)
    }

    fn has_servers(&self, bytes: &[u8]) -> bool {
        recognise::has_servers(bytes)
    }

    fn begins(&self, bytes: &[u8]) -> bool {
        recognise::begins(bytes)
    }

    fn has_name(&self, spelled: &str, sent: &str) -> bool {
        names::is_one_of(spelled, sent)
    }

    fn comments(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        parse::parse(bytes).comments(bytes)
    }

    fn load(&self, main: &Path, world: World<'_>, sources: &mut SourceMap) -> Box<dyn Resolved> {
        resolved(read::read(main, world, sources), main, world)
    }

    fn part(&self, file: FileId, world: World<'_>, sources: &mut SourceMap) -> Box<dyn Resolved> {
        let model = part::read(file, world, sources);
        resolved(model, sources.file(file).path(), world)
    }

    fn fragment(&self, file: FileId, world: World<'_>, sources: &SourceMap) -> Box<dyn Resolved> {
        let model = fragment::read(file, world, sources);
        Box::new(Configuration::fragment(model, sources.file(file).path(), world))
    }
}

fn resolved(mut model: Model, main: &Path, world: World<'_>) -> Box<dyn Resolved> {
    excess::cut(&mut model);
    let unread = model.unread;
    let read = Box::new(Configuration::loaded(model, main, world));
    match unread {
        Some(place) => Box::new(Unread::new(read, Some(place.span))),
        None => read,
    }
}
