//! Whether a private key belongs to a certificate, as far as their public parts tell.
//!
//! A key for RSA holds its modulus (RFC 8017, A.1.2), one for an elliptic curve mostly its public point (RFC 5915). Of
//! other kinds only the kind is compared. Nothing is computed with a key, and nothing of it is kept.

use super::certificate::{Fields, first_certificate, read_modulus};
use super::der::{BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE, element, first_of};
use x509_parser::asn1_rs::{FromDer, Oid};
use x509_parser::oid_registry::{OID_KEY_TYPE_EC_PUBLIC_KEY, OID_PKCS1_RSAENCRYPTION, OID_PKCS1_RSASSAPSS};
use x509_parser::x509::AlgorithmIdentifier;

/// The half of a pair of keys that a file has, as far as it shows which pair that is. Nothing secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Half {
    /// The object identifier of the key's kind. OpenSSL keeps one pair of each kind; all elliptic curves are one.
    algorithm: Oid<'static>,
    /// The public part; `None`: the file does not show it.
    part: Option<Vec<u8>>,
}

impl Half {
    /// Of the first certificate of a PEM file. `None`: there is none, or it is of another form.
    pub fn of_certificate(pem: &[u8]) -> Option<Half> {
        Half::of_der(&first_certificate(pem)?)
    }

    /// Of a certificate in DER form.
    pub(super) fn of_der(certificate: &[u8]) -> Option<Half> {
        let key = Fields::read(certificate)?.key;
        let algorithm = key.algorithm.algorithm.to_owned();
        let part = if is_rsa(&algorithm) { read_modulus(&key)? } else { &key.subject_public_key.data };
        Some(Half { part: Some(part.to_vec()), algorithm })
    }

    /// Of the first private key of a PEM file. `None`: there is none, it is of another form, or it is encrypted.
    pub fn of_key(pem: &[u8]) -> Option<Half> {
        let (algorithm, part) = private_key(pem)?;
        Some(Half { algorithm, part })
    }

    /// Are both of one kind?
    pub(super) fn is_like(&self, other: &Half) -> bool {
        self.algorithm == other.algorithm
    }

    /// May both be halves of one pair?
    pub(super) fn fits(&self, other: &Half) -> bool {
        self.is_like(other) && self.part.as_ref().zip(other.part.as_ref()).is_none_or(|(one, other)| one == other)
    }
}

/// Does the private key belong to the first certificate of the other file? Both are PEM. `None`: that can't be told: one of
/// them is of another form, or the key is encrypted.
pub fn belongs(certificate: &[u8], key: &[u8]) -> Option<bool> {
    let (mut certificate, mut key) = (Half::of_certificate(certificate)?, Half::of_key(key)?);
    for half in [&mut certificate, &mut key] {
        // A key for RSA serves certificates of both algorithms.
        if is_rsa(&half.algorithm) {
            half.algorithm = OID_PKCS1_RSAENCRYPTION;
        }
    }
    Some(certificate.fits(&key))
}

/// A key for RSA serves certificates of both algorithms.
fn is_rsa(algorithm: &Oid<'_>) -> bool {
    *algorithm == OID_PKCS1_RSAENCRYPTION || *algorithm == OID_PKCS1_RSASSAPSS
}

/// The algorithm of the first private key of a PEM file, and its public part if it has one.
fn private_key(pem: &[u8]) -> Option<(Oid<'static>, Option<Vec<u8>>)> {
    let (label, der) = first_of(pem, &["RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"])?;
    match label {
        "RSA PRIVATE KEY" => return Some((OID_PKCS1_RSAENCRYPTION, modulus(&der))),
        "EC PRIVATE KEY" => return Some((OID_KEY_TYPE_EC_PUBLIC_KEY, read_point(&der))),
        _ => {}
    }
    let (info, _) = element(&der, SEQUENCE)?;
    let (_version, rest) = element(info, INTEGER)?;
    let (rest, AlgorithmIdentifier { algorithm, .. }) = AlgorithmIdentifier::from_der(rest).ok()?;
    let (inner, _) = element(rest, OCTET_STRING)?;
    let part = if algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
        read_point(inner)
    } else {
        is_rsa(&algorithm).then(|| modulus(inner)).flatten()
    };
    Some((algorithm.to_owned(), part))
}

/// The modulus of an `RSAPrivateKey`.
fn modulus(der: &[u8]) -> Option<Vec<u8>> {
    let (fields, _) = element(der, SEQUENCE)?;
    let (_, rest) = element(fields, INTEGER)?;
    Some(element(rest, INTEGER)?.0.to_vec())
}

/// The public point of an `ECPrivateKey`.
fn read_point(der: &[u8]) -> Option<Vec<u8>> {
    let (fields, _) = element(der, SEQUENCE)?;
    let (_, rest) = element(fields, INTEGER)?;
    let (_, mut rest) = element(rest, OCTET_STRING)?;
    if rest.first() == Some(&0xa0) {
        rest = element(rest, 0xa0)?.1;
    }
    let (tagged, _) = element(rest, 0xa1)?;
    element(tagged, BIT_STRING)?.0.get(1..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA_CERTIFICATE: &[u8] = include_bytes!("../../fixtures/certs/rsa.crt");
    const EC_CERTIFICATE: &[u8] = include_bytes!("../../fixtures/certs/pair.crt");
    const EC_KEY: &[u8] = include_bytes!("../../fixtures/certs/pair.key");
    const OTHER_EC: &[u8] = include_bytes!("../../fixtures/certs/ec.crt");

    #[test]
    fn a_key_and_its_certificate() {
        assert_eq!(belongs(EC_CERTIFICATE, EC_KEY), Some(true));
        assert_eq!(belongs(OTHER_EC, EC_KEY), Some(false));
        assert_eq!(belongs(RSA_CERTIFICATE, EC_KEY), Some(false));
    }

    #[test]
    fn what_can_not_be_told() {
        assert_eq!(belongs(EC_CERTIFICATE, b"rubbish"), None);
        assert_eq!(belongs(b"rubbish", EC_KEY), None);
        let encrypted = String::from_utf8_lossy(EC_KEY).replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        assert_eq!(belongs(EC_CERTIFICATE, encrypted.as_bytes()), None);
        for end in 0..EC_KEY.len() {
            let _ = belongs(EC_CERTIFICATE, &EC_KEY[..end]);
        }
    }
}
