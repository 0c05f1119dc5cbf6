//! Where a server name is configured.

use crate::endpoint::{Address, Role, Transport};
use crate::services;
use crate::services::service::{Destination, Resolved};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The target of a client of a listener.
pub fn target(address: &Address) -> Option<Destination> {
    match address {
        Address::Any(port) => Some(Destination::Ip([0, 0, 0, 0].into(), *port)),
        Address::Ip(ip, port) => Some(Destination::Ip(*ip, *port)),
        Address::Unix(path) => Some(Destination::Unix(path.clone())),
        Address::Remote(_) => None,
    }
}

/// The addresses at which a server has the name, as it is or by a wildcard or regular expression: each once for each
/// configuration, which is told by its place in the list.
pub fn places_of(resolved: &[Box<dyn Resolved>], name: &str, transport: Transport) -> Vec<(Arc<Address>, usize)> {
    let mut found = BTreeSet::new();
    for (at, instance) in resolved.iter().map(|one| one.instance()).enumerate() {
        let Some(service) = services::of(instance.service) else { continue };
        for endpoint in &instance.endpoints {
            let listens = endpoint.role == Role::Listener && endpoint.transport == transport;
            if listens && endpoint.name.as_ref().is_some_and(|spelled| service.has_name(spelled, name)) {
                found.insert((Arc::clone(&endpoint.address), at));
            }
        }
    }
    found.into_iter().collect()
}
