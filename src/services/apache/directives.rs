//! What single directives and sections do to the model.

use super::address::{self, Listened};
use super::binding;
use super::files;
use super::model::Listen;
use super::modules::is_core_directive;
use super::reader::{Interpreter, LogicalLine};
use super::scope::{DirectiveScope, MAIN, ServerId};
use super::text::TracedText;
use super::words::{LineArguments, split};
use crate::endpoint::Unknown;
use crate::services::place::Place;
use crate::system::{Kind, is_outside};
use crate::topic::Topic;

impl Interpreter<'_> {
    /// Interprets a directive; its arguments begin at `rest`.
    pub(super) fn directive(&mut self, line: &LogicalLine, name: &[u8], rest: usize) {
        let lower = String::from_utf8_lossy(name).to_ascii_lowercase();
        self.note_core(&lower);
        let arguments = LineArguments::new(line.bytes(), split(line.bytes(), rest));
        self.check_syntax(line, name, &lower, Some(&arguments));
        self.check_apart(line, &lower, &arguments);
        match lower.as_str() {
            "include" | "includeoptional" => {
                if let Some(path) = arguments.bytes(0) {
                    if self.needs_variables(line) {
                        self.model.reach.is_unclear = true;
                        return;
                    }
                    self.include(line, &path, lower == "includeoptional");
                }
            }
            "loadmodule" => self.load_module(line, &arguments),
            "loadfile"
            | "sslcryptodevice"
            | "perlrequire"
            | "perlconfigrequire"
            | "perlpostconfigrequire"
            | "perlmodule" => {
                self.model.reach.is_unclear |= !line.undefined.is_empty();
                let files = (0..arguments.words.len()).filter_map(|at| arguments.bytes(at));
                let files: Vec<Vec<u8>> = files.collect();
                if lower == "loadfile" && line.undefined.is_empty() {
                    let by = self.files_of(line);
                    self.loaded_files.extend(files.iter().map(|file| (line.place, file.clone(), by.clone())));
                }
                let files = files.iter().map(|file| files::absolute(&self.server_root, file));
                self.model.reach.loads.extend(files);
            }
            "pidfile" => {
                let file = arguments.bytes(0).map(|file| files::absolute(&self.server_root, &file));
                self.model.reach.pid_file = file;
            }
            "serverroot" => {
                if let Some(path) = arguments.bytes(0)
                    && !self.needs_variables(line)
                {
                    self.set_server_root(line, &path);
                }
            }
            "define" => self.define(line, &arguments),
            "undefine" => {
                if let Some(name) = arguments.bytes(0) {
                    self.variables.undefine(&name);
                }
            }
            "use" => self.use_macro(line, rest),
            "undefmacro" => {
                if let Some(name) = arguments.bytes(0) {
                    self.undefine_macro(line, &name);
                }
            }
            "error" => {
                let text = line.bytes()[rest..].escape_ascii().to_string();
                self.model.complain(line.place, format!("the directive Error stops httpd: {text}"));
            }
            "listen" => self.listen(line, &arguments),
            "mdomain" | "managedomain" => self.model.managed_certificates = true,
            "servername" | "serveralias" | "protocol" => self.read_names(line, &lower, &arguments),
            "gnutlsenable" | "nssengine" | "tlsengine" => {
                let server = self.server();
                let off = arguments.get(0).is_some_and(|word| word.eq_ignore_ascii_case("off"));
                let name = String::from_utf8_lossy(name).into_owned();
                self.model.servers[server].other_engine = (!off).then_some((name, line.place));
            }
            "proxypass" | "proxypassmatch" => self.passes(line, lower == "proxypassmatch", &arguments),
            "balancermember" => self.balancer_member(line, &arguments),
            "proxyset" => self.sets_balancer(),
            "balancerinherit" | "proxypassinherit" => self.inherits_balancers(&lower, &arguments),
            "sethandler" => self.sets_handler(line, &arguments),
            "setenvif" | "setenvifnocase" | "browsermatch" | "browsermatchnocase" => {
                self.sets_variables(&lower, &arguments);
            }
            _ if lower.starts_with("rewrite") => self.rewrites(line, &lower, &arguments),
            _ if lower.starts_with("ssl") => self.read_ssl_directive(line, name, &lower, &arguments, rest),
            _ => {
                let usual = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
                if !name.first().is_some_and(u8::is_ascii_alphabetic) || !name.iter().all(usual) {
                    self.invalid_command(line.place, name);
                }
            }
        }
    }

    /// Checks directives of modules that take their arguments apart themselves.
    fn check_apart(&mut self, line: &LogicalLine, lower: &str, arguments: &LineArguments<'_>) {
        if lower.starts_with("proxy") || lower == "balancermember" {
            self.check_proxying(line, lower, arguments);
        } else if lower.starts_with("rewrite") || lower.starts_with("setenvif") || lower.starts_with("browsermatch") {
            self.check_rewriting(line, lower, arguments);
        } else if matches!(lower, "redirectmatch" | "aliasmatch" | "scriptaliasmatch") {
            self.check_alias(line, lower, arguments);
        } else if lower == "sslcryptodevice" {
            let engine = arguments.get(0).filter(|engine| !["builtin", "dynamic"].contains(&engine.as_str()));
            self.model.unknown.extend(engine.map(|engine| Unknown {
                topic: Topic::about("crypto-device", engine.clone()),
                span: Some(line.place.span),
                what: format!("whether OpenSSL has an engine '{engine}' is not known: httpd does not start without"),
                help: "ask `openssl engine` on the host".to_owned(),
            }));
        } else if lower == "protocols" && arguments.words.is_empty() {
            self.model.complain(line.place, "Protocols requires at least one argument");
        }
    }

    pub(super) fn note_core(&mut self, lower: &str) {
        let server = self.server();
        if is_core_directive(lower) {
            self.model.servers[server].has_core = true;
        }
    }

    pub(super) fn invalid_command(&mut self, place: Place, name: &[u8]) {
        let name = name.escape_ascii();
        let message = format!(
            "invalid command '{name}', perhaps misspelled or defined by a module not included in the server \
             configuration"
        );
        self.model.complain(place, message);
    }

    /// What is not known of a line; `None`: all of its variables have values.
    pub(super) fn undefined(line: &LogicalLine) -> Option<Unknown> {
        let name = line.undefined.first()?;
        Some(Unknown {
            topic: Topic::about("undefined-variable", name.to_string()),
            span: Some(line.place.span),
            what: format!("${{{name}}} is not defined in any file that was read"),
            help: format!("say its value with --env {name}=..."),
        })
    }

    /// Notes that a line can't be understood without a variable's value.
    pub(super) fn needs_variables(&mut self, line: &LogicalLine) -> bool {
        let unknown = Self::undefined(line);
        let needs = unknown.is_some();
        self.model.unknown.extend(unknown);
        needs
    }

    pub(super) fn server(&self) -> ServerId {
        match self.current_scope() {
            DirectiveScope::Server(server) | DirectiveScope::Proxy(server, _) | DirectiveScope::Inside(server, _) => {
                server
            }
        }
    }

    fn load_module(&mut self, line: &LogicalLine, arguments: &LineArguments<'_>) {
        let (Some(identifier), Some(file)) = (arguments.get(0), arguments.get(1)) else {
            return;
        };
        if self.modules.is_compiled_in(&identifier) {
            self.model.complain(line.place, format!("module {identifier} is built-in and can't be loaded"));
            return;
        }
        self.modules.load(&identifier, &file);
        self.model.reach.is_unclear |= !line.undefined.is_empty();
        if line.undefined.is_empty() {
            let path = files::absolute(&self.server_root, file.as_bytes());
            self.model.reach.loads.insert(path.clone());
            let by = self.files_of(line);
            if self.is_hidden(&by, file.as_bytes(), &path) {
                return;
            }
            if self.system().kind(&path).is_ok() {
                self.any_module = true;
            } else {
                self.missing_modules.push((line.place, path.display().to_string()));
            }
        }
    }

    fn set_server_root(&mut self, line: &LogicalLine, written: &[u8]) {
        let path = files::absolute(&self.server_root, written);
        let by = self.files_of(line);
        let kind = self.system().kind(&path);
        // Where nothing is read, nobody can tell.
        let is_unseen = kind.as_ref().is_err_and(is_outside) || self.is_hidden(&by, written, &path);
        if !is_unseen && kind.ok() != Some(Kind::Directory) {
            let path = path.display();
            self.model.complain(line.place, format!("ServerRoot must be a valid directory: {path} is none"));
        }
        self.server_root = path;
        self.server_root_by = by;
    }

    fn define(&mut self, line: &LogicalLine, arguments: &LineArguments<'_>) {
        let Some(name) = arguments.bytes(0) else { return };
        if name.contains(&b':') {
            self.model.complain(line.place, "variable name must not contain ':'");
            return;
        }
        let value = arguments.words.get(1).map(|word| line.text.word(&word.kept, word.quote.is_some()));
        self.define_variable(&name, value);
    }

    /// Gives a variable its value.
    pub(super) fn define_variable(&mut self, name: &[u8], value: Option<TracedText>) {
        if let Some(value) = &value {
            self.model.note_value(name, value.bytes());
        }
        self.variables.define(name, value);
    }

    fn listen(&mut self, line: &LogicalLine, arguments: &LineArguments<'_>) {
        if self.needs_variables(line) {
            return;
        }
        let (Some(address), None) = (arguments.get(0).filter(|word| !word.is_empty()), arguments.get(2)) else {
            self.model.complain(line.place, "Listen requires 1 or 2 arguments");
            return;
        };
        let (ips, port) = match address::listen(&address, self.world.facts) {
            Ok(Listened::Addresses(ips, port)) => (ips, port),
            Ok(Listened::Name(name)) => {
                self.model.unknown.push(Unknown {
                    topic: Topic::about("host-address", name.clone()),
                    span: Some(line.place.span),
                    what: format!("the address of {name} is not known"),
                    help: "add it to the /etc/hosts of the host that is audited".to_owned(),
                });
                return;
            }
            Err(why) => {
                self.model.complain(line.place, format!("Listen {address}: {why}"));
                return;
            }
        };
        let default = if port == 443 { "https" } else { "http" };
        let protocol = arguments.get(1).unwrap_or_else(|| default.to_owned()).to_ascii_lowercase();
        for ip in ips {
            let is_mapped = ip.is_some_and(|ip| ip.to_canonical() != ip);
            let ip = ip.map(|ip| ip.to_canonical());
            if self.listened.insert((ip, is_mapped, port)) {
                let listen =
                    Listen { ip, port, protocol: protocol.clone(), place: line.place, is_mapped, is_open: true };
                self.model.listens.push(listen);
            } else {
                self.model.complain(line.place, "cannot define multiple Listeners on the same IP:port");
            }
        }
    }

    fn read_names(&mut self, line: &LogicalLine, lower: &str, arguments: &LineArguments<'_>) {
        if matches!(self.current_scope(), DirectiveScope::Inside(..) | DirectiveScope::Proxy(..)) {
            return;
        }
        self.needs_variables(line);
        let server = self.server();
        match lower {
            "protocol" => {
                let protocol = arguments.get(0).map(|word| (word.to_ascii_lowercase(), line.place));
                self.model.servers[server].protocol = protocol;
            }
            "serveralias" if server == MAIN => {
                self.model.complain(line.place, "ServerAlias only used in <VirtualHost>");
            }
            "serveralias" => {
                let names = (0..arguments.words.len()).filter_map(|i| arguments.get(i));
                let names: Vec<String> = names.collect();
                self.model.servers[server].aliases.extend(names.into_iter().map(|name| (name, line.place)));
            }
            _ => {
                if let Some(name) = arguments.get(0) {
                    self.server_name(line, server, &name);
                }
            }
        }
    }

    fn server_name(&mut self, line: &LogicalLine, server: ServerId, name: &str) {
        if name.contains(['*', '?']) {
            let message = format!("invalid ServerName \"{name}\", use ServerAlias to set multiple server names");
            self.model.complain(line.place, message);
            return;
        }
        let bare = name.split_once("://").map_or(name, |(_, rest)| rest);
        let (host, port) = match bare.split_once(':') {
            Some((host, port)) => {
                let digits = port.bytes().take_while(u8::is_ascii_digit).count();
                (host, port[..digits].parse::<u16>().unwrap_or(0))
            }
            None => (bare, 0),
        };
        if bare.contains(':') && port == 0 {
            let message = format!("the port number of \"{name}\" is outside the appropriate range (1..65535)");
            self.model.complain(line.place, message);
        }
        let server = &mut self.model.servers[server];
        server.name = Some((host.to_owned(), line.place));
        server.port = port;
    }

    /// What can be told only when all has been read.
    pub(super) fn finish(&mut self) {
        self.check_modules();
        self.check_needs();
        self.note_unserved();
        self.check_files();
        self.check_stores();
        if !self.modules.is_loaded("ssl_module")
            && let Some((name, place)) = self.model.first_ssl.clone()
        {
            self.invalid_command(place, name.as_bytes());
        }
        // A copy of the configuration alone has no modules at all.
        if self.any_module {
            for (place, path) in std::mem::take(&mut self.missing_modules) {
                self.model.complain(place, format!("cannot load {path} into server: there is no such file"));
            }
        }
        binding::open(&mut self.model);
        self.title_scopes();
        let mut seen = std::collections::BTreeSet::new();
        self.model.unknown.retain(|unknown| seen.insert(unknown.clone()));
    }
}
