//! How strong keys are, in bits, as security levels compare it.
//!
//! After `RSA_security_bits`, `BN_security_bits` and `ec_security_bits` of OpenSSL 1.1.1 and 3.0; the lengths from which a key
//! of RSA is strong enough were asked of libcrypto 3.0 itself.

use crate::release::Release;

/// The size of a key, as far as its strength comes from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// The length of a modulus of RSA.
    Modulus(usize),
    /// The length of a prime, and that of the exponents where it is limited (DSA, Diffie-Hellman).
    Prime { bits: usize, exponent: Option<usize> },
    /// The length of the order of a curve's group.
    Order(usize),
    /// Always as strong: Edwards curves.
    Fixed(u32),
}

impl Size {
    /// The strength, down to the next one that a level asks for.
    pub(super) fn strength(self, release: Option<Release>) -> u32 {
        match self {
            // From 3.0 on a formula takes lengths a little below the usual ones as well.
            Size::Modulus(bits) if release.is_none_or(|r| r >= Release::new(3, 0, 0)) => {
                strength_at_length(bits, &MODULUS_SINCE_3_0)
            }
            Size::Modulus(bits) => strength_at_length(bits, &NUMBER),
            Size::Prime { bits, exponent } => {
                let strength = strength_at_length(bits, &NUMBER);
                match exponent {
                    Some(exponent) if exponent < 160 => 0,
                    Some(exponent) => strength.min(exponent as u32 / 2),
                    None => strength,
                }
            }
            Size::Order(bits) => strength_at_length(bits, &ORDER),
            Size::Fixed(strength) => strength,
        }
    }

    /// Of a curve by its object identifier; `None`: not known here.
    pub(super) fn of_curve(curve: &[u8]) -> Option<Size> {
        let (last, family) = curve.split_last()?;
        let (_, curves) = CURVES.iter().find(|(prefix, _)| *prefix == family)?;
        let (_, bits) = curves.iter().find(|(number, _)| number == last)?;
        Some(Size::Order(*bits))
    }
}

/// From which length on a key has a strength, the largest first.
type Steps = [(usize, u32); 5];

const MODULUS_SINCE_3_0: Steps = [(13914, 256), (6947, 192), (2671, 128), (1963, 112), (920, 80)];
const NUMBER: Steps = [(15360, 256), (7680, 192), (3072, 128), (2048, 112), (1024, 80)];
const ORDER: Steps = [(512, 256), (384, 192), (256, 128), (224, 112), (160, 80)];

fn strength_at_length(bits: usize, steps: &Steps) -> u32 {
    steps.iter().find(|(least, _)| bits >= *least).map_or(0, |(_, strength)| *strength)
}

/// A family of curves by the beginning of its object identifiers: last byte, and length of the order.
type CurveFamily = (&'static [u8], &'static [(u8, usize)]);

/// The curves that OpenSSL has by these names (SEC 2, X9.62, RFC 5639).
const CURVES: [CurveFamily; 3] = [
    // secp and sect: 1.3.132.0
    (
        b"\x2b\x81\x04\x00",
        &[
            (1, 163),
            (2, 162),
            (3, 238),
            (4, 113),
            (5, 113),
            (6, 112),
            (7, 110),
            (8, 161),
            (9, 161),
            (10, 256),
            (15, 163),
            (16, 281),
            (17, 282),
            (22, 131),
            (23, 131),
            (24, 193),
            (25, 193),
            (26, 232),
            (27, 233),
            (28, 128),
            (29, 126),
            (30, 161),
            (31, 192),
            (32, 225),
            (33, 224),
            (34, 384),
            (35, 521),
            (36, 407),
            (37, 409),
            (38, 570),
            (39, 570),
        ],
    ),
    // prime192v1 to prime256v1: 1.2.840.10045.3.1
    (b"\x2a\x86\x48\xce\x3d\x03\x01", &[(1, 192), (2, 192), (3, 192), (4, 239), (5, 239), (6, 239), (7, 256)]),
    // brainpool: 1.3.36.3.3.2.8.1.1
    (
        b"\x2b\x24\x03\x03\x02\x08\x01\x01",
        &[
            (1, 160),
            (2, 160),
            (3, 192),
            (4, 192),
            (5, 224),
            (6, 224),
            (7, 256),
            (8, 256),
            (9, 320),
            (10, 320),
            (11, 384),
            (12, 384),
            (13, 512),
            (14, 512),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::oid_registry::{OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521};

    #[test]
    fn lengths_and_strengths() {
        let (old, new) = (Some(Release::new(1, 1, 1)), Some(Release::new(3, 0, 0)));
        for (size, release, strength) in [
            (Size::Modulus(2048), old, 112),
            (Size::Modulus(2047), old, 80),
            (Size::Modulus(2047), new, 112),
            (Size::Modulus(1963), new, 112),
            (Size::Modulus(1962), new, 80),
            (Size::Modulus(1962), None, 80),
            (Size::Modulus(919), new, 0),
            (Size::Prime { bits: 2047, exponent: None }, new, 80),
            (Size::Prime { bits: 2048, exponent: Some(160) }, new, 80),
            (Size::Prime { bits: 2048, exponent: Some(224) }, new, 112),
            (Size::Prime { bits: 3072, exponent: Some(159) }, new, 0),
            (Size::Order(521), new, 256),
            (Size::Order(232), new, 112),
            (Size::Order(223), new, 80),
            (Size::Fixed(224), new, 224),
        ] {
            assert_eq!(size.strength(release), strength, "{size:?} {release:?}");
        }
    }

    #[test]
    fn curves_have_orders() {
        assert_eq!(Size::of_curve(OID_EC_P256.as_bytes()), Some(Size::Order(256)));
        assert_eq!(Size::of_curve(OID_NIST_EC_P384.as_bytes()), Some(Size::Order(384)));
        assert_eq!(Size::of_curve(OID_NIST_EC_P521.as_bytes()), Some(Size::Order(521)));
        assert_eq!(Size::of_curve(b"\x2b\x81\x04\x00\x21"), Some(Size::Order(224)), "secp224r1");
        assert_eq!(Size::of_curve(b"\x2b\x24\x03\x03\x02\x08\x01\x01\x01"), Some(Size::Order(160)), "brainpoolP160r1");
        assert_eq!(Size::of_curve(b"\x2b\x81\x04\x00\x63"), None);
        assert_eq!(Size::of_curve(b""), None);
    }
}
