//! What a server offers in a handshake, and what the library makes of that.

use crate::openssl::{Keys, Presented, Terms};
use crate::tls::VersionSet;
use std::cell::RefCell;
use std::collections::HashMap;

/// What the library makes of a set of versions, a cipher list and keys.
#[derive(Clone, Debug)]
pub(super) struct Floor {
    pub(super) usable: Option<VersionSet>,
    /// What the security level by itself allows.
    pub(super) allowed: Option<VersionSet>,
    pub(super) refuses_all: Option<bool>,
    /// What cuts the versions, for people.
    pub(super) notes: Vec<String>,
}

/// What a server says about its handshakes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct HandshakeOffer {
    pub ciphers: String,
    pub suites: Option<String>,
    pub keys: Presented,
    pub groups: Option<String>,
    pub signatures: Option<String>,
}

impl HandshakeOffer {
    /// One that only ciphers limit.
    pub(super) fn of(ciphers: String) -> HandshakeOffer {
        HandshakeOffer { ciphers, suites: None, keys: Presented::sure(Keys::ANY), groups: None, signatures: None }
    }

    pub(super) fn terms(&self) -> Terms<'_> {
        Terms {
            ciphers: Some(&self.ciphers),
            suites: self.suites.as_deref(),
            keys: self.keys,
            groups: self.groups.as_deref(),
            signatures: self.signatures.as_deref(),
        }
    }
}

/// Floors that are known already.
pub(super) type FloorCache = RefCell<HashMap<(VersionSet, HandshakeOffer), Floor>>;
