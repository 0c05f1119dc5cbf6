//! Whether a private key belongs to a certificate, as far as their public parts tell.
//!
//! A key for RSA holds its modulus (RFC 8017, A.1.2), one for an elliptic curve mostly its public point (RFC 5915). Of
//! other kinds only the kind is compared. Nothing is computed with a key, and nothing of it is kept.

use super::certificate::{PublicKey, first_certificate, public_key};
use super::der::{BIT_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, element, oid, pem_body};

/// Does the private key belong to the first certificate of the other file? Both are PEM. `None`: that can't be told: one of
/// them is of another form, or the key is encrypted.
pub fn belongs(certificate: &[u8], key: &[u8]) -> Option<bool> {
    let certificate = first_certificate(certificate)?;
    let PublicKey { algorithm, key: public, .. } = public_key(&certificate)?;
    let (own, part) = private_key(key)?;
    let is_rsa = is_rsa(algorithm);
    if algorithm != own && !(is_rsa && self::is_rsa(&own)) {
        return Some(false);
    }
    let Some(part) = part else { return Some(true) };
    if is_rsa {
        let (numbers, _) = element(public, SEQUENCE)?;
        return Some(element(numbers, INTEGER)?.0 == part);
    }
    Some(public == part)
}

/// A key for RSA serves certificates of both algorithms.
fn is_rsa(algorithm: &[u8]) -> bool {
    algorithm == oid::RSA || algorithm == oid::RSA_PSS
}

/// The algorithm of the first private key of a PEM file, and its public part if it has one.
fn private_key(pem: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    if let Some(der) = pem_body(pem, &["RSA PRIVATE KEY"]) {
        return Some((oid::RSA.to_vec(), modulus(&der)));
    }
    if let Some(der) = pem_body(pem, &["EC PRIVATE KEY"]) {
        return Some((oid::EC.to_vec(), point(&der)));
    }
    let der = pem_body(pem, &["PRIVATE KEY"])?;
    let (info, _) = element(&der, SEQUENCE)?;
    let (_, rest) = element(info, INTEGER)?;
    let (algorithm, rest) = element(rest, SEQUENCE)?;
    let (algorithm, _) = element(algorithm, OBJECT_IDENTIFIER)?;
    let (inner, _) = element(rest, OCTET_STRING)?;
    let part = match algorithm {
        oid::EC => point(inner),
        rsa if is_rsa(rsa) => modulus(inner),
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
