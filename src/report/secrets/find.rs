//! Finds what looks like a secret.

use super::context::{Context, context, is_apache, is_nginx};
use super::map::maps;
use super::name::{Name, is_part, names};
use super::value::{Shape, value, words};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// What stands between a name and its value: a closing quote, blanks, and a sign that assigns or compares.
static SEPARATOR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        \A (?P<quote> \\* ["'] )? \)? [\x20\t]*
        (?P<sign> == | != | =~?\*? | !?~\*? | := | :
                | -(?: eq | ne | (?: str | strc | fn | ip ) match ) [\x20\t] | -?in [\x20\t]+ \{ )?
        [\x20\t]*
        "#,
    )
    .ok()
});

/// What is a secret wherever it stands: the user's part of a URL, the value of an HTTP authorization, a JSON web token.
static ANYWHERE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        [A-Za-z][A-Za-z0-9+.-]*:// (?P<user> [^\s/"'<>]+ ) @
        | \b (?i: basic | bearer | digest ) (?: \\? [\x20\t] )+ (?P<value> [A-Za-z0-9+/=._~-]{8,} )
        | \b (?P<web> eyJ [A-Za-z0-9_-]{8,} \. [A-Za-z0-9_-]+ (?: \. [A-Za-z0-9_-]* )? )
        "#,
    )
    .ok()
});

/// The start of a string that is an HTTP authorization. Its value may be short, and may have several parts.
static SCHEME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        (?P<quote> ["'] ) [~*^!=\x20]{0,8} (?i: basic | bearer | digest )
        (?: \\? [\x20\t] | \\s [+*]? ){1,64} (?P<realm> (?i: realm ) \\? [\x20\t]* = )?
        "#,
    )
    .ok()
});

/// A private key: what is between its first and its last line.
static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?s-u)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?P<key>.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)")
        .ok()
});

/// No prefix of a name with dots is longer.
const PREFIX: usize = 64;

/// Directives whose words are names, patterns or titles: a secret's name among them has no value without a sign.
const NAMES: [&str; 26] = [
    "auth_basic",
    "authname",
    "directoryindex",
    "fastcgi_hide_header",
    "fastcgi_pass_header",
    "index",
    "js_import",
    "location",
    "log_format",
    "logformat",
    "lua_shared_dict",
    "passenv",
    "proxy_hide_header",
    "proxy_pass_header",
    "require",
    "rewrite",
    "rewritecond",
    "rewriterule",
    "server_name",
    "serveralias",
    "servername",
    "try_files",
    "unsetenv",
    "upstream",
    "valid_referers",
    "vary",
];

/// The places of secrets, without the blanks and quotes around their words. In `prose`, a name is followed by its value
/// only where a sign stands between them.
pub(super) fn secrets(text: &[u8], prose: bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for captures in ANYWHERE.iter().flat_map(|regex| regex.captures_iter(text)) {
        found.extend(["user", "value", "web"].iter().filter_map(|name| captures.name(name)).map(|part| part.range()));
    }
    for captures in KEY.iter().flat_map(|regex| regex.captures_iter(text)) {
        if let Some(key) = captures.name("key") {
            found.extend(words(text, key.range(), false));
        }
    }
    schemes(text, &mut found);
    if !prose {
        maps(text, &mut found);
    }
    // What stands in the value of one name needs no second look: so the time stays in proportion to the text.
    let mut done = 0;
    for name in names(text) {
        if name.range.start >= done
            && let Some((start, shape)) = named(text, &name, prose)
        {
            done = value(text, start, shape, &mut found);
        }
    }
    found
}

/// Collects the values of strings that begin with the scheme of an HTTP authorization.
fn schemes(text: &[u8], found: &mut Vec<Range<usize>>) {
    let mut done = 0;
    for captures in SCHEME.iter().flat_map(|regex| regex.captures_iter(text)) {
        let (Some(all), Some(quote)) = (captures.get(0), captures.name("quote")) else { continue };
        // What asks for an authorization, and the title of a page's login, holds none.
        let asks =
            captures.name("realm").is_some() || context(text, quote.start()).is_one_of(&["auth_basic", "authname"]);
        if all.start() >= done && !asks {
            let within = Some((text[quote.start()], text[..quote.start()].ends_with(b"\\")));
            done = value(text, all.end(), Shape { within, one_line: true, ..Shape::default() }, found);
        }
    }
}

/// Where the value after a name begins, and how it is written; none: the name has no value, or none that is secret.
fn named(text: &[u8], name: &Name, prose: bool) -> Option<(usize, Shape)> {
    let Range { start, end } = name.range;
    let captures = SEPARATOR.as_ref()?.captures(&text[end..])?;
    let separator = captures.get(0)?.as_bytes();
    let sign = captures.name("sign").map(|sign| sign.as_bytes());
    // PHP's settings: `mysqli.password`.
    let dotted = text[..start].ends_with(b".");
    let parts = if dotted {
        text[..start].iter().rev().take(PREFIX).take_while(|b| is_part(**b) || **b == b'.').count()
    } else {
        0
    };
    let context = context(text, start - parts);
    let begins = text[..start].last().is_none_or(|b| b.is_ascii_whitespace() || b"\"'(,;{&?#!".contains(b))
        || (dotted && (sign.is_some() || context.directive().is_some_and(|first| first.starts_with(b"php_"))));
    let followed = !separator.is_empty() || text[end..].starts_with(b"\n") || text[end..].starts_with(b"\r\n");
    if !begins || !followed {
        return None;
    }
    let quote = captures.name("quote").map(|quote| quote.as_bytes());
    if sign.is_none() && (prose || !has_value(text, name, quote, &context)) {
        return None;
    }
    let directive = context.directive().unwrap_or(&text[name.range.clone()]);
    let tests = context.is_one_of(&["rewritecond", "setenvif", "setenvifnocase"]);
    let around = context.quote.filter(|around| !(context.opens && quote.is_some_and(|q| q == [*around])));
    let shape = Shape {
        outer: around.filter(|_| !context.comment),
        next_line: sign.is_none()
            && is_nginx(directive)
            && around.is_none()
            && !context.comment
            && (!context.words.is_empty() || directive.starts_with(b"secure_link")),
        one_line: context.comment,
        apache: sign.is_none() && is_apache(directive) && around.is_none() && !context.comment,
        one_word: tests,
        pattern: tests || sign.is_some_and(|sign| sign.contains(&b'~')),
        ..Shape::default()
    };
    Some((end + separator.len(), shape))
}

/// Has a name a value though no sign follows it? `quote` is the one that closes after it.
fn has_value(text: &[u8], name: &Name, quote: Option<&[u8]>, context: &Context<'_>) -> bool {
    // A variable is set or compared, or it is only used.
    if name.variable {
        let last = context.words.last().copied().unwrap_or_default();
        let sets = last == b"set" || last.starts_with(b"set_") || matches!(last, b"js_var" | b"auth_request_set");
        return (sets && closes(quote, context)) || context.is_one_of(&["rewritecond", "sslrequire"]);
    }
    // Prose: no value without a sign. But a directive may be commented out.
    if context.comment && !is_commented_out(text, name, context) {
        return false;
    }
    let lists = context.words.iter().any(|word| {
        let word = word.to_ascii_lowercase();
        matches!(word.as_slice(), b"unset" | b"vary") || word.ends_with(b"-headers")
    });
    !lists && !context.is_one_of(&NAMES) && closes(quote, context)
}

/// Is the quote after a name the one that opened before it? Otherwise the name is a word of a sentence.
fn closes(quote: Option<&[u8]>, context: &Context<'_>) -> bool {
    quote.is_none_or(|quote| context.opens && context.quote.is_some_and(|open| quote == [open]))
}

/// Is a comment a directive, rather than a sentence?
fn is_commented_out(text: &[u8], name: &Name, context: &Context<'_>) -> bool {
    let word = context.words.iter().map(|word| word.trim_ascii_start()).find_map(|word| {
        let word = &word[word.iter().take_while(|b| **b == b'#').count()..];
        (!word.is_empty()).then_some(word)
    });
    let directive = word.unwrap_or(&text[name.range.clone()]);
    is_nginx(directive) || is_apache(directive)
}
