//! What a file is: a main file, a part of a configuration, a template, or nothing that concerns any service.

use super::{document, template};
use crate::instance::{MainFile, ServiceId};
use crate::services::service::{FileRole, Service};
use crate::system::System;
use rayon::prelude::*;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// What a file turned out to be.
pub(super) enum FileNature {
    /// Nothing that concerns a service.
    Foreign,
    /// It would concern one, once it is rendered; the language in which it is written.
    Template(&'static str),
    /// It concerns the service of that number; its content, where it is short.
    Configuration(usize, FileRole, Option<Vec<u8>>),
}

/// Longer texts are read once more when their turn comes, in bytes: all of them at once might not fit into memory.
const SHORT: usize = 64 << 10;

fn kept(bytes: Vec<u8>) -> Option<Vec<u8>> {
    Some(bytes).filter(|bytes| bytes.len() <= SHORT)
}

/// Reads every file once and asks the services what it is; in the order of `files`.
pub(super) fn recognise(
    system: &dyn System,
    services: &[&dyn Service],
    paths: &[PathBuf],
    named: &[&MainFile],
    files: &[PathBuf],
) -> Vec<io::Result<FileNature>> {
    let asked = AskedServices {
        system,
        services,
        // Thousands of units may name a main file each, and thousands of files are looked at.
        named: named.iter().map(|n| (n.service, &*n.path)).collect(),
        given: paths.iter().filter_map(|path| system.canonical(path).ok()).collect(),
    };
    files.par_iter().map(|path| asked.about(path)).collect()
}

struct AskedServices<'a> {
    system: &'a dyn System,
    services: &'a [&'a dyn Service],
    named: HashSet<(ServiceId, &'a Path)>,
    /// What the user named; empty: a host as a whole.
    given: HashSet<PathBuf>,
}

impl AskedServices<'_> {
    fn about(&self, path: &Path) -> io::Result<FileNature> {
        let bytes = self.system.read(path)?;
        let is_known: Vec<bool> = self.services.iter().map(|service| self.is_known(*service, path)).collect();
        let is_given = self.given.contains(path);
        let role = |(number, service): (usize, &&dyn Service)| {
            let is_main = is_known[number] || is_given && service.is_main(&bytes);
            (number, if is_main { FileRole::Main } else { service.recognise(path, &bytes) })
        };
        // The first one of those that say most.
        let best = self.services.iter().enumerate().map(role).rev().max_by_key(|(_, role)| *role);
        let Some((number, role)) = best.and_then(|(number, role)| self.or_part(number, role, &bytes)) else {
            return Ok(FileNature::Foreign);
        };
        let service = self.services[number];
        if is_known[number] {
            return Ok(FileNature::Configuration(number, role, kept(bytes)));
        }
        if !is_given && document::looks_like_one(path, &bytes) && !service.begins(&bytes) {
            return Ok(FileNature::Foreign);
        }
        Ok(match template::language(path, &bytes) {
            Some(language) => FileNature::Template(language),
            None => FileNature::Configuration(number, role, kept(bytes)),
        })
    }

    /// The same, but for what is foreign to all services: a part of the first one that has servers in it. That takes long
    /// to tell, and a part without versions is of interest only to those who ask for it.
    fn or_part(&self, number: usize, role: FileRole, bytes: &[u8]) -> Option<(usize, FileRole)> {
        if role != FileRole::Foreign {
            return Some((number, role));
        }
        let has_servers = |service: &&dyn Service| !self.given.is_empty() && service.has_servers(bytes);
        self.services.iter().position(has_servers).map(|number| (number, FileRole::Part))
    }

    /// Is it a main file whatever it holds?
    fn is_known(&self, service: &dyn Service, path: &Path) -> bool {
        service.main_files().iter().any(|main| Path::new(main) == path) || self.named.contains(&(service.id(), path))
    }
}
