//! Names that fit a pattern of a configuration: `*.a.example`, `www.*`, `~^www\d+\.a\.example$`.

use crate::probe::name::Name;
use crate::services::expression::expression;
use regex_syntax::hir::{Class, Hir, HirKind};

/// What stands for the unknown part of a name.
const SOMETHING: &str = "tlsmend-verify";
/// No name is longer, and expressions can ask for texts that no memory holds.
const LONGEST: usize = 253;

/// A name that a configured name matches; `None`: none was found.
pub(super) fn of(written: &str) -> Option<Name> {
    if let Some(text) = written.strip_prefix('~') {
        // One that can't be evaluated here can also be too long to be read.
        expression(text)?;
        let hir = regex_syntax::parse(text).ok()?;
        return Name::parse(&matching(&hir)?).ok();
    }
    let name = match (written.strip_prefix("*."), written.strip_prefix('.'), written.strip_suffix(".*")) {
        (Some(rest), _, _) => format!("{SOMETHING}.{rest}"),
        (_, Some(rest), _) => rest.to_owned(),
        (_, _, Some(rest)) => format!("{rest}.example"),
        _ => written.replace(['*', '?'], "x"),
    };
    if !name.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    Name::parse(&name).ok()
}

/// Does the expression of a configured name match another name? `None`: it is no expression, or one that can't be
/// evaluated here.
pub(super) fn matches(written: &str, name: &Name) -> Option<bool> {
    Some(expression(written.strip_prefix('~')?)?.is_match(name.as_str().as_bytes()))
}

/// A short text that an expression matches.
fn matching(hir: &Hir) -> Option<String> {
    Some(match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => String::new(),
        HirKind::Literal(literal) => String::from_utf8(literal.0.to_vec()).ok()?.to_ascii_lowercase(),
        HirKind::Class(Class::Unicode(class)) => {
            let has = |c: &char| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(c));
            ('a'..='z').chain('0'..='9').chain(['-', '_', '.']).find(has)?.to_string()
        }
        HirKind::Class(Class::Bytes(_)) => return None,
        // One is more than enough, and an empty label is no label.
        HirKind::Repetition(repetition) => {
            let least = repetition.min.max(u32::from(repetition.max != Some(0))).min(64);
            let optional = repetition.min == 0 && repetition.max == Some(1);
            let one = if optional { String::new() } else { matching(&repetition.sub)? };
            (one.len().saturating_mul(least as usize) <= LONGEST).then(|| one.repeat(least as usize))?
        }
        HirKind::Capture(capture) => matching(&capture.sub)?,
        HirKind::Concat(parts) => {
            let whole = parts.iter().map(matching).collect::<Option<Vec<_>>>()?.concat();
            (whole.len() <= LONGEST).then_some(whole)?
        }
        HirKind::Alternation(parts) => parts.iter().find_map(matching)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_patterns() {
        for (written, name) in [
            ("a.example", Some("a.example")),
            ("*.a.example", Some("tlsmend-verify.a.example")),
            (".a.example", Some("a.example")),
            ("www.*", Some("www.example")),
            ("a?.*.example", Some("ax.x.example")),
            (r"~^www\d+\.a\.example$", Some("www0.a.example")),
            (r"~^(?<user>.+)\.(a|b)\.example$", Some("a.a.example")),
            (r"~^(www\.)?shop\.example$", Some("shop.example")),
            (r"~^[^.]{3}\.example$", Some("aaa.example")),
            ("~(", None),
            ("~^((((((a{64}){64}){64}){64}){64}){64})$", None),
            (r"~^(?=x)", None),
            ("~^$", None),
            ("_", None),
            ("", None),
        ] {
            assert_eq!(of(written).map(|name| name.to_string()).as_deref(), name, "{written}");
        }
    }

    #[test]
    fn names_that_are_given_for_expressions() {
        let name = Name::parse("www.A.example").expect("a name");
        for (written, expected) in [
            (r"~\.a\.example$", Some(true)),
            (r"~\.b\.example$", Some(false)),
            (r"~^(?!foo)www.*$", None),
            ("www.a.example", None),
        ] {
            assert_eq!(matches(written, &name), expected, "{written}");
        }
    }

    #[test]
    fn examples_match_their_expressions() {
        for expression in [r"^(\w+)-(\d{2,4})\.x\.example$", r"^[a-f0-9]+\.example$", r"^(?!x)", r"mail|smtp", r"\.eu$"]
        {
            let Some(name) = of(&format!("~{expression}")) else { continue };
            let regex = regex::Regex::new(expression).expect("an expression");
            assert!(regex.is_match(name.as_str()), "{expression}: {name}");
        }
    }
}
