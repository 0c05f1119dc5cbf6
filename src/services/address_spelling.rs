//! Addresses in the spellings that the C library reads (`getaddrinfo`, which takes those of `inet_aton`).
//!
//! `0`, `127.1`, `0x7f000001` and `0177.0.0.1` are addresses of IPv4: one to four numbers, decimal, octal (a leading
//! zero) or hexadecimal, of which the last one fills what is left of the 32 bits.

use std::net::{IpAddr, Ipv4Addr};

/// The address that a text is, in any spelling; `None`: it is a name, or nothing.
///
/// IPv6 is read as it is usually written, without brackets and zone. An IPv4-mapped address stays one of IPv6.
pub fn ip(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse().ok();
    }
    ipv4(text).map(IpAddr::V4)
}

/// The address of IPv4 that a text is, in any spelling.
pub fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = text.split('.').collect();
    let (last, before) = parts.split_last()?;
    if before.len() > 3 {
        return None;
    }
    let mut address: u64 = 0;
    for part in before {
        address = (address << 8) | number(part).filter(|number| *number <= 0xff)?;
    }
    let bits = 8 * (4 - before.len());
    let rest = number(last).filter(|number| *number < 1 << bits)?;
    Some(Ipv4Addr::from(((address << bits) | rest) as u32))
}

/// A number as C writes it: `10`, `012`, `0xa`.
fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    // `from_str_radix` would take a sign.
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spellings_of_inet_aton() {
        for (text, expected) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("127.0.1", "127.0.0.1"),
            ("127.16777215", "127.255.255.255"),
            ("10.1.258", "10.1.1.2"),
            ("0x7f000001", "127.0.0.1"),
            ("0X7F000001", "127.0.0.1"),
            ("0x7f.1", "127.0.0.1"),
            ("0177.0.0.1", "127.0.0.1"),
            ("127.000.000.001", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0", "0.0.0.0"),
            ("0x0", "0.0.0.0"),
            ("000.000.000.000", "0.0.0.0"),
            ("4294967295", "255.255.255.255"),
        ] {
            assert_eq!(ipv4(text), expected.parse().ok(), "{text}");
        }
    }

    #[test]
    fn what_is_none() {
        for text in [
            "",
            ".",
            "127.0.0.08",
            "256.0.0.1",
            "1.256.0.1",
            "127.16777216",
            "4294967296",
            "127.0.0.1.",
            "1.2.3.4.5",
            "127..1",
            "-1",
            "+127.1",
            "0x",
            "0x+1",
            "localhost",
            "1e3",
            "127.0.0.1 ",
        ] {
            assert_eq!(ipv4(text), None, "{text}");
        }
    }

    #[test]
    fn ipv6_beside_it() {
        assert_eq!(ip("::1"), "::1".parse().ok());
        assert_eq!(ip("0000::0001"), "::1".parse().ok());
        assert_eq!(ip("::ffff:127.0.0.1"), "::ffff:7f00:1".parse().ok());
        assert_eq!(ip("::ffff:127.1"), None);
        assert_eq!(ip("127.1"), "127.0.0.1".parse().ok());
    }
}
