//! What is in a file in PEM form, as far as servers ask for it.

use super::certificate::{all_certificates, count_bits};
use super::chain::Chain;
use super::der::{INTEGER, SEQUENCE, element, first_of};
use super::key_pair::Half;
use super::security::bits_of;
use super::strength::Size;

/// The blocks of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pem {
    /// Has it a certificate?
    pub has_certificate: bool,
    /// Is its first certificate no structure of DER?
    pub is_broken: bool,
    /// The certificates, where the key of the first one is of a kind that is known here.
    pub certificate: Option<(Chain, Half)>,
    /// Has it a private key, encrypted or not?
    pub has_key: bool,
    /// The public half of its first private key, where that can be read.
    pub key: Option<Half>,
    /// Has it a list of revoked certificates?
    pub has_revocations: bool,
    /// Has it parameters for Diffie-Hellman?
    pub has_parameters: bool,
    /// Are they in the older form, X9.42, which a command of OpenSSL 3 does not read?
    pub are_parameters_old: bool,
    /// Their size, where it can be read.
    size: Option<Size>,
}

impl Pem {
    /// Looks a file through.
    pub fn read(bytes: &[u8]) -> Pem {
        let has = |what: &str| memchr::memmem::find(bytes, what.as_bytes()).is_some();
        let certificates = all_certificates(bytes);
        let first = certificates.first();
        Pem {
            has_certificate: first.is_some(),
            is_broken: first.is_some_and(|der| element(der, SEQUENCE).is_none()),
            certificate: Chain::of(&certificates).zip(first.and_then(|der| Half::of_der(der))),
            has_key: has("PRIVATE KEY-----"),
            key: Half::of_key(bytes),
            has_revocations: has("-----BEGIN X509 CRL-----"),
            has_parameters: has("DH PARAMETERS-----"),
            are_parameters_old: has("-----BEGIN X9.42 DH PARAMETERS-----") && !has("-----BEGIN DH PARAMETERS-----"),
            size: read_size(bytes),
        }
    }

    /// Does OpenSSL refuse the parameters at a security level, since they are too short? At level 0 too it wants 1024 bits.
    pub fn are_parameters_weak(&self, level: u8) -> bool {
        self.size.is_some_and(|size| size.strength(None) < bits_of(level.max(1)))
    }
}

/// The labels of parameters: PKCS #3, and X9.42.
const PARAMETERS: [&str; 2] = ["DH PARAMETERS", "X9.42 DH PARAMETERS"];

/// The size that the first block of parameters gives: a prime and a generator, then the length of exponents, or the order
/// of the group itself.
fn read_size(bytes: &[u8]) -> Option<Size> {
    let (label, der) = first_of(bytes, &PARAMETERS)?;
    let (prime, rest) = element(element(&der, SEQUENCE)?.0, INTEGER)?;
    let (_, rest) = element(rest, INTEGER)?;
    let exponent = element(rest, INTEGER).and_then(|(number, _)| match label == PARAMETERS[0] {
        true => value(number),
        false => count_bits(number),
    });
    Some(Size::Prime { bits: count_bits(prime)?, exponent })
}

/// A small number.
fn value(number: &[u8]) -> Option<usize> {
    (number.len() <= 4).then(|| number.iter().fold(0, |all, byte| all << 8 | usize::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_and_keys_are_told_apart() {
        let certificate = Pem::read(include_bytes!("../../fixtures/certs/ec.crt"));
        assert!(certificate.has_certificate && !certificate.is_broken && certificate.certificate.is_some());
        assert!(!certificate.has_key && certificate.key.is_none());
        let key = Pem::read(include_bytes!("../../fixtures/certs/ec.key"));
        assert!(!key.has_certificate && key.has_key && key.key.is_some());
        assert_eq!(Pem::read(b"text"), Pem::default());
        // A prime of 512 bits would be longer; this one is 23.
        let short = Pem::read(b"-----BEGIN DH PARAMETERS-----\nMAYCARcCAQU=\n-----END DH PARAMETERS-----\n");
        assert!(short.has_parameters && short.are_parameters_weak(0) && !Pem::default().are_parameters_weak(5));
        let broken = Pem::read(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assert!(broken.has_certificate && broken.is_broken);
    }
}
