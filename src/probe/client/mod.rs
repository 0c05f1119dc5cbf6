//! One whole handshake as a client of this machine would make it: TLS 1.2 or 1.3 with modern suites, and the server's
//! certificate, judged by this machine's certificate authorities.
//!
//! The verdict about the certificate is data: a server with an expired one is reachable, and its certificate is
//! expired. A server that has nothing modern to agree on is told from one that can't be reached by the probe beside.

mod certificate;
mod recorder;

pub use certificate::Certificate;
pub use recorder::Trust;

use super::classify::Hit;
use super::key::Agreement;
use super::limits::Limits;
use super::outcome::Scan;
use super::reason::Reason;
use super::session::Session;
use super::target::Target;
use super::wire::Wire;
use crate::tls::{Version, VersionSet};
use recorder::Recorder;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, ClientConnection, PeerMisbehaved, ProtocolVersion};
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// In TLS 1.3 a server that wants a certificate of the client says so only after the handshake.
const AFTERMATH: Duration = Duration::from_millis(500);
/// Before another attempt where the server hangs up.
const PAUSES: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(250), Duration::from_millis(1250)];
/// What counts as modern.
pub(crate) const MODERN: VersionSet = VersionSet::of(&[Version::Tls1_2, Version::Tls1_3]);

/// What a client of this machine gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The handshake.
    pub handshake: Handshake,
    /// The server's certificate, if it came.
    pub certificate: Option<Certificate>,
    /// What this machine makes of it.
    pub trust: Option<Trust>,
}

/// How the handshake ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// It was completed.
    Made {
        /// The version.
        version: Version,
        /// The suite's number.
        suite: u16,
        /// The group, by its number.
        group: Option<u16>,
        /// The protocol that was agreed on (ALPN).
        alpn: Option<String>,
        /// The server asked for a certificate; it had none.
        asked: bool,
        /// The server refuses clients without one.
        refused: bool,
    },
    /// It failed.
    Failed {
        /// Why, as a lowercase fragment.
        why: String,
        /// There is no suite, group or signature algorithm that both have.
        nothing_in_common: bool,
    },
    /// No answer that says anything.
    Inconclusive(Reason),
}

impl Check {
    /// Does the answer leave it open whether clients get in?
    pub fn is_open(&self) -> bool {
        matches!(self.handshake, Handshake::Inconclusive(_))
    }

    /// Is there TLS 1.2 or better, for a client that has all suites?
    pub fn reaches_modern(&self, scan: &Scan) -> bool {
        match self.handshake {
            Handshake::Made { .. } | Handshake::Inconclusive(_) => true,
            Handshake::Failed { .. } => !scan.accepted().union(scan.inconclusive()).and(MODERN).is_empty(),
        }
    }

    /// A handshake that was completed is evidence for its version, whatever the probe's own hellos got: some servers want
    /// a key share or an application protocol in the first hello. With its suite it is one of the server's.
    pub fn testify(&self, scan: &mut Scan) {
        let Handshake::Made { version, suite, group, .. } = self.handshake else { return };
        let hit = Hit { suite, key: group.map(Agreement::group), compression: 0 };
        if let Some(row) = scan.rows.iter_mut().find(|row| row.version == version) {
            row.accept(hit, "by the whole handshake of --client");
        }
    }
}

/// Makes the handshake. `alpn`: what is offered where the target names no application protocols, and TLS begins at once.
pub fn check(target: &Target, limits: Limits, alpn: &[String], stop: &AtomicBool) -> Check {
    let session = Session::new(target, limits, stop);
    let (mut recorder, mut handshake) = attempt(&session, alpn);
    // The connections of the probe may just have reached a limit of the server.
    for pause in PAUSES {
        let may_pass = matches!(&handshake, Handshake::Inconclusive(reason) if reason.may_pass());
        if !may_pass || session.sleep(pause).is_err() {
            break;
        }
        (recorder, handshake) = attempt(&session, alpn);
    }
    let seen = recorder.seen();
    let certificate = seen.as_ref().and_then(|seen| Certificate::read(&seen.chain));
    // What rustls calls a CA that is used as a server is, mostly, one that was made by hand.
    let trust = seen.map(|seen| match (seen.trust, &certificate) {
        (Trust::UnknownIssuer | Trust::Other(_), Some(c)) if c.self_signed => Trust::SelfSigned,
        (trust, _) => trust,
    });
    Check { handshake, certificate, trust }
}

fn attempt(session: &Session<'_>, alpn: &[String]) -> (Arc<Recorder>, Handshake) {
    let recorder = Arc::new(Recorder::new());
    let handshake = match connection(session.target, &recorder, alpn) {
        Ok(connection) => shake(session, connection, &recorder),
        Err(error) => Handshake::Failed { why: error.to_string(), nothing_in_common: false },
    };
    (recorder, handshake)
}

fn connection(target: &Target, recorder: &Arc<Recorder>, alpn: &[String]) -> Result<ClientConnection, rustls::Error> {
    let provider = recorder.provider();
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Recorder>::clone(recorder))
        .with_client_cert_resolver(Arc::<Recorder>::clone(recorder));
    let usual = if target.starttls.is_none() { alpn } else { &[] };
    let offered = if target.alpn.is_empty() { usual } else { &target.alpn };
    config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
    config.enable_sni = target.name.is_some();
    // Whether a name is sent or not, the certificate has to be for what the user typed: that is whom they meant.
    let name = target.name.as_ref().map_or(target.domain.as_str(), |name| name.as_str());
    let name = ServerName::try_from(name.to_owned()).ok();
    let name = name.ok_or_else(|| rustls::Error::General("the name can't be a server's".to_owned()))?;
    ClientConnection::new(Arc::new(config), name)
}

fn shake(session: &Session<'_>, mut connection: ClientConnection, recorder: &Recorder) -> Handshake {
    let mut wire = match session.connect() {
        Ok(wire) => wire,
        Err(reason) => return Handshake::Inconclusive(reason),
    };
    while connection.is_handshaking() {
        match connection.complete_io(&mut wire) {
            Ok(_) => {}
            Err(_) if session.stopped() => return Handshake::Inconclusive(Reason::Interrupted),
            // Before TLS 1.3, a server that wants a certificate of the client ends the handshake without one.
            Err(error) if recorder.was_asked() && is_alert(&error) => return made(&connection, recorder, true),
            Err(error) => return failed(&error, session.target.name.is_some()),
        }
    }
    let refused = recorder.was_asked() && is_refused(&mut connection, &mut wire);
    made(&connection, recorder, refused)
}

/// What was agreed on.
fn made(connection: &ClientConnection, recorder: &Recorder, refused: bool) -> Handshake {
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => Version::Tls1_3,
        _ => Version::Tls1_2,
    };
    Handshake::Made {
        version,
        suite: connection.negotiated_cipher_suite().map_or(0, |suite| suite.suite().into()),
        group: connection.negotiated_key_exchange_group().map(|group| group.name().into()),
        alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        asked: recorder.was_asked(),
        refused,
    }
}

/// The error of TLS behind one of reading or writing.
fn of_tls(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

fn is_alert(error: &std::io::Error) -> bool {
    matches!(of_tls(error), Some(rustls::Error::AlertReceived(_)))
}

/// `named`: a server name was sent.
fn failed(error: &std::io::Error, named: bool) -> Handshake {
    match of_tls(error) {
        // A name that is not served is no statement about versions.
        Some(rustls::Error::AlertReceived(AlertDescription::UnrecognisedName)) => {
            Handshake::Inconclusive(Reason::of_name(112, named))
        }
        // Nor is a protocol that is not.
        Some(rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => {
            Handshake::Inconclusive(Reason::Protocol)
        }
        Some(rustls::Error::AlertReceived(alert)) => {
            let common = matches!(alert, AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity);
            Handshake::Failed { why: super::reason::alert_text(u8::from(*alert)), nothing_in_common: common }
        }
        // The library knows of such keys in TLS 1.3 only.
        Some(rustls::Error::PeerMisbehaved(PeerMisbehaved::SignedKxWithWrongAlgorithm)) => Handshake::Failed {
            why: "the certificate's key is of an uncommon kind".to_owned(),
            nothing_in_common: true,
        },
        Some(other) => {
            let common = matches!(other, rustls::Error::PeerIncompatible(_));
            Handshake::Failed { why: other.to_string(), nothing_in_common: common }
        }
        None => Handshake::Inconclusive(match error.kind() {
            ErrorKind::TimedOut => Reason::Timeout,
            ErrorKind::UnexpectedEof => Reason::Closed,
            _ => Reason::Reset,
        }),
    }
}

/// Waits for the alert of a server that does not serve clients without a certificate.
fn is_refused(connection: &mut ClientConnection, wire: &mut Wire<'_>) -> bool {
    wire.end_by(Instant::now() + AFTERMATH);
    loop {
        match connection.read_tls(wire) {
            Ok(0) | Err(_) => return false,
            Ok(_) => {
                if let Err(rustls::Error::AlertReceived(_)) = connection.process_new_packets() {
                    return true;
                }
            }
        }
    }
}
