//! Regular expressions of server names, and those of httpd that are evaluated.
//!
//! nginx has PCRE match bytes, and so it is done here: a class of Unicode would be another one, and takes a thousand times
//! as long to be read. Even so, a short text can ask for an expression that takes seconds (`([\w\W]{90}){90}`), and a file
//! of a site owner can hold thousands of them, on each of many addresses. So what it would take is estimated first, each
//! expression is compiled once in a run, and both one and all of them have a limit. What is beyond it can't be evaluated,
//! and decides nothing for certain.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

/// The longest expression that is read, in bytes.
const LONGEST: usize = 2_000;
/// How deep groups may be nested.
const DEEPEST: u32 = 50;
/// What one expression may take, in states of an automaton or about as much.
const MOST: u64 = 10_000;
/// What all of them may take: seconds.
const MOST_OF_ALL: u64 = 20_000_000;
/// What the compiled expression may take, in bytes.
const LARGEST: usize = 1 << 20;

/// The expressions of this run.
#[derive(Default)]
struct CompiledExpressions {
    /// With regard to case, and without.
    compiled: [HashMap<String, Option<Regex>>; 2],
    /// What they took.
    taken: u64,
}

static KNOWN: LazyLock<Mutex<CompiledExpressions>> = LazyLock::new(Mutex::default);

/// The regular expression of a `server_name ~...`, without regard to case as nginx has it; `None`: it can't be evaluated
/// here.
pub fn expression(text: &str) -> Option<Regex> {
    KNOWN.lock().ok()?.get(text, true)
}

/// One that regards case, as those of httpd do.
pub fn cased_expression(text: &str) -> Option<Regex> {
    KNOWN.lock().ok()?.get(text, false)
}

impl CompiledExpressions {
    fn get(&mut self, text: &str, folds: bool) -> Option<Regex> {
        if text.len() > LONGEST {
            return None;
        }
        if let Some(known) = self.compiled[usize::from(folds)].get(text) {
            return known.clone();
        }
        let reading = text.len() as u64;
        if asks_for_unicode(text) || self.taken + reading > MOST_OF_ALL {
            return None;
        }
        self.taken += reading;
        let mut parser = ParserBuilder::new();
        let parser = parser.case_insensitive(folds).unicode(false).utf8(false).nest_limit(DEEPEST);
        let hir = parser.build().parse(text);
        let compiling = hir.map_or(u64::MAX, |hir| to_compile(&hir));
        let fits = compiling <= MOST && self.taken + compiling <= MOST_OF_ALL;
        self.taken += if fits { compiling } else { 0 };
        let build = || {
            let mut builder = RegexBuilder::new(text);
            builder.case_insensitive(folds).unicode(false).size_limit(LARGEST).build().ok()
        };
        let compiled = fits.then(build).flatten();
        self.compiled[usize::from(folds)].insert(text.to_owned(), compiled.clone());
        compiled
    }
}

/// Does it switch Unicode on, which PCRE has no such word for: `(?u)`, `(?iu:x)`?
fn asks_for_unicode(text: &str) -> bool {
    text.split("(?").skip(1).any(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphabetic() && c != '-').unwrap_or(rest.len());
        rest[..end].contains('u') && rest[end..].starts_with([':', ')'])
    })
}

/// About how many states an expression has.
fn to_compile(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Class(Class::Unicode(class)) => 1 + 8 * class.ranges().len() as u64,
        HirKind::Class(Class::Bytes(class)) => 1 + class.ranges().len() as u64,
        HirKind::Repetition(repetition) => {
            let times = u64::from(repetition.max.unwrap_or(repetition.min).max(repetition.min).max(1));
            to_compile(&repetition.sub).saturating_mul(times).saturating_add(1)
        }
        HirKind::Capture(capture) => to_compile(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(to_compile).fold(1, u64::saturating_add)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_much_is_not_compiled() {
        let mut known = CompiledExpressions::default();
        for fine in [
            r"^(?<user>.+)\.(a|b)\.example$",
            r"^www\d+\.",
            r"^[a-z0-9-]{1,63}\.example$",
            r"^(\w+\.){1,3}x$",
            r"^[^.]+\.(?<unit>\W)$",
            r"^[\w-]{1,63}\.x",
        ] {
            assert!(known.get(fine, true).is_some(), "{fine}");
        }
        let taken = known.taken;
        for large in [
            r"^(?:[\w\W]{90}){90}x$",
            r"((((a{90}){90}){90}){90}){90}",
            r"(?=look)",
            r"(?u)\w",
            r"(?i-u:a)(?iu:\w)",
            &r"\w".repeat(2000),
        ] {
            assert!(known.get(large, true).is_none(), "{large}");
        }
        assert!(known.taken < taken + 10_000, "what is not compiled takes little");
    }

    #[test]
    fn case_counts_where_it_is_regarded() {
        assert!(expression("^A$").is_some_and(|regex| regex.is_match(b"a")));
        assert!(cased_expression("^A$").is_some_and(|regex| regex.is_match(b"A") && !regex.is_match(b"a")));
    }

    /// The work is bounded, however many there are and on however many addresses each of them is.
    #[test]
    fn all_of_them_have_a_limit_and_each_is_compiled_once() {
        let mut known = CompiledExpressions::default();
        for _ in 0..100_000 {
            assert!(known.get("^x$", true).is_some());
        }
        assert!(known.taken < 100);
        known.taken = MOST_OF_ALL - 1_000;
        let compiled = (0..100_000).filter(|number| known.get(&format!("^x{number}$"), true).is_some()).count();
        assert!((10..1_000).contains(&compiled) && known.taken <= MOST_OF_ALL, "{compiled}");
        assert!(known.get("^x$", true).is_some(), "what is known stays");
        assert!(known.compiled[1].len() < 1_000);
    }
}
