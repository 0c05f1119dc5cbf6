//! The kind of key in a certificate.
//!
//! Only the path to the public key's algorithm is read (RFC 5280, section 4.1); nothing is checked.

use super::keys::Keys;

/// DER's tag of a SEQUENCE.
pub(super) const SEQUENCE: u8 = 0x30;
/// DER's tag of an OBJECT IDENTIFIER.
pub(super) const OID: u8 = 0x06;

impl Keys {
    /// The kind of the public key of the first certificate of a file in PEM or DER form. `None`: there is none, or its
    /// key is of another kind.
    pub fn of_certificate(pem_or_der: &[u8]) -> Option<Keys> {
        let decoded;
        let der = match first_certificate(pem_or_der) {
            Some(base64) => {
                decoded = decode_base64(base64);
                &decoded
            }
            None => pem_or_der,
        };
        let none = Keys::default();
        Some(match algorithm(der)? {
            // rsaEncryption, RSASSA-PSS
            b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01" | b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a" => {
                Keys { rsa: true, ..none }
            }
            // id-ecPublicKey
            b"\x2a\x86\x48\xce\x3d\x02\x01" => Keys { ec: true, ..none },
            // Ed25519, Ed448
            b"\x2b\x65\x70" | b"\x2b\x65\x71" => Keys { ed: true, ..none },
            _ => return None,
        })
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

/// The object identifier of the public key's algorithm.
fn algorithm(der: &[u8]) -> Option<&[u8]> {
    Some(public_key(der)?.0)
}

/// The same, and the element with the key itself.
pub(super) fn public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut fields, _) = element(certificate, SEQUENCE)?;
    if fields.first() == Some(&0xa0) {
        fields = element(fields, 0xa0)?.1; // the version
    }
    // serial number, signature algorithm, issuer, validity, subject
    for tag in [0x02, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] {
        fields = element(fields, tag)?.1;
    }
    let (key, _) = element(fields, SEQUENCE)?;
    let (algorithm, key) = element(key, SEQUENCE)?;
    Some((element(algorithm, OID)?.0, key))
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
    const NONE: Keys = Keys { rsa: false, ec: false, ed: false };

    #[test]
    fn tells_the_kinds_apart() {
        assert_eq!(Keys::of_certificate(RSA), Some(Keys { rsa: true, ..NONE }));
        assert_eq!(Keys::of_certificate(EC), Some(Keys { ec: true, ..NONE }));
        assert_eq!(Keys::of_certificate(ED), Some(Keys { ed: true, ..NONE }));
    }

    #[test]
    fn reads_der_and_the_first_certificate_after_other_text() {
        let der = decode_base64(first_certificate(EC).expect("a certificate"));
        assert_eq!(Keys::of_certificate(&der), Some(Keys { ec: true, ..NONE }));
        let many = [b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".as_slice(), EC, RSA].concat();
        assert_eq!(Keys::of_certificate(&many), Some(Keys { ec: true, ..NONE }));
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
