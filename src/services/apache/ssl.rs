//! The directives of `mod_ssl`.

use super::ID;
use super::model::{EngineState, Proxy, SslLine};
use super::modules::is_ssl_directive;
use super::reader::{Interpreter, LogicalLine};
use super::scope::{DirectiveScope, MAIN};
use super::values;
use super::words::LineArguments;
use crate::release::Release;
use std::path::PathBuf;

/// Directives of `mod_ssl` that may stand in sections for files and paths.
const SSL_ANYWHERE: &[&str] = &[
    "sslcacertificatefile",
    "sslcacertificatepath",
    "sslciphersuite",
    "ssllog",
    "sslloglevel",
    "ssloptions",
    "sslrenegbuffersize",
    "sslrequire",
    "sslrequiressl",
    "sslusername",
    "sslverifyclient",
    "sslverifydepth",
];

impl Interpreter<'_> {
    /// A directive of `mod_ssl`.
    pub(super) fn read_ssl_directive(
        &mut self,
        line: &LogicalLine,
        name: &[u8],
        lower: &str,
        arguments: &LineArguments<'_>,
        rest: usize,
    ) {
        let shown = String::from_utf8_lossy(name).into_owned();
        if !is_ssl_directive(lower) {
            self.invalid_command(line.place, name);
            return;
        }
        if line.undefined.is_empty() {
            let words: Vec<String> = (0..arguments.words.len()).filter_map(|at| arguments.get(at)).collect();
            self.note_files(line, &shown, lower, &words);
            let on = words.first().is_some_and(|word| word.eq_ignore_ascii_case("on"));
            let is_debian = self.world.facts.distribution.iter().any(|id| id == "debian");
            if lower == "sslcompression" && on && is_debian {
                self.model.complain(line.place, "the OpenSSL of Debian has no compression: SSLCompression can't be on");
            }
            let is_new = self.world.facts.of(ID).library.release >= Some(Release::new(1, 1, 0));
            if lower == "sslrandomseed" && is_new && words.get(1).is_some_and(|source| source.starts_with("egd:")) {
                self.model.complain(line.place, "SSLRandomSeed: this OpenSSL has no entropy gathering daemon (egd:)");
            }
            if let Some(why) = values::refused(&shown, lower, &words) {
                self.model.complain(line.place, why);
            }
        }
        if self.model.first_ssl.is_none() {
            self.model.first_ssl = Some((shown.clone(), line.place));
        }
        let proxy = lower.starts_with("sslproxy");
        let section = match self.current_scope() {
            DirectiveScope::Inside(_, section) => Some(section),
            DirectiveScope::Proxy(..) if !proxy => Some("Proxy".into()),
            _ => None,
        };
        if let Some(section) = section {
            if !SSL_ANYWHERE.contains(&lower) {
                self.model.complain(line.place, format!("{shown} not allowed in <{section}> context"));
            } else if let ("sslciphersuite", Some(protocol), Some(_)) = (lower, arguments.get(0), arguments.get(1)) {
                self.suites_of_section(line, &shown, &protocol);
            }
            return;
        }
        let server = self.server();
        if self.current_scope() == DirectiveScope::Server(MAIN) {
            let is_list = matches!(lower, "sslprotocol" | "sslproxyprotocol");
            let is_conditional = self.is_conditional();
            self.model.ssl_lines.push(SslLine { place: line.place, is_list, is_conditional });
        } else {
            self.model.in_hosts.insert(line.place.span);
        }
        if let (true, Some(path)) = (values::is_store(lower), arguments.get(0))
            && matches!(self.current_scope(), DirectiveScope::Server(_))
            && line.undefined.is_empty()
        {
            self.model.servers[server].stores.insert(lower.to_owned(), (PathBuf::from(path), line.place));
        }
        match lower {
            "sslprotocol" | "sslproxyprotocol" => self.list(line, &shown, arguments, rest),
            "sslengine" => {
                let engine = self.engine(line, arguments);
                self.model.servers[server].engine = engine.map(|engine| (engine, line.place));
            }
            "sslproxyengine" => {
                let on = arguments.get(0).is_some_and(|word| word.eq_ignore_ascii_case("on"));
                self.proxy_mut().engine = Some((on, line.place));
            }
            "sslciphersuite" | "sslproxyciphersuite" => self.cipher_suite(line, &shown, arguments, proxy),
            "sslcertificatefile" => {
                let file = arguments.get(0).map(|path| (PathBuf::from(path), line.place));
                self.model.servers[server].certificates.extend(file);
            }
            "sslcertificatekeyfile" => {
                let file = arguments.get(0).map(|path| (PathBuf::from(path), line.place));
                self.model.servers[server].key_files.extend(file);
            }
            "sslcertificatechainfile" => {
                let file = arguments.get(0).map(|path| (PathBuf::from(path), line.place));
                self.model.servers[server].chain_file = file;
            }
            "sslusestapling" => {
                let on = arguments.get(0).is_some_and(|word| word.eq_ignore_ascii_case("on"));
                self.model.servers[server].stapling = Some((on, line.place));
            }
            "sslcarevocationcheck" => {
                let on = arguments.get(0).is_some_and(|word| !word.eq_ignore_ascii_case("none"));
                self.model.servers[server].revocation_check = Some((on, line.place));
            }
            "sslproxycarevocationcheck" => {
                let on = arguments.get(0).is_some_and(|word| !word.eq_ignore_ascii_case("none"));
                self.proxy_mut().revocation_check = Some((on, line.place));
            }
            "sslproxycarevocationfile" | "sslproxycarevocationpath" => self.proxy_mut().revocation_lists = true,
            "sslcarevocationfile" | "sslcarevocationpath" => self.model.servers[server].revocation_lists = true,
            "sslsessioncache" | "sslstaplingcache" => {
                self.model.stapling_cache |= lower == "sslstaplingcache";
                if line.undefined.is_empty() {
                    self.stores.extend(arguments.get(0).map(|store| (line.place, shown, store)));
                }
            }
            "sslopensslconfcmd" => self.command(line, &shown, arguments, rest),
            _ => {}
        }
    }

    /// The client side of the current scope.
    pub(super) fn proxy_mut(&mut self) -> &mut Proxy {
        match self.current_scope() {
            DirectiveScope::Proxy(server, section) => &mut self.model.servers[server].sections[section].proxy,
            DirectiveScope::Server(server) | DirectiveScope::Inside(server, _) => &mut self.model.servers[server].proxy,
        }
    }

    fn engine(&mut self, line: &LogicalLine, arguments: &LineArguments<'_>) -> Option<EngineState> {
        let word = arguments.get(0).unwrap_or_default().to_ascii_lowercase();
        match word.as_str() {
            "on" => Some(EngineState::On),
            "off" => Some(EngineState::Off),
            "optional" => Some(EngineState::Optional),
            _ => {
                if let Some(unknown) = Self::undefined(line) {
                    return Some(EngineState::Unclear(unknown));
                }
                self.model.complain(line.place, "SSLEngine: argument must be On or Off");
                None
            }
        }
    }

    /// What httpd refuses where suites are said for a protocol in a section for paths.
    fn suites_of_section(&mut self, line: &LogicalLine, shown: &str, protocol: &str) {
        match protocol {
            "SSL" => {}
            "TLSv1.3" => self.model.complain(line.place, "TLSv1.3 ciphers cannot be set inside a directory context"),
            _ => self.model.complain(line.place, format!("{shown}: protocol '{protocol}' not supported")),
        }
    }

    fn cipher_suite(&mut self, line: &LogicalLine, shown: &str, arguments: &LineArguments<'_>, proxy: bool) {
        // An empty argument is none.
        let word = |at| arguments.get(at).filter(|word| !word.is_empty());
        let (protocol, list) = match (word(0), word(1)) {
            (Some(protocol), Some(list)) => (protocol, list),
            (Some(list), None) => ("SSL".to_owned(), list),
            _ => {
                self.model.complain(line.place, format!("{shown} takes 1-2 arguments"));
                return;
            }
        };
        let old = protocol == "SSL";
        if !old && protocol != "TLSv1.3" {
            self.model.complain(line.place, format!("{shown}: protocol '{protocol}' not supported"));
            return;
        }
        if proxy {
            let proxy = self.proxy_mut();
            *(if old { &mut proxy.ciphers } else { &mut proxy.suites }) = Some(list);
        } else {
            let server = self.server();
            let server = &mut self.model.servers[server];
            (if old { &mut server.ciphers } else { &mut server.suites })[0] = Some(list);
        }
    }
}
