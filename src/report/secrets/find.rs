//! Finds what looks like a secret.

use super::between::{Between, Way, between};
use super::context::{Context, context, ends_with_line, goes_on_over_lines};
use super::learned::learned;
use super::map::maps;
use super::name::{Name, Strength, is_part, names, strength};
use super::places::places;
use super::sentence::{sentenced, told};
use super::tokens::tokens;
use super::value::{Shape, value, words};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// What is a secret wherever it stands: the user's part of a URL, the value of an HTTP authorization, a JSON web token.
static ANYWHERE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        [A-Za-z0-9]:// (?P<user> [^\s/"'<>]+ ) @
        | \b (?P<owner> [A-Za-z0-9._%+-]{1,64} ) : (?P<bare> [^\s/"'<>@:$%{}()|]{1,128} ) @ [A-Za-z0-9\[]
        | \b (?i: basic | bearer | digest ) (?: \\? [\x20\t] )+ (?P<value> [A-Za-z0-9+/=._~-]{8,} )
        | \b (?P<web> eyJ [A-Za-z0-9_-]{8,} \. [A-Za-z0-9_-]+ (?: \. [A-Za-z0-9_-]* )? )
        "#,
    )
    .ok()
});

/// Before the address of somebody, which has no password: `mailto:root@a.test`.
const ADDRESSES: [&[u8]; 5] = [b"mailto", b"sip", b"sips", b"xmpp", b"acct"];

/// The start of a string that is an HTTP authorization. Its value may be short, and may have several parts.
static SCHEME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        (?P<quote> ["'] ) (?: expr [\x20]{0,8} = )? [~*^!=\x20]{0,8} (?i: basic | bearer | digest )
        (?: \\? [\x20\t] | \\s [+*]? ){1,64} (?P<realm> (?i: realm ) \\? [\x20\t]* = )?
        "#,
    )
    .ok()
});

/// A private key: what is between its first and its last line.
static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?s-u)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?P<key>.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY|\z)",
    )
    .ok()
});

/// No prefix of a name with dots is longer.
const PREFIX: usize = 64;

/// Directives whose words are names, patterns or titles: a secret's name among them has no value without a sign.
const NAMES: [&str; 31] = [
    "auth_basic",
    "authname",
    "directoryindex",
    "fastcgi_hide_header",
    "fastcgi_pass_header",
    "hash",
    "index",
    "js_import",
    "limit_conn_zone",
    "limit_req_zone",
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
    "split_clients",
    "ssl_engine",
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
        let owner = captures.name("owner").map(|owner| owner.as_bytes());
        if owner.is_some_and(|owner| ADDRESSES.iter().any(|scheme| owner.eq_ignore_ascii_case(scheme))) {
            continue;
        }
        found.extend(
            ["user", "bare", "value", "web"].iter().filter_map(|name| captures.name(name)).map(|part| part.range()),
        );
    }
    for captures in KEY.iter().flat_map(|regex| regex.captures_iter(text)) {
        if let Some(key) = captures.name("key") {
            found.extend(words(text, key.range(), false));
        }
    }
    tokens(text, &mut found);
    learned(text, &mut found);
    places(text, &mut found);
    schemes(text, &mut found);
    if !prose {
        maps(text, &mut found);
    }
    // What stands in the value of one name needs no second look: so the time stays in proportion to the text.
    let mut done = 0;
    for name in names(text) {
        if name.range.start < done {
            continue;
        }
        if let Some((start, shape)) = named(text, &name, prose) {
            done = value(text, start, shape, &mut found);
        } else if let Some(told) = told(text, &name, prose) {
            done = told.end;
            found.push(told);
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
    // PHP's settings: `mysqli.password`.
    let dotted = text[..start].ends_with(b".");
    let parts = if dotted {
        text[..start].iter().rev().take(PREFIX).take_while(|b| is_part(**b) || **b == b'.').count()
    } else {
        0
    };
    let context = context(text, start - parts);
    let between = between(text, name, &context)?;
    let followed = between.length > 0 || text[end..].starts_with(b"\n") || text[end..].starts_with(b"\r\n");
    let option = name.range.len() > 2 && text[start..].starts_with(b"--");
    let valued = between.assigns() || option || (!prose && has_value(text, name, between.quote, &context));
    let begins = between.way != Way::Plain || begins(text, name, between.sign, &context);
    let value = end + between.length;
    if !begins || !followed || !valued || is_key_of_a_pair(text, name, value) {
        return None;
    }
    let sentence = prose || (context.comment && !is_commented_out(text, name, &context));
    let strength = if sentence { sentenced(name.strength) } else { name.strength };
    Some((value, Shape { strength, ..shape(text, name, &between, &context) }))
}

/// How a value is written.
fn shape(text: &[u8], name: &Name, between: &Between<'_>, context: &Context<'_>) -> Shape {
    let directive = context.directive().unwrap_or(&text[name.range.clone()]);
    let tests = context.is_one_of(&["rewritecond", "setenvif", "setenvifnocase", "secrule"]);
    let opened = context.opens && between.quote.is_some_and(|quote| context.quote.is_some_and(|open| quote == [open]));
    let around = context.quote.filter(|_| !opened);
    let bare = !between.assigns() && around.is_none() && !context.comment;
    Shape {
        outer: around.filter(|_| !context.comment),
        next_line: bare
            && goes_on_over_lines(directive)
            && (!context.words.is_empty() || directive.starts_with(b"secure_link")),
        one_line: context.comment,
        line_argument: bare && ends_with_line(directive),
        one_word: tests
            || between.way == Way::Call
            || text[name.range.start..].starts_with(b"--")
            || (name.strength < Strength::Strong && between.sign.is_some()),
        pattern: tests || between.sign.is_some_and(|sign| sign.contains(&b'~')),
        bracketed: between.way == Way::Flag,
        element: between.way == Way::Element,
        ..Shape::default()
    }
}

/// `key="ApiKey" value=`: is what looks like the value a name itself?
fn is_key_of_a_pair(text: &[u8], name: &Name, start: usize) -> bool {
    let rest = text[start..].iter().take(PREFIX).skip_while(|b| matches!(b, b'"' | b'\'' | b'\\'));
    let word: Vec<u8> = rest.copied().take_while(|b| is_part(*b)).collect();
    text[name.range.clone()].eq_ignore_ascii_case(b"key") && strength(&word).is_some()
}

/// Does a name begin there, and is it no part of something else?
fn begins(text: &[u8], name: &Name, sign: Option<&[u8]>, context: &Context<'_>) -> bool {
    let before = text[..name.range.start].last();
    match before {
        None => true,
        Some(b'.') => sign.is_some() || context.directive().is_some_and(|first| first.starts_with(b"php_")),
        Some(b) if b.is_ascii_whitespace() || b"\"'(,;{&?#!".contains(b) => true,
        // What is assigned or compared is, wherever it stands: `^token=`, `Secret/token=`.
        Some(_) if sign.is_some_and(|sign| sign.starts_with(b"=") || sign.starts_with(b"%3")) => true,
        Some(b':' | b'|') if is_rule(context) => true,
        Some(_) => name.variable,
    }
}

/// A rule of ModSecurity's, whose variables are `REQUEST_HEADERS:Name`.
fn is_rule(context: &Context<'_>) -> bool {
    context.is_one_of(&["secrule"])
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
    !lists
        && !context.is_one_of(&NAMES)
        && closes(quote, context)
        && (name.strength == Strength::Strong || is_named_there(text, name, context))
}

/// Is it the place of a name: the directive itself, its first argument, or the one after what is done with it?
fn is_named_there(text: &[u8], name: &Name, context: &Context<'_>) -> bool {
    const ACTIONS: [&[u8]; 11] = [
        b"set",
        b"add",
        b"append",
        b"merge",
        b"setifempty",
        b"edit",
        b"edit*",
        b"always",
        b"onsuccess",
        b"early",
        b"-i",
    ];
    if context.quote.is_some() && !context.opens {
        return false;
    }
    let mut words = context.words.iter().map(|word| without_hashes(word)).filter(|word| !word.is_empty());
    let Some(_directive) = words.next() else {
        // `SecHttpBlKey value`, `license_key value`; but `x_pass` and `x_auth` say where to, and how.
        let own = text[name.range.clone()].to_ascii_lowercase();
        return !own.ends_with(b"pass") && !own.ends_with(b"auth") && !own.ends_with(b"hash");
    };
    is_rule(context) || words.all(|word| ACTIONS.iter().any(|action| word.eq_ignore_ascii_case(action)))
}

/// Is the quote after a name the one that opened before it? Otherwise the name is a word of a sentence.
fn closes(quote: Option<&[u8]>, context: &Context<'_>) -> bool {
    quote.is_none_or(|quote| context.opens && context.quote.is_some_and(|open| quote == [open]))
}

/// Is a comment a directive, rather than a sentence?
fn is_commented_out(text: &[u8], name: &Name, context: &Context<'_>) -> bool {
    let word = context.words.iter().map(|word| without_hashes(word)).find(|word| !word.is_empty());
    let directive = word.unwrap_or(&text[name.range.clone()]);
    goes_on_over_lines(directive) || ends_with_line(directive)
}

/// A word without the signs of a comment before it.
fn without_hashes(word: &[u8]) -> &[u8] {
    let word = word.trim_ascii_start();
    &word[word.iter().take_while(|b| **b == b'#').count()..]
}
