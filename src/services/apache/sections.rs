//! Sections: which are open, and what they mean for the directives in them.

use super::address;
use super::conditionals::Condition;
use super::model::{Covers, ProxySection, Server};
use super::path_sections::PathSection;
use super::paths::PathSet;
use super::reader::{Interpreter, LogicalLine};
use super::scope::{DirectiveScope, MAIN, OpenSection, ServerId};
use super::words::split;
use crate::endpoint::Unknown;
use crate::services::pcre::is_broken;
use crate::services::place::Place;
use crate::topic::Topic;

impl Interpreter<'_> {
    /// Is something read only because a condition holds that is not about `mod_ssl` itself?
    pub(super) fn is_conditional(&self) -> bool {
        let about_ssl = |section: &OpenSection| {
            let head = self.sources().text(section.place.span);
            ["mod_ssl.c", "ssl_module"].iter().any(|name| memchr::memmem::find(head, name.as_bytes()).is_some())
        };
        self.sections.iter().any(|section| section.condition && !about_ssl(section))
    }

    /// Is this the end of the innermost section, which is a condition that holds? Only this very text is.
    pub(super) fn ends_condition(&self, text: &[u8]) -> bool {
        let Some(OpenSection { name, condition: true, .. }) = self.sections.last() else { return false };
        let name = name.as_bytes();
        self.sections.len() > self.base()
            && text.len() == name.len() + 3
            && text.starts_with(b"</")
            && text.ends_with(b">")
            && text[2..text.len() - 1].eq_ignore_ascii_case(name)
    }

    pub(super) fn open_section(&mut self, line: &LogicalLine, section: &[u8], rest: usize) {
        let lower = section.to_ascii_lowercase();
        if let Some(condition) = Condition::of(&lower) {
            self.condition(line, condition, section, rest);
        } else if lower == b"macro" {
            self.define_macro(line, rest);
        } else {
            self.section(line, section, rest);
        }
    }

    /// The scope of directives at this moment.
    pub(super) fn current_scope(&self) -> DirectiveScope {
        self.sections.last().map_or(DirectiveScope::Server(MAIN), |section| section.scope.clone())
    }

    /// The section for files, paths or requests that is open, the innermost one.
    pub(super) fn path_section(&self) -> Option<PathSection> {
        if !matches!(self.current_scope(), DirectiveScope::Inside(..)) {
            return None;
        }
        self.sections.iter().rev().filter(|section| !section.condition).find_map(PathSection::of)
    }

    /// Opens a section.
    pub(super) fn push_section(&mut self, name: &[u8], place: Place, condition: bool, scope: DirectiveScope) {
        let name = String::from_utf8_lossy(name).as_ref().into();
        self.sections.push(OpenSection { name, head: Vec::new(), place, condition, scope });
    }

    pub(super) fn close_section(&mut self, line: &LogicalLine, name: &[u8]) {
        let shown = name.escape_ascii();
        let Some(name) = name.strip_suffix(b">") else {
            self.model.complain_of_syntax(line.place, format!("{shown}> directive missing closing '>'"));
            // It is meant as an end all the same.
            if self.innermost().is_some_and(|open| is_name(open, &name[2..])) {
                self.sections.pop();
            }
            return;
        };
        let name = &name[2..];
        let open = self.innermost().map(|open| open.name.clone());
        match open {
            Some(open) if open.as_bytes().eq_ignore_ascii_case(name) => {
                self.sections.pop();
            }
            None => {
                let name = name.escape_ascii();
                self.model.complain_of_syntax(line.place, format!("</{name}> without matching <{name}> section"));
                // Text behind the end of a condition that holds; go on as if it were not there.
                if self.sections.len() > self.base()
                    && let Some(section) = self.sections.last()
                    && section.name.as_bytes().eq_ignore_ascii_case(line_section(line))
                {
                    self.sections.pop();
                }
            }
            Some(open) => {
                let message = format!("expected </{open}> but saw </{}>", name.escape_ascii());
                self.model.complain_of_syntax(line.place, message);
                let base = self.base();
                match self.sections[base..].iter().rposition(|section| is_name(section, name)) {
                    Some(index) => self.sections.truncate(base + index),
                    None => {
                        self.sections.pop();
                    }
                }
            }
        }
    }

    /// The innermost section, if a line of this file can end it as httpd sees it.
    fn innermost(&self) -> Option<&OpenSection> {
        self.sections.last().filter(|section| !section.condition && self.sections.len() > self.base())
    }

    /// Opens a section that is not a condition.
    fn section(&mut self, line: &LogicalLine, name: &[u8], rest: usize) {
        if !name.first().is_some_and(u8::is_ascii_alphabetic) {
            let shown = [b"<", name].concat();
            self.invalid_command(line.place, &shown);
            return;
        }
        let shown = String::from_utf8_lossy(name);
        let text = line.bytes();
        let end = memchr::memrchr(b'>', &text[rest..]).map(|length| rest + length);
        // `<X>` has lost its bracket with its name.
        if end.is_none() && !(rest == text.len() && text.ends_with(b">")) {
            self.model.complain_of_syntax(line.place, format!("<{shown}> directive missing closing '>'"));
        }
        let head = &text[rest.min(text.len())..end.unwrap_or(text.len())];
        let server = self.server();
        let lower = shown.to_ascii_lowercase();
        self.note_core(&format!("<{lower}"));
        // A virtual host in another section is told below.
        if lower != "virtualhost" {
            self.check_syntax(line, &[b"<", name].concat(), &format!("<{lower}"), None);
        }
        let scope = match lower.as_str() {
            "virtualhost" => DirectiveScope::Server(self.virtual_host(line, head)),
            "proxy" | "proxymatch" => {
                let words = split(head, 0);
                let words = words.iter().map(|word| String::from_utf8_lossy(&word.value(head)).into_owned());
                let words: Vec<String> = words.collect();
                self.check_proxy_head(line, &words, lower == "proxymatch");
                self.balancer_section(server, &words);
                let section = ProxySection::new(&words, lower == "proxymatch");
                if matches!(section.covers, Covers::Regex(None)) && !is_broken(&section.url) {
                    self.model.unknown.push(Unknown {
                        topic: Topic::of("regular-expression"),
                        span: Some(line.place.span),
                        what: "the regular expression of this section can't be evaluated here".to_owned(),
                        help: "write a simpler one, or check which servers it is for".to_owned(),
                    });
                }
                let sections = &mut self.model.servers[server].sections;
                sections.push(section);
                DirectiveScope::Proxy(server, sections.len() - 1)
            }
            "mdomain" | "mdomainset" | "managedomain" => {
                self.model.managed_certificates = true;
                DirectiveScope::Inside(server, shown.as_ref().into())
            }
            "perl" => {
                self.model.unknown.push(Unknown {
                    topic: Topic::of("run-time-configuration"),
                    span: Some(line.place.span),
                    what: "this section makes configuration at run time".to_owned(),
                    help: "check what it makes by hand".to_owned(),
                });
                DirectiveScope::Inside(server, shown.as_ref().into())
            }
            _ => DirectiveScope::Inside(server, shown.as_ref().into()),
        };
        let head = head.to_owned();
        self.push_section(name, line.place, false, scope);
        if let Some(section) = self.sections.last_mut() {
            section.head = head;
            if let Some(PathSection { paths: PathSet::Matching(pattern), .. }) = PathSection::of(section)
                && line.undefined.is_empty()
                && is_broken(&pattern)
            {
                self.model.complain(line.place, format!("<{shown}>: regex could not be compiled: '{pattern}'"));
            }
        }
    }

    fn virtual_host(&mut self, line: &LogicalLine, head: &[u8]) -> ServerId {
        if let Some(outer) = self.sections.iter().rev().find(|section| !section.condition) {
            let message = format!("<VirtualHost> cannot occur within <{}> section", outer.name);
            self.model.complain(line.place, message);
            // A line before it would not be at the server level.
            self.model.in_hosts.insert(line.place.span);
        }
        let words = split(head, 0);
        if words.is_empty() {
            self.model.complain(line.place, "<VirtualHost> directive requires additional arguments");
        }
        self.needs_variables(line);
        let mut server = Server { head: Some(line.place), ..Server::default() };
        server.title = String::from_utf8_lossy(head.trim_ascii()).into_owned();
        let default_port = self.model.servers[MAIN].port;
        for word in words {
            let word = String::from_utf8_lossy(&word.value(head)).into_owned();
            match address::virtual_host(&word, default_port, self.world.facts) {
                Ok(addresses) => {
                    if addresses.is_empty() && line.undefined.is_empty() {
                        self.unresolved(line, &word);
                    }
                    for (address, equals) in addresses {
                        server.addresses.push(address);
                        server.listened.extend(equals);
                    }
                }
                Err(why) => self.model.complain(line.place, format!("<VirtualHost {word}>: {why}")),
            }
        }
        self.model.servers.push(server);
        self.model.servers.len() - 1
    }

    /// httpd leaves out what it can't resolve, and so the virtual host may be reached by nobody.
    fn unresolved(&mut self, line: &LogicalLine, word: &str) {
        let looks_like_a_name =
            word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'_'))
                && word.bytes().any(|b| b.is_ascii_alphabetic());
        let (what, help) = if looks_like_a_name {
            (format!("the address of {word} is not known"), "add it to the /etc/hosts of the host that is audited")
        } else {
            let what = format!("httpd can't resolve '{word}' and ignores it: this virtual host may answer nobody");
            (what, "write addresses separated by blanks, and nothing behind them")
        };
        let topic = Topic::about("host-address", word.to_owned());
        self.model.unknown.push(Unknown { topic, span: Some(line.place.span), what, help: help.to_owned() });
    }
}

/// Is a section of that name?
fn is_name(section: &OpenSection, name: &[u8]) -> bool {
    section.name.as_bytes().eq_ignore_ascii_case(name)
}

/// The name in a line that ends a section, whatever follows it.
fn line_section(line: &LogicalLine) -> &[u8] {
    let name = line.bytes().strip_prefix(b"</").unwrap_or_default();
    let length = name.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    &name[..length]
}
