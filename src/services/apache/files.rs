//! Which files an `Include` means.

use crate::services::glob::{Search, TooMany};
use crate::system::{Kind, normalize, reason, windows_path};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// As deep as httpd goes into an included directory.
const DEEPEST: usize = 128;

/// More files than any configuration has; links of directories to each other can make up millions.
const MOST: usize = 100_000;

/// Why the rest is not read.
enum IncludeEnd {
    /// An `Include` of more than [`MOST`] files.
    Files,
    /// The patterns and directories of the configuration lead to too many places.
    Places,
}

impl From<TooMany> for IncludeEnd {
    fn from(_: TooMany) -> IncludeEnd {
        IncludeEnd::Places
    }
}

/// What an `Include` comes to.
#[derive(Debug, Default)]
pub(super) struct IncludedFiles {
    /// The files, in the order in which they are read.
    pub(super) files: Vec<PathBuf>,
    /// Why httpd would not start.
    pub(super) refused: Vec<String>,
    /// Why more files are not looked for, though httpd does.
    pub(super) end: Option<String>,
}

/// A path of the configuration: relative to `ServerRoot`.
pub(super) fn absolute(server_root: &Path, path: &[u8]) -> PathBuf {
    match std::str::from_utf8(path).ok().and_then(windows_path) {
        Some(path) => normalize(&path),
        None => normalize(&server_root.join(OsStr::from_bytes(path))),
    }
}

/// `apr_fnmatch_test`: a `[` counts only if a `]` follows.
pub(super) fn is_pattern(text: &[u8]) -> bool {
    let mut open = false;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'*' | b'?' => return true,
            b'\\' => {
                bytes.next();
            }
            b'[' => open = true,
            b']' if open => return true,
            _ => {}
        }
    }
    false
}

/// The files that `Include` (or, if `optional`, `IncludeOptional`) reads for an absolute path.
pub(super) fn find(search: &mut Search<'_>, path: &Path, optional: bool) -> IncludedFiles {
    let mut finder = Finder { search, optional, found: IncludedFiles::default() };
    let end = if is_pattern(path.as_os_str().as_bytes()) {
        let components: Vec<&OsStr> = path.iter().skip(1).collect();
        finder.pattern(PathBuf::from("/"), &components)
    } else {
        // What is not there is told when it is opened.
        let kind = finder.search.named(path).unwrap_or(Kind::Other);
        finder.path(path.to_owned(), kind, 0)
    };
    let why = |end| match end {
        IncludeEnd::Files => format!("more than {MOST} files are included here; the rest is not read"),
        IncludeEnd::Places => {
            format!("{} leads to too many places: not all that this and later lines include is read", path.display())
        }
    };
    IncludedFiles { end: end.err().map(why), ..finder.found }
}

struct Finder<'s, 'a> {
    search: &'s mut Search<'a>,
    optional: bool,
    found: IncludedFiles,
}

impl Finder<'_, '_> {
    /// Follows the components of a pattern from a directory on. Deep only where a path is.
    fn pattern(&mut self, directory: PathBuf, components: &[&OsStr]) -> Result<(), IncludeEnd> {
        let plain = components.iter().take_while(|c| !is_pattern(c.as_bytes())).count();
        let mut directory = directory;
        directory.extend(&components[..plain]);
        let Some((pattern, rest)) = components[plain..].split_first() else {
            let kind = self.search.kind(&directory)?.unwrap_or(Kind::Other);
            return self.path(directory, kind, 0);
        };
        let names = match self.search.list(&directory)? {
            Ok(names) => self.search.matching(&names, pattern.as_bytes())?,
            Err(_) if self.optional => return Ok(()),
            Err(error) => {
                let (path, why) = (directory.display(), reason(&error));
                self.found.refused.push(format!("could not open directory {path}: {why}"));
                return Ok(());
            }
        };
        // A link to a directory does not count as one inside of a path.
        let fits = |kind| rest.is_empty() || kind == Kind::Directory;
        let mut any = false;
        for entry in names {
            if !fits(entry.kind) {
                continue;
            }
            any = true;
            let path = directory.join(&entry.name);
            if rest.is_empty() {
                self.path(path, entry.kind, 0)?;
            } else {
                self.pattern(path, rest)?;
            }
        }
        if !any && !self.optional {
            let (pattern, directory) = (pattern.display(), directory.display());
            self.found.refused.push(format!("no matches for the wildcard '{pattern}' in '{directory}'"));
        }
        Ok(())
    }

    /// A file, or all that is in a directory.
    fn path(&mut self, path: PathBuf, kind: Kind, depth: usize) -> Result<(), IncludeEnd> {
        if kind != Kind::Directory && (kind != Kind::Link || self.search.kind(&path)? != Some(Kind::Directory)) {
            if self.found.files.len() == MOST {
                return Err(IncludeEnd::Files);
            }
            self.found.files.push(path);
            return Ok(());
        }
        if depth >= DEEPEST {
            let path = path.display();
            let message = format!("directory {path} exceeds the maximum include directory nesting level of {DEEPEST}");
            self.found.refused.push(message);
            return Ok(());
        }
        match self.search.list(&path)? {
            Ok(names) => {
                for entry in names.iter() {
                    self.path(path.join(&entry.name), entry.kind, depth + 1)?;
                }
            }
            Err(error) => {
                let (path, why) = (path.display(), reason(&error));
                self.found.refused.push(format!("could not open directory {path}: {why}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    fn files(pattern: &str, optional: bool) -> (Vec<String>, Vec<String>) {
        let mut system = MemorySystem::with_files(
            ["/c/10.conf", "/c/2.conf", "/c/Z.conf", "/c/.h.conf", "/c/b/x", "/c/b.conf", "/c/b.conf~", "/v/1/a.conf"]
                .map(|path| (path, "")),
        );
        system.add_directory("/v/3");
        system.add_directory("/empty");
        system.add_link("/v/2", "/v/1");
        let found = find(&mut Search::new(&system), Path::new(pattern), optional);
        assert_eq!(found.end, None);
        (found.files.iter().map(|f| f.display().to_string()).collect(), found.refused)
    }

    #[test]
    fn matches_are_in_byte_order_and_directories_are_read_whole() {
        assert_eq!(files("/c/*.conf", false).0, ["/c/10.conf", "/c/2.conf", "/c/Z.conf", "/c/b.conf"]);
        let all = ["/c/.h.conf", "/c/10.conf", "/c/2.conf", "/c/Z.conf", "/c/b/x", "/c/b.conf", "/c/b.conf~"];
        assert_eq!(files("/c", false).0, all);
        assert_eq!(files("/c/*", false).0, all[1..]);
        assert_eq!(files("/empty", false), (vec![], vec![]));
    }

    #[test]
    fn inside_a_path_only_real_directories_match() {
        assert_eq!(files("/v/*/a.conf", false).0, ["/v/1/a.conf", "/v/3/a.conf"]);
        assert_eq!(files("/v/*/*.conf", true).0, ["/v/1/a.conf"]);
        assert_eq!(files("/v/*/*.conf", false).1, ["no matches for the wildcard '*.conf' in '/v/3'"]);
        assert_eq!(files("/v/*", true).0, ["/v/1/a.conf", "/v/2/a.conf"]);
    }

    #[test]
    fn drives_of_windows_are_absolute() {
        let root = Path::new("/C:/xampp/apache");
        let path = |text: &str| absolute(root, text.as_bytes()).display().to_string();
        assert_eq!(path("C:/xampp/apache/conf"), "/C:/xampp/apache/conf");
        assert_eq!(path(r"c:\Apache24\conf\x.conf"), "/C:/Apache24/conf/x.conf");
        assert_eq!(path("conf/extra/*.conf"), "/C:/xampp/apache/conf/extra/*.conf");
        assert_eq!(path("c:relative"), "/C:/xampp/apache/c:relative");
    }

    #[test]
    fn links_that_lead_back_end() {
        let mut system = MemorySystem::with_files([("/a/x", "")]);
        for name in ["/a/l1", "/a/l2", "/a/l3", "/a/l4"] {
            system.add_link(name, "/a");
        }
        let find = |path: &str| find(&mut Search::with_room(&system, 1_000_000), Path::new(path), true);
        // Unlike nginx httpd follows no link inside of a path, but it does in a directory that it reads as a whole.
        let found = find("/a/*/*/*/x");
        assert_eq!((found.files.len(), found.end), (0, None));
        let found = find("/a");
        assert!(found.files.len() > 1 && found.end.is_some_and(|why| why.contains("too many places")));
    }

    #[test]
    fn what_is_missing_is_refused_unless_optional() {
        assert_eq!(files("/x/*.conf", false).1, ["could not open directory /x: No such file or directory"]);
        assert_eq!(files("/x/*.conf", true), (vec![], vec![]));
        assert_eq!(files("/c/{10,2}.conf", false).0, ["/c/{10,2}.conf"]);
        assert_eq!(files("/c/x[1.conf", false).0, ["/c/x[1.conf"]);
    }
}
