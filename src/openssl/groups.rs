//! Lists of groups for the key exchange: `ssl_ecdh_curve`, and the commands `Groups` and `Curves`
//! (`tls1_set_groups_list` in OpenSSL).

use super::cipher_list::Refused;
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
enum Kind {
    Common,
    Finite,
    Rare,
    New,
}

const COMMON: &[&str] = &[
    "P-256",
    "prime256v1",
    "secp256r1",
    "P-384",
    "secp384r1",
    "P-521",
    "secp521r1",
    "X25519",
    "x25519",
    "X448",
    "x448",
];
const FINITE: &[&str] = &["ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192"];
const RARE: &[&str] = &[
    "sect163k1",
    "K-163",
    "sect163r1",
    "sect163r2",
    "B-163",
    "sect193r1",
    "sect193r2",
    "sect233k1",
    "K-233",
    "sect233r1",
    "B-233",
    "sect239k1",
    "sect283k1",
    "K-283",
    "sect283r1",
    "B-283",
    "sect409k1",
    "K-409",
    "sect409r1",
    "B-409",
    "sect571k1",
    "K-571",
    "sect571r1",
    "B-571",
    "secp160k1",
    "secp160r1",
    "secp160r2",
    "secp192k1",
    "secp192r1",
    "prime192v1",
    "P-192",
    "secp224k1",
    "secp224r1",
    "P-224",
    "secp256k1",
    "brainpoolP256r1",
    "brainpoolP384r1",
    "brainpoolP512r1",
];
const NEW: &[&str] = &[
    "MLKEM512",
    "MLKEM768",
    "MLKEM1024",
    "X25519MLKEM768",
    "SecP256r1MLKEM768",
    "SecP384r1MLKEM1024",
    "brainpoolP256r1tls13",
    "brainpoolP384r1tls13",
    "brainpoolP512r1tls13",
];

/// From this version on a list may have marks (`?`, `*`, `-`, `/`) and words such as `DEFAULT`.
const MARKS: Release = Release::new(3, 3, 0);

/// The first of the new groups, and the last.
const FIRST_NEW: Release = Release::new(3, 2, 0);
const SINCE_NEW: Release = Release::new(3, 5, 0);

/// What a list comes to. `foreign`: other providers may add groups of their own.
pub(crate) fn parse(list: &str, release: Release, foreign: bool) -> Result<Groups, Refused> {
    let marks = release >= MARKS;
    let mut groups = Groups::default();
    let mut seen: Vec<&str> = Vec::new();
    let words = list.split(|c| c == ':' || marks && c == '/');
    for word in words {
        let name = if marks { word.trim_start_matches(['?', '*']) } else { word };
        match kind(name, marks) {
            Some(Kind::Common) => groups.common = true,
            Some(Kind::Finite) => groups.finite = true,
            Some(Kind::Rare) => groups.rare = true,
            None | Some(Kind::New) if release < FIRST_NEW && !foreign && release >= Release::new(1, 1, 1) => {
                return Err(Refused::Invalid(format!("there is no group \"{name}\"")));
            }
            Some(Kind::New) if release < SINCE_NEW => return Err(Refused::Unknown),
            Some(Kind::New) => groups.new = true,
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

fn kind(name: &str, any_case: bool) -> Option<Kind> {
    let is = |known: &str| known == name || any_case && known.eq_ignore_ascii_case(name);
    [(COMMON, Kind::Common), (FINITE, Kind::Finite), (RARE, Kind::Rare), (NEW, Kind::New)]
        .into_iter()
        .find(|(names, _)| names.iter().any(|known| is(known)))
        .map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_groups() {
        let at = |list, release: &str| parse(list, Release::parse(release).expect("a version"), false);
        let old = |list| at(list, "3.0.22");
        let none = Groups::default();
        assert_eq!(old("X25519:prime256v1"), Ok(Groups { common: true, ..none }));
        assert_eq!(old("secp256k1:P-256"), Ok(Groups { common: true, rare: true, ..none }));
        assert_eq!(old("ffdhe2048"), Ok(Groups { finite: true, ..none }));
        for bad in ["bogus", "X25519:bogus", "", "X25519:", "p-256", "X25519,P-256", "X25519:X25519"] {
            assert!(matches!(old(bad), Err(Refused::Invalid(_))), "{bad}");
        }
        assert_eq!(at("?X25519MLKEM768:*X25519/secp256r1", "3.5.4"), Ok(Groups { common: true, new: true, ..none }));
        assert_eq!(at("bogus", "3.5.4"), Err(Refused::Unknown));
        assert_eq!(parse("x25519_kyber768", Release::new(3, 0, 0), true), Err(Refused::Unknown));
    }
}
