//! The directives that the nginx of a host knows, read from its program and modules.
//!
//! nginx refuses a configuration with a directive that no module of it has. Which modules there are differs from build
//! to build, so a list in this program could not tell; the names are texts in the program itself.

use super::program::PROGRAM;
use crate::system::{Kind, System};
use memchr::memmem;
use std::collections::HashSet;
use std::path::Path;

/// Where modules lie that are loaded at run time.
const MODULES: &[&str] = &[
    "/usr/lib/nginx/modules",
    "/usr/lib64/nginx/modules",
    "/usr/share/nginx/modules",
    "/usr/local/nginx/modules",
    "/usr/local/libexec/nginx",
    "/etc/nginx/modules",
];

/// The texts of a program that may be names of directives.
pub(super) struct DirectiveNames {
    programs: Vec<Vec<u8>>,
    names: HashSet<Vec<u8>>,
}

impl DirectiveNames {
    /// Reads the host's nginx; `None`: there is none, or a module of it can't be read.
    pub(super) fn read(system: &dyn System) -> Option<DirectiveNames> {
        let unit = PROGRAM.unit(system);
        let program = system.read(&PROGRAM.path(system, unit.as_ref())?).ok()?;
        // What is only called nginx knows nothing of directives.
        let knows = |name: &[u8]| memmem::find(&program, name).is_some();
        if !program.starts_with(b"\x7fELF") || !knows(b"\0worker_processes\0") || !knows(b"ssl_protocols\0") {
            return None;
        }
        let mut programs = vec![program];
        for directory in MODULES.iter().map(Path::new) {
            for entry in system.list(directory).unwrap_or_default() {
                let path = directory.join(&entry.name);
                if path.extension().is_some_and(|e| e == "so") && matches!(system.kind(&path), Ok(Kind::File)) {
                    programs.push(system.read(&path).ok()?);
                }
            }
        }
        let is_name = |text: &&[u8]| {
            (2..64).contains(&text.len())
                && text.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_')
        };
        let texts = programs.iter().flat_map(|program| program.split(|b| *b == 0));
        let names = texts.filter(is_name).map(<[u8]>::to_vec).collect();
        Some(DirectiveNames { programs, names })
    }

    /// Is there a directive of that name? A text that merely ends so counts too: linkers share the ends of texts.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        let ended = [name, b"\0"].concat();
        self.names.contains(name) || self.programs.iter().any(|p| memmem::find(p, &ended).is_some())
    }

    /// Does this nginx compile regular expressions with PCRE2?
    pub(super) fn use_pcre2(&self) -> bool {
        self.programs.iter().any(|program| memmem::find(program, b"pcre2_compile").is_some())
    }

    /// Are they those of NGINX Plus, whose version says so (`nginx/1.25.3 (nginx-plus-r31)`)?
    pub(super) fn are_of_plus(&self) -> bool {
        self.programs.iter().any(|program| memmem::find(program, b"nginx-plus-r").is_some())
    }
}
