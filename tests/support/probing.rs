//! The probe, as tests ask it of servers of their own.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tlsmend::probe::place::Place;
use tlsmend::probe::suites::Suite;
use tlsmend::probe::target::Target;
use tlsmend::probe::{Depth, Limits, Scan, scan};
use tlsmend::tls::Version;

/// A port of the loopback interface, without a name.
pub fn at(port: u16) -> Target {
    Target::at(Place::Ip(SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
}

/// Probes without a pace: it is the test's own server.
pub fn probe(target: &Target, depth: Depth) -> Scan {
    let limits = Limits { pace: Duration::ZERO, ..Limits::of(target, depth) };
    scan(target, depth, limits, &AtomicBool::new(false))
}

/// The registered names of a version's suites.
pub fn names(scan: &Scan, version: Version) -> BTreeSet<&'static str> {
    let row = scan.row(version).expect("a row");
    row.suites.iter().map(|hit| Suite::of(hit.suite).expect("a known suite").name).collect()
}

/// Each version is accepted with just these suites, or is not accepted, and nothing is open.
pub fn assert_is(found: &Scan, expected: impl Fn(Version) -> BTreeSet<&'static str>, what: &str) {
    for version in Version::ALL {
        let row = found.row(version).expect("a row");
        assert_eq!(names(found, version), expected(version), "{what}: {version} {:?}", row.verdict);
    }
    let accepted = Version::ALL.into_iter().filter(|version| !expected(*version).is_empty()).collect();
    assert_eq!(found.accepted(), accepted, "{what}: {:?}", found.rows);
    assert!(!found.is_open(Depth::Ciphers), "{what}: {:?}", found.rows);
}
