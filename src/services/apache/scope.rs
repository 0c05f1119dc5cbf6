//! The sections that are open.

use super::place::{Place, ServerId};
use std::sync::Arc;

/// What an open section means for the directives in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Server(ServerId),
    /// In a `<Proxy>` section of a server, by index.
    Proxy(ServerId, usize),
    /// In a section for files, paths or requests.
    Inside(ServerId, Arc<str>),
}

/// An open section.
#[derive(Debug)]
pub(super) struct Section {
    /// As written: `VirtualHost`.
    pub(super) name: Arc<str>,
    /// The text behind the name; none of a condition.
    pub(super) head: Vec<u8>,
    pub(super) place: Place,
    /// A condition that holds; such a section is read as if it were not there.
    pub(super) condition: bool,
    pub(super) scope: Scope,
}
