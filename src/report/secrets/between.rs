//! What stands between the name of a secret and its value.

use super::context::Context;
use super::name::Name;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// So many bytes after a name are looked at.
const NEAR: usize = 256;

/// How a value is given to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By a sign, or by standing after it.
    Plain,
    /// In brackets, as a flag of RewriteRule: `[E=SECRET:value]`.
    Flag,
    /// As the text of an element: `<password>value</password>`.
    Element,
    /// As the next argument of a function: `("X-Token", "value")`.
    Call,
}

/// What stands there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Between<'t> {
    /// So many bytes are between the name and the value.
    pub(super) length: usize,
    /// The quote that closes after the name.
    pub(super) quote: Option<&'t [u8]>,
    /// The sign that assigns or compares.
    pub(super) sign: Option<&'t [u8]>,
    /// How the value is given.
    pub(super) way: Way,
}

impl Between<'_> {
    /// Does something say that a value follows?
    pub(super) fn assigns(&self) -> bool {
        self.sign.is_some() || self.way != Way::Plain
    }
}

/// What stands between a name and its value: a closing quote, blanks, and a sign that assigns or compares.
static SEPARATOR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        \A (?P<quote> \\* ["'] | %2[27] | &quot; | &\#3[49]; )? (?P<closes> [)\]}]{0,2} ) [\x20\t]*
        (?P<sign> == | != | => | =~?\*? | !?~\*? | := | : | %3[AaDd] 
                | ,? [\x20]{0,4} \\* ["']? value \\* ["']? [\x20]{0,4} [:=]
                | -(?: eq | ne | (?: str | strc | fn | ip ) match ) [\x20\t] | -?in [\x20\t]+ \{ )?
        [\x20\t]* (?: %2[27] | &quot; | &\#3[49]; )?
        "#,
    )
    .ok()
});

/// What stands between a variable and the sign where more follows in the same word: `"$arg_token:x" =`.
static REST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?x-u) \A [^\s"'(){};=]* ["']? [\x20\t]+ (?P<sign> == | = | != | !?~\*? ) [\x20\t]+"#).ok()
});

/// The same where a pattern follows: `RewriteCond %{HTTP:X-Token}:x`.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"(?-u)\A(?:[^\s"']*|[^"\n]*")[\x20\t]+"#).ok());

/// What stands between a name and its value; none: no value can follow.
pub(super) fn between<'t>(text: &'t [u8], name: &Name, context: &Context<'_>) -> Option<Between<'t>> {
    let (start, end) = (name.range.start, name.range.end);
    let plain = separator(text, name)?;
    if let Some(length) = element(text, start, end) {
        return Some(Between { length, way: Way::Element, ..plain });
    }
    if let Some(length) = plain.quote.and_then(|_| next_argument(text, start, end)) {
        return Some(Between { length, way: Way::Call, ..plain });
    }
    if is_flag(&text[..start]) {
        return Some(Between { way: Way::Flag, ..plain });
    }
    // What is tested may go on: `%{HTTP:X-Token}:x`, `ARGS:token|ARGS:user`.
    if plain.sign.is_none_or(|sign| sign == b":") && context.is_one_of(&["rewritecond", "secrule"]) {
        let word = WORD.as_ref().and_then(|word| word.find(&text[end..text.len().min(end + NEAR)]));
        return Some(word.map_or(Between { sign: None, ..plain }, |word| Between {
            length: word.len(),
            quote: None,
            sign: None,
            way: Way::Plain,
        }));
    }
    Some(plain)
}

/// What follows a name, where nothing is known of what stands before it.
fn separator<'t>(text: &'t [u8], name: &Name) -> Option<Between<'t>> {
    let after = &text[name.range.end..];
    let captures = SEPARATOR.as_ref()?.captures(after)?;
    let quote = captures.name("quote").map(|quote| quote.as_bytes());
    let sign = captures.name("sign").map(|sign| sign.as_bytes());
    if name.variable
        && sign.is_none_or(|sign| sign == b":")
        && let Some(rest) = REST.as_ref().and_then(|rest| rest.captures(&after[..after.len().min(NEAR)]))
    {
        let sign = rest.name("sign").map(|sign| sign.as_bytes());
        return Some(Between { length: rest.get(0)?.len(), quote: None, sign, way: Way::Plain });
    }
    // A bracket that closes belongs to what assigns: `$h{password} = `.
    let closes = captures.name("closes").is_some_and(|closes| closes.as_bytes().iter().any(|b| *b != b')'));
    let length = if closes && sign.is_none() { 0 } else { captures.get(0)?.len() };
    Some(Between { length, quote, sign, way: Way::Plain })
}

/// `<password>`, `<a:password type="x">`: how long what stands between an element's name and its text is.
fn element(text: &[u8], start: usize, end: usize) -> Option<usize> {
    let before = &text[..start];
    let space = before
        .strip_suffix(b":")
        .map_or(0, |rest| 1 + rest.iter().rev().take(NEAR).take_while(|b| b.is_ascii_alphanumeric()).count());
    let near = &text[end..text.len().min(end + NEAR)];
    let opens = before[..start - space].ends_with(b"<");
    let ends = near.first().is_some_and(|b| *b == b'>' || b.is_ascii_whitespace());
    if opens && ends { near.iter().position(|b| *b == b'>').map(|at| at + 1) } else { None }
}

/// `[E=`, `,env=`: a flag of Apache's RewriteRule that sets a variable.
fn is_flag(before: &[u8]) -> bool {
    let Some(rest) = before.strip_suffix(b"=") else { return false };
    let name = rest.len() - rest.iter().rev().take_while(|b| b.is_ascii_alphabetic()).take(8).count();
    let flag = &rest[name..];
    (flag.eq_ignore_ascii_case(b"e") || flag.eq_ignore_ascii_case(b"env"))
        && matches!(rest[..name].last(), Some(b'[' | b','))
}

/// `("name", `: how long what stands between the first argument of a function and the second one is.
fn next_argument(text: &[u8], start: usize, end: usize) -> Option<usize> {
    static COMMA: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"(?-u)\A\\*["'][\x20\t]*,[\x20\t]*"#).ok());
    let before = &text[..start];
    let before = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or_default();
    let before = before.strip_suffix(b"\\").unwrap_or(before);
    let comma = COMMA.as_ref().filter(|_| before.ends_with(b"("))?;
    comma.find(&text[end..]).map(|comma| comma.len())
}
