//! The regular expressions of a configuration, which nginx compiles when it reads them.

use super::ID;
use super::directive_names::DirectiveNames;
use super::state::{Directive, TreeReader};
use crate::endpoint::Unknown;
use crate::release::Release;
use crate::services::pcre;
use crate::services::place::Place;
use crate::topic::Topic;

/// Since then nginx takes PCRE2 where it was built with it.
const PCRE2: Release = Release::new(1, 21, 5);

/// Directives whose arguments are expressions behind a `~`, or behind `~*` too.
const MARKED: &[&[u8]] = &[
    b"map",
    b"proxy_cookie_domain",
    b"proxy_cookie_flags",
    b"proxy_cookie_path",
    b"proxy_redirect",
    b"server_name",
    b"valid_referers",
];

/// Complains about the expressions of a directive that PCRE refuses.
pub(super) fn check_expressions(reader: &mut TreeReader<'_>, directive: &Directive<'_>) {
    let arguments = reader.arguments(directive);
    for expression in list_expressions(directive.name, &arguments) {
        check(reader, directive.place, &expression);
    }
}

/// The expressions in the arguments of a directive.
fn list_expressions(name: &[u8], arguments: &[String]) -> Vec<String> {
    let marked = |text: &String| text.strip_prefix('~').map(|rest| rest.strip_prefix('*').unwrap_or(rest).to_owned());
    match (name, arguments) {
        (b"location", [mark, expression]) if matches!(mark.as_str(), "~" | "~*") => vec![expression.clone()],
        (b"location", [name]) => marked(name).into_iter().collect(),
        (b"if", _) => of_condition(arguments).into_iter().collect(),
        (b"rewrite", [expression, ..]) | (b"fastcgi_split_path_info", [expression]) => vec![expression.clone()],
        (b"gzip_disable", _) => arguments.iter().filter(|word| *word != "msie6").cloned().collect(),
        // The names of servers have no `~*`: the star is the expression's.
        (b"server_name", _) => arguments.iter().filter_map(|name| name.strip_prefix('~').map(str::to_owned)).collect(),
        (b"proxy_redirect" | b"proxy_cookie_domain" | b"proxy_cookie_path" | b"proxy_cookie_flags", [first, ..]) => {
            marked(first).into_iter().collect()
        }
        _ if MARKED.contains(&name) => arguments.iter().filter_map(marked).collect(),
        _ => Vec::new(),
    }
}

/// The expression of `if ($variable ~ expression)`.
fn of_condition(arguments: &[String]) -> Option<String> {
    let first = arguments.first()?.strip_prefix('(')?;
    let mut words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    if !first.is_empty() {
        words.insert(0, first);
    }
    let last = words.pop()?.strip_suffix(')')?;
    if !last.is_empty() {
        words.push(last);
    }
    match words[..] {
        [_, "~" | "~*" | "!~" | "!~*", expression] => Some(expression.to_owned()),
        _ => None,
    }
}

/// Complains about an expression, or says that it is not known whether PCRE takes it.
pub(super) fn check(reader: &mut TreeReader<'_>, place: Place, expression: &str) {
    let judgement = pcre::judge(expression);
    let is_new = || uses_pcre2(reader);
    let refused = match (judgement.refused, judgement.refused_by_new) {
        (Some(why), _) => Some(why),
        (None, Some(why)) => match is_new() {
            Some(true) => Some(why),
            Some(false) if !judgement.is_unsure => return,
            Some(false) | None => None,
        },
        (None, None) if !judgement.is_unsure => return,
        (None, None) => None,
    };
    if let Some(why) = refused {
        reader.problem(place, format!("pcre_compile() failed: {why} in \"{expression}\""));
        return;
    }
    reader.unknown.push(Unknown {
        topic: Topic::about("expression", expression.to_owned()),
        span: Some(place.span),
        what: format!(
            "whether this PCRE takes the expression \"{expression}\" is not known: otherwise nginx does not start"
        ),
        help: "ask nginx itself: nginx -t".to_owned(),
    });
}

/// Does this nginx compile expressions with PCRE2? `None`: not known.
fn uses_pcre2(reader: &TreeReader<'_>) -> Option<bool> {
    if reader.world.facts.of(ID).release.value.is_some_and(|release| release < PCRE2) {
        return Some(false);
    }
    let names = reader.directives.get_or_init(|| DirectiveNames::read(reader.world.system));
    names.as_ref().map(DirectiveNames::use_pcre2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_expressions_stand() {
        let of = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            list_expressions(words[0].as_bytes(), &words[1..]).join(" ")
        };
        for (text, expressions) in [
            ("location ~ ^/a", "^/a"),
            ("location ~*^/a", "^/a"),
            ("location = ~a", ""),
            ("location /a", ""),
            ("if ($uri ~ ^/a)", "^/a"),
            ("if ( $uri !~* (a) )", "(a)"),
            ("if ($uri = ^/a)", ""),
            ("if ($a)", ""),
            ("rewrite ^(.*)$ /x last", "^(.*)$"),
            ("server_name a.test ~^b ~*c", "^b *c"),
            ("proxy_redirect ~*^a /~b", "^a"),
            ("valid_referers none ~^a ~b", "^a b"),
            ("gzip_disable msie6 ^a", "^a"),
            ("set $a ~b", ""),
        ] {
            assert_eq!(of(text), expressions, "{text}");
        }
    }
}
