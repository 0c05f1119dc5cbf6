//! Makes text of others harmless for a terminal, and for the eye.
//!
//! Control characters move the cursor, change colours and titles, or worse; direction controls make a line read
//! other than it is; invisible characters hide. In reports and messages each is replaced by one visible character, so
//! that columns stay ([`line()`]): `ESC` by `␛` and the like, all others by U+FFFD. A line end counts: a name that holds
//! one must not begin a second line. Where the bytes themselves matter, as in a patch, each is written out
//! ([`written_out`]): `<U+001B>`.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// One character, made harmless. Line ends and tabs count as control characters.
pub fn character(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        c if is_hostile(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// Is this a control, direction, separator or invisible character, or none at all?
///
/// The last are the 66 noncharacters of Unicode (U+FFFE and the like), two of which no XML may hold. The others are the general categories Cc, Zl and Zp, and what Unicode calls `Default_Ignorable_Code_Point` or a format
/// control that shows nothing itself.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || u32::from(c) & 0xfffe == 0xfffe
        || matches!(c,
            '\u{00ad}'
            | '\u{034f}'
            | '\u{061c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{13430}'..='\u{13455}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Bytes as text of one line. A byte that is not UTF-8 is one U+FFFD.
pub fn line(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.extend(chunk.valid().chars().map(character));
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out
}

/// A text as one line.
pub fn text(text: &str) -> String {
    text.chars().map(character).collect()
}

/// One line of text, made harmless: what formats are given as such, they need not make harmless themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SafeLine(String);

impl SafeLine {
    /// A text as one line.
    pub fn of(said: &str) -> SafeLine {
        SafeLine(text(said))
    }
}

impl Deref for SafeLine {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SafeLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Text for a terminal in which every hostile character is written out: `<U+001B>`, and a byte that is not UTF-8 as
/// `<0xFF>`. Borrowed where there is none. Line ends stay, with a carriage return right before them, and so do tabs.
///
/// Nothing else looks like that: a real `<U+` or `<0x` has its `<` written out too, as `<U+003C>`.
pub fn written_out(bytes: &[u8]) -> Cow<'_, [u8]> {
    write_out(bytes, true)
}

/// The same for text that has such notation already, in messages: its `<` stays.
pub fn harmless(bytes: &[u8]) -> Cow<'_, [u8]> {
    write_out(bytes, false)
}

fn write_out(bytes: &[u8], lookalikes: bool) -> Cow<'_, [u8]> {
    let mut out: Vec<u8> = Vec::new();
    let mut done = 0;
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let end = at + c.len_utf8();
            let stays = matches!(c, '\n' | '\t') || (c == '\r' && bytes.get(end) == Some(&b'\n'));
            let lookalike =
                lookalikes && c == '<' && (bytes[end..].starts_with(b"U+") || bytes[end..].starts_with(b"0x"));
            if lookalike || (is_hostile(c) && !stays) {
                out.extend_from_slice(&bytes[done..at]);
                out.extend(format!("<U+{:04X}>", u32::from(c)).bytes());
                done = end;
            }
            at = end;
        }
        for byte in chunk.invalid() {
            out.extend_from_slice(&bytes[done..at]);
            out.extend(format!("<0x{byte:02X}>").bytes());
            at += 1;
            done = at;
        }
    }
    if done == 0 {
        return Cow::Borrowed(bytes);
    }
    out.extend_from_slice(&bytes[done..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hostile_is_left() {
        for c in '\0'..=char::MAX {
            assert!(!is_hostile(character(c)), "U+{:04X}", u32::from(c));
            let shown = written_out(c.encode_utf8(&mut [0; 4]).as_bytes()).into_owned();
            let shown = String::from_utf8(shown).expect("is UTF-8");
            assert!(shown.chars().all(|c| matches!(c, '\n' | '\t') || !is_hostile(c)), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn columns_stay() {
        assert_eq!(
            line(b"a\x1b[2J\t\x7f\xff\xfe\xc2\x9b\xc3\xa9"),
            "a\u{241b}[2J\u{2409}\u{2421}\u{fffd}\u{fffd}\u{fffd}\u{e9}"
        );
        assert_eq!(text("a\u{202e}b\nc\rd\u{2028}e\u{85}f"), "a\u{fffd}b\u{240a}c\u{240d}d\u{fffd}e\u{fffd}f");
    }

    #[test]
    fn what_is_written_out_looks_like_nothing_else() {
        let shown = |bytes: &[u8]| String::from_utf8(written_out(bytes).into_owned()).expect("is UTF-8");
        assert_eq!(shown(b"a\x1b]0;t\x07b\r\nc\rd\te\n"), "a<U+001B>]0;t<U+0007>b\r\nc<U+000D>d\te\n");
        assert_eq!(shown(b"\r\r\n\xff\xc2\x9b"), "<U+000D>\r\n<0xFF><U+009B>");
        assert_eq!(
            shown("a\u{202e}\u{200b}\u{e0041}\u{2029}\u{fe0f}".as_bytes()),
            "a<U+202E><U+200B><U+E0041><U+2029><U+FE0F>"
        );
        assert_eq!(shown("\u{fffe}\u{1ffff}\u{fdd0}\u{fffd}".as_bytes()), "<U+FFFE><U+1FFFF><U+FDD0>\u{fffd}");
        // A lone half of a surrogate pair is no UTF-8.
        assert_eq!(shown(b"\xed\xa0\x80"), "<0xED><0xA0><0x80>");
        assert_eq!(shown(b"<U+001B> <0xFF> <x>\x1b"), "<U+003C>U+001B> <U+003C>0xFF> <x><U+001B>");
        for plain in ["", "server { # <U> <1x> \u{e9}\u{4e16}\r\n}\t\n"] {
            assert!(matches!(written_out(plain.as_bytes()), Cow::Borrowed(_)), "{plain}");
        }
    }
}
