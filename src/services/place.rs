//! Where a directive stands, and through which other directives its server came there.

use crate::source::Span;
use std::sync::Arc;

/// The way to a place, as an index into [`Hops`], from 1; 0: no directive led there, it stands in the main file.
pub(crate) type HopId = u32;

/// A directive through which other text was read.
#[derive(Clone, Debug)]
pub(crate) struct Hop {
    pub(crate) span: Span,
    parent: HopId,
    /// For a macro's use: its name.
    pub(crate) macro_name: Option<Arc<str>>,
}

/// A directive and the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) span: Span,
    pub(crate) hop: HopId,
}

/// A value that the last directive of a scope gives.
pub(crate) type Given<T> = Option<(T, Place)>;

/// All ways of a configuration. Each knows the one that it goes on from, so a file that is included ten thousand times
/// costs as many hops, and not as many lists.
#[derive(Debug, Default)]
pub(crate) struct Hops(Vec<Hop>);

impl Hops {
    /// Makes a way through the directive at a place.
    pub(crate) fn add(&mut self, place: Place, macro_name: Option<Arc<str>>) -> HopId {
        self.0.push(Hop { span: place.span, parent: place.hop, macro_name });
        self.0.len() as HopId
    }

    /// The directives on a way, outermost first.
    pub(crate) fn list(&self, way: HopId) -> Vec<&Hop> {
        let find = |hop: HopId| self.0.get((hop as usize).checked_sub(1)?);
        let mut hops: Vec<&Hop> = std::iter::successors(find(way), |hop| find(hop.parent)).collect();
        hops.reverse();
        hops
    }

    /// Where these directives are.
    pub(crate) fn spans(&self, way: HopId) -> Vec<Span> {
        self.list(way).iter().map(|hop| hop.span).collect()
    }
}
