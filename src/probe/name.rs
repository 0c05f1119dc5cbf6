//! Names that may stand in a hello: never an IP address (RFC 6066), which alone makes some servers refuse.

use std::fmt;
use std::net::IpAddr;

/// The longest name that DNS has.
const LONGEST: usize = 253;

/// A DNS name for server name indication: ASCII, without a trailing dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Checks a name; the error says what is wrong with it, as a lowercase fragment.
    pub fn parse(text: &str) -> Result<Name, String> {
        if text.is_empty() {
            return Err("the name is empty".to_owned());
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() {
            return Err(format!("\"{text}\" is an address; a server name can't be one"));
        }
        let fits = |label: &str| {
            let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            // An underscore is no part of a host's name either, but servers go by such names; nobody has one that
            // begins or ends with a hyphen.
            let hyphen = label.starts_with('-') || label.ends_with('-');
            !label.is_empty() && label.len() <= 63 && !hyphen && label.bytes().all(known)
        };
        if !name.is_ascii() {
            return Err(format!("\"{text}\" is not ASCII: write it as it is in DNS (xn--...)"));
        }
        if name.is_empty() || name.len() > LONGEST || !name.split('.').all(fits) {
            return Err(format!(
                "\"{text}\" is not a server name, such as www.example: labels of letters, digits, hyphens (inside) and \
                 underscores, with a dot between them"
            ));
        }
        Ok(Name(name.to_owned()))
    }

    /// May a whole handshake be made for it? The TLS library takes no name that ends in a number, since that looks like
    /// an address; a hello of our own may have it.
    pub fn is_for_clients(&self) -> bool {
        let last = self.0.rsplit('.').next().unwrap_or_default();
        !last.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_what_is_none() {
        assert_eq!(Name::parse("www.example.").map(|n| n.to_string()), Ok("www.example".to_owned()));
        assert!(Name::parse("a_b-c.example").is_ok());
        for wrong in ["", ".", "192.0.2.1", "::1", "[::1]", "a..b", "*.example", "a b", "\u{e4}.example", "~^www"] {
            assert!(Name::parse(wrong).is_err(), "{wrong}");
        }
        for wrong in ["-", "-a.test", "a-.test", "a.-", "a.--"] {
            assert!(Name::parse(wrong).unwrap_err().contains("such as www.example"), "{wrong}");
        }
        for (right, client) in
            [("_a.test", true), ("a--b.test", true), ("a_.test", true), ("a.1", false), ("a.1b", true)]
        {
            assert_eq!(Name::parse(right).map(|name| name.is_for_clients()), Ok(client), "{right}");
            // The library takes what is said to be for clients, and nothing else.
            assert_eq!(rustls::pki_types::ServerName::try_from(right).is_ok(), client, "{right}");
        }
        assert!(Name::parse(&"a.".repeat(128)).is_err());
        assert!(Name::parse(&"a".repeat(64)).is_err());
    }
}
