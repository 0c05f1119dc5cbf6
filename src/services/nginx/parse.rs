//! Parsing of one nginx configuration file. The only place that knows pest.

use crate::services::tree::{NO_PARTNER, Node, NodeKind, SyntaxError, Tree, shadow};
use pest::Parser;
use pest::iterators::Pair;

#[derive(pest_derive::Parser)]
#[grammar = "grammars/nginx.pest"]
struct Grammar;

/// The longest word or comment, its end mark included (nginx's `NGX_CONF_BUFFER`).
const BUFFER: u32 = 4096;

/// Parses a file. What does not parse becomes an error in the tree; the rest is there all the same.
pub fn parse(bytes: &[u8]) -> Tree {
    let text = shadow(bytes);
    let mut tree = Tree::default();
    let lua = memchr::memmem::find(bytes, b"_by_lua_block").is_some();
    match Grammar::parse(if lua { Rule::file_with_lua } else { Rule::file }, &text) {
        Ok(mut pairs) => {
            for item in pairs.next().into_iter().flat_map(Pair::into_inner) {
                add(&mut tree, &item, bytes);
            }
        }
        // The grammar matches every text; should pest give up all the same, nothing is known of the file.
        Err(error) => {
            let range = 0..bytes.len().min(1) as u32;
            let message = format!("does not parse: {}", error.variant.message());
            tree.errors.push(SyntaxError { range, message, opened: None });
        }
    }
    tree.pair_braces("unexpected end of file, expecting \"}\" for this block", "unexpected \"}\"");
    tree.nodes.shrink_to_fit();
    tree.words.shrink_to_fit();
    tree
}

fn add(tree: &mut Tree, item: &Pair<'_, Rule>, bytes: &[u8]) {
    let span = item.as_span();
    let (start, end) = (span.start() as u32, span.end() as u32);
    let mut error = |message: String| tree.errors.push(SyntaxError { range: start..end, message, opened: None });
    match item.as_rule() {
        Rule::comment => {
            check_length(tree, start..end, bytes);
            push(tree, NodeKind::Comment, start, end);
        }
        Rule::close => push(tree, NodeKind::Close, start, end),
        Rule::statement => statement(tree, item, bytes),
        Rule::lua => add_lua_block(tree, item),
        Rule::stray => {
            let open = span.as_str() == "{";
            error(format!("unexpected \"{}\"", span.as_str()));
            if open {
                push(tree, NodeKind::Open, start, end);
            }
        }
        Rule::unended => {
            let found = match bytes.get(end as usize) {
                Some(byte) => format!("unexpected \"{}\", expecting \";\" or \"{{\"", char::from(*byte)),
                None => "unexpected end of file, expecting \";\" or \"}\"".to_owned(),
            };
            error(found);
        }
        Rule::junk => {
            let first = char::from(bytes[start as usize]);
            let message = match first {
                '"' | '\'' => {
                    format!("a blank, \";\" or \"{{\" has to follow the quoted word, or its {first} is missing")
                }
                _ => format!("unexpected {first:?}"),
            };
            error(message);
        }
        _ => {}
    }
}

fn push(tree: &mut Tree, kind: NodeKind, start: u32, end: u32) {
    let word = tree.words.len() as u32;
    tree.nodes.push(Node { kind, start, end, first_word: word, last_word: word, partner: NO_PARTNER });
}

fn statement(tree: &mut Tree, item: &Pair<'_, Rule>, bytes: &[u8]) {
    let first_word = tree.words.len() as u32;
    let mut kind = NodeKind::Directive;
    for part in item.clone().into_inner() {
        let span = part.as_span();
        match part.as_rule() {
            Rule::word | Rule::quoted => {
                let range = span.start() as u32..span.end() as u32;
                check_length(tree, range.clone(), bytes);
                tree.words.push(range);
            }
            Rule::open => kind = NodeKind::Open,
            _ => {}
        }
    }
    let (span, last_word) = (item.as_span(), tree.words.len() as u32);
    let (start, end) = (span.start() as u32, span.end() as u32);
    tree.nodes.push(Node { kind, start, end, first_word, last_word, partner: NO_PARTNER });
}

/// A Lua block becomes its head and its end; the Lua between them is not looked at.
fn add_lua_block(tree: &mut Tree, item: &Pair<'_, Rule>) {
    let first_word = tree.words.len() as u32;
    let start = item.as_span().start() as u32;
    for part in item.clone().into_inner() {
        let span = part.as_span();
        let (from, to) = (span.start() as u32, span.end() as u32);
        match part.as_rule() {
            Rule::lua_name | Rule::word | Rule::quoted => tree.words.push(from..to),
            Rule::open => {
                let last_word = tree.words.len() as u32;
                let kind = NodeKind::Open;
                tree.nodes.push(Node { kind, start, end: to, first_word, last_word, partner: NO_PARTNER });
            }
            Rule::lua_body if from < to => push(tree, NodeKind::Comment, from, to),
            Rule::lua_end => push(tree, NodeKind::Close, from, to),
            _ => {}
        }
    }
}

fn check_length(tree: &mut Tree, range: std::ops::Range<u32>, bytes: &[u8]) {
    let ended = (range.end as usize) < bytes.len();
    if range.end - range.start + u32::from(ended) > BUFFER {
        let shown = String::from_utf8_lossy(&bytes[range.start as usize..range.start as usize + 10]).into_owned();
        let message = format!("too long parameter \"{shown}...\": at most {} bytes fit", BUFFER - 1);
        tree.errors.push(SyntaxError { range: range.start..range.start + 10, message, opened: None });
    }
}

/// Where white space, together with a comment after it, is longer than the buffer of an nginx before 1.15.3.
pub(crate) fn long_blanks(tree: &Tree, bytes: &[u8]) -> Vec<std::ops::Range<u32>> {
    let limit = BUFFER as usize;
    let is_comment = |at: u32| bytes.get(at as usize) == Some(&b'#');
    let gaps = tree.find_gaps(bytes.len() as u32);
    let inner = tree.words.windows(2).map(|pair| pair[0].end..pair[1].start).filter(|gap| gap.start < gap.end);
    let mut found = Vec::new();
    for gap in gaps.into_iter().chain(inner) {
        let text = &bytes[gap.start as usize..gap.end as usize];
        let longest = text.split(|b| !b.is_ascii_whitespace()).map(<[u8]>::len).max().unwrap_or(0);
        let comment = tree.nodes.iter().find(|n| n.start == gap.end && is_comment(n.start));
        let comment = comment.map_or(0, |n| (n.end - n.start) as usize);
        if longest + comment >= limit {
            found.push(gap.end.saturating_sub(1)..gap.end);
        }
    }
    found
}

/// What a word means: quotes gone, escapes decoded.
pub(super) fn value(word: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let inner = match word {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => word,
    };
    if !inner.contains(&b'\\') {
        return inner.into();
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let decoded = match (byte, bytes.peek()) {
            (b'\\', Some(next @ (b'"' | b'\'' | b'\\'))) => Some(*next),
            (b'\\', Some(b't')) => Some(b'\t'),
            (b'\\', Some(b'r')) => Some(b'\r'),
            (b'\\', Some(b'n')) => Some(b'\n'),
            _ => None,
        };
        match decoded {
            Some(decoded) => {
                out.push(decoded);
                bytes.next();
            }
            None => out.push(byte),
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names, arguments and blocks as text: `server{ listen|80; }`.
    fn shape(text: &str) -> String {
        let tree = parse(text.as_bytes());
        assert_eq!(tree.print(text.as_bytes()), text.as_bytes());
        let mut out = String::new();
        for (i, node) in tree.nodes.iter().enumerate() {
            let words: Vec<&str> = tree.words(i).iter().map(|w| &text[w.start as usize..w.end as usize]).collect();
            match node.kind {
                NodeKind::Comment => out += "# ",
                NodeKind::Directive => out.extend([words.join("|"), "; ".into()]),
                NodeKind::Open => out.extend([words.join("|"), "{ ".into()]),
                NodeKind::Close => out += "} ",
            }
        }
        for error in &tree.errors {
            out.extend([format!("!{}..{} {} ", error.range.start, error.range.end, error.message)]);
        }
        out.trim_end().to_owned()
    }

    #[test]
    fn words_end_at_blanks_semicolons_and_opening_braces() {
        assert_eq!(shape("server{listen 80;a}b c#d;}"), "server{ listen|80; a}b|c#d; }");
        assert_eq!(shape("a\t'b;{ c'  \"d\\\"e\";"), "a|'b;{ c'|\"d\\\"e\"; ".trim_end());
        assert_eq!(shape("log_format x '$a' # why\n  '{b}';"), "log_format|x|'$a'|'{b}';");
        assert_eq!(shape("if ($a = \"x\") { }"), "if|($a|=|\"x\"|){ }");
        assert_eq!(shape("a ${b}c$d;"), "a|${b}c$d;");
        assert_eq!(shape("a b\\;c\\ d;"), "a|b\\;c\\ d;");
        assert_eq!(shape("# only\r\n"), "#");
        assert_eq!(shape(""), "");
    }

    #[test]
    fn what_does_not_parse_is_said_and_the_rest_is_kept() {
        assert_eq!(shape("a;; b;"), "a; b; !2..3 unexpected \";\"");
        assert_eq!(shape("s { a b }"), "s{ } !4..8 unexpected \"}\", expecting \";\" or \"{\"");
        assert_eq!(shape("a b"), "!0..3 unexpected end of file, expecting \";\" or \"}\"");
        assert!(shape("a \"b\"c;\nd;").starts_with("d;"));
        assert!(shape("s {").contains("expecting \"}\" for this block"));
        assert_eq!(shape("}"), "} !0..1 unexpected \"}\"");
    }

    #[test]
    fn lua_is_skipped_with_its_strings_and_braces() {
        let text = "content_by_lua_block { local t = {a = \"}\"} -- it's }\n x = [[ } ]] }\nlisten 80;";
        assert_eq!(shape(text), "content_by_lua_block{ # } listen|80;");
        assert_eq!(shape("set_by_lua_block $x { return {} }"), "set_by_lua_block|$x{ # }");
        assert_eq!(shape("\"set_by_lua_block\" $x { return {';'} } a;"), "\"set_by_lua_block\"|$x{ # } a;");
        assert_eq!(shape("'content_by_lua_block'{ --[===[ } ]] ]===] } a;"), "'content_by_lua_block'{ # } a;");
        assert_eq!(shape("\"access_by_lua_block\" # {\n { x = \"}\" } a;"), "\"access_by_lua_block\"{ # } a;");
    }

    #[test]
    fn a_hundred_thousand_braces_cost_no_stack() {
        let text = "a {".repeat(100_000);
        let errors = parse(text.as_bytes()).errors;
        assert_eq!(errors.len(), 20);
        assert!(errors[19].message.ends_with("(and 99980 more such places in this file)"), "{}", errors[19].message);
        let closed = text + &"}".repeat(100_000);
        assert_eq!(parse(closed.as_bytes()).errors.len(), 0);
    }

    #[test]
    fn words_lose_quotes_and_escapes() {
        assert_eq!(&*value(b"\"a\\\"b\\t\""), b"a\"b\t");
        assert_eq!(&*value(b"TLSv1\\.2"), b"TLSv1\\.2");
        assert_eq!(&*value(b"it's"), b"it's");
        assert_eq!(&*value(b"''"), b"");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_print_back(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let tree = parse(&bytes);
            proptest::prop_assert_eq!(tree.print(&bytes), bytes);
        }

        #[test]
        fn odd_texts_print_back(text in "[a-z {};#\"'\\\\$\n\r)(-]{0,200}") {
            let tree = parse(text.as_bytes());
            proptest::prop_assert_eq!(tree.print(text.as_bytes()), text.as_bytes());
        }
    }
}
