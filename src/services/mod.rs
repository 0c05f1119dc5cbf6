//! The services that are understood.
//!
//! To add one: a folder here, a grammar under `grammars/`, its `mod` and its entry in [`all`] below, fixtures, and a page
//! under `docs/services/`. A test fails until all of them are there.

pub mod align;
pub mod apache;
pub mod doubts;
pub mod expression;
pub mod glob;
pub mod include;
pub mod limits;
pub mod named_file;
pub mod nginx;
pub mod numeric;
pub mod service;
pub mod trail;
pub mod tree;
pub mod unread;
mod userinfo;

use service::Service;

/// All services, in the order in which they are reported.
pub fn all() -> [&'static dyn Service; 2] {
    [&nginx::Nginx, &apache::Apache]
}
