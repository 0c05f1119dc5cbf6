//! The blocks `upstream`: servers that stand for one name.

use super::model::Section;
use super::state::{Context, Directive, Group, Reader};
use super::targets::{self, Named};
use super::{balancing, known};
use crate::services::userinfo::without_user;
use std::collections::HashSet;

impl Reader<'_> {
    /// Enters a block.
    pub(super) fn group(&mut self, section: Section, directive: &Directive<'_>) -> Context {
        let name = self.arguments(directive).into_iter().next().unwrap_or_default();
        if !self.group_names.insert((section, name.to_ascii_lowercase())) {
            self.problem(directive.place, format!("duplicate upstream \"{name}\""));
        }
        self.groups.push(Group {
            section,
            head: directive.place,
            name,
            has_servers: false,
            has_backups: false,
            takes_backup: true,
        });
        Context::Upstream(self.groups.len() - 1)
    }
}

impl Reader<'_> {
    /// Says which targets need a port, or must have none, by what blocks there are. Only all that was included tells.
    pub(super) fn ports(&mut self) {
        if self.unread.is_some() || !self.unknown.is_empty() || self.model.is_part {
            return;
        }
        // In http a host without a port is taken for the same host with one, if that was named before
        // (ngx_http_upstream_add; its twin in stream compares the ports).
        let mut with_port: HashSet<String> = HashSet::new();
        for Named { section, place, host, port, has_default } in std::mem::take(&mut self.targets) {
            let lower = host.to_ascii_lowercase();
            let is_http = section == Section::Http;
            if is_http && (port.is_some() || has_default) {
                with_port.insert(lower.clone());
            } else if is_http && with_port.contains(&lower) {
                continue;
            }
            match (self.group_names.contains(&(section, lower)), port) {
                (true, Some(port)) => {
                    self.problem(place, format!("upstream \"{host}\" may not have port {port}"));
                }
                (false, None) if !has_default => self.problem(place, format!("no port in upstream \"{host}\"")),
                _ => {}
            }
        }
    }
}

/// Directives that balance the load and bring no servers.
const BALANCING: &[&[u8]] = &[
    b"hash",
    b"ip_hash",
    b"least_conn",
    b"random",
    b"zone",
    b"keepalive",
    b"keepalive_requests",
    b"keepalive_time",
    b"keepalive_timeout",
    // Its parameters tell.
    b"server",
];

/// A directive in a block that may bring servers, or handle the connections of one of stream: what is not known here may.
pub(super) fn note(reader: &mut Reader<'_>, context: Context, directive: &Directive<'_>) {
    let name = directive.name;
    match context {
        Context::Upstream(group) if BALANCING.contains(&name) => balancing::check(reader, group, directive),
        Context::Upstream(group) => reader.groups[group].has_servers = true,
        Context::Server(server)
            if [&b"proxy_pass"[..], b"return", b"pass"].contains(&name) || !known::is_known(name) =>
        {
            reader.model.servers[server].has_handler = true;
        }
        _ => {}
    }
}

/// A server of a block.
pub(super) fn server(reader: &mut Reader<'_>, group: usize, directive: &Directive<'_>) {
    let arguments = reader.arguments(directive);
    let Some((target, parameters)) = arguments.split_first() else { return };
    let found = targets::host_and_port(target);
    let lacks_port = reader.groups[group].section == Section::Stream && matches!(found, Some((_, None)));
    // RFC 6761: no name below .invalid ever resolves. Variables are not read here.
    let is_nowhere = found.is_some_and(|(host, _)| host.ends_with(".invalid") || host.contains('$'));
    let why = targets::refused(target, false).or(lacks_port.then_some("no port"));
    if let Some(why) = why.or(is_nowhere.then_some("host not found")) {
        reader.problem(directive.place, format!("{why} in upstream \"{}\"", without_user(target)));
    }
    if let Some(message) = parameters.iter().find_map(|word| balancing::refused_parameter(reader, group, word)) {
        reader.problem(directive.place, message);
    }
    let is_backup = parameters.iter().any(|word| word == "backup");
    let group = &mut reader.groups[group];
    group.has_backups |= is_backup;
    group.has_servers |= !is_backup;
}
