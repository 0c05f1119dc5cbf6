//! A file that a main file includes which is not here: a virtual host of a repository, what a hook is given.
//!
//! It is read as if that main file loaded all modules and opened the ports of the virtual hosts. What else it says is not
//! known, so an answer that depends on it is unknown.

use super::model::{Listen, Model};
use super::read::compiled_server_root;
use super::reader::{Interpreter, Sources};
use crate::endpoint::Unknown;
use crate::services::place::Place;
use crate::services::service::World;
use crate::services::trail::Trail;
use crate::source::{FileId, SourceMap};
use crate::topic::Topic;
use crate::trust::Writers;

/// Reads a file as included.
pub(super) fn read(file: FileId, world: World<'_>, sources: &mut SourceMap) -> Model {
    let path = sources.file(file).path().to_owned();
    let words_of = world.system.writers(&path).unwrap_or_else(|_| Writers::everybody());
    let mut reader = Interpreter::new(Some(&path), world, Sources::Growing(sources), compiled_server_root(&path));
    reader.model.is_part = true;
    reader.modules.assume_all();
    reader.model.trail = Trail::from(file, &words_of);
    reader.begin(file);
    reader.run();
    reader.open_ports();
    reader.finish();
    reader.model
}

impl Interpreter<'_> {
    /// Opens the ports of the virtual hosts that no `Listen` of the part opens.
    fn open_ports(&mut self) {
        let wanted: Vec<(u16, Place)> = (self.model.servers.iter())
            .flat_map(|server| server.addresses.iter().filter_map(|address| Some((address.port, server.head?))))
            .filter(|(port, _)| *port != 0)
            .collect();
        for (port, place) in wanted {
            if !self.model.listens.iter().any(|listen| listen.port == port) {
                let protocol = if port == 443 { "https" } else { "http" }.to_owned();
                self.model.listens.push(Listen { ip: None, port, protocol, place, is_mapped: false, is_open: true });
            }
        }
    }

    /// Notes what a part needs and only the main file tells: the part may mean anything without it.
    pub(super) fn not_here(&mut self, place: Place, topic: Topic, what: String) {
        let help = "name it too, or the main file with all that it includes; or audit the host itself".to_owned();
        self.model.unknown.push(Unknown { topic, span: Some(place.span), what, help });
    }
}

/// What a server leaves to a server level that is not here.
pub(super) fn versions_not_here(directive: &str) -> Unknown {
    Unknown {
        topic: Topic::of("enclosing-blocks"),
        span: None,
        what: "the server level around this is not here: it may set the versions, or leave them to the default"
            .to_owned(),
        help: format!("write {directive} here; or audit the host itself, or the main file with all that it includes"),
    }
}
