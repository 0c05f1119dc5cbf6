//! tlsmend audits and mends the TLS protocol versions that the services of a host accept.
//!
//! The modules, in the order in which data goes through them:
//!
//! - words, which depend on nothing but each other: [`tls`], [`release`], [`source`], [`endpoint`], [`instance`],
//!   [`edit`], [`finding`];
//! - the world: [`system`] reads files, [`host`] and [`openssl`] know facts about the software;
//! - [`discover`] finds main files, [`services`] load, parse and resolve them into instances with endpoints;
//! - [`policy`] says what is demanded, [`rules`] hold instances against it and make findings, [`baseline`] tells new
//!   ones from known ones;
//! - [`probe`] makes handshakes and says what a server really accepts, [`verify`] holds that against policy and
//!   configuration;
//! - [`plan`] turns findings into new contents of files and audits those again;
//! - [`transaction`] changes several files as one, and takes that back;
//! - [`report`] shows it all; [`engine`] is the way from a host to findings; [`cli`] is what the user types.
//!
//! Not the library's business: starting servers, cipher suites beyond their effect on versions.

pub mod baseline;
pub mod catalog;
pub mod cli;
pub mod discover;
pub mod edit;
pub mod endpoint;
pub mod engine;
pub mod finding;
pub mod host;
pub mod instance;
pub mod openssl;
pub mod plan;
pub mod policy;
pub mod probe;
pub mod release;
pub mod report;
pub mod rules;
pub mod sanitise;
pub mod services;
pub mod source;
mod spelling;
pub mod system;
pub mod tls;
pub mod topic;
pub mod transaction;
pub mod trust;
pub mod verify;

mod hands;
mod lock;
