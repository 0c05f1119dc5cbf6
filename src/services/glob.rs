//! Matching of names against shell patterns, on bytes.
//!
//! The crates for it all differ from glob(3) and `apr_fnmatch` in what they do with leading dots, `**`, `{a,b}` or
//! escapes, and none can be kept inside a root directory.

use crate::system::{Kind, System};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The paths that match an absolute pattern, in byte order, as glob(3) gives them: every component may be a pattern,
/// links are followed, a dangling link matches too. A directory that can't be listed matches nothing.
pub fn expand(system: &dyn System, pattern: &[u8]) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("/")];
    let components: Vec<&[u8]> = pattern.split(|b| *b == b'/').filter(|c| !c.is_empty()).collect();
    for (i, component) in components.iter().enumerate() {
        let last = i + 1 == components.len();
        let mut next = Vec::new();
        for directory in &found {
            if is_pattern(component) {
                let names = system.list(directory).unwrap_or_default();
                let matching = names.into_iter().filter(|e| matches(component, e.name.as_bytes()));
                // Only a directory can have something below it.
                let fits = matching.filter(|e| last || matches!(e.kind, Kind::Directory | Kind::Link));
                next.extend(fits.map(|e| directory.join(e.name)));
            } else {
                next.push(directory.join(OsStr::from_bytes(component)));
            }
        }
        found = next;
    }
    if components.last().is_some_and(|c| !is_pattern(c)) {
        found.retain(|path| is_there(system, path));
    }
    found.sort_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
    found
}

/// Is there an entry of that name, be it a link that leads nowhere?
fn is_there(system: &dyn System, path: &Path) -> bool {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return true };
    system.kind(path).is_ok() || system.list(parent).is_ok_and(|l| l.iter().any(|e| e.name == name))
}

/// Has the text a character that makes it a pattern: `*`, `?` or `[`?
pub fn is_pattern(text: &[u8]) -> bool {
    text.iter().any(|b| matches!(b, b'*' | b'?' | b'['))
}

/// Does `name`, one component of a path, match `pattern`?
///
/// `*` is any run of bytes, `?` any one byte, `[...]` a class (with ranges, negated by `!` or `^`, and with the names
/// of POSIX classes such as `[:digit:]`), a backslash takes the next byte literally. A leading dot of the name must
/// be written in the pattern. A `[` without `]` is itself.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && !matches!(pattern, [b'.', ..] | [b'\\', b'.', ..]) {
        return false;
    }
    with_stars(pattern, name, one)
}

/// Does `name` match `pattern`, in which `*` is any run of bytes? `one` matches a byte of the name against what else stands
/// at a place of the pattern: the place after it, or `None`.
pub(super) fn with_stars(pattern: &[u8], name: &[u8], one: impl Fn(&[u8], usize, u8) -> Option<usize>) -> bool {
    // On a mismatch, go back to the last star and let it take one byte more.
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    loop {
        match pattern.get(p) {
            None if n == name.len() => return true,
            Some(b'*') => {
                star = Some((p + 1, n));
                p += 1;
                continue;
            }
            Some(_) if n < name.len() => {
                if let Some(next) = one(pattern, p, name[n]) {
                    (p, n) = (next, n + 1);
                    continue;
                }
            }
            _ => {}
        }
        match star {
            Some((after, taken)) if taken < name.len() => {
                star = Some((after, taken + 1));
                (p, n) = (after, taken + 1);
            }
            _ => return false,
        }
    }
}

/// Matches one byte against what stands at `p`; the place after it, or `None`.
fn one(pattern: &[u8], p: usize, byte: u8) -> Option<usize> {
    match pattern[p] {
        b'?' => Some(p + 1),
        b'[' => match class(pattern, p, byte) {
            Some((true, next)) => Some(next),
            Some((false, _)) => None,
            None => (byte == b'[').then_some(p + 1),
        },
        b'\\' if p + 1 < pattern.len() => (pattern[p + 1] == byte).then_some(p + 2),
        literal => (literal == byte).then_some(p + 1),
    }
}

/// Is `byte` in the class that opens at `p`? With the place after the class; `None` if it is not closed.
fn class(pattern: &[u8], p: usize, byte: u8) -> Option<(bool, usize)> {
    let mut at = p + 1;
    let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
    if negated {
        at += 1;
    }
    let first = at;
    let mut found = false;
    loop {
        let low = *pattern.get(at)?;
        if low == b']' && at > first {
            return Some((found != negated, at + 1));
        }
        if low == b'['
            && pattern.get(at + 1) == Some(&b':')
            && let Some(length) = pattern[at + 2..].windows(2).position(|w| w == b":]")
        {
            found |= in_named_class(&pattern[at + 2..at + 2 + length], byte);
            at += length + 4;
            continue;
        }
        let (low, next) = literal(pattern, at)?;
        at = next;
        if pattern.get(at) == Some(&b'-') && pattern.get(at + 1).is_some_and(|b| *b != b']') {
            let (high, next) = literal(pattern, at + 1)?;
            at = next;
            found |= (low..=high).contains(&byte);
        } else {
            found |= low == byte;
        }
    }
}

fn literal(pattern: &[u8], at: usize) -> Option<(u8, usize)> {
    match *pattern.get(at)? {
        b'\\' => Some((*pattern.get(at + 1)?, at + 2)),
        byte => Some((byte, at + 1)),
    }
}

fn in_named_class(name: &[u8], byte: u8) -> bool {
    match name {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"punct" => byte.is_ascii_punctuation(),
        b"print" => byte == b' ' || byte.is_ascii_graphic(),
        b"graph" => byte.is_ascii_graphic(),
        b"cntrl" => byte.is_ascii_control(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    #[test]
    fn matches_like_glob_3() {
        let yes: &[(&str, &str)] = &[
            ("*.conf", "a.conf"),
            ("*", "a"),
            (".*.conf", ".hidden.conf"),
            ("x[1].conf", "x1.conf"),
            ("[!a]b", "cb"),
            ("[0-9][0-9]-*", "10-a"),
            ("\\[x\\].conf", "[x].conf"),
            ("[[:digit:]]", "7"),
            ("a[", "a["),
            ("[]a]", "]"),
            ("**", "ab"),
            ("*a*b*", "xxaxxbxx"),
            ("", ""),
        ];
        let no: &[(&str, &str)] = &[
            ("*.conf", ".hidden.conf"),
            ("?a", ".a"),
            ("[.]a", ".a"),
            ("x[1].conf", "x[1].conf"),
            ("{a,b}.conf", "a.conf"),
            ("*.conf", "a.conf~"),
            ("[a-c]", "d"),
            ("", "a"),
            ("a?", "a"),
        ];
        for (pattern, name) in yes {
            assert!(matches(pattern.as_bytes(), name.as_bytes()), "{pattern} should match {name}");
        }
        for (pattern, name) in no {
            assert!(!matches(pattern.as_bytes(), name.as_bytes()), "{pattern} should not match {name}");
        }
    }

    #[test]
    fn expands_over_directories_in_byte_order() {
        let mut system = MemorySystem::with_files([
            ("/c/2-x", ""),
            ("/c/10-x", ""),
            ("/c/B", ""),
            ("/c/.h", ""),
            ("/d/one/s.conf", ""),
            ("/d/two/s.conf", ""),
        ]);
        system.add_link("/c/z", "/nowhere");
        let paths = |pattern: &str| -> Vec<String> {
            expand(&system, pattern.as_bytes()).iter().map(|p| p.display().to_string()).collect()
        };
        assert_eq!(paths("/c/*"), ["/c/10-x", "/c/2-x", "/c/B", "/c/z"]);
        assert_eq!(paths("/d/*/s.conf"), ["/d/one/s.conf", "/d/two/s.conf"]);
        assert_eq!(paths("/d/*/nothing"), Vec::<String>::new());
        assert_eq!(paths("/nowhere/*"), Vec::<String>::new());
    }

    #[test]
    fn many_stars_are_not_exponential() {
        let pattern = b"*a".repeat(60);
        let name = b"a".repeat(59);
        assert!(!matches(&pattern, &name));
    }
}
