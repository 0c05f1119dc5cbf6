//! What a service has to bring, and what the rest of the program gets from it.

use crate::edit::{Change, Fix, LowerError};
use crate::endpoint::{Address, Answer, Transport};
use crate::host::{Facts, Product};
use crate::instance::Instance;
use crate::source::{FileId, SourceMap};
use crate::system::System;
use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// What an instance is resolved against.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The host's files.
    pub system: &'a dyn System,
    /// What is known of its software.
    pub facts: &'a Facts,
}

/// What a file is to a service, by its path and content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileRole {
    /// Nothing that concerns the service.
    Foreign,
    /// Holds virtual servers, but nothing about their versions: of interest where nobody asks for more than this file.
    Part,
    /// Holds TLS directives of the service, but is not a main file: to be reported if nothing includes it.
    Fragment,
    /// A main file, unless another main file includes it.
    Main,
}

/// A kind of software whose configuration is understood.
pub trait Service: Product {
    /// Main files by absolute path that are instances whatever they hold: `/etc/nginx/nginx.conf`.
    fn main_files(&self) -> &'static [&'static str];

    /// Directories outside /etc where this software keeps its configuration when built from source.
    fn directories(&self) -> &'static [&'static str];

    /// What a file is, judged by its path and content alone; never a part.
    fn recognise(&self, path: &Path, bytes: &[u8]) -> FileRole;

    /// Does the text hold what only a main file has, whatever its name is? For files that the user names.
    fn is_main(&self, bytes: &[u8]) -> bool;

    /// Does the text hold virtual servers? For files that say nothing of versions.
    fn has_servers(&self, bytes: &[u8]) -> bool;

    /// Does the text begin as configurations of this service do? For files whose names look like something else.
    fn begins(&self, bytes: &[u8]) -> bool;

    /// Does a server with this name, as the configuration spells it, answer to the name that a client sends?
    fn has_name(&self, spelled: &str, sent: &str) -> bool;

    /// The comments of a file, each from its mark to the end of its line.
    fn comments(&self, bytes: &[u8]) -> Vec<Range<usize>>;

    /// Loads a main file and all that it includes, and resolves it. Never fails: what can't be read or is not
    /// valid becomes a problem of the instance.
    fn load(&self, main: &Path, world: World<'_>, sources: &mut SourceMap) -> Box<dyn Resolved>;

    /// Reads one file as if a main file that is not here included it. What that file would decide is unknown.
    fn part(&self, file: FileId, world: World<'_>, sources: &mut SourceMap) -> Box<dyn Resolved>;

    /// Reads one file that no main file includes: its TLS directives as settings, line by line, no endpoints.
    fn fragment(&self, file: FileId, world: World<'_>, sources: &SourceMap) -> Box<dyn Resolved>;
}

/// A client's question: what would I be given there?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Where the client connects.
    pub target: Destination,
    /// How it connects there.
    pub transport: Transport,
    /// The server name that it sends.
    pub sni: Option<String>,
}

/// Where a client connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// An address of the host and a TCP port.
    Ip(IpAddr, u16),
    /// A Unix-domain socket.
    Unix(String),
}

/// How exactly a listener fits a question: listeners on one address hide those on all addresses. Of parts of one
/// configuration, each of which is answered for by itself, the one counts that has the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// listens on all addresses
    Wildcard,
    /// the same, in a part that has a server of the name
    NamedWildcard,
    /// listens on that very address
    Exact,
    /// the same, in a part that has a server of the name
    NamedExact,
}

impl Fit {
    /// The same in a part that has a server of the name.
    #[must_use]
    pub fn named(self) -> Fit {
        match self {
            Fit::Wildcard | Fit::NamedWildcard => Fit::NamedWildcard,
            Fit::Exact | Fit::NamedExact => Fit::NamedExact,
        }
    }
}

/// The answer to a question.
#[derive(Clone, Debug)]
pub struct Response {
    /// How well the listener fits.
    pub fit: Fit,
    /// The listener's address.
    pub address: Arc<Address>,
    /// What the client gets.
    pub answer: Arc<Answer>,
}

/// A resolved instance together with the text it came from.
pub trait Resolved: Send + Sync {
    /// The result.
    fn instance(&self) -> &Instance;

    /// The answer for one client; `None` where this instance does not listen there.
    fn ask(&self, question: &Question) -> Option<Response>;

    /// Lowers a change to edits of the text, in the author's own style; `Err` says why that can't be done safely.
    fn lower(&self, change: &Change, sources: &SourceMap) -> Result<Fix, LowerError>;
}
