//! Whether a private key belongs to a certificate, as far as their public parts tell.
//!
//! A key for RSA holds its modulus (RFC 8017, A.1.2), one for an elliptic curve mostly its public point (RFC 5915). Of
//! other kinds only the kind is compared. Nothing is computed with a key, and nothing of it is kept.

use super::certificate::{OID, PublicKey, SEQUENCE, decode_base64, element, first_certificate, public_key};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
/// rsaEncryption, RSASSA-PSS
const RSA: [&[u8]; 2] = [b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"];
/// id-ecPublicKey
const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";

/// Does the private key belong to the first certificate of the other file? Both are PEM. `None`: that can't be told: one of
/// them is of another form, or the key is encrypted.
pub fn belongs(certificate: &[u8], key: &[u8]) -> Option<bool> {
    let certificate = decode_base64(first_certificate(certificate)?);
    let PublicKey { algorithm, key: public, .. } = public_key(&certificate)?;
    let kind = |algorithm: &[u8]| if RSA.contains(&algorithm) { RSA[0].to_vec() } else { algorithm.to_vec() };
    let (own, part) = private_key(key)?;
    if kind(algorithm) != kind(&own) {
        return Some(false);
    }
    let Some(part) = part else { return Some(true) };
    if kind(algorithm) == RSA[0] {
        let (numbers, _) = element(public, SEQUENCE)?;
        return Some(element(numbers, INTEGER)?.0 == part);
    }
    Some(public == part)
}

/// The algorithm of the first private key of a PEM file, and its public part if it has one.
fn private_key(pem: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let find = |text: &[u8], what: &str| memchr::memmem::find(text, what.as_bytes());
    let body = |label: &str| {
        let label = format!("-----BEGIN {label}-----");
        let body = &pem[find(pem, &label)? + label.len()..];
        let body = &body[..find(body, "-----END")?];
        find(body, "ENCRYPTED").is_none().then(|| decode_base64(body))
    };
    if let Some(der) = body("RSA PRIVATE KEY") {
        return Some((RSA[0].to_vec(), modulus(&der)));
    }
    if let Some(der) = body("EC PRIVATE KEY") {
        return Some((EC.to_vec(), point(&der)));
    }
    let der = body("PRIVATE KEY")?;
    let (info, _) = element(&der, SEQUENCE)?;
    let (_, rest) = element(info, INTEGER)?;
    let (algorithm, rest) = element(rest, SEQUENCE)?;
    let (algorithm, _) = element(algorithm, OID)?;
    let (inner, _) = element(rest, OCTET_STRING)?;
    let part = match algorithm {
        EC => point(inner),
        rsa if RSA.contains(&rsa) => modulus(inner),
        _ => None,
    };
    Some((algorithm.to_vec(), part))
}

/// The modulus of an `RSAPrivateKey`.
fn modulus(der: &[u8]) -> Option<Vec<u8>> {
    let (fields, _) = element(der, SEQUENCE)?;
    let (_, rest) = element(fields, INTEGER)?;
    Some(element(rest, INTEGER)?.0.to_vec())
}

/// The public point of an `ECPrivateKey`.
fn point(der: &[u8]) -> Option<Vec<u8>> {
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
