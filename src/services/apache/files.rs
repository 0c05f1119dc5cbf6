//! Which files an `Include` means.

use crate::services::glob;
use crate::system::{Kind, System, normalize, reason};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// As deep as httpd goes into an included directory.
const DEEPEST: usize = 20;

/// More files than any configuration has; links of directories to each other can make up millions.
const MOST: usize = 100_000;

/// What an `Include` comes to.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The files, in the order in which they are read.
    pub(super) files: Vec<PathBuf>,
    /// Why httpd would not start.
    pub(super) refused: Vec<String>,
}

/// A path of the configuration: relative to `ServerRoot`.
pub(super) fn absolute(server_root: &Path, path: &[u8]) -> PathBuf {
    normalize(&server_root.join(OsStr::from_bytes(path)))
}

/// `apr_fnmatch_test`: a `[` counts only if a `]` follows.
fn is_pattern(text: &[u8]) -> bool {
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
pub(super) fn find(system: &dyn System, path: &Path, optional: bool) -> Found {
    let mut finder = Finder { system, optional, found: Found::default(), listed: 0 };
    if is_pattern(path.as_os_str().as_bytes()) {
        let components: Vec<&OsStr> = path.iter().skip(1).collect();
        finder.pattern(PathBuf::from("/"), &components);
    } else {
        finder.path(path.to_owned(), None, 0);
    }
    finder.found
}

struct Finder<'a> {
    system: &'a dyn System,
    optional: bool,
    found: Found,
    /// How many directories were listed.
    listed: usize,
}

impl Finder<'_> {
    /// Follows the components of a pattern from a directory on. Deep only where a path is.
    fn pattern(&mut self, directory: PathBuf, components: &[&OsStr]) {
        let plain = components.iter().take_while(|c| !is_pattern(c.as_bytes())).count();
        let directory = components[..plain].iter().fold(directory, |path, name| path.join(name));
        let Some((pattern, rest)) = components[plain..].split_first() else {
            self.path(directory, None, 0);
            return;
        };
        self.listed += 1;
        if self.listed > MOST {
            return;
        }
        let names = match self.system.list(&directory) {
            Ok(names) => names,
            Err(_) if self.optional => return,
            Err(error) => {
                let (path, why) = (directory.display(), reason(&error));
                self.found.refused.push(format!("could not open directory {path}: {why}"));
                return;
            }
        };
        // A link to a directory does not count as one inside of a path.
        let fits = |kind| rest.is_empty() || kind == Kind::Directory;
        let mut any = false;
        for entry in names {
            if fits(entry.kind) && glob::matches(pattern.as_bytes(), entry.name.as_bytes()) {
                any = true;
                let path = directory.join(&entry.name);
                if rest.is_empty() {
                    self.path(path, Some(entry.kind), 0);
                } else {
                    self.pattern(path, rest);
                }
            }
        }
        if !any && !self.optional {
            let (pattern, directory) = (pattern.display(), directory.display());
            self.found.refused.push(format!("no matches for the wildcard '{pattern}' in '{directory}'"));
        }
    }

    /// A file, or all that is in a directory; the kind as far as a listing has told it.
    fn path(&mut self, path: PathBuf, listed: Option<Kind>, depth: usize) {
        if self.found.files.len() >= MOST {
            return;
        }
        if listed == Some(Kind::File) || self.system.kind(&path).ok() != Some(Kind::Directory) {
            self.found.files.push(path);
            if self.found.files.len() == MOST {
                self.found.refused.push(format!("more than {MOST} files are included here; the rest is not read"));
            }
            return;
        }
        if depth >= DEEPEST {
            let path = path.display();
            let message = format!("directory {path} exceeds the maximum include directory nesting level of {DEEPEST}");
            self.found.refused.push(message);
            return;
        }
        match self.system.list(&path) {
            Ok(names) => {
                for entry in names {
                    self.path(path.join(entry.name), Some(entry.kind), depth + 1);
                }
            }
            Err(error) => {
                let (path, why) = (path.display(), reason(&error));
                self.found.refused.push(format!("could not open directory {path}: {why}"));
            }
        }
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
        let found = find(&system, Path::new(pattern), optional);
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
    fn what_is_missing_is_refused_unless_optional() {
        assert_eq!(files("/x/*.conf", false).1, ["could not open directory /x: No such file or directory"]);
        assert_eq!(files("/x/*.conf", true), (vec![], vec![]));
        assert_eq!(files("/c/{10,2}.conf", false).0, ["/c/{10,2}.conf"]);
        assert_eq!(files("/c/x[1.conf", false).0, ["/c/x[1.conf"]);
    }
}
