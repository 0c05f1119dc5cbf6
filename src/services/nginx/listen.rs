//! The `listen` directive: address forms and parameters (ngx_inet.c:ngx_parse_url, ngx_http_core_listen).

use super::defaults::PORT_RANGES;
use super::model::Section;
use crate::endpoint::{Address, Transport};
use crate::release::Release;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

/// What a `listen` directive says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    pub bound: Bound,
    pub transport: Transport,
    pub ssl: bool,
    pub default: bool,
    pub dual: bool,
    /// Are options of the socket itself set?
    pub options: bool,
}

/// What a `listen` binds: each of its hosts on each of its ports. A list of them all could have 65,535 for each host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Unix(String),
    Ips(Vec<IpAddr>, RangeInclusive<u16>),
    /// A name whose addresses are not known.
    Name(String, RangeInclusive<u16>),
}

impl Bound {
    /// All of them, by ports.
    pub(super) fn addresses(&self) -> Box<dyn Iterator<Item = Address> + '_> {
        match self {
            Bound::Unix(path) => Box::new(std::iter::once(Address::Unix(path.clone()))),
            Bound::Ips(ips, ports) => {
                Box::new(ports.clone().flat_map(|port| ips.iter().map(move |ip| Address::Ip(*ip, port))))
            }
            Bound::Name(host, ports) => {
                Box::new(ports.clone().map(move |port| Address::Remote(format!("{host}:{port}"))))
            }
        }
    }
}

/// What `listen` is read against.
pub(super) struct Context<'a> {
    pub section: Section,
    pub release: Option<Release>,
    pub hosts: &'a BTreeMap<String, Vec<IpAddr>>,
}

/// Parameters without a value that do not concern TLS.
const FLAGS: &[&str] = &["http2", "spdy", "proxy_protocol", "udp", "v2"];
/// Options of the socket: they may be set once for an address. Some have a value.
const OPTIONS: &[&str] = &[
    "bind",
    "deferred",
    "reuseport",
    "multipath",
    "so_keepalive",
    "setfib",
    "fastopen",
    "backlog",
    "rcvbuf",
    "sndbuf",
    "accept_filter",
];

/// Parses the arguments; the error is a lowercase fragment in nginx's words.
pub(super) fn parse(arguments: &[String], context: &Context<'_>) -> Result<Parsed, String> {
    let Some((address, parameters)) = arguments.split_first() else {
        return Err("invalid number of arguments in \"listen\" directive".into());
    };
    let mut parsed = Parsed {
        bound: bound(address, context)?,
        transport: Transport::Stream,
        ssl: false,
        default: false,
        dual: false,
        options: false,
    };
    for parameter in parameters {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (name, value) {
            ("ssl", "") => parsed.ssl = true,
            ("default_server" | "default", "") if context.section != Section::Mail => parsed.default = true,
            ("quic", "") if context.section == Section::Http => {
                if context.release.is_some_and(|r| r < super::defaults::QUIC) {
                    return Err(format!("invalid parameter \"{parameter}\""));
                }
                parsed.transport = Transport::Quic;
            }
            ("ipv6only", "on" | "off") => {
                parsed.dual = value == "off";
                parsed.options = true;
            }
            _ if OPTIONS.contains(&name) => parsed.options = true,
            _ if FLAGS.contains(&parameter.as_str()) => {}
            _ => return Err(format!("invalid parameter \"{parameter}\"")),
        }
    }
    Ok(parsed)
}

fn bound(text: &str, context: &Context<'_>) -> Result<Bound, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        if path.is_empty() {
            return Err(format!("no path in the unix domain socket in \"{text}\" of the \"listen\" directive"));
        }
        return Ok(Bound::Unix(path.to_owned()));
    }
    let (host, ports) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((ip, "")) => (format!("[{ip}]"), None),
            Some((ip, port)) => (format!("[{ip}]"), port.strip_prefix(':')),
            None => return Err(format!("invalid host in \"{text}\" of the \"listen\" directive")),
        },
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'-') => {
                ("*".to_owned(), Some(text))
            }
            None => (text.to_owned(), None),
        },
    };
    let ports = match ports {
        Some(ports) => port_range(ports, text, context)?,
        None if context.section == Section::Http => 80..=80,
        None => return Err(format!("no port in \"{text}\" of the \"listen\" directive")),
    };
    let ips = if let Some(ip) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        let ip: Ipv6Addr =
            ip.parse().map_err(|_| format!("invalid IPv6 address in \"{text}\" of the \"listen\" directive"))?;
        vec![IpAddr::V6(ip)]
    } else if host == "*" {
        vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED)]
    } else if let Ok(ip) = host.parse::<Ipv4Addr>() {
        vec![IpAddr::V4(ip)]
    } else if host.is_empty() {
        return Err(format!("no host in \"{text}\" of the \"listen\" directive"));
    } else {
        match context.hosts.get(&host.to_ascii_lowercase()) {
            Some(ips) => ips.clone(),
            None => return Ok(Bound::Name(host, ports)),
        }
    };
    Ok(Bound::Ips(ips, ports))
}

fn port_range(text: &str, whole: &str, context: &Context<'_>) -> Result<RangeInclusive<u16>, String> {
    let invalid = || format!("invalid port in \"{whole}\" of the \"listen\" directive");
    let port = |text: &str| match text.parse::<u16>() {
        Ok(port) if port > 0 && text.bytes().all(|b| b.is_ascii_digit()) => Ok(port),
        _ => Err(invalid()),
    };
    match text.split_once('-') {
        Some((first, last)) if context.release.is_none_or(|r| r >= PORT_RANGES) => {
            let (first, last) = (port(first)?, port(last)?);
            if first > last { Err(invalid()) } else { Ok(first..=last) }
        }
        Some(_) => Err(invalid()),
        None => port(text).map(|port| port..=port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let hosts = BTreeMap::from([("localhost".to_owned(), vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])]);
        let context = Context { section: Section::Http, release: None, hosts: &hosts };
        let arguments: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        match parse(&arguments, &context) {
            Ok(parsed) => {
                let addresses: Vec<String> = parsed.bound.addresses().map(|address| address.to_string()).collect();
                format!("{}{}", addresses.join(" "), if parsed.ssl { " ssl" } else { "" })
            }
            Err(error) => error,
        }
    }

    #[test]
    fn all_forms_of_an_address() {
        assert_eq!(shown("443 ssl"), "0.0.0.0:443 ssl");
        assert_eq!(shown("*:443 ssl http2"), "0.0.0.0:443 ssl");
        assert_eq!(shown("127.0.0.1"), "127.0.0.1:80");
        assert_eq!(shown("[::]:443 ipv6only=off"), "[::]:443");
        assert_eq!(shown("[0:0:0:0:0:0:0:1]:8443"), "[::1]:8443");
        assert_eq!(shown("localhost:8000"), "127.0.0.1:8000");
        assert_eq!(shown("unix:/run/x.sock ssl"), "unix:/run/x.sock ssl");
        assert_eq!(shown("8000-8002"), "0.0.0.0:8000 0.0.0.0:8001 0.0.0.0:8002");
        assert_eq!(shown("backend.example:443"), "backend.example:443");
        assert_eq!(shown("70000"), "invalid port in \"70000\" of the \"listen\" directive");
        assert_eq!(shown("443 sssl"), "invalid parameter \"sssl\"");
    }
}
