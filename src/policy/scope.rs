//! Which endpoints and lines a part of a policy is about.

use crate::endpoint::{Address, Role};
use globset::GlobMatcher;
use std::hash::Hash;
use std::net::IpAddr;
use std::path::Path;

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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum NamePattern {
    /// `""`: a client that sends no name
    Nameless,
    /// `*`: whatever name
    Any,
    /// `a.test`, or a name as the configuration spells it
    Exactly(String),
    /// `*.a.test`: all names below it
    Below(String),
}

impl NamePattern {
    /// `Err` says what is wrong.
    pub(super) fn read(text: &str) -> Result<NamePattern, String> {
        // A regular expression is spelt as in the configuration.
        if text.contains(char::is_whitespace) && !text.starts_with('~') {
            return Err("no server name has a blank in it: write several names as a list".to_owned());
        }
        if let Some(why) = never_sent(text) {
            return Err(format!("this fits no name: {why}"));
        }
        Ok(match text.strip_prefix('*') {
            _ if text.is_empty() => NamePattern::Nameless,
            Some("") => NamePattern::Any,
            Some(rest) if rest.len() > 1 && rest.starts_with('.') => NamePattern::Below(rest.to_lowercase()),
            _ => NamePattern::Exactly(text.to_lowercase()),
        })
    }

    /// Does it fit the name that a client sends? `None`: it stands for a pattern of the configuration, and that may.
    fn seen(&self, name: Option<&str>) -> Option<bool> {
        match (self, name) {
            (NamePattern::Exactly(wanted), Some(_)) if wanted.starts_with(['~', '.']) || wanted.ends_with('*') => None,
            _ => Some(self.matches(name)),
        }
    }

    fn matches(&self, name: Option<&str>) -> bool {
        match (self, name) {
            (NamePattern::Nameless, name) => name.is_none(),
            (_, None) => false,
            (NamePattern::Any, Some(_)) => true,
            (NamePattern::Exactly(wanted), Some(name)) => name.to_lowercase() == *wanted,
            (NamePattern::Below(end), Some(name)) => name.to_lowercase().ends_with(end),
        }
    }
}

/// Why no client sends a name, nor any configuration has a pattern that is spelt so.
fn never_sent(text: &str) -> Option<&'static str> {
    if let Some(regex) = text.strip_prefix('~') {
        return regex.is_empty().then_some("nothing follows the `~` of a regular expression");
    }
    // An address in brackets has colons of its own.
    let odd = |c: char| matches!(c, '/' | ',' | ';' | '@') || c == ':' && !text.starts_with('[');
    match text.find(odd).map(|at| text.as_bytes()[at]) {
        Some(b':') if text.contains("://") => Some("write the host of the URL alone"),
        Some(b':') => Some("no server name has a port: that goes to `address`, as `*:443`"),
        Some(b',' | b';') => Some("write several names as a list"),
        Some(_) => Some("no server name has a `/` or an `@`"),
        None if text == "*." || text == "." => Some("nothing follows the dot"),
        None if text.contains("..") => Some("no server name has two dots in a row"),
        None => None,
    }
}

/// A pattern for addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum AddressPattern {
    /// `*`: whatever address
    Any,
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
        if text == "*" {
            return Ok(AddressPattern::Any);
        }
        if text.contains(char::is_whitespace) {
            return Err("no address has a blank in it: write several addresses as a list".to_owned());
        }
        if let Some(text) = text.strip_prefix("*:") {
            return Ok(AddressPattern::Port(port(text)?));
        }
        if text.contains('*') {
            return Err(
                "this fits no address: `*` is whatever address, and `*:443` that port on whatever address".into()
            );
        }
        // A URL or a variable is spelt as in the configuration.
        if text.contains("://") || text.contains('$') {
            return Ok(AddressPattern::Remote(text.to_owned()));
        }
        match text.strip_prefix('[') {
            Some(rest) => in_brackets(text, rest),
            None => bare(text),
        }
    }

    fn matches(&self, address: &Address) -> bool {
        match (self, address) {
            (AddressPattern::Any, _) => true,
            (AddressPattern::Port(wanted), Address::Any(port) | Address::Ip(_, port)) => wanted == port,
            (AddressPattern::Net(base, bits, wanted), Address::Ip(ip, port)) => {
                wanted.is_none_or(|wanted| wanted == *port) && within(*base, *bits, *ip)
            }
            (AddressPattern::Unix(wanted), Address::Unix(path)) => wanted.is_empty() || wanted == path,
            (_, Address::Remote(text)) => self.is_remote(text),
            _ => false,
        }
    }

    /// Does it fit an address that was asked? `None`: it stands for a listener on all addresses, which may answer there.
    fn seen(&self, address: &Address) -> Option<bool> {
        let all = |base: &IpAddr, bits: u8| base.is_unspecified() && bits == if base.is_ipv4() { 32 } else { 128 };
        match (self, address) {
            (AddressPattern::Net(base, bits, port), Address::Ip(_, asked)) if all(base, *bits) => {
                port.is_some_and(|port| port != *asked).then_some(false)
            }
            (AddressPattern::Remote(_), _) => Some(false),
            _ => Some(self.matches(address)),
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
            AddressPattern::Any => true,
            AddressPattern::Unix(_) => false,
        }
    }
}

/// `443`
fn port(text: &str) -> Result<u16, String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let port = text.parse::<u16>().ok().filter(|port| digits && *port > 0);
    port.ok_or_else(|| format!("`{}` is not a port", text.escape_debug()))
}

/// `[2001:db8::1]`, `[2001:db8::1]:443`, `[fe80::1%eth0]:443`: `rest` is what follows the bracket.
fn in_brackets(text: &str, rest: &str) -> Result<AddressPattern, String> {
    let (inside, behind) = rest.split_once(']').ok_or_else(|| no_address(text))?;
    let wanted = match behind.strip_prefix(':') {
        Some(number) => Some(port(number)?),
        None if behind.is_empty() => None,
        None => return Err(no_address(text)),
    };
    // A zone is more than an address.
    if inside.contains('%') {
        return Ok(AddressPattern::Remote(text.to_owned()));
    }
    match network(inside) {
        Some(read) => read.map(|(base, bits)| AddressPattern::Net(base, bits, wanted)),
        None => Err(no_address(inside)),
    }
}

/// An address without brackets, or the name of another server, with or without a port.
fn bare(text: &str) -> Result<AddressPattern, String> {
    // One of IPv6 has no port here: nobody could tell it from the address.
    if text.matches(':').count() > 1 {
        let read = network(text).ok_or_else(|| no_address(text))?;
        return read.map(|(base, bits)| AddressPattern::Net(base, bits, None));
    }
    let authority_end = text.find('/').unwrap_or(text.len());
    let is_number = |host: &str| host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let host = text[..authority_end].split(':').next().unwrap_or_default();
    if !is_number(host) {
        let wanted = text[..authority_end].split_once(':').map(|(_, number)| port(number)).transpose();
        let is_host = !host.contains(['[', ']']);
        return if is_host { wanted.map(|_| AddressPattern::Remote(text.to_owned())) } else { Err(no_address(text)) };
    }
    let (ip, number) = text.split_once(':').map_or((text, None), |(ip, number)| (ip, Some(number)));
    if !ip.contains(['.', '/']) {
        let number = number.filter(|_| ip.is_empty()).unwrap_or(ip);
        return Err(match port(number) {
            Ok(port) => format!("this fits no address: write `*:{port}` for a port"),
            Err(_) => no_address(text),
        });
    }
    let (base, bits) = network(ip).ok_or_else(|| no_address(ip))??;
    Ok(AddressPattern::Net(base, bits, number.map(port).transpose()?))
}

/// `192.0.2.1`, `192.0.2.0/24`; none: it is no address.
fn network(text: &str) -> Option<Result<(IpAddr, u8), String>> {
    let (base, bits) = text.split_once('/').map_or((text, None), |(base, bits)| (base, Some(bits)));
    let base: IpAddr = base.parse().ok()?;
    let most = if base.is_ipv4() { 32 } else { 128 };
    let digits = |text: &&str| text.bytes().all(|b| b.is_ascii_digit());
    Some(match bits {
        None => Ok((base, most)),
        Some(bits) => match Some(bits).filter(digits).and_then(|bits| bits.parse::<u8>().ok()) {
            Some(bits) if bits <= most => Ok((base, bits)),
            _ => Err(format!("a network of this kind has 0 to {most} bits")),
        },
    })
}

fn no_address(text: &str) -> String {
    format!(
        "`{}` is not an address: write `192.0.2.1`, `192.0.2.0/24` or `2001:db8::1`, and with a port `192.0.2.1:443` or \
         `[2001:db8::1]:443`",
        text.split('/').next().unwrap_or_default().escape_debug()
    )
}

/// Is the address in the network? All addresses of a family are in the network of all of them only, and in none that
/// begins with the same digits.
fn within(base: IpAddr, bits: u8, ip: IpAddr) -> bool {
    let whole = if base.is_ipv4() { 32 } else { 128 };
    if ip.is_unspecified() && bits != 0 && bits != whole {
        return false;
    }
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
    /// What it says: scopes that say the same fit the same.
    pub fn sayings(&self) -> impl Eq + Hash + use<> {
        let paths: Vec<String> = self.paths.iter().map(|(text, _)| text.clone()).collect();
        (self.services.clone(), paths, self.names.clone(), self.addresses.clone(), self.roles.clone())
    }

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

    /// Is a server meant of which only handshakes know, at an address that is asked for a name? `None`: that depends on what
    /// no handshake shows, which is its service, its files, or how its configuration writes address and name.
    pub(super) fn seen(&self, address: &Address, name: Option<&str>) -> Option<bool> {
        if !self.roles.is_empty() && !self.roles.contains(&Role::Listener) {
            return Some(false);
        }
        let names = any(&self.names, |pattern| pattern.seen(name));
        let addresses = any(&self.addresses, |pattern| pattern.seen(address));
        match (names, addresses) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) if self.services.is_empty() && self.paths.is_empty() => Some(true),
            _ => None,
        }
    }

    /// May something of that service be meant?
    pub fn may_mean(&self, service: &str) -> bool {
        self.services.is_empty() || self.services.iter().any(|one| one == service)
    }

    /// The names that are meant, where those are single ones.
    pub(super) fn exact_names(&self) -> Option<&[NamePattern]> {
        let single = |name: &NamePattern| !matches!(name, NamePattern::Any | NamePattern::Below(_));
        (!self.names.is_empty() && self.names.iter().all(single)).then_some(&self.names)
    }

    /// Can no endpoint be meant by both? Only what is certain counts.
    pub(super) fn is_apart(&self, other: &Scope) -> bool {
        let names = self.exact_names().zip(other.exact_names()).is_some_and(|(one, other)| apart(one, other));
        let whole = |addresses: &[AddressPattern]| {
            addresses.iter().all(|address| match address {
                AddressPattern::Net(base, bits, port) => {
                    port.is_some() && *bits == if base.is_ipv4() { 32 } else { 128 }
                }
                AddressPattern::Unix(path) => !path.is_empty(),
                AddressPattern::Any | AddressPattern::Port(_) | AddressPattern::Remote(_) => false,
            })
        };
        let addresses = whole(&self.addresses) && whole(&other.addresses) && apart(&self.addresses, &other.addresses);
        apart(&self.services, &other.services) || apart(&self.roles, &other.roles) || names || addresses
    }
}

/// Does one of the patterns fit? None at all fit everything; `None`: one may.
fn any<P>(patterns: &[P], fits: impl Fn(&P) -> Option<bool>) -> Option<bool> {
    let all: Vec<Option<bool>> = patterns.iter().map(fits).collect();
    if patterns.is_empty() || all.contains(&Some(true)) {
        return Some(true);
    }
    if all.contains(&None) { None } else { Some(false) }
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
        for pattern in ["192.0.2.11", "192.0.2.10:444", "192.0.3.0/24", "*:80", "::/0", "unix:"] {
            assert!(!fits(pattern, &listener), "{pattern}");
        }
        // All addresses of a family are its network of all, and themselves, but no smaller network and no single one.
        let all = Address::Ip("0.0.0.0".parse().unwrap(), 443);
        for pattern in ["0.0.0.0/0", "0.0.0.0/0:443", "0.0.0.0", "0.0.0.0:443", "*:443", "*"] {
            assert!(fits(pattern, &all), "{pattern}");
        }
        for pattern in ["0.0.0.0/8", "0.0.0.0/1", "::/0", "192.0.2.1", "0.0.0.0/0:444"] {
            assert!(!fits(pattern, &all), "{pattern}");
        }
        assert!(fits("::/0", &Address::Ip("::".parse().unwrap(), 443)));
        // Those of both families are in no network.
        assert!(!fits("0.0.0.0/0", &Address::Any(443)) && !fits("::/0", &Address::Any(443)));
        for address in [listener.clone(), Address::Any(1), Address::Unix("/a".into()), Address::Remote("a".into())] {
            assert!(fits("*", &address), "{address}");
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
        for wrong in [
            "192.0.2.0/33",
            "*:x",
            "999.1.1.1",
            "999.1.1.1:443",
            "192.0.2",
            "192.0.2.0.0/24",
            "2001:db8::1::2",
            "[::g]:443",
            "[2001:db8::]/32",
            "192.0.2.1 ",
            "192.0.2.1, 192.0.2.2",
            "*:0",
            "*443",
            "*.a.test",
            ":443",
            "443",
            "443:443",
            "[2001:db8::1]443",
            "[2001:db8::1",
            "[192.0.2.1]:",
            "192.0.2.1:",
            "192.0.2.1:+443",
            "192.0.2.1:0",
            "192.0.2.1:65536",
            "192.0.2.0/+24",
            "192.0.2.0/",
            "2001:db8::/129",
            "backend:x",
            "backend:70000",
            "a.test:",
            "a:b:c",
            "",
        ] {
            assert!(AddressPattern::read(wrong).is_err(), "{wrong}");
        }
        for remote in [
            "cafe:443",
            "backend",
            "1a",
            "[fe80::1%eth0]:443",
            "https://a.test:1/b:c",
            "unix:/a b",
            "$backend",
            "$a:$b",
        ] {
            assert!(AddressPattern::read(remote).is_ok(), "{remote}");
        }
    }

    #[test]
    fn names() {
        let fits = |pattern: &str, name: Option<&str>| NamePattern::read(pattern).unwrap().matches(name);
        assert!(fits("a.test", Some("A.test")) && fits("*.a.test", Some("x.y.a.test")) && fits("", None));
        assert!(!fits("*.a.test", Some("a.test")) && !fits("*.a.test", Some("ba.test")) && !fits("a.test", None));
        assert!(fits("*", Some("a.test")) && fits("*", Some("*")) && !fits("*", None));
        assert!(fits("~^a b", Some("~^a b")) && NamePattern::read("a b").is_err());
        for wrong in [
            "a.test:443",
            "https://a.test",
            "a.test/x",
            "a.test,b.test",
            "a.test;",
            "me@a.test",
            "~",
            "*.",
            ".",
            "a..b",
            "*..b",
            "::1",
        ] {
            assert!(NamePattern::read(wrong).is_err(), "{wrong}");
        }
        for right in ["www.*", ".a.test", "a.test.", "*a.test", "www.*.test", "_", "[::1]", "~/:;", "$hostname"] {
            assert!(fits(right, Some(right)), "{right}");
        }
        assert!(fits("~^www", Some("~^www")) && fits("*.a.test", Some("*.a.test")) && !fits("", Some("a.test")));
    }
}
