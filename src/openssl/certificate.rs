//! The kind and size of the key in a certificate, and how it is signed.
//!
//! Only the path to these is read (RFC 5280, section 4.1); nothing is checked.

use super::certificate_signature::Signature;
use super::der::{BIT_STRING, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, all_of, element, oid, pem_body};
use super::keys::Keys;
use super::strength::Size;
use crate::release::Release;

/// What a certificate says of its key and its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The kind of the key.
    pub keys: Keys,
    /// Its size, where that is known.
    size: Option<Size>,
    /// How it is signed, where that is known.
    pub(super) signature: Option<Signature>,
    /// Does it name itself as its issuer?
    is_self_issued: bool,
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
        Certificate::of_der(der)
    }

    /// One in DER form.
    pub(super) fn of_der(der: &[u8]) -> Option<Certificate> {
        let PublicKey { algorithm, parameters, key } = public_key(der)?;
        let (keys, size) = match algorithm {
            oid::RSA => (Keys::RSA, modulus(key)),
            oid::RSA_PSS => (Keys::PSS, modulus(key)),
            oid::DSA => (Keys::DSA, prime(parameters)),
            // The curve is a parameter.
            oid::EC => {
                let curve = element(parameters, OBJECT_IDENTIFIER).map(|(curve, _)| curve);
                (of_curve(curve), curve.and_then(Size::of_curve))
            }
            oid::ED25519 => (Keys::ED25519, Some(Size::Fixed(128))),
            oid::ED448 => (Keys::ED448, Some(Size::Fixed(224))),
            _ => return None,
        };
        Some(Certificate { keys, size, signature: signature(der), is_self_issued: is_self_issued(der) })
    }

    /// The strength of its key in bits; `None`: not known.
    pub(super) fn strength(&self, release: Option<Release>) -> Option<u32> {
        self.size.map(|size| size.strength(release))
    }

    /// Is it a key for RSA that is too short for the signatures of TLS 1.3? PSS with SHA-256 takes 66 bytes.
    pub(super) fn is_too_short_for_pss(&self) -> bool {
        matches!(self.size, Some(Size::Modulus(bits)) if bits <= 520)
    }

    /// The signature that somebody else vouches with, which is the one that counts.
    pub(super) fn signature_of_issuer(&self) -> Option<Signature> {
        self.signature.filter(|_| !self.is_self_issued)
    }
}

/// The kind of a key on a curve.
fn of_curve(curve: Option<&[u8]>) -> Keys {
    match curve {
        Some(oid::P256) => Keys::P256,
        Some(oid::P384) => Keys::P384,
        Some(oid::P521) => Keys::P521,
        _ => Keys::OTHER_CURVE,
    }
}

/// The labels of certificates in PEM form.
const LABELS: [&str; 3] = ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"];

/// The first certificate of a file in PEM form, as DER.
pub(super) fn first_certificate(pem: &[u8]) -> Option<Vec<u8>> {
    pem_body(pem, &LABELS)
}

/// All of them.
pub(super) fn all_certificates(pem: &[u8]) -> Vec<Vec<u8>> {
    all_of(pem, &LABELS)
}

/// The parts of a public key.
pub(super) struct PublicKey<'d> {
    pub(super) algorithm: &'d [u8],
    pub(super) parameters: &'d [u8],
    /// The key itself, a structure of the algorithm's own.
    pub(super) key: &'d [u8],
}

/// Issuer, subject, and what comes behind the subject.
fn names(der: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut fields, _) = element(certificate, SEQUENCE)?;
    if fields.first() == Some(&0xa0) {
        fields = element(fields, 0xa0)?.1; // the version
    }
    let (_, fields) = element(fields, INTEGER)?; // the serial number
    let (_, fields) = element(fields, SEQUENCE)?; // the algorithm of the signature
    let (issuer, fields) = element(fields, SEQUENCE)?;
    let (_, fields) = element(fields, SEQUENCE)?; // the validity
    let (subject, rest) = element(fields, SEQUENCE)?;
    Some((issuer, subject, rest))
}

fn is_self_issued(der: &[u8]) -> bool {
    names(der).is_some_and(|(issuer, subject, _)| issuer == subject)
}

/// How a certificate is signed: what stands behind the part that is signed.
fn signature(der: &[u8]) -> Option<Signature> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (_, rest) = element(certificate, SEQUENCE)?;
    Signature::of(element(rest, SEQUENCE)?.0)
}

pub(super) fn public_key(der: &[u8]) -> Option<PublicKey<'_>> {
    let (_, _, fields) = names(der)?;
    let (info, _) = element(fields, SEQUENCE)?;
    let (identifier, rest) = element(info, SEQUENCE)?;
    let (algorithm, parameters) = element(identifier, OBJECT_IDENTIFIER)?;
    let key = element(rest, BIT_STRING).and_then(|(bits, _)| bits.split_first()).map_or(&[][..], |(_, key)| key);
    Some(PublicKey { algorithm, parameters, key })
}

/// The size of an RSA key.
fn modulus(key: &[u8]) -> Option<Size> {
    length(element(element(key, SEQUENCE)?.0, INTEGER)?.0).map(Size::Modulus)
}

/// The size of a DSA key: a prime, and the order of the group in which it is.
fn prime(parameters: &[u8]) -> Option<Size> {
    let (prime, rest) = element(element(parameters, SEQUENCE)?.0, INTEGER)?;
    let (order, _) = element(rest, INTEGER)?;
    Some(Size::Prime { bits: length(prime)?, exponent: length(order) })
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
    fn keys_have_their_strength() {
        let strength = |pem| Certificate::read(pem).expect("a certificate").strength(None);
        assert_eq!([RSA, EC, ED].map(strength), [Some(112), Some(128), Some(128)]);
    }

    #[test]
    fn a_certificate_that_signs_itself_has_no_issuer() {
        let certificate = Certificate::read(RSA).expect("a certificate");
        assert!(certificate.signature.is_some() && certificate.signature_of_issuer().is_none());
        let other = Certificate { is_self_issued: false, ..certificate };
        assert_eq!(other.signature_of_issuer(), certificate.signature);
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
