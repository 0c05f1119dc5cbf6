//! Which endpoints and lines a part of a policy is about.

use crate::endpoint::{Address, Role};
use globset::GlobMatcher;
use std::net::IpAddr;
use std::path::Path;

/// The services that a policy may name. A test holds it against those that are understood.
pub const SERVICES: [&str; 2] = ["nginx", "apache"];

/// An endpoint or a line, as a policy sees it.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// The service.
    pub service: &'a str,
    /// The files that take part: that of the virtual server, and those of the lines that decide.
    pub paths: Vec<&'a Path>,
    /// Listener or upstream.
    pub role: Role,
    /// Where the endpoint is, and its server name; none for a line that decides for no endpoint.
    pub endpoint: Option<(&'a Address, Option<&'a str>)>,
}

/// A pattern for server names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NamePattern {
    /// `""`: a client that sends no name
    Nameless,
    /// `a.test`, or a name as the configuration spells it
    Exactly(String),
    /// `*.a.test`: all names below it
    Below(String),
}

impl NamePattern {
    pub(super) fn read(text: &str) -> NamePattern {
        match text.strip_prefix('*') {
            _ if text.is_empty() => NamePattern::Nameless,
            Some(rest) if rest.len() > 1 && rest.starts_with('.') => NamePattern::Below(rest.to_lowercase()),
            _ => NamePattern::Exactly(text.to_lowercase()),
        }
    }

    fn matches(&self, name: Option<&str>) -> bool {
        match (self, name) {
            (NamePattern::Nameless, name) => name.is_none(),
            (_, None) => false,
            (NamePattern::Exactly(wanted), Some(name)) => name.to_lowercase() == *wanted,
            (NamePattern::Below(end), Some(name)) => name.to_lowercase().ends_with(end),
        }
    }
}

/// A pattern for addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AddressPattern {
    /// `*:443`: that port, on whatever address
    Port(u16),
    /// `192.0.2.1`, `192.0.2.0/24`, with `:443` that port only
    Net(IpAddr, u8, Option<u16>),
    /// `unix:` is any socket, `unix:/run/x.sock` that one
    Unix(String),
    /// the other server of an upstream, as the configuration writes it
    Remote(String),
}

impl AddressPattern {
    /// `Err` says what is wrong.
    pub(super) fn read(text: &str) -> Result<AddressPattern, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(AddressPattern::Unix(path.to_owned()));
        }
        let number = |port: &str| port.parse::<u16>().map_err(|_| format!("`{}` is not a port", port.escape_debug()));
        if let Some(port) = text.strip_prefix("*:") {
            return Ok(AddressPattern::Port(number(port)?));
        }
        let inside = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (ip, port) = match inside {
            Some((ip, "")) => (ip, None),
            Some((ip, rest)) => (ip, Some(rest.strip_prefix(':').unwrap_or(rest))),
            None if text.matches(':').count() == 1 => {
                text.split_once(':').map_or((text, None), |(ip, port)| (ip, Some(port)))
            }
            None => (text, None),
        };
        let (base, bits) = ip.split_once('/').map_or((ip, None), |(base, bits)| (base, Some(bits)));
        let Ok(base) = base.parse::<IpAddr>() else {
            // Names of other servers have no form of their own.
            return Ok(AddressPattern::Remote(text.to_owned()));
        };
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) => match bits.parse::<u8>() {
                Ok(bits) if bits <= most => bits,
                _ => return Err(format!("a network of this kind has 0 to {most} bits")),
            },
        };
        Ok(AddressPattern::Net(base, bits, port.map(number).transpose()?))
    }

    fn matches(&self, address: &Address) -> bool {
        match (self, address) {
            (AddressPattern::Port(wanted), Address::Any(port) | Address::Ip(_, port)) => wanted == port,
            (AddressPattern::Net(base, bits, wanted), Address::Ip(ip, port)) => {
                wanted.is_none_or(|wanted| wanted == *port) && within(*base, *bits, *ip)
            }
            (AddressPattern::Unix(wanted), Address::Unix(path)) => wanted.is_empty() || wanted == path,
            (_, Address::Remote(text)) => self.is_remote(text),
            _ => false,
        }
    }

    /// Is another server meant, of which the configuration writes a URL, or a host with or without a port?
    fn is_remote(&self, text: &str) -> bool {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        match self {
            AddressPattern::Remote(wanted) => {
                let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
                [text, authority, host].contains(&wanted.as_str())
            }
            AddressPattern::Net(base, bits, port) => {
                matches!(AddressPattern::read(authority), Ok(AddressPattern::Net(ip, _, other))
                    if within(*base, *bits, ip) && port.is_none_or(|port| Some(port) == other))
            }
            AddressPattern::Port(wanted) => {
                authority.rsplit_once(':').is_some_and(|(_, port)| port.parse() == Ok(*wanted))
            }
            AddressPattern::Unix(_) => false,
        }
    }
}

fn within(base: IpAddr, bits: u8, ip: IpAddr) -> bool {
    let same = |base: u128, ip: u128, width: u32| {
        let drop = width - u32::from(bits).min(width);
        drop >= width || base >> drop == ip >> drop
    };
    match (base, ip) {
        (IpAddr::V4(base), IpAddr::V4(ip)) => same(u32::from(base).into(), u32::from(ip).into(), 32),
        (IpAddr::V6(base), IpAddr::V6(ip)) => same(base.into(), ip.into(), 128),
        _ => false,
    }
}

/// What has to fit, all of it; of each list, one entry. An empty list fits everything.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    pub(super) services: Vec<String>,
    pub(super) paths: Vec<(String, GlobMatcher)>,
    pub(super) names: Vec<NamePattern>,
    pub(super) addresses: Vec<AddressPattern>,
    pub(super) roles: Vec<Role>,
}

impl Scope {
    /// Is the target meant?
    pub fn matches(&self, target: &Target<'_>) -> bool {
        let path = |path: &Path| self.paths.iter().any(|(_, glob)| glob.is_match(path));
        let name = |name| self.names.iter().any(|pattern| pattern.matches(name));
        let address = |address| self.addresses.iter().any(|pattern| pattern.matches(address));
        (self.services.is_empty() || self.services.iter().any(|service| service == target.service))
            && (self.roles.is_empty() || self.roles.contains(&target.role))
            && (self.names.is_empty() || target.endpoint.is_some_and(|(_, n)| name(n)))
            && (self.addresses.is_empty() || target.endpoint.is_some_and(|(a, _)| address(a)))
            && (self.paths.is_empty() || target.paths.iter().any(|p| path(p)))
    }

    /// Can no endpoint be meant by both? Only what is certain counts.
    pub(super) fn is_apart(&self, other: &Scope) -> bool {
        let exact = |names: &[NamePattern]| names.iter().all(|name| !matches!(name, NamePattern::Below(_)));
        let names = exact(&self.names) && exact(&other.names) && apart(&self.names, &other.names);
        let whole = |addresses: &[AddressPattern]| {
            addresses.iter().all(|address| match address {
                AddressPattern::Net(base, bits, port) => {
                    port.is_some() && *bits == if base.is_ipv4() { 32 } else { 128 }
                }
                AddressPattern::Unix(path) => !path.is_empty(),
                AddressPattern::Port(_) | AddressPattern::Remote(_) => false,
            })
        };
        let addresses = whole(&self.addresses) && whole(&other.addresses) && apart(&self.addresses, &other.addresses);
        apart(&self.services, &other.services) || apart(&self.roles, &other.roles) || names || addresses
    }
}

/// Do two lists have no entry in common (and none is empty, which fits everything)?
fn apart<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    !one.is_empty() && !other.is_empty() && !one.iter().any(|entry| other.contains(entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, address: &Address) -> bool {
        AddressPattern::read(pattern).unwrap().matches(address)
    }

    #[test]
    fn addresses() {
        let listener = Address::Ip("192.0.2.10".parse().unwrap(), 443);
        for pattern in ["192.0.2.10", "192.0.2.10:443", "192.0.2.0/24", "0.0.0.0/0", "192.0.2.0/28:443", "*:443"] {
            assert!(fits(pattern, &listener), "{pattern}");
        }
        for pattern in ["192.0.2.11", "192.0.2.10:444", "192.0.3.0/24", "*:80", "::/0", "unix:", "192.0.2.10 "] {
            assert!(!fits(pattern, &listener), "{pattern}");
        }
        // A listener on all addresses is not excepted with one of them.
        assert!(!fits("192.0.2.10:443", &Address::Any(443)));
        assert!(fits("*:443", &Address::Any(443)));
        assert!(fits("[2001:db8::]:443", &Address::Ip("2001:db8::".parse().unwrap(), 443)));
        assert!(fits("2001:db8::/32", &Address::Ip("2001:db8::7".parse().unwrap(), 443)));
        assert!(fits("unix:", &Address::Unix("/run/a".into())));
        assert!(!fits("unix:/run/b", &Address::Unix("/run/a".into())));
        assert!(fits("backend.test:8443", &Address::Remote("backend.test:8443".into())));
        assert!(fits("10.0.0.0/8", &Address::Remote("10.1.2.3:8443".into())));
        let url = Address::Remote("https://backend.test:8443/app".into());
        for pattern in ["https://backend.test:8443/app", "backend.test:8443", "backend.test", "*:8443"] {
            assert!(fits(pattern, &url), "{pattern}");
        }
        assert!(!fits("backend.test:443", &url) && !fits("app", &url) && !fits("unix:", &url));
        assert!(fits("10.0.0.0/8", &Address::Remote("https://10.1.2.3".into())));
        assert!(fits("[2001:db8::1]:8443", &Address::Remote("https://[2001:db8::1]:8443/".into())));
        assert!(AddressPattern::read("192.0.2.0/33").is_err() && AddressPattern::read("*:x").is_err());
    }

    #[test]
    fn names() {
        let fits = |pattern: &str, name: Option<&str>| NamePattern::read(pattern).matches(name);
        assert!(fits("a.test", Some("A.test")) && fits("*.a.test", Some("x.y.a.test")) && fits("", None));
        assert!(!fits("*.a.test", Some("a.test")) && !fits("*.a.test", Some("ba.test")) && !fits("a.test", None));
        assert!(fits("~^www", Some("~^www")) && fits("*.a.test", Some("*.a.test")) && !fits("", Some("a.test")));
    }
}
