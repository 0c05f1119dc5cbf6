//! Version numbers of software: `1.22.1`, `2.4.41`, `3.0.22`, `1.0.2k`.

use std::fmt;

/// A version number: up to three numbers and, for old OpenSSL, a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// The numbers; missing ones are 0.
    pub numbers: [u32; 3],
    /// The letter as its place in the alphabet (`a` is 1); 0: none. After `z` OpenSSL goes on with `za`.
    pub letter: u8,
}

impl Release {
    /// A version of three numbers.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Release {
        Release { numbers: [major, minor, patch], letter: 0 }
    }

    /// The version at the beginning of a text; what follows it (`-1~deb12u1`, ` (Ubuntu)`) is ignored.
    pub fn parse(text: &str) -> Option<Release> {
        let mut numbers = [0; 3];
        let mut rest = text.trim_start();
        for (i, number) in numbers.iter_mut().enumerate() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                if i < 2 {
                    return None;
                }
                break;
            }
            *number = rest[..digits].parse().ok()?;
            rest = &rest[digits..];
            match rest.strip_prefix('.') {
                Some(next) if i < 2 => rest = next,
                _ if i == 0 => return None,
                _ => break,
            }
        }
        let letters = rest.bytes().take_while(u8::is_ascii_lowercase);
        let letter = letters.map(|b| b - b'a' + 1).fold(0_u8, u8::saturating_add);
        Some(Release { numbers, letter })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        match self.letter {
            0 => Ok(()),
            letter @ 1..=26 => write!(f, "{}", char::from(b'a' + letter - 1)),
            letter => write!(f, "z{}", char::from(b'a' + (letter - 27).min(25))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_stands_at_the_beginning() {
        assert_eq!(Release::parse("1.22.1-9+deb12u11"), Some(Release::new(1, 22, 1)));
        assert_eq!(Release::parse("2.4"), Some(Release::new(2, 4, 0)));
        assert_eq!(Release::parse("3.0.22 25 Aug 2026"), Some(Release::new(3, 0, 22)));
        assert_eq!(Release::parse("1.0.2k-fips").map(|r| r.to_string()), Some("1.0.2k".into()));
        assert_eq!(Release::parse("1.0.2zg").map(|r| r.to_string()), Some("1.0.2zg".into()));
        assert_eq!(Release::parse("x"), None);
        assert_eq!(Release::parse("7"), None);
        assert!(Release::parse("1.1.1w") > Release::parse("1.1.1"));
        assert!(Release::parse("1.0.1g") > Release::parse("1.0.1f"));
    }
}
