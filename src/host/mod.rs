//! Facts about a host, without opinions: which software, in which versions, and how it is reloaded.

mod facts;

pub use facts::{Fact, Facts, Software};
