//! Which keys a server can show to clients: of those it has loaded, what its last cipher list leaves.
//!
//! The security level is asked when a certificate is loaded, and once more when it is sent (`ssl_security_cert_chain`); a
//! command may have raised it in between. Suite B is asked for each handshake.

use super::chain::Chain;
use super::keys::Keys;
use super::library::Library;

/// The kinds of keys that a server presents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Presented {
    /// Those that it has, and that clients get.
    pub sure: Keys,
    /// Those of which that is not known.
    pub perhaps: Keys,
}

impl Presented {
    /// Keys of which all is known.
    pub fn sure(keys: Keys) -> Presented {
        Presented { sure: keys, perhaps: Keys::default() }
    }

    /// All of them.
    pub fn all(self) -> Keys {
        self.sure.union(self.perhaps)
    }
}

/// The certificates of a server.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// Those that were read.
    pub chains: Vec<Chain>,
    /// What the others may have.
    pub unread: Keys,
    /// Does the server give OpenSSL a list of issuers even where there are none? `None`: not known.
    pub sets_chain: Option<bool>,
}

impl Identity {
    /// Nothing is known of it.
    pub fn unknown() -> Identity {
        Identity { unread: Keys::ANY, ..Identity::default() }
    }
}

impl Library {
    /// The keys that a server presents with a cipher list.
    pub fn presented(&self, identity: &Identity, ciphers: Option<&str>) -> Presented {
        let level = self.security_level(ciphers);
        let suite_b = self.suite_b(ciphers);
        let mut found = Presented::default();
        let mut is_one_weak = false;
        for chain in &identity.chains {
            let keys = chain.leaf().keys;
            let is_taken = suite_b.map_or(Some(true), |mode| match identity.sets_chain {
                Some(sets) => Some(mode.takes(chain, sets)),
                None => Some(mode.takes(chain, true)).filter(|taken| *taken == mode.takes(chain, false)),
            });
            match is_taken {
                Some(false) => {}
                _ if level.is_some_and(|level| chain.weakness(level, self.release).is_some()) => is_one_weak = true,
                // Such a key serves versions before TLS 1.3 only, which is not worked out further.
                Some(true) if chain.leaf().is_too_short_for_pss() => found.perhaps = found.perhaps.union(keys),
                Some(true) => found.sure = found.sure.union(keys),
                None => found.perhaps = found.perhaps.union(keys),
            }
        }
        match suite_b {
            Some(mode) => found.perhaps = found.perhaps.union(identity.unread.and(mode.keys())),
            None => found.sure = found.sure.union(identity.unread),
        }
        // The library may choose the weak one, and fails then.
        if is_one_weak {
            found = Presented { sure: Keys::default(), perhaps: found.all() };
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::Release;

    const RSA: &[u8] = include_bytes!("../../fixtures/certs/rsa.crt");
    const EC: &[u8] = include_bytes!("../../fixtures/certs/ec.crt");

    fn presented(files: &[&[u8]], unread: Keys, list: &str) -> Presented {
        let library = Library { release: Some(Release::new(3, 0, 22)), level: Some(2), ..Library::unknown() };
        let chains = files.iter().map(|file| Chain::read(file).expect("a chain")).collect();
        library.presented(&Identity { chains, unread, sets_chain: None }, Some(list))
    }

    #[test]
    fn a_level_that_was_raised_later_refuses_what_was_loaded() {
        assert_eq!(presented(&[RSA, EC], Keys::default(), "HIGH"), Presented::sure(Keys::RSA.union(Keys::P256)));
        assert_eq!(presented(&[RSA], Keys::default(), "HIGH:@SECLEVEL=3"), Presented::default());
        let open = Presented { sure: Keys::default(), perhaps: Keys::P256 };
        assert_eq!(presented(&[RSA, EC], Keys::default(), "HIGH:@SECLEVEL=3"), open);
    }

    #[test]
    fn suite_b_passes_over_other_keys() {
        assert_eq!(presented(&[RSA, EC], Keys::default(), "SUITEB128"), Presented::sure(Keys::P256));
        assert_eq!(presented(&[RSA], Keys::default(), "SUITEB128"), Presented::default());
        let open = Presented { sure: Keys::default(), perhaps: Keys::P384 };
        assert_eq!(presented(&[RSA], Keys::ANY, "SUITEB192"), open);
    }
}
