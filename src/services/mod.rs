//! The services that are understood.
//!
//! To add one: a folder here, a grammar under `grammars/`, its `mod` and its entry in [`all`] below, fixtures, and a page
//! under `docs/services/`. A test fails until all of them are there.

pub mod align;
pub mod apache;
pub mod clients;
pub mod doubts;
pub mod expression;
pub mod glob;
pub mod include;
pub mod limits;
pub mod named_file;
pub mod nginx;
pub mod numeric;
pub mod pcre;
mod place;
pub mod service;
pub mod trail;
pub mod tree;
pub mod unread;
mod userinfo;

use crate::host::Product;
use crate::instance::ServiceId;
use service::Service;
use std::sync::{PoisonError, RwLock};

/// Those that this program brings.
static OWN: [&dyn Service; 2] = [&nginx::Nginx, &apache::Apache];
/// Those that a program around this library has added.
static ADDED: RwLock<Vec<&'static dyn Service>> = RwLock::new(Vec::new());

/// All services, in the order in which they are reported.
pub fn all() -> Vec<&'static dyn Service> {
    let added = ADDED.read().unwrap_or_else(PoisonError::into_inner);
    OWN.iter().chain(added.iter()).copied().collect()
}

/// Adds a service that a program around this library brings (`examples/toyd.rs`), before it does anything else.
pub fn add(service: &'static dyn Service) {
    ADDED.write().unwrap_or_else(PoisonError::into_inner).push(service);
}

/// The same, as pieces of software.
pub fn products() -> Vec<&'static dyn Product> {
    all().into_iter().map(|service| service as &dyn Product).collect()
}

/// Their short names: `nginx`, `apache`.
pub fn names() -> Vec<&'static str> {
    all().iter().map(|service| service.id().0).collect()
}

/// Their names for people: `nginx or Apache httpd`.
pub fn titles() -> String {
    let titles: Vec<&str> = all().iter().map(|service| service.title()).collect();
    match titles.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The one with that name.
pub fn of(id: ServiceId) -> Option<&'static dyn Service> {
    all().into_iter().find(|service| service.id() == id)
}
