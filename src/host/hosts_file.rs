//! Names of hosts that are known without asking a name server: hosts(5).

use crate::system::System;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

/// The names of /etc/hosts in lower case, and `localhost`, each with its addresses in the file's order.
pub(crate) fn read(system: &dyn System) -> BTreeMap<String, Vec<IpAddr>> {
    let mut hosts = BTreeMap::<String, Vec<IpAddr>>::new();
    let bytes = system.read(Path::new("/etc/hosts")).unwrap_or_default();
    for line in String::from_utf8_lossy(&bytes).lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        // A scope (fe80::1%lo0) is no part of the address.
        let address = words.next().and_then(|w| w.split('%').next()).and_then(|w| w.parse::<IpAddr>().ok());
        let Some(address) = address else { continue };
        for name in words {
            let addresses = hosts.entry(name.to_ascii_lowercase()).or_default();
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    hosts
        .entry("localhost".to_owned())
        .or_insert_with(|| vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])]);
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    #[test]
    fn reads_names_and_addresses() {
        let text =
            "127.0.0.1 localhost\n10.0.0.5\tWeb.Test web # both\n#1.2.3.4 no\n10.0.0.6 web\nx y\nfe80::1%lo0 link\n";
        let hosts = read(&MemorySystem::with_files([("/etc/hosts", text)]));
        let names: Vec<&str> = hosts.keys().map(String::as_str).collect();
        assert_eq!(names, ["link", "localhost", "web", "web.test"]);
        assert_eq!(hosts["web"], [IpAddr::from([10, 0, 0, 5]), IpAddr::from([10, 0, 0, 6])]);
        assert_eq!(hosts["localhost"], [IpAddr::from([127, 0, 0, 1])]);
        assert_eq!(read(&MemorySystem::default())["localhost"].len(), 2);
    }
}
