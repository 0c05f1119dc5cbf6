//! nginx.

use super::service::{FileRole, Resolved, Service, World};
use crate::instance::ServiceId;
use crate::source::{FileId, SourceMap};
use std::path::Path;

/// The service.
pub struct Nginx;

impl Service for Nginx {
    fn id(&self) -> ServiceId {
        ServiceId("nginx")
    }

    fn title(&self) -> &'static str {
        "nginx"
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

    fn load(&self, _main: &Path, _world: World<'_>, _sources: &mut SourceMap) -> Box<dyn Resolved> {
        unreachable!("being written")
    }

    fn fragment(&self, _file: FileId, _world: World<'_>, _sources: &SourceMap) -> Box<dyn Resolved> {
        unreachable!("being written")
    }
}
