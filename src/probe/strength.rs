//! How strong a cipher suite is, read from its registered name.

use super::suites::Suite;
use crate::tls::Version;

/// How strong a suite, or what was agreed with it, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// no encryption, no proof of who the server is, export keys, DES, RC2, RC4, MD5
    Insecure,
    /// 3DES, IDEA, static keys, CBC with SHA-1, short Diffie-Hellman parameters
    Weak,
    /// forward secrecy with CBC and SHA-2, or with a short tag
    Ok,
    /// forward secrecy with authenticated encryption
    Good,
}

impl Level {
    /// The word used in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Level::Insecure => "insecure",
            Level::Weak => "weak",
            Level::Ok => "ok",
            Level::Good => "good",
        }
    }
}

/// Shorter parameters of Diffie-Hellman than this are weak, in bits.
const SHORT_DH: u16 = 2048;
/// Shorter ones than this can be broken by many.
const BROKEN_DH: u16 = 1024;

/// The strength of a suite; a suite that the table does not have is `Insecure`: nobody vouches for it.
pub fn level(id: u16) -> Level {
    Suite::of(id).map_or(Level::Insecure, level_of)
}

fn level_of(suite: &Suite) -> Level {
    let (exchange, cipher) = suite.halves();
    let broken = ["NULL", "RC2", "RC4", "DES_CBC", "DES40", "DES_40"].iter().any(|part| cipher.starts_with(part));
    if broken || exchange.contains("EXPORT") || exchange.contains("anon") || cipher.ends_with("MD5") {
        return Level::Insecure;
    }
    if suite.name == "TLS_SHA256_SHA256" || suite.name == "TLS_SHA384_SHA384" {
        // These authenticate and do not encrypt (RFC 9150).
        return Level::Insecure;
    }
    let tls1_3 = exchange.is_empty() || (0xc103..=0xc106).contains(&suite.id);
    let forward = tls1_3 || exchange.contains("DHE") || exchange == "ECCPWD" || exchange.starts_with("SRP");
    let aead = ["GCM", "CCM", "POLY1305", "AEGIS", "MGM"].iter().any(|mode| cipher.contains(mode));
    let old = cipher.starts_with("3DES") || cipher.starts_with("IDEA") || cipher.starts_with("28147");
    if !forward || old || !aead && cipher.ends_with("_SHA") {
        return Level::Weak;
    }
    if aead && !cipher.contains("CCM_8") && !suite.name.starts_with("OLD_") { Level::Good } else { Level::Ok }
}

/// The strength of a suite with the parameters of its key exchange: the bits of a Diffie-Hellman prime.
pub fn level_with(id: u16, dh_bits: Option<u16>) -> Level {
    match dh_bits {
        Some(bits) if bits < BROKEN_DH => Level::Insecure,
        Some(bits) if bits < SHORT_DH => level(id).min(Level::Weak),
        _ => level(id),
    }
}

/// The most that a version is worth, whatever the suite.
pub fn most(version: Version) -> Level {
    match version {
        Version::Ssl2 | Version::Ssl3 => Level::Insecure,
        Version::Tls1 | Version::Tls1_1 => Level::Weak,
        Version::Tls1_2 | Version::Tls1_3 => Level::Good,
    }
}

/// How keys are agreed upon, as far as it matters for what else a server needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    /// pre-shared keys, passwords, no certificate at all, GOST
    Other,
    /// Diffie-Hellman, for which a server needs parameters
    Dhe,
    /// the key of the certificate
    Rsa,
    /// elliptic curves, and all of TLS 1.3
    Ecdhe,
}

/// The family of a suite.
pub(super) fn family(id: u16) -> Family {
    Suite::of(id).map_or(Family::Other, family_of)
}

fn family_of(suite: &Suite) -> Family {
    match suite.halves().0 {
        "" | "ECDHE_RSA" | "ECDHE_ECDSA" => Family::Ecdhe,
        "RSA" => Family::Rsa,
        "DHE_RSA" | "DHE_DSS" => Family::Dhe,
        _ => Family::Other,
    }
}

/// For sorting: a higher one is offered earlier. Some servers hang up on Diffie-Hellman, having no parameters; those
/// that follow the client's order must not meet it first.
pub(super) fn rank(suite: &Suite) -> (Family, Level, bool) {
    let key_of_256 = suite.name.contains("256_") || suite.name.contains("CHACHA");
    (family_of(suite), level_of(suite), key_of_256)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Level {
        let suite = Suite::all().iter().find(|suite| suite.name == name);
        level(suite.unwrap_or_else(|| panic!("no suite {name}")).id)
    }

    #[test]
    fn levels() {
        for (name, expected) in [
            ("TLS_AES_128_GCM_SHA256", Level::Good),
            ("TLS_CHACHA20_POLY1305_SHA256", Level::Good),
            ("TLS_AES_128_CCM_8_SHA256", Level::Ok),
            ("TLS_SHA256_SHA256", Level::Insecure),
            ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Level::Good),
            ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", Level::Good),
            ("TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", Level::Ok),
            ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", Level::Weak),
            ("TLS_RSA_WITH_AES_128_GCM_SHA256", Level::Weak),
            ("TLS_DH_RSA_WITH_AES_128_GCM_SHA256", Level::Weak),
            ("TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", Level::Weak),
            ("TLS_PSK_WITH_AES_128_GCM_SHA256", Level::Weak),
            ("TLS_DHE_PSK_WITH_AES_128_GCM_SHA256", Level::Good),
            ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", Level::Weak),
            ("TLS_RSA_WITH_RC4_128_SHA", Level::Insecure),
            ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", Level::Insecure),
            ("TLS_RSA_WITH_DES_CBC_SHA", Level::Insecure),
            ("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", Level::Insecure),
            ("TLS_KRB5_EXPORT_WITH_DES_CBC_40_MD5", Level::Insecure),
            ("TLS_RSA_WITH_NULL_SHA256", Level::Insecure),
            ("TLS_ECDHE_RSA_WITH_NULL_SHA", Level::Insecure),
            ("TLS_DH_anon_WITH_AES_256_GCM_SHA384", Level::Insecure),
            ("SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA", Level::Weak),
        ] {
            assert_eq!(of(name), expected, "{name}");
        }
        assert_eq!(level(0x1234), Level::Insecure);
        assert_eq!(level_with(0x009e, Some(2048)), Level::Good);
        assert_eq!(level_with(0x009e, Some(1024)), Level::Weak);
        assert_eq!(level_with(0x009e, Some(512)), Level::Insecure);
    }
}
