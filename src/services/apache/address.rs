//! Addresses as `Listen` and `<VirtualHost>` write them.

use super::model::HostAddress;
use crate::host::Facts;
use std::net::IpAddr;

/// An address that was taken apart (`apr_parse_addr_port`).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    host: Option<String>,
    port: Option<u16>,
}

/// Takes `HOST`, `PORT`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT` apart; `None`: it is not valid.
fn parts(text: &str) -> Option<Parts> {
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
    match host.parse() {
        Ok(ip) => vec![ip],
        Err(_) => facts.hosts.get(&host.to_ascii_lowercase()).cloned().unwrap_or_default(),
    }
}

/// Where a `Listen` listens: an address, or none for all, and a port. `Err`: httpd refuses it.
pub(super) fn listen(text: &str, facts: &Facts) -> Result<(Vec<Option<IpAddr>>, u16), String> {
    let parts = parts(text).ok_or("invalid address or port")?;
    let port = parts.port.ok_or("port must be specified")?;
    let ips = match parts.host.as_deref() {
        None | Some("*") => vec![None],
        Some(host) => {
            let ips = addresses(host, facts);
            if ips.is_empty() {
                return Err(format!("the address of '{host}' is not known"));
            }
            ips.into_iter().map(Some).collect()
        }
    };
    Ok((ips, port))
}

/// The addresses of one word in the head of a `<VirtualHost>`; none where the name can't be resolved (httpd ignores
/// such a word). `Err`: httpd refuses it.
pub(super) fn virtual_host(text: &str, default_port: u16, facts: &Facts) -> Result<Vec<HostAddress>, String> {
    let (text, any_port) = match text.strip_suffix(":*") {
        Some(host) => (host, true),
        None => (text, text == "*"),
    };
    let parts = parts(text).ok_or("the address or port is invalid")?;
    let host = parts.host.ok_or("missing address for VirtualHost")?;
    let port = match parts.port {
        Some(port) => port,
        None if any_port => 0,
        None => default_port,
    };
    if host == "*" || host.eq_ignore_ascii_case("_default_") {
        return Ok(vec![HostAddress { ip: None, port }]);
    }
    let ips = addresses(&host, facts).into_iter();
    Ok(ips.map(|ip| HostAddress { ip: Some(ip).filter(|ip| !ip.is_unspecified()), port }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Result<Vec<HostAddress>, String> {
        virtual_host(text, 7, &Facts::unknown())
    }

    #[test]
    fn heads_of_virtual_hosts() {
        let one = |ip: &str, port| Ok(vec![HostAddress { ip: ip.parse().ok(), port }]);
        assert_eq!(host("*"), one("", 0));
        assert_eq!(host("*:443"), one("", 443));
        assert_eq!(host("_DEFAULT_:*"), one("", 0));
        assert_eq!(host("_default_"), one("", 7));
        assert_eq!(host("0.0.0.0:443"), one("", 443));
        assert_eq!(host("[::]:443"), one("", 443));
        assert_eq!(host("10.0.0.1"), one("10.0.0.1", 7));
        assert_eq!(host("[fe80::1%eth0]:*"), one("fe80::1", 0));
        assert_eq!(host("localhost:443").map(|a| a.len()), Ok(2));
        assert_eq!(host("*:443,"), Ok(vec![]));
        assert_eq!(host("28443"), Err("missing address for VirtualHost".into()));
        assert!(host(":28443").is_err());
        assert!(host("[::1").is_err());
        assert!(host("*:65536").is_err());
    }

    #[test]
    fn listeners() {
        let facts = Facts::unknown();
        assert_eq!(listen("443", &facts), Ok((vec![None], 443)));
        assert_eq!(listen("*:443", &facts), Ok((vec![None], 443)));
        assert_eq!(listen("[::1]:443", &facts), Ok((vec!["::1".parse().ok()], 443)));
        assert_eq!(listen("127.0.0.1", &facts), Err("port must be specified".into()));
        assert!(listen("0", &facts).is_err());
        assert!(listen("nowhere.test:443", &facts).is_err());
    }
}
