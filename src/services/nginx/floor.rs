//! What the library makes of the versions that are asked for: ciphers, keys and security levels.

use super::inherit::Inheritance;
use super::model::{ConfCommand, ScopeId, TlsSettings};
use super::offer::{Floor, HandshakeOffer};
use crate::endpoint::{Reason, ReasonKind, Unknown};
use crate::openssl::{
    ClientDependent, Keys, Presented, SuiteB, is_automatic, one_after_another, without_dhe, without_null,
};
use crate::release::Release;
use crate::services::place::Given;
use crate::tls::VersionSet;
use crate::topic::Topic;

/// nginx's own default for `ssl_ciphers`.
pub(super) const CIPHERS: &str = "HIGH:!aNULL:!MD5";

impl Inheritance<'_> {
    /// The versions with which a handshake succeeds. Ciphers, keys, signatures and the level are those of the server that
    /// answers. Groups, and whether there is a suite at all, are the default server's; so are the suites of TLS 1.3 where
    /// the name is looked at afterwards. `None`: not known; the second value says why, where that is not the library.
    pub(super) fn effective(
        &self,
        own: ScopeId,
        default: ScopeId,
        configured: VersionSet,
        because: &mut Vec<Reason>,
    ) -> (Option<VersionSet>, Option<Unknown>) {
        let pairs = self.load_pairs(own);
        if let Some((path, why)) = pairs.fails {
            let note = format!("nginx cannot load \"{path}\" at a handshake: {why}");
            because.push(Reason::placeless(ReasonKind::Floor, note));
            return (Some(VersionSet::EMPTY), None);
        }
        if let Some(key) = pairs.by_engine {
            let what = format!(
                "whether an engine of OpenSSL gives the key \"{key}\" is not known: otherwise nginx does not start"
            );
            let span = Some(self.model.scopes[own].head.span);
            let topic = Topic::about("key-by-engine", key.to_owned());
            return (None, Some(Unknown { topic, span, what, help: "probe the running server".into() }));
        }
        if let Some(path) = pairs.depends {
            let what =
                format!("nginx loads \"{path}\" at each handshake: whether there is such a file depends on a variable");
            let span = Some(self.model.scopes[own].head.span);
            let topic = Topic::about("file-by-variable", path.to_owned());
            return (None, Some(Unknown { topic, span, what, help: "probe the running server".into() }));
        }
        let mut offer = self.collect_offer(own);
        offer.ciphers = self.usable_list(own, offer.ciphers);
        let first = self.collect_offer(default);
        offer.groups.clone_from(&first.groups);
        let named = offer.suites.clone();
        if self.by_name() != Some(true) {
            offer.suites.clone_from(&first.suites);
        }
        let floor = self.compute_floor(configured, offer.clone());
        if self.by_name().is_none() && named != first.suites {
            let other = self.compute_floor(configured, HandshakeOffer { suites: named, ..offer.clone() });
            if other.usable != floor.usable {
                return (None, None);
            }
        }
        let Some(usable) = floor.usable else { return (None, self.explain_doubt(&offer, own)) };
        // Suite B of the server that is asked first bears on those behind it, in ways that are not worked out here.
        if self.suite_b(&first) != self.suite_b(&offer) && !usable.is_empty() {
            return (None, Some(self.open_to_clients(own, ClientDependent::SuiteB)));
        }
        let mut effective = configured.and(usable);
        let mut notes = floor.notes;
        // What is asked for here is asked for where the default server is the one that answers.
        let first_asked = if own == default { configured } else { self.limited(default) };
        let first = self.compute_floor(
            first_asked,
            HandshakeOffer { keys: Presented::sure(Keys::ANY), groups: None, signatures: None, ..first },
        );
        let Some(refuses_all) = first.refuses_all else { return (None, None) };
        if refuses_all {
            if own != default && !effective.is_empty() {
                notes = vec!["the default server has no suite for its highest version: every handshake fails".into()];
            }
            effective = VersionSet::EMPTY;
        }
        // OpenSSL 3.1 and later check the level of the default server before the name is looked at.
        let early = self.library.release.is_some_and(|r| r >= Release::new(3, 1, 0));
        if early && own != default && self.by_name() == Some(false) {
            let Some(usable) = first.allowed else { return (None, None) };
            if !effective.is_subset(usable) {
                let cut = effective.minus(usable);
                notes.push(format!("the security level of the default server, which is asked first, refuses {cut}"));
                effective = effective.and(usable);
            }
        }
        because.extend(notes.into_iter().map(|note| Reason::placeless(ReasonKind::Floor, note)));
        (Some(effective), None)
    }

    /// The versions of a server as it hands them to the library.
    fn limited(&self, server: ScopeId) -> VersionSet {
        let mut asked = self.find_configured(server);
        self.limits(server, &mut asked);
        asked.set
    }

    /// What the server itself leaves open about its handshakes, where the library is known.
    fn explain_doubt(&self, offer: &HandshakeOffer, own: ScopeId) -> Option<Unknown> {
        let plain = HandshakeOffer { groups: None, signatures: None, suites: None, ..offer.clone() };
        let only = |offer: HandshakeOffer| self.library.usable_on(&offer.terms()).is_none();
        let encrypted = HandshakeOffer { ciphers: without_null(&offer.ciphers), ..plain.clone() };
        let why = if self.suite_b(offer).is_some() {
            ClientDependent::SuiteB
        } else if only(plain.clone()) && !only(encrypted) {
            ClientDependent::NullSuites
        } else if only(plain.clone()) {
            // The library, the list or the certificate: a configured version may be accepted or not.
            let any = HandshakeOffer { keys: Presented::sure(Keys::ANY), ..plain };
            let curve = offer.keys.all().has(Keys::OTHER_CURVE) && !only(any);
            let is_weak = !offer.keys.perhaps.is_empty();
            let weak = is_weak.then_some(ClientDependent::WeakCertificate);
            weak.or(curve.then_some(ClientDependent::RareCurve))?
        } else if only(HandshakeOffer { groups: offer.groups.clone(), ..plain.clone() }) {
            ClientDependent::RareGroups
        } else if only(HandshakeOffer { signatures: offer.signatures.clone(), ..plain }) {
            ClientDependent::Signatures
        } else {
            ClientDependent::RareSuites
        };
        Some(self.open_to_clients(own, why))
    }

    fn open_to_clients(&self, own: ScopeId, why: ClientDependent) -> Unknown {
        Unknown {
            topic: why.topic(),
            span: Some(self.model.scopes[own].head.span),
            what: why.text(),
            help: "probe the running server".into(),
        }
    }

    /// What Suite B leaves, where the server's list asks for it.
    fn suite_b(&self, offer: &HandshakeOffer) -> Option<SuiteB> {
        self.library.suite_b(Some(&offer.ciphers))
    }

    /// The suites of a list that nginx can use: since 1.11.0 those with DHE only if it has parameters for them.
    fn usable_list(&self, scope: ScopeId, ciphers: String) -> String {
        let dhparam = self.first(scope, |s| self.model.scopes[s].tls.dhparam.as_ref()).is_some()
            || self.list_command_values(scope, "dhparameters").next().is_some();
        if dhparam || self.release.is_some_and(|r| r < Release::new(1, 11, 0)) {
            ciphers
        } else {
            without_dhe(&ciphers)
        }
    }

    /// What the library makes of an offer; most servers of a host share theirs.
    pub(super) fn compute_floor(&self, set: VersionSet, offer: HandshakeOffer) -> Floor {
        let key = (set, offer);
        if let Some(known) = self.floors.borrow().get(&key) {
            return known.clone();
        }
        let terms = key.1.terms();
        let floor = Floor {
            usable: self.library.usable_on(&terms),
            allowed: self.library.allowed_versions(terms.ciphers),
            refuses_all: self.library.refuses_all(set, terms.ciphers, terms.suites),
            notes: self.library.why_on(set, &terms),
        };
        self.floors.borrow_mut().insert(key, floor.clone());
        floor
    }

    /// The values of a command in the order in which it is carried out.
    fn list_command_values<'s>(&'s self, scope: ScopeId, name: &'s str) -> impl DoubleEndedIterator<Item = &'s str> {
        let list = self.first(scope, |s| {
            let commands = &self.model.scopes[s].tls.commands;
            (!commands.is_empty()).then_some(commands)
        });
        list.into_iter().flatten().filter(move |c| c.name == name).map(|c| c.value.as_str())
    }

    /// The list by whose level nginx loads certificates: what commands say comes later. Before 1.21.2 no list counted.
    pub(super) fn loading_list(&self, scope: ScopeId) -> Option<String> {
        let list = self.first(scope, |s| self.model.scopes[s].tls.ciphers.as_ref()).map(|(list, _)| list.clone());
        self.loads_after_ciphers().then(|| list.unwrap_or_else(|| CIPHERS.to_owned()))
    }

    /// Does nginx set cipher lists before it loads certificates? It does so since 1.21.2, also as a client.
    pub(super) fn loads_after_ciphers(&self) -> bool {
        self.release.is_none_or(|r| r >= Release::new(1, 21, 2))
    }

    /// What a server says about its handshakes.
    fn collect_offer(&self, scope: ScopeId) -> HandshakeOffer {
        let value = |pick: fn(&TlsSettings) -> &Given<String>| {
            self.first(scope, |s| pick(&self.model.scopes[s].tls).as_ref()).map(|(value, _)| value.as_str())
        };
        // Commands are carried out after the directives, in order.
        let lists = std::iter::once(value(|tls| &tls.ciphers).unwrap_or(CIPHERS))
            .chain(self.list_command_values(scope, "cipherstring"));
        let ciphers = one_after_another(lists).unwrap_or_default();
        let directive = value(|tls| &tls.curves).filter(|curves| *curves != "auto");
        let groups = self.last_groups(scope).or(directive);
        let keys = self.library.presented(&self.load_pairs(scope).identity, Some(&ciphers));
        HandshakeOffer {
            ciphers,
            suites: self.list_command_values(scope, "ciphersuites").next_back().map(str::to_owned),
            keys,
            groups: groups.map(str::to_owned),
            signatures: self.list_command_values(scope, "signaturealgorithms").next_back().map(str::to_owned),
        }
    }

    /// The last command that sets groups.
    fn last_groups(&self, scope: ScopeId) -> Option<&str> {
        let commands = self.first(scope, |s| Some(&self.model.scopes[s].tls.commands).filter(|c| !c.is_empty()))?;
        let sets = |c: &&ConfCommand| match c.name.as_str() {
            "groups" | "curves" => true,
            "ecdhparameters" => !is_automatic(&c.value),
            _ => false,
        };
        commands.iter().rev().find(sets).map(|c| c.value.as_str())
    }
}
