//! The files that nginx loads for TLS when it starts: what is wrong with them, and what certificates and keys are in them.

use super::model::{BlockScope, Model, TlsSettings};
use crate::openssl::Pem;
use crate::services::named_file::{self, Reading};
use crate::services::place::Place;
use crate::services::service::World;
use crate::source::FileId;
use crate::system::Kind;
use crate::trust::Writers;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

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
    /// Those that a command names: it reads one form of them only.
    ParametersOfCommand,
    /// A response of OCSP that is handed on.
    Response,
    /// A key for session tickets.
    Ticket,
    /// Pass phrases, one on each line.
    PassPhrases,
    /// Only whether it is there is looked at.
    Other,
}

/// What the file is for that a command names; `None`: its value is no file, or nginx starts without it.
pub(super) fn purpose(command: &str, value: &str) -> Option<Purpose> {
    Some(match command {
        "certificate" => Purpose::Certificate,
        "privatekey" => Purpose::Key,
        "verifycafile" | "chaincafile" => Purpose::Trust,
        "dhparameters" => Purpose::ParametersOfCommand,
        "serverinfofile" | "requestcafile" | "clientcafile" | "requestcapath" | "clientcapath" => Purpose::Other,
        // It may be the URI of anything, and relative to the folder in which nginx was started.
        _ if command.ends_with("castore") && value.starts_with('/') => Purpose::Other,
        _ => return None,
    })
}

/// What became of looking at a file.
#[derive(Clone, Debug)]
enum FileState {
    Missing,
    Directory,
    Read {
        pem: Arc<Pem>,
        /// in bytes
        size: usize,
        /// the first byte
        first: Option<u8>,
    },
}

/// All files that a configuration names for TLS, by the path that it writes.
#[derive(Debug, Default)]
pub(super) struct Files {
    seen: BTreeMap<String, FileState>,
    /// Those that somebody on whose word a configuration file names them may not be able to read: nothing is said of them
    /// there.
    hidden: BTreeSet<(String, FileId)>,
    /// Are they those of the server itself, so that what is wrong with them counts?
    are_its_own: bool,
}

/// What stands before a certificate or key that is itself in the configuration.
const DATA: &str = "data:";
/// What stands before keys that are in no file.
const ELSEWHERE: [&str; 2] = [ENGINE, "store:"];
/// One that an engine of OpenSSL has: `engine:NAME:ID`.
pub(super) const ENGINE: &str = "engine:";

/// The name of a file as it is shown: what is itself a key is not.
pub(super) fn shown(path: &str) -> &str {
    if path.starts_with(DATA) { "data:..." } else { path }
}

impl Files {
    /// Looks at all files that a model names; relative ones are below the directory. `word_of`: on whose word something
    /// stands in a file.
    pub(super) fn of(
        model: &Model,
        directory: &Path,
        world: World<'_>,
        mut word_of: impl FnMut(FileId) -> Writers,
    ) -> Files {
        let system = world.system;
        let passes = model.pass_phrases.iter().map(|(path, place)| (path, *place));
        let namings: BTreeSet<(&String, FileId)> = passes
            .chain(model.scopes.iter().flat_map(list_named_files))
            .filter(|(path, _)| !path.is_empty())
            .map(|(path, place)| (path, place.span.file))
            .collect();
        let mut seen = BTreeMap::new();
        let (inside, namings): (BTreeSet<_>, BTreeSet<_>) =
            namings.into_iter().partition(|(path, _)| path.starts_with(DATA));
        for text in inside.into_iter().map(|(path, _)| path).filter(|text| !text.contains('$')) {
            let bytes = &text.as_bytes()[DATA.len()..];
            let pem = Arc::new(Pem::read(bytes));
            seen.insert(text.clone(), FileState::Read { pem, size: bytes.len(), first: bytes.first().copied() });
        }
        let mut words: BTreeMap<FileId, Writers> = BTreeMap::new();
        let (mut own, mut others, mut hidden) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (path, file) in namings {
            let who = words.entry(file).or_insert_with(|| word_of(file));
            if who.is_empty() {
                own.insert(path);
            } else if named_file::is_hidden(system, &directory.join(path), who) {
                hidden.insert((path.clone(), file));
            } else {
                others.insert(path);
            }
        }
        let mut reading = Reading::new(system);
        let mut known: BTreeMap<Arc<Path>, FileState> = BTreeMap::new();
        // What others name takes no room from what root's own files name.
        for path in own.iter().chain(others.difference(&own)) {
            let full = directory.join(path);
            let one = match system.kind(&full) {
                Ok(Kind::Directory) => FileState::Directory,
                Ok(_) => {
                    let Some(real) = reading.real(&full) else { continue };
                    match known.get(&real) {
                        Some(one) => one.clone(),
                        None => {
                            let Some(bytes) = reading.read(&real) else { continue };
                            let pem = Arc::new(Pem::read(&bytes));
                            let one = FileState::Read { pem, size: bytes.len(), first: bytes.first().copied() };
                            known.insert(real, one.clone());
                            one
                        }
                    }
                }
                Err(_) if named_file::is_missing(system, &full) => FileState::Missing,
                Err(_) => continue,
            };
            seen.insert((*path).clone(), one);
        }
        // Where the relative ones of a part lie, only its main file tells.
        let are_its_own = !model.is_part && named_file::is_host(system);
        Files { seen, hidden, are_its_own }
    }

    /// What became of looking at a file that is named there.
    fn look_up(&self, path: &str, place: Place) -> Option<&FileState> {
        let is_hidden = !self.hidden.is_empty() && self.hidden.contains(&(path.to_owned(), place.span.file));
        self.seen.get(path).filter(|_| !is_hidden)
    }

    /// What a file of certificates or keys has in it; `None`: it can't be read.
    pub(super) fn find_pem(&self, path: &str, place: Place) -> Option<&Pem> {
        match self.look_up(path, place)? {
            FileState::Read { pem, .. } => Some(pem),
            FileState::Missing | FileState::Directory => None,
        }
    }

    /// What keeps nginx from loading a file, as a lowercase fragment; `None`: nothing that can be seen here.
    pub(super) fn find_fault(&self, path: &str, purpose: Purpose, place: Place) -> Option<&'static str> {
        if purpose == Purpose::Key {
            match path.strip_prefix(ENGINE) {
                Some(rest) if !rest.contains(':') => return Some("invalid syntax, which is engine:NAME:ID"),
                _ if ELSEWHERE.iter().any(|elsewhere| path.starts_with(elsewhere)) => return None,
                _ => {}
            }
        }
        if !self.are_its_own && !path.starts_with(DATA) {
            return None;
        }
        let is_loaded = matches!(purpose, Purpose::Certificate | Purpose::Key | Purpose::Ticket | Purpose::PassPhrases);
        if path.is_empty() && is_loaded {
            return Some("the name is empty, which is the directory of the main file");
        }
        let lacks = |is_there: bool, what: &'static str| (!is_there).then_some(what);
        match self.look_up(path, place)? {
            FileState::Missing => Some("there is no such file"),
            // A folder of a command may be what it asks for.
            FileState::Directory if purpose == Purpose::Other => None,
            FileState::Directory => Some("it is a directory"),
            FileState::Read { pem, size, first } => match purpose {
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
                Purpose::ParametersOfCommand if pem.are_parameters_old => Some("its parameters are those of X9.42"),
                Purpose::Parameters | Purpose::ParametersOfCommand => {
                    lacks(pem.has_parameters, "there are no parameters in PEM form in it")
                }
                Purpose::Response => lacks(*first == Some(0x30), "it is no OCSP response in DER form"),
                Purpose::Ticket => lacks(matches!(size, 48 | 80), "it must be 48 or 80 bytes"),
                Purpose::PassPhrases | Purpose::Other => None,
            },
        }
    }
}

/// The files that a block names.
fn list_named_files(scope: &BlockScope) -> impl Iterator<Item = (&String, Place)> {
    let many = scope.certificates.iter().chain(&scope.keys).chain(&scope.tickets);
    let single = scope.authority.iter().chain(&scope.stapling_file);
    let tls = std::iter::once(&scope.tls).chain(scope.clients.values()).flat_map(of_tls);
    many.chain(single).map(|(path, place)| (path, *place)).chain(tls)
}

fn of_tls(tls: &TlsSettings) -> impl Iterator<Item = (&String, Place)> {
    let single = tls.dhparam.iter().chain(&tls.trusted).chain(&tls.crl).chain(&tls.certificate).chain(&tls.key);
    let commands = tls.commands.iter().filter(|command| purpose(&command.name, &command.value).is_some());
    single.map(|(path, place)| (path, *place)).chain(commands.map(|command| (&command.value, command.place)))
}

#[cfg(test)]
mod tests {
    use crate::host::Facts;
    use crate::services::nginx::Nginx;
    use crate::services::service::{Service, World};
    use crate::source::SourceMap;
    use crate::system::MemorySystem;
    use std::path::Path;

    /// What is said of the files that a site names whose owner is that user.
    fn said(owner: u32) -> Vec<String> {
        let names = ["ticket", "none", "folder", "././ticket", "folder/../../open/ticket"];
        let secret = names.map(|name| format!("ssl_session_ticket_key /secret/{name};"));
        let lines = format!(
            "ssl_certificate /secret/ticket; ssl_certificate_key /secret/none; {} \
             ssl_session_ticket_key /open/ticket; ssl_trusted_certificate /open/none;",
            secret.join(" ")
        );
        let main = "events {}\nhttp {\nssl_dhparam /secret/ticket;\ninclude /sites/*;\n}\n".to_owned();
        let mut system = MemorySystem::with_files([
            ("/etc/nginx/nginx.conf", main),
            ("/sites/own", format!("server {{ listen 443 ssl; {lines} }}\n")),
            ("/secret/ticket", "short".to_owned()),
            ("/open/ticket", "short".to_owned()),
        ]);
        system.add_file("/secret/folder/x", "");
        system.give("/sites/own", owner, 0o644);
        system.give("/secret", 0, 0o700);
        let (facts, mut sources) = (Facts::unknown(), SourceMap::default());
        let world = World { system: &system, facts: &facts };
        let resolved = Nginx.load(Path::new("/etc/nginx/nginx.conf"), world, &mut sources);
        resolved.instance().problems.iter().map(|problem| problem.message.clone()).collect()
    }

    #[test]
    fn nobody_is_told_of_files_that_they_can_not_see() {
        let (root, other) = (said(0), said(33));
        let secret = |said: &[String]| said.iter().filter(|message| message.contains("/secret")).count();
        assert!(secret(&root) >= 6, "{root:?}");
        // Root's own file still names one of them.
        assert!(other.iter().any(|message| message.contains("/secret/ticket\": there are no parameters")), "{other:?}");
        assert_eq!(secret(&other), 1, "{other:?}");
        for open in ["/open/ticket\": it must be", "/open/none\": there is no such file"] {
            assert!(other.iter().any(|message| message.contains(open)), "{open}: {other:?}");
        }
    }
}
