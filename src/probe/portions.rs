//! Which suites a hello offers, and in which order.

use super::strength;
use super::suites::Suite;
use crate::tls::Version;
use std::sync::LazyLock;

/// Suites that one hello offers, put together when the first one asks.
pub type Portion = LazyLock<Vec<u16>>;

/// The suites that a version can use, in the portions in which they are offered: some servers break when a hello has
/// more than 128 of them. The first portion has all that servers of this century use; each begins with
/// what modern clients prefer.
pub fn portions(version: Version) -> &'static [Portion] {
    match version {
        Version::Ssl2 => &SSL2,
        Version::Ssl3 | Version::Tls1 | Version::Tls1_1 => &OLD,
        Version::Tls1_2 => &TLS1_2,
        Version::Tls1_3 => &TLS1_3,
    }
}

/// All suites that a version can use, in the order in which they are offered.
pub fn all(version: Version) -> Vec<u16> {
    portions(version).iter().flat_map(|portion| portion.iter().copied()).collect()
}

// It has kinds of cipher of its own, and its hello offers them all.
static SSL2: [Portion; 1] = [LazyLock::new(Vec::new)];
// Kerberos was never common, and what remains has room in one hello. So have those that are not meant for old versions.
static OLD: [Portion; 2] = [
    LazyLock::new(|| ranked(|suite| suite.is_old() && !suite.is_of_kerberos())),
    LazyLock::new(|| ranked(|suite| suite.is_old() && suite.is_of_kerberos() || suite.is_nearly_old())),
];
static TLS1_2: [Portion; 2] = [
    LazyLock::new(|| ranked(Suite::is_common)),
    LazyLock::new(|| ranked(|suite| !suite.is_common() && !suite.is_tls1_3())),
];
static TLS1_3: [Portion; 1] = [LazyLock::new(|| ranked(Suite::is_tls1_3))];

/// The suites that `keep` names, best first.
fn ranked(keep: impl Fn(Suite) -> bool) -> Vec<u16> {
    let mut suites: Vec<&Suite> = Suite::all().iter().filter(|suite| keep(**suite)).collect();
    suites.sort_by_cached_key(|suite| std::cmp::Reverse(strength::rank(suite)));
    suites.iter().map(|suite| suite.id).collect()
}

/// The suites in one hello for servers that break on large ones.
const SMALL: usize = 16;

/// A portion in parts for small hellos.
pub(super) fn in_small_hellos(portion: &[u16]) -> impl Iterator<Item = &[u16]> {
    portion.chunks(SMALL)
}

/// A few suites that nearly every server of that version has, for a small hello.
pub(super) fn few(version: Version) -> &'static [u16] {
    match version {
        Version::Ssl2 => &[],
        Version::Tls1_3 => &[0x1301, 0x1302, 0x1303],
        Version::Tls1_2 => &[
            0xc02f, 0xc030, 0xc02b, 0xc02c, 0xcca8, 0xcca9, 0x009e, 0x009f, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f,
            0x0035, 0x000a,
        ],
        _ => &[0xc013, 0xc014, 0xc009, 0xc00a, 0x0033, 0x0039, 0x002f, 0x0035, 0x000a, 0x0016, 0x0005, 0x0004],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_suite_is_offered_once_by_its_version_and_no_first_portion_is_too_long() {
        let mut offered = BTreeSet::new();
        for version in [Version::Tls1_2, Version::Tls1_3] {
            for id in super::all(version) {
                assert!(offered.insert(id), "0x{id:04X} twice");
            }
        }
        assert_eq!(offered.len(), Suite::all().len());
        for version in Version::ALL {
            let portions = portions(version);
            assert!(portions[0].len() <= 128, "{version}: {}", portions[0].len());
            let all = super::all(version);
            assert!(few(version).iter().all(|id| portions[0].contains(id)), "{version}");
            assert!(few(version).len() <= SMALL);
            assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{version}");
            // TLS_PSK_WITH_AES_128_CBC_SHA256, which OpenSSL gives all of them.
            let is_any = (Version::Ssl3..=Version::Tls1_2).contains(&version);
            assert_eq!(all.contains(&0x00ae), is_any, "{version}");
        }
    }
}
