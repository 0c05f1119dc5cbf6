//! Words and commands as shells and units write them: quotes, escapes, comments.

/// Is it a name of a variable?
pub fn is_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

/// `NAME=value`
pub fn assignment(word: &str) -> Option<(&str, &str)> {
    word.split_once('=').filter(|(name, _)| is_name(name))
}

/// The words of a text, quotes and all, cut at blanks.
pub fn raw_words(text: &str) -> Vec<String> {
    cut(text, |c| c.is_ascii_whitespace())
}

/// The commands of a file, cut at ends of lines and semicolons.
pub fn commands(text: &str) -> Vec<String> {
    cut(&text.replace("\\\n", ""), |c| matches!(c, '\n' | ';' | '\r'))
}

/// Cuts a text where `here` says so, but not inside quotes or braces, and without comments.
fn cut(text: &str, here: impl Fn(char) -> bool) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut quote = None;
    let mut depth = 0_usize;
    let mut before = '\n';
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let outside = quote.is_none() && depth == 0;
        if outside && c == '#' && before.is_ascii_whitespace() {
            let rest = chars.as_str();
            let end = rest.find('\n').unwrap_or(rest.len());
            chars = rest[end..].chars();
            continue;
        }
        if outside && here(c) {
            pieces.push(String::new());
            before = c;
            continue;
        }
        let piece = pieces.last_mut();
        match (quote, c) {
            (None | Some('"'), '\\') => {
                if let Some(piece) = piece {
                    piece.push(c);
                    piece.extend(chars.next());
                }
                before = 'x';
                continue;
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (_, '{') if before == '$' => depth += 1,
            (_, '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if let Some(piece) = piece {
            piece.push(c);
        }
        before = c;
    }
    pieces.retain(|p| !p.trim().is_empty());
    pieces
}

/// A word without the quotes around it or in it.
pub fn unquoted(word: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('"') | None, '\\') => out.extend(chars.next()),
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (_, c) => out.push(c),
        }
    }
    out
}

/// A text as one word of a shell.
pub fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+@:,=%".contains(&b);
    match !text.is_empty() && text.bytes().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// The words of a command as it is written, without quotes.
pub fn words(command: &str) -> Vec<String> {
    raw_words(command).iter().map(|word| unquoted(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_outside_quotes_and_braces() {
        assert_eq!(raw_words("a 'b c' \"d e\"f ${x:-y z} g\\ h # i"), ["a", "'b c'", "\"d e\"f", "${x:-y z}", "g\\ h"]);
        assert_eq!(commands("a; b 'c;d' # e\nf#g\n"), ["a", " b 'c;d' ", "f#g"]);
        assert_eq!(unquoted("'a b'\"c\\\"\"\\d"), "a bc\"d");
    }
}
