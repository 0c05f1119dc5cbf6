//! What the user leaves out of a search: templates, examples, what is no server's. Files that a main file includes are
//! read all the same, and so is what the user names one by one.

use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Patterns for names and paths, as .gitignore has them but for negation: `*` and `?` stay within a directory, `**` goes
/// over them. One without a slash is a name of a file or directory, one that begins with a slash a whole path, any other one
/// the end of a path. What fits a directory leaves out all that is below.
#[derive(Clone, Debug, Default)]
pub struct Exclude {
    patterns: Vec<(String, GlobMatcher)>,
}

impl Exclude {
    /// Adds a pattern; `shown` is how the user wrote it.
    ///
    /// # Errors
    ///
    /// Why it can fit no file, as a lowercase fragment.
    pub fn add(&mut self, pattern: &str, shown: &str) -> Result<(), String> {
        let text = pattern.strip_suffix('/').unwrap_or(pattern);
        let mut parts = text.strip_prefix('/').unwrap_or(text).split('/');
        if let Some(odd) = parts.find(|part| matches!(*part, "" | "." | "..")) {
            return Err(match odd {
                "" => "names nothing".to_owned(),
                odd => format!("no path that is searched has \"{odd}\" in it"),
            });
        }
        let anywhere = if text.starts_with('/') { "" } else { "**/" };
        let glob = GlobBuilder::new(&format!("{anywhere}{text}")).literal_separator(true).build();
        let glob = glob.map_err(|error| format!("is not a pattern: {}", error.kind()))?;
        self.patterns.push((shown.to_owned(), glob.compile_matcher()));
        Ok(())
    }

    /// Begins a search below `roots`: the directories and files that are looked at in any case.
    pub(super) fn search<'a>(&'a self, roots: &'a [PathBuf]) -> ExcludingSearch<'a> {
        ExcludingSearch { patterns: &self.patterns, roots, used: BTreeSet::new(), files: BTreeSet::new() }
    }
}

/// A search in which patterns leave out files.
pub(super) struct ExcludingSearch<'a> {
    patterns: &'a [(String, GlobMatcher)],
    roots: &'a [PathBuf],
    /// The patterns that fitted something, by number.
    used: BTreeSet<usize>,
    files: BTreeSet<PathBuf>,
}

impl ExcludingSearch<'_> {
    /// Is the path left out? Notes that it is.
    pub(super) fn leaves_out(&mut self, path: &Path) -> bool {
        let around = self.roots.iter().filter(|root| path.starts_with(root));
        let root = around.max_by_key(|root| root.components().count());
        let below: Vec<&Path> = path.ancestors().take_while(|part| root.is_none_or(|root| root != part)).collect();
        let fits = |glob: &GlobMatcher| below.iter().any(|part| glob.is_match(part));
        let fitting = self.patterns.iter().enumerate().filter(|(_, (_, glob))| fits(glob)).map(|(at, _)| at);
        let fitting: Vec<usize> = fitting.collect();
        let is_left_out = !fitting.is_empty();
        if is_left_out {
            self.used.extend(fitting);
            self.files.insert(path.to_owned());
        }
        is_left_out
    }

    /// The files that were left out, and the patterns that left out none.
    pub(super) fn end(self) -> (BTreeSet<PathBuf>, Vec<String>) {
        let unused = self.patterns.iter().enumerate().filter(|(at, _)| !self.used.contains(at));
        (self.files, unused.map(|(_, (shown, _))| shown.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves_out(pattern: &str, path: &str) -> bool {
        let mut exclude = Exclude::default();
        exclude.add(pattern, pattern).expect("a pattern");
        exclude.search(&["/srv/repo".into()]).leaves_out(Path::new(path))
    }

    #[test]
    fn names_ends_of_paths_and_whole_paths() {
        for (pattern, path) in [
            ("templates", "/srv/repo/a/templates/x.conf"),
            ("templates/", "/srv/repo/templates/b/x.conf"),
            ("*.bak", "/srv/repo/x.bak"),
            ("site-?.conf", "/srv/repo/site-1.conf"),
            ("a/templates", "/srv/repo/a/templates/x.conf"),
            ("a/**/x.conf", "/srv/repo/a/b/c/x.conf"),
            ("/srv/repo/a", "/srv/repo/a/x.conf"),
            ("/srv/*/a", "/srv/repo/a/x.conf"),
            ("{old,new}", "/srv/repo/old/x.conf"),
        ] {
            assert!(leaves_out(pattern, path), "{pattern}: {path}");
        }
        for (pattern, path) in [
            ("templates", "/srv/repo/mytemplates/x.conf"),
            ("a/*.conf", "/srv/repo/a/b/x.conf"),
            ("/a", "/srv/repo/a/x.conf"),
            ("*", "/srv/repo"),
            ("repo", "/srv/repo/x.conf"),
            ("/srv", "/srv/repo/x.conf"),
        ] {
            assert!(!leaves_out(pattern, path), "{pattern}: {path}");
        }
    }

    #[test]
    fn what_fits_no_path_is_refused() {
        for pattern in ["", "/", "a//b", "../a", "a/./b", "a[", "{a"] {
            assert!(Exclude::default().add(pattern, pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn what_is_left_out_is_known() {
        let mut exclude = Exclude::default();
        exclude.add("a", "./a").expect("a pattern");
        exclude.add("b", "b").expect("a pattern");
        let roots = [PathBuf::from("/srv")];
        let mut search = exclude.search(&roots);
        assert!(search.leaves_out(Path::new("/srv/b/x")) && !search.leaves_out(Path::new("/srv/c")));
        assert_eq!(search.end(), (BTreeSet::from([PathBuf::from("/srv/b/x")]), vec!["./a".to_owned()]));
        // Both leave it out.
        exclude.add("*.bak", "*.bak").expect("a pattern");
        let mut search = exclude.search(&roots);
        assert!(search.leaves_out(Path::new("/srv/b/x.bak")));
        assert_eq!(search.end().1, ["./a"]);
    }
}
