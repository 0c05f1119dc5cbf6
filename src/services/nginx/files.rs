//! The files that nginx loads for TLS when it starts: what is wrong with them, and what certificates and keys are in them.

use super::model::{Model, Scope, Tls};
use super::startup;
use crate::openssl::Pem;
use crate::services::named_file;
use crate::services::service::World;
use crate::system::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    Certificate,
    Key,
    /// Certificates that others' are checked against, or lists of revoked ones: the same function reads both.
    Trust,
    /// The authorities whose names are sent to clients: certificates only.
    Authority,
    /// Parameters for Diffie-Hellman.
    Parameters,
    /// A response of OCSP that is handed on.
    Response,
    /// A key for session tickets.
    Ticket,
    /// Pass phrases, one on each line.
    PassPhrases,
    /// Only whether it is there is looked at.
    Other,
}

/// What became of looking at a file.
#[derive(Debug)]
enum Seen {
    Missing,
    Directory,
    Read {
        pem: Box<Pem>,
        /// in bytes
        size: usize,
        /// the first byte
        first: Option<u8>,
    },
}

/// All files that a configuration names for TLS, by the path that it writes.
#[derive(Debug, Default)]
pub(super) struct Files {
    seen: BTreeMap<String, Seen>,
    /// Are they those of the server itself, so that what is wrong with them counts?
    are_its_own: bool,
}

/// What stands before keys and certificates that are in no file.
const OTHERS: [&str; 3] = ["engine:", "store:", "data:"];

impl Files {
    /// Looks at all files that a model names; relative ones are below the directory.
    pub(super) fn of(model: &Model, directory: &Path, world: World<'_>) -> Files {
        let mut paths: BTreeSet<&String> = model.pass_phrases.iter().map(|(path, _)| path).collect();
        for scope in &model.scopes {
            paths.extend(named(scope));
        }
        let is_file = |path: &&&String| !path.is_empty() && !OTHERS.iter().any(|other| path.starts_with(other));
        let seen = paths.iter().filter(is_file).filter_map(|path| {
            let full = directory.join(path);
            let seen = match world.system.kind(&full) {
                Ok(Kind::Directory) => Seen::Directory,
                Ok(_) => {
                    let bytes = world.system.read(&full).ok()?;
                    let pem = Box::new(Pem::read(&bytes));
                    Seen::Read { pem, size: bytes.len(), first: bytes.first().copied() }
                }
                Err(_) if named_file::is_missing(world.system, &full) => Seen::Missing,
                Err(_) => return None,
            };
            Some(((*path).clone(), seen))
        });
        // Where the relative ones of a part lie, only its main file tells.
        let are_its_own = !model.is_part && named_file::is_host(world.system);
        Files { seen: seen.collect(), are_its_own }
    }

    /// What a file of certificates or keys has in it; `None`: it can't be read.
    pub(super) fn pem(&self, path: &str) -> Option<&Pem> {
        match self.seen.get(path)? {
            Seen::Read { pem, .. } => Some(pem),
            Seen::Missing | Seen::Directory => None,
        }
    }

    /// What keeps nginx from loading a file, as a lowercase fragment; `None`: nothing that can be seen here.
    pub(super) fn wrong(&self, path: &str, purpose: Purpose) -> Option<&'static str> {
        if !self.are_its_own {
            return None;
        }
        let is_loaded = matches!(purpose, Purpose::Certificate | Purpose::Key | Purpose::Ticket | Purpose::PassPhrases);
        if path.is_empty() && is_loaded {
            return Some("the name is empty, which is the directory of the main file");
        }
        let lacks = |is_there: bool, what: &'static str| (!is_there).then_some(what);
        match self.seen.get(path)? {
            Seen::Missing => Some("there is no such file"),
            // A folder of a command may be what it asks for.
            Seen::Directory if purpose == Purpose::Other => None,
            Seen::Directory => Some("it is a directory"),
            Seen::Read { pem, size, first } => match purpose {
                Purpose::Certificate | Purpose::Authority if pem.is_broken => Some("its certificate is damaged"),
                Purpose::Certificate | Purpose::Authority => {
                    lacks(pem.has_certificate, "there is no certificate in PEM form in it")
                }
                Purpose::Trust if pem.is_broken => Some("its certificate is damaged"),
                Purpose::Trust => lacks(
                    pem.has_certificate || pem.has_revocations,
                    "there is no certificate and no revocation list in PEM form in it",
                ),
                Purpose::Key => lacks(pem.has_key, "there is no private key in PEM form in it"),
                Purpose::Parameters => lacks(pem.has_parameters, "there are no parameters in PEM form in it"),
                Purpose::Response => lacks(*first == Some(0x30), "it is no OCSP response in DER form"),
                Purpose::Ticket => lacks(matches!(size, 48 | 80), "it must be 48 or 80 bytes"),
                Purpose::PassPhrases | Purpose::Other => None,
            },
        }
    }
}

/// The files that a block names.
fn named(scope: &Scope) -> impl Iterator<Item = &String> {
    let many = scope.certificates.iter().chain(&scope.keys).chain(&scope.tickets);
    let single = scope.authority.iter().chain(&scope.stapling_file);
    let tls = std::iter::once(&scope.tls).chain(scope.clients.values()).flat_map(of_tls);
    many.chain(single).map(|(path, _)| path).chain(tls)
}

fn of_tls(tls: &Tls) -> impl Iterator<Item = &String> {
    let single = tls.dhparam.iter().chain(&tls.trusted).chain(&tls.crl).chain(&tls.certificate).chain(&tls.key);
    let commands = tls.commands.iter().filter(|command| startup::purpose(&command.name).is_some());
    single.map(|(path, _)| path).chain(commands.map(|command| &command.value))
}
