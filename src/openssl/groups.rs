//! Lists of groups for the key exchange: `ssl_ecdh_curve`, and the commands `Groups` and `Curves`
//! (`tls1_set_groups_list` in OpenSSL).

use super::cipher_list::Refused;
use super::security::bits_of;
use crate::release::Release;

/// What a list of groups lets a server do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Groups {
    /// a group that every client has, for all versions
    pub(crate) common: bool,
    /// one of finite fields, which TLS 1.3 alone has
    pub(crate) finite: bool,
    /// one for versions before TLS 1.3 that few clients have
    pub(crate) rare: bool,
    /// one for TLS 1.3 that only new clients have
    pub(crate) new: bool,
}

#[derive(Clone, Copy)]
enum GroupKind {
    Common,
    Finite,
    Rare,
    New,
}

/// Names of groups, each with its strength in bits, as `nid_list` and `TLS_GROUP_ENTRY` in OpenSSL have them.
const COMMON: &[(&str, u32)] = &[
    ("P-256", 128),
    ("prime256v1", 128),
    ("secp256r1", 128),
    ("P-384", 192),
    ("secp384r1", 192),
    ("P-521", 256),
    ("secp521r1", 256),
    ("X25519", 128),
    ("x25519", 128),
    ("X448", 224),
    ("x448", 224),
];
const FINITE: &[(&str, u32)] =
    &[("ffdhe2048", 112), ("ffdhe3072", 128), ("ffdhe4096", 128), ("ffdhe6144", 128), ("ffdhe8192", 192)];
const RARE: &[(&str, u32)] = &[
    ("sect163k1", 80),
    ("K-163", 80),
    ("sect163r1", 80),
    ("sect163r2", 80),
    ("B-163", 80),
    ("sect193r1", 80),
    ("sect193r2", 80),
    ("sect233k1", 112),
    ("K-233", 112),
    ("sect233r1", 112),
    ("B-233", 112),
    ("sect239k1", 112),
    ("sect283k1", 128),
    ("K-283", 128),
    ("sect283r1", 128),
    ("B-283", 128),
    ("sect409k1", 192),
    ("K-409", 192),
    ("sect409r1", 192),
    ("B-409", 192),
    ("sect571k1", 256),
    ("K-571", 256),
    ("sect571r1", 256),
    ("B-571", 256),
    ("secp160k1", 80),
    ("secp160r1", 80),
    ("secp160r2", 80),
    ("secp192k1", 80),
    ("secp192r1", 80),
    ("prime192v1", 80),
    ("P-192", 80),
    ("secp224k1", 112),
    ("secp224r1", 112),
    ("P-224", 112),
    ("secp256k1", 128),
    ("brainpoolP256r1", 128),
    ("brainpoolP384r1", 192),
    ("brainpoolP512r1", 256),
];
const NEW: &[(&str, u32)] = &[
    ("MLKEM512", 128),
    ("MLKEM768", 192),
    ("MLKEM1024", 256),
    ("X25519MLKEM768", 192),
    ("SecP256r1MLKEM768", 192),
    ("SecP384r1MLKEM1024", 256),
    ("brainpoolP256r1tls13", 128),
    ("brainpoolP384r1tls13", 192),
    ("brainpoolP512r1tls13", 256),
];

/// From this version on a list may have marks (`?`, `*`, `-`, `/`) and words such as `DEFAULT`.
const MARKS: Release = Release::new(3, 3, 0);

/// The first of the new groups, and the last.
const FIRST_NEW: Release = Release::new(3, 2, 0);
const SINCE_NEW: Release = Release::new(3, 5, 0);

/// What a list comes to at a security level. `foreign`: other providers may add groups of their own.
pub(crate) fn parse(list: &str, level: u8, release: Release, foreign: bool) -> Result<Groups, Refused> {
    let marks = release >= MARKS;
    let mut groups = Groups::default();
    let mut seen: Vec<&str> = Vec::new();
    let words = list.split(|c| c == ':' || marks && c == '/');
    for word in words {
        let name = if marks { word.trim_start_matches(['?', '*']) } else { word };
        let found = classify_group(name, marks);
        // The level refuses weak ones (`tls_group_allowed`), which counts from 1.1.0 on.
        let is_allowed = found.is_some_and(|(_, bits)| bits >= bits_of(level));
        match found.map(|(kind, _)| kind) {
            Some(GroupKind::Common) => groups.common |= is_allowed,
            Some(GroupKind::Finite) => groups.finite |= is_allowed,
            Some(GroupKind::Rare) => groups.rare |= is_allowed,
            None | Some(GroupKind::New) if release < FIRST_NEW && !foreign && release >= Release::new(1, 1, 1) => {
                return Err(Refused::Invalid(format!("there is no group \"{name}\"")));
            }
            Some(GroupKind::New) if release < SINCE_NEW => return Err(Refused::Unknown),
            Some(GroupKind::New) => groups.new |= is_allowed,
            None if marks || foreign || release < Release::new(1, 1, 1) || list.contains('$') => {
                return Err(Refused::Unknown);
            }
            None => return Err(Refused::Invalid(format!("there is no group \"{name}\""))),
        }
        if seen.contains(&name) && !marks {
            return Err(Refused::Invalid(format!("the group \"{name}\" is there twice")));
        }
        seen.push(name);
    }
    Ok(groups)
}

/// The kind of a group and its strength in bits.
fn classify_group(name: &str, any_case: bool) -> Option<(GroupKind, u32)> {
    let is = |known: &str| known == name || any_case && known.eq_ignore_ascii_case(name);
    let of = |(names, kind): (&[(&str, u32)], GroupKind)| {
        names.iter().find(|(known, _)| is(known)).map(|(_, bits)| (kind, *bits))
    };
    [(COMMON, GroupKind::Common), (FINITE, GroupKind::Finite), (RARE, GroupKind::Rare), (NEW, GroupKind::New)]
        .into_iter()
        .find_map(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_groups() {
        let at = |list, release: &str| parse(list, 2, Release::parse(release).expect("a version"), false);
        let old = |list| at(list, "3.0.22");
        let none = Groups::default();
        assert_eq!(old("X25519:prime256v1"), Ok(Groups { common: true, ..none }));
        assert_eq!(old("secp256k1:P-256"), Ok(Groups { common: true, rare: true, ..none }));
        assert_eq!(old("prime192v1:X25519"), Ok(Groups { common: true, ..none }), "the level has no use for the first");
        let strict = |list| parse(list, 4, Release::new(3, 0, 22), false);
        assert_eq!([strict("X25519:P-256"), strict("P-384")], [Ok(none), Ok(Groups { common: true, ..none })]);
        assert_eq!(old("ffdhe2048"), Ok(Groups { finite: true, ..none }));
        for bad in ["bogus", "X25519:bogus", "", "X25519:", "p-256", "X25519,P-256", "X25519:X25519"] {
            assert!(matches!(old(bad), Err(Refused::Invalid(_))), "{bad}");
        }
        assert_eq!(at("?X25519MLKEM768:*X25519/secp256r1", "3.5.4"), Ok(Groups { common: true, new: true, ..none }));
        assert_eq!(at("bogus", "3.5.4"), Err(Refused::Unknown));
        assert_eq!(parse("x25519_kyber768", 2, Release::new(3, 0, 0), true), Err(Refused::Unknown));
    }
}
