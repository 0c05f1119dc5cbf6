//! Which words name a secret.

use super::words::{
    ABOUT, AUTHS, ENDS, ENGLISH, HARMLESS, HINT, KEYS, LAST, MAYBE, PARTS, PASSES, PUBLIC_KEYS, TAILS, WHOLE, split,
};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// What any name of a secret holds.
static HINTS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&HINT).ok());

/// Longer names are taken apart no more.
const LONGEST: usize = 128;

/// How sure it is that a name is that of a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// Its value is one where it looks like one.
    Faint,
    /// Its value is one unless it is something ordinary: a path, a switch.
    Weak,
    /// Its value is one.
    #[default]
    Strong,
}

/// The name of a secret.
pub(super) struct Name {
    /// With the signs of a variable: `${password}`, `%{HTTP:Authorization}`.
    pub(super) range: Range<usize>,
    /// Is it a variable?
    pub(super) variable: bool,
    /// How sure that is.
    pub(super) strength: Strength,
}

/// The names of secrets in a text, in order. Each byte is looked at once, so this takes time in proportion to the text.
pub(super) fn names(text: &[u8]) -> impl Iterator<Item = Name> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(hint) = HINTS.as_ref().and_then(|regex| regex.find_at(text, at)) {
            let before = text[at..hint.start()].iter().rev().take_while(|b| is_part(**b)).count();
            let after = text[hint.start()..].iter().take_while(|b| is_part(**b)).count();
            let word = hint.start() - before..hint.start() + after;
            at = word.end;
            if let Some(strength) = strength(&text[word.clone()]) {
                return Some(signed(text, word, strength));
            }
        }
        None
    })
}

/// Can a byte be part of a name?
pub(super) fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// How sure it is that a name is that of a secret; none: it is not.
pub(super) fn strength(name: &[u8]) -> Option<Strength> {
    let lower = String::from_utf8_lossy(name).to_ascii_lowercase();
    if HARMLESS.iter().any(|end| lower.ends_with(end)) {
        return None;
    }
    let words = if name.len() > LONGEST { Vec::new() } else { split(name) };
    let last = words.last().map_or("", String::as_str);
    if PARTS.iter().any(|part| lower.contains(part)) {
        return Some(if ABOUT.contains(&last) { Strength::Faint } else { Strength::Strong });
    }
    if WHOLE.contains(&lower.as_str()) {
        return Some(Strength::Strong);
    }
    let by_words = by_words(&words, last);
    let capitals = name.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    if by_words.is_some() && capitals && ENDS.iter().any(|end| name.ends_with(end.as_bytes())) {
        return Some(Strength::Strong);
    }
    by_words
}

/// The same by the last word, and the one before it.
fn by_words(words: &[String], last: &str) -> Option<Strength> {
    let kind = words.len().checked_sub(2).map_or("", |at| words[at].as_str());
    let other = match last {
        "key" | "keys" => PUBLIC_KEYS.contains(&kind),
        "pass" => PASSES.contains(&kind),
        "auth" => AUTHS.contains(&kind),
        _ => false,
    };
    // `pin-value`, `key_value`
    let last = if last == "value" && !kind.is_empty() { kind } else { last };
    let joined = TAILS.iter().any(|tail| last.len() > tail.len() && last.ends_with(tail)) && !ENGLISH.contains(&last);
    let key = last.strip_suffix("key").is_some_and(|kind| KEYS.contains(&kind));
    match () {
        () if other => None,
        () if LAST.contains(&last) || joined || key => Some(Strength::Weak),
        () if words.first().is_some_and(|first| first == "cookie") && words.len() > 1 => Some(Strength::Weak),
        () if MAYBE.contains(&last) => Some(Strength::Faint),
        () => None,
    }
}

/// The name with the signs that make it a variable.
fn signed(text: &[u8], word: Range<usize>, strength: Strength) -> Name {
    /// No table of variables has a longer name: `%{HTTP:`.
    const TABLE: usize = 16;
    let before = &text[..word.start];
    if before.ends_with(b"$") || before.ends_with(b"%") {
        return Name { range: word.start - 1..word.end, variable: true, strength };
    }
    let table = before.strip_suffix(b":").map_or(0, |rest| {
        1 + rest.iter().rev().take(TABLE).take_while(|b| b.is_ascii_alphabetic() || **b == b'_').count()
    });
    let opening = &before[..before.len() - table];
    if text.get(word.end) == Some(&b'}') && (opening.ends_with(b"${") || opening.ends_with(b"%{")) {
        return Name { range: opening.len() - 2..word.end + 1, variable: true, strength };
    }
    Name { range: word, variable: false, strength }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_names() {
        use Strength::{Faint, Strong, Weak};
        for (strong, names) in [
            (
                Some(Strong),
                "password DB_PASSWORD clientSecret X-Api-Key apikey AuthToken pass PWD pw cookie Set-Cookie APP_KEY \
                 DB_DSN X_AUTH secure_link_md5 privateKey ConnectionString passwort",
            ),
            (
                Some(Weak),
                "db_pass DBPASS dbPass mypass bindpw smtpPwd db_pw X-Auth X-Auth-Key X-Key key arg_key license_key \
                 signing_key signingkey encryptionKey hmac salt sig signature pin pin-value user_pin jwt creds \
                 cookie_session SSLSRPUnknownUserSeed",
            ),
            (Some(Faint), "session http_cookie HTTP_COOKIE token_type hash webhook"),
            (
                None,
                "ssl_password_file proxy_pass ProxyPass fastcgi_pass bypass no_bypass proxy_cache_key \
                 ssl_certificate_key public_key Sec-WebSocket-Key ssl_session_ticket_key smtp_auth monkey keyboard \
                 passenger design pinned assign server_tokens SSLPassPhraseDialog ssl_certificate compass author",
            ),
        ] {
            for name in names.split_whitespace() {
                assert_eq!(strength(name.as_bytes()), strong, "{name}");
            }
        }
    }

    #[test]
    fn every_word_is_hinted_at() {
        for word in [&PARTS[..], &WHOLE, &LAST, &MAYBE, &TAILS].concat() {
            assert!(HINTS.as_ref().is_some_and(|hints| hints.is_match(word.as_bytes())), "{word}");
        }
    }
}
