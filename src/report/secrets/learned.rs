//! Secrets that stand in messages without their names: the server puts the value of a variable, or the argument of a macro,
//! in the place of its name (`Include ${API_TOKEN}.conf`), and says what came of it.
//!
//! What the names of the configurations stand for is learned once they are read. From then on it is masked wherever it
//! stands, by every report and message of this run.

use super::find;
use crate::instance::Instance;
use regex::bytes::{Regex, RegexBuilder};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

/// Shorter values are no secrets that are worth a word, and parts of too many others.
const SHORTEST: usize = 6;

/// So many bytes of values are looked for at once.
const MOST_BYTES: usize = 1 << 20;

/// What all texts of this run are searched for.
static LEARNED: RwLock<Option<Regex>> = RwLock::new(None);

/// Learns what the names of secrets stand for in these configurations, besides what was learned before.
pub fn learn<'i>(instances: impl IntoIterator<Item = &'i Instance>) {
    let instances: Vec<&Instance> = instances.into_iter().collect();
    let values = instances.iter().flat_map(|instance| &instance.values).map(|(name, value)| (&**name, &**value));
    if let Some(finder) = finder(values) {
        let mut learned = LEARNED.write().unwrap_or_else(PoisonError::into_inner);
        *learned = match learned.take() {
            Some(known) if known.as_str() != finder.as_str() => any_of(&[known.as_str(), finder.as_str()].join("|")),
            _ => Some(finder),
        };
    }
}

/// Collects where a text holds something that was learned.
pub(super) fn learned(text: &[u8], found: &mut Vec<Range<usize>>) {
    // Whoever holds the lock does not wait for anything.
    let finder = LEARNED.read().unwrap_or_else(PoisonError::into_inner).clone();
    found.extend(finder.iter().flat_map(|finder| find_all(finder, text)));
}

fn find_all(finder: &Regex, text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    finder.find_iter(text).map(|found| found.range()).filter(|found| {
        // What is a plain word may be a part of others.
        let is_word = text[found.clone()].iter().all(u8::is_ascii_lowercase);
        let around = [found.start.checked_sub(1), Some(found.end)];
        let goes_on = |at: &Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        !is_word || !around.iter().any(goes_on)
    })
}

/// What finds the secrets among these values of names; none: there are none.
fn finder<'v>(values: impl Iterator<Item = (&'v [u8], &'v [u8])>) -> Option<Regex> {
    let mut secrets: BTreeSet<Vec<u8>> = BTreeSet::new();
    for (name, value) in values {
        // Parameters of macros begin with a sign. As a directive sets it, it is judged like one that is written there.
        let name = name.trim_ascii_start();
        let name = name.strip_prefix(b"$").or_else(|| name.strip_prefix(b"@")).unwrap_or(name);
        let start = b"Define ".len() + name.len() + b" \"".len();
        let text = [b"Define ", name, b" \"", value, b"\"\n"].concat();
        let inside = |range: Range<usize>| range.start.max(start)..range.end.min(start + value.len());
        let found = find::secrets(&text, false).into_iter().map(inside).filter(|range| range.len() >= SHORTEST);
        secrets.extend(found.map(|range| text[range].to_vec()));
    }
    let mut longest: Vec<Vec<u8>> = secrets.into_iter().collect();
    longest.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let mut room = MOST_BYTES;
    longest.retain(|secret| {
        let fits = secret.len() <= room;
        room -= if fits { secret.len() } else { 0 };
        fits
    });
    let escaped = |secret: &Vec<u8>| match std::str::from_utf8(secret) {
        Ok(text) => regex::escape(text),
        Err(_) => secret.iter().fold(String::new(), |mut all, byte| {
            // Writing into memory does not fail.
            let _written = write!(all, "\\x{byte:02x}");
            all
        }),
    };
    let all: Vec<String> = longest.iter().map(escaped).collect();
    if all.is_empty() { None } else { any_of(&all.join("|")) }
}

fn any_of(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).unicode(false).size_limit(1 << 30).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text with what was learned of these names and values left out.
    fn masked(values: &[(&str, &str)], text: &str) -> String {
        let values = values.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let found: Vec<_> = finder(values).iter().flat_map(|finder| find_all(finder, text.as_bytes())).collect();
        String::from_utf8(super::super::replaced(text.as_bytes(), found)).expect("UTF-8")
    }

    #[test]
    fn what_names_of_secrets_stand_for_is_one_anywhere() {
        let values = [("API_TOKEN", "s3cr3tvalue"), ("$dbpass", "Pa+s.w|rd"), ("@password", "s3cr3tvalue.more")];
        assert_eq!(masked(&values, "open /x/s3cr3tvalue.conf"), "open /x/***********.conf");
        assert_eq!(masked(&values, "'Pa+s.w|rd', Paas.w|rd"), "'*********', Paas.w|rd");
        assert_eq!(masked(&values, "s3cr3tvalue.more"), "****************", "the longest");
    }

    #[test]
    fn what_is_ordinary_stays() {
        let values =
            [("list", "all -SSLv3"), ("name", "www.a.test"), ("API_TOKEN", "abc"), ("ssl_password_file", "/x/pw")];
        let text = "all -SSLv3 www.a.test abc /x/pw";
        assert_eq!(masked(&values, text), text);
        let values = [("DB_PASSWORD", "server")];
        assert_eq!(masked(&values, "webserver servers /server/x"), "webserver servers /******/x");
    }

    #[test]
    fn bytes_and_thousands_of_values() {
        let mut found = Vec::new();
        let value = [&b"\xff\xfe"[..], b"geheim1"].concat();
        found.extend(finder([(&b"PASSWORD"[..], &value[..])].into_iter()).iter().flat_map(|one| find_all(one, &value)));
        assert!(found.len() == 1 && found[0] == (0..value.len()), "{found:?}");
        let many: Vec<(String, String)> =
            (0..20_000).map(|at| (format!("token{at}_token"), format!("Secret-{at:05}"))).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(masked(&many, "a Secret-19999 Secret-20000"), "a ************ Secret-20000");
    }
}
