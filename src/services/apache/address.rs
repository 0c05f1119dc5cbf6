//! Addresses as `Listen` and `<VirtualHost>` write them.

use super::model::HostAddress;
use crate::host::Facts;
use crate::services::numeric;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// An address that was taken apart (`apr_parse_addr_port`).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    host: Option<String>,
    port: Option<u16>,
}

/// Takes `HOST`, `PORT`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT` apart; `None`: it is not valid.
fn split_parts(text: &str) -> Option<Parts> {
    let stem = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &text[stem.len()..];
    let port = || digits.parse().ok().filter(|port| *port != 0);
    let host = match stem.strip_suffix(':') {
        _ if stem.is_empty() => return Some(Parts { host: None, port: Some(port()?) }),
        Some("") => return None,
        Some(host) if !digits.is_empty() => host,
        _ => text,
    };
    let port = if host.len() == text.len() { None } else { Some(port()?) };
    let host = match host.strip_prefix('[') {
        Some(rest) => {
            // A zone (`%eth0`) does not change which address it is.
            let address = rest.strip_suffix(']')?.split('%').next()?;
            address.parse::<std::net::Ipv6Addr>().ok()?.to_string()
        }
        None => host.to_owned(),
    };
    Some(Parts { host: Some(host), port })
}

/// The addresses of a host; none where its name is not known.
fn addresses(host: &str, facts: &Facts) -> Vec<IpAddr> {
    let ip = if host.contains(':') { host.parse().ok() } else { numeric::parse_ipv4(host).map(IpAddr::V4) };
    match ip {
        Some(ip) => vec![ip],
        None => facts.hosts.get(&host.to_ascii_lowercase()).cloned().unwrap_or_default(),
    }
}

/// What a `Listen` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Listened {
    /// An address, or none for all, and a port.
    Addresses(Vec<Option<IpAddr>>, u16),
    /// A name that may be resolved on the host.
    Name(String),
}

/// Where a `Listen` listens. `Err`: httpd refuses it.
pub(super) fn listen(text: &str, facts: &Facts) -> Result<Listened, String> {
    if text.contains('%') {
        return Err("httpd can't listen on an address with a zone".to_owned());
    }
    let parts = split_parts(text).ok_or("invalid address or port")?;
    let port = parts.port.ok_or("port must be specified")?;
    let ips = match parts.host {
        None => vec![None],
        Some(host) if host == "*" => vec![None],
        Some(host) => {
            let ips = addresses(&host, facts);
            if ips.is_empty() && could_be_resolved(&host) {
                return Ok(Listened::Name(host));
            }
            if ips.is_empty() {
                return Err(format!("'{host}' is no address"));
            }
            ips.into_iter().map(Some).collect()
        }
    };
    Ok(Listened::Addresses(ips, port))
}

/// Does a text look like the name of a host? Numbers with dots do not: the library takes them for an address or nothing.
fn could_be_resolved(host: &str) -> bool {
    let usual = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    host.bytes().all(usual)
        && host.bytes().any(|b| b.is_ascii_alphabetic())
        && !host.contains("..")
        && host != "_default_"
}

/// An address of a virtual host, and what equals it among those of `Listen`.
pub(super) type HeadAddress = (HostAddress, Vec<SocketAddr>);

/// The addresses of one word in the head of a `<VirtualHost>`; none where the name can't be resolved (httpd ignores
/// such a word). `Err`: httpd refuses it.
pub(super) fn virtual_host(text: &str, default_port: u16, facts: &Facts) -> Result<Vec<HeadAddress>, String> {
    let (text, any_port) = match text.strip_suffix(":*") {
        Some(host) => (host, true),
        None => (text, text == "*"),
    };
    let parts = split_parts(text).ok_or("the address or port is invalid")?;
    let host = parts.host.ok_or("missing address for VirtualHost")?;
    let port = match parts.port {
        Some(port) => port,
        None if any_port => 0,
        None => default_port,
    };
    if host == "*" || host.eq_ignore_ascii_case("_default_") {
        let both = [IpAddr::from(Ipv4Addr::UNSPECIFIED), Ipv6Addr::UNSPECIFIED.into()];
        return Ok(vec![(HostAddress { ip: None, port }, both.map(|ip| SocketAddr::new(ip, port)).to_vec())]);
    }
    let ips = addresses(&host, facts).into_iter();
    Ok(ips
        .map(|ip| (HostAddress { ip: answers_to(ip), port }, vec![SocketAddr::new(ip.to_canonical(), port)]))
        .collect())
}

/// The local address of the connections for which an address is; none for a wildcard.
fn answers_to(ip: IpAddr) -> Option<IpAddr> {
    if ip.is_unspecified() {
        return None;
    }
    let plain = ip.to_canonical();
    // `[::ffff:0.0.0.0]` is no wildcard, and no connection comes to it.
    Some(if plain.is_unspecified() { ip } else { plain })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Result<Vec<HostAddress>, String> {
        let found = virtual_host(text, 7, &Facts::unknown());
        found.map(|addresses| addresses.into_iter().map(|(address, _)| address).collect())
    }

    #[test]
    fn heads_of_virtual_hosts() {
        let one = |ip: &str, port| Ok(vec![HostAddress { ip: ip.parse().ok(), port }]);
        assert_eq!(host("*"), one("", 0));
        assert_eq!(host("*:443"), one("", 443));
        assert_eq!(host("_DEFAULT_:*"), one("", 0));
        assert_eq!(host("_default_"), one("", 7));
        assert_eq!(host("0.0.0.0:443"), one("", 443));
        assert_eq!(host("0:443"), one("", 443));
        assert_eq!(host("[::]:443"), one("", 443));
        assert_eq!(host("10.0.0.1"), one("10.0.0.1", 7));
        assert_eq!(host("127.1:443"), one("127.0.0.1", 443));
        assert_eq!(host("[::ffff:10.0.0.1]:443"), one("10.0.0.1", 443));
        assert_eq!(host("[::ffff:0.0.0.0]:443"), one("::ffff:0.0.0.0", 443));
        assert_eq!(host("[fe80::1%eth0]:*"), one("fe80::1", 0));
        assert_eq!(host("localhost:443").map(|a| a.len()), Ok(2));
        assert_eq!(host("*:443,"), Ok(vec![]));
        assert_eq!(host("28443"), Err("missing address for VirtualHost".into()));
        assert!(host(":28443").is_err());
        assert!(host("[::1").is_err());
        assert!(host("*:65536").is_err());
    }

    #[test]
    fn wildcards_are_two_addresses_for_listeners() {
        let equals = |text: &str| {
            let found = virtual_host(text, 0, &Facts::unknown()).expect("an address");
            found.into_iter().flat_map(|(_, equals)| equals).map(|address| address.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(equals("_default_:443"), ["0.0.0.0:443", "[::]:443"]);
        assert_eq!(equals("0.0.0.0:443"), ["0.0.0.0:443"]);
        assert_eq!(equals("[::]:443"), ["[::]:443"]);
        assert_eq!(equals("[::ffff:7f00:1]:443"), ["127.0.0.1:443"]);
    }

    #[test]
    fn listeners() {
        let facts = Facts::unknown();
        let one = |ip: &str| Ok(Listened::Addresses(vec![ip.parse().ok()], 443));
        assert_eq!(listen("443", &facts), one(""));
        assert_eq!(listen("*:443", &facts), one(""));
        assert_eq!(listen("[::1]:443", &facts), one("::1"));
        assert_eq!(listen("0x7f.1:443", &facts), one("127.0.0.1"));
        assert_eq!(listen("127.0.0.1", &facts), Err("port must be specified".into()));
        assert!(listen("0", &facts).is_err());
        assert!(listen("256.0.0.1:443", &facts).is_err());
        assert!(listen("[::1%lo]:443", &facts).is_err());
        assert!(listen("_default_:443", &facts).is_err());
        assert_eq!(listen("nowhere.test:443", &facts), Ok(Listened::Name("nowhere.test".into())));
    }
}
