//! The servers of a configuration, and the sections that are open while it is read.

use crate::services::place::Place;
use std::sync::Arc;

/// The index of a server in `Model::servers`.
pub(super) type ServerId = usize;

/// The server level, which is a server too: it answers where no virtual host does.
pub(super) const MAIN: ServerId = 0;

/// What an open section means for the directives in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DirectiveScope {
    Server(ServerId),
    /// In a `<Proxy>` section of a server, by index.
    Proxy(ServerId, usize),
    /// In a section for files, paths or requests.
    Inside(ServerId, Arc<str>),
}

#[derive(Debug)]
pub(super) struct OpenSection {
    /// As written: `VirtualHost`.
    pub(super) name: Arc<str>,
    /// The text behind the name; none of a condition.
    pub(super) head: Vec<u8>,
    pub(super) place: Place,
    /// A condition that holds; such a section is read as if it were not there.
    pub(super) condition: bool,
    pub(super) scope: DirectiveScope,
}
