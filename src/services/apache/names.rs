//! Server names: which virtual host of a chain a name selects.

use super::super::glob::with_stars;
use std::collections::BTreeMap;

/// The names of the virtual hosts of one chain. Of several that match, the first virtual host wins, not the most
/// specific name.
#[derive(Debug, Default)]
pub(super) struct HostNames {
    /// Names without wildcards, in lower case.
    exact: BTreeMap<Vec<u8>, usize>,
    /// What follows the star of names like `*.example.org`.
    endings: BTreeMap<Vec<u8>, usize>,
    /// What stands before the star of names like `www.*`.
    beginnings: BTreeMap<Vec<u8>, usize>,
    /// Other names with wildcards.
    patterns: Vec<(Vec<u8>, usize)>,
}

impl HostNames {
    /// Adds a name of the virtual host at a place of the chain; hosts have to be added in order.
    ///
    /// Gives `false` where an earlier host answers to that name already.
    pub(super) fn add(&mut self, name: &str, host: usize) -> bool {
        let name = name.to_ascii_lowercase().into_bytes();
        let taken = self.find_lower(&name, is_pattern(&name)).is_some_and(|found| found < host);
        let index = match name.as_slice() {
            [b'*', ending @ ..] if !is_pattern(ending) => self.endings.entry(ending.to_vec()),
            [beginning @ .., b'*'] if !is_pattern(beginning) => self.beginnings.entry(beginning.to_vec()),
            name if is_pattern(name) => {
                self.patterns.push((name.to_vec(), host));
                return !taken;
            }
            name => self.exact.entry(name.to_vec()),
        };
        index.or_insert(host);
        !taken
    }

    /// The place in the chain of the first virtual host that answers to a name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.find_lower(name.to_ascii_lowercase().as_bytes(), false)
    }

    /// With `covering`, the name is a pattern, and only what surely matches all that it matches counts.
    fn find_lower(&self, name: &[u8], covering: bool) -> Option<usize> {
        let exact = self.exact.get(name).copied();
        let splits = |index: &BTreeMap<Vec<u8>, usize>| if index.is_empty() { 0..0 } else { 0..name.len() + 1 };
        let ending = splits(&self.endings).filter_map(|at| self.endings.get(&name[at..])).min().copied();
        let begins = splits(&self.beginnings).filter_map(|at| self.beginnings.get(&name[..at])).min().copied();
        let same = |pattern: &[u8]| if covering { pattern == name } else { matches(pattern, name) };
        let pattern = self.patterns.iter().find(|(pattern, _)| same(pattern)).map(|(_, host)| *host);
        [exact, ending, begins, pattern].into_iter().flatten().min()
    }
}

/// Does a name of a virtual host fit the name that a client sends?
pub(super) fn is_one_of(spelled: &str, sent: &str) -> bool {
    let mut names = HostNames::default();
    names.add(spelled, 0);
    names.find(sent).is_some()
}

/// Has the name a wildcard?
fn is_pattern(name: &[u8]) -> bool {
    name.iter().any(|b| matches!(b, b'*' | b'?'))
}

/// `ap_strcasecmp_match`: `*` is any run of bytes, `?` one byte.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    with_stars(pattern, name, |pattern, at, byte| (pattern[at] == b'?' || pattern[at] == byte).then_some(at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_host_that_matches_wins() {
        let mut names = HostNames::default();
        assert!(names.add("a.test", 0));
        assert!(names.add("*.b.test", 0));
        assert!(!names.add("A.test", 1));
        assert!(!names.add("x.b.test", 1));
        assert!(!names.add("*.c.b.test", 1));
        assert!(names.add("?.q.test", 1));
        assert!(names.add("*.q.test", 2));
        assert!(names.add("w*.test", 3));
        assert!(names.add("shop.*", 3));
        assert!(!names.add("shop.de.*", 4));
        for (name, host) in [
            ("A.TEST", Some(0)),
            ("x.y.b.test", Some(0)),
            ("b.test", None),
            ("z.q.test", Some(1)),
            ("zz.q.test", Some(2)),
            ("www.test", Some(3)),
            ("shop.de", Some(3)),
            ("a.test.", None),
        ] {
            assert_eq!(names.find(name), host, "{name}");
        }
    }

    #[test]
    fn wildcards_are_any_run_and_one_byte() {
        assert!(matches(b"*a*b", b"xaxxb") && matches(b"a?", b"ab") && matches(b"*", b""));
        assert!(!matches(b"a?", b"a") && !matches(b"*a", b"b") && !matches(b"", b"a"));
    }
}
