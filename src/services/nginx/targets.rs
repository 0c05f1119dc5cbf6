//! The targets of `proxy_pass` and its like, and of `server` in `upstream`, as nginx reads them (`ngx_parse_url`).

use super::module::{Client, ListenModule};
use super::state::{Block, BlockContext, Directive, NamedTarget, TreeReader};
use crate::services::userinfo::without_user;
use std::net::Ipv6Addr;

/// What is wrong with a target, as nginx says it; `uri`: may something follow the port?
pub(super) fn refused(target: &str, uri: bool) -> Option<&'static str> {
    if target.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("unix:")) {
        let path = &target[5..];
        let path = if uri { path.split(':').next().unwrap_or(path) } else { path };
        return path.is_empty().then_some("no path in the unix domain socket");
    }
    if let Some(rest) = target.strip_prefix('[') {
        return bracketed(rest, uri);
    }
    let end = target.find(['/', '?']);
    if end.is_some() && !uri {
        return Some("invalid host");
    }
    let authority = &target[..end.unwrap_or(target.len())];
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    match port {
        Some(port) if !is_port(port) => Some("invalid port"),
        _ if host.is_empty() => Some("no host"),
        _ => None,
    }
}

/// An IPv6 address behind its bracket.
fn bracketed(rest: &str, uri: bool) -> Option<&'static str> {
    let Some((host, rest)) = rest.split_once(']') else { return Some("invalid host") };
    let end = rest.find('/');
    if end.is_some() && !uri {
        return Some("invalid host");
    }
    let port = &rest[..end.unwrap_or(rest.len())];
    match port.strip_prefix(':') {
        Some(port) if !is_port(port) => return Some("invalid port"),
        Some(_) => {}
        None if !port.is_empty() => return Some("invalid host"),
        None => {}
    }
    host.parse::<Ipv6Addr>().is_err().then_some("invalid IPv6 address")
}

/// Digits only, and from 1 to 65535.
fn is_port(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_digit())
        && text.parse::<u64>().is_ok_and(|port| (1..=65535).contains(&port))
}

/// Says what is wrong with a target.
pub(super) fn check(reader: &mut TreeReader<'_>, context: BlockContext, directive: &Directive<'_>, client: Client) {
    let Some(target) = reader.arguments(directive).into_iter().next() else { return };
    // Only a request tells.
    if target.contains('$') {
        return;
    }
    let section = match context {
        BlockContext::Server(server) => reader.model.scopes[reader.model.servers[server].scope].section,
        _ => ListenModule::Http,
    };
    let is_stream = section == ListenModule::Stream;
    let scheme = client.scheme_of(&target);
    let (rest, uri) = match (client, scheme) {
        _ if is_stream => (&*target, false),
        (Client::Proxy, None) => {
            reader.problem(directive.place, format!("invalid URL prefix in \"{}\"", without_user(&target)));
            return;
        }
        (Client::Proxy, Some((_, rest))) => (rest, true),
        (_, scheme) => (scheme.map_or(&*target, |(_, rest)| rest), false),
    };
    if let Some(why) = refused(rest, uri) {
        reader.problem(directive.place, format!("{why} in upstream \"{}\"", without_user(rest)));
    } else if client == Client::Proxy && !is_stream && has_uri(rest) && takes_no_uri(reader, context) {
        let message = "\"proxy_pass\" cannot have URI part in location given by regular expression, or inside named \
                       location, or inside \"if\" statement, or inside \"limit_except\" block";
        reader.problem(directive.place, message);
    } else if let Some((host, port)) = host_and_port(rest) {
        let default = match client {
            Client::Proxy if !is_stream && scheme.is_some_and(|(tls, _)| tls) => 443,
            Client::Proxy if !is_stream => 80,
            _ => 0,
        };
        let (host, port) = (host.to_owned(), port.map(str::to_owned));
        reader.targets.push(NamedTarget { section, place: directive.place, host, port, default, is_group: false });
    }
}

/// Host and port of a target; `None`: it is a socket.
pub(super) fn host_and_port(target: &str) -> Option<(&str, Option<&str>)> {
    let authority = target.split(['/', '?']).next().unwrap_or(target);
    if target.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("unix:")) {
        return None;
    }
    let (host, port) = match authority.rfind(']') {
        Some(end) => (&authority[..=end], authority[end + 1..].strip_prefix(':')),
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    Some((host, port))
}

/// Is there something behind host and port?
fn has_uri(rest: &str) -> bool {
    match rest.get(..5).filter(|start| start.eq_ignore_ascii_case("unix:")) {
        Some(_) => rest[5..].contains(':'),
        None => rest.contains(['/', '?']),
    }
}

/// Is it not known there which part of the request's URI it would take the place of?
fn takes_no_uri(reader: &TreeReader<'_>, context: BlockContext) -> bool {
    let BlockContext::Location(location) = context else { return false };
    let location = &reader.locations[location];
    location.block != Block::Location || location.is_open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_with_and_without_ports() {
        let plain = |target| refused(target, true);
        for good in ["127.0.0.1", "a:1", "a/x", "a:1/x", "a?x=1", "[::1]", "[::1]:1/x", "unix:/x:/y", "a:00080", "u@a"]
        {
            assert_eq!(plain(good), None, "{good}");
        }
        for (bad, why) in [
            ("", "no host"),
            ("/x", "no host"),
            ("a:", "invalid port"),
            ("a:0", "invalid port"),
            ("a:99999", "invalid port"),
            ("a:http", "invalid port"),
            ("a:-1", "invalid port"),
            ("a:80:90", "invalid port"),
            ("[::1/", "invalid host"),
            ("[zz]/", "invalid IPv6 address"),
            ("[::1]x/", "invalid host"),
            ("[::1]:x/", "invalid port"),
            ("unix:", "no path in the unix domain socket"),
        ] {
            assert_eq!(plain(bad), Some(why), "{bad}");
        }
        let strict = |target| refused(target, false);
        assert_eq!(strict("a"), None, "it may be an upstream");
        assert_eq!(strict("https://a:1"), Some("invalid host"));
        assert_eq!(strict("a:1-3"), Some("invalid port"));
    }

    #[test]
    fn hosts_and_ports() {
        assert_eq!(host_and_port("a:1/x:2"), Some(("a", Some("1"))));
        assert_eq!(host_and_port("[::1]:1"), Some(("[::1]", Some("1"))));
        assert_eq!(host_and_port("[::1]"), Some(("[::1]", None)));
        assert_eq!(host_and_port("unix:/x"), None);
    }
}
