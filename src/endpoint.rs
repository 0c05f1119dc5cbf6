//! Endpoints: what a client can reach, which versions it would be given there, and why.

use crate::source::Span;
use crate::tls::VersionSet;
use crate::topic::Topic;
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// Which side of TLS the service is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The service accepts connections.
    Listener,
    /// The service is the client of another server (`proxy_ssl_protocols`, `SSLProxyProtocol`).
    Upstream,
}

impl Role {
    /// The word used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Role::Listener => "listener",
            Role::Upstream => "upstream",
        }
    }
}

/// What carries the TLS records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// TCP, or a stream socket of the Unix domain
    Stream,
    /// QUIC over UDP
    Quic,
    /// UDP without QUIC: datagrams, which the server passes on or answers without TLS of its own
    Udp,
}

impl Transport {
    /// The word used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Stream => "stream",
            Transport::Quic => "quic",
            Transport::Udp => "udp",
        }
    }

    /// An address with what tells it from the same address over TCP: `0.0.0.0:443 quic`.
    pub fn of(self, address: &str) -> String {
        match self {
            Transport::Stream => address.to_owned(),
            Transport::Quic | Transport::Udp => format!("{address} {}", self.name()),
        }
    }
}

/// A dialogue in the clear after which TLS begins (STARTTLS, STLS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialogue {
    /// SMTP (RFC 3207)
    Smtp,
    /// IMAP (RFC 9051)
    Imap,
    /// POP3 (RFC 2595)
    Pop3,
}

impl Dialogue {
    /// The word used in JSON, and by `--starttls`.
    pub fn name(self) -> &'static str {
        match self {
            Dialogue::Smtp => "smtp",
            Dialogue::Imap => "imap",
            Dialogue::Pop3 => "pop3",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Dialogue> {
        [Dialogue::Smtp, Dialogue::Imap, Dialogue::Pop3].into_iter().find(|one| one.name() == name)
    }
}

/// What a client says before the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Preface {
    /// A balancer's PROXY header comes first (`listen ... proxy_protocol`).
    pub proxy_header: bool,
    /// TLS begins after this dialogue; none: at once.
    pub starttls: Option<Dialogue>,
}

/// Where an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// Every address of the host, IPv4 and IPv6; shown as `*:443`.
    Any(u16),
    /// One address, or all of one family (`0.0.0.0:443`, `[::]:443`).
    Ip(IpAddr, u16),
    /// A Unix-domain socket; shown as `unix:/run/x.sock`.
    Unix(String),
    /// The other server of an [`Role::Upstream`] endpoint, as the configuration writes it.
    Remote(String),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Any(port) => write!(f, "*:{port}"),
            Address::Ip(IpAddr::V4(ip), port) => write!(f, "{ip}:{port}"),
            Address::Ip(IpAddr::V6(ip), port) => write!(f, "[{ip}]:{port}"),
            Address::Unix(path) => write!(f, "unix:{path}"),
            Address::Remote(text) => f.write_str(text),
        }
    }
}

/// What a connection to an endpoint gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Speaks {
    /// TLS (also a TLS port on which no version works)
    Tls,
    /// the protocol without TLS
    Plaintext,
    /// nothing listens there
    Refused,
    /// can't be told
    Unknown,
}

impl Speaks {
    /// The word used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Speaks::Tls => "tls",
            Speaks::Plaintext => "plaintext",
            Speaks::Refused => "refused",
            Speaks::Unknown => "unknown",
        }
    }
}

/// What a place in the configuration has to do with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReasonKind {
    /// opens the address
    Listen,
    /// turns TLS on or off
    Engine,
    /// the virtual server that answers
    Server,
    /// the virtual server whose versions count, where that is not the one that answers
    DefaultServer,
    /// a file was included here
    Include,
    /// a macro or variable got its value here
    Expansion,
    /// a condition was decided here
    Condition,
    /// says which versions
    Versions,
    /// a library command that changes the versions afterwards
    Command,
    /// no directive: the built-in default of the server
    Default,
    /// the TLS library or the system cuts the set
    Floor,
}

impl ReasonKind {
    /// The word used in JSON (`role`).
    pub fn name(self) -> &'static str {
        match self {
            ReasonKind::Listen => "listen",
            ReasonKind::Engine => "engine",
            ReasonKind::Server => "server",
            ReasonKind::DefaultServer => "default-server",
            ReasonKind::Include => "include",
            ReasonKind::Expansion => "expansion",
            ReasonKind::Condition => "condition",
            ReasonKind::Versions => "versions",
            ReasonKind::Command => "command",
            ReasonKind::Default => "default",
            ReasonKind::Floor => "floor",
        }
    }
}

/// One step of the way to an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What the step is.
    pub kind: ReasonKind,
    /// The place; none where nothing in a file says it.
    pub span: Option<Span>,
    /// What the step does, as a lowercase fragment: `inherited from the http block`.
    pub note: Cow<'static, str>,
}

impl Reason {
    /// A step at a place.
    pub fn at(kind: ReasonKind, span: Span, note: impl Into<Cow<'static, str>>) -> Reason {
        Reason { kind, span: Some(span), note: note.into() }
    }

    /// A step that no file says.
    pub fn placeless(kind: ReasonKind, note: impl Into<Cow<'static, str>>) -> Reason {
        Reason { kind, span: None, note: note.into() }
    }
}

/// A value and the steps that led to it, in the order in which they apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced<T> {
    /// The value.
    pub value: T,
    /// Why it has that value.
    pub because: Vec<Reason>,
}

/// Something that could not be decided, and what would decide it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    /// What the question is about.
    pub topic: Topic,
    /// Where the question arises.
    pub span: Option<Span>,
    /// What is not known: `${TLS} is not defined in any file that was read`.
    pub what: String,
    /// What the user can do: `say it with --define`.
    pub help: String,
}

/// The index of a [`Setting`](crate::instance::Setting) in its instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettingId(pub u32);

/// What a client gets, shared by all endpoints for which it is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// TLS or not.
    pub speaks: Speaks,
    /// The versions that the configuration asks for. Where something is unknown: all that it could be.
    pub configured: Traced<VersionSet>,
    /// `configured`, cut by what the TLS library, ciphers and keys allow; `None` where that is not known.
    pub effective: Option<VersionSet>,
    /// The versions with which a handshake could succeed if they were configured; `None`: that is not known, or all that a
    /// policy can ask for works already.
    pub usable: Option<VersionSet>,
    /// Every handshake is refused on purpose (`ssl_reject_handshake`): no version is missing here.
    pub refuses: bool,
    /// The settings that decide `configured`, all of them; none: the built-in default decides.
    pub deciders: Vec<SettingId>,
    /// What could not be decided.
    pub unknown: Vec<Unknown>,
}

impl Answer {
    /// The versions to judge: the effective ones where they are known, else all that are configured.
    pub fn offered(&self) -> VersionSet {
        self.effective.unwrap_or(self.configured.value)
    }
}

/// One (role, address, server name or none) of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Listener or upstream.
    pub role: Role,
    /// Where it is.
    pub address: Arc<Address>,
    /// Stream or QUIC.
    pub transport: Transport,
    /// What comes before TLS.
    pub preface: Preface,
    /// The server name, as the configuration spells it (`a.test`, `*.a.test`, `~^www`); `None`: no name sent, or
    /// one that nothing matches.
    pub name: Option<Arc<str>>,
    /// What a client gets there.
    pub answer: Arc<Answer>,
}

impl Endpoint {
    /// Where the service connects from, for an upstream: two places that connect to one address may offer different versions,
    /// and are two endpoints. None for a listener.
    pub fn origin(&self) -> Option<Span> {
        let because = self.answer.configured.because.iter().filter(|_| self.role == Role::Upstream);
        because.clone().find(|reason| reason.kind == ReasonKind::Engine).or(because.clone().next())?.span
    }
}
