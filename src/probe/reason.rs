//! Verdicts about a version, and why.

use super::greeting::{advice, what};
use super::starttls;
use crate::tls::Version;
use std::io::ErrorKind;

/// What is known of a version at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The server chose it.
    Accepted,
    /// The server answered, and does not have it.
    Rejected(Reason),
    /// The answer does not tell; never a quiet "no".
    Inconclusive(Reason),
}

impl Verdict {
    /// The word used in text and JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Accepted => "accepted",
            Verdict::Rejected(_) => "rejected",
            Verdict::Inconclusive(_) => "inconclusive",
        }
    }

    /// Why; an accepted version needs no reason.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Verdict::Accepted => None,
            Verdict::Rejected(reason) | Verdict::Inconclusive(reason) => Some(reason),
        }
    }
}

/// The alert that may mean a security level, a name that is not served, or what it says: an internal error.
pub(super) const BARRED: u8 = 80;

/// The alert of a server that wants another application protocol, or one at all (RFC 7301).
pub(super) const NO_PROTOCOL: u8 = 120;

/// What contradicting answers may mean.
pub(super) const TORN: &str = "answers differ: several servers behind this address?";

/// What ended the attempts before the answer was clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// the connections that are allowed
    Connections(u32),
    /// the time that is allowed, in seconds
    Seconds(u64),
}

/// Why a version is rejected, or why nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A fatal alert.
    Alert(u8),
    /// The alert (80) with which OpenSSL refuses versions that are configured, and that its security level bars.
    Barred,
    /// The server chose an older version instead.
    LowerVersion(Version),
    /// An error message of SSLv2.
    Ssl2Error(u16),
    /// The connection was closed without an answer.
    Closed,
    /// The connection was reset without an answer.
    Reset,
    /// Something else than TLS came back.
    NotTls(Vec<u8>),
    /// An alert that may be about the name: no name was sent.
    Name(u8),
    /// The same where one was sent, which may not be served here.
    OtherName(u8),
    /// An alert about the client's rights.
    Client(u8),
    /// The alert (120) that no offered application protocol is served, or that none was offered.
    Protocol,
    /// No complete answer in time.
    Timeout,
    /// The connection ended in the middle of an answer.
    Truncated,
    /// An answer that the protocol does not allow.
    Violation(&'static str),
    /// No connection.
    Unreachable(ErrorKind),
    /// The upgrade to TLS did not come about.
    StartTls(starttls::Error),
    /// Later connections were refused, or no longer answered like the first.
    RateLimited,
    /// The same question got contradicting answers.
    Torn,
    /// A limit of this program was reached.
    Spent(Spent),
    /// The user stopped it.
    Interrupted,
}

impl Reason {
    /// The word used in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Reason::Alert(_) | Reason::Barred => "alert",
            Reason::LowerVersion(_) => "lower-version",
            Reason::Ssl2Error(_) => "sslv2-error",
            Reason::Closed => "closed",
            Reason::Reset => "reset",
            Reason::NotTls(_) => "not-tls",
            Reason::Name(_) | Reason::OtherName(_) => "name-required",
            Reason::Client(_) => "client-refused",
            Reason::Protocol => "protocol-required",
            Reason::Timeout => "timeout",
            Reason::Truncated => "truncated",
            Reason::Violation(_) => "violation",
            Reason::Unreachable(_) => "unreachable",
            Reason::StartTls(_) => "starttls",
            Reason::RateLimited => "rate-limited",
            Reason::Torn => "answers-differ",
            Reason::Spent(Spent::Connections(_)) => "connection-limit",
            Reason::Spent(Spent::Seconds(_)) => "time-limit",
            Reason::Interrupted => "interrupted",
        }
    }

    /// An alert that another server name, or a first one, may end. `named`: one was sent.
    pub(super) fn of_name(alert: u8, named: bool) -> Reason {
        if named { Reason::OtherName(alert) } else { Reason::Name(alert) }
    }

    /// The alert's number.
    pub fn alert(&self) -> Option<u8> {
        match self {
            Reason::Alert(alert) | Reason::Name(alert) | Reason::OtherName(alert) | Reason::Client(alert) => {
                Some(*alert)
            }
            Reason::Barred => Some(BARRED),
            Reason::Protocol => Some(NO_PROTOCOL),
            _ => None,
        }
    }

    /// Did the server hang up on the hello, or answer it with something else than TLS? It may refuse what was asked, and
    /// it may have had too many connections.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self, Reason::Closed | Reason::Reset | Reason::NotTls(_))
    }

    /// Is it a limit of this program, or the user's wish?
    pub(super) fn is_own(&self) -> bool {
        matches!(self, Reason::Spent(_) | Reason::Interrupted)
    }

    /// Did the server say, before TLS, that it is busy?
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Reason::StartTls(starttls::Error::Busy(_)))
    }

    /// May the same question get an answer later?
    pub(super) fn may_pass(&self) -> bool {
        self.is_silence()
            || self.is_busy()
            || matches!(self, Reason::Truncated | Reason::RateLimited | Reason::StartTls(starttls::Error::Closed))
    }

    /// The option of `probe` that would get further, as a lowercase fragment. Other commands that shake hands do not
    /// have these options.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Reason::Spent(Spent::Connections(_)) => Some("--max-connections allows more"),
            Reason::Spent(Spent::Seconds(_)) => Some("--total allows more"),
            Reason::RateLimited => Some("--pace and --total give it more time"),
            Reason::StartTls(starttls::Error::Timeout) => {
                Some("--starttls none if it speaks TLS at once, --timeout if it is slow")
            }
            Reason::StartTls(starttls::Error::OtherProtocol(said)) => advice(said.as_bytes()),
            Reason::Protocol => Some("--alpn offers one"),
            Reason::Name(_) => Some("--sni NAME sends one"),
            Reason::OtherName(_) => Some("--sni NAME sends another one"),
            Reason::NotTls(bytes) => advice(bytes),
            _ => None,
        }
    }

    /// The reason as a lowercase fragment, the same for every command. It may hold what a server said.
    pub fn text(&self) -> String {
        match self {
            Reason::Alert(alert) => alert_text(*alert),
            Reason::Barred => {
                format!("{}: often configured, and barred by the TLS library's security level", alert_text(BARRED))
            }
            Reason::LowerVersion(version) => format!("the server chose {version} instead"),
            Reason::Ssl2Error(error) => format!("error {error} of SSLv2"),
            Reason::Closed => "the connection was closed without an answer".to_owned(),
            Reason::Reset => "the connection was reset without an answer".to_owned(),
            Reason::NotTls(bytes) => format!("the answer is {}", what(bytes)),
            Reason::Name(alert) => format!("a server name is needed, or another one: {}", alert_text(*alert)),
            Reason::OtherName(alert) => format!("another server name is needed: {}", alert_text(*alert)),
            Reason::Client(alert) => format!("the client is refused: {}", alert_text(*alert)),
            Reason::Protocol => {
                format!("an application protocol is needed, or another one: {}", alert_text(NO_PROTOCOL))
            }
            Reason::Timeout => "no answer in time".to_owned(),
            Reason::Truncated => "the connection ended in the middle of the answer".to_owned(),
            Reason::Violation(what) => format!("the answer breaks the protocol: {what}"),
            Reason::Unreachable(kind) => unreachable(*kind),
            Reason::StartTls(error) => error.to_string(),
            Reason::RateLimited => {
                "the server hangs up on what it answers at other times (a limit of connections?)".to_owned()
            }
            Reason::Torn => TORN.to_owned(),
            Reason::Spent(Spent::Connections(most)) => limit(u64::from(*most), "connection"),
            Reason::Spent(Spent::Seconds(most)) => limit(*most, "second"),
            Reason::Interrupted => "interrupted".to_owned(),
        }
    }
}

/// `the limit of 7 connections is reached`
fn limit(most: u64, of: &str) -> String {
    format!("the limit of {most} {of}{} is reached", if most == 1 { "" } else { "s" })
}

/// What kept a connection from being made.
pub(super) fn unreachable(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::ConnectionRefused => "connection refused: nothing listens there".to_owned(),
        ErrorKind::TimedOut => "no connection in time".to_owned(),
        ErrorKind::NetworkUnreachable => "the network is unreachable from here".to_owned(),
        ErrorKind::HostUnreachable => "the host is unreachable from here".to_owned(),
        ErrorKind::AddrNotAvailable => "the address can't be reached from here".to_owned(),
        ErrorKind::NotFound => "there is no such socket".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        other => format!("no connection: {other}"),
    }
}

/// `alert 70 protocol_version`. The names are those of RFC 5246 and 8446, and for what these leave out or only reserve,
/// those of IANA's registry and of the older protocols.
pub fn alert_text(alert: u8) -> String {
    let name = match alert {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        52 => "too_many_cids_requested",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        117 => "general_error",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => "unknown",
    };
    format!("alert {alert} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_advice_and_no_reason() {
        let reasons = [
            Reason::Spent(Spent::Connections(7)),
            Reason::Spent(Spent::Seconds(30)),
            Reason::StartTls(starttls::Error::Timeout),
            Reason::NotTls(b"220 mail.example ESMTP".to_vec()),
            Reason::NotTls(b"+OK ready".to_vec()),
            Reason::NotTls(b"* OK IMAP4rev1".to_vec()),
            Reason::NotTls(b"\"IMPLEMENTATION\"".to_vec()),
            Reason::NotTls(b"J\0\0\0\x0a8.0.36".to_vec()),
        ];
        for reason in reasons {
            assert!(!reason.text().contains("--"), "{}", reason.text());
            assert!(reason.advice().is_some_and(|advice| advice.starts_with("--")), "{}", reason.text());
        }
        assert_eq!(Reason::NotTls(b"HTTP/1.1 400".to_vec()).advice(), None);
        // The protocol that greets is named, whatever was tried.
        let other = starttls::Error::OtherProtocol("* OK IMAP4rev1 ready".to_owned());
        assert_eq!(Reason::StartTls(other).advice(), Some("--starttls imap asks for TLS first"));
    }

    #[test]
    fn one_is_not_many() {
        let text = |spent| Reason::Spent(spent).text();
        assert_eq!(text(Spent::Connections(1)), "the limit of 1 connection is reached");
        assert_eq!(text(Spent::Connections(2)), "the limit of 2 connections is reached");
        assert_eq!(text(Spent::Seconds(1)), "the limit of 1 second is reached");
        assert_eq!(text(Spent::Seconds(30)), "the limit of 30 seconds is reached");
    }

    #[test]
    fn alerts_have_their_names() {
        for (alert, text) in [
            (0, "alert 0 close_notify"),
            (21, "alert 21 decryption_failed"),
            (41, "alert 41 no_certificate"),
            (60, "alert 60 export_restriction"),
            (111, "alert 111 certificate_unobtainable"),
            (114, "alert 114 bad_certificate_hash_value"),
            (121, "alert 121 ech_required"),
            (255, "alert 255 unknown"),
        ] {
            assert_eq!(alert_text(alert), text);
        }
    }
}
