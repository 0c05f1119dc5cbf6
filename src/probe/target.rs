//! What is probed: a place, the name that is sent, and how TLS is reached there.

use super::name::Name;
use super::place::Place;
use super::starttls::StartTls;
use super::wire::GLANCE;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The host behind a Unix-domain socket.
const LOCAL: &str = "localhost";
/// The longest path that the address of a socket has room for, on Linux, with the 0 at its end.
const LONGEST_PATH: usize = 107;
/// So many addresses of one name are probed at most: who controls the name decides how many it has.
const MOST_ADDRESSES: usize = 32;
/// The port where none is given.
const HTTPS: u16 = 443;

/// An endpoint to probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As the user wrote it.
    pub label: String,
    /// Where it is.
    pub place: Place,
    /// The name that is sent; none: no name.
    pub name: Option<Name>,
    /// The host that is meant, as a name or an address: for protocols that want a domain, and what the certificate has
    /// to be for, where no name is sent.
    pub domain: String,
    /// The application protocols that every hello offers (ALPN); none: it offers none.
    pub alpn: Vec<String>,
    /// The dialogue before TLS.
    pub starttls: Option<StartTls>,
    /// Says first for whom it speaks, as a balancer would (PROXY protocol).
    pub proxy: bool,
}

impl Target {
    /// TLS at once, and no name.
    pub fn at(place: Place) -> Target {
        let label = place.to_string();
        let domain = match &place {
            Place::Ip(address) => address.ip().to_string(),
            Place::Unix(_) => LOCAL.to_owned(),
        };
        Target { label, place, name: None, domain, alpn: Vec::new(), starttls: None, proxy: false }
    }

    /// Is it on this machine?
    pub fn is_loopback(&self) -> bool {
        match &self.place {
            Place::Ip(address) => address.ip().to_canonical().is_loopback(),
            Place::Unix(_) => true,
        }
    }
}

/// Is it an address of this machine?
#[expect(clippy::disallowed_methods, reason = "a socket that nothing is sent from")]
pub fn is_here(ip: IpAddr) -> bool {
    // Nothing is sent: the system says whether the address is its own.
    ip.to_canonical().is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

/// A port as users write it. The library would take a sign too.
pub fn port(text: &str) -> Option<u16> {
    let port = text.parse().ok()?;
    (port > 0 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(port)
}

/// What a user wrote: a host and a port, or a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A host, by name or address, and its port. An address of one interface has that too: `fe80::1%eth0`.
    Host(String, u16),
    /// A Unix-domain socket.
    Unix(PathBuf),
}

impl Wanted {
    /// Reads `HOST`, `HOST:PORT`, `[::1]:443`, `[fe80::1%eth0]:443`, `::1` or `unix:/run/x.sock`.
    pub fn parse(text: &str) -> Result<Wanted, String> {
        let wrong = || format!("\"{text}\" is not HOST[:PORT]; for example www.example:443 or [::1]:443");
        if let Some(path) = text.strip_prefix("unix:") {
            return match path.len() {
                0 => Err(wrong()),
                1..=LONGEST_PATH if path.contains('\0') => Err(wrong()),
                1..=LONGEST_PATH => Ok(Wanted::Unix(PathBuf::from(path))),
                _ => Err(format!("\"{text}\": the path is too long for a socket ({LONGEST_PATH} bytes at most)")),
            };
        }
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("\"{text}\" looks like a port; write it after the host, as in www.example:{text}"));
        }
        if text.contains("://") {
            return Err(format!("\"{text}\" is a URL; write HOST[:PORT]"));
        }
        if text.contains(',') || text.trim().contains(char::is_whitespace) {
            return Err(format!("\"{text}\" is no single host; write each as an argument or a line of its own"));
        }
        if text.parse::<IpAddr>().is_ok() || is_scoped(text) {
            return Ok(Wanted::Host(text.to_owned(), HTTPS));
        }
        if text.starts_with('[') && !text.contains(']') {
            return Err(format!("\"{text}\": the bracket is not closed; for example [::1]:443"));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, number)) if !host.ends_with(':') && (!host.contains(':') || host.ends_with(']')) => {
                (host, port(number).ok_or_else(wrong)?)
            }
            Some((_, port)) if text.ends_with(']') && port.ends_with(']') => (text, HTTPS),
            Some(_) => return Err(format!("\"{text}\": write an IPv6 address in brackets: [::1]:443")),
            None => (text, HTTPS),
        };
        match host.strip_prefix('[') {
            Some(rest) => {
                let address = rest.strip_suffix(']').ok_or_else(wrong)?;
                let known = address.parse::<Ipv6Addr>().is_ok() || is_scoped(address);
                if known { Ok(Wanted::Host(address.to_owned(), port)) } else { Err(wrong()) }
            }
            None if host.parse::<IpAddr>().is_ok() => Ok(Wanted::Host(host.to_owned(), port)),
            None => Name::parse(host).map(|name| Wanted::Host(name.as_str().to_owned(), port)),
        }
    }

    /// The port, where there is one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Wanted::Host(_, port) => Some(*port),
            Wanted::Unix(_) => None,
        }
    }

    /// The name that a client would send.
    pub fn name(&self) -> Option<Name> {
        match self {
            Wanted::Host(host, _) => Name::parse(host).ok(),
            Wanted::Unix(_) => None,
        }
    }

    /// The host that is meant. No certificate and no protocol knows our interfaces.
    pub fn domain(&self) -> &str {
        match self {
            Wanted::Host(host, _) => host.split('%').next().unwrap_or_default(),
            Wanted::Unix(_) => LOCAL,
        }
    }

    /// All places that it is; the error says why there is none. Waits no longer once `stop` is set.
    pub fn places(&self, patience: Duration, stop: &AtomicBool) -> Result<Vec<Place>, String> {
        let (host, port) = match self {
            Wanted::Unix(path) => return Ok(vec![Place::Unix(path.clone())]),
            Wanted::Host(host, port) => (host.clone(), *port),
        };
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![Place::Ip(SocketAddr::new(ip, port))]);
        }
        // The resolver has no limit of time of its own that could be set. It also knows the numbers of interfaces.
        let (send, receive) = mpsc::channel();
        let question = host.clone();
        std::thread::spawn(move || {
            let answer = (question.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
            // Who asked may have lost patience.
            let _gone = send.send(answer);
        });
        let end = Instant::now() + patience;
        let found = loop {
            let left = end.saturating_duration_since(Instant::now());
            match receive.recv_timeout(left.min(GLANCE)) {
                Ok(Ok(found)) => break found,
                Ok(Err(_)) if host.contains('%') => {
                    return Err(format!("{host} is no address of an interface of this machine"));
                }
                Ok(Err(_)) => return Err(format!("the name {host} can't be resolved")),
                Err(_) if left.is_zero() || stop.load(Ordering::Relaxed) => {
                    return Err(format!("the name {host} was not resolved in time"));
                }
                Err(_) => {}
            }
        };
        let mut places: Vec<Place> = Vec::new();
        for address in found {
            if !places.contains(&Place::Ip(address)) {
                places.push(Place::Ip(address));
            }
        }
        if places.is_empty() { Err(format!("the name {host} has no address")) } else { Ok(places) }
    }
}

/// The places that are probed, and what to say of the others, if there are any.
pub fn capped(mut places: Vec<Place>) -> (Vec<Place>, Option<String>) {
    let left = places.len().saturating_sub(MOST_ADDRESSES);
    places.truncate(MOST_ADDRESSES);
    let more = || format!("{left} more addresses of this name are not probed: {MOST_ADDRESSES} at most");
    (places, (left > 0).then(more))
}

/// Is it an IPv6 address at one interface: `fe80::1%eth0`?
fn is_scoped(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"%[]/".contains(&byte);
    text.split_once('%').is_some_and(|(address, interface)| {
        address.parse::<Ipv6Addr>().is_ok() && !interface.is_empty() && interface.bytes().all(plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_as_typed() {
        let host = |host: &str, port| Ok(Wanted::Host(host.to_owned(), port));
        assert_eq!(Wanted::parse("www.example"), host("www.example", 443));
        assert_eq!(Wanted::parse("www.example:8443"), host("www.example", 8443));
        assert_eq!(Wanted::parse("192.0.2.1:25"), host("192.0.2.1", 25));
        assert_eq!(Wanted::parse("[::1]:443"), host("::1", 443));
        assert_eq!(Wanted::parse("[::1]"), host("::1", 443));
        assert_eq!(Wanted::parse("::1"), host("::1", 443));
        assert_eq!(Wanted::parse("unix:/run/x.sock"), Ok(Wanted::Unix("/run/x.sock".into())));
        for wrong in
            ["", "a:b", "a:0", "a:65536", "[::1]x:443", "[a]:443", "https://a.example/", "unix:", "a b", ":443"]
        {
            assert!(Wanted::parse(wrong).is_err(), "{wrong}");
        }
        for (wrong, message) in [
            ("fe80::1:443:zz", "brackets"),
            ("a:1,b:1", "write each as an argument or a line of its own"),
            ("a.example 443", "write each as an argument or a line of its own"),
            ("[::1", "the bracket is not closed"),
            ("[::1:443", "the bracket is not closed"),
            ("127.0.0.1:+443", "is not HOST[:PORT]"),
            ("127.0.0.1:", "is not HOST[:PORT]"),
            ("27002", "looks like a port"),
            ("[fe80::1%]:443", "is not HOST[:PORT]"),
            ("[192.0.2.1%lo]:443", "is not HOST[:PORT]"),
            ("[fe80::1%a%b]:443", "is not HOST[:PORT]"),
        ] {
            let said = Wanted::parse(wrong).unwrap_err();
            assert!(said.contains(message), "{wrong}: {said}");
        }
        let path = |bytes: usize| format!("unix:/{}", "x".repeat(bytes - 1));
        assert!(Wanted::parse(&path(107)).is_ok());
        let said = Wanted::parse(&path(108)).unwrap_err();
        assert!(said.ends_with("the path is too long for a socket (107 bytes at most)"), "{said}");
        assert_eq!(Wanted::parse("192.0.2.1").unwrap().name(), None);
    }

    #[test]
    fn many_addresses_are_cut_short_and_told() {
        let places = |count: u8| (0..count).map(|last| Place::Ip(([127, 0, 0, last], 443).into())).collect::<Vec<_>>();
        assert_eq!(capped(places(32)), (places(32), None));
        let more = "8 more addresses of this name are not probed: 32 at most".to_owned();
        assert_eq!(capped(places(40)), (places(32), Some(more)));
    }

    #[test]
    fn addresses_of_one_interface() {
        let places = |text: &str| {
            let wanted = Wanted::parse(text).expect("a host");
            assert_eq!((wanted.name(), wanted.domain()), (None, "fe80::1"), "{text}");
            wanted.places(Duration::from_secs(10), &AtomicBool::new(false))
        };
        // The number needs no interface of that number.
        let at = |port| Place::Ip(std::net::SocketAddrV6::new("fe80::1".parse().unwrap(), port, 0, 7654).into());
        assert_eq!(places("[fe80::1%7654]:8443"), Ok(vec![at(8443)]));
        assert_eq!(places("[fe80::1%7654]"), Ok(vec![at(443)]));
        assert_eq!(places("fe80::1%7654"), Ok(vec![at(443)]));
        let none = "fe80::1%nope is no address of an interface of this machine";
        assert_eq!(places("[fe80::1%nope]:443"), Err(none.to_owned()));
    }
}
