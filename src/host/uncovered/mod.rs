//! TLS services of a host that are there and whose configuration nothing here reads: an audit that says nothing of them
//! must not look like one that found nothing.

mod known;

use super::packages::Packages;
use super::sockets::Sockets;
use crate::instance::Uncovered;
use crate::system::System;
use known::{KNOWN, KnownService};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

/// Where units are.
const UNITS: [&str; 3] = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

/// The services of a host that are not audited, by name. `sockets`: who listens, on the machine itself.
pub fn uncovered(system: &dyn System, sockets: Option<&Sockets>) -> Vec<Uncovered> {
    let packages = Packages::read(system);
    let listening = sockets.map(by_program).unwrap_or_default();
    // The services of an image do not run on this machine.
    let host = if sockets.is_some() { "127.0.0.1" } else { "HOST" };
    KNOWN.iter().filter_map(|known| known.on(system, &packages, &listening, host)).collect()
}

/// Where programs listen, by the names of their files.
fn by_program(sockets: &Sockets) -> BTreeMap<String, Vec<SocketAddr>> {
    let mut listening: BTreeMap<String, Vec<SocketAddr>> = BTreeMap::new();
    for address in sockets.listening() {
        for owner in sockets.of(address).unwrap_or_default() {
            let path = owner.program.trim_end_matches(" (deleted)");
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            let addresses = listening.entry(name).or_default();
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    listening
}

impl KnownService {
    /// Is a program there, and not another service under this one's name? Debian's mysqld is a link to mariadbd.
    fn is_own(&self, system: &dyn System, path: &str) -> bool {
        let Ok(real) = system.canonical(Path::new(path)) else { return false };
        let is_of = |known: &KnownService| {
            known.programs.iter().any(|program| Path::new(program).file_name() == real.file_name())
        };
        is_of(self) || !KNOWN.iter().any(is_of)
    }

    fn on(
        &self,
        system: &dyn System,
        packages: &Packages,
        listening: &BTreeMap<String, Vec<SocketAddr>>,
        host: &str,
    ) -> Option<Uncovered> {
        let is_there = |path: &&&str| system.kind(Path::new(path)).is_ok();
        let name = |path: &&str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let addresses = || self.programs.iter().filter_map(|path| listening.get(&name(path))).flatten();
        let unit = |name: &&str| {
            let files = UNITS.iter().map(|folder| format!("{folder}/{name}.service"));
            files.into_iter().find(|file| system.kind(Path::new(file)).is_ok())
        };
        let mut evidence: Vec<String> =
            self.configurations.iter().filter(is_there).map(|path| (*path).to_owned()).collect();
        evidence.extend(addresses().map(|address| format!("listens on {address}")));
        evidence.extend(self.programs.iter().filter(|path| self.is_own(system, path)).map(|path| (*path).to_owned()));
        evidence.extend(packages.first(self.packages).map(|package| package.source.clone()));
        evidence.extend(self.units.iter().find_map(unit));
        evidence.dedup();
        let (usual, starttls) = self.ask;
        // A port that it has beats the usual one, unless an upgrade is asked for at the usual one.
        let port = addresses().map(SocketAddr::port).find(|port| *port == usual);
        let port = port.or_else(|| addresses().map(SocketAddr::port).next()).unwrap_or(usual);
        let starttls = starttls.map(|protocol| format!(" --starttls {protocol}")).unwrap_or_default();
        let ask = format!("tlsmend probe {host}:{port}{starttls}");
        (!evidence.is_empty()).then_some(Uncovered { service: self.name, evidence, ask })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;
    use std::collections::BTreeSet;

    fn found(system: &MemorySystem) -> Vec<String> {
        uncovered(system, None).iter().map(|one| format!("{}: {}", one.text(), one.ask)).collect()
    }

    #[test]
    fn every_kind_of_evidence() {
        let mut system = MemorySystem::with_files([
            ("/etc/nginx/nginx.conf", ""),
            ("/etc/postfix/main.cf", ""),
            ("/usr/sbin/haproxy", ""),
            ("/var/lib/dpkg/status", "Package: dovecot-core\nStatus: install ok installed\nVersion: 1:2.3.19\n"),
            ("/lib/systemd/system/slapd.service", ""),
        ]);
        system.add_directory("/etc/postgresql");
        system.add_file("/usr/sbin/mariadbd", "");
        system.add_link("/usr/sbin/mysqld", "mariadbd");
        assert_eq!(
            found(&system),
            [
                "dovecot (package dovecot-core 1:2.3.19 (/var/lib/dpkg/status)): tlsmend probe HOST:993",
                "haproxy (/usr/sbin/haproxy): tlsmend probe HOST:443",
                "mariadb (/usr/sbin/mariadbd): tlsmend probe HOST:3306 --starttls mysql",
                "openldap (/lib/systemd/system/slapd.service): tlsmend probe HOST:636",
                "postfix (/etc/postfix/main.cf): tlsmend probe HOST:25 --starttls smtp",
                "postgresql (/etc/postgresql): tlsmend probe HOST:5432 --starttls postgres",
            ]
        );
        assert_eq!(found(&MemorySystem::with_files([("/etc/nginx/nginx.conf", "")])), [""; 0]);
    }

    #[test]
    fn the_table_is_in_order_and_speaks_to_the_probe() {
        let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
        let sorted: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(names, sorted.into_iter().collect::<Vec<_>>());
        assert!(KNOWN.len() >= 30);
        for known in KNOWN {
            assert!(
                known.programs.iter().chain(known.configurations).all(|path| path.starts_with('/')),
                "{}",
                known.name
            );
            let (port, starttls) = known.ask;
            let spoken = ["smtp", "imap", "pop3", "ftp", "ldap", "xmpp", "postgres", "mysql"];
            assert!(port > 0 && starttls.is_none_or(|name| spoken.contains(&name)), "{}", known.name);
        }
    }
}
