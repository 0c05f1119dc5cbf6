//! The kind and size of the key in a certificate, and how it is signed.
//!
//! Only the path to these is read (RFC 5280, section 4.1); nothing is checked.

use super::certificate_signature::Signature;
use super::der::{INTEGER, SEQUENCE, VERSION, all_of, element, pem_body};
use super::keys::Keys;
use super::strength::Size;
use crate::release::Release;
use x509_parser::asn1_rs::{Any, FromDer, Oid};
use x509_parser::oid_registry as oid;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

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
        let Fields { is_self_issued, key, signature } = Fields::read(der)?;
        let (algorithm, parameters) = (&key.algorithm.algorithm, key.algorithm.parameters.as_ref());
        let modulus = || read_modulus(&key).and_then(count_bits).map(Size::Modulus);
        let (keys, size) = if *algorithm == oid::OID_PKCS1_RSAENCRYPTION {
            (Keys::RSA, modulus())
        } else if *algorithm == oid::OID_PKCS1_RSASSAPSS {
            (Keys::PSS, modulus())
        } else if *algorithm == oid::OID_KEY_TYPE_DSA {
            (Keys::DSA, parameters.and_then(read_prime))
        } else if *algorithm == oid::OID_KEY_TYPE_EC_PUBLIC_KEY {
            // The curve is a parameter.
            let curve = parameters.and_then(|curve| curve.as_oid().ok());
            (kind_of_curve(curve.as_ref()), curve.as_ref().and_then(|curve| Size::of_curve(curve.as_bytes())))
        } else if *algorithm == oid::OID_SIG_ED25519 {
            (Keys::ED25519, Some(Size::Fixed(128)))
        } else if *algorithm == oid::OID_SIG_ED448 {
            (Keys::ED448, Some(Size::Fixed(224)))
        } else {
            return None;
        };
        Some(Certificate { keys, size, signature, is_self_issued })
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

fn kind_of_curve(curve: Option<&Oid<'_>>) -> Keys {
    let kinds =
        [(oid::OID_EC_P256, Keys::P256), (oid::OID_NIST_EC_P384, Keys::P384), (oid::OID_NIST_EC_P521, Keys::P521)];
    kinds.iter().find(|(known, _)| Some(known) == curve).map_or(Keys::OTHER_CURVE, |(_, keys)| *keys)
}

/// The labels of certificates in PEM form.
const LABELS: [&str; 3] = ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"];

/// The first certificate of a file in PEM form, as DER.
pub(super) fn first_certificate(pem: &[u8]) -> Option<Vec<u8>> {
    pem_body(pem, &LABELS)
}

pub(super) fn all_certificates(pem: &[u8]) -> Vec<Vec<u8>> {
    all_of(pem, &LABELS)
}

/// What is read of a certificate.
pub(super) struct Fields<'d> {
    is_self_issued: bool,
    pub(super) key: SubjectPublicKeyInfo<'d>,
    signature: Option<Signature>,
}

impl<'d> Fields<'d> {
    /// `X509Certificate` of x509-parser refuses one whose dates are no dates, or that has a length of BER. OpenSSL loads
    /// both (nginx 1.22.1 with 3.0: `nginx -t` is content), so the fields before the key are passed over here.
    pub(super) fn read(der: &'d [u8]) -> Option<Fields<'d>> {
        let (certificate, _) = element(der, SEQUENCE)?;
        let (fields, rest) = element(certificate, SEQUENCE)?;
        let fields = element(fields, VERSION).map_or(fields, |(_, fields)| fields);
        let (_serial, fields) = element(fields, INTEGER)?;
        let (_algorithm, fields) = element(fields, SEQUENCE)?;
        let (issuer, fields) = element(fields, SEQUENCE)?;
        let (_dates, fields) = element(fields, SEQUENCE)?;
        let (subject, fields) = element(fields, SEQUENCE)?;
        let (_, key) = SubjectPublicKeyInfo::from_der(fields).ok()?;
        // How it is signed stands behind the part that is signed.
        let signature = AlgorithmIdentifier::from_der(rest).ok().and_then(|(_, algorithm)| Signature::of(&algorithm));
        Some(Fields { is_self_issued: issuer == subject, key, signature })
    }
}

/// The modulus of an RSA key.
pub(super) fn read_modulus<'k>(key: &'k SubjectPublicKeyInfo<'_>) -> Option<&'k [u8]> {
    RSAPublicKey::from_der(&key.subject_public_key.data).ok().map(|(_, key)| key.modulus)
}

/// The size of a DSA key: a prime, and the order of the group in which it is.
fn read_prime(parameters: &Any<'_>) -> Option<Size> {
    let (prime, rest) = element(parameters.data, INTEGER)?;
    let (order, _) = element(rest, INTEGER)?;
    Some(Size::Prime { bits: count_bits(prime)?, exponent: count_bits(order) })
}

/// The length of a number in bits.
pub(super) fn count_bits(number: &[u8]) -> Option<usize> {
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

    /// nginx 1.22.1 with OpenSSL 3.0 loads all of these.
    #[test]
    fn reads_what_openssl_reads_besides_der() {
        let der = first_certificate(EC).expect("a certificate");
        let date = memchr::memmem::find(&der, b"\x17\x0d").expect("a date");
        let no_date = [&der[..date + 2], b"no date at all".split_at(13).0, &der[date + 15..]].concat();
        assert_eq!(der[..2], *b"\x30\x82");
        let long_length = [b"\x30\x83\x00", &der[2..]].concat();
        let no_length = [b"\x30\x80", &der[4..], b"\0\0"].concat();
        for odd in [no_date, long_length, no_length] {
            assert_eq!(Certificate::read(&odd), Certificate::read(EC));
        }
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
