//! What a scope inherits: the nearest value, certificate or command around it.

use super::command;
use super::files::Files;
use super::model::{ConfCommand, Model, ScopeId};
use super::offer::FloorCache;
use crate::endpoint::{Reason, ReasonKind};
use crate::openssl::{Library, VersionCommand};
use crate::release::Release;
use crate::services::place::HopId;
use crate::tls::VersionSet;

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

    /// The commands about versions that count for a server: its own, or all those around it.
    pub(super) fn commands(&self, scope: ScopeId) -> Vec<(&ConfCommand, VersionCommand)> {
        let list = self.first(scope, |s| {
            let commands = &self.model.scopes[s].tls.commands;
            (!commands.is_empty()).then_some(commands)
        });
        self.list_effects(list.into_iter().flatten())
    }

    /// Those of the commands that touch versions: the switches in their order, then the limits, of which the last one of each
    /// kind counts.
    pub(super) fn list_effects<'c>(
        &self,
        commands: impl Iterator<Item = &'c ConfCommand>,
    ) -> Vec<(&'c ConfCommand, VersionCommand)> {
        let (mut effects, mut low, mut high) = (Vec::new(), None, None);
        for command in commands {
            match command::read(&command.name, &command.value) {
                Some(VersionCommand::Switch(switches)) => {
                    let switches = switches.into_iter().map(|(on, versions)| (on, self.meant(versions)));
                    effects.push((command, VersionCommand::Switch(switches.collect())));
                }
                Some(limit @ VersionCommand::Min(_)) => low = Some((command, limit)),
                Some(limit @ VersionCommand::Max(_)) => high = Some((command, limit)),
                None => {}
            }
        }
        effects.into_iter().chain(low).chain(high).collect()
    }

    /// `ALL` brings SSLv3 only where the library has it.
    fn meant(&self, versions: VersionSet) -> VersionSet {
        let possible = VersionSet::TLS.union(self.library.versions());
        if versions.len() > 1 { versions.and(possible) } else { versions }
    }
}
