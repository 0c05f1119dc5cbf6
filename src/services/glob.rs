//! Matching of names against shell patterns, on bytes.
//!
//! The crates for it all differ from glob(3) and `apr_fnmatch` in what they do with leading dots, `**`, `{a,b}` or
//! escapes, and none can be kept inside a root directory.

use crate::system::{Entry, Kind, System, is_out_of_reach};
use crate::trust::{Access, Writers};
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much the patterns of one instance may look at, in names that are compared: seconds. `include /srv/*/*/*.conf` of
/// a hundred thousand folders stays below it; `/a/*/*/*/*/*/*/*/*/*/*/x` does not where links lead back to /a.
pub const MOST_LOOKS: usize = 40_000_000;
/// A directory that is opened costs as much as so many names.
const DIRECTORY: usize = 100;
/// And so does a name that matches, since it is kept.
const MATCH: usize = 20;
/// A pattern this long takes twice the time of a short one.
const LONG: usize = 32;

/// The longest path that Linux opens (`PATH_MAX`), in bytes.
const LONGEST: usize = 4096;

/// The patterns of an instance lead to more places than are looked at, or one is too long to be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// Looks for what patterns match. Directories are read once for an instance, whatever they are called.
pub struct Search<'a> {
    system: &'a dyn System,
    /// By their paths without links.
    lists: HashMap<PathBuf, Arc<Vec<Entry>>>,
    /// How much may still be looked at, see [`MOST_LOOKS`].
    left: usize,
    /// Those on whose word it is looked: they have to be able to look themselves. Nobody: it is the host's own.
    who: Writers,
    /// Directories that were not looked into for their sake.
    closed: BTreeSet<PathBuf>,
}

impl<'a> Search<'a> {
    /// Nothing has been looked at.
    pub fn new(system: &'a dyn System) -> Search<'a> {
        Search::with_room(system, MOST_LOOKS)
    }

    /// With another limit than [`MOST_LOOKS`].
    pub(super) fn with_room(system: &'a dyn System, left: usize) -> Search<'a> {
        Search { system, lists: HashMap::new(), left, who: Writers::default(), closed: BTreeSet::new() }
    }

    /// From now on it is looked on the word of these; the names in directories that they can't list are not for them.
    pub fn on_word_of(&mut self, who: Writers) {
        self.who = who;
    }

    /// The directories that were not looked into since this was asked last, for the sake of those on whose word it was.
    pub fn closed(&mut self) -> BTreeSet<PathBuf> {
        std::mem::take(&mut self.closed)
    }

    /// May it be that those on whose word it is looked can't do that with a directory? Then it is remembered.
    fn is_closed(&mut self, directory: &Path, access: Access) -> bool {
        let is_closed = !self.who.is_empty() && is_out_of_reach(self.system, directory, &self.who, access);
        if is_closed {
            self.closed.insert(directory.to_owned());
        }
        is_closed
    }

    /// Takes the cost of looking at that many names.
    fn pay(&mut self, names: usize) -> Result<(), TooMany> {
        self.left = self.left.checked_sub(names).ok_or(TooMany)?;
        Ok(())
    }

    /// The names in a directory, sorted by bytes. The outer error: there is no room for it.
    pub fn list(&mut self, directory: &Path) -> Result<io::Result<Arc<Vec<Entry>>>, TooMany> {
        self.pay(DIRECTORY)?;
        if self.is_closed(directory, Access::Read) {
            return Ok(Err(io::ErrorKind::PermissionDenied.into()));
        }
        let real = match self.system.canonical(directory) {
            Ok(real) => real,
            Err(error) => return Ok(Err(error)),
        };
        if let Some(list) = self.lists.get(&real) {
            return Ok(Ok(Arc::clone(list)));
        }
        let list = match self.system.list(directory) {
            Ok(list) => Arc::new(list),
            Err(error) => return Ok(Err(error)),
        };
        self.pay(list.len())?;
        self.lists.insert(real, Arc::clone(&list));
        Ok(Ok(list))
    }

    /// What a path leads to that a line names; `None`: it leads nowhere. Lines are few enough.
    pub fn named(&self, path: &Path) -> Option<Kind> {
        self.system.kind(path).ok()
    }

    /// What a path leads to that was found, if it leads anywhere.
    pub fn kind(&mut self, path: &Path) -> Result<Option<Kind>, TooMany> {
        self.pay(DIRECTORY)?;
        Ok(self.system.kind(path).ok())
    }

    /// Those of a directory's names that match a pattern. What all of them begin with is looked up, not compared.
    pub fn matching(&mut self, list: &[Entry], pattern: &[u8]) -> Result<Vec<Entry>, TooMany> {
        // A class of characters could be that long, and still fit a name.
        if pattern.len() > LONGEST {
            return Err(TooMany);
        }
        let prefix = literal_prefix(pattern);
        let start = list.partition_point(|entry| entry.name.as_bytes() < prefix);
        let rest = &list[start..];
        let rest = &rest[..rest.partition_point(|entry| entry.name.as_bytes().starts_with(prefix))];
        self.pay(rest.len() * (1 + pattern.len() / LONG))?;
        let found: Vec<Entry> = rest.iter().filter(|e| matches(pattern, e.name.as_bytes())).cloned().collect();
        self.pay(found.len() * MATCH)?;
        Ok(found)
    }

    /// The paths that match an absolute pattern, in byte order, as glob(3) gives them: every component may be a pattern,
    /// links are followed, a dangling link matches too. A directory that can't be listed matches nothing.
    pub fn expand(&mut self, pattern: &[u8]) -> Result<Vec<PathBuf>, TooMany> {
        let mut found = vec![PathBuf::from("/")];
        let components: Vec<&[u8]> = pattern.split(|b| *b == b'/').filter(|c| !c.is_empty()).collect();
        for (i, component) in components.iter().enumerate() {
            let last = i + 1 == components.len();
            let mut next = Vec::new();
            // Linux opens no longer path, and so glob(3) finds none.
            let named = if is_pattern(component) { 0 } else { component.len() };
            let fits = |directory: &&PathBuf| directory.as_os_str().len() + named < LONGEST;
            for directory in found.iter().filter(fits) {
                if !is_pattern(component) {
                    next.push(directory.join(OsStr::from_bytes(component)));
                    continue;
                }
                let Ok(list) = self.list(directory)? else { continue };
                let matching = self.matching(&list, component)?;
                // Only a directory can have something below it.
                let fits = matching.iter().filter(|e| last || matches!(e.kind, Kind::Directory | Kind::Link));
                next.extend(fits.map(|e| directory.join(&e.name)));
            }
            found = next;
            if found.is_empty() {
                break;
            }
        }
        if components.last().is_some_and(|c| !is_pattern(c)) {
            let mut there = Vec::new();
            for path in found {
                if self.is_there(&path)? {
                    there.push(path);
                }
            }
            found = there;
        }
        found.sort_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
        Ok(found)
    }

    /// Is there an entry of that name, be it a link that leads nowhere?
    fn is_there(&mut self, path: &Path) -> Result<bool, TooMany> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Ok(true) };
        if self.is_closed(parent, Access::Enter) {
            return Ok(false);
        }
        if self.kind(path)?.is_some() {
            return Ok(true);
        }
        let Ok(list) = self.list(parent)? else { return Ok(false) };
        Ok(list.binary_search_by(|entry| entry.name.as_os_str().cmp(name)).is_ok())
    }
}

/// What every name that matches begins with.
fn literal_prefix(pattern: &[u8]) -> &[u8] {
    let end = pattern.iter().position(|b| matches!(b, b'*' | b'?' | b'[' | b'\\')).unwrap_or(pattern.len());
    &pattern[..end]
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
    with_stars(pattern, name, match_one)
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
fn match_one(pattern: &[u8], p: usize, byte: u8) -> Option<usize> {
    match pattern[p] {
        b'?' => Some(p + 1),
        b'[' => match match_class(pattern, p, byte) {
            Some((true, next)) => Some(next),
            Some((false, _)) => None,
            None => (byte == b'[').then_some(p + 1),
        },
        b'\\' if p + 1 < pattern.len() => (pattern[p + 1] == byte).then_some(p + 2),
        literal => (literal == byte).then_some(p + 1),
    }
}

/// Is `byte` in the class that opens at `p`? With the place after the class; `None` if it is not closed.
fn match_class(pattern: &[u8], p: usize, byte: u8) -> Option<(bool, usize)> {
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

    /// Names in a directory are not for those who can't list it themselves, nor whether it has a name at all.
    #[test]
    fn nobody_is_told_names_that_they_can_not_list() {
        let mut system =
            MemorySystem::with_files([("/srv/open/a", ""), ("/root/closed/secret", ""), ("/listed/x/y", "")]);
        system.give("/root", 0, 0o700);
        system.give("/listed", 0, 0o711);
        let expand = |pattern: &str, who: Writers| {
            let mut search = Search::new(&system);
            search.on_word_of(who);
            let found = search.expand(pattern.as_bytes()).expect("not too many");
            (found.len(), search.closed().iter().map(|path| path.display().to_string()).collect::<Vec<_>>())
        };
        for (pattern, found, closed) in [
            ("/srv/*/a", 1, None),
            ("/root/closed/*", 0, Some("/root/closed")),
            ("/root/*/secret", 0, Some("/root")),
            ("/roo[t]/closed/secret", 0, Some("/root/closed")),
            ("/roo[t]/closed/none", 0, Some("/root/closed")),
            ("/roo[t]/none/none", 0, Some("/root/none")),
            ("/listed/*/y", 0, Some("/listed")),
            ("/liste[d]/x/y", 1, None),
        ] {
            let closed: Vec<String> = closed.into_iter().map(str::to_owned).collect();
            assert_eq!(expand(pattern, Writers::other_user(33)), (found, closed), "{pattern}");
            assert_eq!(expand(pattern, Writers::default()).1, [""; 0], "{pattern}");
        }
        assert_eq!(expand("/root/closed/*", Writers::default()).0, 1);
    }

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
            let found = Search::new(&system).expand(pattern.as_bytes()).expect("there is room");
            found.iter().map(|p| p.display().to_string()).collect()
        };
        assert_eq!(paths("/c/*"), ["/c/10-x", "/c/2-x", "/c/B", "/c/z"]);
        assert_eq!(paths("/d/*/s.conf"), ["/d/one/s.conf", "/d/two/s.conf"]);
        assert_eq!(paths("/d/*/nothing"), Vec::<String>::new());
        assert_eq!(paths("/nowhere/*"), Vec::<String>::new());
    }

    #[test]
    fn links_that_lead_back_end() {
        let mut system = MemorySystem::with_files([("/a/x", "")]);
        for name in ["/a/l1", "/a/l2", "/a/l3", "/a/l4"] {
            system.add_link(name, "/a");
        }
        let room = 1_000_000;
        let mut search = Search::with_room(&system, room);
        let pattern = |levels: usize| [b"/a".to_vec(), b"/*".repeat(levels), b"/x".to_vec()].concat();
        // Every path is there, as for glob(3), as long as they can be counted.
        assert_eq!(search.expand(&pattern(5)).map(|found| found.len()), Ok(4_usize.pow(5)));
        assert_eq!(search.expand(&pattern(60)), Err(TooMany));
        // What is used up stays used up: a thousand such lines take no longer than one.
        assert_eq!(search.expand(&pattern(60)), Err(TooMany));
        assert!(search.left < room / 2);
    }

    #[test]
    fn a_directory_is_read_once_and_only_what_begins_alike_is_compared() {
        let system = MemorySystem::with_files((0..1000).map(|number| (format!("/s/{number:04}-x.conf"), "")));
        let mut search = Search::new(&system);
        for number in 0..1000 {
            let found = search.expand(format!("/s/{number:04}-*.conf").as_bytes()).expect("there is room");
            assert_eq!(found.len(), 1);
        }
        let looks = MOST_LOOKS - search.left;
        assert!(looks < 1000 * (DIRECTORY + MATCH + 10), "{looks}");
        assert_eq!(search.expand(b"/s/00[0]0-x.con?").map(|found| found.len()), Ok(1));
    }

    #[test]
    fn many_stars_are_not_exponential() {
        let pattern = b"*a".repeat(60);
        let name = b"a".repeat(59);
        assert!(!matches(&pattern, &name));
    }
}
