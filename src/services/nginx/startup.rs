//! What nginx refuses when it starts, beyond the syntax: certificates without keys, cipher lists that hold nothing,
//! commands that the library does not know, QUIC without TLSv1.3. Only what is used is looked at ([`super::contexts`]).

use super::command;
use super::defaults::{CERTIFICATE_VARIABLES, VERIFY_WITH_TRUSTED};
use super::files::{Purpose, purpose, shown};
use super::floor::CIPHERS;
use super::hashes;
use super::inherit::Inheritance;
use super::listener::{Listener, TlsTrigger};
use super::model::{BlockScope, ConfCommand, ScopeId, Server, TlsSettings, Verifies};
use super::module::ListenModule;
use super::values::mail_protocol;
use crate::endpoint::{Address, Transport};
use crate::openssl::{Chain, Keys, Refused, one_after_another};
use crate::release::Release;
use crate::services::place::{Given, Place};
use crate::source::Span;
use crate::tls::Version;
use std::collections::{BTreeMap, BTreeSet};

/// All complaints, as places and lowercase fragments.
pub(crate) fn check(rules: &Inheritance<'_>, listeners: &[Listener]) -> Vec<(Place, String)> {
    let mut complaints = Complaints {
        rules,
        lists: BTreeMap::new(),
        looked_at: BTreeSet::new(),
        unfit: BTreeSet::new(),
        all: Vec::new(),
    };
    for server in &rules.model.servers {
        complaints.server(server);
    }
    complaints.clients();
    for (path, place) in &rules.model.pass_phrases {
        complaints.check_file(path, Purpose::PassPhrases, *place);
    }
    for content in &rules.model.scopes {
        for (_, target, place) in &content.targets {
            // RFC 6761: no name below .invalid ever resolves.
            if host_of(target).ends_with(".invalid") {
                complaints.say(*place, format!("host not found in upstream \"{}\"", host_of(target)));
            }
        }
    }
    for listener in listeners {
        // The block around a part may have the certificate.
        if !rules.model.is_part {
            complaints.without_certificate(listener);
        }
        complaints.check_quic(listener);
        if let Some((place, name)) = hashes::find_long_name(rules.model, listener)
            && complaints.is_new(place, LONG_NAME)
        {
            let message = "could not build server_names_hash: server_names_hash_bucket_size is too small for";
            complaints.say(place, format!("{message} \"{name}\""));
        }
    }
    complaints.all
}

/// The number with which keys are looked at, beside the certificates of each server: no count and no security level.
const MISMATCH: usize = usize::MAX / 2;
/// The same for names of servers.
const LONG_NAME: usize = MISMATCH + 1;

pub(super) struct Complaints<'r, 'm> {
    pub(super) rules: &'r Inheritance<'m>,
    /// Most servers of a host share their lists.
    lists: BTreeMap<String, Option<String>>,
    /// A directive that many servers inherit is wrong once.
    looked_at: BTreeSet<(Span, usize)>,
    /// Files that something is wrong with, and that are said.
    unfit: BTreeSet<(String, Purpose)>,
    all: Vec<(Place, String)>,
}

impl<'m> Complaints<'_, 'm> {
    pub(super) fn say(&mut self, place: Place, message: String) {
        self.all.push((place, message));
    }

    /// Is a directive looked at for the first time, with a number that may change what is found?
    pub(super) fn is_new(&mut self, place: Place, number: usize) -> bool {
        self.looked_at.insert((place.span, number))
    }

    fn server(&mut self, server: &Server) {
        let (rules, scope) = (self.rules, server.scope);
        self.indispensable(server);
        if !rules.makes_context(server) {
            return;
        }
        let certificates = rules.first(scope, |s| Some(&rules.model.scopes[s].certificates).filter(|c| !c.is_empty()));
        let keys = rules.first(scope, |s| Some(&rules.model.scopes[s].keys).filter(|keys| !keys.is_empty()));
        let level = rules.library.security_level(rules.loading_list(scope).as_deref());
        match certificates {
            Some(all) => {
                for (path, place) in all {
                    if self.is_new(*place, usize::MAX - usize::from(level.unwrap_or(9))) {
                        self.certificate(path, *place, level);
                    }
                }
                let count = keys.map_or(0, Vec::len);
                if let Some((path, place)) = all.get(count)
                    && !rules.model.is_part
                    && self.is_new(*place, count)
                {
                    self.say(
                        *place,
                        format!("no \"ssl_certificate_key\" is defined for certificate \"{}\"", shown(path)),
                    );
                }
            }
            None if rules.model.is_part => {}
            None => self.no_certificate(server),
        }
        if !rules.loads_at_handshakes(scope) {
            let count = certificates.map_or(0, Vec::len);
            for (path, place) in certificates.into_iter().flatten() {
                self.check_file(path, Purpose::Certificate, *place);
            }
            // More keys than certificates are never loaded.
            for (path, place) in keys.into_iter().flatten().take(count) {
                self.check_file(path, Purpose::Key, *place);
            }
            let refused = rules.load_pairs(scope).refused;
            if let Some((place, path)) = refused.filter(|(place, _)| self.is_new(*place, MISMATCH)) {
                self.mismatch(path, place);
            }
        }
        self.other_files(scope);
        self.authority(scope);
        self.values(scope, CIPHERS, &|s| Some(&rules.model.scopes[s].tls));
    }

    /// What servers of stream and mail can't do without.
    fn indispensable(&mut self, server: &Server) {
        let rules = self.rules;
        let content = &rules.model.scopes[server.scope];
        if content.section != ListenModule::Http && !server.has_listen {
            self.say(content.head, "no \"listen\" is defined for this server".to_owned());
        }
        if content.section == ListenModule::Stream && !server.has_handler && !rules.model.is_part {
            self.say(content.head, "no handler for server".to_owned());
        }
        if content.section != ListenModule::Mail {
            return;
        }
        if !rules.model.scopes_around(server.scope).any(|s| rules.model.scopes[s].mail.auth) {
            self.say(content.head, "no \"auth_http\" is defined for this server".to_owned());
        }
        let by_port = server.listens.iter().flat_map(|listen| listen.bound.addresses()).any(|address| match address {
            Address::Ip(_, port) => mail_protocol(port).is_some(),
            // The port of a name is not looked at.
            Address::Any(_) | Address::Remote(_) => true,
            Address::Unix(_) => false,
        });
        if content.mail.protocol.is_none() && !by_port && server.has_listen {
            self.say(content.head, "unknown mail protocol for this server".to_owned());
        }
    }

    /// Files beside certificates and keys.
    fn other_files(&mut self, scope: ScopeId) {
        let rules = self.rules;
        let scopes = &rules.model.scopes;
        let given = |pick: fn(&BlockScope) -> &Given<String>| rules.first(scope, |s| pick(&scopes[s]).as_ref());
        let staples = matches!(rules.first(scope, |s| scopes[s].stapling), Some((true, _)));
        let response = given(|scope| &scope.stapling_file).filter(|_| staples);
        let tickets = rules.first(scope, |s| Some(&scopes[s].tickets).filter(|all| !all.is_empty()));
        let files = [
            (given(|scope| &scope.tls.trusted), Purpose::Trust),
            (given(|scope| &scope.tls.crl), Purpose::Trust),
            (given(|scope| &scope.tls.dhparam), Purpose::Parameters),
            (response, Purpose::Response),
        ];
        let tickets = tickets.into_iter().flatten().map(|ticket| (Some(ticket), Purpose::Ticket));
        for (file, purpose) in files.into_iter().chain(tickets) {
            if let Some((path, place)) = file {
                self.check_file(path, purpose, *place);
            }
        }
        let level = rules.loading_list(scope).and_then(|list| rules.library.security_level(Some(&list)));
        if let Some((path, place)) = given(|scope| &scope.tls.dhparam) {
            self.parameters(path, *place, level);
        }
    }

    /// Certificates of clients are checked against those of an authority.
    fn authority(&mut self, scope: ScopeId) {
        let rules = self.rules;
        let scopes = &rules.model.scopes;
        let verifies = rules.first(scope, |s| scopes[s].verifies);
        let (verifies, place) = verifies.unwrap_or((Verifies::No, scopes[scope].head));
        let ocsp = rules.first(scope, |s| scopes[s].ocsp).filter(|(on, _)| *on);
        if let (Verifies::Asks, Some((_, place))) = (verifies, ocsp)
            && self.is_new(place, 0)
        {
            self.say(place, "\"ssl_ocsp\" is incompatible with \"ssl_verify_client optional_no_ca\"".to_owned());
        }
        let responder = rules.first(scope, |s| scopes[s].ocsp_responder.as_ref()).filter(|_| ocsp.is_some());
        let is_url = |url: &str| url.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("http://"));
        if let Some((url, place)) = responder.filter(|(url, _)| !url.is_empty() && !is_url(url))
            && self.is_new(*place, 0)
        {
            self.say(*place, format!("invalid URL prefix in OCSP responder \"{url}\""));
        }
        let named = rules.first(scope, |s| scopes[s].authority.as_ref()).filter(|(path, _)| !path.is_empty());
        match (verifies, named) {
            (Verifies::No, _) => {}
            (_, Some((path, place))) => self.check_file(path, Purpose::Authority, *place),
            (Verifies::Yes, None) => {
                let trusted =
                    rules.first(scope, |s| scopes[s].tls.trusted.as_ref()).is_some_and(|(path, _)| !path.is_empty());
                let is_enough = trusted && rules.release.is_none_or(|r| r >= VERIFY_WITH_TRUSTED);
                if !is_enough && !rules.model.is_part && self.is_new(place, 0) {
                    self.say(place, "no ssl_client_certificate for ssl_verify_client".to_owned());
                }
            }
            (Verifies::Asks, None) => {}
        }
    }

    /// A file that nginx loads.
    pub(super) fn check_file(&mut self, path: &str, purpose: Purpose, place: Place) {
        // Many servers name the same one.
        if let Some(why) = self.rules.files.find_fault(path, purpose, place)
            && self.unfit.insert((path.to_owned(), purpose))
        {
            self.say(place, format!("cannot load \"{}\": {why}", shown(path)));
        }
    }

    /// A key that is not that of the certificate.
    pub(super) fn mismatch(&mut self, path: &str, place: Place) {
        self.say(place, format!("key values mismatch: \"{}\" does not belong to the certificate", shown(path)));
    }

    /// A server that needs a certificate by itself, not as the default server of an address.
    fn no_certificate(&mut self, server: &Server) {
        let rules = self.rules;
        let engine = rules.first(server.scope, |s| rules.model.scopes[s].engine).filter(|(on, _)| *on);
        let by_listen = server.listens.iter().find(|listen| listen.ssl).map(|listen| listen.place);
        let needs = |directive| format!("no \"ssl_certificate\" is defined for the \"{directive}\" directive");
        match rules.model.scopes[server.scope].section {
            // The legacy directive, where it is still known, wants a certificate in every server.
            ListenModule::Http if !rules.rejects(server.scope) => {
                if let Some((_, place)) = engine {
                    self.say(place, needs("ssl"));
                }
            }
            ListenModule::Mail => match (by_listen, engine, rules.starttls(server)) {
                // That is said of the default server of the address.
                (Some(_), ..) | (None, Some(_), _) => {}
                (None, None, Some(place)) => self.say(place, needs("starttls")),
                (None, None, None) => {}
            },
            ListenModule::Http | ListenModule::Stream => {}
        }
    }

    /// What is set in a scope or inherited by it: ciphers, groups, commands. `ciphers`: nginx's own default.
    pub(super) fn values(&mut self, scope: ScopeId, ciphers: &str, of: &dyn Fn(ScopeId) -> Option<&'m TlsSettings>) {
        let rules = self.rules;
        if let Some((list, place)) = rules.first(scope, |s| of(s)?.ciphers.as_ref())
            && self.is_new(*place, 0)
            && let Some(reason) = self.refused(list)
        {
            // What OpenSSL calls suites of TLS 1.3 stands in another list.
            let hint = match list.split([':', ',', ' ']).any(|word| word.starts_with("TLS_")) {
                true => "; suites of TLS 1.3 are set by \"ssl_conf_command Ciphersuites\"",
                false => "",
            };
            self.say(*place, format!("SSL_CTX_set_cipher_list(\"{list}\") failed: {reason}{hint}"));
        }
        if let Some((list, place)) = rules.first(scope, |s| of(s)?.curves.as_ref()).filter(|(list, _)| list != "auto")
            && self.is_new(*place, 0)
            && let Some(reason) = rules.library.refuses_groups(list)
        {
            self.say(*place, format!("SSL_CTX_set1_curves_list(\"{list}\") failed: {reason}"));
        }
        let commands = rules.first(scope, |s| Some(&of(s)?.commands).filter(|commands| !commands.is_empty()));
        let own = rules.first(scope, |s| of(s)?.ciphers.as_ref()).map_or(ciphers, |(list, _)| list);
        let mut lists = vec![own];
        for command in commands.into_iter().flatten() {
            self.loaded_by(command, &mut lists);
            if self.is_new(command.place, 0)
                && let Some(message) = command::refused(rules.library, command)
            {
                self.say(command.place, message);
            }
            if let Some(purpose) = purpose(&command.name, &command.value) {
                self.check_file(&command.value, purpose, command.place);
            }
        }
    }

    /// What a command loads has to be strong enough for the level that the cipher lists before it have set.
    fn loaded_by<'c>(&mut self, command: &'c ConfCommand, lists: &mut Vec<&'c str>) {
        let rules = self.rules;
        let ConfCommand { name, value, place, .. } = command;
        if name == "cipherstring" {
            lists.push(value);
        }
        if !matches!(name.as_str(), "certificate" | "dhparameters") {
            return;
        }
        let level = rules.library.security_level(one_after_another(lists.iter().copied()).as_deref());
        if name == "dhparameters" {
            self.parameters(value, *place, level);
        } else if let Some((chain, _)) = rules.files.find_pem(value, *place).and_then(|pem| pem.certificate.as_ref())
            && self.is_new(*place, usize::MAX - usize::from(level.unwrap_or(9)))
        {
            self.strength(value, chain, *place, level);
        }
    }

    /// Why OpenSSL refuses a cipher list.
    fn refused(&mut self, list: &str) -> Option<String> {
        let library = self.rules.library;
        let reason = |list: &str| match library.select(Some(list)) {
            Err(Refused::Invalid(reason)) => Some(reason),
            _ => None,
        };
        self.lists.entry(list.to_owned()).or_insert_with(|| reason(list)).clone()
    }

    fn certificate(&mut self, path: &str, place: Place, level: Option<u8>) {
        let rules = self.rules;
        if path.contains('$') && rules.release.is_some_and(|r| r < CERTIFICATE_VARIABLES) {
            let message =
                format!("cannot load certificate \"{path}\": variables in it need nginx {CERTIFICATE_VARIABLES}");
            self.say(place, message);
        }
        let Some((chain, _)) = rules.files.find_pem(path, place).and_then(|pem| pem.certificate.as_ref()) else {
            return;
        };
        let old = rules.library.release.is_some_and(|r| r < Release::new(1, 1, 1));
        if Keys::ED.has(chain.leaf().keys) && old {
            self.say(place, format!("cannot load certificate \"{}\": Ed25519 keys need OpenSSL 1.1.1", shown(path)));
        }
        self.strength(path, chain, place, level);
    }

    /// A certificate, and those behind it, have to be strong enough for the level of the moment in which they are loaded.
    pub(super) fn strength(&mut self, path: &str, chain: &Chain, place: Place, level: Option<u8>) {
        let release = self.rules.library.release;
        if let Some((level, weakness)) = level.and_then(|level| Some((level, chain.weakness(level, release)?))) {
            let (path, why) = (shown(path), weakness.name());
            self.say(place, format!("cannot load certificate \"{path}\": {why} for security level {level}"));
        }
    }

    /// Parameters for Diffie-Hellman are refused where they are too short for the level.
    fn parameters(&mut self, path: &str, place: Place, level: Option<u8>) {
        if let Some(level) = level
            && self.rules.files.find_pem(path, place).is_some_and(|pem| pem.are_parameters_weak(level))
            && self.is_new(place, usize::MAX - usize::from(level))
        {
            self.say(place, format!("dh key too small: \"{path}\" for security level {level}"));
        }
    }

    /// The default server of a TLS listener needs a certificate; nginx notices since 1.15.0.
    fn without_certificate(&mut self, listener: &Listener) {
        let rules = self.rules;
        let scope = rules.model.servers[listener.servers[listener.default]].scope;
        if !rules.has_certificate(scope)
            && rules.rejects(scope)
            && matches!(listener.engine, Some(TlsTrigger::Listen(_)))
        {
            // Behind a default server that refuses all and has no certificate, each of the others needs one of its own
            // (ngx_http_ssl_init).
            for server in &listener.servers {
                let scope = rules.model.servers[*server].scope;
                if !rules.has_context(scope) {
                    let message = format!("no \"ssl_certificate\" is defined for this server on {}", listener.address);
                    self.say(rules.model.scopes[scope].head, message);
                }
            }
        }
        if !matches!(listener.engine, Some(TlsTrigger::Listen(_) | TlsTrigger::Directive(_)))
            || rules.has_context(scope)
        {
            return;
        }
        if rules.release.is_none_or(|r| r >= Release::new(1, 15, 0)) {
            let message =
                format!("no \"ssl_certificate\" is defined for this server, the default of {}", listener.address);
            self.say(rules.model.scopes[scope].head, message);
        }
    }

    /// QUIC has no version but TLSv1.3; nginx looks at the default server only.
    fn check_quic(&mut self, listener: &Listener) {
        let rules = self.rules;
        if listener.transport != Transport::Quic {
            return;
        }
        let scope = rules.model.servers[listener.servers[listener.default]].scope;
        if rules.rejects(scope) {
            return;
        }
        let lacks = rules.versions(scope).is_some_and(|set| !set.has(Version::Tls1_3));
        if lacks || !rules.library.versions().has(Version::Tls1_3) {
            let message = "\"ssl_protocols\" must enable TLSv1.3 for the \"listen ... quic\" directive";
            self.say(rules.model.scopes[scope].head, message.to_owned());
        }
    }
}

/// What is wrong with a command.
fn host_of(target: &str) -> &str {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use crate::host::Facts;
    use crate::services::nginx::Nginx;
    use crate::services::service::{Service, World};
    use crate::source::SourceMap;
    use crate::system::MemorySystem;
    use std::path::Path;

    /// What is wrong with a block `http`; the certificates and keys of the tests lie in /c.
    fn problems(http: &str) -> Vec<String> {
        let system = MemorySystem::with_files([
            ("/etc/nginx/nginx.conf", format!("events {{}}\nhttp {{\n{http}\n}}\n").as_bytes()),
            ("/c/ec.crt", include_bytes!("../../../fixtures/certs/ec.crt")),
            ("/c/ec.key", include_bytes!("../../../fixtures/certs/ec.key")),
            ("/c/pair.crt", include_bytes!("../../../fixtures/certs/pair.crt")),
            ("/c/pair.key", include_bytes!("../../../fixtures/certs/pair.key")),
        ]);
        let (facts, mut sources) = (Facts::unknown(), SourceMap::default());
        let world = World { system: &system, facts: &facts };
        let resolved = Nginx.load(Path::new("/etc/nginx/nginx.conf"), world, &mut sources);
        resolved.instance().problems.iter().map(|problem| problem.message.clone()).collect()
    }

    /// nginx 1.22.1 on Linux 6.18 does not start with it; on older kernels it did.
    #[test]
    fn whether_a_unix_socket_may_be_shared_depends_on_the_kernel() {
        let unknown = |listen: &str| {
            let main = format!("events {{}}\nhttp {{ server {{ listen {listen}; }} }}\n");
            let system = MemorySystem::with_files([("/etc/nginx/nginx.conf", main)]);
            let (facts, mut sources) = (Facts::unknown(), SourceMap::default());
            let world = World { system: &system, facts: &facts };
            Nginx.load(Path::new("/etc/nginx/nginx.conf"), world, &mut sources).instance().unknown.len()
        };
        assert_eq!(["unix:/run/x reuseport", "unix:/run/x", "8080 reuseport"].map(unknown), [1, 0, 0]);
    }

    #[test]
    fn a_socket_of_the_unix_domain_has_one_spelling() {
        let servers = |first: &str, second: &str| {
            let server = |path: &str| {
                format!(
                    "server {{ listen unix:{path} ssl; ssl_certificate /c/ec.crt; ssl_certificate_key /c/ec.key; }}\n"
                )
            };
            problems(&(server(first) + &server(second))).len()
        };
        for second in ["/run/./a", "/run//a", "//run/a"] {
            assert_eq!(servers("/run/a", second), 1, "{second}");
        }
        assert_eq!([servers("/run/a", "/run/a"), servers("/run/a", "/run/b")], [0, 0]);
    }

    /// As nginx 1.22.1 does.
    #[test]
    fn a_key_of_all_servers_is_held_against_the_certificates_of_each() {
        let server = |pair: &str| {
            format!("server {{ listen 443 ssl; ssl_certificate /c/{pair}.crt; ssl_certificate_key /c/{pair}.key; }}\n")
        };
        let command = "ssl_conf_command PrivateKey /c/ec.key;\n";
        let mismatch = "key values mismatch: \"/c/ec.key\" does not belong to the certificate";
        for (servers, expected) in
            [(["ec", "pair"], &[mismatch][..]), (["pair", "ec"], &[mismatch]), (["pair", "pair"], &[mismatch])]
        {
            assert_eq!(problems(&format!("{command}{}", servers.map(server).concat())), expected, "{servers:?}");
        }
        assert_eq!(problems(&format!("{command}{}", server("ec").repeat(2))), [] as [&str; 0]);
    }
}
