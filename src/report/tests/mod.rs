//! Whole reports of small hosts that are made by hand.

mod audit;
mod bytes;
pub(super) mod host;
mod json;
mod markdown;
mod why;
