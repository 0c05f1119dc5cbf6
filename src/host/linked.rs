//! The TLS libraries of programs that are no servers, and their packages.

use super::libraries::{Libraries, default_level, patched};
use super::os_release::Distribution;
use super::programs::configuration;
use crate::openssl::{Library, Search};
use crate::release::Release;
use crate::system::{Kind, System};
use std::path::{Path, PathBuf};

/// The libraries of a host. Reads each file once.
pub struct Linked<'a> {
    system: &'a dyn System,
    distribution: &'a Distribution,
    libraries: Libraries<'a>,
}

impl<'a> Linked<'a> {
    /// Those of a host.
    pub fn new(system: &'a dyn System, distribution: &'a Distribution) -> Linked<'a> {
        Linked { system, distribution, libraries: Libraries::new(system, distribution) }
    }

    /// The libcrypto of a program, or of the host where the program is not there, and the openssl.cnf that it reads unless
    /// `OPENSSL_CONF` names another.
    pub fn openssl(&mut self, program: Option<&Path>) -> (Library, Option<PathBuf>) {
        let read = program.and_then(|path| Some((path, self.system.read(path).ok()?)));
        let (mut library, usual) = match read {
            Some((path, file)) => match self.libraries.of_program(path, &file) {
                // Loaded by a library or a module of the program.
                (library, _) if library.search == Search::Nothing => match self.libraries.behind(&file) {
                    Some(found) => found,
                    None => self.libraries.of_host(),
                },
                found => found,
            },
            None => self.libraries.of_host(),
        };
        library.has_profiles = self.distribution.has_crypto_policies();
        let usual = usual.or_else(|| configuration(self.system, None, None));
        (library, usual)
    }

    /// Does a program load GnuTLS, and not OpenSSL? `None`: it loads neither itself, or can't be read.
    pub fn has_gnutls(&mut self, program: &Path) -> Option<bool> {
        let file = self.system.read(program).ok()?;
        if self.libraries.has_gnutls(&file) {
            return Some(true);
        }
        let (library, _) = self.libraries.of_program(program, &file);
        (library.search != Search::Nothing || self.libraries.behind(&file).is_some()).then_some(false)
    }

    /// The same library in another release.
    pub fn assume(&self, library: &mut Library, release: Release) {
        if library.release != Some(release) {
            (library.level, library.level_source) = default_level(release, self.distribution);
        }
        library.release = Some(release);
        library.patched = patched(release, library.level, self.distribution);
        "--assume".clone_into(&mut library.source);
    }

    /// The release of the first of these packages that is installed, and where that comes from.
    pub fn package(&self, names: &[&str]) -> Option<(Release, String)> {
        self.libraries.packages().first(names).map(|package| (package.release, package.source.clone()))
    }

    /// The first of these programs that is there.
    pub fn program(&self, paths: &[&'static str]) -> Option<PathBuf> {
        let is_there = |path: &&PathBuf| self.system.kind(path).is_ok_and(|kind| kind == Kind::File);
        let mut paths = paths.iter().map(PathBuf::from);
        paths.find(|path| is_there(&path))
    }
}
