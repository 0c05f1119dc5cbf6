//! Finding the configurations of a host: main files, and files with TLS directives that may turn out to belong to none.

mod document;
mod exclude;
mod names;
mod recognise;
mod template;
mod unread;

use crate::instance::{MainFile, Problem};
use crate::services::include::read_text;
use crate::services::service::{FileRole, Service};
use crate::source::{FileId, SourceMap};
use crate::system::{Kind, System, reason};
pub use exclude::Exclude;
use recognise::{FileNature, recognise};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use unread::Places;

/// Directories that are searched as a whole when no path is given.
const SEARCHED: &[&str] = &["/etc", "/usr/local/etc"];
/// Directories in which only main files are looked for; other files count only beside a main file.
const SEARCHED_FOR_MAIN: &[&str] = &["/opt"];

/// What was found.
#[derive(Default)]
pub struct Discovery<'s> {
    /// Main files, sorted by path within each service.
    pub mains: Vec<(&'s dyn Service, PathBuf)>,
    /// Files with directives of a service that are not main files, sorted by path: with directives about versions, and in
    /// what the user named also others.
    pub fragments: Vec<(&'s dyn Service, FileId, FileRole)>,
    /// Files with directives of a service that are still to be rendered, and the language in which they are written.
    pub templates: Vec<(PathBuf, &'static str)>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// How many files and directories could not be read where no configuration is to be expected.
    pub passed_over: usize,
    /// Files that the user left out; a main file may include some all the same.
    pub excluded: BTreeSet<PathBuf>,
    /// Patterns of the user that left out nothing.
    pub idle: Vec<String>,
}

/// Looks for configurations below `paths` (files or directories); none: in the usual places, and what is `named`.
pub fn discover<'s>(
    system: &dyn System,
    services: &[&'s dyn Service],
    paths: &[PathBuf],
    exclude: &Exclude,
    named: &[MainFile],
    sources: &mut SourceMap,
) -> Discovery<'s> {
    let mut discovery = Discovery::default();
    let mut search = exclude.search(paths);
    let mut files: Vec<PathBuf> = Vec::new();
    let mut unread: Vec<(PathBuf, io::Error)> = Vec::new();
    let mut missing = None;
    let mut walk = |root: &Path, filter: &dyn Fn(&Path) -> bool| {
        let walk = system.walk(root);
        files.extend(walk.files.into_iter().filter(|f| filter(f)));
        unread.extend(walk.unreadable);
        walk.links
    };
    if paths.is_empty() {
        match system.list(Path::new("/")) {
            Ok(_) if SEARCHED.iter().any(|root| system.kind(Path::new(root)).is_ok()) => {}
            // An image that is not mounted must not look like a host without servers.
            Ok(_) => missing = Some("neither /etc nor /usr/local/etc is there: is this the root of a host?".to_owned()),
            Err(error) => missing = Some(format!("can't be read: {}", reason(&error))),
        }
        let own = services.iter().flat_map(|s| s.directories());
        for root in SEARCHED.iter().chain(own).map(Path::new) {
            if system.kind(root).is_ok_and(|k| k == Kind::Directory) {
                walk(root, &|_| true);
            }
        }
        for root in SEARCHED_FOR_MAIN.iter().map(Path::new) {
            if system.kind(root).is_ok_and(|k| k == Kind::Directory) {
                walk(root, &|path| services.iter().any(|s| may_be_main(*s, path)));
            }
        }
    } else {
        let links: Vec<PathBuf> = paths.iter().flat_map(|path| walk(path, &|_| true)).collect();
        let links = links.iter().filter(|link| !search.leaves_out(link));
        files.extend(links.filter_map(|link| led_to(system, link)));
    }
    discovery.problems.extend(missing.map(|why| Problem::with("/", why)));
    files.retain(|path| !names::is_key_material(path) && !names::is_staged(path) && !search.leaves_out(path));
    unread.retain(|(path, _)| !search.leaves_out(path));
    let named = named.iter().filter(|n| paths.is_empty() || paths.iter().any(|path| n.path.starts_with(path)));
    let named: Vec<&MainFile> = named.filter(|n| !search.leaves_out(&n.path)).collect();
    // A link stays what it is called: nginx includes from the directory of the link.
    let by_itself = |n: &&&MainFile| system.canonical(&n.path).is_ok_and(|real| real == n.path);
    files.extend(named.iter().filter(by_itself).map(|n| n.path.clone()));
    files.sort();
    files.dedup();
    let found = recognise(system, services, paths, &named, &files);
    let mut candidates: BTreeMap<&str, Vec<(usize, PathBuf)>> = BTreeMap::new();
    let mut homes: BTreeSet<&Path> = BTreeSet::new();
    for (path, found) in files.iter().zip(found) {
        match found {
            Ok(FileNature::Foreign) => {}
            Ok(FileNature::Template(language)) => discovery.templates.push((path.clone(), language)),
            Ok(FileNature::Configuration(service, role, bytes)) => {
                let fits = bytes.filter(|bytes| bytes.len() as u64 <= sources.room());
                let bytes = match fits.map_or_else(|| read_text(system, sources, path), Ok) {
                    Ok(bytes) => bytes,
                    Err(error) => {
                        unread.push((path.clone(), error));
                        continue;
                    }
                };
                let file = sources.insert(path.clone(), bytes);
                match role {
                    FileRole::Main => {
                        homes.extend(path.parent());
                        candidates.entry(services[service].id().0).or_default().push((service, path.clone()));
                    }
                    _ => discovery.fragments.push((services[service], file, role)),
                }
            }
            Err(error) => unread.push((path.clone(), error)),
        }
    }
    if paths.is_empty() {
        let linked = linked(system, services, &named, &candidates, &mut unread);
        for (service, path) in linked.into_iter().filter(|(_, path)| !search.leaves_out(path)) {
            let of_service = candidates.entry(services[service].id().0).or_default();
            of_service.push((service, path));
            of_service.sort_by(|a, b| a.1.cmp(&b.1));
        }
    }
    let (problems, passed_over) = Places { services, paths, named: &named, homes }.judge(unread);
    discovery.problems.extend(problems);
    discovery.passed_over = passed_over;
    for file in named.iter().filter(|n| files.binary_search(&n.path).is_err()) {
        match (system.read(&file.path), services.iter().position(|service| service.id() == file.service)) {
            (Ok(_), Some(service)) => {
                let of_service = candidates.entry(file.service.0).or_default();
                of_service.push((service, file.path.clone()));
                of_service.sort_by(|a, b| a.1.cmp(&b.1));
            }
            (Err(error), _) => discovery.problems.push(unread_main(file, &error)),
            (Ok(_), None) => {}
        }
    }
    (discovery.excluded, discovery.idle) = search.end();
    let mains = candidates.into_values().flatten();
    discovery.mains.extend(mains.map(|(service, path)| (services[service], path)));
    discovery
}

/// A main file that a command line names and that can't be read.
fn unread_main(file: &MainFile, error: &io::Error) -> Problem {
    Problem::with(&file.path, format!("can't be read: {} (named by {})", reason(error), file.source))
}

/// The file that a link below what the user named leads to: `sites-enabled` holds nothing else. Whoever made the link has
/// to be able to read it.
fn led_to(system: &dyn System, link: &Path) -> Option<PathBuf> {
    let real = system.canonical(link).ok().filter(|real| system.kind(real).is_ok_and(|kind| kind == Kind::File))?;
    let makers = system.writers(link).ok()?;
    let is_open = makers.is_empty() || system.is_hidden_from(&real, &makers).is_ok_and(|hidden| !hidden);
    is_open.then_some(real)
}

/// Main files at their usual paths that a link takes out of what is searched; what can't be read of them is added to
/// `unread`.
fn linked(
    system: &dyn System,
    services: &[&dyn Service],
    named: &[&MainFile],
    candidates: &BTreeMap<&str, Vec<(usize, PathBuf)>>,
    unread: &mut Vec<(PathBuf, io::Error)>,
) -> Vec<(usize, PathBuf)> {
    let mut found = Vec::new();
    for (number, service) in services.iter().enumerate() {
        for main in service.main_files().iter().map(Path::new) {
            let known = |real: &Path| candidates.values().flatten().any(|(_, path)| path == real);
            if named.iter().any(|n| n.path == main) {
                continue;
            }
            match system.canonical(main) {
                Ok(real) if real == main || known(&real) => {}
                Ok(_) => match system.read(main) {
                    Ok(_) => found.push((number, main.to_owned())),
                    Err(error) => unread.push((main.to_owned(), error)),
                },
                Err(error) if error.kind() != io::ErrorKind::NotFound || system.link(main).is_ok() => {
                    // A directory above it that can't be read is said already.
                    if !unread.iter().any(|(path, _)| main.starts_with(path)) {
                        unread.push((main.to_owned(), error));
                    }
                }
                Err(_) => {}
            }
        }
    }
    found
}

fn may_be_main(service: &dyn Service, path: &Path) -> bool {
    let name = path.file_name();
    service.main_files().iter().any(|main| Path::new(main).file_name() == name)
}
