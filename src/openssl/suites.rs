//! The cipher suites of OpenSSL for TLS 1.2 and older.
//!
//! The table itself is `suites.txt`, taken from OpenSSL 3.0.22 (`ssl/s3_lib.c`). 1.1.1 has the same suites, 3.6 too;
//! what older versions lack is in [`Suite::exists`].

use crate::release::Release;
use crate::tls::Version;
use std::sync::LazyLock;

/// Declares bits with the names that the table and the keywords use for them.
macro_rules! bits {
    ($(#[$doc:meta])* $module:ident: $($name:ident = $text:literal),+ $(,)?) => {
        $(#[$doc])*
        pub(crate) mod $module {
            bits!(@ 1, $($name)+);
            /// The bit of that name in `suites.txt`.
            pub(super) fn bit(name: &str) -> Option<u32> {
                match name {
                    $($text => Some($name),)+
                    _ => None,
                }
            }
        }
    };
    (@ $bit:expr, $name:ident $($rest:ident)*) => {
        pub(crate) const $name: u32 = $bit;
        bits!(@ $bit << 1, $($rest)*);
    };
    (@ $bit:expr,) => {};
}

bits! {
    /// How the key is agreed upon.
    kx: RSA = "kRSA", DHE = "kDHE", ECDHE = "kECDHE", PSK = "kPSK", RSA_PSK = "kRSAPSK", DHE_PSK = "kDHEPSK",
    ECDHE_PSK = "kECDHEPSK", SRP = "kSRP",
}
bits! {
    /// How the server proves who it is.
    auth: RSA = "aRSA", DSS = "aDSS", ECDSA = "aECDSA", NULL = "aNULL", PSK = "aPSK", SRP = "aSRP",
}
bits! {
    /// What encrypts.
    enc: NULL = "eNULL", RC4 = "RC4", TRIPLE_DES = "3DES", IDEA = "IDEA", SEED = "SEED", AES128 = "AES128",
    AES256 = "AES256", AES128_GCM = "AES128GCM", AES256_GCM = "AES256GCM", AES128_CCM = "AES128CCM",
    AES256_CCM = "AES256CCM", AES128_CCM8 = "AES128CCM8", AES256_CCM8 = "AES256CCM8", CAMELLIA128 = "CAMELLIA128",
    CAMELLIA256 = "CAMELLIA256", ARIA128 = "ARIA128GCM", ARIA256 = "ARIA256GCM", CHACHA20 = "CHACHA20",
}
bits! {
    /// What protects from changes.
    mac: MD5 = "MD5", SHA1 = "SHA1", SHA256 = "SHA256", SHA384 = "SHA384", AEAD = "AEAD",
}
bits! {
    /// Classes that cipher lists can name.
    class: LOW = "low", HIGH = "high", MEDIUM = "medium", FIPS = "fips", NOT_DEFAULT = "not-default",
}

/// All key exchanges with pre-shared keys.
pub(crate) const ANY_PSK: u32 = kx::PSK | kx::RSA_PSK | kx::DHE_PSK | kx::ECDHE_PSK;
/// AES in CCM mode.
pub(crate) const CCM: u32 = enc::AES128_CCM | enc::AES256_CCM | CCM8;
/// AES in CCM mode with a short tag.
pub(crate) const CCM8: u32 = enc::AES128_CCM8 | enc::AES256_CCM8;
/// AES in GCM mode.
pub(crate) const GCM: u32 = enc::AES128_GCM | enc::AES256_GCM;
/// ARIA, which is in GCM mode only.
pub(crate) const ARIA: u32 = enc::ARIA128 | enc::ARIA256;
/// Camellia, which is in CBC mode only.
pub(crate) const CAMELLIA: u32 = enc::CAMELLIA128 | enc::CAMELLIA256;
/// Ciphers with keys of 256 bits.
const BITS_256: u32 = enc::AES256
    | enc::AES256_GCM
    | enc::AES256_CCM
    | enc::AES256_CCM8
    | enc::CAMELLIA256
    | enc::ARIA256
    | enc::CHACHA20;
/// Ciphers that many builds leave out (`no-weak-ssl-ciphers`, `no-idea`, the legacy provider).
const OPTIONAL: u32 = LEGACY | enc::TRIPLE_DES;
/// Ciphers that 3.0 and later have in the legacy provider only.
pub(crate) const LEGACY: u32 = enc::RC4 | enc::IDEA | enc::SEED;

/// A cipher suite for TLS 1.2 and older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    /// OpenSSL's name: `ECDHE-RSA-AES128-GCM-SHA256`.
    pub name: &'static str,
    /// The name in the RFCs: `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`.
    pub standard: &'static str,
    /// The lowest version that can use it.
    pub since: Version,
    pub(crate) kx: u32,
    pub(crate) auth: u32,
    pub(crate) enc: u32,
    pub(crate) mac: u32,
    pub(crate) class: u32,
}

impl Suite {
    /// All suites, by their number.
    pub fn all() -> &'static [Suite] {
        static ALL: LazyLock<Vec<Suite>> =
            LazyLock::new(|| include_str!("suites.txt").lines().filter_map(Suite::parse).collect());
        &ALL
    }

    fn parse(line: &'static str) -> Option<Suite> {
        let words: Vec<&'static str> = line.split_ascii_whitespace().collect();
        let [name, standard, kx, auth, enc, mac, since, classes] = words[..] else { return None };
        Some(Suite {
            name,
            standard,
            since: Version::from_name(since.as_bytes())?,
            kx: kx::bit(kx)?,
            auth: auth::bit(auth)?,
            enc: enc::bit(enc)?,
            mac: mac::bit(mac)?,
            class: classes.split(',').filter_map(class::bit).fold(0, |all, bit| all | bit),
        })
    }

    /// The strength of its encryption in bits, as OpenSSL sorts and security levels judge it.
    pub(crate) fn bits(&self, release: Release) -> u32 {
        match self.enc {
            enc::NULL => 0,
            enc::TRIPLE_DES => 112,
            e if e & CCM8 != 0 && release >= Release::new(3, 2, 0) => 64,
            e if e & BITS_256 != 0 => 256,
            _ => 128,
        }
    }

    /// Its classes; from 3.2 on the short tags of CCM8 are no longer `HIGH`.
    pub(crate) fn classes(&self, release: Release) -> u32 {
        if self.enc & CCM8 != 0 && release >= Release::new(3, 2, 0) {
            self.class & !class::HIGH | class::MEDIUM
        } else {
            self.class
        }
    }

    /// Has that version of OpenSSL the suite, if it is built like most distributions build it?
    /// `None`: some builds have it and some have not.
    pub(crate) fn exists(&self, release: Release) -> Option<bool> {
        let hash = self.mac & (mac::SHA256 | mac::SHA384) != 0;
        let psk = self.kx & ANY_PSK != 0;
        let since = if self.enc & ARIA != 0 {
            Release::new(1, 1, 1)
        } else if self.enc & (CCM | enc::CHACHA20) != 0
            || self.enc & CAMELLIA != 0 && hash
            || psk && (self.kx != kx::PSK || hash || self.mac == mac::AEAD)
        {
            Release::new(1, 1, 0)
        } else if hash || self.mac == mac::AEAD || self.kx == kx::SRP {
            Release::new(1, 0, 1)
        } else {
            Release::new(1, 0, 0)
        };
        match release >= since {
            true if self.enc & OPTIONAL != 0 && release >= Release::new(1, 1, 0) => None,
            known => Some(known),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_of_the_table_is_a_suite() {
        let lines = include_str!("suites.txt").lines().filter(|l| !l.starts_with('#'));
        for line in lines.clone() {
            assert!(Suite::parse(line).is_some(), "{line}");
        }
        assert_eq!(lines.count(), 184);
        let names: BTreeSet<&str> = Suite::all().iter().flat_map(|s| [s.name, s.standard]).collect();
        assert_eq!(names.len(), 2 * 184, "a name stands there twice");
    }

    #[test]
    fn suites_that_need_tls_1_2_are_those_with_modern_hashes() {
        for suite in Suite::all().iter().filter(|s| s.kx & ANY_PSK == 0) {
            let modern = suite.mac & (mac::SHA1 | mac::MD5) == 0;
            assert_eq!(modern, suite.since == Version::Tls1_2, "{}", suite.name);
        }
    }
}
