//! How much a probe may take of a server, and of the user's time.

use super::starttls::StartTls;
use super::target::Target;
use std::time::Duration;

/// The connections for versions alone, as long as no answer raises a question: one for each, and one more to make sure.
pub const FOR_VERSIONS: u32 = 7;
/// More of them for the questions that alerts raise: other suites, another form of the hello.
pub const FOR_ALERTS: u32 = 9;
/// More of them, where a server hangs up: a close proves nothing until it has repeated often enough among answers.
pub const FOR_DOUBTS: u32 = 74;
/// The connections for versions and suites.
pub const FOR_CIPHERS: u32 = 400;
/// More of them where a server hangs up.
pub const FOR_SILENT_CIPHERS: u32 = 100;
/// MySQL blocks a client's host after 100 interrupted handshakes (`max_connect_errors`). This is for all questions
/// together.
pub const FOR_MYSQL: u32 = 40;

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// which versions
    Versions,
    /// which suites of each, in which order
    Ciphers,
}

/// Limits for one endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a connection to be made.
    pub connect: Duration,
    /// For one exchange, from the first byte to the last, whatever comes in between.
    pub exchange: Duration,
    /// For all of it.
    pub total: Duration,
    /// Connections at the same time.
    pub parallel: usize,
    /// Connections for questions, in all.
    pub connections: u32,
    /// Connections beyond those, for asking again where the server hung up.
    pub again: u32,
    /// Between the starts of two connections.
    pub pace: Duration,
}

impl Limits {
    /// What is fit for a target.
    pub fn of(target: &Target, depth: Depth) -> Limits {
        let near = target.is_loopback();
        let polite = target.starttls.is_some();
        let (connections, again) = match (depth, target.starttls) {
            (Depth::Versions, Some(StartTls::Mysql)) => {
                (FOR_VERSIONS + FOR_ALERTS, FOR_MYSQL - FOR_VERSIONS - FOR_ALERTS)
            }
            (Depth::Versions, _) => (FOR_VERSIONS + FOR_ALERTS, FOR_DOUBTS),
            (Depth::Ciphers, Some(StartTls::Mysql)) => (FOR_MYSQL, 0),
            (Depth::Ciphers, _) => (FOR_CIPHERS, FOR_SILENT_CIPHERS),
        };
        Limits {
            connect: Duration::from_secs(if near { 1 } else { 3 }),
            exchange: Duration::from_secs(5),
            total: Duration::from_secs(if depth == Depth::Ciphers { 120 } else { 30 }),
            parallel: if polite { 1 } else { 4 },
            connections,
            again,
            pace: Duration::from_millis(if polite { 100 } else { 0 }),
        }
    }

    /// The same with this many connections, whatever they are for.
    #[must_use]
    pub fn with_at_most(self, connections: u32) -> Limits {
        Limits { connections, again: 0, ..self }
    }

    /// All connections that may be made.
    pub(super) fn most(&self) -> u32 {
        self.connections.saturating_add(self.again)
    }
}
