//! The server programs of a host: where they are and which version they are.

use super::binary;
use super::build::Build;
use super::facts::{Fact, Software};
use super::libraries::Libraries;
use super::packages::Packages;
use super::product::{Product, ProgramSpec};
use super::unit::Unit;
use super::words::unquoted;
use crate::release::Release;
use crate::system::{Kind, System};
use std::path::{Path, PathBuf};

/// A program as it was found.
pub(crate) struct Found {
    pub(crate) software: Software,
    /// The openssl.cnf that its library reads unless its environment names another.
    pub(crate) configuration: Option<PathBuf>,
    /// Is the TLS library built into the program, from its source?
    pub(crate) own_library: bool,
}

impl ProgramSpec {
    /// Is that the name of one of its programs? Builds for debugging, workers of one kind and replaced ones have longer
    /// names: `nginx-debug`, `httpd.worker`, `nginx.old`.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        let longer = |rest: &str| rest.is_empty() || rest.starts_with(['-', '.']);
        self.names.iter().any(|own| name.strip_prefix(own).is_some_and(longer))
    }

    /// The unit that starts the program.
    pub fn unit(&self, system: &dyn System) -> Option<Unit> {
        self.units.iter().find_map(|name| Unit::read(system, name))
    }

    /// Where the program may be: first the one that its unit starts, last those that brought a whole tree of their own.
    fn candidates(&self, system: &dyn System, unit: Option<&Unit>) -> Vec<PathBuf> {
        let started = unit.and_then(|u| u.exec_start.as_deref()).and_then(|command| {
            let word = unquoted(command.split_ascii_whitespace().next()?.trim_start_matches(['-', '@', ':', '+', '!']));
            let path = PathBuf::from(word);
            let name = path.file_name()?.to_str()?.to_owned();
            (path.is_absolute() && self.names.contains(&name.as_str())).then_some(path)
        });
        let bundled = bundled(system, self.bundled);
        started.into_iter().chain(self.paths.iter().map(PathBuf::from)).chain(bundled).collect()
    }

    /// The path of the installed program.
    pub fn path(&self, system: &dyn System, unit: Option<&Unit>) -> Option<PathBuf> {
        self.candidates(system, unit).into_iter().find(|path| system.kind(path).is_ok_and(|k| k == Kind::File))
    }

    /// The version in a program's text, or in what it says.
    pub(crate) fn release(&self, text: &[u8]) -> Option<Release> {
        self.prefixes.iter().find_map(|prefix| binary::release_after(text, prefix))
    }
}

/// Finds the program of a product, its version and its TLS library.
pub(crate) fn find(
    product: &dyn Product,
    system: &dyn System,
    unit: Option<&Unit>,
    libraries: &mut Libraries<'_>,
) -> Found {
    let spec = product.program();
    for path in spec.candidates(system, unit) {
        let Ok(file) = system.read(&path) else { continue };
        let Some(release) = spec.release(&file) else { continue };
        // A build of one's own has its own modules, mostly beside it.
        let local = |path: &Path| path.starts_with("/usr/local") || path.starts_with("/opt");
        let prefix = prefix(&path).filter(|_| local(&path));
        let beside = prefix.and_then(|prefix| Some(prefix.join(spec.own_module?)));
        let modules = spec.modules.iter().map(Path::new).filter(|m| local(m) == local(&path));
        let mut modules = beside.as_deref().into_iter().chain(modules);
        let module = modules.find_map(|m| Some((m.to_owned(), system.read(m).ok()?)));
        let (user, user_file) = module.unwrap_or_else(|| (path.clone(), file.clone()));
        let (library, configuration) = libraries.of_program(&user, &user_file);
        let own_library = library.source == path.display().to_string() && binary::has(&file, "--with-openssl=");
        let software = Software {
            release: Fact::known(release, path.display().to_string()),
            build: build(product, &file, &path),
            library,
            tls1_3: product.tls1_3(&user_file),
            headers: product.headers(&file),
            ..Software::unknown()
        };
        return Found { software, configuration, own_library };
    }
    let (library, configuration) = libraries.of_host();
    let release = packaged(product, libraries.packages());
    let tls1_3 = product.packaged_tls1_3(release.value, &library, libraries.distribution());
    let build = Fact::unknown(format!("no program of {} was found", product.title()));
    let software = Software { release, build, library, tls1_3, ..Software::unknown() };
    Found { software, configuration, own_library: false }
}

/// How a program says that it was built.
pub(crate) fn build(product: &dyn Product, file: &[u8], path: &Path) -> Fact<Build> {
    match product.build(file) {
        Some(build) => Fact::known(build, path.display().to_string()),
        None => Fact::unknown(format!("{} does not say how it was built", path.display())),
    }
}

fn packaged(product: &dyn Product, packages: &Packages) -> Fact<Release> {
    match packages.first(product.program().packages) {
        Some(package) => Fact::known(package.release, package.source.clone()),
        None => Fact::unknown(format!("no program or package of {} was found", product.title())),
    }
}

/// The programs of trees below /opt, at one of these places.
fn bundled(system: &dyn System, places: &[&str]) -> Vec<PathBuf> {
    let opt = Path::new("/opt");
    let names = system.list(opt).unwrap_or_default().into_iter().map(|entry| opt.join(entry.name));
    let programs = names.flat_map(|folder| places.iter().map(move |place| folder.join(place)));
    programs.filter(|path| system.kind(path).is_ok()).collect()
}

/// Where a tree with a program begins: `/opt/lampp` of `/opt/lampp/bin/httpd`.
fn prefix(program: &Path) -> Option<&Path> {
    program.parent().filter(|bin| bin.ends_with("bin") || bin.ends_with("sbin"))?.parent()
}

/// The openssl.cnf that a service reads.
///
/// `named` is `OPENSSL_CONF` of its environment; an empty one means no file.
pub(crate) fn configuration(system: &dyn System, named: Option<&str>, usual: Option<PathBuf>) -> Option<PathBuf> {
    let guesses = ["/usr/lib/ssl", "/etc/pki/tls", "/etc/ssl", "/usr/local/ssl", "/usr/local/etc/ssl"];
    match (named, usual) {
        (Some(""), _) => None,
        (Some(named), _) => Some(PathBuf::from(named)),
        (None, Some(usual)) => Some(usual),
        (None, None) => {
            let mut paths = guesses.iter().map(|folder| Path::new(folder).join("openssl.cnf"));
            paths.find(|path| system.kind(path).is_ok())
        }
    }
}
