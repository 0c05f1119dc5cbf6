//! Secrets that no name stands before, but that stand at a certain place: an argument of a directive, of a function, of
//! an option, of a flag.

use super::name::Strength;
use super::value::{Shape, keep, value, words};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Directives of which an argument is a secret, with how many stand before it.
const DIRECTIVES: [(&str, usize); 6] = [
    ("AuthBasicFake", 1),
    ("auth_http_header", 1),
    ("set_hmac_sha1", 1),
    ("set_hmac_sha256", 1),
    ("encrypted_session_key", 0),
    ("AuthFormFakeBasicAuth", 1),
];

/// Functions of which an argument that is written out is a secret or is made one.
const FUNCTIONS: &str = "encode_base64|base64_?encode|b64encode|btoa|base64|create_?hmac|hmac_?[a-z0-9]{0,8}|hmac|\
                         auth|authenticate|set_?basic_?auth|basic_?auth|md5|sha1_bin|sha1|sha256";
/// The arguments of a function are looked at no farther.
const ARGUMENTS: usize = 512;

static DIRECTIVE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let one =
        |(name, before): &(&str, usize)| format!(r#"{name}(?:[\x20\t]+(?:"[^"\n]*"|'[^'\n]*'|[^\s"';]+)){{{before}}}"#);
    let all = DIRECTIVES.iter().map(one).collect::<Vec<_>>().join("|");
    Regex::new(&format!(r"(?im-u)(?:^|[;{{}}])[\x20\t#]*(?P<all>{all})[\x20\t]+")).ok()
});

static CALL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r"(?i-u)\b(?:{FUNCTIONS})[\x20\t]*\(")).ok());

/// Flags of Apache's RewriteRule that set a cookie, and options of programs that take user and password.
static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        [\[,\x20] (?i: CO | cookie ) = [^:;\],\s]+ [:;] (?P<cookie> [^:;\],\s%$]+ )
        | (?: ^ | [\s"'|] ) (?: -u | --user | --proxy-user | --http-user ) (?: [\x20=] ["']? | ["'] )
          [A-Za-z] [A-Za-z0-9._@-]* : (?P<user> [^\s"']+ )
        | [A-Za-z0-9._-] : (?P<dsn> [^\s:/@"'<>]+ ) @ (?: tcp | unix | udp ) \(
        | (?i: SSLPassPhraseDialog ) [\x20\t]+ ["']? exec: [^\s"']+ [\x20\t]+ (?P<exec> [^"'\n]+ )
        | %\{ (?: base64 | md5 | sha1 ) : (?P<made> (?: %\{ [^{}"'\s]* \} | [^{}"'\s] )+ ) \}
        | // [A-Za-z0-9._-]+ : (?P<network> [^\s:/@"'<>]+ ) @
        "#,
    )
    .ok()
});

/// Collects them.
pub(super) fn places(text: &[u8], found: &mut Vec<Range<usize>>) {
    let mut done = 0;
    for captures in DIRECTIVE.iter().flat_map(|regex| regex.captures_iter(text)) {
        let (Some(whole), Some(all)) = (captures.get(0), captures.name("all")) else { continue };
        let line_argument = all.as_bytes().first().is_some_and(u8::is_ascii_uppercase);
        if whole.start() >= done {
            done =
                value(text, whole.end(), Shape { line_argument, next_line: !line_argument, ..Shape::default() }, found);
        }
    }
    let mut done = 0;
    for call in CALL.iter().flat_map(|regex| regex.find_iter(text)) {
        if call.start() >= done {
            done = arguments(text, call.end(), found);
        }
    }
    for captures in OTHER.iter().flat_map(|regex| regex.captures_iter(text)) {
        let parts = ["cookie", "user", "dsn", "network", "exec", "made"];
        let part = parts.iter().find_map(|part| captures.name(part));
        found.extend(part.into_iter().flat_map(|part| words(text, part.range(), true)));
    }
}

/// Collects the strings within the parentheses of a function, and tells where these end.
fn arguments(text: &[u8], start: usize, found: &mut Vec<Range<usize>>) -> usize {
    let end = text.len().min(start + ARGUMENTS);
    let mut at = start;
    while at < end && !matches!(text[at], b')' | b';' | b'\n') {
        if matches!(text[at], b'"' | b'\'') {
            let closes = text[at + 1..end].iter().position(|b| *b == text[at]).map_or(end, |next| at + 1 + next);
            // The name of a method among them, `sha256`, is something ordinary.
            let shape = Shape { strength: Strength::Weak, ..Shape::default() };
            keep(text, words(text, at + 1..closes, true), shape, found);
            at = closes;
        }
        at += 1;
    }
    at
}
