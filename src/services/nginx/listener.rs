//! An address and the servers on it.

use super::model::Place;
use super::module::Section;
use super::names::Names;
use crate::endpoint::{Address, Transport};
use std::sync::Arc;

/// One address and the servers on it.
#[derive(Debug)]
pub(super) struct Listener {
    pub section: Section,
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
    pub engine: Option<Engine>,
    /// Has a `listen` set options of the socket, so that it is opened beside one of all addresses?
    pub options: bool,
    pub reuseport: bool,
    /// An IPv6 socket that takes IPv4 too.
    pub dual: bool,
    /// Another module listens there too, and the system hands it some of the connections.
    pub rival: bool,
    pub names: Names,
    /// For each name that counts: its server, and the name.
    pub named: Vec<(usize, Arc<str>)>,
}

impl Listener {
    /// An address without servers.
    pub(super) fn new(section: Section, transport: Transport, address: Address) -> Listener {
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
            dual: false,
            rival: false,
            names: Names::default(),
            named: Vec::new(),
        }
    }
}

/// What makes a listener speak TLS.
#[derive(Clone, Copy, Debug)]
pub(super) enum Engine {
    /// `ssl` or `quic` on a `listen` line
    Listen(Place),
    /// `ssl on`
    Directive(Place),
    /// mail: `starttls`
    StartTls(Place),
}

impl Engine {
    pub(super) fn place(self) -> Place {
        match self {
            Engine::Listen(place) | Engine::Directive(place) | Engine::StartTls(place) => place,
        }
    }
}
