//! What only the whole configuration tells of a setting: where it is used, whether it decides anything, and whether it
//! does what it looks like.

use super::inherit::Inheritance;
use super::listener::Listener;
use super::model::ScopeId;
use super::module::ListenModule;
use crate::endpoint::{Answer, Endpoint, Role};
use crate::instance::{Dead, Setting, Trap};
use crate::source::FileId;
use crate::tls::VersionSet;
use std::sync::Arc;

/// Fills in scope, `dead` and `trap` of all settings.
pub(super) fn complete(
    settings: &mut [Setting],
    rules: &Inheritance<'_>,
    listeners: &[Listener],
    answers: &[Vec<Arc<Answer>>],
    endpoints: &[Endpoint],
) {
    let mut decides = vec![false; settings.len()];
    for decider in endpoints.iter().flat_map(|e| &e.answer.deciders) {
        decides[decider.0 as usize] = true;
    }
    // Where a server listens by TLS: listener and place in it.
    let mut places: Vec<Option<(usize, usize)>> = vec![None; rules.model.servers.len()];
    for (at, listener) in listeners.iter().enumerate().filter(|(_, l)| l.engine.is_some()) {
        for (member, server) in listener.servers.iter().enumerate() {
            places[*server].get_or_insert((at, member));
        }
    }
    let mut server_of: Vec<Option<usize>> = vec![None; rules.model.scopes.len()];
    for (number, server) in rules.model.servers.iter().enumerate() {
        server_of[server.scope] = Some(number);
    }
    for (id, setting) in settings.iter_mut().enumerate() {
        let uses = &rules.model.uses[id];
        setting.scope = scope_names(rules, uses, &server_of);
        setting.block = name_block(rules, uses, &server_of, setting.span.file);
        if setting.role == Role::Upstream {
            if !decides[id] {
                let why = "nothing here connects to another server by TLS".to_owned();
                setting.dead = Some(Dead { why, by: None, instead: None });
            }
            continue;
        }
        if !decides[id] {
            let place = uses.first().and_then(|u| server_of[*u]).map(|s| places[s]);
            setting.dead = Some(match place {
                Some(Some((at, member))) => behind(rules, &listeners[at], &answers[at][member]),
                Some(None) => Dead { why: "the server has no TLS listener".into(), by: None, instead: None },
                None => {
                    let section = uses.first().map_or("http", |u| rules.model.scopes[*u].section.name());
                    let why = format!("no TLS server in the {section} block takes its versions from there");
                    Dead { why, by: None, instead: None }
                }
            });
        }
    }
    unions(settings, rules);
}

/// Why a line of a TLS server decides nothing.
fn behind(rules: &Inheritance<'_>, listener: &Listener, answer: &Answer) -> Dead {
    let default = rules.model.servers[listener.servers[listener.default]].scope;
    if answer.refuses {
        let why = "the server refuses every handshake (ssl_reject_handshake)".to_owned();
        return Dead { why, by: None, instead: None };
    }
    let why = match rules.release {
        Some(release) => format!(
            "the default server decides for every name on {} (nginx {release}; from 1.29.2 on the named one would)",
            listener.address
        ),
        None => format!("the default server decides for every name on {}", listener.address),
    };
    let lines = rules.model.scopes_around(default).find_map(|s| rules.model.scopes[s].tls.protocols.first());
    let by = lines.map_or(rules.model.scopes[default].head.span, |line| line.place.span);
    Dead { why, by: Some(by), instead: Some(answer.configured.value) }
}

/// `server a.test`, `http`, `server a.test and 3 more`.
fn scope_names(rules: &Inheritance<'_>, uses: &[ScopeId], server_of: &[Option<usize>]) -> String {
    let Some(first) = uses.first() else { return String::new() };
    let name = scope_name(rules, *first, server_of);
    match uses.len() {
        1 => name,
        more => format!("{name} and {} more", more - 1),
    }
}

/// The block of that file, where all uses are in one of the same name.
fn name_block(rules: &Inheritance<'_>, uses: &[ScopeId], server_of: &[Option<usize>], file: FileId) -> Option<String> {
    let (first, others) = uses.split_first()?;
    let own = |scope: &ScopeId| {
        let is_here = rules.model.scopes[*scope].head.span.file == file;
        is_here.then(|| scope_name(rules, *scope, server_of))
    };
    own(first).filter(|name| others.iter().all(|other| own(other).as_ref() == Some(name)))
}

fn scope_name(rules: &Inheritance<'_>, id: ScopeId, server_of: &[Option<usize>]) -> String {
    let scope = &rules.model.scopes[id];
    match (server_of[id], rules.model.sections.values().any(|s| *s == id)) {
        (Some(server), _) => match rules.model.servers[server].names.iter().find(|n| !n.is_empty()) {
            Some(name) => format!("server {name}"),
            None => "server without a name".to_owned(),
        },
        (None, true) => scope.section.name().to_owned(),
        (None, false) if scope.section == ListenModule::Http => "location".to_owned(),
        (None, false) => scope.section.name().to_owned(),
    }
}

/// Several lines in one block: each looks like it decides, together they are a union.
fn unions(settings: &mut [Setting], rules: &Inheritance<'_>) {
    for scope in &rules.model.scopes {
        let lists = std::iter::once(&scope.tls).chain(scope.clients.values());
        for lines in lists.map(|t| &t.protocols).filter(|lines| lines.len() > 1) {
            let union = lines.iter().fold(VersionSet::EMPTY, |set, line| set.union(line.versions));
            // The last line is the one that looks like it overrides the others.
            let Some((last, before)) = lines.split_last() else { continue };
            let setting = &mut settings[last.setting.0 as usize];
            if union == last.versions || setting.trap.is_some() {
                continue;
            }
            let related = before.iter().filter(|l| l.setting != last.setting);
            setting.trap = Some(Trap {
                message: format!("a repeated {} adds to those before it and does not replace them", setting.name),
                looks: last.versions,
                gives: union,
                related: related.map(|l| (l.place.span, format!("this line adds {}", l.versions))).collect(),
            });
        }
    }
}
