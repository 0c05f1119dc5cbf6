//! Passwords and tokens in what reports quote: each of their bytes becomes an asterisk.
//!
//! A configuration file may hold a password beside the directive that a finding is about, and reports go to pipelines,
//! tickets and mails. So what looks like a secret is masked once, in the texts and messages, before any format sees
//! them: no format can forget it. The length stays, and with it every line, column and offset. What counts as a secret
//! is described in `docs/reports.md`; it errs towards masking too much.

mod find;

use crate::endpoint::{Address, Answer, Reason, Unknown};
use crate::finding::{Finding, Label, Standing};
use crate::instance::{Instance, Problem};
use crate::source::SourceMap;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What stands for each byte of a secret.
const MASK: u8 = b'*';

/// Masks the secrets in a text; the length stays.
pub fn bytes(text: &mut [u8]) {
    for range in find::secrets(text, false) {
        text[range].fill(MASK);
    }
}

/// Does a text hold what looks like a secret?
pub fn are_in(text: &[u8]) -> bool {
    !find::secrets(text, false).is_empty()
}

/// A sentence with its secrets masked.
pub fn text(text: &str) -> Cow<'_, str> {
    let ranges = find::secrets(text.as_bytes(), true);
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut masked = text.as_bytes().to_vec();
    for range in ranges {
        masked[range].fill(MASK);
    }
    // A secret that ends within a character leaves bytes that are none.
    Cow::Owned(String::from_utf8_lossy(&masked).into_owned())
}

/// Masks the secrets in all texts.
pub fn sources(sources: &mut SourceMap) {
    sources.rewrite(bytes);
}

/// Masks the secrets in what a finding says.
pub fn finding(finding: &mut Finding) {
    string(&mut finding.message);
    finding.primary.iter_mut().chain(&mut finding.related).for_each(|Label { text, .. }| string(text));
    finding.notes.iter_mut().chain(&mut finding.help).for_each(string);
    if let Some(fix) = &mut finding.fix {
        string(&mut fix.title);
    }
    if let Standing::Waived(waived) = &mut finding.standing {
        string(&mut waived.reason);
    }
}

/// Masks the secrets in what a problem says.
pub fn problem(problem: &mut Problem) {
    string(&mut problem.message);
}

/// The instance with its secrets masked: in addresses of other servers, in reasons, in what is not known.
pub fn instance(instance: &Instance) -> Instance {
    let mut masked = instance.clone();
    masked.problems.iter_mut().for_each(problem);
    masked.unknown.iter_mut().for_each(unknown);
    let mut answers: BTreeMap<*const Answer, Arc<Answer>> = BTreeMap::new();
    for endpoint in &mut masked.endpoints {
        let shared = Arc::as_ptr(&endpoint.answer);
        let answer = answers.entry(shared).or_insert_with(|| answer(&endpoint.answer));
        endpoint.answer = Arc::clone(answer);
        if let Address::Remote(remote) = &*endpoint.address
            && let Cow::Owned(masked) = text(remote)
        {
            endpoint.address = Arc::new(Address::Remote(masked));
        }
    }
    masked
}

/// The answer with its secrets masked; the same one where it has none.
pub fn answer(answer: &Arc<Answer>) -> Arc<Answer> {
    // A note that is not owned is a text of this program.
    let notes = answer.configured.because.iter().filter_map(|reason| match &reason.note {
        Cow::Owned(note) => Some(note.as_str()),
        Cow::Borrowed(_) => None,
    });
    let unknowns = answer.unknown.iter().flat_map(|unknown| [unknown.what.as_str(), unknown.help.as_str()]);
    if !notes.chain(unknowns).any(|said| matches!(text(said), Cow::Owned(_))) {
        return Arc::clone(answer);
    }
    let mut masked = Answer::clone(answer);
    for Reason { note, .. } in &mut masked.configured.because {
        if let Cow::Owned(masked) = text(note) {
            *note = Cow::Owned(masked);
        }
    }
    masked.unknown.iter_mut().for_each(unknown);
    Arc::new(masked)
}

fn unknown(unknown: &mut Unknown) {
    string(&mut unknown.what);
    string(&mut unknown.help);
}

fn string(said: &mut String) {
    if let Cow::Owned(masked) = text(said) {
        *said = masked;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(line: &str) -> String {
        let mut bytes = line.as_bytes().to_vec();
        super::bytes(&mut bytes);
        assert_eq!(bytes.len(), line.len());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn values_of_directives_that_name_a_secret() {
        for (line, expected) in [
            (
                r#"proxy_set_header Authorization "Basic dXNlcjpwYXNz";"#,
                r#"proxy_set_header Authorization "***** ************";"#,
            ),
            ("  proxy_set_header X-Api-Key abc123; # ours", "  proxy_set_header X-Api-Key ******; # ours"),
            ("AuthLDAPBindPassword secret-word", "AuthLDAPBindPassword ***********"),
            (
                "RequestHeader set Authorization \"Bearer abc.def\" env=x",
                "RequestHeader set Authorization \"****** *******\" *****",
            ),
            ("SetEnv DB_PASS hunter2", "SetEnv DB_PASS *******"),
            ("SetEnv AWS_SECRET_ACCESS_KEY a/b+c", "SetEnv AWS_SECRET_ACCESS_KEY *****"),
            (
                "fastcgi_param DB_PASSWORD 'a b;c'; ssl_protocols TLSv1;",
                "fastcgi_param DB_PASSWORD '* ***'; ssl_protocols TLSv1;",
            ),
            ("set $auth_token \"abc\";", "set $auth_token \"***\";"),
            (
                "secure_link_md5 \"$secure_link_expires$uri hush\";",
                "secure_link_md5 \"$secure_link_expires$uri ****\";",
            ),
            ("if ($arg_token = abc) { return 200; }", "if ($arg_token = ***) { return 200; }"),
            ("# password: hunter2", "# password: *******"),
            ("DBDParams host=db.test,user=a,pass=hunter2", "DBDParams host=db.test,user=a,pass=*******"),
        ] {
            assert_eq!(masked(line), expected);
        }
    }

    #[test]
    fn what_is_a_secret_wherever_it_stands() {
        for (line, expected) in [
            ("proxy_pass https://user:pa@ss@backend.test/x;", "proxy_pass https://**********@backend.test/x;"),
            ("proxy_pass https://us\u{e9}r:p@backend.test/x;", "proxy_pass https://*******@backend.test/x;"),
            ("add_header X-Y \"Bearer abcdefgh12\";", "add_header X-Y \"Bearer **********\";"),
            ("map a eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2lnbmF0dXJl;", "map a ******************************************;"),
        ] {
            assert_eq!(masked(line), expected);
        }
        let key = "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIB\nab==\n-----END RSA PRIVATE KEY-----\nb\n";
        assert_eq!(masked(key), "a\n-----BEGIN RSA PRIVATE KEY-----\n****\n****\n-----END RSA PRIVATE KEY-----\nb\n");
        assert_eq!(masked("-----BEGIN PRIVATE KEY-----\nMIIB"), "-----BEGIN PRIVATE KEY-----\n****");
    }

    #[test]
    fn a_value_may_begin_on_the_next_line() {
        assert_eq!(
            masked("RequestHeader set Authorization \\\n  abc\nListen 443"),
            "RequestHeader set Authorization \\\n  ***\nListen 443"
        );
        assert_eq!(
            masked("RequestHeader set Authorization \\\r\n  abc\r\nListen 443"),
            "RequestHeader set Authorization \\\r\n  ***\r\nListen 443"
        );
        assert_eq!(masked("set $token\n    \"abc\";"), "set $token\n    \"***\";");
        let mut latin = b"proxy_pass https://user:p\xe4ss@h/;".to_vec();
        bytes(&mut latin);
        assert_eq!(latin, b"proxy_pass https://*********@h/;");
        assert_eq!(
            masked("RequestHeader unset Authorization\nSSLEngine on"),
            "RequestHeader unset Authorization\nSSLEngine on"
        );
    }

    #[test]
    fn what_is_no_secret_stays() {
        for line in [
            "ssl_protocols TLSv1 TLSv1.1 TLSv1.2;",
            "server_tokens off;",
            "ServerTokens Prod",
            "ssl_password_file /etc/nginx/pass.txt;",
            "SSLPassPhraseDialog exec:/usr/bin/ask",
            "ssl_certificate_key /etc/ssl/private/a.key;",
            "ssl_session_ticket_key /etc/ssl/tickets;",
            "proxy_pass https://backend.test:8443/token;",
            "ProxyPass /secret https://b.test/",
            "proxy_set_header Authorization $http_authorization;",
            "proxy_set_header X-Token \"$auth_token\";",
            "location /api/token { ssl_protocols TLSv1; }",
            "limit_req_zone $http_authorization zone=a:10m;",
            "# the token is in the vault",
            "server_name token.example secret.example;",
            "SSLOpenSSLConfCmd Options -SessionTicket",
            "include /etc/nginx/secrets/*.conf;",
            "AuthUserFile /etc/apache2/passwords",
            "see mail@example.test",
        ] {
            assert_eq!(masked(line), line);
        }
    }

    #[test]
    fn many_names_in_one_line_take_no_time() {
        let mut line = "token ".repeat(100_000).into_bytes();
        super::bytes(&mut line);
        assert!(line.starts_with(b"token ***** *****"));
        let mut line = "$token ".repeat(100_000).into_bytes();
        super::bytes(&mut line);
        assert!(line.starts_with(b"$token $token"));
    }

    #[test]
    fn sentences() {
        assert_eq!(text("-> https://a:b@c.test"), "-> https://***@c.test");
        assert_eq!(text("the token of the till is renewed in May"), "the token of the till is renewed in May");
        assert_eq!(text("password: hunter2"), "password: *******");
        assert_eq!(text("\"token\" has an invalid value \"x\u{e9}\""), "\"token\" has an invalid value \"x\u{e9}\"");
    }
}
