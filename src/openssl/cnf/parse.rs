//! The parts of a line of openssl.cnf. The only place that knows its grammar.

use pest::Parser;
use std::ops::Range;

#[derive(pest_derive::Parser)]
#[grammar = "grammars/openssl.pest"]
struct Grammar;

/// What a line says; all parts are ranges of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    /// nothing, or a comment
    Blank,
    /// `[ title ]`
    Section(Range<usize>),
    /// `section::name = value`, `.include path`
    Item(Item),
}

/// A name and what follows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Item {
    /// The section before `::`.
    pub(crate) section: Option<Range<usize>>,
    pub(crate) name: Range<usize>,
    /// Are there blanks behind the name?
    pub(crate) is_spaced: bool,
    pub(crate) has_equals: bool,
    /// The text behind all that, without comment and blanks at its end.
    pub(crate) value: Range<usize>,
}

pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Takes a line apart.
pub(crate) fn parse(text: &[u8]) -> Statement {
    // Of the same length: what is not ASCII is never part of a name, and means nothing elsewhere.
    let shadow: String = text.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '\u{7f}' }).collect();
    let mut item = Item::default();
    let Ok(pairs) = Grammar::parse(Rule::line, &shadow) else { return Statement::Blank };
    for part in pairs.flatten() {
        let span = part.as_span();
        let range = span.start()..span.end();
        match part.as_rule() {
            Rule::title => return Statement::Section(range),
            Rule::qualifier => item.section = Some(range),
            Rule::name => item.name = range,
            Rule::gap => item.is_spaced = !range.is_empty(),
            Rule::equals => item.has_equals = true,
            Rule::value => {
                let end = text[range.clone()].iter().rposition(|b| !is_blank(*b)).map_or(0, |last| last + 1);
                item.value = range.start..range.start + end;
                return Statement::Item(item);
            }
            _ => {}
        }
    }
    Statement::Blank
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let part = |range: &Range<usize>| &text[range.clone()];
        match parse(text.as_bytes()) {
            Statement::Blank => "-".to_owned(),
            Statement::Section(title) => format!("[{}]", part(&title)),
            Statement::Item(item) => {
                let section = item.section.as_ref().map(|s| format!("{}::", part(s))).unwrap_or_default();
                let mark = if item.has_equals { "=" } else { "" };
                format!("{section}{}{mark}<{}>", part(&item.name), part(&item.value))
            }
        }
    }

    #[test]
    fn lines_have_parts() {
        for (text, expected) in [
            ("", "-"),
            (" \t# x = 1", "-"),
            ("[ a  b ] c = d", "[a  b]"),
            ("[]", "[]"),
            (r"[a\]b]", r"[a\]b]"),
            ("[a # ]", "<[a>"),
            ("[a::b]", "<[a::b]>"),
            ("[$n]", "[$n]"),
            (" a-b.c\t=  d = e  # f", "a-b.c=<d = e>"),
            ("a=", "a=<>"),
            ("= 1", "=<1>"),
            ("::x = 1", "::x=<1>"),
            ("a::b=c", "a::b=<c>"),
            ("a::b::c = 1", "a::b<::c = 1>"),
            ("a b = c", "a<b = c>"),
            (r"a\ b = c", r"a\ b=<c>"),
            ("x = 'a # b' # c", "x=<'a # b'>"),
            ("x = `a # b`c # d", "x=<`a # b`c>"),
            (r#"x = "a\" # b" # c"#, r#"x=<"a\" # b">"#),
            (r"x = a \# b # c", r"x=<a \# b>"),
            ("x = don't # c", "x=<don't # c>"),
            (".include /a b", ".include</a b>"),
            (r"x = a\ ", r"x=<a\>"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        assert_eq!(parse(b"\xe9 = 1"), Statement::Item(Item { value: 0..5, ..Item::default() }));
    }
}
