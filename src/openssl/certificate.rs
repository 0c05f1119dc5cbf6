//! The kind of key in a certificate.
//!
//! Only the path to the public key's algorithm is read (RFC 5280, section 4.1); nothing is checked.

use super::der::{BIT_STRING, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, element, oid, pem_body};
use super::keys::Keys;

/// What a certificate says of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The kind of the key.
    pub keys: Keys,
    /// Its length in bits, where that decides how strong it is.
    bits: Option<usize>,
}

impl Keys {
    /// The kind of the public key of the first certificate of a file in PEM or DER form. `None`: there is none, or its
    /// key is of another kind.
    pub fn of_certificate(pem_or_der: &[u8]) -> Option<Keys> {
        Certificate::read(pem_or_der).map(|certificate| certificate.keys)
    }
}

impl Certificate {
    /// The first certificate of a file in PEM or DER form. `None`: there is none, or its key is of another kind.
    pub fn read(pem_or_der: &[u8]) -> Option<Certificate> {
        let decoded = first_certificate(pem_or_der);
        let der = decoded.as_deref().unwrap_or(pem_or_der);
        let PublicKey { algorithm, parameters, key } = public_key(der)?;
        let (keys, bits) = match algorithm {
            oid::RSA => (Keys::RSA, modulus(key)),
            oid::RSA_PSS => (Keys::PSS, modulus(key)),
            oid::DSA => (Keys::DSA, prime(parameters)),
            // The curve is a parameter.
            oid::EC => match element(parameters, OBJECT_IDENTIFIER).map(|(curve, _)| curve) {
                Some(oid::P256) => (Keys::P256, None),
                Some(oid::P384) => (Keys::P384, None),
                Some(oid::P521) => (Keys::P521, None),
                _ => (Keys::OTHER_CURVE, None),
            },
            oid::ED25519 => (Keys::ED25519, None),
            oid::ED448 => (Keys::ED448, None),
            _ => return None,
        };
        Some(Certificate { keys, bits })
    }

    /// Does a security level refuse to load it, since the key is too short?
    pub fn is_too_weak(&self, level: u8) -> bool {
        self.bits.is_some_and(|bits| bits < least_bits(level))
    }
}

/// How long a number has to be for a level, where it is as strong as one of RSA (BN_security_bits).
pub(super) fn least_bits(level: u8) -> usize {
    match level {
        0 => 0,
        1 => 1024,
        2 => 2048,
        3 => 3072,
        4 => 7680,
        _ => 15360,
    }
}

/// The first certificate of a file in PEM form, as DER.
pub(super) fn first_certificate(pem: &[u8]) -> Option<Vec<u8>> {
    pem_body(pem, &["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"])
}

/// The parts of a public key.
pub(super) struct PublicKey<'d> {
    pub(super) algorithm: &'d [u8],
    pub(super) parameters: &'d [u8],
    /// The key itself, a structure of the algorithm's own.
    pub(super) key: &'d [u8],
}

pub(super) fn public_key(der: &[u8]) -> Option<PublicKey<'_>> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut fields, _) = element(certificate, SEQUENCE)?;
    if fields.first() == Some(&0xa0) {
        fields = element(fields, 0xa0)?.1; // the version
    }
    // serial number, signature algorithm, issuer, validity, subject
    for tag in [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] {
        fields = element(fields, tag)?.1;
    }
    let (info, _) = element(fields, SEQUENCE)?;
    let (identifier, rest) = element(info, SEQUENCE)?;
    let (algorithm, parameters) = element(identifier, OBJECT_IDENTIFIER)?;
    let key = element(rest, BIT_STRING).and_then(|(bits, _)| bits.split_first()).map_or(&[][..], |(_, key)| key);
    Some(PublicKey { algorithm, parameters, key })
}

/// The length of an RSA key in bits.
fn modulus(key: &[u8]) -> Option<usize> {
    length(element(element(key, SEQUENCE)?.0, INTEGER)?.0)
}

/// The length of a DSA key in bits.
fn prime(parameters: &[u8]) -> Option<usize> {
    length(element(element(parameters, SEQUENCE)?.0, INTEGER)?.0)
}

/// The length of a number in bits.
pub(super) fn length(number: &[u8]) -> Option<usize> {
    let first = number.iter().position(|byte| *byte != 0)?;
    Some((number.len() - first) * 8 - number[first].leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: &[u8] = include_bytes!("../../fixtures/certs/rsa.crt");
    const EC: &[u8] = include_bytes!("../../fixtures/certs/ec.crt");
    const ED: &[u8] = include_bytes!("../../fixtures/certs/ed.crt");
    #[test]
    fn tells_the_kinds_apart() {
        assert_eq!(Keys::of_certificate(RSA), Some(Keys::RSA));
        assert_eq!(Keys::of_certificate(EC), Some(Keys::P256));
        assert_eq!(Keys::of_certificate(ED), Some(Keys::ED25519));
    }

    #[test]
    fn short_keys_are_weak() {
        let weak = |level| Certificate::read(RSA).expect("a certificate").is_too_weak(level);
        assert!(!weak(2) && weak(3), "2048 bits");
        assert!(!Certificate::read(EC).expect("a certificate").is_too_weak(3));
    }

    #[test]
    fn reads_der_and_the_first_certificate_after_other_text() {
        let der = first_certificate(EC).expect("a certificate");
        assert_eq!(Keys::of_certificate(&der), Some(Keys::P256));
        let many = [b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".as_slice(), EC, RSA].concat();
        assert_eq!(Keys::of_certificate(&many), Some(Keys::P256));
    }

    #[test]
    fn survives_every_cut_and_every_changed_byte() {
        let der = first_certificate(RSA).expect("a certificate");
        for i in 0..der.len() {
            let _ = Keys::of_certificate(&der[..i]);
            let mut changed = der.clone();
            changed[i] = 0xff;
            let _ = Keys::of_certificate(&changed);
        }
        assert_eq!(Keys::of_certificate(b""), None);
        assert_eq!(Keys::of_certificate(b"-----BEGIN CERTIFICATE-----\n-----END"), None);
    }
}
