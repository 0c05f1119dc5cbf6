//! What a program brings along when it is run, by its own word: its interpreter, and the libraries in the directories
//! that it names (`DT_RPATH`, `DT_RUNPATH`: ld.so(8)).
//!
//! A server that was built in somebody's home loads its libraries from there, wherever it was installed. Who can put a
//! library there runs code as whoever runs the program. The directories of the system's loader are root's choice, but a
//! library in them may name others again.

use super::elf::{self, Dynamic};
use super::libraries;
use crate::system::{Kind, System};
use crate::trust::Writers;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// More files than any real program loads at its start.
const MOST_FILES: usize = 512;
/// So much of the first line of a script is read for its interpreter (the kernel reads 256 bytes), in bytes.
const MOST_OF_LINE: usize = 256;

/// The first file that is loaded when a program is run and that somebody besides root and the user of this process could
/// have written or put there, with who that is; `None`: there is none.
pub(crate) fn doubt_about(system: &dyn System, program: &Path) -> Option<(PathBuf, Writers)> {
    let folders = libraries::directories(system);
    let mut seen = BTreeSet::new();
    let mut left = vec![program.to_owned()];
    while let Some(path) = left.pop() {
        let writers = system.writers(&path).unwrap_or_else(|_| Writers::everybody());
        if !writers.is_empty() {
            return Some((path, writers));
        }
        // What is not there is not loaded, and nobody else can put it there.
        let Ok(found) = system.canonical(&path) else { continue };
        if system.kind(&found).ok() != Some(Kind::File) || !seen.insert(found.clone()) {
            continue;
        }
        if seen.len() > MOST_FILES {
            return Some((found, Writers::everybody()));
        }
        let Ok(file) = system.read(&found) else { return Some((found, Writers::everybody())) };
        left.extend(named_by(&found, &file, &folders, system));
    }
    None
}

/// The paths that a file has loaded: those that are there, and those where something could be put.
fn named_by(path: &Path, file: &[u8], folders: &[PathBuf], system: &dyn System) -> Vec<PathBuf> {
    if let Some(interpreter) = interpreter_of_script(file) {
        return vec![interpreter];
    }
    let Some(Dynamic { needed, paths, interpreter }) = elf::dynamic(file) else { return Vec::new() };
    let origin = path.parent().unwrap_or(Path::new("/"));
    let own: Vec<PathBuf> = paths.iter().map(|path| searched(path, origin)).collect();
    let mut named: Vec<PathBuf> = interpreter.map(PathBuf::from).into_iter().collect();
    for name in needed {
        // With a slash it is a path, and nothing is searched.
        if name.contains('/') {
            named.push(Path::new("/").join(name));
            continue;
        }
        named.extend(own.iter().map(|folder| folder.join(&name)));
        named.extend(folders.iter().map(|folder| folder.join(&name)).find(|path| system.kind(path).is_ok()));
    }
    named
}

/// A directory of a run path. Programs are run in `/`, so a relative one begins there; what follows `$LIB` or `$PLATFORM`
/// depends on the machine, so the directory above it stands for all that could be meant.
fn searched(path: &str, origin: &Path) -> PathBuf {
    let path = path.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", &origin.to_string_lossy());
    let known = Path::new(&path).components().take_while(|part| !part.as_os_str().as_encoded_bytes().contains(&b'$'));
    Path::new("/").join(known.filter(|part| *part != Component::CurDir).collect::<PathBuf>())
}

/// The interpreter of a script (execve(2)).
fn interpreter_of_script(file: &[u8]) -> Option<PathBuf> {
    let line = file.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(&line[..line.len().min(MOST_OF_LINE)]);
    Some(Path::new("/").join(line.split_ascii_whitespace().next()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::elf::tests::{sample, sample_with};
    use crate::system::MemorySystem;

    fn doubt(system: &MemorySystem, program: &str) -> Option<String> {
        doubt_about(system, Path::new(program)).map(|(path, who)| format!("{}: {who}", path.display()))
    }

    #[test]
    fn what_it_loads_counts_as_what_it_is() {
        let mut system = MemorySystem::with_files([
            ("/usr/sbin/plain", sample(&["libz.so"], b"")),
            ("/usr/lib/libz.so", sample(&[], b"")),
            ("/usr/sbin/home", sample_with(&["libz.so"], "/usr/lib:/home/x/lib", b"")),
            ("/opt/a/bin/origin", sample_with(&["libz.so"], "$ORIGIN/../lib", b"")),
            ("/opt/a/lib/libz.so", sample(&[], b"")),
            ("/usr/sbin/platform", sample_with(&["libz.so"], "/home/x/$LIB/y", b"")),
            ("/usr/sbin/relative", sample_with(&["libz.so"], "home/x", b"")),
            ("/usr/sbin/slash", sample(&["/home/x/libz.so"], b"")),
            ("/usr/sbin/second", sample(&["liby.so"], b"")),
            ("/usr/lib/liby.so", sample_with(&["libx.so"], "/home/x", b"")),
            ("/usr/sbin/script", b"#! /home/x/sh -e\n".to_vec()),
            ("/usr/sbin/env", b"#!/usr/bin/env python3\n".to_vec()),
            ("/usr/sbin/rubbish", b"#!\n".to_vec()),
        ]);
        system.add_directory("/home/x");
        system.give("/home/x", 1000, 0o755);
        for fine in ["plain", "env", "rubbish"] {
            assert_eq!(doubt(&system, &format!("/usr/sbin/{fine}")), None, "{fine}");
        }
        assert_eq!(doubt(&system, "/opt/a/bin/origin"), None);
        for (program, expected) in [
            // Nothing is there yet.
            ("home", "/home/x/lib/libz.so: user 1000"),
            ("platform", "/home/x/libz.so: user 1000"),
            ("relative", "/home/x/libz.so: user 1000"),
            ("slash", "/home/x/libz.so: user 1000"),
            ("second", "/home/x/libx.so: user 1000"),
            ("script", "/home/x/sh: user 1000"),
        ] {
            assert_eq!(doubt(&system, &format!("/usr/sbin/{program}")).as_deref(), Some(expected));
        }
        system.give("/opt/a/lib", 33, 0o755);
        assert_eq!(doubt(&system, "/opt/a/bin/origin").as_deref(), Some("/opt/a/bin/../lib/libz.so: user 33"));
        system.give("/usr/lib/libz.so", 33, 0o755);
        assert_eq!(doubt(&system, "/usr/sbin/plain").as_deref(), Some("/usr/lib/libz.so: user 33"));
    }

    #[test]
    fn libraries_that_need_each_other_end() {
        let system = MemorySystem::with_files([
            ("/bin/a", sample(&["libb.so"], b"")),
            ("/lib/libb.so", sample(&["libc.so"], b"")),
            ("/lib/libc.so", sample(&["libb.so"], b"")),
        ]);
        assert_eq!(doubt(&system, "/bin/a"), None);
    }
}
