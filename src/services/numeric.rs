//! IPv4 addresses as the C library's `inet_aton` reads them, and so `getaddrinfo`: fewer than four numbers, hexadecimal
//! and octal ones.

use std::net::Ipv4Addr;

/// `127.0.0.1`, `127.1` (the last number fills what is left), `0x7f000001`, `0177.0.0.1`, `0`; `None`: it is the name of a
/// host.
pub fn parse_ipv4(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = text.split('.').collect();
    let (last, first) = parts.split_last().filter(|(_, first)| first.len() < 4)?;
    let mut address = 0_u32;
    for (at, part) in first.iter().enumerate() {
        let value = number(part).filter(|value| *value <= 0xff)?;
        address |= value << (24 - 8 * at);
    }
    let room = 32 - 8 * first.len() as u32;
    let value = number(last).filter(|value| u64::from(*value) < 1 << room)?;
    Some(Ipv4Addr::from_bits(address | value))
}

/// A number with C's marks of its base.
fn number(text: &str) -> Option<u32> {
    let (digits, base) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(base));
    u32::from_str_radix(digits, base).ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `getent ahostsv4` of glibc 2.36 says.
    #[test]
    fn all_spellings_of_an_address() {
        let read = |text: &str| parse_ipv4(text).map(|address| address.to_string());
        for (text, address) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("127.0.2", "127.0.0.2"),
            ("127.65535", "127.0.255.255"),
            ("2130706433", "127.0.0.1"),
            ("0x7f000001", "127.0.0.1"),
            ("0X7F.0.0.1", "127.0.0.1"),
            ("0177.1", "127.0.0.1"),
            ("0177.0.0.01", "127.0.0.1"),
            ("127.000.000.001", "127.0.0.1"),
            ("0", "0.0.0.0"),
            ("00", "0.0.0.0"),
            ("0x0", "0.0.0.0"),
            ("4294967295", "255.255.255.255"),
        ] {
            assert_eq!(read(text).as_deref(), Some(address), "{text}");
        }
        for name in [
            "",
            "08.0.0.1",
            "127.0.0.08",
            "127.0.0.256",
            "127.0.65536",
            "256.1",
            "4294967296",
            "0x",
            "0xg",
            "127..1",
            "127.",
            ".1",
            "1.2.3.4.5",
            "+1",
            "-1",
            "1 ",
            "localhost",
            "0x100000000",
        ] {
            assert_eq!(read(name), None, "{name}");
        }
    }
}
