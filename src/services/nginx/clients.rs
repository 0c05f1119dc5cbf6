//! What nginx refuses of its settings as a client of other servers: where it makes a TLS context for that
//! (`ngx_http_proxy_set_ssl` and its like).

use super::defaults::CLIENT_CERTIFICATE_VARIABLES;
use super::files::Purpose;
use super::model::{Client, Given, Place, ScopeId, Tls};
use super::startup::Complaints;
use crate::openssl::Slots;

impl<'m> Complaints<'_, 'm> {
    /// All contexts as a client.
    pub(super) fn clients(&mut self) {
        let rules = self.rules;
        for (scope, client) in rules.client_contexts() {
            let of = |s: ScopeId| rules.model.scopes[s].clients.get(&client);
            self.client_certificate(scope, client);
            self.verification(scope, client);
            self.values(scope, &of);
        }
    }

    fn client_value<T>(
        &self,
        scope: ScopeId,
        client: Client,
        pick: impl Fn(&'m Tls) -> &'m Given<T>,
    ) -> Option<&'m (T, Place)> {
        let rules = self.rules;
        rules.first(scope, |s| pick(rules.model.scopes[s].clients.get(&client)?).as_ref())
    }

    fn client_certificate(&mut self, scope: ScopeId, client: Client) {
        let rules = self.rules;
        let Some((certificate, place)) = self.client_value(scope, client, |tls| &tls.certificate) else { return };
        let Some((key, place_of_key)) = self.client_value(scope, client, |tls| &tls.key) else {
            if !rules.model.is_part && self.is_new(*place, 0) {
                let name = client.prefix();
                self.say(
                    *place,
                    format!("no \"{name}_ssl_certificate_key\" is defined for certificate \"{certificate}\""),
                );
            }
            return;
        };
        let takes_variables = rules.release.is_none_or(|r| r >= CLIENT_CERTIFICATE_VARIABLES);
        if takes_variables && (certificate.contains('$') || key.contains('$')) {
            return;
        }
        self.file(certificate, Purpose::Certificate, *place);
        self.file(key, Purpose::Key, *place_of_key);
        let found = rules.files.pem(certificate).and_then(|pem| pem.certificate.as_ref());
        let half = rules.files.pem(key).and_then(|pem| pem.key.as_ref());
        if let (Some((certificate, half_of_it)), Some(half)) = (found, half) {
            let mut slots = Slots::default();
            slots.add_certificate(certificate, half_of_it);
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
            Some((path, place)) => self.file(path, Purpose::Trust, *place),
            None if !rules.model.is_part && self.is_new(*place, 0) => {
                let name = client.prefix();
                self.say(*place, format!("no {name}_ssl_trusted_certificate for {name}_ssl_verify"));
            }
            None => {}
        }
        if let Some((path, place)) = self.client_value(scope, client, |tls| &tls.crl) {
            self.file(path, Purpose::Trust, *place);
        }
    }
}
