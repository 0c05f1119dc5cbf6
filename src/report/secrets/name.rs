//! Which words name a secret.

use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// What any name of a secret holds.
static HINT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x-u)
        (?i: passw(?:or)?d | passphrase | secret | token | api[_-]?key | access[_-]?key | private[_-]?key
           | credential | authorization | secure_link_md5 | cookie | pass | pwd | pw )
        | _ (?: KEY | DSN | AUTH )",
    )
    .ok()
});

/// Within these names the value is a secret.
const PARTS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "api-key",
    "apikey",
    "access_key",
    "access-key",
    "accesskey",
    "credential",
    "authorization",
    "secure_link_md5",
];
const PRIVATE: [&str; 3] = ["private_key", "private-key", "privatekey"];
/// These are names of secrets where they are the whole name.
const WHOLE: [&str; 5] = ["cookie", "set-cookie", "pass", "pwd", "pw"];
/// Names in capitals that end so.
const ENDS: [&str; 5] = ["_PASS", "_PWD", "_KEY", "_DSN", "_AUTH"];
/// Names that only sound like a secret end so.
const HARMLESS: [&str; 8] =
    ["file", "dialog", "path", "dir", "provider", "server_tokens", "servertokens", "allow-credentials"];

/// The name of a secret.
pub(super) struct Name {
    /// With the signs of a variable: `${password}`, `%{HTTP:Authorization}`.
    pub(super) range: Range<usize>,
    /// Is it a variable?
    pub(super) variable: bool,
}

/// The names of secrets in a text, in order. Each byte is looked at once, so this takes time in proportion to the text.
pub(super) fn names(text: &[u8]) -> impl Iterator<Item = Name> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(hint) = HINT.as_ref().and_then(|regex| regex.find_at(text, at)) {
            let before = text[at..hint.start()].iter().rev().take_while(|b| is_part(**b)).count();
            let after = text[hint.start()..].iter().take_while(|b| is_part(**b)).count();
            let word = hint.start() - before..hint.start() + after;
            at = word.end;
            if is_secret(&text[word.clone()]) {
                return Some(signed(text, word));
            }
        }
        None
    })
}

/// Can a byte be part of a name?
pub(super) fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

fn is_secret(name: &[u8]) -> bool {
    let lower = String::from_utf8_lossy(name).to_ascii_lowercase();
    let capitals = name.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    let named = PARTS.iter().chain(&PRIVATE).any(|part| lower.contains(part))
        || WHOLE.contains(&lower.as_str())
        || (capitals && ENDS.iter().any(|end| name.ends_with(end.as_bytes()) && name.len() > end.len()));
    named && !HARMLESS.iter().any(|end| lower.ends_with(end))
}

/// The name with the signs that make it a variable.
fn signed(text: &[u8], word: Range<usize>) -> Name {
    /// No table of variables has a longer name: `%{HTTP:`.
    const TABLE: usize = 16;
    let before = &text[..word.start];
    if before.ends_with(b"$") || before.ends_with(b"%") {
        return Name { range: word.start - 1..word.end, variable: true };
    }
    let table = before.strip_suffix(b":").map_or(0, |rest| {
        1 + rest.iter().rev().take(TABLE).take_while(|b| b.is_ascii_alphabetic() || **b == b'_').count()
    });
    let opening = &before[..before.len() - table];
    if text.get(word.end) == Some(&b'}') && (opening.ends_with(b"${") || opening.ends_with(b"%{")) {
        return Name { range: opening.len() - 2..word.end + 1, variable: true };
    }
    Name { range: word, variable: false }
}
