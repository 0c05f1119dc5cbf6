//! What a client gets from one server on one listener, and why: the rules of the truth notes on nginx.

use super::inherit::Inheritance;
use super::listener::{Listener, TlsTrigger};
use super::model::ScopeId;
use crate::endpoint::{Answer, Reason, ReasonKind, Speaks, Traced, Transport, Unknown};
use crate::services::place::Place;
use crate::tls::{Version, VersionSet};
use crate::topic::Topic;

impl Inheritance<'_> {
    /// The answer of the server at `member` of a listener.
    pub(super) fn answer(&self, listener: &Listener, member: usize) -> Answer {
        let mut because = self.opening(listener, member);
        if listener.rival {
            return shared(listener, because);
        }
        let Some(engine) = listener.engine else {
            return self.without_tls(listener, member, because);
        };
        because.push(engine_reason(engine));
        let scope = self.find_scope(listener, member);
        self.selection(listener, member, &mut because);
        if let Some((true, place)) = self.first(scope, |s| self.model.scopes[s].reject) {
            because.push(Reason::at(ReasonKind::Engine, place.span, "refuses every handshake for this server"));
            return Answer { refuses: true, ..tls(because, VersionSet::EMPTY, Some(VersionSet::EMPTY)) };
        }
        let default = self.find_scope(listener, listener.default);
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
        }
        let (mut effective, doubt) = self.effective(own, default, asked.set.and(possible), &mut because);
        if self.foreign_library(self.model.scopes[own].head).is_some() {
            effective = None;
        }
        let mut unknown = asked.unknown;
        unknown.extend(doubt);
        if let Some(((), place)) = self.first(scope, |s| self.model.scopes[s].dynamic.map(|p| ((), p))) {
            unknown.push(Unknown {
                topic: Topic::of("lua"),
                span: Some(place.span),
                what: "Lua code sees each handshake and may choose other versions".into(),
                help: "read the code, and probe the running server".into(),
            });
        }
        // Whether anything could be added, only needs to be known where something may be missing.
        let all = VersionSet::TLS.and(possible);
        let usable = match effective == Some(VersionSet::MODERN) {
            true => None,
            false => self.effective(own, default, all, &mut Vec::new()).0,
        };
        Answer { deciders: asked.deciders, usable, unknown, ..tls(because, asked.set, effective) }
    }

    /// A listener without TLS of its own; in the stream module it may pass on the TLS of another server.
    fn without_tls(&self, listener: &Listener, member: usize, because: Vec<Reason>) -> Answer {
        let preread = self.first(self.find_scope(listener, member), |s| self.model.scopes[s].preread);
        // What comes by UDP is no TLS that versions could be chosen from.
        let Some((true, place)) = preread.filter(|_| listener.transport == Transport::Stream) else {
            return plaintext(because);
        };
        let unknown = Unknown {
            topic: Topic::of("passed-on"),
            span: Some(place.span),
            what: "passes the client's TLS on to another server, which decides the versions".into(),
            help: "ask for the address of that server".into(),
        };
        Answer { speaks: Speaks::Unknown, unknown: vec![unknown], ..tls(because, VersionSet::TLS, None) }
    }

    fn find_scope(&self, listener: &Listener, member: usize) -> ScopeId {
        self.model.servers[listener.servers[member]].scope
    }

    /// The line that opens the address.
    fn opening(&self, listener: &Listener, member: usize) -> Vec<Reason> {
        let place = listener.listens[member].or_else(|| listener.listens.iter().find_map(|p| *p));
        let head = self.model.scopes[self.find_scope(listener, member)].head;
        match place {
            Some(place) => {
                let mut because: Vec<Reason> = self.explain_hops(place.hop).collect();
                let note = match listener.transport {
                    Transport::Udp => format!("listens on {} (UDP)", listener.address),
                    Transport::Stream | Transport::Quic => format!("listens on {}", listener.address),
                };
                because.push(Reason::at(ReasonKind::Listen, place.span, note));
                because
            }
            None => {
                vec![Reason::at(ReasonKind::Listen, head.span, "no listen directive: nginx listens on port 80")]
            }
        }
    }

    /// Why that server answers, and which server's versions count.
    fn selection(&self, listener: &Listener, member: usize, because: &mut Vec<Reason>) {
        let head = self.model.scopes[self.find_scope(listener, member)].head.span;
        let note = match (listener.servers.len(), member == listener.default) {
            (1, _) => "the only server here: it answers to every name",
            (_, true) if listener.flag.is_some() => "the default server: it answers clients that send no known name",
            (_, true) => "the first server here is the default: it answers clients that send no known name",
            (_, false) => "answers to its names",
        };
        because.push(Reason::at(ReasonKind::Server, head, note));
    }
}

fn tls(mut because: Vec<Reason>, configured: VersionSet, effective: Option<VersionSet>) -> Answer {
    // There may be as many of these as there are servers.
    because.shrink_to_fit();
    Answer {
        speaks: Speaks::Tls,
        configured: Traced { value: configured, because },
        effective,
        usable: None,
        refuses: false,
        deciders: Vec::new(),
        unknown: Vec::new(),
    }
}

/// Two modules have a socket for the address.
fn shared(listener: &Listener, because: Vec<Reason>) -> Answer {
    let unknown = Unknown {
        topic: Topic::of("shared-address"),
        span: listener.listens.iter().find_map(|place| *place).map(|place| place.span),
        what: "another module of nginx listens on the same address, and the system hands each of them some of the \
               connections"
            .into(),
        help: "give each of them an address of its own".into(),
    };
    Answer { speaks: Speaks::Unknown, unknown: vec![unknown], ..tls(because, VersionSet::TLS, None) }
}

fn plaintext(because: Vec<Reason>) -> Answer {
    Answer { speaks: Speaks::Plaintext, ..tls(because, VersionSet::EMPTY, Some(VersionSet::EMPTY)) }
}

fn engine_reason(engine: TlsTrigger) -> Reason {
    let note = match engine {
        TlsTrigger::Listen(_) => "TLS is on for every server on this address",
        TlsTrigger::Directive(_) => "turns TLS on",
        TlsTrigger::StartTls(_) => "offers TLS by STARTTLS",
    };
    let Place { span, .. } = engine.place();
    Reason::at(ReasonKind::Engine, span, note)
}
