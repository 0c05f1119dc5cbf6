//! The `listen` directive: address forms and parameters (ngx_inet.c:ngx_parse_url, ngx_http_core_listen).

use super::defaults::PORT_RANGES;
use super::listen_options;
use super::module::ListenModule;
use crate::endpoint::{Address, Transport};
use crate::release::Release;
use crate::services::numeric;
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
    /// Are options of the socket itself set, so that it is opened beside one of all addresses?
    pub options: bool,
    pub reuseport: bool,
    pub proxy_header: bool,
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
pub(super) struct ListenContext<'a> {
    pub section: ListenModule,
    pub release: Option<Release>,
    pub hosts: &'a BTreeMap<String, Vec<IpAddr>>,
    /// The identifier of the operating system or distribution, where it is known.
    pub system: Option<&'a str>,
}

/// What an address of the Unix domain has room for, in bytes.
const LONGEST_PATH: usize = 107;

/// Without `ipv6only` an IPv6 address takes no IPv4 connections since this version.
const IPV6_ONLY: Release = Release::new(1, 3, 4);

/// Parses the arguments; the error is a lowercase fragment in nginx's words.
pub(super) fn parse(arguments: &[String], context: &ListenContext<'_>) -> Result<Parsed, String> {
    let Some((address, parameters)) = arguments.split_first() else {
        return Err("invalid number of arguments in \"listen\" directive".into());
    };
    let mut parsed = Parsed {
        bound: parse_bound(address, context)?,
        transport: Transport::Stream,
        ssl: false,
        default: false,
        dual: context.release.is_some_and(|r| r < IPV6_ONLY),
        options: false,
        reuseport: false,
        proxy_header: false,
    };
    let mut not_for_udp = None;
    for text in parameters {
        let parameter = listen_options::parse(text, context.section, context.release)?;
        // Routing tables are FreeBSD's.
        if parameter.name == "setfib" && context.system.is_some_and(|system| system != "freebsd") {
            return Err(format!("invalid parameter \"{text}\""));
        }
        match parameter.name {
            "ssl" => parsed.ssl = true,
            "default_server" | "default" => parsed.default = true,
            "quic" => parsed.transport = Transport::Quic,
            "udp" => parsed.transport = Transport::Udp,
            "ipv6only" => parsed.dual = parameter.value == "off",
            "reuseport" => parsed.reuseport = true,
            "proxy_protocol" => parsed.proxy_header = true,
            _ => {}
        }
        parsed.options |= parameter.binds;
        if parameter.tcp_only {
            not_for_udp.get_or_insert(parameter.name);
        }
    }
    match (not_for_udp, parsed.transport) {
        (Some(name), Transport::Udp) => {
            Err(format!("\"listen\" directive \"{name}\" parameter is incompatible with \"udp\""))
        }
        _ => Ok(parsed),
    }
}

fn parse_bound(text: &str, context: &ListenContext<'_>) -> Result<Bound, String> {
    let prefix = text.get(..5).is_some_and(|prefix| prefix.eq_ignore_ascii_case("unix:"));
    if let Some(path) = text.get(5..).filter(|_| prefix) {
        if path.is_empty() {
            return Err(format!("no path in the unix domain socket in \"{text}\" of the \"listen\" directive"));
        }
        if path.len() > LONGEST_PATH {
            return Err(format!("too long path in the unix domain socket in \"{text}\" of the \"listen\" directive"));
        }
        return Ok(Bound::Unix(path.to_owned()));
    }
    let invalid_host = || Err(format!("invalid host in \"{text}\" of the \"listen\" directive"));
    let (host, ports) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((ip, "")) => (format!("[{ip}]"), None),
            Some((ip, port)) if port.starts_with(':') => (format!("[{ip}]"), Some(&port[1..])),
            _ => return invalid_host(),
        },
        None if text.contains(['/', '?', '#']) => return invalid_host(),
        None => match text.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'-') => {
                ("*".to_owned(), Some(text))
            }
            None => (text.to_owned(), None),
        },
    };
    let ports = match ports {
        Some(ports) => port_range(ports, text, context)?,
        None if context.section == ListenModule::Http => 80..=80,
        None => return Err(format!("no port in \"{text}\" of the \"listen\" directive")),
    };
    let ips = if let Some(ip) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        let ip: Ipv6Addr =
            ip.parse().map_err(|_| format!("invalid IPv6 address in \"{text}\" of the \"listen\" directive"))?;
        vec![IpAddr::V6(ip)]
    } else if host == "*" {
        vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED)]
    } else if let Some(ip) = decimal(&host).or_else(|| numeric::parse_ipv4(&host)) {
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

/// An address as nginx itself reads it before it asks the C library (ngx_inet_addr): four decimal numbers, whatever zeros
/// they begin with; one that is left out is 0.
fn decimal(text: &str) -> Option<Ipv4Addr> {
    let part = |text: &str| match text.trim_start_matches('0') {
        "" if text.bytes().all(|b| b == b'0') => Some(0),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse::<u8>().ok(),
        _ => None,
    };
    let parts: Vec<u8> = text.split('.').map(part).collect::<Option<_>>()?;
    <[u8; 4]>::try_from(parts).ok().map(Ipv4Addr::from)
}

fn port_range(text: &str, whole: &str, context: &ListenContext<'_>) -> Result<RangeInclusive<u16>, String> {
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
        let context = ListenContext { section: ListenModule::Http, release: None, hosts: &hosts, system: None };
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
        assert_eq!(shown("127.1:443"), "127.0.0.1:443");
        assert_eq!(shown("0x7f.1"), "127.0.0.1:80");
        assert_eq!(shown("0:443"), "0.0.0.0:443");
        assert_eq!(shown("0177.0.0.08:443"), "177.0.0.8:443", "four numbers are decimal");
        assert_eq!(shown("0177.1:443"), "127.0.0.1:443", "fewer are as C has them");
        assert_eq!(shown("...:443"), "0.0.0.0:443");
        assert_eq!(shown("127..1:443"), "127..1:443", "a name");
        assert_eq!(shown("[::ffff:127.0.0.1]:443"), "[::ffff:127.0.0.1]:443");
        assert_eq!(shown("UNIX:/x ssl"), "unix:/x ssl");
        assert_eq!(shown("::1:443"), "invalid port in \"::1:443\" of the \"listen\" directive");
        assert_eq!(shown("[::1]443"), "invalid host in \"[::1]443\" of the \"listen\" directive");
        assert_eq!(shown("10.0.0.1:443/"), "invalid host in \"10.0.0.1:443/\" of the \"listen\" directive");
        assert_eq!(shown("70000"), "invalid port in \"70000\" of the \"listen\" directive");
        assert_eq!(shown("443 sssl"), "invalid parameter \"sssl\"");
    }
}
