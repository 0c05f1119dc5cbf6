//! The blocks `upstream`: servers that stand for one name.

use super::module::ListenModule;
use super::state::NamedTarget;
use super::state::{BlockContext, Directive, TreeReader, UpstreamGroup};
use super::targets;
use super::{balancing, known};
use crate::services::place::Place;
use crate::services::userinfo::without_user;

impl TreeReader<'_> {
    /// Enters a block.
    pub(super) fn read_group(&mut self, section: ListenModule, directive: &Directive<'_>) -> BlockContext {
        let name = self.arguments(directive).into_iter().next().unwrap_or_default();
        if !self.group_names.insert((section, name.to_ascii_lowercase())) {
            self.problem(directive.place, format!("duplicate upstream \"{name}\""));
        }
        let place = directive.place;
        self.targets.push(NamedTarget { section, place, host: name.clone(), port: None, default: 0, is_group: true });
        self.groups.push(UpstreamGroup {
            section,
            head: directive.place,
            name,
            has_servers: false,
            has_backups: false,
            takes_backup: true,
        });
        BlockContext::Upstream(self.groups.len() - 1)
    }
}

/// A host that nginx knows by a block or by a target (`ngx_http_upstream_srv_conf_t`).
struct KnownHost {
    section: ListenModule,
    /// in lower case
    host: String,
    /// 0: none
    port: u16,
    has_port: bool,
    is_group: bool,
    place: Place,
}

impl TreeReader<'_> {
    /// Says which targets need a port, or must have none, by what blocks there are. Only all that was included tells.
    ///
    /// It depends on the order: a block may take the place of a host that was named without a port, and targets that share
    /// that place are not looked at again (`ngx_http_upstream_add`; its twin in stream compares the ports).
    pub(super) fn check_ports(&mut self) {
        if self.unread.is_some() || !self.unknown.is_empty() || self.model.is_part {
            return;
        }
        let mut known: Vec<KnownHost> = Vec::new();
        for NamedTarget { section, place, host, port, default, is_group } in std::mem::take(&mut self.targets) {
            let lower = host.to_ascii_lowercase();
            let number = port.as_deref().map_or(default, |port| port.parse().unwrap_or(default));
            let is_other = |one: &KnownHost| match section {
                ListenModule::Http => one.port != 0 && number != 0 && one.port != number,
                ListenModule::Stream | ListenModule::Mail => one.port != number,
            };
            let mut shares = false;
            for one in known.iter_mut().filter(|one| one.section == section && one.host == lower) {
                let refused = match (one.is_group, is_group) {
                    // That was said where the block begins.
                    (true, true) => return,
                    (true, false) => port.as_deref().map(|port| (place, port.to_owned())),
                    (false, true) => one.has_port.then(|| (one.place, one.port.to_string())),
                    (false, false) => None,
                };
                if let Some((place, port)) = refused {
                    self.problem(place, format!("upstream \"{host}\" may not have port {port}"));
                    return;
                }
                if !is_other(one) {
                    one.is_group |= is_group;
                    shares = true;
                    break;
                }
            }
            if !shares {
                let has_port = port.is_some();
                known.push(KnownHost { section, host: lower, port: number, has_port, is_group, place });
            }
        }
        for one in known.iter().filter(|one| !one.is_group && one.port == 0) {
            self.problem(one.place, format!("no port in upstream \"{}\"", one.host));
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
pub(super) fn note(reader: &mut TreeReader<'_>, context: BlockContext, directive: &Directive<'_>) {
    let name = directive.name;
    match context {
        BlockContext::Upstream(group) if BALANCING.contains(&name) => balancing::check(reader, group, directive),
        BlockContext::Upstream(group) => reader.groups[group].has_servers = true,
        BlockContext::Server(server)
            if [&b"proxy_pass"[..], b"return", b"pass"].contains(&name) || !known::is_known(name) =>
        {
            reader.model.servers[server].has_handler = true;
        }
        _ => {}
    }
}

/// A server of a block.
pub(super) fn server(reader: &mut TreeReader<'_>, group: usize, directive: &Directive<'_>) {
    let arguments = reader.arguments(directive);
    let Some((target, parameters)) = arguments.split_first() else { return };
    let found = targets::host_and_port(target);
    let lacks_port = reader.groups[group].section == ListenModule::Stream && matches!(found, Some((_, None)));
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
