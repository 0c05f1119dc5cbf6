//! What is in brackets.

use super::{Item, PatternReader};

const POSIX: &[&str] = &[
    "alpha", "lower", "upper", "alnum", "ascii", "blank", "cntrl", "digit", "graph", "print", "punct", "space", "word",
    "xdigit",
];

/// What stands in a class.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Member {
    /// A character; `None`: one that is not worked out here.
    Character(Option<u8>),
    /// Several characters.
    Kind,
    /// Nothing.
    Nothing,
}

impl PatternReader<'_> {
    /// A class, whose bracket has been read.
    pub(super) fn read_class(&mut self) {
        if let Some(mark @ (b':' | b'.' | b'=')) = self.peek()
            && self.posix_length(mark).is_some()
        {
            return self.refuse("POSIX named classes are supported only within a class");
        }
        // The boundaries of words.
        if self.skip(b"[:<:]]") || self.skip(b"[:>:]]") {
            return self.add(Item::Nothing);
        }
        self.skip(b"^");
        let start = self.at;
        // The character before a hyphen.
        let mut before = Member::Nothing;
        loop {
            let Some(byte) = self.peek() else { return self.refuse("missing terminating ] for character class") };
            self.at += 1;
            if byte == b']' && self.at > start + 1 {
                break;
            }
            if self.judgement.refused.is_some() {
                return;
            }
            if byte == b'-' && before != Member::Nothing && self.peek().is_some_and(|next| next != b']') {
                let end = self.read_end_of_range();
                self.check_range(before, end);
                before = Member::Nothing;
                continue;
            }
            before = self.read_member(byte);
        }
        self.add(Item::Repeatable(Some(1)));
    }

    fn read_end_of_range(&mut self) -> Member {
        let Some(byte) = self.peek() else { return Member::Nothing };
        self.at += 1;
        self.read_member(byte)
    }

    fn check_range(&mut self, first: Member, last: Member) {
        match (first, last) {
            (Member::Character(Some(first)), Member::Character(Some(last))) if first > last => {
                self.refuse("range out of order in character class");
            }
            (Member::Character(Some(_)), Member::Character(Some(_))) => {}
            (Member::Kind, _) | (_, Member::Kind) => self.refuse_by_new("invalid range in character class"),
            _ => self.doubt(),
        }
    }

    /// The length of `:name:]` and its like, if it is one.
    fn posix_length(&self, mark: u8) -> Option<usize> {
        let rest = &self.rest()[1..];
        let end = rest.iter().position(|byte| matches!(byte, b']' | b'\\' | b'[') || *byte == mark)?;
        let is_closed = rest[end] == mark && rest.get(end + 1) == Some(&b']');
        (is_closed).then_some(end + 3)
    }

    fn read_member(&mut self, byte: u8) -> Member {
        match byte {
            b'[' => match self.peek() {
                Some(mark @ (b':' | b'.' | b'=')) if self.posix_length(mark).is_some() => {
                    let length = self.posix_length(mark).unwrap_or_default();
                    let name = self.rest()[1..length - 2].to_vec();
                    self.at += length;
                    let name = name.strip_prefix(b"^").unwrap_or(&name);
                    if mark != b':' {
                        self.refuse("POSIX collating elements are not supported");
                    } else if !POSIX.iter().any(|known| known.as_bytes() == name) {
                        self.refuse("unknown POSIX class name");
                    }
                    Member::Kind
                }
                _ => Member::Character(Some(byte)),
            },
            b'\\' => self.read_class_escape(),
            _ => Member::Character(Some(byte)),
        }
    }

    fn read_class_escape(&mut self) -> Member {
        let Some(letter) = self.peek() else {
            self.refuse("\\ at end of pattern");
            return Member::Nothing;
        };
        self.at += 1;
        match letter {
            b'Q' | b'E' => {
                // What is between them is literal, up to a bracket.
                self.doubt();
                Member::Character(None)
            }
            b'N' => {
                self.refuse("\\N is not supported in a class");
                Member::Nothing
            }
            b'B' | b'R' | b'X' | b'A' | b'Z' | b'z' | b'G' | b'K' | b'C' => {
                self.refuse_by_new("escape sequence is invalid in character class");
                Member::Character(None)
            }
            b'g' | b'k' => {
                self.doubt();
                Member::Character(None)
            }
            b'd' | b'D' | b'w' | b'W' | b's' | b'S' | b'h' | b'H' | b'v' | b'V' => Member::Kind,
            b'p' | b'P' => {
                self.read_character(letter);
                Member::Kind
            }
            b'a' => Member::Character(Some(7)),
            b'b' => Member::Character(Some(8)),
            b'e' => Member::Character(Some(27)),
            b'f' => Member::Character(Some(12)),
            b'n' => Member::Character(Some(10)),
            b'r' => Member::Character(Some(13)),
            b't' => Member::Character(Some(9)),
            b'x' | b'o' | b'c' | b'0'..=b'9' => {
                self.read_character(letter);
                Member::Character(None)
            }
            _ if letter.is_ascii_alphabetic() => {
                self.read_character(letter);
                Member::Character(Some(letter))
            }
            _ => Member::Character(Some(letter)),
        }
    }
}
