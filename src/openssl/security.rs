//! Security levels: what a level refuses, whatever is configured.
//!
//! After `ssl_security_default_callback` (`ssl/ssl_cert.c`) in OpenSSL 1.1.1w, 3.0.22 and 3.6.3, and rule O1 of
//! `docs/services/nginx.md`.

use super::suites::{Suite, auth, enc, kx, mac};
use crate::release::Release;
use crate::tls::{Version, VersionSet};

/// The strength in bits that a level asks for.
pub(crate) fn bits_of(level: u8) -> u32 {
    match level {
        0 => 0,
        1 => 80,
        2 => 112,
        3 => 128,
        4 => 192,
        _ => 256,
    }
}

/// The versions that a security level refuses.
///
/// `patched`: the level from which the distribution's own patch refuses what is older than TLS 1.2.
pub(crate) fn refused(release: Release, level: u8, patched: Option<u8>) -> VersionSet {
    let refused_from = |version: Version| match version {
        Version::Ssl2 | Version::Tls1_2 | Version::Tls1_3 => u8::MAX,
        // No security levels before 1.1.0.
        _ if release < Release::new(1, 1, 0) => u8::MAX,
        // 3.0 has no such rule for the versions themselves; there the handshake fails for the lack of a signature
        // algorithm that is strong enough, with RSA key exchange too (observed). 3.1 and later have the rule.
        _ if release >= Release::new(3, 0, 0) => 1,
        Version::Ssl3 => 2,
        Version::Tls1 => patched.unwrap_or(3),
        Version::Tls1_1 => patched.unwrap_or(4),
    };
    Version::ALL.into_iter().filter(|v| level >= refused_from(*v)).collect()
}

/// The versions that count as switched off when OpenSSL looks for the highest version it has: only 3.0 lets those in
/// that its level refuses anyway.
pub(crate) fn refused_at_once(release: Release, level: u8, patched: Option<u8>) -> VersionSet {
    if release >= Release::new(3, 0, 0) && release < Release::new(3, 1, 0) {
        refused(Release::new(1, 1, 1), level, patched)
    } else {
        refused(release, level, patched)
    }
}

/// Does the level allow the suite?
pub(crate) fn allows(release: Release, level: u8, suite: &Suite) -> bool {
    if level == 0 || release < Release::new(1, 1, 0) {
        return true;
    }
    let wanted = bits_of(level);
    let forward_secret = kx::DHE | kx::ECDHE | kx::DHE_PSK | kx::ECDHE_PSK;
    suite.bits(release) >= wanted
        && suite.auth != auth::NULL
        && suite.mac != mac::MD5
        && (wanted <= 160 || suite.mac != mac::SHA1)
        && (level < 2 || suite.enc != enc::RC4)
        && (level < 3 || suite.kx & forward_secret != 0)
}

/// Does the level allow the signature that the suite needs with that version?
///
/// Before TLS 1.2 ECDSA signs a SHA-1 hash, worth 80 bits; 1.1.1 asks the level about it (observed; RSA signs MD5 and
/// SHA-1 together, which it does not ask about). A server with both kinds of keys still serves clients that offer
/// suites with RSA only.
pub(crate) fn allows_signature(release: Release, level: u8, suite: &Suite, version: Version) -> bool {
    version >= Version::Tls1_2 || suite.auth != auth::ECDSA || level < 2 || release < Release::new(1, 1, 1)
}

/// The suites of TLS 1.3 with their strength in bits.
const TLS1_3: [(&str, u32); 7] = [
    ("TLS_AES_256_GCM_SHA384", 256),
    ("TLS_CHACHA20_POLY1305_SHA256", 256),
    ("TLS_AES_128_GCM_SHA256", 128),
    ("TLS_AES_128_CCM_SHA256", 128),
    ("TLS_AES_128_CCM_8_SHA256", 128),
    // Integrity only: in 3.4 and later, in no default.
    ("TLS_SHA256_SHA256", 0),
    ("TLS_SHA384_SHA384", 0),
];

/// A suite of TLS 1.3 that a list names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Suite1_3 {
    /// its strength in bits
    pub(crate) bits: u32,
    /// Has every client it?
    pub(crate) is_common: bool,
}

/// What a list of TLS 1.3 suites (`Ciphersuites`) comes to. `None` is the default.
pub(crate) fn suites_of_tls1_3(release: Release, list: Option<&str>) -> Vec<Suite1_3> {
    if release < Release::new(1, 1, 1) {
        return Vec::new();
    }
    let integrity = release >= Release::new(3, 4, 0);
    let known = |name: &str| TLS1_3.iter().find(|(n, bits)| *n == name && (*bits > 0 || integrity));
    let suite = |name: &str| {
        let (name, bits) = *known(name)?;
        let is_short = name == "TLS_AES_128_CCM_8_SHA256" && release >= Release::new(3, 2, 0);
        Some(Suite1_3 { bits: if is_short { 64 } else { bits }, is_common: !name.contains("CCM") && bits > 0 })
    };
    let list = list.unwrap_or("TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256");
    list.split(':').filter_map(|name| suite(name.trim())).collect()
}

/// Does the level allow a TLS 1.3 suite of that strength?
pub(crate) fn allows_tls1_3(level: u8, bits: u32) -> bool {
    bits >= bits_of(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: VersionSet = VersionSet::of(&[Version::Ssl3, Version::Tls1, Version::Tls1_1]);

    #[test]
    fn levels_refuse_old_versions() {
        let (old, new) = (Release::new(1, 1, 1), Release::new(3, 0, 0));
        assert_eq!(refused(new, 0, None), VersionSet::EMPTY);
        assert_eq!(refused(new, 1, None), OLD);
        assert_eq!(refused(new, 2, None), OLD);
        assert_eq!(refused(old, 1, None), VersionSet::EMPTY);
        assert_eq!(refused(old, 2, None), VersionSet::of(&[Version::Ssl3]));
        assert_eq!(refused(old, 3, None), VersionSet::of(&[Version::Ssl3, Version::Tls1]));
        assert_eq!(refused(old, 4, None), OLD);
        assert_eq!(refused(old, 2, Some(2)), OLD, "Ubuntu 20.04");
        assert_eq!(refused(Release::new(1, 0, 2), 2, None), VersionSet::EMPTY);
        assert_eq!(refused_at_once(new, 2, None), VersionSet::of(&[Version::Ssl3]));
        assert_eq!(refused_at_once(Release::new(3, 1, 0), 2, None), OLD);
    }

    #[test]
    fn lists_of_tls_1_3_suites() {
        let bits = |release, list| -> Vec<(u32, bool)> {
            suites_of_tls1_3(release, list).iter().map(|suite| (suite.bits, suite.is_common)).collect()
        };
        let release = Release::new(3, 0, 0);
        assert_eq!(bits(release, None), [(256, true), (256, true), (128, true)]);
        assert_eq!(bits(release, Some("")), []);
        assert_eq!(bits(release, Some("TLS_AES_128_CCM_SHA256:x")), [(128, false)]);
        assert_eq!(bits(Release::new(1, 1, 0), None), []);
        assert!(!allows_tls1_3(4, 128));
    }
}
