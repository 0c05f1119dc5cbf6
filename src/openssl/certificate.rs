//! The kind of key in a certificate.
//!
//! Only the path to the public key's algorithm is read (RFC 5280, section 4.1); nothing is checked.

use super::keys::Keys;

/// DER's tag of a SEQUENCE.
pub(super) const SEQUENCE: u8 = 0x30;
/// DER's tag of an INTEGER.
pub(super) const INTEGER: u8 = 0x02;
/// DER's tag of a BIT STRING.
const BIT_STRING: u8 = 0x03;
/// DER's tag of an OBJECT IDENTIFIER.
pub(super) const OID: u8 = 0x06;

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
        let decoded;
        let der = match first_certificate(pem_or_der) {
            Some(base64) => {
                decoded = decode_base64(base64);
                &decoded
            }
            None => pem_or_der,
        };
        let PublicKey { algorithm, parameters, key } = public_key(der)?;
        let (keys, bits) = match algorithm {
            b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01" => (Keys::RSA, modulus(key)),
            b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a" => (Keys::PSS, modulus(key)),
            b"\x2a\x86\x48\xce\x38\x04\x01" => (Keys::DSA, prime(parameters)),
            // id-ecPublicKey: the curve is a parameter
            b"\x2a\x86\x48\xce\x3d\x02\x01" => match element(parameters, OID).map(|(curve, _)| curve) {
                Some(b"\x2a\x86\x48\xce\x3d\x03\x01\x07") => (Keys::P256, None),
                Some(b"\x2b\x81\x04\x00\x22") => (Keys::P384, None),
                Some(b"\x2b\x81\x04\x00\x23") => (Keys::P521, None),
                _ => (Keys::OTHER_CURVE, None),
            },
            b"\x2b\x65\x70" => (Keys::ED25519, None),
            b"\x2b\x65\x71" => (Keys::ED448, None),
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

/// The lines between the first pair of markers of a certificate.
pub(super) fn first_certificate(pem: &[u8]) -> Option<&[u8]> {
    let find = |text: &[u8], what: &str| memchr::memmem::find(text, what.as_bytes());
    let labels =
        ["-----BEGIN CERTIFICATE-----", "-----BEGIN TRUSTED CERTIFICATE-----", "-----BEGIN X509 CERTIFICATE-----"];
    let starts = labels.iter().filter_map(|label| Some(find(pem, label)? + label.len()));
    let body = &pem[starts.min()?..];
    Some(&body[..find(body, "-----END")?])
}

pub(super) fn decode_base64(text: &[u8]) -> Vec<u8> {
    let value = |b: &u8| match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'a'..=b'z' => Some(b - b'a' + 26),
        b'0'..=b'9' => Some(b - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut out, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for six in text.iter().filter_map(value) {
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    out
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
    let (algorithm, parameters) = element(identifier, OID)?;
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

/// The content of the first element, which must have that tag, and what follows it.
pub(super) fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let mut length = usize::from(*first);
    if length >= 0x80 {
        let bytes = rest.get(..length - 0x80).filter(|b| b.len() <= 4)?;
        rest = &rest[bytes.len()..];
        length = bytes.iter().fold(0, |all, b| all << 8 | usize::from(*b));
    }
    (*found == tag).then_some(rest.split_at_checked(length)?)
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
        let der = decode_base64(first_certificate(EC).expect("a certificate"));
        assert_eq!(Keys::of_certificate(&der), Some(Keys::P256));
        let many = [b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".as_slice(), EC, RSA].concat();
        assert_eq!(Keys::of_certificate(&many), Some(Keys::P256));
    }

    #[test]
    fn survives_every_cut_and_every_changed_byte() {
        let der = decode_base64(first_certificate(RSA).expect("a certificate"));
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
