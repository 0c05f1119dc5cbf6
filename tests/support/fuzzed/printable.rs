//! What no reader of a report may be given: control characters and those that hide or turn text around.

use tlsmend::report::sanitise::is_hostile;

/// Holds a report for people or pipelines against that. Its own line ends are fine, and so are the styles of a terminal,
/// and tabs where a browser sets them.
pub fn hold(format: &str, report: &[u8]) {
    let text = std::str::from_utf8(report).unwrap_or_else(|error| panic!("{format} is not UTF-8: {error}"));
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c != '\n' && is_hostile(c) && (c, format) != ('\t', "html")) {
        rest = &rest[at..];
        match style(rest) {
            Some(length) => rest = &rest[length..],
            None => panic!("{format} has {:?} in {:?}", rest.chars().next(), around(text, text.len() - rest.len())),
        }
    }
}

/// The length of a style of a terminal at the beginning: `ESC [ 1 ; 31 m`.
fn style(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("\u{1b}[")?;
    let end = inner.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    inner[end..].starts_with('m').then_some(end + 3)
}

fn around(text: &str, at: usize) -> String {
    text[..at].chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().chain(text[at..].chars().take(40)).collect()
}
