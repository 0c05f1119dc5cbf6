//! Apache httpd.
//!
//! Reading ([`read`]) follows httpd line by line and gives a [`model`]; [`resolve`] makes endpoints of that. The rules
//! and the experiments behind them are in `docs/services/apache.md`.
//!
//! A variable that is not defined stays as it is written, as in httpd, where that is mostly an error. Here it is an
//! unknown of the endpoints that depend on it (or of the instance, where it is about addresses, names or files), which
//! says the name to give a value to: the environment of the server may not be known.

mod address;
mod chains;
mod conditionals;
mod dead;
mod directives;
mod engine;
mod files;
mod instance;
mod line;
mod macros;
mod model;
mod modules;
mod names;
mod parse;
mod protocol;
mod read;
mod resolve;
mod settings;
mod text;
mod upstream;
mod variables;
mod versions;
mod words;

use super::service::{FileRole, Resolved, Service, World};
use crate::instance::ServiceId;
use crate::source::{FileId, SourceMap};
use instance::Configuration;
use std::path::Path;

/// The service.
pub struct Apache;

impl Service for Apache {
    fn id(&self) -> ServiceId {
        instance::ID
    }

    fn title(&self) -> &'static str {
        "Apache httpd"
    }

    fn main_files(&self) -> &'static [&'static str] {
        &[]
    }

    fn directories(&self) -> &'static [&'static str] {
        &[]
    }

    fn recognise(&self, _path: &Path, _bytes: &[u8]) -> FileRole {
        FileRole::Foreign
    }

    fn load(&self, main: &Path, world: World<'_>, sources: &mut SourceMap) -> Box<dyn Resolved> {
        let model = read::read(main, world, sources);
        Box::new(Configuration::loaded(model, main, world))
    }

    fn fragment(&self, _file: FileId, _world: World<'_>, _sources: &SourceMap) -> Box<dyn Resolved> {
        unreachable!("being written")
    }
}
