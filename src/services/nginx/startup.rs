//! What nginx refuses when it starts, beyond the syntax: certificates without keys, cipher lists that hold nothing,
//! QUIC without TLSv1.3.

use super::defaults::CERTIFICATE_VARIABLES;
use super::inherit::Rules;
use super::listeners::{Engine, Listener};
use super::model::{Place, ScopeId};
use crate::endpoint::Transport;
use crate::openssl::{Keys, Refused};
use crate::release::Release;
use crate::tls::Version;
use std::collections::BTreeMap;

/// All complaints, as places and lowercase fragments.
pub(crate) fn check(rules: &Rules<'_>, listeners: &[Listener]) -> Vec<(Place, String)> {
    let mut problems = Vec::new();
    // Most servers of a host share their lists.
    let mut lists: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for (scope, content) in rules.model.scopes.iter().enumerate() {
        for (path, place) in &content.certificates {
            certificate(rules, path, *place, &mut problems);
        }
        if let Some((path, place)) = content.certificates.get(keys_of(rules, scope))
            && !rules.model.is_part
        {
            problems.push((*place, format!("no \"ssl_certificate_key\" is defined for certificate \"{path}\"")));
        }
        if let Some((list, place)) = &content.tls.ciphers
            && let Some(reason) = lists.entry(list).or_insert_with(|| refused(rules, list))
        {
            problems.push((*place, format!("SSL_CTX_set_cipher_list(\"{list}\") failed: {reason}")));
        }
        for (_, target, place) in &content.targets {
            // RFC 6761: no name below .invalid ever resolves.
            if host_of(target).ends_with(".invalid") {
                problems.push((*place, format!("host not found in upstream \"{}\"", host_of(target))));
            }
        }
    }
    for server in &rules.model.servers {
        // The legacy directive, where it is still known, wants a certificate in every server.
        if let Some((true, place)) = rules.first(server.scope, |s| rules.model.scopes[s].engine)
            && !rules.has_context(server.scope)
            && !rules.model.is_part
        {
            problems.push((place, "no \"ssl_certificate\" is defined for the \"ssl\" directive".to_owned()));
        }
    }
    for listener in listeners {
        // The block around a part may have the certificate.
        if !rules.model.is_part {
            without_certificate(rules, listener, &mut problems);
        }
        quic(rules, listener, &mut problems);
    }
    problems
}

/// Why OpenSSL refuses a cipher list.
fn refused(rules: &Rules<'_>, list: &str) -> Option<String> {
    match rules.library.select(Some(list)) {
        Err(Refused::Invalid(reason)) => Some(reason),
        _ => None,
    }
}

fn host_of(target: &str) -> &str {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

/// The number of keys that count for a scope.
fn keys_of(rules: &Rules<'_>, scope: ScopeId) -> usize {
    let keys = rules.model.chain(scope).map(|s| rules.model.scopes[s].keys).find(|keys| *keys > 0);
    // A scope around the server may leave the key to the servers.
    let below = rules.model.sections.values().any(|s| *s == scope);
    if below && keys.is_none() && rules.model.scopes.iter().any(|s| s.parent == Some(scope) && s.keys > 0) {
        return usize::MAX;
    }
    keys.unwrap_or(0)
}

fn certificate(rules: &Rules<'_>, path: &str, place: Place, problems: &mut Vec<(Place, String)>) {
    if path.contains('$') && rules.release.is_some_and(|r| r < CERTIFICATE_VARIABLES) {
        let message = format!("cannot load certificate \"{path}\": variables in it need nginx {CERTIFICATE_VARIABLES}");
        problems.push((place, message));
    }
    let ed = rules.keys.get(path).is_some_and(|k| *k == Keys { rsa: false, ec: false, ed: true });
    if ed && rules.library.release.is_some_and(|r| r < Release::new(1, 1, 1)) {
        problems.push((place, format!("cannot load certificate \"{path}\": Ed25519 keys need OpenSSL 1.1.1")));
    }
}

/// The default server of a TLS listener needs a certificate; nginx notices since 1.15.0.
fn without_certificate(rules: &Rules<'_>, listener: &Listener, problems: &mut Vec<(Place, String)>) {
    let scope = rules.model.servers[listener.servers[listener.default]].scope;
    if !rules.has_certificate(scope) && rules.rejects(scope) && matches!(listener.engine, Some(Engine::Listen(_))) {
        // Behind a default server that refuses all and has no certificate, each of the others needs one of its own
        // (ngx_http_ssl_init).
        for server in &listener.servers {
            let scope = rules.model.servers[*server].scope;
            if !rules.has_context(scope) {
                let message = format!("no \"ssl_certificate\" is defined for this server on {}", listener.address);
                problems.push((rules.model.scopes[scope].head, message));
            }
        }
    }
    if !matches!(listener.engine, Some(Engine::Listen(_) | Engine::Directive(_))) || rules.has_context(scope) {
        return;
    }
    if rules.release.is_none_or(|r| r >= Release::new(1, 15, 0)) {
        let message = format!("no \"ssl_certificate\" is defined for this server, the default of {}", listener.address);
        problems.push((rules.model.scopes[scope].head, message));
    }
}

/// QUIC has no version but TLSv1.3; nginx looks at the default server only.
fn quic(rules: &Rules<'_>, listener: &Listener, problems: &mut Vec<(Place, String)>) {
    if listener.transport != Transport::Quic {
        return;
    }
    let scope = rules.model.servers[listener.servers[listener.default]].scope;
    if rules.rejects(scope) {
        return;
    }
    let lacks = rules.versions(scope).is_some_and(|set| !set.has(Version::Tls1_3));
    if lacks || !rules.library.versions().has(Version::Tls1_3) {
        let message = "\"ssl_protocols\" must enable TLSv1.3 for the \"listen ... quic\" directive";
        problems.push((rules.model.scopes[scope].head, message.to_owned()));
    }
}
