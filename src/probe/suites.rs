//! Cipher suites: their numbers, their names, and which of them a hello offers.

use crate::tls::Version;
use std::sync::LazyLock;

/// A cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its number.
    pub id: u16,
    /// Its registered name: `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`.
    pub name: &'static str,
    /// OpenSSL's name: `ECDHE-RSA-AES128-GCM-SHA256`.
    pub openssl: Option<&'static str>,
}

/// Signals that the client can renegotiate safely (RFC 5746). Some servers refuse a hello without it.
pub(super) const RENEGOTIATION: u16 = 0x00ff;

impl Suite {
    /// All suites, by their number.
    pub fn all() -> &'static [Suite] {
        static ALL: LazyLock<Vec<Suite>> =
            LazyLock::new(|| include_str!("suites.txt").lines().filter_map(Suite::parse).collect());
        &ALL
    }

    /// The suite of that number.
    pub fn of(id: u16) -> Option<&'static Suite> {
        let all = Suite::all();
        all.binary_search_by_key(&id, |suite| suite.id).ok().map(|at| &all[at])
    }

    /// The suite's name, or its number where it has none.
    pub fn name_of(id: u16) -> String {
        Suite::of(id).map_or_else(|| format!("0x{id:04X}"), |suite| suite.name.to_owned())
    }

    fn parse(line: &'static str) -> Option<Suite> {
        let (number, names) = line.split_once(' ')?;
        let (name, openssl) = names.split_once(' ')?;
        let id = u16::from_str_radix(number, 16).ok()?;
        Some(Suite { id, name, openssl: Some(openssl).filter(|name| *name != "-") })
    }

    /// Is it for TLS 1.3 and nothing else?
    fn is_tls1_3(self) -> bool {
        !self.name.contains("_WITH_") || (0xc103..=0xc106).contains(&self.id)
    }

    /// Can versions before TLS 1.2 use it?
    fn is_old(self) -> bool {
        let newer = ["SHA256", "SHA384", "GCM", "CCM", "POLY1305", "GOSTR341112"];
        !self.is_tls1_3() && newer.iter().all(|part| !self.name.contains(part))
    }

    fn is_of_kerberos(self) -> bool {
        self.name.contains("KRB5")
    }

    fn is_common(self) -> bool {
        let (exchange, cipher) = self.halves();
        ["RSA", "DHE_RSA", "ECDHE_RSA", "ECDHE_ECDSA"].contains(&exchange)
            && ["AES", "3DES", "RC4", "CAMELLIA", "CHACHA", "ARIA"].iter().any(|common| cipher.starts_with(common))
    }

    /// The key exchange and the rest of the name: `TLS_` RSA `_WITH_` AES_128_CBC_SHA.
    pub(super) fn halves(self) -> (&'static str, &'static str) {
        const WITH: &[u8; 6] = b"_WITH_";
        let name = self.name.strip_prefix("OLD_").unwrap_or(self.name);
        let name = name.strip_prefix("TLS_").or_else(|| name.strip_prefix("SSL_")).unwrap_or(name);
        // Not `split_once`: what it prepares for a long search takes longer than this short one, and every probe
        // begins with all names.
        match name.as_bytes().windows(WITH.len()).position(|piece| piece == WITH) {
            Some(at) => (&name[..at], &name[at + WITH.len()..]),
            None => ("", name),
        }
    }
}

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
pub fn offered(version: Version) -> Vec<u16> {
    portions(version).iter().flat_map(|portion| portion.iter().copied()).collect()
}

// It has kinds of cipher of its own, and its hello offers them all.
static SSL2: [Portion; 1] = [LazyLock::new(Vec::new)];
// Kerberos was never common, and what remains has room in one hello.
static OLD: [Portion; 2] = [
    LazyLock::new(|| ranked(|suite| !suite.is_of_kerberos() && suite.is_old())),
    LazyLock::new(|| ranked(|suite| suite.is_of_kerberos() && suite.is_old())),
];
static TLS1_2: [Portion; 2] = [
    LazyLock::new(|| ranked(Suite::is_common)),
    LazyLock::new(|| ranked(|suite| !suite.is_common() && !suite.is_tls1_3())),
];
static TLS1_3: [Portion; 1] = [LazyLock::new(|| ranked(Suite::is_tls1_3))];

/// The suites that `keep` names, best first.
fn ranked(keep: impl Fn(Suite) -> bool) -> Vec<u16> {
    let mut suites: Vec<&Suite> = Suite::all().iter().filter(|suite| keep(**suite)).collect();
    suites.sort_by_cached_key(|suite| std::cmp::Reverse(super::strength::rank(suite)));
    suites.iter().map(|suite| suite.id).collect()
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
    fn every_line_of_the_table_is_a_suite_and_they_are_sorted() {
        let lines = include_str!("suites.txt").lines().filter(|line| !line.starts_with('#'));
        for line in lines.clone() {
            assert!(Suite::parse(line).is_some(), "{line}");
        }
        assert_eq!(lines.count(), 365);
        assert!(Suite::all().is_sorted_by(|a, b| a.id < b.id), "each number once, in order");
        let names: BTreeSet<&str> = Suite::all().iter().map(|suite| suite.name).collect();
        assert_eq!(names.len(), 365, "each name once");
    }

    #[test]
    fn the_names_are_those_of_the_other_table() {
        for known in crate::openssl::Suite::all() {
            let suite = Suite::all().iter().find(|suite| suite.name == known.standard);
            assert_eq!(suite.and_then(|s| s.openssl), Some(known.name), "{}", known.standard);
        }
    }

    #[test]
    fn every_suite_is_offered_once_by_its_version_and_no_first_portion_is_too_long() {
        let mut offered = BTreeSet::new();
        for version in [Version::Tls1_2, Version::Tls1_3] {
            for id in super::offered(version) {
                assert!(offered.insert(id), "0x{id:04X} twice");
            }
        }
        assert_eq!(offered.len(), Suite::all().len());
        for version in Version::ALL {
            let portions = portions(version);
            assert!(portions[0].len() <= 128, "{version}: {}", portions[0].len());
            let all = super::offered(version);
            assert!(few(version).iter().all(|id| portions[0].contains(id)), "{version}");
            assert!(few(version).len() <= 16);
            assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{version}");
        }
    }
}
