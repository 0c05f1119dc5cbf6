//! By what a certificate is signed: the algorithm outside of what is signed (RFC 5280, section 4.1.1.2).

use crate::release::Release;
use x509_parser::asn1_rs::{Oid, oid};
use x509_parser::oid_registry::{
    OID_HASH_SHA1, OID_NIST_HASH_SHA256, OID_NIST_HASH_SHA384, OID_NIST_HASH_SHA512, OID_PKCS1_MD5WITHRSAENC,
    OID_PKCS1_RSASSAPSS, OID_PKCS1_SHA1WITHRSA, OID_PKCS1_SHA224WITHRSA, OID_PKCS1_SHA256WITHRSA,
    OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA, OID_SIG_DSA_WITH_SHA1, OID_SIG_ECDSA_WITH_SHA224,
    OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ECDSA_WITH_SHA512, OID_SIG_ED448, OID_SIG_ED25519,
};
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::x509::AlgorithmIdentifier;

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
    /// `None`: not known here.
    pub(super) fn of(identifier: &AlgorithmIdentifier<'_>) -> Option<Signature> {
        // The parameters name the hash; SHA-1 where they leave it out.
        if identifier.algorithm == OID_PKCS1_RSASSAPSS {
            let parameters = RsaSsaPssParams::try_from(identifier.parameters.as_ref()?).ok()?;
            let hash = parameters.hash_algorithm_oid();
            return HASHES
                .iter()
                .find(|(known, _)| known == hash)
                .map(|(_, hash)| Signature { hash: *hash, is_ecdsa: false });
        }
        let (_, hash, is_ecdsa) = ALGORITHMS.iter().find(|(known, ..)| *known == identifier.algorithm)?;
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

/// Hashes by themselves (RFC 8017, appendix C).
static HASHES: [(Oid<'static>, Hash); 5] = [
    (OID_HASH_SHA1, Hash::Sha1),
    (oid!(2.16.840.1.101.3.4.2.4), Hash::Sha224),
    (OID_NIST_HASH_SHA256, Hash::Sha256),
    (OID_NIST_HASH_SHA384, Hash::Sha384),
    (OID_NIST_HASH_SHA512, Hash::Sha512),
];

/// Signatures with a hash, and whether a key on an elliptic curve makes them (RFC 8017, RFC 5758, RFC 3279, RFC 8410).
/// Those written as numbers have no name in the registry: ECDSA with SHA-1, DSA with SHA-224 and SHA-256.
static ALGORITHMS: [(Oid<'static>, Hash, bool); 16] = [
    (OID_PKCS1_MD5WITHRSAENC, Hash::Md5, false),
    (OID_PKCS1_SHA1WITHRSA, Hash::Sha1, false),
    (OID_PKCS1_SHA224WITHRSA, Hash::Sha224, false),
    (OID_PKCS1_SHA256WITHRSA, Hash::Sha256, false),
    (OID_PKCS1_SHA384WITHRSA, Hash::Sha384, false),
    (OID_PKCS1_SHA512WITHRSA, Hash::Sha512, false),
    (oid!(1.2.840.10045.4.1), Hash::Sha1, true),
    (OID_SIG_ECDSA_WITH_SHA224, Hash::Sha224, true),
    (OID_SIG_ECDSA_WITH_SHA256, Hash::Sha256, true),
    (OID_SIG_ECDSA_WITH_SHA384, Hash::Sha384, true),
    (OID_SIG_ECDSA_WITH_SHA512, Hash::Sha512, true),
    (OID_SIG_DSA_WITH_SHA1, Hash::Sha1, false),
    (oid!(2.16.840.1.101.3.4.3.1), Hash::Sha224, false),
    (oid!(2.16.840.1.101.3.4.3.2), Hash::Sha256, false),
    (OID_SIG_ED25519, Hash::OfKey(128), false),
    (OID_SIG_ED448, Hash::OfKey(224), false),
];

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::asn1_rs::FromDer;

    #[test]
    fn algorithms_of_signatures() {
        let of = |content: &[u8]| {
            let der = [&[0x30, content.len() as u8], content].concat();
            let (_, identifier) = AlgorithmIdentifier::from_der(&der).expect("an identifier");
            Signature::of(&identifier).map(|signature| (signature.hash, signature.is_ecdsa))
        };
        assert_eq!(of(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"), Some((Hash::Sha256, false)));
        assert_eq!(of(b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"), Some((Hash::Sha384, true)));
        assert_eq!(of(b"\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"), Some((Hash::Sha1, true)));
        assert_eq!(of(b"\x06\x03\x2b\x65\x70"), Some((Hash::OfKey(128), false)));
        assert_eq!(of(b"\x06\x01\x2a"), None);
        let pss = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
        let with = |parameters: &[u8]| of(&[pss.as_slice(), parameters].concat());
        let sha256 = b"\x30\x0f\xa0\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";
        assert_eq!(with(sha256), Some((Hash::Sha256, false)));
        let sha224 = b"\x30\x0f\xa0\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04";
        assert_eq!(with(sha224), Some((Hash::Sha224, false)));
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
