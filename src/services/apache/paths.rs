//! Paths of requests that a directive or a section is for, and which of two takes all requests of the other.

use std::collections::BTreeSet;

/// Which paths something is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PathSet {
    /// A path and what is below it.
    Below(String),
    /// Those that a regular expression finds something in.
    Matching(String),
}

/// What is known of a regular expression without running it.
struct PatternShape {
    /// The text that paths begin with.
    start: String,
    /// Does it match every path that begins so?
    is_all: bool,
}

impl PathSet {
    /// Is every path among these which is among the others?
    pub(super) fn cover(&self, other: &PathSet) -> bool {
        // The usual case at once: there can be thousands of them.
        if let (PathSet::Below(path), PathSet::Below(other)) = (self, other)
            && !other.starts_with(path.as_str())
            && ![path, other].iter().any(|path| path.contains("//"))
            && path != "/"
        {
            return false;
        }
        let mut taken = TakenPaths::default();
        taken.add(self);
        taken.cover(other)
    }

    /// Are these all paths that there are?
    pub(super) fn are_all(&self) -> bool {
        match self {
            PathSet::Below(path) => folded(path) == "/",
            PathSet::Matching(regex) => matches_all(regex),
        }
    }

    /// Is no path of a request among them? All begin with a slash.
    pub(super) fn are_none(&self) -> bool {
        matches!(self, PathSet::Below(path) if !path.starts_with('/'))
    }
}

/// Paths that are taken already, by what is tried earlier.
#[derive(Debug, Default)]
pub(super) struct TakenPaths {
    all: bool,
    /// With all that is below them; as they are written, with single slashes.
    paths: BTreeSet<String>,
    /// The texts that paths begin with, and how long those are.
    starts: BTreeSet<String>,
    lengths: BTreeSet<usize>,
    /// Regular expressions of any kind.
    regexes: BTreeSet<String>,
}

impl TakenPaths {
    pub(super) fn add(&mut self, paths: &PathSet) {
        self.all |= paths.are_all();
        match paths {
            PathSet::Below(path) => drop(self.paths.insert(folded(path))),
            PathSet::Matching(regex) => {
                self.regexes.insert(regex.clone());
                if let Some(PatternShape { start, is_all: true }) = read_shape(regex) {
                    self.lengths.insert(start.len());
                    self.starts.insert(start);
                }
            }
        }
    }

    /// Are all of these paths taken, by one of what was added?
    pub(super) fn cover(&self, paths: &PathSet) -> bool {
        if self.all {
            return true;
        }
        let (start, is_whole) = match paths {
            PathSet::Below(path) => (folded(path), true),
            PathSet::Matching(regex) if self.regexes.contains(regex) => return true,
            // What follows in the path may still belong to its last name.
            PathSet::Matching(regex) => match read_shape(regex) {
                Some(shape) => (shape.start, false),
                None => return false,
            },
        };
        let begins = |length: &usize| start.get(..*length).is_some_and(|start| self.starts.contains(start));
        let above = |at: usize| self.paths.contains(&start[..at]) || self.paths.contains(&start[..=at]);
        (is_whole && self.paths.contains(&start))
            || self.lengths.iter().any(begins)
            || memchr::memchr_iter(b'/', start.as_bytes()).any(above)
    }
}

/// Does a regular expression match every path?
pub(super) fn matches_all(regex: &str) -> bool {
    const EVERYWHERE: &[&str] =
        &["", "/", ".", ".*", ".+", "(.*)", "(.+)", "(.*)$", ".*$", "/.*", "/(.*)", "/(.*)$", "/.*$"];
    EVERYWHERE.contains(&regex)
        || read_shape(regex).is_some_and(|shape| shape.is_all && matches!(shape.start.as_str(), "" | "/"))
}

/// Any number of slashes is as good as one.
fn folded(path: &str) -> String {
    let mut folded = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !folded.ends_with('/') {
            folded.push(c);
        }
    }
    folded
}

/// How a regular expression that is bound to the beginning goes on.
fn read_shape(regex: &str) -> Option<PatternShape> {
    let regex = regex.strip_prefix('^').filter(|rest| !rest.contains('|'))?;
    let mut start = String::new();
    let mut rest = regex;
    while let Some(c) = rest.chars().next() {
        let (c, length) = match (c, rest.chars().nth(1)) {
            ('\\', Some(next)) if next.is_ascii_punctuation() => (next, 2),
            ('\\' | '.' | '(' | '[' | '{' | '*' | '+' | '?' | '$' | ')' | '^', _) => break,
            _ => (c, c.len_utf8()),
        };
        start.push(c);
        rest = &rest[length..];
    }
    if rest.starts_with(['*', '+', '?', '{']) {
        start.pop();
    }
    let is_all = matches!(rest, "" | ".*" | ".*$" | "(.*)" | "(.*)$");
    Some(PatternShape { start, is_all })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> PathSet {
        match text.strip_prefix("~ ") {
            Some(regex) => PathSet::Matching(regex.to_owned()),
            None => PathSet::Below(text.to_owned()),
        }
    }

    #[test]
    fn paths_that_take_all_of_others() {
        for (path, other) in [
            ("/", "/x"),
            ("/x", "/x"),
            ("/x", "/x/y"),
            ("/x/", "/x/y"),
            ("//x", "/x/y"),
            ("/", "~ ^/x"),
            ("/x", "~ ^/x/y"),
            ("~ ^/", "/x"),
            ("~ .*", "/x"),
            ("~ ^/(.*)$", "~ \\.gif$"),
            ("~ ^/x", "/xy"),
            ("~ ^/x", "~ ^/xy(.*)"),
            ("~ ^/a\\.b", "/a.b"),
        ] {
            assert!(of(path).cover(&of(other)), "{path} {other}");
        }
        for (path, other) in [
            ("/x", "/xy"),
            ("/x/", "/x"),
            ("/x/y", "/x"),
            ("/x", "~ ^/x"),
            ("~ \\.gif$", "/x"),
            ("~ ^/x$", "/x"),
            ("~ ^/xy?", "/xz"),
            ("~ ^/a|b", "/a"),
            ("~ ^/a.b", "/a.b"),
            ("/x", "~ /x"),
        ] {
            assert!(!of(path).cover(&of(other)), "{path} {other}");
        }
    }

    #[test]
    fn paths_that_no_request_has() {
        assert!(of("^/x").are_none());
        assert!(!of("/x").are_none() && !of("~ ^/x").are_none());
    }
}
