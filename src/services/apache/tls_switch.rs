//! Whether a server has TLS on.

use super::model::{Engine, Model};
use super::part::versions_not_here;
use super::protocol::Build;
use super::scope::{MAIN, ServerId};
use crate::endpoint::Unknown;
use crate::services::place::Place;
use crate::topic::Topic;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Whether TLS is on, and what decided that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tls {
    pub(super) state: State,
    /// The directive that decided; none: nothing turns it on.
    pub(super) place: Option<Place>,
    pub(super) note: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    On,
    Off,
    Unclear(Unknown),
}

/// The listeners by address; for https, with the place.
pub(super) type Https = BTreeMap<SocketAddr, Option<Place>>;

/// The listeners that were read, with the place of those for https. A wildcard equals only the wildcard of its kind.
pub(super) fn https(model: &Model) -> Https {
    let place = |listen: &usize| {
        let listen = &model.listens[*listen];
        (listen.protocol == "https").then_some(listen.place)
    };
    model.announced.iter().map(|(address, listen)| (*address, place(listen))).collect()
}

impl Tls {
    pub(super) fn is_on(&self) -> bool {
        self.state == State::On
    }

    /// The state of a server.
    pub(super) fn of(model: &Model, build: Build, https: &Https, server: ServerId) -> Tls {
        let own = &model.servers[server];
        let main = &model.servers[MAIN];
        if let Some((name, place)) = own.other_engine.as_ref().or(main.other_engine.as_ref()) {
            let unknown = Unknown {
                topic: Topic::about("other-module", name.clone()),
                span: Some(place.span),
                what: format!("TLS comes from another module than mod_ssl here ({name})"),
                help: "check its versions by hand".to_owned(),
            };
            return Tls { state: State::Unclear(unknown), place: Some(*place), note: "another module than mod_ssl" };
        }
        if let Some((engine, place)) = own.engine.as_ref().or(main.engine.as_ref()) {
            let inherited = own.engine.is_none() && server != MAIN;
            let (state, note) = match engine {
                Engine::On if inherited => (State::On, "turns TLS on, inherited from the server level"),
                Engine::On => (State::On, "turns TLS on"),
                Engine::Off => (State::Off, "turns TLS off"),
                Engine::Optional if build.optional_is_off == Some(true) => (State::Off, "optional means off"),
                Engine::Optional => (State::Off, "optional: TLS only after an HTTP upgrade"),
                Engine::Unclear(unknown) => (State::Unclear(unknown.clone()), "depends on a variable"),
            };
            return Tls { state, place: Some(*place), note };
        }
        match automatic(model, https, server) {
            Some((place, note)) => Tls { state: State::On, place: Some(place), note },
            None if model.is_part && own.addresses.iter().any(|address| address.port == 443) => {
                let state = State::Unclear(versions_not_here("SSLEngine"));
                Tls { state, place: own.head, note: "the server level may turn TLS on" }
            }
            None => Tls { state: State::Off, place: None, note: "nothing turns TLS on" },
        }
    }
}

/// Where `SSLEngine` is not set, TLS goes on for a server that speaks https and has a certificate. The server level does
/// so by `Protocol https` alone: no listener has its address.
fn automatic(model: &Model, https: &Https, server: ServerId) -> Option<(Place, &'static str)> {
    let own = &model.servers[server];
    let main = &model.servers[MAIN];
    if own.certificates.is_empty() && main.certificates.is_empty() {
        return None;
    }
    if let Some((protocol, place)) = own.protocol.as_ref().or(main.protocol.as_ref()) {
        return (protocol == "https").then_some((*place, "Protocol https and a certificate turn TLS on"));
    }
    // Without a core directive the host has the protocol that was found for the server level, which is http.
    if server == MAIN || !own.has_core {
        return None;
    }
    // The first address that a listener has decides, whatever those of the others say.
    let place = own.listened.iter().find_map(|address| https.get(address)).copied().flatten()?;
    Some((place, "https on this address, and a certificate, turn TLS on"))
}
