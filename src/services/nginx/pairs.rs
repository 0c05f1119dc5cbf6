//! Which certificates of a server come together with their keys, in the order in which nginx loads them.

use super::defaults::CERTIFICATE_VARIABLES;
use super::files::{ENGINE, Purpose};
use super::inherit::Inheritance;
use super::model::ScopeId;
use super::module::ListenModule;
use crate::openssl::{Half, Identity, Keys, Slots};
use crate::services::place::Place;

/// What comes of the certificates and keys of a server.
#[derive(Debug, Default)]
pub(super) struct Pairs<'m> {
    /// The certificates that have their keys.
    pub identity: Identity,
    /// The first key that does not fit its certificate, which is refused.
    pub refused: Option<(Place, &'m str)>,
    /// What nginx fails to load at each handshake: a path, and why.
    pub fails: Option<(&'m str, &'static str)>,
    /// The name with a variable by which it loads at each handshake.
    pub depends: Option<&'m str>,
    /// The key that an engine of OpenSSL has.
    pub by_engine: Option<&'m str>,
}

impl Inheritance<'_> {
    /// The certificates of a server with their keys.
    pub(super) fn load_pairs(&self, scope: ScopeId) -> Pairs<'_> {
        let model = self.model;
        let certificates = self.first(scope, |s| Some(&model.scopes[s].certificates).filter(|all| !all.is_empty()));
        let keys = self.first(scope, |s| Some(&model.scopes[s].keys).filter(|all| !all.is_empty()));
        let Some(certificates) = certificates else {
            return Pairs { identity: Identity::unknown(), ..Pairs::default() };
        };
        let mut loading =
            Loading { rules: self, slots: Slots::default(), unread: Keys::default(), pairs: Pairs::default() };
        // The block around a part has its keys, if it has none itself.
        let are_elsewhere = model.is_part && keys.is_none();
        let mut keys = keys.into_iter().flatten();
        for (certificate, place) in certificates {
            let half = loading.certificate(certificate, *place);
            match (keys.next(), half) {
                (Some((key, place)), half) => loading.load_key(key, half, *place),
                (None, Some(half)) if are_elsewhere => loading.slots.add_unread_key(half),
                (None, _) => {}
            }
        }
        let commands = self.first(scope, |s| Some(&model.scopes[s].tls.commands).filter(|all| !all.is_empty()));
        let mut last = None;
        for command in commands.into_iter().flatten() {
            match command.name.as_str() {
                "certificate" => last = loading.certificate(&command.value, command.place),
                "privatekey" => loading.load_key(&command.value, last, command.place),
                _ => {}
            }
        }
        let mut pairs = loading.pairs;
        // Since it loads at handshakes (ngx_ssl_certificate).
        let sets_chain = self.release.map(|r| r >= CERTIFICATE_VARIABLES);
        let chains = loading.slots.chains().cloned().collect();
        pairs.identity = Identity { chains, unread: loading.unread, sets_chain };
        if self.loads_at_handshakes(scope) {
            let mismatch = pairs.refused.take().map(|(_, path)| (path, "the key does not belong to its certificate"));
            pairs.fails = pairs.fails.or(mismatch);
        } else {
            (pairs.fails, pairs.depends) = (None, None);
        }
        pairs
    }

    /// Does nginx load the certificates of a server only when a client asks for them? It does if one of them, or of their
    /// keys, has a variable in its name (ngx_http_ssl_compile_certificates).
    pub(super) fn loads_at_handshakes(&self, scope: ScopeId) -> bool {
        let model = self.model;
        let is_old = self.release.is_some_and(|r| r < CERTIFICATE_VARIABLES);
        if model.scopes[scope].section == ListenModule::Mail || is_old {
            return false;
        }
        let certificates = self.first(scope, |s| Some(&model.scopes[s].certificates).filter(|all| !all.is_empty()));
        let keys = self.first(scope, |s| Some(&model.scopes[s].keys).filter(|all| !all.is_empty()));
        let count = certificates.map_or(0, Vec::len);
        let keys = keys.into_iter().flatten().take(count);
        certificates.into_iter().flatten().chain(keys).any(|(path, _)| path.contains('$'))
    }
}

struct Loading<'r, 'm> {
    rules: &'r Inheritance<'m>,
    slots: Slots,
    /// What the certificates may be that can't be read.
    unread: Keys,
    pairs: Pairs<'r>,
}

impl<'r> Loading<'r, '_> {
    fn certificate(&mut self, path: &'r str, place: Place) -> Option<&'r Half> {
        self.look(path, Purpose::Certificate, place);
        match self.rules.files.find_pem(path, place).and_then(|pem| pem.certificate.as_ref()) {
            Some((certificate, half)) => {
                self.slots.add_certificate(certificate, half);
                Some(half)
            }
            None => {
                self.unread = Keys::ANY;
                None
            }
        }
    }

    fn load_key(&mut self, path: &'r str, of: Option<&Half>, place: Place) {
        if path.starts_with(ENGINE) {
            self.pairs.by_engine.get_or_insert(path);
        }
        self.look(path, Purpose::Key, place);
        match (self.rules.files.find_pem(path, place).and_then(|pem| pem.key.as_ref()), of) {
            (Some(key), _) => {
                if !self.slots.add_key(key) {
                    self.pairs.refused.get_or_insert((place, path));
                }
            }
            (None, Some(of)) => self.slots.add_unread_key(of),
            (None, None) => {}
        }
    }

    fn look(&mut self, path: &'r str, purpose: Purpose, place: Place) {
        // Which file a variable leads to, is not known; mail has no variables, and no handshakes that load.
        if path.contains('$') {
            self.pairs.depends.get_or_insert(path);
        }
        if let Some(why) = self.rules.files.find_fault(path, purpose, place).filter(|_| !path.contains('$')) {
            self.pairs.fails.get_or_insert((path, why));
        }
    }
}
