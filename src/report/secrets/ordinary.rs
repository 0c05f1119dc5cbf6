//! Which values are no secret, and which look like one whatever names them.

/// Longer words are taken for secrets, so that none is looked at often.
const LONGEST: usize = 256;

/// Words that stand where a secret could.
const WORDS: [&str; 40] = [
    "on",
    "off",
    "yes",
    "no",
    "true",
    "false",
    "none",
    "any",
    "all",
    "auto",
    "default",
    "optional",
    "required",
    "null",
    "nil",
    "empty",
    "always",
    "never",
    "login",
    "plain",
    "basic",
    "digest",
    "bearer",
    "negotiate",
    "external",
    "apop",
    "form",
    "cram-md5",
    "xoauth2",
    "ldap",
    "pam",
    "md5",
    "sha1",
    "sha256",
    "sha384",
    "sha512",
    "hs256",
    "rs256",
    "es256",
    "hex",
];

/// Is it a switch, a small number, a size, a path, an address or a URL without a user? Then a name that is not quite that
/// of a secret makes it none.
pub(super) fn is_ordinary(word: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(word) else { return false };
    let text = text.trim_end_matches([',', ';']);
    if text.len() > LONGEST {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    WORDS.contains(&lower.as_str())
        || !text.bytes().any(|b| b.is_ascii_alphanumeric() || !b.is_ascii())
        || is_amount(&lower)
        || is_path(text)
        || is_address(&lower)
        || is_url(text)
}

/// `1`, `10m`, `3600s`
fn is_amount(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - unit.len();
    digits > 0
        && digits < 8
        && (unit.is_empty() && digits < 3 || matches!(unit, "k" | "m" | "g" | "s" | "h" | "d" | "ms"))
}

/// `/etc/ssl/a.key`, `../x`; what looks like a secret within it makes it none.
fn is_path(text: &str) -> bool {
    let begins = ["/", "./", "../", "~/", "unix:/", "file:"].iter().any(|begin| text.starts_with(begin));
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"/._-@+~:*".contains(&b);
    begins && text.bytes().all(fits) && !text.split(['/', '.']).any(|part| looks_random(part.as_bytes()))
}

/// `127.0.0.1`, `[::1]:443`, `localhost:9000`
fn is_address(text: &str) -> bool {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let name = host.starts_with(|c: char| c.is_ascii_alphabetic())
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    text.split(':').next().is_some_and(|ip| ip.parse::<std::net::Ipv4Addr>().is_ok() && digits(port))
        || host.starts_with('[')
        || (name && !port.is_empty() && port.len() <= 5 && digits(port))
}

/// `https://a.test/x`; names in it are looked at by themselves.
fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+') && !rest.contains('@')
    })
}

/// Does it look like a secret by itself: letters of both sizes and digits, or a long run of letters and digits?
pub(super) fn looks_random(word: &[u8]) -> bool {
    if word.len() < 8 || word.len() > 4 * LONGEST || !word.iter().all(u8::is_ascii_graphic) {
        return word.len() > 4 * LONGEST;
    }
    let count = |is: fn(&u8) -> bool| word.iter().filter(|b| is(b)).count();
    let (upper, lower, digits) =
        (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase), count(u8::is_ascii_digit));
    let names = word.starts_with(b"/") || word.windows(3).any(|part| part == b"://") || word.starts_with(b"TLSv");
    let mixed = upper > 0 && lower > 0 && digits > 0;
    let mut runs = word.split(|b| !b.is_ascii_alphanumeric());
    let long = runs.any(|run| {
        let digits = run.iter().filter(|b| b.is_ascii_digit()).count();
        run.len() >= 12 && digits >= 2 && run.len() - digits >= 2
    });
    !names && (mixed || long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ordinary() {
        for word in [
            "on",
            "Off",
            "1",
            "10m",
            "3600s",
            "/etc/ssl/private/a.key",
            "../x.pem",
            "unix:/run/x.sock",
            "127.0.0.1:9000",
            "localhost:9000",
            "[::1]:80",
            "https://idp.test/keys",
            "login",
            "cram-md5",
            "=",
            "^",
            "",
        ] {
            assert!(is_ordinary(word.as_bytes()), "{word}");
        }
        for word in [
            "hunter2",
            "v",
            "1234",
            "SEKRIT1x",
            "/Ab3kd9Xq2Lm",
            "https://a:b@c.test/",
            "base64:abc",
            "letmein",
            "\u{e9}",
        ] {
            assert!(!is_ordinary(word.as_bytes()), "{word}");
        }
        assert!(!is_ordinary("/a".repeat(1000).as_bytes()));
    }

    #[test]
    fn what_looks_random() {
        for word in ["SEKRIT1x", "Ab3kd9Xq2Lm", "0123456789abcdef", "a1b2c3d4e5f6a7", "x-0f0f0f0f0f0f0f"] {
            assert!(looks_random(word.as_bytes()), "{word}");
        }
        for word in [
            "vault",
            "TLSv1.2",
            "x86_64-linux-gnu",
            "web-01-eu-west-1a",
            "backend1.prod2.example3",
            "2026-01-31",
            "/Ab3kd9Xq2Lm",
        ] {
            assert!(!looks_random(word.as_bytes()), "{word}");
        }
    }
}
