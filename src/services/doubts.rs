//! What root would do on the word of others if it ran a server's own checker, or its reload.
//!
//! A checker reads the configuration as the server does: it loads the libraries that the configuration names, opens its
//! logs, reads its keys. So it is run only for a configuration that root's service manager or a process of root's reads
//! anyway, or that nobody else could have written: all of its files, the libraries, every directory on the way to them,
//! and every directory in which a pattern looks for more. A reload that goes by a file with a number in it signals
//! whatever process that number names.

use super::glob::{self, Search};
use crate::host::{Build, Facts};
use crate::instance::{Instance, ServiceId};
use crate::source::SourceMap;
use crate::system::{Kind, System, own_user};
use crate::trust::Writers;
use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// So many directories below an included one are looked at; with more of them nobody knows.
const MOST_FOLDERS: usize = 10_000;

/// A name that no file has: who could put one there?
const NOBODYS_NAME: &str = ".tlsmend-nobody-has-this-name";

/// What others could have written, and who they are.
pub type Doubts = BTreeMap<PathBuf, Writers>;

/// Why root should not run the checker of an instance; empty: it may.
pub fn about_checker(system: &dyn System, facts: &Facts, instance: &Instance, sources: &SourceMap) -> Doubts {
    // An ordinary user does not run what root runs for others.
    if own_user() == 0 && facts.is_in_use(system, instance.service, &instance.main) {
        return Doubts::new();
    }
    let mut asked = AskedWriters { system, doubts: Doubts::new() };
    asked.about(&instance.main);
    // Debian's control script of Apache runs it as shell.
    asked.about_what_is_there(&instance.main.with_file_name("envvars"));
    for file in &instance.files {
        asked.about(sources.file(*file).path());
    }
    // Whoever could have written these may have named all others: what lies where they can't look is not told to them.
    if !asked.doubts.is_empty() {
        return asked.doubts;
    }
    for library in &instance.reach.loads {
        asked.about(library);
    }
    if instance.reach.is_unclear {
        asked.doubts.insert(PathBuf::from("a path that is not known here"), Writers::everybody());
    }
    for pattern in &instance.reach.includes {
        asked.about_pattern(pattern);
    }
    asked.doubts
}

/// The same for a main file whose instance could not be loaded: what it includes is not known.
pub fn about_main_file(system: &dyn System, facts: &Facts, service: ServiceId, main: &Path) -> Doubts {
    if own_user() == 0 && facts.is_in_use(system, service, main) {
        return Doubts::new();
    }
    let writers = system.writers(main).ok().filter(|writers| !writers.is_empty());
    Doubts::from([(main.to_owned(), writers.unwrap_or_else(Writers::everybody))])
}

/// Why root should not have the server of an instance reloaded by its program, which goes by a file with its number;
/// empty: it may.
pub fn about_pid_file(system: &dyn System, facts: &Facts, instance: &Instance) -> Doubts {
    let built_in = || facts.of(instance.service).build.value.as_ref().and_then(Build::usual_pid_file);
    let mut asked = AskedWriters { system, doubts: Doubts::new() };
    if let Some(file) = instance.reach.pid_file.clone().or_else(built_in) {
        asked.about(&file);
    }
    asked.doubts
}

struct AskedWriters<'a> {
    system: &'a dyn System,
    doubts: Doubts,
}

impl AskedWriters<'_> {
    /// Notes who else could have written what a path leads to, or could put something there: at the first directory on
    /// the way that is theirs.
    fn about(&mut self, path: &Path) {
        let writers = self.writers(path);
        if writers.is_empty() {
            return;
        }
        let theirs = |above: &&Path| self.writers(above) == writers;
        let first = path.ancestors().take_while(theirs).last().unwrap_or(path).to_owned();
        self.doubts.insert(first, writers);
    }

    /// The same about a directory in which files are looked for: with the sticky bit too, others can add some.
    fn about_folder(&mut self, folder: &Path) {
        self.about(folder);
        let writers = self.writers(&folder.join(NOBODYS_NAME));
        if !writers.is_empty() && !self.doubts.values().any(|known| writers.are_among(known)) {
            self.doubts.insert(folder.to_owned(), writers);
        }
    }

    fn writers(&self, path: &Path) -> Writers {
        self.system.writers(path).unwrap_or_else(|_| Writers::everybody())
    }

    fn about_what_is_there(&mut self, path: &Path) {
        if self.system.kind(path).is_ok() {
            self.about(path);
        }
    }

    /// The directories in which a pattern looks, what fits it now, and all directories below a directory.
    fn about_pattern(&mut self, pattern: &Path) {
        let mut search = Search::new(self.system);
        let mut expand = |pattern: &Path| search.expand(pattern.as_os_str().as_bytes());
        let (Ok(folders), Ok(mut paths)) = (expand(pattern.parent().unwrap_or(pattern)), expand(pattern)) else {
            // Whatever it leads to, nobody looked at it.
            self.doubts.insert(pattern.to_owned(), Writers::everybody());
            return;
        };
        // Where nothing is yet, others could put something.
        let fixed: PathBuf = pattern.iter().take_while(|name| !glob::is_pattern(name.as_bytes())).collect();
        paths.push(fixed);
        for folder in folders {
            self.about_folder(&folder);
        }
        let mut left = MOST_FOLDERS;
        while let Some(path) = paths.pop() {
            self.about(&path);
            if self.system.kind(&path).ok() != Some(Kind::Directory) || path == Path::new("/") {
                continue;
            }
            self.about_folder(&path);
            let Some(less) = usize::checked_sub(left, 1) else {
                self.doubts.insert(path, Writers::everybody());
                return;
            };
            left = less;
            let entries = self.system.list(&path).unwrap_or_default();
            paths.extend(entries.into_iter().filter(|e| e.kind != Kind::File).map(|entry| path.join(entry.name)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{self, Request};
    use crate::instance::{MainFile, ServiceId};
    use crate::policy::Policy;
    use crate::system::MemorySystem;

    fn doubts(system: &MemorySystem, main_files: Vec<MainFile>) -> Vec<String> {
        let facts = Facts { main_files, ..Facts::unknown() };
        let policy = Policy::default_profile();
        let audit = engine::audit(Request::new(system, &facts, &policy));
        let instance = audit.instances().next().expect("an instance");
        let show = |(path, who): (PathBuf, Writers)| format!("{}: {who}", path.display());
        about_checker(system, &facts, instance, &audit.sources).into_iter().map(show).collect()
    }

    #[test]
    fn everything_that_the_checker_reads_counts() {
        let mut system = MemorySystem::with_files([
            (
                "/etc/nginx/nginx.conf",
                "load_module /usr/lib/x.so;\ninclude /srv/*/main/*.conf;\nevents {}\nhttp { include sites/*; }\n",
            ),
            ("/etc/nginx/sites/a", "server { }\n"),
            ("/usr/lib/x.so", ""),
        ]);
        system.add_directory("/srv/b/main");
        assert_eq!(doubts(&system, Vec::new()), [] as [&str; 0]);
        for (path, expected) in [
            ("/etc/nginx/nginx.conf", "/etc/nginx/nginx.conf: user 33"),
            ("/etc/nginx/sites/a", "/etc/nginx/sites/a: user 33"),
            ("/usr/lib/x.so", "/usr/lib/x.so: user 33"),
            // Nothing is there yet, and they could put it there.
            ("/srv/b/main", "/srv/b/main: user 33"),
            ("/srv/b", "/srv/b: user 33"),
            ("/srv", "/srv: user 33"),
        ] {
            let mut other = system.clone();
            other.give(path, 33, 0o755);
            let found = doubts(&other, Vec::new());
            assert!(found.contains(&expected.to_owned()), "{path}: {found:?}");
        }
        // With the sticky bit nobody can rename what is there, and everybody can add to it.
        for folder in ["/etc/nginx/sites", "/srv/b/main", "/srv"] {
            let mut other = system.clone();
            other.give(folder, 0, 0o1777);
            let found = doubts(&other, Vec::new());
            assert!(
                !found.is_empty() && found.iter().all(|doubt| doubt.ends_with(": everybody")),
                "{folder}: {found:?}"
            );
        }
    }

    #[test]
    fn whoever_wrote_the_configuration_learns_no_names_by_it() {
        let main = "load_module /secret/x.so;\ninclude /secret/*/*/x.conf;\nevents {}\n";
        let mut system = MemorySystem::with_files([("/opt/app/nginx.conf", main), ("/secret/project/shared/a", "")]);
        system.give("/secret", 0, 0o700);
        system.give("/secret/project/shared", 34, 0o777);
        let named = MainFile {
            service: ServiceId("nginx"),
            path: "/opt/app/nginx.conf".into(),
            source: String::new(),
            unit: None,
            named_by: Writers::default(),
            is_in_use: false,
            command_line: None,
        };
        let said = |system: &MemorySystem| doubts(system, vec![named.clone()]).join("\n");
        assert!(said(&system).contains("/secret/project/shared"), "root's own pattern: {}", said(&system));
        system.give("/opt/app", 33, 0o755);
        assert_eq!(said(&system), "/opt/app: user 33");
    }

    #[test]
    fn what_root_runs_anyway_is_tested() {
        let mut system =
            MemorySystem::with_files([("/etc/nginx/nginx.conf", "events {}\nhttp { include /srv/a/*; }\n")]);
        system.add_file("/srv/a/site", "server { }\n");
        system.give("/srv/a", 33, 0o755);
        let main = |is_in_use| MainFile {
            service: ServiceId("nginx"),
            path: "/etc/nginx/nginx.conf".into(),
            source: String::new(),
            unit: None,
            named_by: Writers::default(),
            is_in_use,
            command_line: None,
        };
        assert!(!doubts(&system, vec![main(false)]).is_empty());
        // An ordinary user would act on what others wrote all the same.
        assert_eq!(doubts(&system, vec![main(true)]).is_empty(), own_user() == 0);
    }
}
