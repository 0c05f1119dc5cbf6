//! Finding the configurations of a host: main files, and files with TLS directives that may turn out to belong to none.

mod unread;

use crate::instance::{MainFile, Problem, ServiceId};
use crate::services::service::{FileRole, Service};
use crate::source::{FileId, SourceMap};
use crate::system::{Kind, System, reason};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use unread::Places;

/// Directories that are searched as a whole when no path is given.
const SEARCHED: &[&str] = &["/etc", "/usr/local/etc"];
/// Directories in which only main files are looked for; other files count only beside a main file.
const SEARCHED_FOR_MAIN: &[&str] = &["/opt"];

/// Files of secrets, which there is no reason to open.
const SECRETS: &[&str] = &["shadow", "shadow-", "gshadow", "gshadow-"];

/// Names that hold keys and certificates, never directives.
const KEY_MATERIAL: &[&str] = &["key", "pem", "crt", "cer", "der", "p12", "pfx", "jks", "csr", "srl", "gpg", "asc"];

/// What was found.
#[derive(Default)]
pub struct Discovery<'s> {
    /// Main files, sorted by path within each service.
    pub mains: Vec<(&'s dyn Service, PathBuf)>,
    /// Files with TLS directives of a service that are not main files, sorted by path.
    pub fragments: Vec<(&'s dyn Service, FileId)>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// How many files and directories could not be read where no configuration is to be expected.
    pub passed_over: usize,
}

/// Looks for configurations below `paths` (files or directories); none: in the usual places, and what is `named`.
pub fn discover<'s>(
    system: &dyn System,
    services: &[&'s dyn Service],
    paths: &[PathBuf],
    named: &[MainFile],
    sources: &mut SourceMap,
) -> Discovery<'s> {
    let mut discovery = Discovery::default();
    let mut files: Vec<PathBuf> = Vec::new();
    let mut unread: Vec<(PathBuf, io::Error)> = Vec::new();
    let mut missing = None;
    let mut walk = |root: &Path, filter: &dyn Fn(&Path) -> bool| {
        let walk = system.walk(root);
        files.extend(walk.files.into_iter().filter(|f| filter(f)));
        unread.extend(walk.unreadable);
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
        for path in paths {
            walk(path, &|_| true);
        }
    }
    discovery.problems.extend(missing.map(|why| Problem::with("/", why)));
    files.retain(|path| !is_key_material(path) && !is_staged(path));
    let named: Vec<&MainFile> =
        named.iter().filter(|n| paths.is_empty() || paths.iter().any(|path| n.path.starts_with(path))).collect();
    // A link stays what it is called: nginx includes from the directory of the link.
    let by_itself = |n: &&&MainFile| system.canonical(&n.path).is_ok_and(|real| real == n.path);
    files.extend(named.iter().filter(by_itself).map(|n| n.path.clone()));
    files.sort();
    files.dedup();
    let found = recognise(system, services, &named, &files);
    let mut candidates: BTreeMap<&str, Vec<(usize, PathBuf)>> = BTreeMap::new();
    let mut homes: BTreeSet<&Path> = BTreeSet::new();
    for (path, found) in files.iter().zip(found) {
        match found {
            Ok(None) => {}
            Ok(Some((service, role, bytes))) => {
                let file = sources.insert(path.clone(), bytes);
                match role {
                    FileRole::Main => {
                        homes.extend(path.parent());
                        candidates.entry(services[service].id().0).or_default().push((service, path.clone()));
                    }
                    _ => discovery.fragments.push((services[service], file)),
                }
            }
            Err(error) => unread.push((path.clone(), error)),
        }
    }
    if paths.is_empty() {
        for (service, path) in linked(system, services, &named, &candidates, &mut unread) {
            let of_service = candidates.entry(services[service].id().0).or_default();
            of_service.push((service, path));
            of_service.sort_by(|a, b| a.1.cmp(&b.1));
        }
    }
    let (problems, passed_over) = Places { services, paths, named: &named, homes }.judge(unread);
    discovery.problems.extend(problems);
    discovery.passed_over = passed_over;
    for file in named.iter().filter(|n| files.binary_search(&n.path).is_err()) {
        let service = services.iter().position(|service| service.id() == file.service);
        match (system.read(&file.path), service) {
            (Ok(_), Some(service)) => {
                let of_service = candidates.entry(file.service.0).or_default();
                of_service.push((service, file.path.clone()));
                of_service.sort_by(|a, b| a.1.cmp(&b.1));
            }
            (Err(error), _) => {
                let message = format!("can't be read: {} (named by {})", reason(&error), file.source);
                discovery.problems.push(Problem::with(&file.path, message));
            }
            (Ok(_), None) => {}
        }
    }
    for (service, path) in candidates.into_values().flatten() {
        discovery.mains.push((services[service], path));
    }
    discovery
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

type Recognised = io::Result<Option<(usize, FileRole, Vec<u8>)>>;

/// Reads every file once and asks the services what it is; in the order of `files`.
fn recognise(
    system: &dyn System,
    services: &[&dyn Service],
    named: &[&MainFile],
    files: &[PathBuf],
) -> Vec<Recognised> {
    // Thousands of units may name a main file each, and thousands of files are looked at.
    let named: HashSet<(ServiceId, &Path)> = named.iter().map(|n| (n.service, &*n.path)).collect();
    let one = |path: &PathBuf| -> Recognised {
        let bytes = system.read(path)?;
        let mut best = None;
        for (number, service) in services.iter().enumerate() {
            let known =
                service.main_files().iter().any(|m| Path::new(m) == path) || named.contains(&(service.id(), path));
            let role = if known { FileRole::Main } else { service.recognise(path, &bytes) };
            let better = best.is_none_or(|(_, b)| role > b);
            if role != FileRole::Foreign && better {
                best = Some((number, role));
            }
        }
        Ok(best.map(|(number, role)| (number, role, bytes)))
    };
    files.par_iter().map(one).collect()
}

fn may_be_main(service: &dyn Service, path: &Path) -> bool {
    let name = path.file_name();
    service.main_files().iter().any(|main| Path::new(main).file_name() == name)
}

/// Is it a file that a fix puts beside another one for a moment, `.tlsmend-20260131T120000Z-1-0`? A run that was
/// interrupted leaves some. Where a server reads it all the same, its include finds it.
fn is_staged(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some((time, numbers)) = name.strip_prefix(".tlsmend-").and_then(|rest| rest.split_once("Z-")) else {
        return false;
    };
    let is_digit = |b: u8| b.is_ascii_digit();
    let is_time =
        time.len() == 15 && time.bytes().enumerate().all(|(at, b)| if at == 8 { b == b'T' } else { is_digit(b) });
    let mut parts = numbers.split('-');
    let mut number = || parts.next().is_some_and(|part| !part.is_empty() && part.bytes().all(is_digit));
    is_time && number() && number() && matches!((parts.next(), parts.next()), (None | Some("old"), None))
}

fn is_key_material(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let secret = path.parent() == Some(Path::new("/etc")) && SECRETS.iter().any(|name| path.ends_with(name));
    secret || KEY_MATERIAL.contains(&extension.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_fix_leaves_behind() {
        let is = |name: &str| is_staged(&Path::new("/etc/nginx").join(name));
        assert!(is(".tlsmend-20260131T120000Z-1-0") && is(".tlsmend-20260131T120000Z-12-34-old"));
        for other in [
            ".tlsmend-20260131T120000Z-1",
            ".tlsmend-20260131T120000Z-1-x",
            ".tlsmend-2026-1-0",
            "tlsmend-20260131T120000Z-1-0",
            ".tlsmend-20260131T120000Z-1-0-old-1",
        ] {
            assert!(!is(other), "{other}");
        }
    }
}
