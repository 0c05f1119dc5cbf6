//! The dialogues that lead from a plain protocol to TLS. A server says nothing of TLS before our hello, so plain text
//! is read byte by byte, and nothing that belongs to TLS is swallowed.

mod ldap;
mod lines;
mod mysql;
mod postgres;
mod talk;
mod xmpp;

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use talk::Talk;

/// A protocol in which TLS is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StartTls {
    /// SMTP (RFC 3207)
    Smtp,
    /// LMTP (RFC 2033)
    Lmtp,
    /// IMAP (RFC 9051)
    Imap,
    /// POP3 (RFC 2595)
    Pop3,
    /// FTP (RFC 4217)
    Ftp,
    /// LDAP (RFC 4511)
    Ldap,
    /// XMPP, for clients (RFC 6120)
    Xmpp,
    /// XMPP, between servers
    XmppServer,
    /// PostgreSQL
    Postgres,
    /// MySQL and MariaDB
    Mysql,
    /// NNTP (RFC 4642)
    Nntp,
    /// ManageSieve (RFC 5804)
    Sieve,
}

impl StartTls {
    /// All of them.
    pub const ALL: [StartTls; 12] = [
        StartTls::Smtp,
        StartTls::Lmtp,
        StartTls::Imap,
        StartTls::Pop3,
        StartTls::Ftp,
        StartTls::Ldap,
        StartTls::Xmpp,
        StartTls::XmppServer,
        StartTls::Postgres,
        StartTls::Mysql,
        StartTls::Nntp,
        StartTls::Sieve,
    ];

    /// The name on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            StartTls::Smtp => "smtp",
            StartTls::Lmtp => "lmtp",
            StartTls::Imap => "imap",
            StartTls::Pop3 => "pop3",
            StartTls::Ftp => "ftp",
            StartTls::Ldap => "ldap",
            StartTls::Xmpp => "xmpp",
            StartTls::XmppServer => "xmpp-server",
            StartTls::Postgres => "postgres",
            StartTls::Mysql => "mysql",
            StartTls::Nntp => "nntp",
            StartTls::Sieve => "sieve",
        }
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            StartTls::Smtp => "SMTP",
            StartTls::Lmtp => "LMTP",
            StartTls::Imap => "IMAP",
            StartTls::Pop3 => "POP3",
            StartTls::Ftp => "FTP",
            StartTls::Ldap => "LDAP",
            StartTls::Xmpp => "XMPP, as a client",
            StartTls::XmppServer => "XMPP, as a server",
            StartTls::Postgres => "PostgreSQL",
            StartTls::Mysql => "MySQL and MariaDB",
            StartTls::Nntp => "NNTP",
            StartTls::Sieve => "ManageSieve",
        }
    }

    /// What a port is for, by its number.
    pub fn of_port(port: u16) -> Option<StartTls> {
        Some(match port {
            25 | 587 => StartTls::Smtp,
            24 => StartTls::Lmtp,
            143 => StartTls::Imap,
            110 => StartTls::Pop3,
            21 => StartTls::Ftp,
            389 => StartTls::Ldap,
            5222 => StartTls::Xmpp,
            5269 => StartTls::XmppServer,
            5432 => StartTls::Postgres,
            3306 => StartTls::Mysql,
            119 => StartTls::Nntp,
            4190 => StartTls::Sieve,
            _ => return None,
        })
    }

    /// Holds the dialogue. `domain` is the one that XMPP asks for.
    pub(super) fn begin(self, wire: &mut (impl Read + Write), domain: &str) -> Result<(), Error> {
        let mut talk = Talk::new(wire);
        match self {
            StartTls::Smtp => lines::smtp(&mut talk, "EHLO"),
            StartTls::Lmtp => lines::smtp(&mut talk, "LHLO"),
            StartTls::Imap => lines::imap(&mut talk),
            StartTls::Pop3 => lines::pop3(&mut talk),
            StartTls::Ftp => lines::ftp(&mut talk),
            StartTls::Nntp => lines::nntp(&mut talk),
            StartTls::Sieve => lines::sieve(&mut talk),
            StartTls::Ldap => ldap::begin(&mut talk),
            StartTls::Xmpp => xmpp::begin(&mut talk, "jabber:client", domain),
            StartTls::XmppServer => xmpp::begin(&mut talk, "jabber:server", domain),
            StartTls::Postgres => postgres::begin(&mut talk),
            StartTls::Mysql => mysql::begin(&mut talk),
        }
    }
}

/// Why the dialogue did not lead to TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The server does not have it.
    NotOffered,
    /// The server refuses; what it said.
    Refused(String),
    /// The server turns the client away before TLS was asked for; what it said.
    TurnedAway(String),
    /// The server can't now, or not so often; what it said.
    Busy(String),
    /// What came is not of this protocol; its beginning.
    OtherProtocol(String),
    /// The connection ended.
    Closed,
    /// No answer in time.
    Timeout,
}

impl Error {
    /// Would another attempt hardly end otherwise?
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Error::NotOffered | Error::Refused(_) | Error::TurnedAway(_) | Error::OtherProtocol(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotOffered => f.write_str("the server does not offer STARTTLS"),
            Error::Refused(said) => write!(f, "the server refuses STARTTLS: {said}"),
            Error::TurnedAway(said) => write!(f, "the server turns the client away before STARTTLS: {said}"),
            Error::Busy(said) => write!(f, "the server is busy or limits the rate: {said}"),
            Error::OtherProtocol(said) => write!(f, "the answer is not of this protocol: {said}"),
            Error::Closed => f.write_str("the connection was closed before STARTTLS"),
            Error::Timeout => f.write_str("no answer in time before STARTTLS"),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Error::Timeout,
            _ => Error::Closed,
        }
    }
}
