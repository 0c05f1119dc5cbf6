//! Where a server name is configured.

use crate::endpoint::{Address, Role, Transport};
use crate::services::service::{Resolved, Target};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The target of a client of a listener.
pub fn target(address: &Address) -> Option<Target> {
    match address {
        Address::Any(port) => Some(Target::Ip([0, 0, 0, 0].into(), *port)),
        Address::Ip(ip, port) => Some(Target::Ip(*ip, *port)),
        Address::Unix(path) => Some(Target::Unix(path.clone())),
        Address::Remote(_) => None,
    }
}

/// The addresses at which a server has the name, as it is or by a wildcard or regular expression, each once.
pub fn addresses_of(resolved: &[Box<dyn Resolved>], name: &str, transport: Transport) -> BTreeSet<Arc<Address>> {
    let mut found = BTreeSet::new();
    for service in crate::services::all() {
        let instances = resolved.iter().map(|one| one.instance()).filter(|one| one.service == service.id());
        for endpoint in instances.flat_map(|instance| &instance.endpoints) {
            let listens = endpoint.role == Role::Listener && endpoint.transport == transport;
            if listens && endpoint.name.as_ref().is_some_and(|spelled| service.has_name(spelled, name)) {
                found.insert(Arc::clone(&endpoint.address));
            }
        }
    }
    found
}
