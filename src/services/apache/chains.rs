//! Which virtual hosts may answer on an address.

use super::model::{HostAddress, Model};
use super::names::HostNames;
use super::scope::ServerId;
use crate::endpoint::Address;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

/// The virtual hosts of one address and port, in the order of reading. The first answers where no name matches.
#[derive(Debug, Default)]
pub(super) struct HostChain {
    pub(super) hosts: Vec<ServerId>,
    pub(super) names: HostNames,
    /// The names to report, with the place of their host in `hosts`: those that no earlier host answers to.
    pub(super) reported: Vec<(String, usize)>,
}

#[derive(Debug, Default)]
pub(super) struct HostChains {
    chains: BTreeMap<HostAddress, HostChain>,
}

impl HostChains {
    /// The chains of the virtual hosts that were read.
    pub(super) fn of(model: &Model) -> HostChains {
        let mut chains = HostChains::default();
        for (id, server) in model.servers.iter().enumerate().skip(1) {
            let addresses: BTreeSet<HostAddress> = server.addresses.iter().copied().collect();
            for address in addresses {
                chains.chains.entry(address).or_default().hosts.push(id);
            }
        }
        for chain in chains.chains.values_mut() {
            chain.index(model);
        }
        chains
    }

    /// The chain for connections to a local address; `None`: the server level answers.
    pub(super) fn find(&self, ip: IpAddr, port: u16) -> Option<(HostAddress, &HostChain)> {
        let ip = ip.to_canonical();
        let keys = [(Some(ip), port), (Some(ip), 0), (None, port), (None, 0)];
        keys.into_iter()
            .find_map(|(ip, port)| self.chains.get_key_value(&HostAddress { ip, port }))
            .map(|(k, c)| (*k, c))
    }

    /// The chain for the connections of a listener on `[::ffff:0.0.0.0]`, all of which have this local address.
    pub(super) fn of_mapped_any(&self, port: u16) -> Option<(HostAddress, &HostChain)> {
        let mapped = Some(IpAddr::V6(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped()));
        let keys = [(mapped, port), (mapped, 0), (None, port), (None, 0)].map(|(ip, port)| HostAddress { ip, port });
        keys.into_iter().find_map(|key| Some((key, self.chains.get(&key)?)))
    }

    /// The chain of addresses that have no virtual host of their own.
    pub(super) fn wildcard(&self, port: u16) -> Option<(HostAddress, &HostChain)> {
        let keys = [port, 0].map(|port| HostAddress { ip: None, port });
        keys.into_iter().find_map(|key| Some((key, self.chains.get(&key)?)))
    }

    /// The single addresses that have virtual hosts for a port.
    pub(super) fn addresses(&self, port: u16) -> BTreeSet<IpAddr> {
        self.chains.keys().filter(|key| key.port == port || key.port == 0).filter_map(|key| key.ip).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&HostAddress, &HostChain)> {
        self.chains.iter()
    }
}

impl HostChain {
    fn index(&mut self, model: &Model) {
        for (place, id) in self.hosts.iter().enumerate() {
            let server = &model.servers[*id];
            // Without a name of its own, a host of a wildcard address has that of the server level.
            let wildcard = server.addresses.iter().any(|address| address.ip.is_none());
            let inherited = model.servers[0].name.as_ref().filter(|_| wildcard);
            let name = server.name.as_ref().or(inherited).map(|(name, _)| name);
            let names = name.into_iter().chain(server.aliases.iter().map(|(name, _)| name));
            let mut seen = BTreeSet::new();
            for name in names {
                if self.names.add(name, place) && seen.insert(name.to_ascii_lowercase()) {
                    self.reported.push((name.clone(), place));
                }
            }
        }
    }
}

/// A chain's address for people: `*:443`, `10.0.0.1:443`.
pub(super) fn show(address: HostAddress) -> String {
    let port = if address.port == 0 { "*".to_owned() } else { address.port.to_string() };
    match address.ip {
        None => format!("*:{port}"),
        Some(IpAddr::V4(ip)) => format!("{ip}:{port}"),
        Some(IpAddr::V6(ip)) => format!("[{ip}]:{port}"),
    }
}

/// A listener's address.
pub(super) fn address(ip: Option<IpAddr>, port: u16) -> Address {
    match ip {
        None => Address::Any(port),
        Some(ip) => Address::Ip(ip, port),
    }
}
