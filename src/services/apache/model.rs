//! What was read: the server level, the virtual hosts, and the directives in them that matter for TLS.

use super::proxied::Proxied;
use super::rewriting::Rewriting;
use super::scope::ServerId;
use super::text::TracedText;
use crate::endpoint::{SettingId, Unknown};
use crate::instance::{NamedValue, Problem, Reach, Setting, SettingKind};
use crate::openssl::VersionCommand;
use crate::services::expression::cased_expression;
use crate::services::glob;
use crate::services::place::{Given, Hops, Place};
use crate::services::trail::Trail;
use crate::source::{FileId, Span};
use crate::tls::VersionSet;
use regex::bytes::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// So many values of names are noted, and none that is longer.
const MOST_VALUES: usize = 100_000;
const LONGEST_VALUE: usize = 4_096;

/// What a message quotes may be a line of megabytes; its beginning tells enough.
const LONGEST_MESSAGE: usize = 2_000;

/// So many problems are told at most.
const MOST_PROBLEMS: usize = 1000;

/// A state of `SSLEngine`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EngineState {
    On,
    Off,
    /// TLS after an HTTP upgrade, before httpd 2.4.64.
    Optional,
    /// A variable that is not defined.
    Unclear(Unknown),
}

/// A setting in one of its uses.
#[derive(Clone, Copy, Debug)]
pub(super) struct SettingUse {
    pub(super) setting: SettingId,
    pub(super) place: Place,
}

/// An address of a virtual host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HostAddress {
    /// `None`: `*`, `_default_`, `0.0.0.0` or `[::]`, which are one where a connection looks for its virtual host
    pub(super) ip: Option<IpAddr>,
    /// 0: any
    pub(super) port: u16,
}

/// The side of TLS on which httpd is a client: in a server, or in a `<Proxy>` section.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxy {
    pub(super) engine: Given<bool>,
    pub(super) versions: Vec<SettingUse>,
    pub(super) ciphers: Option<String>,
    pub(super) suites: Option<String>,
    /// `SSLProxyCARevocationCheck` other than `none`, and whether there are lists to check.
    pub(super) revocation_check: Given<bool>,
    pub(super) revocation_lists: bool,
}

/// Whose commands count for the client of a virtual host by name, where they do more to versions than is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Narrows {
    /// Those of the first virtual host: groups.
    First,
    /// Those of the one that the name selects: signatures.
    Selected,
    /// Any: httpd may not start.
    Start,
}

/// A command of the library (`SSLOpenSSLConfCmd`) that loads something, or that sets the level which that has to meet.
#[derive(Clone, Debug)]
pub(super) enum Load {
    Ciphers(String),
    Certificate(PathBuf),
    Key(PathBuf),
    /// Parameters for Diffie-Hellman.
    Parameters(PathBuf),
    /// Certificates that others' are checked against, or that chains are built of.
    Trust(PathBuf),
    /// Extensions to send (`ServerInfoFile`).
    Information(PathBuf),
}

impl Load {
    /// The file that it names.
    pub(super) fn path_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Load::Ciphers(_) => None,
            Load::Certificate(path)
            | Load::Key(path)
            | Load::Parameters(path)
            | Load::Trust(path)
            | Load::Information(path) => Some(path),
        }
    }
}

/// The server level or a virtual host.
#[derive(Clone, Debug, Default)]
pub(super) struct Server {
    /// The head of the section; none for the server level.
    pub(super) head: Option<Place>,
    /// The arguments of the head, for people.
    pub(super) title: String,
    pub(super) addresses: Vec<HostAddress>,
    /// The same as they are compared with those of `Listen`: `*` is `0.0.0.0`, then `[::]`; port 0 equals none.
    pub(super) listened: Vec<SocketAddr>,
    pub(super) name: Given<String>,
    pub(super) aliases: Vec<(String, Place)>,
    /// The port in `ServerName`, 0: none.
    pub(super) port: u16,
    pub(super) engine: Given<EngineState>,
    /// Another TLS engine than `mod_ssl`: the directive that turns it on.
    pub(super) other_engine: Given<String>,
    /// Has the host a directive of httpd's core? Without one it shares the protocol of the server level.
    pub(super) has_core: bool,
    /// The last word of `Protocol`.
    pub(super) protocol: Given<String>,
    /// `SSLProtocol`, in order. The last one counts (R9); those before it are dead lines.
    pub(super) versions: Vec<SettingUse>,
    /// `SSLOpenSSLConfCmd` with a version, in order. They run after `SSLProtocol`, wherever they stand (R21).
    pub(super) commands: Vec<SettingUse>,
    /// `SSLCipherSuite` and `SSLOpenSSLConfCmd CipherString`, the second of which wins.
    pub(super) ciphers: [Option<String>; 2],
    /// The same for TLS 1.3.
    pub(super) suites: [Option<String>; 2],
    pub(super) certificates: Vec<(PathBuf, Place)>,
    /// `SSLCertificateKeyFile`
    pub(super) key_files: Vec<(PathBuf, Place)>,
    /// Files of certificates and lists that httpd checks others with, and that of its own as a client, by directive.
    pub(super) stores: BTreeMap<String, (PathBuf, Place)>,
    /// `SSLCertificateChainFile`
    pub(super) chain_file: Given<PathBuf>,
    /// What the library's commands load, and the cipher lists among them, in order.
    pub(super) loads: Vec<(Load, Place)>,
    /// Commands that OpenSSL refuses once they are run, and those that may do something to versions that is not known.
    pub(super) bad_commands: Vec<(Place, String)>,
    pub(super) narrowing: Vec<(Narrows, Unknown)>,
    /// `SSLUseStapling`
    pub(super) stapling: Given<bool>,
    /// `SSLCARevocationCheck` other than `none`, and whether there are lists to check.
    pub(super) revocation_check: Given<bool>,
    pub(super) revocation_lists: bool,
    pub(super) proxy: Proxy,
    pub(super) sections: Vec<ProxySection>,
    pub(super) proxied: Proxied,
    pub(super) rewriting: Rewriting,
}

/// For which URLs a `<Proxy>` section is.
#[derive(Clone, Debug)]
pub(super) enum Covers {
    /// Those that begin with the section's.
    Beginning,
    /// Those that match its wildcards.
    Pattern,
    /// Those that its regular expression finds something in; none where it can't be read.
    Regex(Option<Regex>),
}

/// A `<Proxy>` or `<ProxyMatch>` section.
#[derive(Clone, Debug)]
pub(super) struct ProxySection {
    pub(super) url: String,
    pub(super) covers: Covers,
    pub(super) proxy: Proxy,
}

impl ProxySection {
    /// The section whose head has these words.
    pub(super) fn new(words: &[String], is_match: bool) -> ProxySection {
        let tilde = !is_match && words.first().is_some_and(|word| word == "~");
        let url = words.get(usize::from(tilde)).cloned().unwrap_or_default();
        let covers = if is_match || tilde {
            Covers::Regex(cased_expression(&url))
        } else if url.contains(['*', '?', '[']) {
            Covers::Pattern
        } else {
            Covers::Beginning
        };
        ProxySection { url, covers, proxy: Proxy::default() }
    }

    /// Is the section for that URL?
    pub(super) fn covers(&self, url: &str) -> bool {
        match &self.covers {
            Covers::Beginning => url.starts_with(&self.url),
            Covers::Pattern => glob::matches(self.url.as_bytes(), url.as_bytes()),
            Covers::Regex(regex) => regex.as_ref().is_some_and(|regex| regex.is_match(url.as_bytes())),
        }
    }
}

/// A `Listen`.
#[derive(Clone, Debug)]
pub(super) struct Listen {
    /// `None`: all addresses, which is a socket of IPv6 that takes IPv4 too. An IPv4-mapped address is one of IPv4 here.
    pub(super) ip: Option<IpAddr>,
    pub(super) port: u16,
    pub(super) protocol: String,
    pub(super) place: Place,
    /// Is it written as an IPv4-mapped address?
    pub(super) is_mapped: bool,
    /// `false`: another listener takes its connections.
    pub(super) is_open: bool,
}

/// A directive of `mod_ssl` at the server level.
#[derive(Clone, Copy, Debug)]
pub(super) struct SslLine {
    pub(super) place: Place,
    /// `SSLProtocol` or `SSLProxyProtocol`.
    pub(super) is_list: bool,
    /// Is it read only under a condition that is not about `mod_ssl`?
    pub(super) is_conditional: bool,
}

/// Which directive a setting is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VersionDirective {
    /// `SSLProtocol`, `SSLProxyProtocol`
    List,
    /// `SSLOpenSSLConfCmd` with a version
    Command(VersionCommand),
}

impl VersionDirective {
    /// How a setting of this kind acts.
    pub(super) fn of_setting(&self) -> SettingKind {
        match self {
            VersionDirective::List => SettingKind::List,
            VersionDirective::Command(VersionCommand::Min(_)) => SettingKind::Minimum,
            VersionDirective::Command(VersionCommand::Max(_)) => SettingKind::Maximum,
            VersionDirective::Command(VersionCommand::Switch(_)) => SettingKind::Switch,
        }
    }
}

/// How a setting is written; one for each of the instance's settings.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) kind: VersionDirective,
    /// The logical line.
    pub(super) line: TracedText,
    /// Where its arguments begin.
    pub(super) arguments: usize,
    /// What it asks for before holes are closed.
    pub(super) asked: VersionSet,
    /// Does a word of a list name TLSv1.3?
    pub(super) names_tls1_3: bool,
    /// Where it is not known what it says.
    pub(super) unknown: Option<Unknown>,
    /// The servers and, as the second number, `<Proxy>` sections from 1 in which it is used.
    pub(super) scopes: Vec<(ServerId, usize)>,
}

/// Everything that was read.
#[derive(Debug)]
pub(super) struct Model {
    /// Is it included by a main file that is not here?
    pub(super) is_part: bool,
    pub(super) hops: Hops,
    /// The server level first, then the virtual hosts in the order of reading.
    pub(super) servers: Vec<Server>,
    pub(super) listens: Vec<Listen>,
    /// The addresses that those of virtual hosts are compared with, each with its `Listen`, by index: also those that are
    /// not opened since another one takes their connections.
    pub(super) announced: BTreeMap<SocketAddr, usize>,
    /// The addresses that are open, by port.
    pub(super) bound: BTreeMap<u16, BTreeSet<IpAddr>>,
    pub(super) settings: Vec<Setting>,
    pub(super) written: Vec<Written>,
    /// The settings by directive, to find the same one again.
    pub(super) known: BTreeMap<(Span, TracedText), SettingId>,
    /// Where values of variables and arguments of macros lie that directives use which set no versions.
    pub(super) lent: BTreeSet<Span>,
    pub(super) problems: Vec<Problem>,
    /// Files that do not parse as a whole, each with the first place.
    pub(super) unparsed: BTreeMap<FileId, Problem>,
    /// How many more there are.
    pub(super) more_problems: usize,
    pub(super) unknown: Vec<Unknown>,
    /// Where something was not read, though httpd reads it.
    pub(super) unread: Option<Place>,
    pub(super) files: BTreeSet<FileId>,
    /// On whose word each of them is read.
    pub(super) trail: Trail,
    /// What else httpd touches where it tests them.
    pub(super) reach: Reach,
    /// What stands in the place of names.
    pub(super) values: BTreeSet<NamedValue>,
    /// The directives of `mod_ssl` at the server level.
    pub(super) ssl_lines: Vec<SslLine>,
    /// The first directive of `mod_ssl`.
    pub(super) first_ssl: Given<String>,
    /// Schemes of URLs with TLS that no module serves.
    pub(super) unserved: Vec<&'static str>,
    /// Is there an `SSLStaplingCache`?
    pub(super) stapling_cache: bool,
    /// Does `mod_md` bring certificates?
    pub(super) managed_certificates: bool,
    /// Directives that were read in a virtual host, in files that are read more than once; and heads of virtual hosts in
    /// another section.
    pub(super) in_hosts: BTreeSet<Span>,
}

impl Default for Model {
    fn default() -> Model {
        Model {
            is_part: false,
            hops: Hops::default(),
            servers: vec![Server::default()],
            listens: Vec::new(),
            announced: BTreeMap::new(),
            bound: BTreeMap::new(),
            settings: Vec::new(),
            written: Vec::new(),
            known: BTreeMap::new(),
            lent: BTreeSet::new(),
            problems: Vec::new(),
            unparsed: BTreeMap::new(),
            more_problems: 0,
            unknown: Vec::new(),
            unread: None,
            files: BTreeSet::new(),
            trail: Trail::default(),
            reach: Reach::default(),
            values: BTreeSet::new(),
            ssl_lines: Vec::new(),
            first_ssl: None,
            unserved: Vec::new(),
            stapling_cache: false,
            managed_certificates: false,
            in_hosts: BTreeSet::new(),
        }
    }
}

impl Server {
    /// Is there a certificate, by mod_ssl or by a command of the library?
    pub(super) fn has_certificate(&self) -> bool {
        let by_command = self.loads.iter().any(|(load, _)| matches!(load, Load::Certificate(_)));
        !self.certificates.is_empty() || by_command
    }
}

impl Model {
    /// A setting as it is written.
    pub(super) fn written(&self, setting: SettingId) -> &Written {
        &self.written[setting.0 as usize]
    }

    /// Notes what stands in the place of a name, as far as it is short: no message holds anything long.
    pub(super) fn note_value(&mut self, name: &[u8], value: &[u8]) {
        if value.len() <= LONGEST_VALUE && self.values.len() < MOST_VALUES {
            self.values.insert((name.into(), value.into()));
        }
    }

    /// Adds a problem at a place.
    ///
    /// A file that is no configuration at all has one in every line; so only the first ones are kept.
    pub(super) fn complain(&mut self, place: Place, message: impl Into<String>) {
        if self.problems.len() >= MOST_PROBLEMS {
            self.more_problems += 1;
            return;
        }
        let mut message = message.into();
        if message.len() > LONGEST_MESSAGE {
            let end = (0..=LONGEST_MESSAGE).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
            message.replace_range(end.., "...");
        }
        let hops = self.hops.spans(place.hop);
        self.problems.push(Problem { hops, ..Problem::at(place.span, message) });
    }

    /// Notes that a file does not parse as a whole: a section without its end, an end without its section.
    pub(super) fn complain_of_syntax(&mut self, place: Place, message: impl Into<String>) {
        let message = message.into();
        self.unparsed.entry(place.span.file).or_insert_with(|| Problem::at(place.span, message.clone()));
        self.complain(place, message);
    }

    /// Names a server for people: `<VirtualHost *:443> a.test`.
    pub(super) fn title(&self, server: ServerId) -> String {
        let host = &self.servers[server];
        match (&host.head, &host.name) {
            (None, _) => "server level".to_owned(),
            (Some(_), Some((name, _))) => format!("<VirtualHost {}> {name}", host.title),
            (Some(_), None) => format!("<VirtualHost {}>", host.title),
        }
    }
}
