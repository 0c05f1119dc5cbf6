//! The directives that set versions, as they are read.

use super::ID;
use super::library_commands;
use super::model::{Load, SettingUse, VersionDirective, Written};
use super::protocol::read_list;
use super::reader::{Interpreter, LogicalLine};
use super::scope::{DirectiveScope, ServerId};
use super::words::{LineArguments, next_word};
use crate::endpoint::{Role, SettingId, Unknown};
use crate::instance::{Setting, Trap};
use crate::openssl::{Caller, Refused, VersionCommand};
use crate::source::Span;
use crate::tls::VersionSet;
use std::ops::Range;

/// What a command with a lower-case name loads.
fn load(command: &str, value: &str) -> Option<Load> {
    Some(match command {
        "cipherstring" => Load::Ciphers(value.to_owned()),
        "certificate" => Load::Certificate(value.into()),
        "privatekey" => Load::Key(value.into()),
        "dhparameters" => Load::Parameters(value.into()),
        "chaincafile" | "verifycafile" => Load::Trust(value.into()),
        "serverinfofile" => Load::Information(value.into()),
        _ => return None,
    })
}

impl Interpreter<'_> {
    /// `SSLProtocol` and `SSLProxyProtocol`
    pub(super) fn list(&mut self, line: &LogicalLine, name: &str, arguments: &LineArguments<'_>, rest: usize) {
        let words: Vec<Vec<u8>> = (0..arguments.words.len()).filter_map(|i| arguments.bytes(i)).collect();
        let mut list = read_list(words.iter().map(Vec::as_slice), self.build);
        let unknown = Self::undefined(line);
        for (i, why) in &list.refused {
            if unknown.is_none() || !words[*i].contains(&b'$') {
                self.model.complain(line.place, format!("{name}: {why}"));
            }
        }
        if unknown.is_some() {
            list.asked = VersionSet::TLS;
        }
        let trap = find_trap(name, &words, &list, self.build.served(list.asked)).filter(|_| unknown.is_none());
        let proxy = name.eq_ignore_ascii_case("sslproxyprotocol");
        let end = arguments.words.last().map_or(rest, |word| word.written.end);
        let versions = self.build.most(list.asked, list.names_tls1_3);
        let role = if proxy { Role::Upstream } else { Role::Listener };
        let names_tls1_3 = list.names_tls1_3;
        let new = New {
            name,
            role,
            value: rest..end,
            kind: VersionDirective::List,
            asked: list.asked,
            names_tls1_3,
            versions,
            trap,
            unknown,
        };
        let setting = self.setting(line, rest, new);
        let used = SettingUse { setting, place: line.place };
        if proxy {
            self.proxy_mut().versions.push(used);
        } else if let DirectiveScope::Server(server) = self.current_scope() {
            self.model.servers[server].versions.push(used);
        }
    }

    /// `SSLOpenSSLConfCmd`
    pub(super) fn command(&mut self, line: &LogicalLine, name: &str, arguments: &LineArguments<'_>, rest: usize) {
        let DirectiveScope::Server(server) = self.current_scope() else { return };
        let (Some(command), Some(value), None) = (arguments.get(0), arguments.get(1), arguments.get(2)) else {
            self.model.complain(line.place, format!("{name} takes two arguments"));
            return;
        };
        let lower = command.to_ascii_lowercase();
        if let Some(load) = load(&lower, &value).filter(|_| line.undefined.is_empty()) {
            self.model.servers[server].loads.push((load, line.place));
        }
        let library = &self.world.facts.of(ID).library;
        let is_clear = line.undefined.is_empty();
        if let Err(Refused::Invalid(why)) = library.has_command(&command, Caller::SERVER)
            && is_clear
        {
            let message = format!("'{command}': invalid OpenSSL configuration command ({why})");
            self.model.complain(line.place, message);
            return;
        }
        // Cipher lists and suites are looked at where all of a server are together.
        let is_list = matches!(lower.as_str(), "cipherstring" | "ciphersuites");
        let taken = library.refuse_command(&command, &value, Caller::SERVER);
        let is_refused = matches!(taken, Err(Refused::Invalid(_)));
        let own = &mut self.model.servers[server];
        match taken {
            Err(Refused::Invalid(why)) if is_clear && !is_list => {
                own.bad_commands.push((line.place, format!("\"{name} {command} {value}\" failed: {why}")));
            }
            Err(Refused::Unknown) if is_clear && !is_list => {
                own.narrowing.push(library_commands::doubt(&lower, &value, line.place.span));
            }
            _ => {}
        }
        match lower.as_str() {
            "certificate" | "privatekey" => {}
            "cipherstring" => own.ciphers[1] = Some(value),
            "ciphersuites" => own.suites[1] = Some(value),
            _ if is_refused && !VERSIONS.contains(&lower.as_str()) => {}
            _ => match VersionCommand::read(&command, &value) {
                None => own.narrowing.extend(library_commands::narrows(&lower, &value, line.place.span)),
                Some(read) => {
                    let command = read.unwrap_or_else(|_| VersionCommand::Switch(Vec::new()));
                    self.version_command(line, name, command, arguments, rest);
                }
            },
        }
    }

    /// A command about versions in the server of this scope.
    fn version_command(
        &mut self,
        line: &LogicalLine,
        name: &str,
        command: VersionCommand,
        arguments: &LineArguments<'_>,
        rest: usize,
    ) {
        let DirectiveScope::Server(server) = self.current_scope() else { return };
        let alone = command.alone();
        let new = New {
            name,
            role: Role::Listener,
            value: arguments.words[1].written.clone(),
            kind: VersionDirective::Command(command),
            asked: alone,
            names_tls1_3: false,
            versions: alone,
            trap: None,
            unknown: Self::undefined(line),
        };
        let setting = self.setting(line, rest, new);
        self.model.servers[server].commands.push(SettingUse { setting, place: line.place });
    }

    /// The setting that a directive is: a new one, unless the same text was read in the same place before.
    fn setting(&mut self, line: &LogicalLine, rest: usize, new: New<'_>) -> SettingId {
        let scope = match self.current_scope() {
            DirectiveScope::Proxy(server, section) => (server, section + 1),
            DirectiveScope::Server(server) | DirectiveScope::Inside(server, _) => (server, 0),
        };
        let key = (line.place.span, line.text.clone());
        if let Some(id) = self.model.known.get(&key) {
            self.model.written[id.0 as usize].scopes.push(scope);
            return *id;
        }
        let id = SettingId(self.model.settings.len() as u32);
        let value = self.value_span(line, &new.value);
        self.model.settings.push(Setting {
            span: line.place.span,
            value,
            name: new.name.to_owned(),
            kind: new.kind.of_setting(),
            role: new.role,
            versions: new.versions,
            scope: String::new(),
            block: None,
            dead: None,
            trap: new.trap,
        });
        self.model.written.push(Written {
            kind: new.kind,
            line: line.text.clone(),
            arguments: rest,
            asked: new.asked,
            names_tls1_3: new.names_tls1_3,
            unknown: new.unknown,
            scopes: vec![scope],
        });
        self.model.known.insert(key, id);
        id
    }

    /// Where a part of a line really lies: in one place of a file, or else where the line has it.
    fn value_span(&self, line: &LogicalLine, part: &Range<usize>) -> Span {
        let span = line.place.span;
        if let Ok(places) = line.text.places(part.clone())
            && let (Some(first), Some(last)) = (places.first(), places.last())
        {
            let adjoin = places.windows(2).all(|pair| {
                let bytes = self.sources().file(pair[0].file).bytes();
                let continues = |b: &u8| matches!(b, b'\\' | b'\r' | b'\n');
                pair[0].file == pair[1].file
                    && bytes.get(pair[0].end as usize..pair[1].start as usize).is_some_and(|b| b.iter().all(continues))
            });
            if adjoin {
                return Span::new(first.file, first.start, last.end);
            }
        }
        arguments_span(self.sources().text(span), span)
    }

    /// Says for each setting in which scopes it stands.
    pub(super) fn title_scopes(&mut self) {
        for i in 0..self.model.settings.len() {
            let scopes = &self.model.written[i].scopes;
            let titles = scopes.first().map(|(server, section)| match section.checked_sub(1) {
                None => self.model.title(*server),
                Some(section) => format!("<Proxy {}>", self.model.servers[*server].sections[section].url),
            });
            let mut title = titles.unwrap_or_default();
            if scopes.len() > 1 {
                title = format!("{title} and {} more", scopes.len() - 1);
            }
            self.model.settings[i].scope = title;
            self.model.settings[i].block = self.block(i);
        }
    }

    /// The section of the setting's own file, as it is written there: a macro may make many of it. None where that is none,
    /// or not the same for all uses.
    fn block(&self, setting: usize) -> Option<String> {
        let file = self.model.settings[setting].span.file;
        let written = |(server, section): &(ServerId, usize)| {
            let server = &self.model.servers[*server];
            let head = server.head.map(|head| head.span).filter(|head| head.file == file)?;
            let name = server.name.as_ref().map(|(_, place)| place.span).filter(|name| name.file == file);
            let url = section.checked_sub(1).map(|at| server.sections[at].url.as_str()).unwrap_or_default();
            let texts =
                std::iter::once(head).chain(name).map(|span| String::from_utf8_lossy(self.sources().text(span)));
            Some(texts.chain([url.into()]).collect::<Vec<_>>().join(" "))
        };
        let (first, others) = self.model.written[setting].scopes.split_first()?;
        written(first).filter(|name| others.iter().all(|other| written(other).as_ref() == Some(name)))
    }
}

/// What is known of a setting before it has a number.
struct New<'a> {
    name: &'a str,
    role: Role,
    /// The part of the line to point at.
    value: Range<usize>,
    kind: VersionDirective,
    asked: VersionSet,
    names_tls1_3: bool,
    versions: VersionSet,
    trap: Option<Trap>,
    unknown: Option<Unknown>,
}

/// The arguments of a directive, as it stands in the file.
pub(super) fn arguments_span(text: &[u8], span: Span) -> Span {
    let name = next_word(text, 0).map_or(0, |word| word.written.end);
    let blank = text[name..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    let start = span.start + (name + blank) as u32;
    if start < span.end { Span::new(span.file, start, span.end) } else { span }
}

/// What a list does that it does not look like.
pub(super) fn find_trap(
    name: &str,
    words: &[Vec<u8>],
    list: &super::protocol::VersionList,
    served: VersionSet,
) -> Option<Trap> {
    let looks = if list.overriding.is_empty() { list.asked } else { list.looks };
    let message = if let Some(last) = list.overriding.last() {
        let word = words[*last].escape_ascii();
        format!(
            "in {name} a name without + or - replaces everything before it: '{word}' leaves only {}",
            served.listed()
        )
    } else {
        let closed = list.asked.minus(served);
        let hole = VersionSet::range(closed.min()?, served.max()?).minus(list.asked);
        format!(
            "{} is not served: only versions without a gap up to the highest one are, and {} is off",
            closed.listed(),
            hole.listed()
        )
    };
    Some(Trap { message, looks, gives: served, related: Vec::new() })
}

/// The commands that are settings of their own, whatever their values are.
const VERSIONS: [&str; 3] = ["minprotocol", "maxprotocol", "protocol"];
