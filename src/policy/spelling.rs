//! Words for complaints: lists of names, and what a misspelt name may stand for.

use crate::spelling;
use crate::tls::Version;

/// `a`, `b` and `c`, each in backticks.
pub(super) fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// What somebody wrote, fit for a message: not too long, and without characters that do something.
pub(super) fn quoted(written: &str) -> String {
    const LONGEST: usize = 60;
    let shown: String = written.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    let dots = if written.chars().nth(LONGEST).is_some() { "..." } else { "" };
    format!("`{shown}{dots}`")
}

/// The known word that is nearest to `word`, as a question.
pub(super) fn suggest(word: &str, known: &[&str]) -> Option<String> {
    if known.contains(&Version::Tls1.name()) {
        return meant(word).map(|version| format!("did you mean `{version}`?"));
    }
    spelling::suggest(word, known.iter().copied())
}

/// The version that `TLS 1.2`, `tlsv1_2`, `TLSv1.0`, `1.2` and the like stand for.
fn meant(word: &str) -> Option<Version> {
    let word = word.to_lowercase().replace([' ', '_', '-'], ".");
    let (ssl, rest) = match word.strip_prefix("ssl") {
        Some(rest) => (true, rest),
        None => (false, word.strip_prefix("tls").unwrap_or(&word)),
    };
    match (ssl, rest.trim_start_matches(['v', '.'])) {
        (true, "2" | "2.0") => Some(Version::Ssl2),
        (true, "3" | "3.0") => Some(Version::Ssl3),
        (false, "1" | "1.0" | "10") => Some(Version::Tls1),
        (false, "1.1" | "11") => Some(Version::Tls1_1),
        (false, "1.2" | "12") => Some(Version::Tls1_2),
        (false, "1.3" | "13") => Some(Version::Tls1_3),
        _ => None,
    }
}
