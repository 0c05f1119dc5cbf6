//! Lists of signature algorithms: the command `SignatureAlgorithms` (`tls1_set_sigalgs_list` in OpenSSL).

use super::cipher_list::Refused;
use super::keys::Keys;
use super::security::bits_of;
use crate::release::Release;

/// The keys that a list lets a server sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signers {
    /// in TLS 1.2
    pub(crate) tls1_2: Keys,
    /// in TLS 1.3
    pub(crate) tls1_3: Keys,
}

impl Signers {
    /// Those of a server that is told nothing.
    pub(crate) fn usual() -> Signers {
        let all = Keys::ANY.union(Keys::PSS);
        Signers { tls1_2: all.union(Keys::DSA).union(Keys::OTHER_CURVE), tls1_3: all }
    }
}

/// A hash, by its strength in bits: SHA-1 is worth 64 since 3.0, and 80 before.
const SHA1: u32 = 0;

const NONE: Keys = Keys::EC.and(Keys::RSA);

/// All algorithms: name, keys in TLS 1.2, keys in TLS 1.3, bits.
const ALL: &[(&str, Keys, Keys, u32)] = &[
    ("ecdsa_secp256r1_sha256", Keys::EC, Keys::P256, 128),
    ("ecdsa_secp384r1_sha384", Keys::EC, Keys::P384, 192),
    ("ecdsa_secp521r1_sha512", Keys::EC, Keys::P521, 256),
    ("ed25519", Keys::ED25519, Keys::ED25519, 128),
    ("ed448", Keys::ED448, Keys::ED448, 224),
    ("ecdsa_sha224", Keys::EC, NONE, 112),
    ("ecdsa_sha1", Keys::EC, NONE, SHA1),
    ("rsa_pss_rsae_sha256", Keys::RSA, Keys::RSA, 128),
    ("rsa_pss_rsae_sha384", Keys::RSA, Keys::RSA, 192),
    ("rsa_pss_rsae_sha512", Keys::RSA, Keys::RSA, 256),
    ("rsa_pss_pss_sha256", Keys::PSS, Keys::PSS, 128),
    ("rsa_pss_pss_sha384", Keys::PSS, Keys::PSS, 192),
    ("rsa_pss_pss_sha512", Keys::PSS, Keys::PSS, 256),
    ("rsa_pkcs1_sha256", Keys::RSA, NONE, 128),
    ("rsa_pkcs1_sha384", Keys::RSA, NONE, 192),
    ("rsa_pkcs1_sha512", Keys::RSA, NONE, 256),
    ("rsa_pkcs1_sha224", Keys::RSA, NONE, 112),
    ("rsa_pkcs1_sha1", Keys::RSA, NONE, SHA1),
    ("dsa_sha256", Keys::DSA, NONE, 128),
    ("dsa_sha384", Keys::DSA, NONE, 192),
    ("dsa_sha512", Keys::DSA, NONE, 256),
    ("dsa_sha224", Keys::DSA, NONE, 112),
    ("dsa_sha1", Keys::DSA, NONE, SHA1),
];

/// What a list comes to at a security level. `foreign`: other providers may add algorithms of their own.
pub(crate) fn parse(list: &str, level: u8, release: Release, foreign: bool) -> Result<Signers, Refused> {
    // From this version on a mark says that a word need not be known.
    let marks = release >= Release::new(3, 3, 0);
    let mut signers = Signers { tls1_2: NONE, tls1_3: NONE };
    let mut seen: Vec<&str> = Vec::new();
    for word in list.split(':') {
        let name = if marks { word.trim_start_matches('?') } else { word };
        match find(name) {
            // From then on duplicates are passed over.
            Some((known, ..)) if !marks && seen.contains(known) => {
                return Err(Refused::Invalid(format!("the signature algorithm \"{name}\" is there twice")));
            }
            Some((known, tls1_2, tls1_3, bits)) => {
                seen.push(known);
                let sha1 = if release >= Release::new(3, 0, 0) { 64 } else { 80 };
                let bits = if *bits == SHA1 { sha1 } else { *bits };
                if bits >= bits_of(level) {
                    signers.tls1_2 = signers.tls1_2.union(*tls1_2);
                    signers.tls1_3 = signers.tls1_3.union(*tls1_3);
                }
            }
            None if marks || foreign || release < Release::new(1, 1, 1) || list.contains('$') => {
                return Err(Refused::Unknown);
            }
            None => return Err(Refused::Invalid(format!("there is no signature algorithm \"{name}\""))),
        }
    }
    Ok(signers)
}

/// An algorithm by its name, or as `RSA+SHA256`.
fn find(word: &str) -> Option<&'static (&'static str, Keys, Keys, u32)> {
    let by_name = |name: &str| ALL.iter().find(|(known, ..)| *known == name);
    let Some((signature, hash)) = word.split_once('+') else { return by_name(word) };
    let hash = match hash {
        "SHA1" | "sha1" => "sha1",
        "SHA224" | "sha224" => "sha224",
        "SHA256" | "sha256" => "sha256",
        "SHA384" | "sha384" => "sha384",
        "SHA512" | "sha512" => "sha512",
        _ => return None,
    };
    match (signature, hash) {
        ("RSA", _) => by_name(&format!("rsa_pkcs1_{hash}")),
        ("RSA-PSS" | "PSS", _) => by_name(&format!("rsa_pss_rsae_{hash}")),
        ("DSA", _) => by_name(&format!("dsa_{hash}")),
        ("ECDSA", "sha256") => by_name("ecdsa_secp256r1_sha256"),
        ("ECDSA", "sha384") => by_name("ecdsa_secp384r1_sha384"),
        ("ECDSA", "sha512") => by_name("ecdsa_secp521r1_sha512"),
        ("ECDSA", _) => by_name(&format!("ecdsa_{hash}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_signature_algorithms() {
        let read = |list, level| parse(list, level, Release::new(3, 0, 22), false);
        assert_eq!(read("RSA+SHA256", 2), Ok(Signers { tls1_2: Keys::RSA, tls1_3: NONE }));
        assert_eq!(read("PSS+sha256", 2), Ok(Signers { tls1_2: Keys::RSA, tls1_3: Keys::RSA }));
        assert_eq!(read("ECDSA+SHA384", 2), Ok(Signers { tls1_2: Keys::EC, tls1_3: Keys::P384 }));
        let both = Keys::PSS.union(Keys::ED25519);
        assert_eq!(read("rsa_pss_pss_sha256:ed25519", 2), Ok(Signers { tls1_2: both, tls1_3: both }));
        assert_eq!(read("RSA+SHA1", 0), Ok(Signers { tls1_2: Keys::RSA, tls1_3: NONE }));
        assert_eq!(read("RSA+SHA1", 1), Ok(Signers { tls1_2: NONE, tls1_3: NONE }));
        for bad in [
            "bogus",
            "",
            "RSA+SHA256:bogus",
            "rsa+sha256",
            "RSA+MD4",
            "Ed25519",
            "?RSA+SHA256",
            "RSA+SHA256:rsa_pkcs1_sha256",
        ] {
            assert!(matches!(read(bad, 2), Err(Refused::Invalid(_))), "{bad}");
        }
        assert_eq!(parse("?mldsa44", 2, Release::new(3, 5, 0), false), Err(Refused::Unknown));
    }
}
