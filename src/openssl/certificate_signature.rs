//! By what a certificate is signed: the algorithm outside of what is signed (RFC 5280, section 4.1.1.2).

use super::der::{OBJECT_IDENTIFIER, SEQUENCE, element, oid};
use crate::release::Release;

/// The hash that a signature is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    /// That of an Edwards curve, which is no stronger than its key.
    OfKey(u32),
}

/// How a certificate is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) hash: Hash,
    /// By a key on an elliptic curve?
    pub(super) is_ecdsa: bool,
}

impl Signature {
    /// Of an `AlgorithmIdentifier`; `None`: not known here.
    pub(super) fn of(identifier: &[u8]) -> Option<Signature> {
        let (algorithm, parameters) = element(identifier, OBJECT_IDENTIFIER)?;
        // Its parameters name the hash.
        if algorithm == oid::RSA_PSS {
            return Some(Signature { hash: hash_of_pss(parameters)?, is_ecdsa: false });
        }
        let (_, hash, is_ecdsa) = ALGORITHMS.iter().find(|(known, ..)| *known == algorithm)?;
        Some(Signature { hash: *hash, is_ecdsa: *is_ecdsa })
    }

    /// Its strength in bits (`ossl_x509_init_sig_info`): since 3.0 what attacks have left of MD5 and SHA-1.
    pub(super) fn strength(self, release: Option<Release>) -> u32 {
        let is_new = release.is_some_and(|r| r >= Release::new(3, 0, 0));
        match self.hash {
            Hash::Md5 if is_new => 39,
            Hash::Md5 => 64,
            Hash::Sha1 if is_new => 63,
            Hash::Sha1 => 80,
            Hash::Sha224 => 112,
            Hash::Sha256 => 128,
            Hash::Sha384 => 192,
            Hash::Sha512 => 256,
            Hash::OfKey(strength) => strength,
        }
    }
}

/// The first parameter of RSASSA-PSS (RFC 8017, A.2.3); SHA-1 where it is left out.
fn hash_of_pss(parameters: &[u8]) -> Option<Hash> {
    let (fields, _) = element(parameters, SEQUENCE)?;
    let Some((hash, _)) = element(fields, 0xa0) else { return Some(Hash::Sha1) };
    let (hash, _) = element(element(hash, SEQUENCE)?.0, OBJECT_IDENTIFIER)?;
    HASHES.iter().find(|(known, _)| *known == hash).map(|(_, hash)| *hash)
}

/// Hashes by themselves (RFC 8017, appendix C).
const HASHES: [(&[u8], Hash); 5] = [
    (b"\x2b\x0e\x03\x02\x1a", Hash::Sha1),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x04", Hash::Sha224),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x01", Hash::Sha256),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x02", Hash::Sha384),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x03", Hash::Sha512),
];

/// Signatures with a hash (RFC 8017, RFC 5758, RFC 3279, RFC 8410).
const ALGORITHMS: [(&[u8], Hash, bool); 16] = [
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", Hash::Md5, false),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", Hash::Sha1, false),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", Hash::Sha224, false),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", Hash::Sha256, false),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", Hash::Sha384, false),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", Hash::Sha512, false),
    (b"\x2a\x86\x48\xce\x3d\x04\x01", Hash::Sha1, true),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x01", Hash::Sha224, true),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", Hash::Sha256, true),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", Hash::Sha384, true),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x04", Hash::Sha512, true),
    (b"\x2a\x86\x48\xce\x38\x04\x03", Hash::Sha1, false),
    (b"\x60\x86\x48\x01\x65\x03\x04\x03\x01", Hash::Sha224, false),
    (b"\x60\x86\x48\x01\x65\x03\x04\x03\x02", Hash::Sha256, false),
    (oid::ED25519, Hash::OfKey(128), false),
    (oid::ED448, Hash::OfKey(224), false),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_of_signatures() {
        let of = |identifier: &[u8]| Signature::of(identifier).map(|signature| (signature.hash, signature.is_ecdsa));
        assert_eq!(of(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"), Some((Hash::Sha256, false)));
        assert_eq!(of(b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"), Some((Hash::Sha384, true)));
        assert_eq!(of(b"\x06\x03\x2b\x65\x70"), Some((Hash::OfKey(128), false)));
        assert_eq!(of(b"\x06\x01\x2a"), None);
        let pss = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
        let with = |parameters: &[u8]| of(&[pss.as_slice(), parameters].concat());
        let sha256 = b"\x30\x0f\xa0\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";
        assert_eq!(with(sha256), Some((Hash::Sha256, false)));
        assert_eq!(with(b"\x30\x00"), Some((Hash::Sha1, false)), "the default");
        assert_eq!(with(b""), None);
    }

    #[test]
    fn sha1_lost_strength() {
        let (old, new) = (Some(Release::new(1, 1, 1)), Some(Release::new(3, 0, 0)));
        let sha1 = Signature { hash: Hash::Sha1, is_ecdsa: false };
        assert_eq!([old, new, None].map(|release| sha1.strength(release)), [80, 63, 80]);
    }
}
