//! What a client gets: one handshake for each version, by `openssl s_client`, and by the hellos of tlsmend's own probe,
//! which have to get the same.
#![allow(clippy::disallowed_methods, reason = "tests run programs")]

use super::server::{connects, stream};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tlsmend::endpoint::Transport;
use tlsmend::probe::name::Name;
use tlsmend::probe::place::Place;
use tlsmend::probe::starttls::StartTls;
use tlsmend::probe::{self, Depth, Limits};
use tlsmend::services::service::{Destination, Question};
use tlsmend::tls::{Version, VersionSet};

const LONGEST: Duration = Duration::from_secs(10);

const VERSIONS: [(Version, &str); 4] = [
    (Version::Tls1, "-tls1"),
    (Version::Tls1_1, "-tls1_1"),
    (Version::Tls1_2, "-tls1_2"),
    (Version::Tls1_3, "-tls1_3"),
];

/// What OpenSSL 3.0 has for a key exchange, those too that no client offers unless it is told to.
const EVERY_GROUP: &str = "X25519:X448:prime256v1:secp384r1:secp521r1:brainpoolP256r1:brainpoolP384r1:brainpoolP512r1:\
    secp256k1:secp224r1:secp224k1:prime192v1:secp192k1:secp160r1:secp160r2:secp160k1:sect163k1:sect163r1:sect163r2:\
    sect193r1:sect193r2:sect233k1:sect233r1:sect239k1:sect283k1:sect283r1:sect409k1:sect409r1:sect571k1:sect571r1";

/// Where and how a client knocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub target: Destination,
    pub sni: Option<String>,
    pub starttls: Option<String>,
    /// The groups that it offers.
    pub groups: Option<String>,
}

impl Contact {
    pub fn new(target: Destination, sni: Option<&str>) -> Contact {
        Contact { target, sni: sni.map(str::to_owned), starttls: None, groups: None }
    }

    /// The same as a question.
    pub fn question(&self) -> Question {
        Question { target: self.target.clone(), transport: Transport::Stream, sni: self.sni.clone() }
    }
}

/// What it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Got {
    /// at least one handshake
    Tls,
    /// HTTP without TLS
    Plaintext,
    /// nothing listens there
    Refused,
    /// a connection, but neither of these
    Nothing,
}

/// What a client gets there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub got: Got,
    /// The versions with which a handshake was completed.
    pub versions: VersionSet,
}

/// Tries all versions, at once.
pub fn knock(contact: &Contact) -> Seen {
    let versions = completed(contact, "ALL:@SECLEVEL=0");
    let got = if !versions.is_empty() {
        Got::Tls
    } else if !connects(&contact.target) {
        Got::Refused
    } else if speaks_http(&contact.target) {
        Got::Plaintext
    } else {
        Got::Nothing
    };
    // What is no name, or ends in a dot, can't be sent by the probe; openssl sends anything.
    let sent = |sni: &str| Name::parse(sni).is_ok_and(|name| name.as_str() == sni);
    let same_name = contact.sni.as_deref().is_none_or(sent);
    // A plain server waits for the end of a line that never comes.
    if same_name && contact.groups.is_none() && matches!(got, Got::Tls | Got::Nothing) {
        let probed = probed(contact).and(VersionSet::TLS);
        // The probe offers suites without encryption too, and every curve.
        let every_suite = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";
        let with_every_curve = Contact { groups: Some(EVERY_GROUP.to_owned()), ..contact.clone() };
        let same = probed == versions
            || probed == completed(contact, every_suite)
            || probed == completed(&with_every_curve, every_suite);
        assert!(same, "probe and openssl differ at {contact:?}: {probed} and {versions}");
    }
    Seen { got, versions }
}

/// The versions with which a handshake of a client with these suites is completed.
fn completed(contact: &Contact, ciphers: &str) -> VersionSet {
    let clients: Vec<(Version, Child)> =
        VERSIONS.iter().map(|(version, flag)| (*version, client(contact, flag, ciphers))).collect();
    let end = Instant::now() + LONGEST;
    clients.into_iter().filter_map(|(version, child)| completes(version, child, end).then_some(version)).collect()
}

/// The versions that the probe finds accepted.
fn probed(contact: &Contact) -> VersionSet {
    let place = match &contact.target {
        Destination::Ip(ip, port) => Place::Ip(SocketAddr::new(*ip, *port)),
        Destination::Unix(path) => Place::Unix(path.into()),
    };
    let protocol = |name: &String| StartTls::ALL.into_iter().find(|one| one.name() == name).expect("a protocol");
    let target = probe::target::Target {
        name: contact.sni.as_deref().and_then(|name| Name::parse(name).ok()),
        starttls: contact.starttls.as_ref().map(protocol),
        ..probe::target::Target::at(place)
    };
    let limits = Limits { pace: Duration::ZERO, ..Limits::of(&target, Depth::Versions) };
    probe::scan(&target, Depth::Versions, limits, &AtomicBool::new(false)).accepted()
}

fn client(contact: &Contact, version: &str, ciphers: &str) -> Child {
    let mut command = Command::new("openssl");
    command
        // Reading the machine's certificate store takes most of a client's time.
        .args(["s_client", "-brief", "-no-CAfile", "-no-CApath", "-no-CAstore", "-cipher", ciphers, version]);
    match &contact.target {
        Destination::Ip(ip, port) => {
            command.arg("-connect").arg(std::net::SocketAddr::new(*ip, *port).to_string());
        }
        Destination::Unix(path) => {
            command.arg("-unix").arg(path);
        }
    }
    match &contact.sni {
        Some(name) => command.arg("-servername").arg(name),
        None => command.arg("-noservername"),
    };
    if let Some(protocol) = &contact.starttls {
        command.arg("-starttls").arg(protocol);
    }
    if let Some(groups) = &contact.groups {
        command.arg("-groups").arg(groups);
    }
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        // The level of the machine's own openssl.cnf must not matter.
        .env("OPENSSL_CONF", "/dev/null")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl (tests/run installs it)")
}

fn completes(version: Version, mut child: Child, end: Instant) -> bool {
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() > end {
            let _ended_already = child.kill();
            break;
        }
        sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().expect("a child of our own");
    let text = String::from_utf8_lossy(&output.stderr);
    let says = |line: &str| text.lines().any(|l| l.trim() == line);
    says("CONNECTION ESTABLISHED") && says(&format!("Protocol version: {}", version.name()))
}

/// Does it answer HTTP, and not just by a complaint that TLS is missing?
fn speaks_http(target: &Destination) -> bool {
    let Destination::Ip(ip, port) = target else { return false };
    let Some(mut stream) = stream(*ip, *port) else { return false };
    let mut answer = Vec::new();
    let asked = stream.set_read_timeout(Some(Duration::from_secs(3))).is_ok()
        && stream.write_all(b"GET / HTTP/1.0\r\n\r\n").is_ok();
    // A server that closes early has said all that matters.
    let _closed = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    let complaints = ["The plain HTTP request was sent to HTTPS port", "speaking plain HTTP to an SSL-enabled"];
    asked && answer.starts_with("HTTP/") && !complaints.iter().any(|c| answer.contains(c))
}
