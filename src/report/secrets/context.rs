//! Where a name stands: in which directive, in a comment, in quotes.

/// So many bytes before a name are looked at.
const BEFORE: usize = 256;

/// What stands before a name.
pub(super) struct Context<'a> {
    /// The words of the directive, or of the comment, without the quote that opens right before the name.
    pub(super) words: Vec<&'a [u8]>,
    /// Is it all in a comment?
    pub(super) comment: bool,
    /// The quote that is open.
    pub(super) quote: Option<u8>,
    /// Does that quote open right before the name?
    pub(super) opens: bool,
}

impl Context<'_> {
    /// The name of the directive.
    pub(super) fn directive(&self) -> Option<&[u8]> {
        self.words.first().copied()
    }

    /// Is it a directive with one of these names?
    pub(super) fn is_one_of(&self, names: &[&str]) -> bool {
        self.directive().is_some_and(|first| names.iter().any(|name| first.eq_ignore_ascii_case(name.as_bytes())))
    }
}

/// What stands before an offset.
pub(super) fn context(text: &[u8], at: usize) -> Context<'_> {
    let near = &text[at.saturating_sub(BEFORE)..at];
    let near = &near[beginning(near)..];
    let mut words: Vec<&[u8]> = Vec::new();
    let (mut start, mut quote, mut opened, mut comment) = (0, None, 0, false);
    for (i, byte) in near.iter().copied().enumerate() {
        let last = i.checked_sub(1).map(|last| near[last]);
        let begins = last.is_none_or(|b| b.is_ascii_whitespace() || b"(=,;{}".contains(&b));
        match (byte, quote) {
            (b'\n', _) if comment => {
                (comment, start) = (false, i + 1);
                if !words.first().is_some_and(|first| goes_on_over_lines(first)) {
                    words.clear();
                }
            }
            _ if comment => {}
            (_, Some(open)) if byte == open && last != Some(b'\\') => quote = None,
            (_, Some(_)) => {}
            (b'\n', None) => {
                words.extend(split(&near[start..i]));
                start = i + 1;
                let goes_on = near[..i].trim_ascii_end().ends_with(b"\\");
                if !goes_on && !words.first().is_some_and(|first| goes_on_over_lines(first)) {
                    words.clear();
                }
            }
            (b'"' | b'\'', None) if begins => (quote, opened) = (Some(byte), i + 1),
            (b'#', None) if begins => {
                words.extend(split(&near[start..i]));
                (comment, start) = (true, i);
            }
            (b'{', None) if matches!(last, Some(b'$' | b'%')) => {}
            (b';' | b'{' | b'}', None) => {
                words.clear();
                start = i + 1;
            }
            _ => {}
        }
    }
    let opens = quote.is_some() && opened == near.len();
    if comment {
        words.clear();
    }
    words.extend(split(&near[start..near.len() - usize::from(opens)]));
    Context { words, comment, quote, opens }
}

fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// Where the line begins, or where nothing but blanks stands in it, the last line before it that is no comment.
fn beginning(near: &[u8]) -> usize {
    let mut end = near.len();
    loop {
        let start = near[..end].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let line = near[start..end].trim_ascii();
        let empty = line.is_empty() || line == b"\"" || line == b"'" || (line.starts_with(b"#") && end < near.len());
        if !empty || start == 0 {
            return start;
        }
        end = start - 1;
    }
}

/// Is it the name of a directive that goes on over the ends of lines, up to a semicolon: `proxy_set_header`?
pub(super) fn goes_on_over_lines(name: &[u8]) -> bool {
    name == b"set"
        || (name.contains(&b'_')
            && !name.starts_with(b"php_")
            && name.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_'))
}

/// Is it the name of a directive that ends with the line: `RequestHeader`?
pub(super) fn ends_with_line(name: &[u8]) -> bool {
    const PLAIN: [&str; 4] = ["header", "requestheader", "setenv", "define"];
    PLAIN.iter().any(|plain| name.eq_ignore_ascii_case(plain.as_bytes()))
        || name.starts_with(b"php_")
        || (name.iter().all(u8::is_ascii_alphabetic)
            && name.iter().any(u8::is_ascii_lowercase)
            && name.iter().filter(|b| b.is_ascii_uppercase()).count() > 1)
}
