//! The TLS library that a program of the host loads, and how it was built.
//!
//! The file that a program was linked against can have changed since, so the version comes from the library that
//! would be loaded now; only for a program with the library built in it comes from the program.

use super::binary::{self, Maker};
use super::elf;
use super::os_release::Distribution;
use super::packages::Packages;
use crate::openssl::{Library, Search};
use crate::release::Release;
use crate::system::System;
use crate::tls::{Version, VersionSet};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Names of libcrypto, newest first, each with the packages that it comes from.
const NAMES: [(&str, &[&str]); 5] = [
    ("libcrypto.so.4", &["libssl4", "libcrypto4"]),
    ("libcrypto.so.3", &["libssl3t64", "libssl3", "libcrypto3"]),
    ("libcrypto.so.1.1", &["libssl1.1", "libcrypto1.1"]),
    ("libcrypto.so.10", &["openssl-libs"]),
    ("libcrypto.so.1.0.0", &["libssl1.0.0", "libssl1.0.2"]),
];

/// The end of the source of a library by another maker.
pub(crate) const NOT_JUDGED: &str = "which is not judged";

/// More directories than any real host has the loader look in.
const MOST_DIRECTORIES: usize = 256;

/// What one file says about a library.
#[derive(Clone, Debug)]
struct LibraryText {
    library: Library,
    /// The directory of its openssl.cnf, where the file says so.
    configuration: Option<PathBuf>,
}

/// Finds libraries; reads each file once.
pub(crate) struct Libraries<'a> {
    system: &'a dyn System,
    distribution: &'a Distribution,
    packages: OnceCell<Packages>,
    directories: OnceCell<Vec<PathBuf>>,
    known: BTreeMap<PathBuf, Option<LibraryText>>,
}

impl<'a> Libraries<'a> {
    pub(crate) fn new(system: &'a dyn System, distribution: &'a Distribution) -> Libraries<'a> {
        let (packages, directories) = (OnceCell::new(), OnceCell::new());
        Libraries { system, distribution, packages, directories, known: BTreeMap::new() }
    }

    /// The host's distribution.
    pub(crate) fn distribution(&self) -> &Distribution {
        self.distribution
    }

    /// The host's package databases.
    pub(crate) fn packages(&self) -> &Packages {
        self.packages.get_or_init(|| Packages::read(self.system))
    }

    /// The library of a program or module, and its openssl.cnf.
    pub(crate) fn of_program(&mut self, path: &Path, file: &[u8]) -> (Library, Option<PathBuf>) {
        let dynamic = elf::dynamic(file).unwrap_or_default();
        let version = |name: &String| {
            let rest = name.strip_prefix("libcrypto.so").or_else(|| name.strip_prefix("libssl.so"))?;
            Some(format!("libcrypto.so{rest}"))
        };
        let Some(name) = dynamic.needed.iter().find_map(version) else {
            return self.built_in(path, file);
        };
        let origin = path.parent().unwrap_or(Path::new("/"));
        // A tree of its own has its libraries beside its programs and modules.
        let is_own = path.starts_with("/opt") || path.starts_with("/usr/local");
        let beside = origin.parent().filter(|_| is_own).map(|prefix| prefix.join("lib"));
        let beside = beside.into_iter().chain(
            Path::new("/")
                .join(origin)
                .parent()
                .filter(|_| is_own)
                .and_then(Path::parent)
                .map(|up| up.join("common/lib")),
        );
        let own = dynamic.paths.iter().map(|p| PathBuf::from(p.replace("$ORIGIN", &origin.to_string_lossy())));
        let folders: Vec<PathBuf> =
            own.take(MOST_DIRECTORIES).chain(beside).chain(self.directories().iter().cloned()).collect();
        let machine = elf::machine(file);
        for folder in folders {
            if let Some(found) = self.read(&folder.join(&name), machine) {
                return (found.library, found.configuration);
            }
        }
        self.of_package(&name).unwrap_or_else(|| {
            (
                Library {
                    source: format!("{name}, which {} loads, was not found", path.display()),
                    ..Library::unknown()
                },
                None,
            )
        })
    }

    /// The library that the program's own libraries load, such as libcurl.
    pub(crate) fn behind(&mut self, file: &[u8]) -> Option<(Library, Option<PathBuf>)> {
        for (path, file) in self.clients(file) {
            let (library, configuration) = self.of_program(&path, &file);
            if library.search != Search::Nothing {
                return Some((library, configuration));
            }
        }
        None
    }

    /// Does a program load GnuTLS, by itself or by a library such as libcurl?
    pub(crate) fn has_gnutls(&self, file: &[u8]) -> bool {
        let loads = |file: &[u8]| {
            let needed = elf::dynamic(file).unwrap_or_default().needed;
            needed.iter().any(|name| name.starts_with("libgnutls.so"))
        };
        loads(file) || self.clients(file).iter().any(|(_, file)| loads(file))
    }

    /// The libraries of a program that connect for it.
    fn clients(&self, file: &[u8]) -> Vec<(PathBuf, Vec<u8>)> {
        let needed = elf::dynamic(file).unwrap_or_default().needed;
        let is_client = |name: &&String| ["libcurl", "libpq", "libldap"].iter().any(|known| name.starts_with(known));
        let find = |name: &String| {
            let mut paths = self.directories().iter().map(|folder| folder.join(name));
            paths.find_map(|path| Some((path.clone(), self.system.read(&path).ok()?)))
        };
        needed.iter().filter(is_client).filter_map(find).collect()
    }

    /// The newest library of the host, for a server whose program was not found.
    pub(crate) fn of_host(&mut self) -> (Library, Option<PathBuf>) {
        for (name, _) in NAMES {
            for folder in self.directories().to_vec() {
                if let Some(found) = self.read(&folder.join(name), None) {
                    return (found.library, found.configuration);
                }
            }
        }
        NAMES.iter().find_map(|(name, _)| self.of_package(name)).unwrap_or_else(|| {
            let source = "no TLS library was found".to_owned();
            (Library { source, search: Search::Nothing, ..Library::unknown() }, None)
        })
    }

    /// A program without a library of its own has one built in, or none.
    fn built_in(&self, path: &Path, file: &[u8]) -> (Library, Option<PathBuf>) {
        if let Some(found) = self.describe(path, file) {
            return (found.library, found.configuration);
        }
        let source = format!("{} has no TLS library that is known", path.display());
        (Library { source, search: Search::Nothing, ..Library::unknown() }, None)
    }

    /// A library as its package has it.
    fn of_package(&self, name: &str) -> Option<(Library, Option<PathBuf>)> {
        let (_, packages) = NAMES.iter().find(|(n, _)| *n == name)?;
        let package = self.packages().first(packages)?;
        let (level, level_source) = default_level(package.release, self.distribution);
        let library = Library {
            release: Some(package.release),
            source: package.source.clone(),
            level,
            level_source,
            patched: patched(package.release, level, self.distribution),
            ..Library::unknown()
        };
        Some((library, None))
    }

    /// Reads a libcrypto that is for the same kind of machine.
    fn read(&mut self, path: &Path, machine: Option<[u8; 4]>) -> Option<LibraryText> {
        let path = self.system.canonical(path).ok()?;
        if let Some(known) = self.known.get(&path) {
            return known.clone();
        }
        let file = self.system.read(&path).ok()?;
        if machine.is_some() && elf::machine(&file) != machine {
            return None;
        }
        let found = self.describe(&path, &file);
        self.known.insert(path, found.clone());
        found
    }

    fn describe(&self, path: &Path, file: &[u8]) -> Option<LibraryText> {
        let source = path.display().to_string();
        let library = match binary::find_maker(file)? {
            Maker::Other(name) => {
                let source = format!("{source} is {name}, {NOT_JUDGED}");
                Library { source, search: Search::Foreign, ..Library::unknown() }
            }
            Maker::OpenSsl(release) => {
                let (level, level_source) = match binary::compiled_level(file) {
                    Some(level) => (Some(level), format!("compiled into {source}")),
                    None if binary::says_how_built(file) => upstream_level(release),
                    None => default_level(release, self.distribution),
                };
                let patched = patched(release, level, self.distribution);
                Library { release: Some(release), source, level, level_source, patched, ..Library::unknown() }
            }
        };
        let configuration = binary::configuration_directory(file).map(|folder| Path::new(folder).join("openssl.cnf"));
        Some(LibraryText { library, configuration })
    }

    fn directories(&self) -> &[PathBuf] {
        self.directories.get_or_init(|| directories(self.system))
    }
}

/// Where the dynamic loader looks, in its order (ld.so(8)).
pub(crate) fn directories(system: &dyn System) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let conf_d = Path::new("/etc/ld.so.conf.d");
    let more = system.list(conf_d).unwrap_or_default();
    let names = more.into_iter().map(|e| conf_d.join(e.name)).filter(|p| p.extension().is_some_and(|e| e == "conf"));
    for file in names.chain([PathBuf::from("/etc/ld.so.conf")]) {
        let text = system.read(&file).unwrap_or_default();
        let lines = String::from_utf8_lossy(&text).into_owned();
        folders.extend(lines.lines().map(str::trim).filter(|l| l.starts_with('/')).map(PathBuf::from));
    }
    for above in ["/lib", "/usr/lib"] {
        let above = Path::new(above);
        let multiarch = |name: &std::ffi::OsStr| name.to_string_lossy().contains("-linux-gnu");
        let entries = system.list(above).unwrap_or_default();
        folders.extend(entries.into_iter().filter(|e| multiarch(&e.name)).map(|e| above.join(e.name)));
    }
    folders.extend(
        ["/lib64", "/usr/lib64", "/lib", "/usr/local/lib", "/usr/lib", "/usr/local/ssl/lib"].map(PathBuf::from),
    );
    let mut seen = BTreeSet::new();
    folders.retain(|f| seen.insert(f.clone()));
    folders.truncate(MOST_DIRECTORIES);
    folders
}

/// A TLS library of the host, used or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsLibrary {
    /// What it calls itself: `OpenSSL 3.0.19`, `LibreSSL 3.8.2`.
    pub name: String,
    /// Its file, links resolved.
    pub path: PathBuf,
    /// The versions that it has; `None`: not known.
    pub versions: Option<VersionSet>,
}

/// All TLS libraries where the dynamic loader looks, sorted by path.
pub fn libraries(system: &dyn System) -> Vec<TlsLibrary> {
    let distribution = Distribution::default();
    let libraries = Libraries::new(system, &distribution);
    let mut paths = BTreeSet::new();
    for folder in libraries.directories() {
        for entry in system.list(folder).unwrap_or_default() {
            if entry.name.as_encoded_bytes().starts_with(b"libcrypto.so") {
                paths.extend(system.canonical(&folder.join(&entry.name)));
            }
        }
    }
    let read = |path: PathBuf| {
        let file = system.read(&path).ok()?;
        let (name, versions) = match binary::find_maker(&file)? {
            Maker::OpenSsl(release) => {
                let library = Library { release: Some(release), ..Library::unknown() };
                (format!("OpenSSL {release}"), Some(library.versions()))
            }
            Maker::Other(name) => {
                let release = name.strip_prefix("LibreSSL ").and_then(Release::parse);
                (name, release.map(libressl_versions))
            }
        };
        Some(TlsLibrary { name, path, versions })
    };
    paths.into_iter().filter_map(read).collect()
}

/// What LibreSSL has: TLS 1.3 for servers since 3.2.0 (its release notes; not tried).
fn libressl_versions(release: Release) -> VersionSet {
    let newest = if release < Release::new(3, 2, 0) { Version::Tls1_2 } else { Version::Tls1_3 };
    let oldest = if release < Release::new(3, 8, 0) { Version::Tls1 } else { Version::Tls1_2 };
    VersionSet::range(oldest, newest)
}

/// The security level that a release has if nobody says otherwise: 2 since 3.2.
fn upstream_level(release: Release) -> (Option<u8>, String) {
    let level = match release {
        r if r < Release::new(1, 1, 0) => 0,
        r if r < Release::new(3, 2, 0) => 1,
        _ => 2,
    };
    let [major, minor, _] = release.numbers;
    (Some(level), format!("the default of OpenSSL {major}.{minor}"))
}

/// The security level that a distribution compiles in.
///
/// Debian builds with `-DOPENSSL_TLS_SECURITY_LEVEL=2` since 3.0 (in its 1.1.1 only openssl.cnf asks for level 2),
/// Ubuntu since 20.04 (1.1.1f); the others are taken to keep upstream's.
pub(crate) fn default_level(release: Release, distribution: &Distribution) -> (Option<u8>, String) {
    let since = match distribution {
        d if d.is("ubuntu") => Release { numbers: [1, 1, 1], letter: 4 },
        _ => Release::new(3, 0, 0),
    };
    match distribution.ids.first() {
        Some(id) if distribution.is("debian") && release >= since => (Some(2), format!("what {id} compiles in")),
        _ => upstream_level(release),
    }
}

/// Ubuntu's OpenSSL 1.1.1 (20.04) refuses TLSv1 and TLSv1.1 at level 2: a patch of its own (pyca/pyopenssl issue 1002,
/// python/cpython pull request 24928; not tried on an Ubuntu).
pub(crate) fn patched(release: Release, level: Option<u8>, distribution: &Distribution) -> Option<u8> {
    let concerned = release >= Release { numbers: [1, 1, 1], letter: 4 } && release < Release::new(3, 0, 0);
    (distribution.is("ubuntu") && concerned && level == Some(2)).then_some(2)
}
