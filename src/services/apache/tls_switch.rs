//! Whether a server has TLS on.

use super::model::{EngineState, Model};
use super::part::versions_not_here;
use super::protocol::ProtocolRules;
use super::scope::{MAIN, ServerId};
use crate::endpoint::Unknown;
use crate::services::place::Place;
use crate::topic::Topic;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Whether TLS is on, and what decided that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TlsSwitch {
    pub(super) state: SwitchState,
    /// The directive that decided; none: nothing turns it on.
    pub(super) place: Option<Place>,
    pub(super) note: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SwitchState {
    On,
    Off,
    Unclear(Unknown),
}

/// The listeners by address; for https, with the place.
pub(super) type Https = BTreeMap<SocketAddr, Option<Place>>;

/// The listeners that were read, with the place of those for https. A wildcard equals only the wildcard of its kind.
pub(super) fn collect_https_listeners(model: &Model) -> Https {
    let place = |listen: &usize| {
        let listen = &model.listens[*listen];
        (listen.protocol == "https").then_some(listen.place)
    };
    model.announced.iter().map(|(address, listen)| (*address, place(listen))).collect()
}

impl TlsSwitch {
    pub(super) fn is_on(&self) -> bool {
        self.state == SwitchState::On
    }

    /// The state of a server.
    pub(super) fn of(model: &Model, build: ProtocolRules, https: &Https, server: ServerId) -> TlsSwitch {
        let own = &model.servers[server];
        let main = &model.servers[MAIN];
        if let Some((name, place)) = own.other_engine.as_ref().or(main.other_engine.as_ref()) {
            let unknown = Unknown {
                topic: Topic::about("other-module", name.clone()),
                span: Some(place.span),
                what: format!("TLS comes from another module than mod_ssl here ({name})"),
                help: "check its versions by hand".to_owned(),
            };
            return TlsSwitch {
                state: SwitchState::Unclear(unknown),
                place: Some(*place),
                note: "another module than mod_ssl",
            };
        }
        if let Some((engine, place)) = own.engine.as_ref().or(main.engine.as_ref()) {
            let inherited = own.engine.is_none() && server != MAIN;
            let (state, note) = match engine {
                EngineState::On if inherited => (SwitchState::On, "turns TLS on, inherited from the server level"),
                EngineState::On => (SwitchState::On, "turns TLS on"),
                EngineState::Off => (SwitchState::Off, "turns TLS off"),
                EngineState::Optional if build.optional_is_off == Some(true) => {
                    (SwitchState::Off, "optional means off")
                }
                EngineState::Optional => (SwitchState::Off, "optional: TLS only after an HTTP upgrade"),
                EngineState::Unclear(unknown) => (SwitchState::Unclear(unknown.clone()), "depends on a variable"),
            };
            return TlsSwitch { state, place: Some(*place), note };
        }
        match automatic(model, https, server) {
            Some((place, note)) => TlsSwitch { state: SwitchState::On, place: Some(place), note },
            None if model.is_part && own.addresses.iter().any(|address| address.port == 443) => {
                let state = SwitchState::Unclear(versions_not_here("SSLEngine"));
                TlsSwitch { state, place: own.head, note: "the server level may turn TLS on" }
            }
            None => TlsSwitch { state: SwitchState::Off, place: None, note: "nothing turns TLS on" },
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
