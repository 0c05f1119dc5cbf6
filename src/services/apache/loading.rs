//! What a server's TLS context holds when httpd starts: certificates and keys, in the order in which they are loaded, and
//! what OpenSSL refuses of them.
//!
//! First come the files of mod_ssl, each certificate with its key, then the library's commands, those of the server level
//! before the server's own (`ssl_init_server_certs`, `ssl_init_server_ctx`). The cipher lists that were set until then name
//! the security level. At the end the half that was loaded last must have its other half
//! (`SSL_CTX_check_private_key`).

use super::model::{Load, Model, Server};
use super::scope::{MAIN, ServerId};
use crate::openssl::{Half, Identity, Keys, Library, Pem, Slots, one_after_another};
use crate::release::Release;
use crate::services::named_file::Reading;
use crate::services::place::Place;
use crate::system::System;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads certificates and keys, each file once.
pub(super) struct Loader<'a> {
    reading: Reading<'a>,
    known: BTreeMap<Arc<Path>, Option<Arc<FileContents>>>,
}

#[derive(Debug)]
struct FileContents {
    pem: Pem,
    /// What the keys of its certificate may be, where that is not read as one.
    keys: Keys,
    bytes: Arc<[u8]>,
}

impl FileContents {
    fn of(bytes: Arc<[u8]>) -> FileContents {
        let pem = Pem::read(&bytes);
        // DER, or a key of a kind that is not known here.
        let other = pem.certificate.is_none().then(|| Keys::of_certificate(&bytes)).flatten();
        FileContents { pem, keys: other.unwrap_or(Keys::ANY), bytes }
    }
}

/// What comes of loading.
#[derive(Debug, Default)]
pub(super) struct LoadOutcome {
    pub(super) identity: Identity,
    /// What OpenSSL refuses first.
    pub(super) refused: Option<(Place, String)>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(system: &'a dyn System) -> Loader<'a> {
        Loader { reading: Reading::new(system), known: BTreeMap::new() }
    }

    fn contents(&mut self, path: &Path) -> Option<Arc<FileContents>> {
        let real = self.reading.real(path)?;
        let read = || self.reading.read(path).map(|bytes| Arc::new(FileContents::of(bytes)));
        self.known.entry(real).or_insert_with(read).clone()
    }

    /// Loads what a server names.
    pub(super) fn load(&mut self, model: &Model, library: &Library, server: ServerId) -> LoadOutcome {
        let own = &model.servers[server];
        let main = (server != MAIN).then_some(&model.servers[MAIN]);
        let lists = own.ciphers[0].iter().chain(main.and_then(|main| main.ciphers[0].as_ref())).take(1);
        let chain_file = own.chain_file.as_ref().or(main.and_then(|main| main.chain_file.as_ref()));
        let issuers = chain_file.map(|(path, _)| self.contents(path));
        let mut context = LoadingContext {
            library,
            lists: lists.map(|list| ciphers(list)).collect(),
            slots: Slots::default(),
            unread: Keys::default(),
            has_chain_file: issuers.is_some(),
            last: None,
            is_clear: true,
            refused: None,
        };
        let certificates = merged(own, main, |server| &server.certificates);
        for (path, place) in &certificates {
            context.certificate(path, *place, self.contents(path), false);
        }
        let loads = || main.into_iter().chain([own]).flat_map(|server| &server.loads);
        for (load, place) in loads() {
            context.command(load, *place, self);
        }
        context.check_last();
        let mut identity = Identity {
            chains: context.slots.chains().cloned().collect(),
            unread: context.unread,
            // An empty chain is none (SSL_CTX_use_certificate_chain_file).
            sets_chain: Some(false),
        };
        let has_certificate = own.has_certificate() || main.is_some_and(Server::has_certificate);
        if !has_certificate {
            identity.unread = Keys::ANY;
        }
        if let Some(Some(issuers)) = issuers {
            for chain in &mut identity.chains {
                chain.add_issuers(&issuers.bytes);
            }
        }
        LoadOutcome { identity, refused: context.refused }
    }
}

/// A host's own files take the place of as many of the server level.
pub(super) fn merged<'a>(
    own: &'a Server,
    main: Option<&'a Server>,
    files: fn(&Server) -> &[(PathBuf, Place)],
) -> Vec<&'a (PathBuf, Place)> {
    let inherited = main.map_or(&[][..], files).iter().skip(files(own).len());
    files(own).iter().chain(inherited).collect()
}

/// A context that is being filled.
struct LoadingContext<'l> {
    library: &'l Library,
    /// The cipher lists that were set so far.
    lists: Vec<String>,
    slots: Slots,
    /// What the certificates may be that can't be read.
    unread: Keys,
    /// Does `SSLCertificateChainFile` take the place of the issuers in the files of certificates?
    has_chain_file: bool,
    /// The last command that loaded a half.
    last: Option<(Place, PathBuf)>,
    /// Was everything read that was loaded?
    is_clear: bool,
    refused: Option<(Place, String)>,
}

impl LoadingContext<'_> {
    fn find_level(&self) -> Option<u8> {
        self.library.security_level(one_after_another(self.lists.iter().map(String::as_str)).as_deref())
    }

    fn refuse(&mut self, place: Place, path: &Path, why: &str) {
        let path = path.display();
        self.refused.get_or_insert_with(|| (place, format!("cannot load {path}: {why}")));
    }

    fn command(&mut self, load: &Load, place: Place, loader: &mut Loader<'_>) {
        match load {
            Load::Ciphers(list) => self.lists.push(ciphers(list)),
            Load::Certificate(path) => {
                self.last = Some((place, path.clone()));
                self.certificate(path, place, loader.contents(path), true);
            }
            Load::Key(path) => {
                self.last = Some((place, path.clone()));
                self.load_key(path, place, loader.contents(path));
            }
            Load::Parameters(path) | Load::Trust(path) | Load::Information(path) => {
                let Some(contents) = loader.contents(path) else { return };
                if let Some(why) = self.find_fault(load, &contents) {
                    self.refuse(place, path, &why);
                }
            }
        }
    }

    /// What is wrong with a file of neither certificates nor keys.
    fn find_fault(&self, load: &Load, contents: &FileContents) -> Option<String> {
        let pem = &contents.pem;
        let has = |text: &str| memchr::memmem::find(&contents.bytes, text.as_bytes()).is_some();
        match load {
            Load::Parameters(_) => {
                let is_new = self.library.release.is_some_and(|release| release >= Release::new(3, 0, 0));
                if !pem.has_parameters || pem.are_parameters_old && is_new {
                    return Some("there are no parameters for DH in it".to_owned());
                }
                let level = self.find_level().filter(|level| pem.are_parameters_weak(*level))?;
                Some(format!("the parameters are too short for security level {level}"))
            }
            Load::Trust(_) if pem.is_broken => Some("its certificate is damaged".to_owned()),
            Load::Trust(_) => {
                let is_empty = !pem.has_certificate && !pem.has_revocations;
                is_empty.then(|| "there is no certificate in it".to_owned())
            }
            Load::Information(_) => {
                (!has("-----BEGIN SERVERINFO")).then(|| "there is no SERVERINFO for a TLS extension in it".to_owned())
            }
            Load::Ciphers(_) | Load::Certificate(_) | Load::Key(_) => None,
        }
    }

    fn certificate(&mut self, path: &Path, place: Place, contents: Option<Arc<FileContents>>, by_command: bool) {
        let Some(contents) = contents else {
            self.unread = Keys::ANY;
            self.is_clear = false;
            return;
        };
        // What is in the files of mod_ssl is looked at in startup.rs.
        if by_command && contents.pem.is_broken {
            self.refuse(place, path, "its certificate is damaged");
        } else if by_command && !contents.pem.has_certificate {
            self.refuse(place, path, "there is no certificate in PEM form in it");
        }
        let Some((chain, half)) = &contents.pem.certificate else {
            self.unread = self.unread.union(contents.keys);
            self.is_clear = false;
            return;
        };
        let mut chain = chain.clone();
        if self.has_chain_file && !by_command {
            chain.drop_issuers();
        }
        if let Some(level) = self.find_level()
            && let Some(weakness) = chain.weakness(level, self.library.release)
        {
            self.refuse(place, path, &format!("{} for security level {level}", weakness.name()));
        }
        self.slots.add_certificate(&chain, half);
        if !by_command {
            // Its key is checked in startup.rs.
            self.slots.add_unread_key(half);
        }
    }

    fn load_key(&mut self, path: &Path, place: Place, contents: Option<Arc<FileContents>>) {
        let Some(contents) = contents else {
            self.is_clear = false;
            return;
        };
        match &contents.pem.key {
            Some(key) => self.add_key(path, place, key),
            None if !contents.pem.has_key => self.refuse(place, path, "there is no private key in PEM form in it"),
            // It is encrypted, or damaged.
            None => self.is_clear = false,
        }
    }

    fn add_key(&mut self, path: &Path, place: Place, key: &Half) {
        if !self.slots.add_key(key) {
            self.refuse(place, path, "the certificate of that kind and the private key do not match");
        }
    }

    /// After commands: is the half that was loaded last alone?
    fn check_last(&mut self) {
        let Some((place, path)) = self.last.take().filter(|_| self.is_clear) else { return };
        if !self.slots.is_last_whole() {
            let path = path.display();
            self.refused.get_or_insert_with(|| {
                (
                    place,
                    format!(
                        "failed to configure at least one certificate and key: the other half of {path} is missing"
                    ),
                )
            });
        }
    }
}

/// httpd adds to every list that it can't hold ciphers without authentication or encryption.
pub(super) fn ciphers(list: &str) -> String {
    if list.starts_with("PROFILE=SYSTEM") { list.to_owned() } else { format!("{list}:!aNULL:!eNULL:!EXP") }
}
