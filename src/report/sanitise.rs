//! Makes text of others harmless for a terminal, and for the eye.
//!
//! Control characters move the cursor, change colours and titles, or worse; direction controls make a line read
//! other than it is; invisible characters hide. Each is replaced by one visible character, so that columns stay:
//! `ESC` by `␛` and the like, all others by U+FFFD.

/// One character, made harmless. Line ends and tabs count as control characters.
pub fn character(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        c if is_hostile(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// Is this a control, direction, separator or invisible character?
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}'
            | '\u{061c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
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

/// A message, which may have line ends: those stay.
pub fn message(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { c } else { character(c) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hostile_is_left() {
        for c in '\0'..=char::MAX {
            assert!(!is_hostile(character(c)), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn columns_stay() {
        assert_eq!(
            line(b"a\x1b[2J\t\x7f\xff\xfe\xc2\x9b\xc3\xa9"),
            "a\u{241b}[2J\u{2409}\u{2421}\u{fffd}\u{fffd}\u{fffd}\u{e9}"
        );
        assert_eq!(message("a\u{202e}b\nc\rd"), "a\u{fffd}b\nc\u{240d}d");
    }
}
