//! What was read of an nginx configuration: scopes, virtual servers, and the directives in them that matter for TLS.

use super::listen::Bound;
use super::module::{Client, ListenModule};
use crate::endpoint::{Dialogue, SettingId, Transport};
use crate::instance::Problem;
use crate::services::place::{Given, Hops, Place};
use crate::source::FileId;
use crate::tls::VersionSet;
use std::collections::{BTreeMap, BTreeSet};

/// The index of a [`BlockScope`].
pub(super) type ScopeId = usize;

/// One `ssl_protocols` (or its upstream kind) in one of its uses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Protocols {
    pub place: Place,
    pub versions: VersionSet,
    pub setting: SettingId,
}

/// One `ssl_conf_command`.
#[derive(Clone, Debug)]
pub(super) struct ConfCommand {
    pub place: Place,
    /// Lower case: `protocol`, `minprotocol`, `ciphersuites`.
    pub name: String,
    pub value: String,
    /// Set for commands that touch versions.
    pub setting: Option<SettingId>,
}

/// What is inherited from scope to scope on one side of TLS.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsSettings {
    /// All lines of the scope: they are a union (U1).
    pub protocols: Vec<Protocols>,
    /// One of them in a scope drops all those around it (K4).
    pub commands: Vec<ConfCommand>,
    pub ciphers: Given<String>,
    /// Groups for the key exchange: `ssl_ecdh_curve`
    pub curves: Given<String>,
    /// Parameters for DHE suites: without them nginx can't use those.
    pub dhparam: Given<String>,
    /// Certificates that those of the other side are checked against: `ssl_trusted_certificate`
    pub trusted: Given<String>,
    /// Revoked certificates: `ssl_crl`
    pub crl: Given<String>,
    /// As a client: `proxy_ssl_certificate`
    pub certificate: Given<String>,
    /// As a client: `proxy_ssl_certificate_key`
    pub key: Given<String>,
    /// As a client: `proxy_ssl_verify`
    pub verify: Given<bool>,
}

/// What is done with the certificates of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verifies {
    /// They are not asked for.
    No,
    /// They are checked: `on`, `optional`.
    Yes,
    /// They are asked for and not checked: `optional_no_ca`.
    Asks,
}

/// What a server of mail cannot do without.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mail {
    /// `auth_http`
    pub auth: bool,
    /// `protocol`
    pub protocol: Option<Dialogue>,
}

/// A block: http, stream, mail, a server, or a location.
#[derive(Clone, Debug)]
pub(super) struct BlockScope {
    pub section: ListenModule,
    pub parent: Option<ScopeId>,
    /// The block's head; none only for what stands outside of blocks.
    pub head: Place,
    /// As a server.
    pub tls: TlsSettings,
    pub certificates: Vec<(String, Place)>,
    /// `ssl_certificate_key`
    pub keys: Vec<(String, Place)>,
    /// `ssl on|off`
    pub engine: Given<bool>,
    pub reject: Given<bool>,
    /// `ssl_verify_client`
    pub verifies: Given<Verifies>,
    /// `ssl_client_certificate`
    pub authority: Given<String>,
    /// `ssl_stapling`
    pub stapling: Given<bool>,
    pub stapling_file: Given<String>,
    /// `ssl_ocsp`: are certificates of clients looked up?
    pub ocsp: Given<bool>,
    pub ocsp_responder: Given<String>,
    /// `ssl_session_ticket_key`
    pub tickets: Vec<(String, Place)>,
    pub mail: Mail,
    /// mail: `starttls on|only`
    pub starttls: Given<bool>,
    /// The handshake is handled by Lua code, which may choose the versions at run time.
    pub dynamic: Option<Place>,
    /// As a client of another server.
    pub clients: BTreeMap<Client, TlsSettings>,
    /// stream: the TLS of the client is passed on, and only looked at.
    pub preread: Given<bool>,
    /// stream: `proxy_ssl on`
    pub proxy_ssl: Given<bool>,
    /// `server_names_hash_bucket_size`, in bytes
    pub name_bucket: Option<i64>,
    /// `map_hash_bucket_size`, in bytes
    pub map_bucket: Option<i64>,
    /// Other servers: what is written after `proxy_pass` and its like.
    pub targets: Vec<(Client, String, Place)>,
}

impl BlockScope {
    pub(super) fn new(section: ListenModule, parent: Option<ScopeId>, head: Place) -> BlockScope {
        BlockScope {
            section,
            parent,
            head,
            tls: TlsSettings::default(),
            certificates: Vec::new(),
            keys: Vec::new(),
            engine: None,
            reject: None,
            verifies: None,
            authority: None,
            stapling: None,
            stapling_file: None,
            ocsp: None,
            ocsp_responder: None,
            tickets: Vec::new(),
            mail: Mail::default(),
            starttls: None,
            dynamic: None,
            clients: BTreeMap::new(),
            preread: None,
            proxy_ssl: None,
            name_bucket: None,
            map_bucket: None,
            targets: Vec::new(),
        }
    }
}

/// A virtual server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub scope: ScopeId,
    pub listens: Vec<Listen>,
    /// Has it a `listen`, valid or not?
    pub has_listen: bool,
    /// stream: is there something that handles connections, or may do so?
    pub has_handler: bool,
    /// Lower case, as written.
    pub names: Vec<String>,
}

/// A `listen` directive.
#[derive(Clone, Debug)]
pub(super) struct Listen {
    pub place: Place,
    pub bound: Bound,
    pub transport: Transport,
    pub ssl: bool,
    pub default: bool,
    /// Are options of the socket itself set, so that it is opened beside one of all addresses?
    pub options: bool,
    pub reuseport: bool,
    /// `proxy_protocol`
    pub proxy_header: bool,
    /// `ipv6only=off`
    pub dual: bool,
}

/// What a variable may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VariableValue {
    /// This text, with variables in it.
    Text(String),
    /// Something that only a request tells.
    Unknown,
}

/// A place where a variable gets a value.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    /// The server in which it does; `None`: in all of http.
    pub server: Option<usize>,
    pub value: VariableValue,
}

/// All assignments, by the name of the variable in lower case.
pub(super) type Assignments = BTreeMap<String, Vec<Assignment>>;

/// Everything that was read.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// Does it stand in blocks that are not here?
    pub is_part: bool,
    pub hops: Hops,
    pub scopes: Vec<BlockScope>,
    pub servers: Vec<Server>,
    /// The scope of each section that is there.
    pub sections: BTreeMap<ListenModule, ScopeId>,
    /// The values that variables get.
    pub assignments: Assignments,
    /// All files that were read.
    pub files: BTreeSet<FileId>,
    /// Those of them that do not parse as a whole, each with the first place.
    pub unparsed: BTreeMap<FileId, Problem>,
    /// Files with pass phrases, which are read wherever they are named.
    pub pass_phrases: Vec<(String, Place)>,
    /// For each setting, the scopes in which it is used.
    pub uses: Vec<Vec<ScopeId>>,
}

impl Model {
    /// A scope and those around it, innermost first.
    pub(super) fn scopes_around(&self, scope: ScopeId) -> impl Iterator<Item = ScopeId> {
        std::iter::successors(Some(scope), |s| self.scopes[*s].parent)
    }
}
