//! What is in a file in PEM form, as far as servers ask for it.

use super::certificate::{Certificate, first_certificate, least_bits, length};
use super::der::{INTEGER, SEQUENCE, element, pem_body};
use super::key_pair::Half;

/// The blocks of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pem {
    /// Has it a certificate?
    pub has_certificate: bool,
    /// Is its first certificate no structure of DER?
    pub is_broken: bool,
    /// The first certificate, where its key is of a kind that is known here.
    pub certificate: Option<(Certificate, Half)>,
    /// Has it a private key, encrypted or not?
    pub has_key: bool,
    /// The public half of its first private key, where that can be read.
    pub key: Option<Half>,
    /// Has it a list of revoked certificates?
    pub has_revocations: bool,
    /// Has it parameters for Diffie-Hellman?
    pub has_parameters: bool,
    /// The length of their prime in bits, where it can be read.
    prime: Option<usize>,
}

impl Pem {
    /// Looks a file through.
    pub fn read(bytes: &[u8]) -> Pem {
        let has = |what: &str| memchr::memmem::find(bytes, what.as_bytes()).is_some();
        let first = first_certificate(bytes);
        Pem {
            has_certificate: first.is_some(),
            is_broken: first.as_deref().is_some_and(|der| element(der, SEQUENCE).is_none()),
            certificate: first.and(Certificate::read(bytes).zip(Half::of_certificate(bytes))),
            has_key: has("PRIVATE KEY-----"),
            key: Half::of_key(bytes),
            has_revocations: has("-----BEGIN X509 CRL-----"),
            has_parameters: has("DH PARAMETERS-----"),
            prime: prime(bytes),
        }
    }

    /// Does OpenSSL refuse the parameters at a security level, since they are too short? At level 0 too it wants 1024 bits.
    pub fn are_parameters_weak(&self, level: u8) -> bool {
        self.prime.is_some_and(|bits| bits < least_bits(level.max(1)))
    }
}

const PARAMETERS: &str = "DH PARAMETERS";

/// The length in bits of the first number in the first block of parameters.
fn prime(bytes: &[u8]) -> Option<usize> {
    let der = pem_body(bytes, &[PARAMETERS, "X9.42 DH PARAMETERS"])?;
    length(element(element(&der, SEQUENCE)?.0, INTEGER)?.0)
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
