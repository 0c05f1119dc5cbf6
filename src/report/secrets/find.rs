//! Finds what looks like a secret.

use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// A value that goes on over more bytes than this is not followed further.
const LONGEST: usize = 4096;
/// So many bytes before a name are looked at.
const BEFORE: usize = 256;

/// Names of directives, headers, variables and parameters whose value is a secret, with the separator after them.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        (?P<name> [$%]? [{]? (?: (?i:
            [\w-]*? (?: passw(?:or)?d | passphrase | secret | token | api[_-]?key | access[_-]?key | private[_-]?key
                      | credential | authorization | secure_link_md5 ) [\w-]*
          | \b (?: set-)? cookie | \b (?: pass | pwd | pw ) \b )
          | \b [A-Z0-9_]+ _ (?: PASS | PWD | KEY | DSN | AUTH ) \b ) [}]? )
        (?P<separator> ["']? [\x20\t]* (?: =~?\*? | := | : )? [\x20\t]* )
        "#,
    )
    .ok()
});

/// What is a secret wherever it stands: the user's part of a URL, the value of an HTTP authorization, a JSON web token.
static ANYWHERE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        [A-Za-z][A-Za-z0-9+.-]*:// (?P<user> [^\s/"'<>]+ ) @
        | \b (?i: basic | bearer | digest ) [\x20\t]+ (?P<value> [A-Za-z0-9+/=._~-]{8,} )
        | \b (?P<web> eyJ [A-Za-z0-9_-]{8,} \. [A-Za-z0-9_-]+ (?: \. [A-Za-z0-9_-]* )? )
        "#,
    )
    .ok()
});

/// A private key: what is between its first and its last line.
static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?s-u)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?P<key>.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)")
        .ok()
});

/// The places of secrets, without the blanks and quotes around their words. In `prose`, a name is followed by its value
/// only where a sign stands between them.
pub(super) fn secrets(text: &[u8], prose: bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for captures in ANYWHERE.iter().flat_map(|regex| regex.captures_iter(text)) {
        found.extend(["user", "value", "web"].iter().filter_map(|name| captures.name(name)).map(|part| part.range()));
    }
    for captures in KEY.iter().flat_map(|regex| regex.captures_iter(text)) {
        if let Some(key) = captures.name("key") {
            words(text, key.range(), &mut found);
        }
    }
    // What stands in the value of one name needs no second look: so the time stays in proportion to the text.
    let mut done = 0;
    for captures in NAMED.iter().flat_map(|regex| regex.captures_iter(text)) {
        if let (Some(name), Some(separator)) = (captures.name("name"), captures.name("separator"))
            && name.start() >= done
            && (!prose || is_sign(separator.as_bytes()))
        {
            done = named(text, name.range(), separator.range(), &mut found).unwrap_or(done);
        }
    }
    found
}

/// The words of a range.
fn words(text: &[u8], range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut start = range.start;
    for at in range.clone().chain([range.end]) {
        if at == range.end || text[at].is_ascii_whitespace() {
            if start < at {
                found.push(start..at);
            }
            start = at + 1;
        }
    }
}

/// Is the name one that only sounds like a secret?
fn is_harmless(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let ends = ["file", "dialog", "path", "dir", "provider", "tokens", "secrets", "passwords", "credentials"];
    ends.iter().any(|end| name.ends_with(end.as_bytes()))
}

/// Does a separator assign or compare?
fn is_sign(separator: &[u8]) -> bool {
    separator.iter().any(|b| matches!(b, b'=' | b':' | b'~'))
}

/// The value after a name, and where it ends; none: the name has no value, or none that is secret.
fn named(text: &[u8], name: Range<usize>, separator: Range<usize>, found: &mut Vec<Range<usize>>) -> Option<usize> {
    let said = &text[separator.clone()];
    let assigned = is_sign(said);
    let near = &text[name.start.saturating_sub(BEFORE)..name.start];
    let line = near.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let before = near[line..].trim_ascii();
    let starts_word = text[..name.start].last().is_none_or(|b| b.is_ascii_whitespace() || b"\"'(,;{&?#".contains(b));
    if !starts_word
        || is_harmless(&text[name.clone()])
        || (said.is_empty() && !text[name.end..].starts_with(b"\n") && !text[name.end..].starts_with(b"\r\n"))
    {
        return None;
    }
    // A variable is set or compared, or it is only used.
    let variable = matches!(text[name.start], b'$' | b'%');
    if variable && !assigned && !before.ends_with(b"set") {
        return None;
    }
    // Prose and a list of names: no value without a sign.
    let first = before.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    if !assigned && (before.starts_with(b"#") || first.eq_ignore_ascii_case(b"server_name")) {
        return None;
    }
    // A quoted name in a sentence: what follows is no value. After a quoted name of a directive comes a quote.
    let quoted = said.iter().any(|b| matches!(b, b'"' | b'\''));
    if quoted && !assigned && !text[separator.end..].starts_with(b"\"") {
        return None;
    }
    Some(value(text, separator.end, found))
}

/// The words of the value that begins at an offset, until the directive ends, and where that is. Variables in it are no
/// secret.
fn value(text: &[u8], start: usize, found: &mut Vec<Range<usize>>) -> usize {
    let mut quote: Option<u8> = None;
    let mut word: Option<usize> = None;
    let mut begun = false;
    let end = text.len().min(start + LONGEST);
    let mut at = start;
    while at < end {
        let byte = text[at];
        let variable = if byte == b'$' || byte == b'%' { variable(&text[at..end]) } else { 0 };
        let closes = quote == Some(byte);
        let opens = quote.is_none() && word.is_none() && matches!(byte, b'"' | b'\'');
        let stops = quote.is_none() && matches!(byte, b';' | b'{' | b'}' | b'\n' | b'>');
        let gap = byte.is_ascii_whitespace() || closes || opens || stops || variable > 0 || b"()\\".contains(&byte);
        if gap && let Some(from) = word.take() {
            found.push(from..at);
        }
        if stops {
            let next = text[at..end].iter().position(|b| !b.is_ascii_whitespace()).map(|next| text[at + next]);
            let continues = byte == b'\n'
                && (text[..at].strip_suffix(b"\r").unwrap_or(&text[..at]).ends_with(b"\\")
                    || (!begun && matches!(next, Some(b'"' | b'\''))));
            if !continues {
                return at;
            }
        } else if closes {
            quote = None;
        } else if opens {
            (quote, begun) = (Some(byte), true);
        } else if !gap {
            begun = true;
            word.get_or_insert(at);
        }
        at += variable.max(1);
    }
    found.extend(word.map(|from| from..end));
    end
}

/// How long a variable at the start of a text is: `$name`, `${name}`, `%{name}e`; 0: none is there.
fn variable(text: &[u8]) -> usize {
    if text.get(1) == Some(&b'{') {
        return text.iter().position(|b| *b == b'}').map_or(0, |at| at + 1);
    }
    let name = text[1..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    if text[0] == b'$' && name > 0 { name + 1 } else { 0 }
}
