//! Tables of names and keys, in whose buckets each of them has to fit (`ngx_hash_init`).

use super::listener::Listener;
use super::model::Model;
use super::module::ListenModule;
use crate::services::place::Place;

/// The line of the cache for which nginx is built on today's machines, in bytes: buckets have a multiple of it.
const LINE: usize = 64;
/// A pointer.
const WORD: usize = 8;

/// Does a key fit into a bucket of that size? Labels of a name with a star are keys of their own.
pub(super) fn fits(key: &str, has_wildcards: bool, bucket: Option<i64>) -> bool {
    let bucket = bucket.map_or(LINE, |size| usize::try_from(size).unwrap_or(usize::MAX / 2).next_multiple_of(LINE));
    let wild = key.strip_prefix("*.").or(key.strip_prefix('.')).or(key.strip_suffix(".*"));
    let one = |text: &str| WORD + (text.len() + 2).next_multiple_of(WORD) + WORD <= bucket;
    match wild.filter(|_| has_wildcards) {
        Some(rest) => rest.split('.').all(one),
        None => one(key),
    }
}

/// The first server of a listener with a name that does not fit, and that name. A lone server has no table, unless it
/// captures something.
pub(super) fn find_long_name(model: &Model, listener: &Listener) -> Option<(Place, String)> {
    let captures = |name: &String| name.strip_prefix('~').is_some_and(has_captures);
    let is_built =
        listener.servers.len() > 1 || model.servers[listener.servers[listener.default]].names.iter().any(captures);
    if listener.section == ListenModule::Mail || !is_built {
        return None;
    }
    let bucket = model.sections.get(&listener.section).and_then(|scope| model.scopes[*scope].name_bucket);
    listener.servers.iter().find_map(|server| {
        let server = &model.servers[*server];
        let long = server.names.iter().find(|name| !name.starts_with('~') && !fits(name, true, bucket))?;
        Some((model.scopes[server.scope].head, long.clone()))
    })
}

/// Has an expression a group whose text is kept?
fn has_captures(expression: &str) -> bool {
    let groups = expression.match_indices('(').map(|(at, _)| (&expression[..at], &expression[at + 1..]));
    groups.into_iter().any(|(before, rest)| {
        let is_plain = !before.ends_with('\\') && !rest.starts_with(['?', '*']);
        let is_named = ["?<", "?P<", "?'"].iter().any(|start| rest.starts_with(start));
        is_plain || is_named && !rest.starts_with("?<=") && !rest.starts_with("?<!")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What nginx 1.22.1 does with names of that length.
    #[test]
    fn names_that_fit() {
        let long = "a".repeat(47);
        let short = &long[1..];
        for name in [short, &format!("*.{short}.b"), &format!("{short}.*"), &format!(".{short}.{short}")] {
            assert!(fits(name, true, None) && fits(name, true, Some(32)), "{name}");
        }
        for name in [&long, &format!("*.{long}.b"), &format!("{long}.*"), &format!(".b.{long}")] {
            assert!(!fits(name, true, None) && fits(name, true, Some(65)), "{name}");
        }
        assert!(!fits("a", true, Some(0)) && !fits(&format!("*.{short}.b"), false, None));
    }

    #[test]
    fn captures() {
        for text in ["^(.+)$", "(?<x>a)", "a(?:b)(c)"] {
            assert!(has_captures(text), "{text}");
        }
        for text in ["^.+$", "(?:a)", "\\(a", "(?=a)", "(?<!a)"] {
            assert!(!has_captures(text), "{text}");
        }
    }
}
