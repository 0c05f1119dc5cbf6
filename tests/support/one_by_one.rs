//! Each suite in a hello of its own: slow, and nothing hides another.
#![allow(clippy::disallowed_methods, reason = "tests ask servers of their own")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;
use tlsmend::probe::hello::{self, Hello, RANDOM};
use tlsmend::probe::portions;
use tlsmend::probe::reply::{Ending, Reader, Reply, Step};
use tlsmend::probe::suites::Suite;
use tlsmend::tls::Version;

/// The registered names of the suites that a server uses with a version. It has to be one without limits.
pub fn suites(port: u16, version: Version) -> BTreeSet<&'static str> {
    let is_used = |id: &u16| match ask(port, version, *id) {
        Reply::Chosen(choice) => choice.version == hello::wire(version) && choice.suite == *id,
        _ => false,
    };
    let used = portions::all(version).into_iter().filter(is_used);
    used.map(|id| Suite::of(id).expect("a known suite").name).collect()
}

fn ask(port: u16, version: Version, suite: u16) -> Reply {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a server without limits");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("an option of a socket");
    let random: [u8; RANDOM] = std::array::from_fn(|at| at as u8);
    let hello =
        Hello { version, suites: &[suite], name: None, alpn: &[], compression: false, plain: false, random: &random };
    stream.write_all(&hello.bytes()).expect("it takes a hello");
    let mut reader = Reader::default();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return reader.end(Ending::Closed),
            Ok(count) => {
                if let Step::Done(reply) = reader.take(&buffer[..count]) {
                    return reply;
                }
            }
            Err(_) => return reader.end(Ending::Reset),
        }
    }
}
