//! Apache httpd.

mod address;
mod conditionals;
mod directives;
mod files;
mod line;
mod macros;
mod model;
mod modules;
mod parse;
mod protocol;
mod read;
mod settings;
mod text;
mod variables;
mod words;

use super::service::{FileRole, Resolved, Service, World};
use crate::instance::ServiceId;
use crate::source::{FileId, SourceMap};
use std::path::Path;

/// The service.
pub struct Apache;

impl Service for Apache {
    fn id(&self) -> ServiceId {
        ServiceId("apache")
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
        let _ = read::read(main, world, sources);
        unreachable!("being written")
    }

    fn fragment(&self, _file: FileId, _world: World<'_>, _sources: &SourceMap) -> Box<dyn Resolved> {
        unreachable!("being written")
    }
}
