//! The name that a client sends, as nginx takes it before it looks for a server (ngx_http_validate_host): lower case, cut at
//! a port and at one dot; or not at all, and then the default server answers.

use crate::release::Release;

/// Blanks and control characters are no names since this version.
const NO_CONTROLS: Release = Release::new(1, 21, 1);
/// Only the characters of RFC 3986 are names since this version.
const STRICT: Release = Release::new(1, 29, 4);

/// The name to look for; `Ok(None)`: none, `Err`: that depends on the version of nginx.
pub(super) fn normalize_sent_name(sni: &str, release: Option<Release>) -> Result<Option<String>, ()> {
    let at = |release| {
        let strict = release >= STRICT;
        let is_valid = if strict { has_valid_form(sni) } else { has_no_separators(sni, release >= NO_CONTROLS) };
        is_valid.then(|| cut(sni, !strict)).flatten()
    };
    match release {
        Some(release) => Ok(at(release)),
        None => {
            let [oldest, old, new] = [Release::new(1, 0, 0), NO_CONTROLS, STRICT].map(at);
            if oldest == new && old == new { Ok(new) } else { Err(()) }
        }
    }
}

fn has_no_separators(sni: &str, controls: bool) -> bool {
    !sni.bytes().any(|b| matches!(b, 0 | b'/') || controls && (b <= 0x20 || b == 0x7f))
}

fn has_valid_form(sni: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&b);
    let port = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && text.len() < 10 && number(text) <= 65535;
    if let Some(rest) = sni.strip_prefix('[') {
        let Some((address, rest)) = rest.split_once(']') else { return false };
        return address.bytes().all(|b| is_plain(b) || b == b':')
            && (rest.is_empty() || rest.strip_prefix(':').is_some_and(port));
    }
    let (host, rest) = sni.split_once(':').unwrap_or((sni, ""));
    host.bytes().all(|b| is_plain(b) || b == b'%') && port(rest)
}

fn number(text: &str) -> u32 {
    text.parse().unwrap_or(0)
}

/// Without the port, and without one dot at the end.
fn cut(sni: &str, dots_count_to_the_end: bool) -> Option<String> {
    let end = match sni.strip_prefix('[') {
        Some(rest) => rest.find(']').map_or(sni.len(), |at| at + 2),
        None => sni.find(':').unwrap_or(sni.len()),
    };
    let dotted = if dots_count_to_the_end { sni } else { &sni[..end] };
    if dotted.contains("..") {
        return None;
    }
    let host = &sni[..end];
    let is_last = dotted.rfind('.').is_some_and(|dot| dot + 1 == end);
    let host = if is_last { &host[..end - 1] } else { host };
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_none_go_to_the_default_server() {
        let at = |sni, release: &str| normalize_sent_name(sni, Release::parse(release)).expect("a version");
        for none in ["a..test", "a/b.test", "a b.test", "a\tb.test", "x.test..", ".", "..", " .test", ""] {
            assert_eq!(at(none, "1.22.1"), None, "{none}");
            assert_eq!(
                normalize_sent_name(none, None).ok(),
                if none.contains([' ', '\t']) { None } else { Some(None) },
                "{none}"
            );
        }
        for (sni, name) in [
            ("X.test", "x.test"),
            ("x.test.", "x.test"),
            ("x.test:99", "x.test"),
            ("x.test.:4", "x.test"),
            (".test", ".test"),
            ("[::1]:443", "[::1]"),
            ("a:b.test", "a"),
            ("a@b.test", "a@b.test"),
            ("a\\b.test", "a\\b.test"),
        ] {
            assert_eq!(at(sni, "1.22.1").as_deref(), Some(name), "{sni}");
        }
        assert_eq!(at("a b.test", "1.20.0").as_deref(), Some("a b.test"));
        for none in ["a@b.test", "a:b.test", "[x].test", "a..b", "x:65536", "é.test"] {
            assert_eq!(at(none, "1.29.4"), None, "{none}");
        }
        assert_eq!(at("a_b.test:443", "1.31.4").as_deref(), Some("a_b.test"));
    }
}
