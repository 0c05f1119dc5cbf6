//! What people and programs get to read.
//!
//! A report is made from plain data ([`AuditView`], [`probe::ProbeView`], [`verify::VerifyView`]; [`WhyView`],
//! [`FactsView`]): findings, endpoints, and the texts that they point into. It decides nothing. Text goes out with
//! terminal styles; who wants none writes through `anstream`, which strips them. Nothing that comes from a file or a path
//! reaches a terminal before [`sanitise`] has seen it.
//!
//! [`FORMATS`] has the formats of audits, probes and verifications. Those for pipelines are made of rows (`issue`), and do
//! not know which command made them. Those of handshakes share their words (`handshake.rs`).

mod audit;
pub mod clients;
mod excerpt;
pub mod facts;
pub mod fleet;
mod format;
mod frame;
mod github;
mod gitlab;
mod handshake;
pub mod html;
mod issue;
pub mod json;
mod junit;
mod markdown;
mod outcome;
mod patch;
mod paths;
pub mod probe;
mod prometheus;
pub use crate::sanitise;
mod sarif;
pub mod secrets;
mod snippet;
mod summary;
mod table;
pub mod text;
pub mod verify;
pub mod why;

#[cfg(test)]
mod tests;

use audit::MOST_DOUBTS;
pub use audit::{AuditView, Coverage, ManagedFile};
pub use facts::FactsView;
pub use format::{FORMATS, Format, Writer};
pub use frame::{Frame, Report, RuleText, Texts};
pub use outcome::Outcome;
pub use paths::Paths;
pub use why::WhyView;
