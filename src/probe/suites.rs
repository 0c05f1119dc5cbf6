//! Cipher suites: their numbers and names, and what the names say.

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
    pub(super) fn is_tls1_3(self) -> bool {
        !self.name.contains("_WITH_") || (0xc103..=0xc106).contains(&self.id)
    }

    /// Can versions before TLS 1.2 use it?
    pub(super) fn is_old(self) -> bool {
        let newer = ["SHA256", "SHA384", "GCM", "CCM", "POLY1305", "GOSTR341112"];
        !self.is_tls1_3() && newer.iter().all(|part| !self.name.contains(part))
    }

    /// Is it one of TLS 1.2 that only its hash keeps from older versions? Some servers give it to those all the same
    /// (OpenSSL: CBC with a shared key, from TLS 1.0 on).
    pub(super) fn is_nearly_old(self) -> bool {
        let mac = ["CBC_SHA256", "CBC_SHA384", "NULL_SHA256", "NULL_SHA384"];
        mac.iter().any(|mac| self.name.ends_with(mac))
    }

    pub(super) fn is_of_kerberos(self) -> bool {
        self.name.contains("KRB5")
    }

    pub(super) fn is_common(self) -> bool {
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

/// Is it a suite with ChaCha20?
pub(super) fn is_chacha(id: u16) -> bool {
    Suite::of(id).is_some_and(|suite| suite.name.contains("CHACHA20"))
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
}
