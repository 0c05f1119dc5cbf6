//! Suite B (RFC 6460): cipher strings that say more than which suites there are.
//!
//! `check_suiteb_cipher_list` in OpenSSL looks at the beginning of a list only, and what it finds stays for lists that
//! follow. It rules out what is older than TLS 1.2, and it asks of certificates a key on one of its curves and a
//! signature of the same strength, up to the root (`tls1_suiteb`, `X509_chain_check_suiteb`).

use super::keys::Keys;

/// The strings and the keys that they leave. The longer one first, where one begins like another.
const MODES: [(&str, Keys); 4] = [
    ("SUITEB128ONLY", Keys::P256),
    ("SUITEB128C2", Keys::P256.union(Keys::P384)),
    ("SUITEB128", Keys::P256.union(Keys::P384)),
    ("SUITEB192", Keys::P384),
];

/// The keys that a list leaves if it asks for Suite B.
pub(super) fn keys(list: &str) -> Option<Keys> {
    MODES.iter().find(|(name, _)| list.starts_with(name)).map(|(_, keys)| *keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_list_counts() {
        assert_eq!(keys("SUITEB128ONLY"), Some(Keys::P256));
        assert_eq!(keys("SUITEB128:HIGH"), Some(Keys::P256.union(Keys::P384)));
        assert_eq!(keys("SUITEB192"), Some(Keys::P384));
        for other in ["HIGH:SUITEB128", " SUITEB128", "suiteb128", "SUITEB", ""] {
            assert_eq!(keys(other), None, "{other}");
        }
    }
}
