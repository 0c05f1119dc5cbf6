//! Values that nginx reads by code of its own, and refuses at once: names of servers, caches of sessions, protocols of mail.

use crate::endpoint::Dialogue;

/// What is wrong with a word of `server_name` (ngx_http_core_server_name).
pub(super) fn refused_name(name: &str) -> Option<String> {
    if let Some(text) = name.strip_prefix('~') {
        if text.is_empty() {
            return Some(format!("empty regex in server name \"{name}\""));
        }
        return None;
    }
    let is_wild = name.starts_with('*') && (name.len() < 3 || !name.starts_with("*."));
    (is_wild || name == ".").then(|| format!("server name \"{name}\" is invalid"))
}

/// Is a name no name and no wildcard? It matters only where servers share an address (ngx_hash_add_key).
pub(super) fn is_no_wildcard(name: &str) -> bool {
    if name.starts_with('~') {
        return false;
    }
    let stars = name.matches('*').count();
    let is_wildcard = name.starts_with("*.") || name.ends_with(".*");
    name.contains("..") || stars > 1 || stars == 1 && !is_wildcard
}

/// What is wrong with a word of `ssl_session_cache`.
pub(super) fn refused_cache(word: &str) -> Option<String> {
    let invalid = || Some(format!("invalid session cache \"{word}\""));
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match word {
        "off" | "none" | "builtin" => None,
        _ if word.starts_with("builtin:") => {
            if number(&word[8..]) {
                None
            } else {
                invalid()
            }
        }
        _ => {
            let Some((_, bytes)) = shared_cache(word) else { return invalid() };
            (bytes < SMALLEST_CACHE).then(|| format!("session cache \"{word}\" is too small"))
        }
    }
}

/// What is wrong with the word of `ssl_ocsp_cache`.
pub(super) fn refused_ocsp_cache(word: &str) -> Option<String> {
    match shared_cache(word) {
        _ if word == "off" => None,
        None => Some(format!("invalid OCSP cache \"{word}\"")),
        Some((_, bytes)) => (bytes < SMALLEST_CACHE).then(|| format!("OCSP cache \"{word}\" is too small")),
    }
}

/// Eight pages of memory.
const SMALLEST_CACHE: u64 = 8 * 4096;

/// The name and the size in bytes of a shared cache: `shared:SSL:10m`.
pub(super) fn shared_cache(word: &str) -> Option<(&str, u64)> {
    let (name, size) = word.strip_prefix("shared:")?.split_once(':')?;
    let (digits, unit) = match size.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1024),
        None => size.strip_suffix(['m', 'M']).map_or((size, 1), |digits| (digits, 1 << 20)),
    };
    let number: u64 = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
    (!name.is_empty()).then_some((name, number.saturating_mul(unit)))
}

/// The protocol that a mail server speaks on a port if it is told none.
pub(super) fn mail_protocol(port: u16) -> Option<Dialogue> {
    match port {
        110 | 995 => Some(Dialogue::Pop3),
        143 | 993 => Some(Dialogue::Imap),
        25 | 465 | 587 => Some(Dialogue::Smtp),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What nginx 1.22.1 says.
    #[test]
    fn names_of_servers() {
        for bad in ["*", "*a.test", ".", "*.", "~"] {
            assert!(refused_name(bad).is_some(), "{bad}");
        }
        for good in ["a.test", "*.test", ".test", "www.*", "a*b.test", "_", "", "~^a(?=b)", "a/b", "~^(?<x>.+)$"] {
            assert!(refused_name(good).is_none(), "{good}");
        }
        for bad in ["a*b.test", "www.*.test", "*.*.test", "a..test", "*.test.*"] {
            assert!(is_no_wildcard(bad), "{bad}");
        }
        for good in ["*.test", "www.*", ".test", "a.test", "~a*", ""] {
            assert!(!is_no_wildcard(good), "{good}");
        }
    }

    #[test]
    fn caches_of_sessions() {
        for good in ["off", "none", "builtin", "builtin:1000", "shared:SSL:1m", "shared:a:32k"] {
            assert!(refused_cache(good).is_none(), "{good}");
        }
        for bad in ["bogus", "shared:SSL", "shared:SSL:1", "shared:SSL:10k", "shared::1m", "builtin:x", "shared:a:1g"] {
            assert!(refused_cache(bad).is_some(), "{bad}");
        }
    }
}
