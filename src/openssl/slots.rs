//! What a TLS context makes of certificates and keys that are loaded one after another.
//!
//! It has one place for each kind of key (`ssl_set_cert` and `ssl_set_pkey` in OpenSSL 1.1.0 to 3.6): a certificate takes
//! the place of another one and drops a key that is not its own; a key that does not fit the certificate of its kind is
//! refused, while one of another kind waits for its certificate.

use super::chain::Chain;
use super::key_pair::Half;

/// The places of a context.
#[derive(Debug, Default)]
pub struct Slots {
    slots: Vec<Slot>,
    /// The one that was loaded into last.
    last: Option<usize>,
}

#[derive(Debug)]
struct Slot {
    /// of any half that lies there
    kind: Half,
    certificate: Option<(Half, Chain)>,
    key: Option<SlotKey>,
}

#[derive(Debug)]
enum SlotKey {
    Read(Half),
    /// It can't be read, and is taken for the one of the certificate that it was named with.
    Assumed,
}

impl Slots {
    fn of(&mut self, half: &Half) -> &mut Slot {
        let at = self.slots.iter().position(|slot| slot.kind.is_like(half)).unwrap_or_else(|| {
            self.slots.push(Slot { kind: half.clone(), certificate: None, key: None });
            self.slots.len() - 1
        });
        self.last = Some(at);
        &mut self.slots[at]
    }

    /// A certificate is loaded.
    pub fn add_certificate(&mut self, chain: &Chain, half: &Half) {
        let slot = self.of(half);
        let stays = match (&slot.key, &slot.certificate) {
            (Some(SlotKey::Read(key)), _) => half.fits(key),
            (Some(SlotKey::Assumed), Some((old, _))) => old == half,
            (Some(SlotKey::Assumed), None) | (None, _) => true,
        };
        if !stays {
            slot.key = None;
        }
        slot.certificate = Some((half.clone(), chain.clone()));
    }

    /// A key is loaded; `false`: OpenSSL refuses it ("key values mismatch").
    pub fn add_key(&mut self, key: &Half) -> bool {
        let slot = self.of(key);
        if slot.certificate.as_ref().is_some_and(|(certificate, _)| !certificate.fits(key)) {
            return false;
        }
        slot.key = Some(SlotKey::Read(key.clone()));
        true
    }

    /// A key is loaded that can't be read here, for that certificate.
    pub fn add_unread_key(&mut self, of: &Half) {
        self.of(of).key = Some(SlotKey::Assumed);
    }

    /// The certificates that have their keys.
    pub fn chains(&self) -> impl Iterator<Item = &Chain> {
        let whole = self.slots.iter().filter(|slot| slot.key.is_some());
        whole.filter_map(|slot| slot.certificate.as_ref()).map(|(_, chain)| chain)
    }

    /// The slot of the half that was loaded last, if it is whole (SSL_CTX_check_private_key looks at no other one).
    pub fn is_last_whole(&self) -> bool {
        let last = self.last.and_then(|at| self.slots.get(at));
        last.is_some_and(|slot| slot.key.is_some() && slot.certificate.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openssl::{Keys, Pem};

    fn file(name: &str) -> &'static [u8] {
        match name {
            "rsa.crt" => include_bytes!("../../fixtures/certs/rsa.crt"),
            "rsa.key" => include_bytes!("../../fixtures/certs/rsa.key"),
            "ec.crt" => include_bytes!("../../fixtures/certs/ec.crt"),
            "ec.key" => include_bytes!("../../fixtures/certs/ec.key"),
            "pair.crt" => include_bytes!("../../fixtures/certs/pair.crt"),
            "pair.key" => include_bytes!("../../fixtures/certs/pair.key"),
            "ed.crt" => include_bytes!("../../fixtures/certs/ed.crt"),
            "ed.key" => include_bytes!("../../fixtures/certs/ed.key"),
            other => panic!("{other}"),
        }
    }

    fn keys(slots: &Slots) -> Keys {
        slots.chains().fold(Keys::default(), |all, chain| all.union(chain.leaf().keys))
    }

    /// What a context makes of files in that order: the keys, and the first key that it refuses.
    fn loaded(files: &[&str]) -> (Keys, Option<String>) {
        let mut slots = Slots::default();
        for name in files {
            let bytes = file(name);
            if Pem::read(bytes).has_certificate {
                let chain = Chain::read(bytes).expect("a certificate");
                slots.add_certificate(&chain, &Half::of_certificate(bytes).expect("a certificate"));
            } else if !slots.add_key(&Half::of_key(bytes).expect("a key")) {
                return (keys(&slots), Some((*name).to_owned()));
            }
        }
        (keys(&slots), None)
    }

    #[test]
    fn keys_find_their_certificates() {
        let both = Keys::RSA.union(Keys::P256);
        assert_eq!(loaded(&["rsa.crt", "rsa.key"]), (Keys::RSA, None));
        assert_eq!(loaded(&["rsa.crt", "ec.key"]), (Keys::default(), None), "another kind waits");
        assert_eq!(loaded(&["rsa.crt", "ec.key", "ec.crt", "rsa.key"]), (both, None));
        assert_eq!(loaded(&["ec.crt", "pair.key"]), (Keys::default(), Some("pair.key".to_owned())));
        assert_eq!(loaded(&["ec.crt", "ec.key", "pair.crt"]), (Keys::default(), None), "it drops the key");
        assert_eq!(loaded(&["ec.crt", "ec.key", "pair.crt", "pair.key"]), (Keys::P256, None));
        assert_eq!(loaded(&["ed.key", "ed.crt"]), (Keys::ED25519, None));
    }
}
