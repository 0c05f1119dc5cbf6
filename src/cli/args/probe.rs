//! `tlsmend probe` as it is typed.

use super::{Colour, Formats, Judgement};
use crate::probe::starttls::StartTls;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;

pub(super) const HELP: &str = "\
Examples:
  tlsmend probe www.example                     the versions of port 443, at each address of the name
  tlsmend probe 192.0.2.1 --sni www.example     the same at one address, with that server name
  tlsmend probe mail.example:25 --ciphers       after STARTTLS, with suites, order and strength
  tlsmend probe www.example --client            could this machine use it, as a client?
  tlsmend probe --targets list --format text --format junit=tls.xml

Each version is accepted, rejected (the server said so, and how), or inconclusive: what was answered does not tell.

Exit status:
  0  all that the policy demands, and nothing that it forbids
  1  a forbidden version is accepted, or a required one is not; with --client also: a client of this machine can't
     connect with TLSv1.2 or later
  2  could not run, or an endpoint is unreachable, speaks no TLS or refuses STARTTLS
  3  something is inconclusive, and nothing worse is known";

/// What is probed, and how.
#[derive(Debug, Args)]
pub(in crate::cli) struct Probe {
    /// Hosts, by name or address, each with its port (none: 443): www.example, 192.0.2.1:8443, [::1]:443,
    /// unix:/run/x.sock
    #[arg(value_name = "HOST[:PORT]", required_unless_present = "targets")]
    pub hosts: Vec<String>,
    /// Read more of them from a file, one a line; # begins a comment, - is standard input
    #[arg(long, value_name = "FILE")]
    pub targets: Option<PathBuf>,
    /// The server name to send (none: the host, if it is a name and no address)
    #[arg(long, value_name = "NAME")]
    pub sni: Option<String>,
    /// Send no server name
    #[arg(long, conflicts_with = "sni")]
    pub no_sni: bool,
    /// The protocol in which TLS is asked for; auto: by the port (25, 587: smtp, 143: imap, ...)
    #[arg(long, value_parser = upgrades(), default_value = "auto", value_name = "PROTOCOL")]
    pub starttls: Upgrade,
    /// Begin as a balancer would that speaks the PROXY protocol (version 1)
    #[arg(long)]
    pub proxy_protocol: bool,
    /// Find all cipher suites of each version too, in the server's order
    #[arg(long)]
    pub ciphers: bool,
    /// Also make a whole handshake, as a client of this machine: version, certificate, trust
    #[arg(long)]
    pub client: bool,
    /// Offer these application protocols in every hello (none: only --client offers some, h2 and http/1.1)
    #[arg(long, value_name = "NAME,...", value_parser = protocol, value_delimiter = ',')]
    pub alpn: Vec<String>,
    /// The most connections to one endpoint (none: 16, and 54 more where the server hangs up; with --ciphers 400 and 100;
    /// for MySQL 40)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: Option<u32>,
    /// Connections to one endpoint at the same time (none: 4, with STARTTLS 1)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=32))]
    pub parallel: Option<u8>,
    /// Milliseconds between the beginnings of two connections, 60000 at most (none: 0, with STARTTLS 100)
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(..=60_000))]
    pub pace: Option<u64>,
    /// Seconds for one answer, however slowly it comes, 600 at most; the connection and the dialogue of STARTTLS are
    /// part of it
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub timeout: u64,
    /// Seconds for one endpoint, 86400 at most (none: 30, with --ciphers 120)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub total: Option<u64>,
    /// What is demanded.
    #[command(flatten)]
    pub judgement: Judgement,
    /// Which reports are wanted.
    #[command(flatten)]
    pub formats: Formats,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub color: Colour,
}

/// A protocol as ALPN has it (RFC 7301): its length is sent in one byte, and is not 0.
fn protocol(name: &str) -> Result<String, String> {
    match name.len() {
        1..=255 => Ok(name.to_owned()),
        0 => Err("the name of a protocol is empty; for example h2,http/1.1".to_owned()),
        bytes => Err(format!("the name of a protocol has {bytes} bytes; 255 at most")),
    }
}

/// How TLS is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Upgrade {
    /// by the port
    Auto,
    /// at once, whatever the port
    None,
    /// in this protocol
    By(StartTls),
}

/// The ways, by the names that are typed.
fn upgrades() -> impl TypedValueParser<Value = Upgrade> {
    let own = [("auto", "by the port"), ("none", "at once, whatever the port")];
    let all = own.into_iter().chain(StartTls::ALL.map(|protocol| (protocol.name(), protocol.title())));
    let values = all.map(|(name, title)| PossibleValue::new(name).help(title));
    PossibleValuesParser::new(values).map(|name| match name.as_str() {
        "auto" => Upgrade::Auto,
        name => StartTls::ALL.into_iter().find(|one| one.name() == name).map_or(Upgrade::None, Upgrade::By),
    })
}
