//! What nginx refuses of its settings as a client of other servers: where it makes a TLS context for that
//! (`ngx_http_proxy_set_ssl` and its like).

use super::defaults::{CLIENT_CERTIFICATE_VARIABLES, NO_CLIENT_CERTIFICATE};
use super::files::{Purpose, shown};
use super::model::{ScopeId, TlsSettings};
use super::module::Client;
use super::startup::Complaints;
use crate::openssl::Slots;
use crate::services::place::{Given, Place};

/// The default of `proxy_ssl_ciphers` and its like.
const CIPHERS: &str = "DEFAULT";

impl<'m> Complaints<'_, 'm> {
    /// All contexts as a client.
    pub(super) fn clients(&mut self) {
        let rules = self.rules;
        for (scope, client) in rules.client_contexts() {
            let of = |s: ScopeId| rules.model.scopes[s].clients.get(&client);
            self.client_certificate(scope, client);
            self.verification(scope, client);
            self.values(scope, CIPHERS, &of);
        }
    }

    fn client_value<T>(
        &self,
        scope: ScopeId,
        client: Client,
        pick: impl Fn(&'m TlsSettings) -> &'m Given<T>,
    ) -> Option<&'m (T, Place)> {
        let rules = self.rules;
        rules.first(scope, |s| pick(rules.model.scopes[s].clients.get(&client)?).as_ref())
    }

    fn client_certificate(&mut self, scope: ScopeId, client: Client) {
        let rules = self.rules;
        let Some((certificate, place)) = self.client_value(scope, client, |tls| &tls.certificate) else { return };
        let takes_variables = rules.release.is_none_or(|r| r >= CLIENT_CERTIFICATE_VARIABLES);
        // An empty name means none, but for some releases in between.
        if certificate.is_empty() && (!takes_variables || rules.release.is_none_or(|r| r >= NO_CLIENT_CERTIFICATE)) {
            return;
        }
        let key =
            self.client_value(scope, client, |tls| &tls.key).filter(|(key, _)| takes_variables || !key.is_empty());
        let Some((key, place_of_key)) = key else {
            if !rules.model.is_part && self.is_new(*place, 0) {
                let name = client.prefix();
                self.say(
                    *place,
                    format!("no \"{name}_ssl_certificate_key\" is defined for certificate \"{}\"", shown(certificate)),
                );
            }
            return;
        };
        if takes_variables && (certificate.contains('$') || key.contains('$')) {
            return;
        }
        self.check_file(certificate, Purpose::Certificate, *place);
        self.check_file(key, Purpose::Key, *place_of_key);
        let found = rules.files.find_pem(certificate, *place).and_then(|pem| pem.certificate.as_ref());
        let half = rules.files.find_pem(key, *place_of_key).and_then(|pem| pem.key.as_ref());
        let list = self.client_value(scope, client, |tls| &tls.ciphers).map_or(CIPHERS, |(list, _)| list);
        let level = rules.library.security_level(Some(list)).filter(|_| rules.loads_after_ciphers());
        if let Some((chain, _)) = found
            && self.is_new(*place, usize::MAX - usize::from(level.unwrap_or(9)))
        {
            self.strength(certificate, chain, *place, level);
        }
        if let (Some((chain, half_of_it)), Some(half)) = (found, half) {
            let mut slots = Slots::default();
            slots.add_certificate(chain, half_of_it);
            if !slots.add_key(half) && self.is_new(*place_of_key, 0) {
                self.mismatch(key, *place_of_key);
            }
        }
    }

    fn verification(&mut self, scope: ScopeId, client: Client) {
        let rules = self.rules;
        let Some((true, place)) = self.client_value(scope, client, |tls| &tls.verify) else { return };
        let trusted = self.client_value(scope, client, |tls| &tls.trusted).filter(|(path, _)| !path.is_empty());
        match trusted {
            Some((path, place)) => self.check_file(path, Purpose::Trust, *place),
            None if !rules.model.is_part && self.is_new(*place, 0) => {
                let name = client.prefix();
                self.say(*place, format!("no {name}_ssl_trusted_certificate for {name}_ssl_verify"));
            }
            None => {}
        }
        if let Some((path, place)) = self.client_value(scope, client, |tls| &tls.crl) {
            self.check_file(path, Purpose::Trust, *place);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::host::{Fact, Facts};
    use crate::release::Release;
    use crate::services::nginx::ID;
    use crate::services::nginx::Nginx;
    use crate::services::service::{Service, World};
    use crate::source::SourceMap;
    use crate::system::MemorySystem;
    use std::path::Path;

    /// What is wrong with the certificate that a release sends to another server.
    fn problems(release: Option<Release>, lines: &str) -> Vec<String> {
        let text = format!(
            "events {{}}\nhttp {{ proxy_ssl_certificate a; proxy_ssl_certificate_key b; \
             server {{ listen 80; location / {{ proxy_pass https://127.0.0.1; {lines} }} }} \
             server {{ listen 81; location / {{ grpc_pass grpcs://127.0.0.1:1; {} }} }} }}\n",
            lines.replace("proxy_", "grpc_")
        );
        let system = MemorySystem::with_files([("/etc/nginx/nginx.conf", text), ("/etc/passwd", String::new())]);
        let (mut facts, mut sources) = (Facts::unknown(), SourceMap::default());
        if let Some(release) = release {
            facts.of_mut(ID).release = Fact::known(release, "the test");
        }
        let world = World { system: &system, facts: &facts };
        let resolved = Nginx.load(Path::new("/etc/nginx/nginx.conf"), world, &mut sources);
        resolved.instance().problems.iter().map(|problem| problem.message.clone()).collect()
    }

    /// From the source of nginx (f08dbefadf08, its parents, and release-1.20.2); 1.22.1 does so.
    #[test]
    fn an_empty_certificate_is_none_or_refused() {
        let empty = "proxy_ssl_certificate \"\";";
        let with_key = "proxy_ssl_certificate \"\"; proxy_ssl_certificate_key k;";
        for release in [None, Release::parse("1.20.2"), Release::parse("1.23.0"), Release::parse("1.31.4")] {
            for lines in [empty, with_key, "proxy_ssl_certificate \"\"; proxy_ssl_certificate_key \"\";"] {
                assert_eq!(problems(release, lines), [] as [&str; 0], "{release:?} {lines}");
            }
        }
        for release in ["1.21.0", "1.22.1"] {
            let refused = "no \"grpc_ssl_certificate_key\" is defined for certificate \"\"";
            assert!(problems(Release::parse(release), empty).iter().any(|said| said == refused), "{release}");
            let all = problems(Release::parse(release), with_key);
            assert!(all.iter().any(|said| said.starts_with("cannot load \"\": the name is empty")), "{all:?}");
        }
    }

    #[test]
    fn an_empty_key_was_none_before_variables() {
        let empty = "proxy_ssl_certificate a; proxy_ssl_certificate_key \"\";";
        let old = problems(Release::parse("1.20.2"), empty);
        let none = |client: &str| format!("no \"{client}_ssl_certificate_key\" is defined for certificate \"a\"");
        assert_eq!(old, [none("proxy"), none("grpc")]);
        let new = problems(Release::parse("1.22.1"), empty);
        assert!(new.iter().any(|said| said.starts_with("cannot load \"\": the name is empty")), "{new:?}");
    }
}
