//! What the library makes of the versions that are asked for: ciphers, keys and security levels.

use super::inherit::Rules;
use super::model::ScopeId;
use crate::endpoint::{Reason, ReasonKind};
use crate::openssl::{Keys, one_after_another, without_dhe};
use crate::release::Release;
use crate::tls::VersionSet;
use std::cell::RefCell;
use std::collections::HashMap;

/// nginx's own default for `ssl_ciphers`.
const CIPHERS: &str = "HIGH:!aNULL:!MD5";

/// What the library makes of a set of versions, a cipher list and keys.
#[derive(Clone, Debug)]
pub(super) struct Floor {
    pub(super) usable: Option<VersionSet>,
    /// What the security level by itself allows.
    allowed: Option<VersionSet>,
    refuses_all: Option<bool>,
    /// What cuts the versions, for people.
    pub(super) notes: Vec<String>,
}

/// Floors that are known already.
pub(super) type Floors = RefCell<HashMap<(VersionSet, String, Option<String>, Keys), Floor>>;

impl Rules<'_> {
    /// The versions with which a handshake succeeds. Ciphers, keys and the level are those of the server that
    /// answers; whether there is a suite at all is checked with the default server's lists before.
    pub(super) fn effective(
        &self,
        own: ScopeId,
        default: ScopeId,
        configured: VersionSet,
        because: &mut Vec<Reason>,
    ) -> Option<VersionSet> {
        let (ciphers, suites) = self.ciphers(own);
        let keys = self.keys_of(own);
        let floor = self.floor(configured, self.usable_list(own, ciphers), suites, keys);
        let mut effective = configured.and(floor.usable?);
        let mut notes = floor.notes;
        let (first_ciphers, first_suites) = self.ciphers(default);
        let mut first = self.asked(default);
        self.limits(default, &mut first);
        let first_floor = self.floor(first.set, first_ciphers, first_suites, Keys::ANY);
        if first_floor.refuses_all? {
            if own != default && !effective.is_empty() {
                notes = vec!["the default server has no suite for its highest version: every handshake fails".into()];
            }
            effective = VersionSet::EMPTY;
        }
        // OpenSSL 3.1 and later check the level of the default server before the name is looked at.
        let early = self.library.release.is_some_and(|r| r >= Release::new(3, 1, 0));
        if early && own != default && self.by_name() == Some(false) {
            let usable = first_floor.allowed?;
            if !effective.is_subset(usable) {
                let cut = effective.minus(usable);
                notes.push(format!("the security level of the default server, which is asked first, refuses {cut}"));
                effective = effective.and(usable);
            }
        }
        because.extend(notes.into_iter().map(|note| Reason::placeless(ReasonKind::Floor, note)));
        Some(effective)
    }

    /// The suites of a list that nginx can use: since 1.11.0 those with DHE only if it has parameters for them.
    fn usable_list(&self, scope: ScopeId, ciphers: String) -> String {
        let dhparam = self.first(scope, |s| self.model.scopes[s].tls.dhparam.then_some(())).is_some();
        if dhparam || self.release.is_some_and(|r| r < Release::new(1, 11, 0)) {
            ciphers
        } else {
            without_dhe(&ciphers)
        }
    }

    /// What the library makes of a cipher list; most servers of a host share theirs.
    pub(super) fn floor(&self, set: VersionSet, ciphers: String, suites: Option<String>, keys: Keys) -> Floor {
        let key = (set, ciphers, suites, keys);
        if let Some(known) = self.floors.borrow().get(&key) {
            return known.clone();
        }
        let (set, ciphers, suites, keys) = &key;
        let floor = Floor {
            usable: self.library.usable(Some(ciphers), suites.as_deref(), *keys),
            allowed: self.library.allowed_versions(Some(ciphers)),
            refuses_all: self.library.refuses_all(*set, Some(ciphers), suites.as_deref()),
            notes: self.library.why(*set, Some(ciphers), suites.as_deref(), *keys),
        };
        self.floors.borrow_mut().insert(key, floor.clone());
        floor
    }

    /// The cipher list and the TLS 1.3 suites of a server.
    fn ciphers(&self, scope: ScopeId) -> (String, Option<String>) {
        let list = self.first(scope, |s| {
            let commands = &self.model.scopes[s].tls.commands;
            (!commands.is_empty()).then_some(commands)
        });
        let values = |name| list.into_iter().flatten().filter(move |c| c.name == name).map(|c| c.value.as_str());
        let directive = self.first(scope, |s| self.model.scopes[s].tls.ciphers.as_ref()).map(|(list, _)| list.as_str());
        // Commands are carried out after the directive, in order.
        let lists = std::iter::once(directive.unwrap_or(CIPHERS)).chain(values("cipherstring"));
        let ciphers = one_after_another(lists).unwrap_or_default();
        (ciphers, values("ciphersuites").next_back().map(str::to_owned))
    }

    fn keys_of(&self, scope: ScopeId) -> Keys {
        let certificates = self.first(scope, |s| {
            let certificates = &self.model.scopes[s].certificates;
            (!certificates.is_empty()).then_some(certificates)
        });
        let known = certificates.into_iter().flatten().map(|(path, _)| self.keys.get(path).copied());
        known.map(|k| k.unwrap_or(Keys::ANY)).reduce(Keys::union).unwrap_or(Keys::ANY)
    }
}
