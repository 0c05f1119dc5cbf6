//! Which servers nginx makes a TLS context for. Only then does it look at what their directives say: a cipher list of a
//! server without a certificate may be anything (ngx_http_ssl_merge_srv_conf and its like in stream and mail).

use super::defaults;
use super::inherit::Inheritance;
use super::model::{ScopeId, Server};
use super::module::{Client, ListenModule};
use crate::services::place::Place;

impl Inheritance<'_> {
    /// Does nginx make a TLS context for a server?
    pub(super) fn makes_context(&self, server: &Server) -> bool {
        let scope = server.scope;
        let listens = server.listens.iter().any(|listen| listen.ssl);
        let engine = matches!(self.first(scope, |s| self.model.scopes[s].engine), Some((true, _)));
        match self.model.scopes[scope].section {
            ListenModule::Http => self.has_context(scope) || engine,
            ListenModule::Stream if self.release.is_some_and(|r| r >= defaults::STREAM_NAMES) => {
                self.has_context(scope)
            }
            ListenModule::Stream => listens,
            ListenModule::Mail => listens || engine || self.starttls(server).is_some(),
        }
    }

    /// mail: where STARTTLS is turned on.
    pub(super) fn starttls(&self, server: &Server) -> Option<Place> {
        self.first(server.scope, |s| self.model.scopes[s].starttls).filter(|(on, _)| *on).map(|(_, place)| place)
    }

    /// The scopes and modules for which nginx makes a TLS context as a client.
    pub(super) fn client_contexts(&self) -> Vec<(ScopeId, Client)> {
        // A server of stream is one by its own settings, whatever it does with connections.
        let streams = self.model.servers.iter().map(|server| server.scope).filter(|scope| {
            self.model.scopes[*scope].section == ListenModule::Stream
                && matches!(self.first(*scope, |s| self.model.scopes[s].proxy_ssl), Some((true, _)))
        });
        let mut found: Vec<(ScopeId, Client)> = streams.map(|scope| (scope, Client::Proxy)).collect();
        for (scope, content) in self.model.scopes.iter().enumerate() {
            for (client, target, _) in &content.targets {
                // With a variable nobody knows before the request.
                let is_tls = target.contains('$') || client.scheme_of(target).is_some_and(|(tls, _)| tls);
                if content.section != ListenModule::Stream && is_tls && !found.contains(&(scope, *client)) {
                    found.push((scope, *client));
                }
            }
        }
        found
    }
}
