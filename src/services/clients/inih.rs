//! The syntax of /etc/gnutls/config: that of inih, which GnuTLS brings with it (observed with 3.7.9).

use std::ops::Range;

/// A name with its value. A line that goes on gives its name another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) section: String,
    pub(super) name: String,
    pub(super) value: String,
    /// The line.
    pub(super) span: Range<usize>,
}

/// Reads a file; the error is the line that makes GnuTLS give up the whole file.
pub(super) fn parse(bytes: &[u8], lines: impl Iterator<Item = Range<usize>>) -> Result<Vec<Item>, Range<usize>> {
    let mut items: Vec<Item> = Vec::new();
    let mut section = String::new();
    let mut goes_on = None;
    for (number, span) in lines.enumerate() {
        let line = &bytes[span.clone()];
        let line = if number == 0 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        let line = String::from_utf8_lossy(line.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned();
        let text = line.trim();
        let is_indented = line.starts_with(|c: char| c.is_ascii_whitespace());
        let mut item = |name: &str, value: &str| {
            let (section, name, value) = (section.clone(), name.to_owned(), value.trim().to_owned());
            items.push(Item { section, name, value, span: span.clone() });
        };
        if text.is_empty() || text.starts_with([';', '#']) {
            continue;
        }
        if let Some(name) = goes_on.as_deref().filter(|_| is_indented) {
            item(name, before(text, None));
        } else if let Some(rest) = text.strip_prefix('[') {
            let name = before(rest, Some("]"));
            if !rest[name.len()..].starts_with(']') {
                return Err(span);
            }
            name.clone_into(&mut section);
            goes_on = None;
        } else {
            let name = before(text, Some("=:"));
            let Some(rest) = text[name.len()..].strip_prefix(['=', ':']) else { return Err(span) };
            let name = name.trim_end();
            item(name, before(rest, None));
            goes_on = (!name.is_empty()).then(|| name.to_owned());
        }
    }
    Ok(items)
}

/// The text before one of the marks, or before a comment: a mark of one that a blank precedes.
fn before<'t>(text: &'t str, marks: Option<&str>) -> &'t str {
    let mut was_blank = false;
    for (at, c) in text.char_indices() {
        if marks.is_some_and(|marks| marks.contains(c)) || was_blank && matches!(c, ';' | '#') {
            return &text[..at];
        }
        was_blank = c.is_ascii_whitespace();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<String>, Range<usize>> {
        let mut start = 0;
        let lines = text.split('\n').map(|line| {
            let span = start..start + line.len();
            start = span.end + 1;
            span
        });
        let lines: Vec<_> = lines.collect();
        let items = super::parse(text.as_bytes(), lines.into_iter())?;
        Ok(items.into_iter().map(|item| format!("{}/{}={}", item.section, item.name, item.value)).collect())
    }

    /// As GnuTLS 3.7.9 reads them.
    #[test]
    fn lines_of_all_kinds() {
        for (text, expected) in [
            ("[o]\na = b\n", vec!["o/a=b"]),
            ("\u{feff}[o]\r\na=b\r\n", vec!["o/a=b"]),
            ("[o] x\n  a : b # c\n", vec!["o/a=b"]),
            ("[o]\na = b#c\nd = e ; f\n", vec!["o/a=b#c", "o/d=e"]),
            ("[ o ]\n; x\n# y\na = b", vec![" o /a=b"]),
            ("[o]\na = b\n  c\n  [d]\n", vec!["o/a=b", "o/a=c", "o/a=[d]"]),
            ("a =\n", vec!["/a="]),
            ("[o]\na = b\0c\n", vec!["o/a=b"]),
        ] {
            assert_eq!(parse(text), Ok(expected.iter().map(|item| (*item).to_owned()).collect()), "{text}");
        }
        for (text, line) in [("[o\na = b\n", 0..2), ("[o]\njunk\n", 4..8), ("a = b\n[x", 6..8), ("=\n b\n", 2..4)] {
            assert_eq!(parse(text), Err(line), "{text}");
        }
    }
}
