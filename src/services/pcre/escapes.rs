//! What follows a backslash outside of classes.

use super::{Item, PatternReader};

/// Properties that every release knows.
const PROPERTIES: &[&str] = &[
    "Any",
    "C",
    "Cc",
    "Cf",
    "Cn",
    "Co",
    "Cs",
    "L",
    "L&",
    "Ll",
    "Lm",
    "Lo",
    "Lt",
    "Lu",
    "M",
    "Mc",
    "Me",
    "Mn",
    "N",
    "Nd",
    "Nl",
    "No",
    "P",
    "Pc",
    "Pd",
    "Pe",
    "Pf",
    "Pi",
    "Po",
    "Ps",
    "S",
    "Sc",
    "Sk",
    "Sm",
    "So",
    "Z",
    "Zl",
    "Zp",
    "Zs",
    "Xan",
    "Xsp",
    "Xps",
    "Xuc",
    "Xwd",
    "Arabic",
    "Armenian",
    "Common",
    "Cyrillic",
    "Devanagari",
    "Greek",
    "Han",
    "Hangul",
    "Hebrew",
    "Hiragana",
    "Inherited",
    "Katakana",
    "Latin",
    "Thai",
];

impl PatternReader<'_> {
    pub(super) fn read_escape(&mut self) {
        let Some(byte) = self.peek() else { return self.refuse("\\ at end of pattern") };
        self.at += 1;
        match byte {
            b'Q' => self.read_literal(),
            b'E' => {}
            b'b' | b'B' | b'A' | b'Z' | b'z' | b'G' => self.add(Item::Nothing),
            b'K' => {
                // Not in assertions since 10.38.
                if self.open.len() > 1 {
                    self.doubt();
                }
                self.add(Item::Nothing);
            }
            b'R' | b'X' => self.add(Item::Repeatable(None)),
            b'1'..=b'9' => {
                self.at -= 1;
                let number = self.read_number().unwrap_or_default();
                match number {
                    0..=9 => self.refer_by_number(None, number),
                    // A group, or a character in octal digits.
                    _ if number > self.captures => self.doubt(),
                    _ => {}
                }
                self.add(Item::Repeatable(None));
            }
            b'k' => match self.peek() {
                Some(open @ (b'<' | b'\'' | b'{')) => {
                    self.at += 1;
                    self.refer_by_name(match open {
                        b'<' => b'>',
                        b'{' => b'}',
                        _ => b'\'',
                    });
                }
                _ => self.refuse("\\k is not followed by a braced, angle-bracketed, or quoted name"),
            },
            b'g' => self.read_group_escape(),
            b'N' if self.peek() == Some(b'{') && !self.is_quantifier() => {
                self.refuse("PCRE does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u");
            }
            _ => {
                self.read_character(byte);
                self.add(Item::Repeatable(Some(1)));
            }
        }
    }

    /// `\Q...\E`
    fn read_literal(&mut self) {
        let rest = self.rest();
        let length = memchr::memmem::find(rest, b"\\E").unwrap_or(rest.len());
        let is_empty = length == 0;
        self.at = (self.at + length + 2).min(self.bytes.len());
        self.group().lengthen(u32::try_from(length).ok());
        if !is_empty {
            self.item = Item::Repeatable(Some(1));
        }
    }

    /// `\g{-1}`, `\g2`, `\g<name>`
    fn read_group_escape(&mut self) {
        let is_braced = self.skip(b"{");
        if self.skip(b"<") || self.skip(b"'") {
            // A subroutine, by name or by number.
            return self.doubt();
        }
        let sign = self.peek().filter(|byte| matches!(byte, b'-' | b'+'));
        self.at += usize::from(sign.is_some());
        match self.read_number() {
            Some(number) => {
                if is_braced && !self.skip(b"}") {
                    return self.refuse("\\g is not followed by a braced, angle-bracketed, or quoted name/number");
                }
                if sign == Some(b'+') {
                    self.doubt();
                }
                self.refer_by_number(sign, number);
                self.add(Item::Repeatable(None));
            }
            None if is_braced && sign.is_none() => self.refer_by_name(b'}'),
            None => self.refuse("\\g is not followed by a braced, angle-bracketed, or quoted name/number"),
        }
    }

    /// An escape for a character or a kind of characters, whose letter has been read.
    pub(super) fn read_character(&mut self, letter: u8) {
        match letter {
            b'L' | b'l' | b'U' | b'u' => self.refuse("PCRE does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u"),
            b'F' => self.refuse_by_new("PCRE does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u"),
            b'c' => match self.peek() {
                None => self.refuse("\\c at end of pattern"),
                Some(next) if !next.is_ascii() => self.refuse("\\c must be followed by a printable ASCII character"),
                Some(next) if !next.is_ascii_graphic() && next != b' ' => self.doubt(),
                Some(_) => self.at += 1,
            },
            b'x' => self.read_hexadecimal(),
            b'o' => self.read_octal(),
            b'0' => {
                let digits = self.rest().iter().take(2).take_while(|byte| (b'0'..=b'7').contains(*byte)).count();
                self.at += digits;
            }
            b'p' | b'P' => self.read_property(),
            b'a' | b'e' | b'f' | b'n' | b'r' | b't' => {}
            b'd' | b'D' | b'w' | b'W' | b's' | b'S' | b'h' | b'H' | b'v' | b'V' | b'C' | b'N' => {}
            _ if letter.is_ascii_alphabetic() => self.refuse_by_new("unrecognized character follows \\"),
            _ => {}
        }
    }

    fn read_hexadecimal(&mut self) {
        if !self.skip(b"{") {
            let digits = self.rest().iter().take(2).take_while(|byte| byte.is_ascii_hexdigit()).count();
            self.at += digits;
            return;
        }
        let body: Vec<u8> = self.rest().iter().copied().take_while(u8::is_ascii_hexdigit).collect();
        if body.is_empty() || self.rest().get(body.len()) != Some(&b'}') {
            // PCRE1 takes some of that.
            return self.doubt();
        }
        self.at += body.len() + 1;
        if body.iter().skip_while(|byte| **byte == b'0').count() > 2 {
            self.refuse("character code point value in \\x{} or \\o{} is too large");
        }
    }

    fn read_octal(&mut self) {
        if !self.skip(b"{") {
            return self.refuse("missing opening brace after \\o");
        }
        let is_octal = |byte: &u8| (b'0'..=b'7').contains(byte);
        let body: Vec<u8> = self.rest().iter().copied().take_while(is_octal).collect();
        if body.is_empty() || self.rest().get(body.len()) != Some(&b'}') {
            return self.doubt();
        }
        self.at += body.len() + 1;
        let value = body.iter().fold(0_u32, |all, digit| all.saturating_mul(8).saturating_add(u32::from(digit - b'0')));
        if value > 255 {
            self.refuse("character code point value in \\x{} or \\o{} is too large");
        }
    }

    fn read_property(&mut self) {
        let name: Vec<u8> = match self.peek() {
            Some(b'{') => {
                let rest = &self.rest()[1..];
                let Some(end) = rest.iter().position(|byte| *byte == b'}') else {
                    return self.refuse("malformed \\P or \\p sequence");
                };
                let name = rest[..end].to_vec();
                self.at += end + 2;
                name
            }
            Some(letter) => {
                self.at += 1;
                vec![letter]
            }
            None => return self.refuse("malformed \\P or \\p sequence"),
        };
        let name = name.strip_prefix(b"^").unwrap_or(&name);
        if !PROPERTIES.iter().any(|known| known.as_bytes() == name) {
            self.doubt();
        }
    }
}
