//! Suite B (RFC 6460): cipher strings that say more than which suites there are.
//!
//! `check_suiteb_cipher_list` in OpenSSL looks at the beginning of a list only, and what it finds stays for lists that
//! follow. It rules out what is older than TLS 1.2, and it asks of certificates a key on one of its curves and a
//! signature of the same strength, up to the root (`tls1_suiteb`, `X509_chain_check_suiteb`).

use super::certificate::Certificate;
use super::certificate_signature::{Hash, Signature};
use super::chain::Chain;
use super::keys::Keys;

/// A level of security of Suite B, as a bit for each curve (`SSL_CERT_FLAG_SUITEB_128_LOS_ONLY`, `.._192_LOS`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuiteB {
    p256: bool,
    p384: bool,
}

/// The strings and what they leave. The longer one first, where one begins like another.
const MODES: [(&str, SuiteB); 4] = [
    ("SUITEB128ONLY", SuiteB { p256: true, p384: false }),
    ("SUITEB128C2", SuiteB { p256: true, p384: true }),
    ("SUITEB128", SuiteB { p256: true, p384: true }),
    ("SUITEB192", SuiteB { p256: false, p384: true }),
];

impl SuiteB {
    /// What a list asks for, if it asks for Suite B.
    pub(super) fn of(list: &str) -> Option<SuiteB> {
        MODES.iter().find(|(name, _)| list.starts_with(name)).map(|(_, mode)| *mode)
    }

    /// The keys that it leaves.
    pub fn keys(self) -> Keys {
        let of = |is_left: bool, keys: Keys| if is_left { keys } else { Keys::default() };
        of(self.p256, Keys::P256).union(of(self.p384, Keys::P384))
    }

    /// May a server send the chain? `sets_chain`: does it give OpenSSL a list of issuers even where there are none? Then the
    /// last signature is checked as well.
    pub(super) fn takes(mut self, chain: &Chain, sets_chain: bool) -> bool {
        // `tls1_check_chain`: the signature of the first one has to be an algorithm that is left.
        let is_left = chain.leaf.signature.is_some_and(|signature| match signature {
            Signature { hash: Hash::Sha256, is_ecdsa: true } => self.p256,
            Signature { hash: Hash::Sha384, is_ecdsa: true } => self.p384,
            _ => false,
        });
        if !is_left || !self.takes_key(chain.leaf.keys) {
            return false;
        }
        if chain.issuers.is_empty() && !sets_chain {
            return true;
        }
        // `X509_chain_check_suiteb`: each key has to fit the signature before it, the last one its own too.
        let mut signed = &chain.leaf;
        for issuer in &chain.issuers {
            if !self.takes_key(issuer.keys) || !fits(issuer, signed) {
                return false;
            }
            signed = issuer;
        }
        fits(signed, signed)
    }

    /// Is the key left? One on P-384 rules out P-256 behind it.
    fn takes_key(&mut self, keys: Keys) -> bool {
        match keys {
            Keys::P256 => self.p256,
            Keys::P384 => {
                self.p256 = false;
                self.p384
            }
            _ => false,
        }
    }
}

/// Is the hash of a signature the one that goes with the curve of the key that made it?
fn fits(issuer: &Certificate, signed: &Certificate) -> bool {
    let wanted = if issuer.keys == Keys::P384 { Hash::Sha384 } else { Hash::Sha256 };
    signed.signature == Some(Signature { hash: wanted, is_ecdsa: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_list_counts() {
        let keys = |list| SuiteB::of(list).map(SuiteB::keys);
        assert_eq!(keys("SUITEB128ONLY"), Some(Keys::P256));
        assert_eq!(keys("SUITEB128:HIGH"), Some(Keys::P256.union(Keys::P384)));
        assert_eq!(keys("SUITEB192"), Some(Keys::P384));
        for other in ["HIGH:SUITEB128", " SUITEB128", "suiteb128", "SUITEB", ""] {
            assert_eq!(keys(other), None, "{other}");
        }
    }

    #[test]
    fn the_signature_of_the_first_certificate_counts() {
        let own = Chain::read(include_bytes!("../../fixtures/certs/ec.crt")).expect("a chain");
        let takes = |list, sets_chain| SuiteB::of(list).expect("Suite B").takes(&own, sets_chain);
        assert!(takes("SUITEB128", false) && takes("SUITEB128ONLY", true), "P-256 with SHA-256");
        assert!(!takes("SUITEB192", false));
        let rsa = Chain::read(include_bytes!("../../fixtures/certs/rsa.crt")).expect("a chain");
        assert!(!SuiteB::of("SUITEB128").expect("Suite B").takes(&rsa, false));
        let twice = Chain { issuers: vec![own.leaf], ..own.clone() };
        assert!(SuiteB::of("SUITEB128").expect("Suite B").takes(&twice, false));
        let by_rsa = Chain { issuers: vec![rsa.leaf], ..own };
        assert!(!SuiteB::of("SUITEB128").expect("Suite B").takes(&by_rsa, false));
    }
}
