//! The kinds of keys of a server, and the suites that each can be used with.

use super::suites::{Suite, auth, kx};
use crate::tls::Version;

/// The kinds of keys that a server has certificates for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keys {
    /// RSA
    pub rsa: bool,
    /// elliptic curves (P-256 and the like)
    pub ec: bool,
    /// Ed25519 or Ed448
    pub ed: bool,
}

impl Keys {
    /// Not known, or all kinds: no version is ruled out by the key.
    pub const ANY: Keys = Keys { rsa: true, ec: true, ed: true };

    /// The keys of both.
    #[must_use]
    pub const fn union(self, other: Keys) -> Keys {
        Keys { rsa: self.rsa || other.rsa, ec: self.ec || other.ec, ed: self.ed || other.ed }
    }

    /// Can a handshake of that version with that suite be signed or decrypted with one of the keys?
    /// (`ssl_set_masks` in OpenSSL; pre-shared keys, SRP and DSS are taken as not set up.)
    pub(crate) fn fit(self, suite: &Suite, version: Version) -> bool {
        let exchange = suite.kx & (kx::RSA | kx::DHE | kx::ECDHE) != 0;
        exchange
            && match suite.auth {
                auth::NULL => true,
                auth::RSA => self.rsa,
                auth::ECDSA => self.ec || self.ed && version == Version::Tls1_2,
                _ => false,
            }
    }
}
