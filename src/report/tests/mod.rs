//! Whole reports of small hosts that are made by hand.

mod audit;
mod bytes;
mod host;
mod json;
mod markdown;
mod why;
