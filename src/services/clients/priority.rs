//! Priority strings of GnuTLS, as far as they are about versions: `NORMAL:-VERS-ALL:+VERS-TLS1.2` (observed with 3.7.9).

use crate::tls::{Version, VersionSet};
use std::collections::BTreeMap;

/// What a priority string comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Priority {
    pub(super) versions: VersionSet,
    /// Does it take algorithms away, so that versions may lack one?
    pub(super) is_partial: bool,
}

/// More of them in one another than anybody has.
const DEEPEST: usize = 8;

/// A version, as GnuTLS names it; those of DTLS are none of ours. `None`: there is no such version.
pub(super) fn version(name: &str) -> Option<VersionSet> {
    Some(match name.to_ascii_uppercase().as_str() {
        "SSL3.0" | "DTLS0.9" | "DTLS1.0" | "DTLS1.2" => VersionSet::EMPTY,
        "TLS1.0" => VersionSet::of(&[Version::Tls1]),
        "TLS1.1" => VersionSet::of(&[Version::Tls1_1]),
        "TLS1.2" => VersionSet::of(&[Version::Tls1_2]),
        "TLS1.3" => VersionSet::of(&[Version::Tls1_3]),
        _ => return None,
    })
}

/// Reads a priority string; `None`: GnuTLS refuses it. `named` is what `@NAME` stands for.
pub(super) fn parse(text: &str, named: &BTreeMap<String, String>) -> Option<Priority> {
    parse_in(text, named, DEEPEST)
}

fn parse_in(text: &str, named: &BTreeMap<String, String>, depth: usize) -> Option<Priority> {
    let mut words = text.split(':');
    let first = words.next()?;
    let mut priority = Priority { versions: VersionSet::TLS, is_partial: false };
    match first.to_ascii_uppercase().as_str() {
        "NORMAL" | "PERFORMANCE" | "SECURE128" | "SECURE192" | "SECURE256" | "PFS" | "LEGACY" => {}
        "SUITEB128" | "SUITEB192" => priority.versions = VersionSet::of(&[Version::Tls1_2]),
        "NONE" => priority = Priority { versions: VersionSet::EMPTY, is_partial: true },
        _ => {
            let names = first.strip_prefix('@')?;
            let text = names.split(',').find_map(|name| named.get(name))?;
            priority = parse_in(text, named, depth.checked_sub(1)?)?;
        }
    }
    for word in words {
        if word.starts_with('%') {
            continue;
        }
        let is_added = word.starts_with('+');
        let name = word.strip_prefix(['+', '-', '!'])?.to_ascii_uppercase();
        let Some(version_name) = name.strip_prefix("VERS-") else {
            priority.is_partial |= !is_added;
            continue;
        };
        let versions = match version_name {
            "ALL" | "TLS-ALL" => VersionSet::TLS,
            "DTLS-ALL" => VersionSet::EMPTY,
            name => version(name)?,
        };
        let all = priority.versions;
        priority.versions = if is_added { all.union(versions) } else { all.minus(versions) };
    }
    Some(priority)
}

/// What GnuTLS offers of these versions: without TLS 1.2, an older one takes TLS 1.3 away.
pub(super) fn offered(versions: VersionSet) -> VersionSet {
    let has_old = versions.has(Version::Tls1) || versions.has(Version::Tls1_1);
    if has_old && !versions.has(Version::Tls1_2) { versions.without(Version::Tls1_3) } else { versions }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Version::{Tls1, Tls1_1, Tls1_2, Tls1_3};

    /// As `gnutls-cli --list --priority` of 3.7.9 shows them.
    #[test]
    fn versions_of_priority_strings() {
        let named = BTreeMap::from([("X".to_owned(), "NORMAL:-VERS-TLS1.0".to_owned())]);
        let of = |text: &str| parse(text, &named).map(|priority| offered(priority.versions));
        for (text, versions) in [
            ("NORMAL", VersionSet::TLS),
            ("normal", VersionSet::TLS),
            ("SECURE256:%COMPAT", VersionSet::TLS),
            ("SUITEB128", VersionSet::of(&[Tls1_2])),
            ("NORMAL:-VERS-TLS-ALL", VersionSet::EMPTY),
            ("NORMAL:-VERS-ALL:+VERS-TLS1.1", VersionSet::of(&[Tls1_1])),
            ("NORMAL:!VERS-TLS1.0", VersionSet::TLS.without(Tls1)),
            ("NORMAL:-vers-tls1.0", VersionSet::TLS.without(Tls1)),
            ("NORMAL:-VERS-SSL3.0", VersionSet::TLS),
            ("NORMAL:-VERS-TLS1.2", VersionSet::of(&[Tls1, Tls1_1])),
            ("NORMAL:-VERS-ALL:+VERS-TLS1.3", VersionSet::of(&[Tls1_3])),
            ("NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.1", VersionSet::of(&[Tls1_1])),
            ("NORMAL:-VERS-ALL:+VERS-TLS-ALL", VersionSet::TLS),
            ("@X", VersionSet::TLS.without(Tls1)),
            ("@NOPE,X", VersionSet::TLS.without(Tls1)),
            ("@X:-VERS-TLS1.1", VersionSet::MODERN),
        ] {
            assert_eq!(of(text), Some(versions), "{text}");
        }
        for wrong in ["NORMAL:bogus", "SYSTEM", "@SYSTEM", "NORMAL:-VERS-TLS1.0:", ""] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
