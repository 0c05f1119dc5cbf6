//! What a client gets from one server on one listener, and why: the rules of the truth notes on nginx.

use super::command::{self, Effect};
use super::defaults;
use super::listeners::{Engine, Listener};
use super::model::{Command, HopId, Model, Place, Protocols, ScopeId, Section};
use crate::endpoint::{Answer, Reason, ReasonKind, SettingId, Speaks, Traced, Transport, Unknown};
use crate::openssl::{Keys, Library, one_after_another, without_dhe};
use crate::release::Release;
use crate::tls::{Version, VersionSet};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// nginx's own default for `ssl_ciphers`.
const CIPHERS: &str = "HIGH:!aNULL:!MD5";

/// What the library makes of a set of versions, a cipher list and keys.
#[derive(Clone, Debug)]
pub(super) struct Floor {
    usable: Option<VersionSet>,
    /// What the security level by itself allows.
    allowed: Option<VersionSet>,
    refuses_all: Option<bool>,
    notes: Vec<String>,
}

/// Floors that are known already.
pub(super) type Floors = RefCell<HashMap<(VersionSet, String, Option<String>, Keys), Floor>>;

/// What answers are computed from.
pub(super) struct Rules<'a> {
    pub model: &'a Model,
    pub release: Option<Release>,
    pub library: &'a Library,
    /// The kinds of keys of the certificates, by the path that the configuration writes.
    pub keys: &'a BTreeMap<String, Keys>,
    pub(super) floors: Floors,
}

/// The versions that one server asks for, with the reasons.
struct Asked {
    set: VersionSet,
    because: Vec<Reason>,
    deciders: Vec<SettingId>,
    unknown: Vec<Unknown>,
}

impl Rules<'_> {
    /// The answer of the server at `member` of a listener.
    pub(super) fn answer(&self, listener: &Listener, member: usize) -> Answer {
        let mut because = self.opening(listener, member);
        let Some(engine) = listener.engine else {
            return self.without_tls(listener, member, because);
        };
        because.push(engine_reason(engine));
        let scope = self.scope(listener, member);
        self.selection(listener, member, &mut because);
        if let Some((true, place)) = self.first(scope, |s| self.model.scopes[s].reject) {
            because.push(Reason::at(ReasonKind::Engine, place.span, "refuses every handshake for this server"));
            return Answer { refuses: true, ..tls(because, VersionSet::EMPTY, Some(VersionSet::EMPTY)) };
        }
        let default = self.scope(listener, listener.default);
        let own = if self.has_context(scope) { scope } else { default };
        if own != scope {
            let head = self.model.scopes[default].head.span;
            let note = "the server has no certificate: the default server's TLS settings apply";
            because.push(Reason::at(ReasonKind::DefaultServer, head, note));
        }
        let mut asked = self.asked_by(listener, own, default, scope);
        self.limits(default, &mut asked);
        if listener.transport == Transport::Quic {
            asked.set = asked.set.and(VersionSet::of(&[Version::Tls1_3]));
            asked.because.push(Reason::placeless(ReasonKind::Floor, "QUIC has no other version than TLSv1.3"));
        }
        because.append(&mut asked.because);
        let possible = self.library.versions();
        if !asked.set.is_subset(possible) {
            let note = format!("the TLS library ({}) has no {}", self.library.source, asked.set.minus(possible));
            because.push(Reason::placeless(ReasonKind::Floor, note));
            asked.set = asked.set.and(possible);
        }
        let effective = self.effective(own, default, asked.set, &mut because);
        let mut unknown = asked.unknown;
        if let Some(((), place)) = self.first(scope, |s| self.model.scopes[s].dynamic.map(|p| ((), p))) {
            unknown.push(Unknown {
                span: Some(place.span),
                what: "Lua code sees each handshake and may choose other versions".into(),
                help: "read the code, and probe the running server".into(),
            });
        }
        Answer { deciders: asked.deciders, unknown, ..tls(because, asked.set, effective) }
    }

    /// A listener without TLS of its own; in the stream module it may pass on the TLS of another server.
    fn without_tls(&self, listener: &Listener, member: usize, because: Vec<Reason>) -> Answer {
        let preread = self.first(self.scope(listener, member), |s| self.model.scopes[s].preread);
        let Some((true, place)) = preread else { return plaintext(because) };
        let unknown = Unknown {
            span: Some(place.span),
            what: "passes the client's TLS on to another server, which decides the versions".into(),
            help: "ask for the address of that server".into(),
        };
        Answer { speaks: Speaks::Unknown, unknown: vec![unknown], ..tls(because, VersionSet::TLS, None) }
    }

    fn scope(&self, listener: &Listener, member: usize) -> ScopeId {
        self.model.servers[listener.servers[member]].scope
    }

    /// The nearest value around a scope.
    pub(super) fn first<T>(&self, scope: ScopeId, pick: impl Fn(ScopeId) -> Option<T>) -> Option<T> {
        self.model.chain(scope).find_map(pick)
    }

    /// Has a server an SSL context of its own: a certificate, or `ssl_reject_handshake`?
    pub(super) fn has_context(&self, scope: ScopeId) -> bool {
        self.first(scope, |s| (!self.model.scopes[s].certificates.is_empty()).then_some(())).is_some()
            || self.rejects(scope)
    }

    /// Does a server refuse every handshake?
    pub(super) fn rejects(&self, scope: ScopeId) -> bool {
        matches!(self.first(scope, |s| self.model.scopes[s].reject), Some((true, _)))
    }

    /// The versions that a server asks for by itself; `None`: not known.
    pub(crate) fn versions(&self, scope: ScopeId) -> Option<VersionSet> {
        let asked = self.asked(scope);
        asked.unknown.is_empty().then_some(asked.set)
    }

    fn hops(&self, hop: HopId) -> impl Iterator<Item = Reason> {
        let spans = self.model.hops_to(hop);
        spans.into_iter().map(|span| Reason::at(ReasonKind::Include, span, "included from here"))
    }

    /// The line that opens the address.
    fn opening(&self, listener: &Listener, member: usize) -> Vec<Reason> {
        let place = listener.listens[member].or_else(|| listener.listens.iter().find_map(|p| *p));
        let head = self.model.scopes[self.scope(listener, member)].head;
        match place {
            Some(place) => {
                let mut because: Vec<Reason> = self.hops(place.hop).collect();
                because.push(Reason::at(ReasonKind::Listen, place.span, format!("listens on {}", listener.address)));
                because
            }
            None => {
                vec![Reason::at(ReasonKind::Listen, head.span, "no listen directive: nginx listens on port 80")]
            }
        }
    }

    /// Why that server answers, and which server's versions count.
    fn selection(&self, listener: &Listener, member: usize, because: &mut Vec<Reason>) {
        let head = self.model.scopes[self.scope(listener, member)].head.span;
        let note = match (listener.servers.len(), member == listener.default) {
            (1, _) => "the only server here: it answers to every name",
            (_, true) if listener.flag.is_some() => "the default server: it answers clients that send no known name",
            (_, true) => "the first server here is the default: it answers clients that send no known name",
            (_, false) => "answers to its names",
        };
        because.push(Reason::at(ReasonKind::Server, head, note));
    }

    /// Does the server that the client names decide the versions (`None`: not known)?
    fn by_name(&self) -> Option<bool> {
        match (self.release, self.library.release) {
            (Some(nginx), _) if nginx < defaults::VERSIONS_BY_NAME => Some(false),
            (_, Some(openssl)) if openssl < Release::new(1, 1, 1) => Some(false),
            (Some(_), Some(_)) => Some(true),
            _ => None,
        }
    }

    /// The versions that the deciding server asks for.
    fn asked_by(&self, listener: &Listener, own: ScopeId, default: ScopeId, answering: ScopeId) -> Asked {
        let note = |decides: &str| format!("{decides} decides the versions for every name on {}", listener.address);
        let behind = |mut asked: Asked| {
            if own != default && own == answering {
                let head = self.model.scopes[default].head.span;
                let decides = match self.release {
                    Some(_) => "before nginx 1.29.2 the default server",
                    None => "the default server",
                };
                asked.because.insert(0, Reason::at(ReasonKind::DefaultServer, head, note(decides)));
            }
            asked
        };
        match self.by_name() {
            Some(true) => self.asked(own),
            Some(false) => behind(self.asked(default)),
            None => {
                let (mut old, new) = (behind(self.asked(default)), self.asked(own));
                if old.set == new.set {
                    return old;
                }
                old.unknown.push(Unknown {
                    span: Some(self.model.scopes[own].head.span),
                    what: format!(
                        "before nginx 1.29.2 the default server decides ({}), from then on the named one ({})",
                        old.set, new.set
                    ),
                    help: "say which version runs: --assume nginx=VERSION --assume openssl=VERSION".into(),
                });
                old.set = old.set.union(new.set);
                old.because.extend(new.because);
                old.unknown.extend(new.unknown);
                for decider in new.deciders {
                    if !old.deciders.contains(&decider) {
                        old.deciders.push(decider);
                    }
                }
                old
            }
        }
    }

    /// The versions of one server: its own lines, else those around it, else the built-in default; then its
    /// `ssl_conf_command Protocol`.
    fn asked(&self, scope: ScopeId) -> Asked {
        let mut asked =
            Asked { set: VersionSet::EMPTY, because: Vec::new(), deciders: Vec::new(), unknown: Vec::new() };
        let lines = self.first(scope, |s| {
            let lines = &self.model.scopes[s].tls.protocols;
            (!lines.is_empty()).then_some((s, lines))
        });
        match lines {
            Some((from, lines)) => self.lines(scope, from, lines, &mut asked),
            None => self.builtin(self.model.scopes[scope].section, &mut asked),
        }
        let forced = self.release.is_some_and(|r| r < defaults::TLS1_3)
            && self.library.release.is_some_and(|r| r >= Release::new(1, 1, 1));
        if forced {
            asked.set = asked.set.with(Version::Tls1_3);
            let note = "nginx before 1.13.0 can't switch TLSv1.3 off in OpenSSL 1.1.1 and later";
            asked.because.push(Reason::placeless(ReasonKind::Floor, note));
        }
        for (command, effect) in self.commands(scope) {
            if let Effect::Switch(_) = effect {
                changed(&mut asked, command, &effect);
            }
        }
        asked
    }

    fn lines(&self, scope: ScopeId, from: ScopeId, lines: &[Protocols], asked: &mut Asked) {
        for line in lines {
            asked.set = asked.set.union(line.versions);
            asked.because.extend(self.hops(line.place.hop));
            let section = self.model.scopes[from].section.name();
            let note = match (from == scope, lines.len()) {
                (true, 1) => "sets the versions of this server".to_owned(),
                (false, 1) => format!("inherited from the {section} block"),
                (true, _) => "one of several lines in this server: together they are a union".to_owned(),
                (false, _) => format!("one of several lines in the {section} block: together they are a union"),
            };
            asked.because.push(Reason::at(ReasonKind::Versions, line.place.span, note));
            if !asked.deciders.contains(&line.setting) {
                asked.deciders.push(line.setting);
            }
        }
    }

    fn builtin(&self, section: Section, asked: &mut Asked) {
        let name = section.name();
        if let (Some(set), Some(release)) = (defaults::protocols(self.release), self.release) {
            asked.set = set;
            let note = format!("no ssl_protocols in the server or in {name}: the default of nginx {release} is {set}");
            asked.because.push(Reason::placeless(ReasonKind::Default, note));
        } else {
            asked.set = VersionSet::TLS;
            let note =
                format!("no ssl_protocols in the server or in {name}: the default depends on the version of nginx");
            asked.because.push(Reason::placeless(ReasonKind::Default, note));
            asked.unknown.push(Unknown {
                span: None,
                what: "no ssl_protocols is set, and the built-in default depends on the version of nginx, \
                       which is not known"
                    .into(),
                help: "write ssl_protocols, or say the version: --assume nginx=VERSION".into(),
            });
        }
    }

    /// The commands that count for a server: its own, or all those around it.
    fn commands(&self, scope: ScopeId) -> Vec<(&Command, Effect)> {
        let list = self.first(scope, |s| {
            let commands = &self.model.scopes[s].tls.commands;
            (!commands.is_empty()).then_some(commands)
        });
        let effect = |c: &Command| command::parse(&c.name, &c.value).ok().flatten();
        list.into_iter().flatten().filter_map(|c| Some((c, effect(c)?))).collect()
    }

    /// Minimum and maximum, which always come from the default server, and those of openssl.cnf for an nginx that does
    /// not override them. The last of each counts.
    fn limits(&self, default: ScopeId, asked: &mut Asked) {
        if let Some(release) = self.release.filter(|r| !defaults::overrides_openssl_conf(*r)) {
            let system = &self.library.system;
            let (low, high) = (system.min.unwrap_or(Version::Ssl2), system.max.unwrap_or(Version::Tls1_3));
            let set = asked.set.and(VersionSet::range(low, high));
            if set != asked.set {
                let note = format!("openssl.cnf limits the versions ({low} to {high}); nginx {release} keeps that");
                asked.because.push(Reason::placeless(ReasonKind::Floor, note));
                asked.set = set;
            }
        }
        let commands = self.commands(default);
        let last = |kind: fn(&Effect) -> bool| commands.iter().rev().find(|(_, e)| kind(e));
        for (command, effect) in
            [last(|e| matches!(e, Effect::Min(_))), last(|e| matches!(e, Effect::Max(_)))].into_iter().flatten()
        {
            changed(asked, command, effect);
        }
    }

    /// The versions with which a handshake succeeds. Ciphers, keys and the level are those of the server that
    /// answers; whether there is a suite at all is checked with the default server's lists before.
    fn effective(
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
    fn floor(&self, set: VersionSet, ciphers: String, suites: Option<String>, keys: Keys) -> Floor {
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

/// Applies a command, and says so if it changes something.
fn changed(asked: &mut Asked, command: &Command, effect: &Effect) {
    let set = effect.apply(asked.set);
    if set == asked.set {
        return;
    }
    let note = format!("ssl_conf_command changes the versions to {set}");
    asked.because.push(Reason::at(ReasonKind::Command, command.place.span, note));
    asked.deciders.extend(command.setting);
    asked.set = set;
}

fn tls(mut because: Vec<Reason>, configured: VersionSet, effective: Option<VersionSet>) -> Answer {
    // There may be as many of these as there are servers.
    because.shrink_to_fit();
    Answer {
        speaks: Speaks::Tls,
        configured: Traced { value: configured, because },
        effective,
        refuses: false,
        deciders: Vec::new(),
        unknown: Vec::new(),
    }
}

fn plaintext(because: Vec<Reason>) -> Answer {
    Answer { speaks: Speaks::Plaintext, ..tls(because, VersionSet::EMPTY, Some(VersionSet::EMPTY)) }
}

fn engine_reason(engine: Engine) -> Reason {
    let note = match engine {
        Engine::Listen(_) => "TLS is on for every server on this address",
        Engine::Directive(_) => "turns TLS on",
        Engine::StartTls(_) => "offers TLS by STARTTLS",
    };
    let Place { span, .. } = engine.place();
    Reason::at(ReasonKind::Engine, span, note)
}
