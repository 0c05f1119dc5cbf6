//! An address and the servers on it.

use super::model::Model;
use super::module::ListenModule;
use super::names::ListenerNames;
use super::values::mail_protocol;
use crate::endpoint::{Address, Preface, Transport};
use crate::services::place::Place;
use std::sync::Arc;

/// One address and the servers on it.
#[derive(Debug)]
pub(super) struct Listener {
    pub section: ListenModule,
    pub transport: Transport,
    pub address: Arc<Address>,
    /// Servers of the model, in the order of reading.
    pub servers: Vec<usize>,
    /// Where each of them listens; `None`: no `listen` directive, the built-in one.
    pub listens: Vec<Option<Place>>,
    /// Which of them is the default.
    pub default: usize,
    /// The `listen` that says so.
    pub flag: Option<Place>,
    /// What makes it TLS; none: plaintext.
    pub engine: Option<TlsTrigger>,
    /// Has a `listen` set options of the socket, so that it is opened beside one of all addresses?
    pub options: bool,
    pub reuseport: bool,
    /// One `listen` of the address that has `proxy_protocol` turns it on for all of them (`ngx_http_add_addresses`).
    pub proxy_header: bool,
    /// An IPv6 socket that takes IPv4 too.
    pub dual: bool,
    /// Another module listens there too, and the system hands it some of the connections.
    pub rival: bool,
    pub names: ListenerNames,
    /// For each name that counts: its server, and the name.
    pub named: Vec<(usize, Arc<str>)>,
}

impl Listener {
    /// An address without servers.
    pub(super) fn new(section: ListenModule, transport: Transport, address: Address) -> Listener {
        Listener {
            section,
            transport,
            address: address.into(),
            servers: Vec::new(),
            listens: Vec::new(),
            default: 0,
            flag: None,
            engine: None,
            options: false,
            reuseport: false,
            proxy_header: false,
            dual: false,
            rival: false,
            names: ListenerNames::default(),
            named: Vec::new(),
        }
    }
}

impl Listener {
    /// What comes before TLS.
    pub(super) fn preface(&self, model: &Model) -> Preface {
        let dialogue = || {
            let server = &model.servers[*self.servers.get(self.default)?];
            let said = model.scopes_around(server.scope).find_map(|scope| model.scopes[scope].mail.protocol);
            said.or_else(|| match *self.address {
                Address::Ip(_, port) | Address::Any(port) => mail_protocol(port),
                Address::Unix(_) | Address::Remote(_) => None,
            })
        };
        let starttls = matches!(self.engine, Some(TlsTrigger::StartTls(_))).then(dialogue).flatten();
        Preface { proxy_header: self.proxy_header, starttls }
    }
}

/// What makes a listener speak TLS.
#[derive(Clone, Copy, Debug)]
pub(super) enum TlsTrigger {
    /// `ssl` or `quic` on a `listen` line
    Listen(Place),
    /// `ssl on`
    Directive(Place),
    /// mail: `starttls`
    StartTls(Place),
}

impl TlsTrigger {
    pub(super) fn place(self) -> Place {
        match self {
            TlsTrigger::Listen(place) | TlsTrigger::Directive(place) | TlsTrigger::StartTls(place) => place,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::endpoint::{Dialogue, Preface};
    use crate::host::Facts;
    use crate::services::nginx::Nginx;
    use crate::services::service::{Service, World};
    use crate::source::SourceMap;
    use crate::system::MemorySystem;
    use std::path::Path;

    fn prefaces(text: &str) -> Vec<(String, Preface)> {
        let system = MemorySystem::with_files([("/etc/nginx/nginx.conf", text)]);
        let (facts, mut sources) = (Facts::unknown(), SourceMap::default());
        let world = World { system: &system, facts: &facts };
        let resolved = Nginx.load(Path::new("/etc/nginx/nginx.conf"), world, &mut sources);
        resolved.instance().endpoints.iter().map(|one| (one.address.to_string(), one.preface)).collect()
    }

    #[test]
    fn a_balancer_or_a_dialogue_comes_first() {
        let text = "events {} mail { auth_http 127.0.0.1; ssl_certificate a; ssl_certificate_key a; starttls on;
            server { listen 127.0.0.1:1; protocol imap; }
            server { listen 127.0.0.1:25; }
            server { listen 127.0.0.1:2 proxy_protocol; protocol pop3; starttls only; }
            server { listen 127.0.0.1:993 ssl; starttls off; }
            server { listen 127.0.0.1:110; starttls off; } }
            http { ssl_certificate a; ssl_certificate_key a;
            server { listen 127.0.0.1:3 ssl; }
            server { listen 127.0.0.1:3 ssl proxy_protocol; server_name a.test; } }";
        let after = |starttls| Preface { proxy_header: false, starttls: Some(starttls) };
        let header = Preface { proxy_header: true, starttls: None };
        let expected = [
            ("127.0.0.1:1", after(Dialogue::Imap)),
            ("127.0.0.1:2", Preface { proxy_header: true, ..after(Dialogue::Pop3) }),
            ("127.0.0.1:25", after(Dialogue::Smtp)),
            ("127.0.0.1:3", header),
            ("127.0.0.1:3", header),
            ("127.0.0.1:993", Preface::default()),
            ("127.0.0.1:110", Preface::default()),
        ];
        let (mut found, mut expected) = (prefaces(text), expected.map(|(at, what)| (at.to_owned(), what)).to_vec());
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }
}
