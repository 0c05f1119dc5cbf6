//! What httpd refuses of the directives of `mod_rewrite` and `mod_setenvif` while it reads.
//!
//! Taken from the commands of `mod_rewrite.c` and `mod_setenvif.c`, and tried on 2.4.71 (cases `rewriterule-form-*`,
//! `rewrite-form-*`, `setenv-form-*`).

use super::ID;
use super::reader::{Interpreter, LogicalLine};
use super::syntax::NEWEST;
use super::words::LineArguments;
use crate::services::pcre::is_broken;

/// Flags of a rule, in lower case; what begins with `d` is one too.
const RULE: &[&str] = &[
    "b",
    "backrefescaping",
    "bne",
    "bnp",
    "backrefernoplus",
    "bctls",
    "c",
    "chain",
    "co",
    "cookie",
    "e",
    "env",
    "end",
    "f",
    "forbidden",
    "g",
    "gone",
    "h",
    "handler",
    "l",
    "last",
    "n",
    "next",
    "ne",
    "noescape",
    "ns",
    "nosubreq",
    "nc",
    "nocase",
    "p",
    "proxy",
    "pt",
    "passthrough",
    "qsa",
    "qsappend",
    "qsd",
    "qsdiscard",
    "qsl",
    "qslast",
    "r",
    "redirect",
    "s",
    "skip",
    "t",
    "type",
    "unsafeprefixstat",
    "unsafeallow3f",
    "unc",
];

const CONDITION: &[&str] = &["nc", "nocase", "or", "ornext", "nv", "novary"];

const OPTIONS: &[&str] = &[
    "inherit",
    "inheritbefore",
    "inheritdown",
    "inheritdownbefore",
    "ignoreinherit",
    "allownoslash",
    "allowanyuri",
    "mergebase",
    "ignorecontextinfo",
    "legacyprefixdocroot",
    "unsafeprefixstat",
];

impl Interpreter<'_> {
    /// Complains about a directive that httpd refuses.
    pub(super) fn check_rewriting(&mut self, line: &LogicalLine, lower: &str, arguments: &LineArguments<'_>) {
        if !line.undefined.is_empty() {
            return;
        }
        // A newer one may know more words.
        let knows_all = self.world.facts.of(ID).release.value.is_some_and(|release| release <= NEWEST);
        let words = arguments.texts();
        let in_section = self.path_section().is_some();
        let why = match lower {
            "rewriterule" => check_rule(&words, knows_all),
            "rewritecond" => condition(&words),
            "rewriteoptions" if words.is_empty() => Some("RewriteOptions requires at least one argument".to_owned()),
            "rewriteoptions" => {
                let known = |word: &&String| {
                    let lower = word.to_ascii_lowercase();
                    OPTIONS.contains(&lower.as_str()) || lower.starts_with("maxredirects=")
                };
                let unknown = words.iter().find(|word| !known(word)).filter(|_| knows_all);
                unknown.map(|word| format!("RewriteOptions: unknown option '{word}'"))
            }
            "rewritemap" => {
                self.note_map(line, &words);
                let name = words.get(1).and_then(|map| map.strip_prefix("int:"));
                let name = name.filter(|name| !["toupper", "tolower", "escape", "unescape"].contains(name));
                name.map(|name| format!("RewriteMap: internal map not found: {name}"))
            }
            "rewritebase" if !in_section => Some("RewriteBase: only valid in sections for directories".to_owned()),
            "rewritebase" => {
                let is_path = words.first().is_none_or(|word| word.starts_with('/') || word.contains("://"));
                (!is_path).then(|| "RewriteBase: argument is not a valid URL".to_owned())
            }
            _ => variables(lower, &words),
        };
        if let Some(why) = why {
            self.model.complain(line.place, why);
        }
    }
}

impl Interpreter<'_> {
    /// `RedirectMatch` and its like: an expression, behind the status of a redirection.
    pub(super) fn check_alias(&mut self, line: &LogicalLine, lower: &str, arguments: &LineArguments<'_>) {
        let is_status = |word: &String| {
            word.bytes().all(|byte| byte.is_ascii_digit())
                || ["permanent", "temp", "seeother", "gone"].iter().any(|status| status.eq_ignore_ascii_case(word))
        };
        let has_status = lower == "redirectmatch" && arguments.get(0).is_some_and(|word| is_status(&word));
        let expression = arguments.get(usize::from(has_status)).filter(|_| line.undefined.is_empty());
        if let Some(why) = expression.and_then(|expression| broken(lower, &expression)) {
            self.model.complain(line.place, why);
        }
    }
}

fn broken(name: &str, regex: &str) -> Option<String> {
    is_broken(regex).then(|| format!("{name}: cannot compile regular expression '{regex}'"))
}

/// The flags of a rule or condition, each with its value.
fn parse_flags<'w>(name: &str, word: Option<&'w String>) -> Result<Vec<(String, &'w str)>, String> {
    let Some(word) = word else { return Ok(Vec::new()) };
    let inner = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
    let inner = inner.ok_or_else(|| format!("{name}: bad flag delimiters"))?;
    let flag = |flag: &'w str| {
        let (key, value) = flag.trim().split_once('=').unwrap_or((flag.trim(), ""));
        (key.to_ascii_lowercase(), value)
    };
    Ok(inner.split(',').map(flag).collect())
}

fn check_rule(words: &[String], knows_all: bool) -> Option<String> {
    let name = "RewriteRule";
    let [pattern, _, ..] = words else { return Some(format!("{name}: bad argument line: a pattern and a target")) };
    let flags = match parse_flags(name, words.get(2)) {
        Ok(flags) => flags,
        Err(why) => return Some(why),
    };
    let is_known = |flag: &str| RULE.contains(&flag) || flag.starts_with('d');
    if let Some((flag, _)) = flags.iter().find(|(flag, _)| !is_known(flag) && (knows_all || flag.is_empty())) {
        return Some(format!("{name}: unknown flag '{flag}'"));
    }
    if flags.iter().any(|(flag, value)| flag == "bne" && value.is_empty()) {
        return Some(format!("{name}: flag 'BNE' wants a list of characters"));
    }
    let code = flags.iter().filter(|(flag, _)| flag == "r" || flag == "redirect").map(|(_, value)| *value);
    if let Some(code) = code.filter(|code| code.starts_with(|c: char| c.is_ascii_digit())).find(|code| !is_status(code))
    {
        return Some(format!("{name}: invalid HTTP response code '{code}' for flag 'R'"));
    }
    broken(name, pattern.strip_prefix('!').unwrap_or(pattern))
}

/// Has httpd this status? A few at the edge of its table pass.
fn is_status(code: &str) -> bool {
    let digits = code.bytes().take_while(u8::is_ascii_digit).count();
    let number: u32 = code[..digits].parse().unwrap_or(0);
    matches!(number, 100..=103 | 200..=208 | 226 | 300..=308 | 400..=431 | 451 | 500..=511)
}

fn condition(words: &[String]) -> Option<String> {
    let name = "RewriteCond";
    let [test, pattern, ..] = words else { return Some(format!("{name}: bad argument line: a text and a pattern")) };
    let flags = match parse_flags(name, words.get(2)) {
        Ok(flags) => flags,
        Err(why) => return Some(why),
    };
    if let Some((flag, _)) = flags.iter().find(|(flag, _)| !CONDITION.contains(&flag.as_str())) {
        return Some(format!("{name}: unknown flag '{flag}'"));
    }
    let pattern = pattern.strip_prefix('!').unwrap_or(pattern);
    if test.eq_ignore_ascii_case("expr") || pattern.starts_with(['-', '<', '>', '=']) {
        return None;
    }
    broken(name, pattern)
}

/// `SetEnvIf` and its like: an attribute, a regular expression and variables; `BrowserMatch` has no attribute.
fn variables(lower: &str, words: &[String]) -> Option<String> {
    let (name, attributes) = match lower {
        "setenvif" | "setenvifnocase" => ("SetEnvIf", 1),
        "browsermatch" | "browsermatchnocase" => ("BrowserMatch", 0),
        _ => return None,
    };
    if words.len() < attributes + 2 || words[attributes].is_empty() {
        return Some(format!("{name}: a regular expression and a variable are needed"));
    }
    let attribute = words[..attributes].iter().find_map(|attribute| broken(name, attribute));
    attribute.or_else(|| broken(name, &words[attributes]))
}
