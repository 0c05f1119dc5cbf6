//! The syntax of Java's properties: java.security.

use std::ops::Range;

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) key: String,
    pub(super) value: String,
    /// The lines.
    pub(super) span: Range<usize>,
}

/// Reads a file. Comments are lines of their own, and do not go on; other lines do behind a backslash.
pub(super) fn parse(bytes: &[u8]) -> Vec<Property> {
    let mut all = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let mut text: Vec<u8> = Vec::new();
        let mut begin = None;
        loop {
            let end = at + bytes[at..].iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(bytes.len() - at);
            let line = &bytes[at..end];
            let blanks = line.iter().take_while(|b| is_blank(**b)).count();
            at = end + if bytes[end..].starts_with(b"\r\n") { 2 } else { 1 };
            let line = &line[blanks..];
            if begin.is_none() && (line.is_empty() || line.starts_with(b"#") || line.starts_with(b"!")) {
                break;
            }
            begin.get_or_insert(start + blanks);
            let slashes = line.iter().rev().take_while(|b| **b == b'\\').count();
            let goes_on = slashes % 2 == 1;
            text.extend_from_slice(&line[..line.len() - usize::from(goes_on)]);
            if !goes_on || at >= bytes.len() {
                let (key, value) = split(&text);
                all.push(Property { key, value, span: begin.unwrap_or(start)..end });
                break;
            }
        }
    }
    all
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0c)
}

/// The key ends before the first `=`, `:` or blank that no backslash precedes.
fn split(text: &[u8]) -> (String, String) {
    let mut end = 0;
    while let Some(byte) = text.get(end).filter(|b| !is_blank(**b) && !matches!(b, b'=' | b':')) {
        end += if *byte == b'\\' { 2 } else { 1 };
    }
    let end = end.min(text.len());
    let (key, rest) = text.split_at(end);
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix(b"=").or(rest.strip_prefix(b":")).unwrap_or(rest);
    (unescape(key), unescape(rest.trim_ascii_start()))
}

/// A file is read as Latin-1; `\uXXXX` stands for a character.
fn unescape(text: &[u8]) -> String {
    let mut out = String::new();
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match (byte, byte == &b'\\') {
            (_, false) => out.push(char::from(*byte)),
            (_, true) => match bytes.next() {
                Some(b'u') => {
                    let digits: String = bytes.by_ref().take(4).map(|b| char::from(*b)).collect();
                    out.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
                }
                Some(b't') => out.push('\t'),
                Some(b'n') => out.push('\n'),
                Some(b'r') => out.push('\r'),
                Some(b'f') => out.push('\u{c}'),
                Some(other) => out.push(char::from(*other)),
                None => {}
            },
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values() {
        let shown = |text: &str| -> Vec<String> {
            parse(text.as_bytes()).into_iter().map(|p| format!("{}<{}>", p.key, p.value)).collect()
        };
        for (text, expected) in [
            ("a=b", vec!["a<b>"]),
            ("a : b\r\nc d", vec!["a<b>", "c<d>"]),
            ("# a=b \\\nc=d # e", vec!["c<d # e>"]),
            ("! a\n\n a=b, \\\n   c", vec!["a<b, c>"]),
            (r"a\u002eb=\u0063\\", vec![r"a.b<c\>"]),
            ("a\\ b=c", vec!["a b<c>"]),
            ("a=b\\\\\nc=d", vec!["a<b\\>", "c<d>"]),
            ("a", vec!["a<>"]),
            ("a=\\", vec!["a<>"]),
            ("=b", vec!["<b>"]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
