//! How much of an instance is resolved. A few lines can ask for more than any memory holds: a range of ports, and some
//! names on each of them.

use super::service::{Fit, Response, Target};
use crate::endpoint::{Address, Answer, Speaks, Traced, Unknown};
use crate::tls::VersionSet;
use std::sync::Arc;

/// So many addresses of an instance are resolved.
pub const ADDRESSES: usize = 5_000;
/// Once there are so many endpoints, no further address is.
pub const ENDPOINTS: usize = 200_000;
/// With more endpoints than this on those addresses nothing is, since an address without some of its servers would be
/// a lie. The largest hosts, that have one address for all, are below it.
pub const MOST: usize = 1_000_000;
/// With more addresses than this, [`ENDPOINTS`] are the most.
pub const FEW: usize = 256;

/// Why nothing is mended where not all was resolved: a line may decide for what nobody looked at.
pub const NO_FIX: &str = "it may decide for addresses of this instance that were not looked at: there are too many";

/// Why nothing is added to a part of a configuration.
pub const NOT_HERE: &str = "what includes this file may set the versions, and is not here";

/// The room that is left for an instance.
#[derive(Debug, Default)]
pub struct Room {
    addresses: usize,
    endpoints: usize,
}

impl Room {
    /// Takes one more address; `false`: there is no room for it.
    #[must_use]
    pub fn address(&mut self) -> bool {
        let fits = self.addresses < ADDRESSES && self.endpoints < ENDPOINTS;
        self.addresses += usize::from(fits);
        fits
    }

    /// Takes endpoints on an address that has been taken; `false`: they are too many.
    #[must_use]
    pub fn endpoints(&mut self, count: usize) -> bool {
        let most = if self.addresses > FEW { ENDPOINTS } else { MOST };
        let fits = self.endpoints.saturating_add(count) <= most;
        self.endpoints += if fits { count } else { 0 };
        fits
    }
}

/// The problem where addresses are left out from this one on.
pub fn beyond(first: &Address) -> String {
    format!(
        "too many addresses: {first} and those after it were not looked at (the limits are {ADDRESSES} addresses and \
         {ENDPOINTS} endpoints); nothing is mended in this instance"
    )
}

/// The problem where all are left out.
pub fn too_many() -> String {
    format!(
        "more than {ENDPOINTS} endpoints on many addresses, or {MOST} on few: none of them was looked at, and nothing is mended in this instance"
    )
}

/// What a client gets at an address that may be one of those that were left out.
pub fn unknown(target: &Target) -> Response {
    let address = match target {
        Target::Ip(ip, port) => Address::Ip(*ip, *port),
        Target::Unix(path) => Address::Unix(path.clone()),
    };
    let answer = Answer {
        speaks: Speaks::Unknown,
        configured: Traced { value: VersionSet::TLS, because: Vec::new() },
        effective: None,
        usable: None,
        refuses: false,
        deciders: Vec::new(),
        unknown: vec![Unknown {
            span: None,
            what: "the instance has more addresses than are looked at".into(),
            help: "probe the running server".into(),
        }],
    };
    Response { fit: Fit::Wildcard, address: address.into(), answer: Arc::new(answer) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_ends() {
        let mut room = Room::default();
        assert_eq!((0..=ADDRESSES).filter(|_| room.address()).count(), ADDRESSES);
        let mut room = Room::default();
        assert!(room.address() && room.endpoints(ENDPOINTS) && !room.address());
        // What comes to an address that is there already still has room.
        assert!(room.endpoints(MOST - ENDPOINTS) && !room.endpoints(1) && !room.endpoints(usize::MAX));
        let mut room = Room::default();
        assert_eq!((0..=FEW).filter(|_| room.address()).count(), FEW + 1);
        assert!(room.endpoints(ENDPOINTS) && !room.endpoints(1), "many on each of many addresses");
    }
}
