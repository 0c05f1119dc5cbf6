//! The words that names of secrets are made of, and those that only sound like it.
//!
//! A name is taken apart where its writer joined it: `DB_PASS`, `X-Auth-Key`, `dbPass`, `DBPass`. Its last word tells
//! what it is, and the one before it which kind: a `license_key` is a secret, a `cache_key` is none.

use std::sync::LazyLock;

/// Within these names the value is a secret.
pub(super) const PARTS: [&str; 24] = [
    "password",
    "passwd",
    "passwort",
    "kennwort",
    "passphrase",
    "passcode",
    "passkey",
    "secret",
    "token",
    "api_key",
    "api-key",
    "apikey",
    "access_key",
    "access-key",
    "accesskey",
    "private_key",
    "private-key",
    "privatekey",
    "account_key",
    "accountkey",
    "credential",
    "authorization",
    "connectionstring",
    "secure_link_md5",
];
/// These are names of secrets where they are the whole name.
pub(super) const WHOLE: [&str; 5] = ["cookie", "set-cookie", "pass", "pwd", "pw"];
/// Names in capitals that end so.
pub(super) const ENDS: [&str; 5] = ["_PASS", "_PWD", "_KEY", "_DSN", "_AUTH"];
/// Names that only sound like a secret end so.
pub(super) const HARMLESS: [&str; 8] =
    ["file", "dialog", "path", "dir", "provider", "server_tokens", "servertokens", "allow-credentials"];

/// Last words of names of secrets, unless the value is something ordinary.
pub(super) const LAST: [&str; 30] = [
    "pass",
    "pwd",
    "pw",
    "passw",
    "key",
    "keys",
    "auth",
    "dsn",
    "pin",
    "sig",
    "signature",
    "salt",
    "pepper",
    "hmac",
    "jwt",
    "cred",
    "creds",
    "otp",
    "totp",
    "seed",
    "license",
    "licence",
    "bearer",
    "sas",
    "connstr",
    "conninfo",
    "tok",
    "basicauth",
    "httpauth",
    "sharedkeys",
];
/// Last words of names whose values are secrets only where they look like one.
pub(super) const MAYBE: [&str; 11] =
    ["session", "sessionid", "sess", "sid", "nonce", "hash", "webhook", "hook", "hooks", "community", "cookie"];
/// So end the last words of such names where nothing joins their parts: `dbpass`, `bindpw`, `smtppwd`.
pub(super) const TAILS: [&str; 6] = ["pass", "passw", "pwd", "pw", "creds", "jwt"];
/// Words of the language, and of the servers, that end so.
pub(super) const ENGLISH: [&str; 9] =
    ["bypass", "compass", "encompass", "trespass", "surpass", "overpass", "underpass", "proxypass", "htpass"];
/// `signingkey`: what stands before `key` in the name of a secret whose parts nothing joins.
pub(super) const KEYS: [&str; 35] = [
    "access",
    "account",
    "activation",
    "admin",
    "aes",
    "api",
    "app",
    "application",
    "auth",
    "client",
    "consumer",
    "crypt",
    "crypto",
    "customer",
    "deploy",
    "encrypt",
    "encryption",
    "hmac",
    "ingest",
    "integration",
    "jwt",
    "licence",
    "license",
    "master",
    "private",
    "product",
    "secret",
    "service",
    "session",
    "shared",
    "sign",
    "signing",
    "storage",
    "user",
    "write",
];
/// What stands before `key` where it is no secret.
pub(super) const PUBLIC_KEYS: [&str; 28] = [
    "cache",
    "cert",
    "certificate",
    "dh",
    "foreign",
    "group",
    "hash",
    "host",
    "index",
    "lang",
    "limit",
    "lookup",
    "map",
    "memcached",
    "partition",
    "primary",
    "pub",
    "public",
    "rate",
    "registry",
    "route",
    "routing",
    "socket",
    "sort",
    "sticky",
    "ticket",
    "websocket",
    "zone",
];
/// What stands before `pass` where it says where requests go.
pub(super) const PASSES: [&str; 12] =
    ["proxy", "fastcgi", "uwsgi", "scgi", "grpc", "memcached", "redis", "redis2", "postgres", "by", "auto", "reverse"];
/// What stands before `auth` where it says how, or whether.
pub(super) const AUTHS: [&str; 9] = ["smtp", "imap", "pop3", "mod", "client", "no", "skip", "require", "o"];
/// Last words that tell something about a secret, and not the secret.
pub(super) const ABOUT: [&str; 13] = [
    "source",
    "type",
    "method",
    "methods",
    "length",
    "size",
    "ttl",
    "timeout",
    "lifetime",
    "expires",
    "endpoint",
    "algorithm",
    "name",
];

/// A regular expression for something that every name of a secret holds.
pub(super) static HINT: LazyLock<String> = LazyLock::new(|| {
    let all = [&PARTS[..], &WHOLE, &LAST, &MAYBE, &TAILS].concat();
    // Longer ones first would be no different: it is only asked whether one is there.
    let shortest = all.iter().filter(|word| !all.iter().any(|other| other != *word && word.contains(other)));
    let mut words: Vec<String> = shortest.map(|word| regex::escape(word)).collect();
    words.sort();
    words.dedup();
    format!("(?i-u){}", words.join("|"))
});

/// The words of a name, in small letters, without numbers at their ends.
pub(super) fn split(name: &[u8]) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    for (at, byte) in name.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| name[at]);
        let small = |b: Option<&u8>| b.is_some_and(u8::is_ascii_lowercase);
        let hump = byte.is_ascii_uppercase()
            && (small(before.as_ref()) || (before.is_some_and(|b| b.is_ascii_uppercase()) && small(name.get(at + 1))));
        if hump || matches!(byte, b'_' | b'-') {
            words.push(String::new());
        }
        if let (Some(word), false) = (words.last_mut(), matches!(byte, b'_' | b'-')) {
            word.push(byte.to_ascii_lowercase() as char);
        }
    }
    let bare = |word: String| match word.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "" => word,
        bare => bare.to_owned(),
    };
    words.into_iter().filter(|word| !word.is_empty()).map(bare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_where_they_are_joined() {
        for (name, words) in [
            ("DB_PASS", vec!["db", "pass"]),
            ("X-Auth-Key", vec!["x", "auth", "key"]),
            ("dbPass2", vec!["db", "pass"]),
            ("DBPass", vec!["db", "pass"]),
            ("HTTPAuthKey", vec!["http", "auth", "key"]),
            ("--user-pw", vec!["user", "pw"]),
            ("DBPASS", vec!["dbpass"]),
            ("2", vec!["2"]),
            ("", vec![]),
        ] {
            assert_eq!(split(name.as_bytes()), words, "{name}");
        }
    }
}
