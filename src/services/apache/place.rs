//! Where a directive stands, by which way httpd came there, and in which server.

use crate::source::Span;
use std::sync::Arc;

/// The way to a place, as an index into `Model::hops`, from 1; 0: the main file.
pub(super) type HopId = u32;

/// The index of a server in `Model::servers`.
pub(super) type ServerId = usize;

/// The server level, which is a server too: it answers where no virtual host does.
pub(super) const MAIN: ServerId = 0;

/// A directive through which other text was read.
#[derive(Clone, Debug)]
pub(super) struct Hop {
    pub(super) span: Span,
    pub(super) parent: HopId,
    /// For a macro's use: its name.
    pub(super) macro_name: Option<Arc<str>>,
}

/// A directive and the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) span: Span,
    pub(super) hop: HopId,
}
