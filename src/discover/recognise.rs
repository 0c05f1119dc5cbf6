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
pub(super) enum Found {
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
) -> Vec<io::Result<Found>> {
    let asked = Asked {
        system,
        services,
        // Thousands of units may name a main file each, and thousands of files are looked at.
        named: named.iter().map(|n| (n.service, &*n.path)).collect(),
        given: paths.iter().filter_map(|path| system.canonical(path).ok()).collect(),
    };
    files.par_iter().map(|path| asked.about(path)).collect()
}

struct Asked<'a> {
    system: &'a dyn System,
    services: &'a [&'a dyn Service],
    named: HashSet<(ServiceId, &'a Path)>,
    /// What the user named; empty: a host as a whole.
    given: HashSet<PathBuf>,
}

impl Asked<'_> {
    fn about(&self, path: &Path) -> io::Result<Found> {
        let bytes = self.system.read(path)?;
        let roles = self.services.iter().map(|service| self.role(*service, path, &bytes)).enumerate();
        // The first one of those that say most.
        let Some((number, role)) = roles.rev().max_by_key(|(_, role)| *role) else { return Ok(Found::Foreign) };
        let service = self.services[number];
        if self.is_known(service, path) {
            return Ok(Found::Configuration(number, role, kept(bytes)));
        }
        // A part without versions is of interest only to those who ask for it.
        if role == FileRole::Foreign || role == FileRole::Part && self.given.is_empty() {
            return Ok(Found::Foreign);
        }
        let is_given = self.given.contains(path);
        if !is_given && document::looks_like_one(path, &bytes) && !service.begins(&bytes) {
            return Ok(Found::Foreign);
        }
        Ok(match template::language(path, &bytes) {
            Some(language) => Found::Template(language),
            None => Found::Configuration(number, role, kept(bytes)),
        })
    }

    fn role(&self, service: &dyn Service, path: &Path, bytes: &[u8]) -> FileRole {
        if self.is_known(service, path) || self.given.contains(path) && service.is_main(bytes) {
            return FileRole::Main;
        }
        service.recognise(path, bytes)
    }

    /// Is it a main file whatever it holds?
    fn is_known(&self, service: &dyn Service, path: &Path) -> bool {
        service.main_files().iter().any(|main| Path::new(main) == path) || self.named.contains(&(service.id(), path))
    }
}
