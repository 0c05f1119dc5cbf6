//! A certificate of a server and those of its issuers that stand behind it.

use super::certificate::{Certificate, all_certificates};
use super::security::bits_of;
use crate::release::Release;

/// A certificate and those behind it in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    pub(super) leaf: Certificate,
    /// Those that are understood.
    pub(super) issuers: Vec<Certificate>,
}

/// Why a security level refuses a chain (`ssl_security_cert`): a lowercase fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// `ee key too small`
    Key,
    /// `ca key too small`
    KeyOfIssuer,
    /// `ca md too weak`
    Signature,
}

impl Weakness {
    /// What is wrong, as it is said of a certificate.
    pub fn name(self) -> &'static str {
        match self {
            Weakness::Key => "the key is too small",
            Weakness::KeyOfIssuer => "the key of an issuer is too small",
            Weakness::Signature => "the hash of a signature is too weak",
        }
    }
}

impl Chain {
    /// Certificates in DER form, as they stand in a file. `None`: there is none, or the first one has a key of another kind.
    pub(super) fn of(ders: &[Vec<u8>]) -> Option<Chain> {
        let mut all = ders.iter().map(|der| Certificate::of_der(der));
        let leaf = all.next()??;
        Some(Chain { leaf, issuers: all.flatten().collect() })
    }

    /// Those of a file in PEM form, or the one of a file in DER form.
    #[cfg(test)]
    pub(super) fn read(pem_or_der: &[u8]) -> Option<Chain> {
        let ders = all_certificates(pem_or_der);
        Chain::of(&ders).or_else(|| ders.is_empty().then(|| Chain::of(&[pem_or_der.to_vec()]))?)
    }

    /// The server's own certificate.
    pub fn leaf(&self) -> &Certificate {
        &self.leaf
    }

    /// Forgets the issuers in its file.
    pub fn drop_issuers(&mut self) {
        self.issuers.clear();
    }

    /// Takes the issuers of another file, if it has none of its own.
    pub fn add_issuers(&mut self, file: &[u8]) {
        if self.issuers.is_empty() {
            self.issuers = all_certificates(file).iter().filter_map(|der| Certificate::of_der(der)).collect();
        }
    }

    /// Why a level refuses to load it, or to send it in a handshake; `None`: it does not.
    pub fn weakness(&self, level: u8, release: Option<Release>) -> Option<Weakness> {
        let wanted = bits_of(level);
        let is_short = |one: &Certificate| one.strength(release).is_some_and(|strength| strength < wanted);
        let is_weak =
            |one: &Certificate| one.signature_of_issuer().is_some_and(|signature| signature.strength(release) < wanted);
        if is_short(&self.leaf) {
            return Some(Weakness::Key);
        }
        if is_weak(&self.leaf) {
            return Some(Weakness::Signature);
        }
        self.issuers.iter().find_map(|issuer| match issuer {
            issuer if is_short(issuer) => Some(Weakness::KeyOfIssuer),
            issuer if is_weak(issuer) => Some(Weakness::Signature),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::certificate::first_certificate;
    use super::*;

    const RSA: &[u8] = include_bytes!("../../fixtures/certs/rsa.crt");
    const EC: &[u8] = include_bytes!("../../fixtures/certs/ec.crt");

    #[test]
    fn the_first_certificate_is_the_servers() {
        let chain = Chain::read(&[EC, RSA].concat()).expect("a chain");
        assert_eq!(
            (Some(chain.leaf), chain.issuers),
            (Certificate::read(EC), vec![Certificate::read(RSA).expect("one")])
        );
        let der = first_certificate(EC).expect("a certificate");
        assert_eq!(Chain::read(&der), Chain::read(EC));
        assert_eq!(Chain::read(b"rubbish"), None);
    }

    #[test]
    fn a_short_key_anywhere_is_refused() {
        let weakness = |pem: &[u8], level| Chain::read(pem).expect("a chain").weakness(level, None);
        assert_eq!([2, 3].map(|level| weakness(RSA, level)), [None, Some(Weakness::Key)]);
        assert_eq!([3, 4].map(|level| weakness(EC, level)), [None, Some(Weakness::Key)]);
        assert_eq!(weakness(&[EC, RSA].concat(), 3), Some(Weakness::KeyOfIssuer));
    }

    #[test]
    fn issuers_of_another_file_stand_in() {
        let (mut chain, whole) = (Chain::read(EC).expect("a chain"), Chain::read(&[EC, EC].concat()).expect("a chain"));
        chain.add_issuers(RSA);
        assert_eq!(chain.issuers, [Certificate::read(RSA).expect("a certificate")]);
        let mut other = whole.clone();
        other.add_issuers(RSA);
        assert_eq!(other, whole);
        other.drop_issuers();
        assert_eq!(other, Chain::read(EC).expect("a chain"));
    }
}
