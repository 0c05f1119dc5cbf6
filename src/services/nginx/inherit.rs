//! What a scope inherits: the nearest value, certificate or command around it.

use super::command::{self, CommandEffect};
use super::files::Files;
use super::model::{ConfCommand, Model, ScopeId};
use super::offer::FloorCache;
use crate::endpoint::{Reason, ReasonKind};
use crate::openssl::Library;
use crate::release::Release;
use crate::services::place::HopId;

/// What answers are computed from.
pub(super) struct Inheritance<'a> {
    pub model: &'a Model,
    pub release: Option<Release>,
    pub library: &'a Library,
    /// The OpenSSL that nginx was compiled for.
    pub headers: Option<Release>,
    /// The files that it names.
    pub files: &'a Files,
    pub(super) floors: FloorCache,
}

impl Inheritance<'_> {
    /// The nearest value around a scope.
    pub(super) fn first<T>(&self, scope: ScopeId, pick: impl Fn(ScopeId) -> Option<T>) -> Option<T> {
        self.model.scopes_around(scope).find_map(pick)
    }

    /// Has a server an SSL context of its own: a certificate, or `ssl_reject_handshake`?
    pub(super) fn has_context(&self, scope: ScopeId) -> bool {
        self.has_certificate(scope) || self.rejects(scope)
    }

    /// Has a server a certificate, its own or inherited?
    pub(super) fn has_certificate(&self, scope: ScopeId) -> bool {
        self.first(scope, |s| (!self.model.scopes[s].certificates.is_empty()).then_some(())).is_some()
    }

    /// Does a server refuse every handshake?
    pub(super) fn rejects(&self, scope: ScopeId) -> bool {
        matches!(self.first(scope, |s| self.model.scopes[s].reject), Some((true, _)))
    }

    pub(super) fn explain_hops(&self, hop: HopId) -> impl Iterator<Item = Reason> {
        let spans = self.model.hops.spans(hop);
        spans.into_iter().map(|span| Reason::at(ReasonKind::Include, span, "included from here"))
    }

    /// The commands that count for a server: its own, or all those around it.
    pub(super) fn commands(&self, scope: ScopeId) -> Vec<(&ConfCommand, CommandEffect)> {
        let list = self.first(scope, |s| {
            let commands = &self.model.scopes[s].tls.commands;
            (!commands.is_empty()).then_some(commands)
        });
        let effect = |c: &ConfCommand| command::parse(&c.name, &c.value).ok().flatten();
        list.into_iter().flatten().filter_map(|c| Some((c, effect(c)?))).collect()
    }
}
