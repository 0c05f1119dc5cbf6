//! Which versions a server asks for: its lines, those around it or the built-in default, and what library commands
//! make of them.

use super::defaults;
use super::inherit::Inheritance;
use super::listener::Listener;
use super::model::{ConfCommand, Protocols, ScopeId};
use super::module::ListenModule;
use crate::endpoint::{Reason, ReasonKind, SettingId, Unknown};
use crate::openssl::VersionCommand;
use crate::release::Release;
use crate::services::place::Place;
use crate::tls::{Version, VersionSet};
use crate::topic::Topic;
use std::collections::HashSet;

/// The versions that one server asks for, with the reasons.
pub(super) struct ConfiguredVersions {
    pub set: VersionSet,
    pub because: Vec<Reason>,
    pub deciders: Vec<SettingId>,
    pub unknown: Vec<Unknown>,
}

impl Inheritance<'_> {
    /// The versions that a server asks for by itself; `None`: not known.
    pub(crate) fn versions(&self, scope: ScopeId) -> Option<VersionSet> {
        let asked = self.find_configured(scope);
        asked.unknown.is_empty().then_some(asked.set)
    }

    /// Does the server that the client names decide the versions (`None`: not known)?
    pub(super) fn by_name(&self) -> Option<bool> {
        match (self.release, self.library.release) {
            (Some(nginx), _) if nginx < defaults::VERSIONS_BY_NAME => Some(false),
            (_, Some(openssl)) if openssl < Release::new(1, 1, 1) => Some(false),
            (Some(_), Some(_)) => Some(true),
            _ => None,
        }
    }

    /// The versions that the deciding server asks for.
    pub(super) fn asked_by(
        &self,
        listener: &Listener,
        own: ScopeId,
        default: ScopeId,
        answering: ScopeId,
    ) -> ConfiguredVersions {
        let note = |decides: &str| format!("{decides} decides the versions for every name on {}", listener.address);
        let behind = |mut asked: ConfiguredVersions| {
            if own != default && own == answering {
                let head = self.model.scopes[default].head.span;
                let decides = match self.release {
                    Some(_) => "before nginx 1.29.2 the default server",
                    None => "the default server",
                };
                asked.because.insert(0, Reason::at(ReasonKind::DefaultServer, head, note(decides)));
            }
            asked
        };
        match self.by_name() {
            Some(true) => self.find_configured(own),
            Some(false) => behind(self.find_configured(default)),
            None => {
                let (mut old, new) = (behind(self.find_configured(default)), self.find_configured(own));
                if old.set == new.set {
                    return old;
                }
                old.unknown.push(Unknown {
                    topic: Topic::of("server-version"),
                    span: Some(self.model.scopes[own].head.span),
                    what: format!(
                        "before nginx 1.29.2 the default server decides ({}), from then on the named one ({})",
                        old.set, new.set
                    ),
                    help: "say which version runs: --assume nginx=VERSION --assume openssl=VERSION".into(),
                });
                old.set = old.set.union(new.set);
                old.because.extend(new.because);
                old.unknown.extend(new.unknown);
                let known: HashSet<SettingId> = old.deciders.iter().copied().collect();
                old.deciders.extend(new.deciders.into_iter().filter(|decider| !known.contains(decider)));
                old
            }
        }
    }

    /// The versions of one server: its own lines, else those around it, else the built-in default; then its
    /// `ssl_conf_command Protocol`.
    pub(super) fn find_configured(&self, scope: ScopeId) -> ConfiguredVersions {
        let mut asked = ConfiguredVersions {
            set: VersionSet::EMPTY,
            because: Vec::new(),
            deciders: Vec::new(),
            unknown: Vec::new(),
        };
        let lines = self.first(scope, |s| {
            let lines = &self.model.scopes[s].tls.protocols;
            (!lines.is_empty()).then_some((s, lines))
        });
        match lines {
            Some((from, lines)) => self.add_lines(scope, from, lines, &mut asked),
            None => {
                self.builtin(self.model.scopes[scope].section, &mut asked);
                if self.model.is_part {
                    asked.unknown = vec![not_here("ssl_protocols", self.model.scopes[scope].head)];
                }
            }
        }
        let forced = self.release.is_some_and(|r| r < defaults::TLS1_3)
            && self.library.release.is_some_and(|r| r >= Release::new(1, 1, 1));
        if forced {
            asked.set = asked.set.with(Version::Tls1_3);
            let note = "nginx before 1.13.0 can't switch TLSv1.3 off in OpenSSL 1.1.1 and later";
            asked.because.push(Reason::placeless(ReasonKind::Floor, note));
        }
        if let Some(unknown) = self.foreign_library(self.model.scopes[scope].head) {
            asked.set = asked.set.with(Version::Tls1_3);
            asked.unknown.push(unknown);
        }
        for (command, effect) in self.commands(scope) {
            if let VersionCommand::Switch(_) = effect {
                changed(&mut asked, command, &effect);
            }
        }
        asked
    }

    /// Compiled before OpenSSL had TLSv1.3, and loaded with one that has it, nginx knows no way to switch it: by release,
    /// it is always on, or never, and limits of openssl.cnf count or do not.
    pub(super) fn foreign_library(&self, place: Place) -> Option<Unknown> {
        let (headers, library) = (self.headers?, self.library.release?);
        let new = Release::new(1, 1, 1);
        (headers < new && library >= new).then(|| Unknown {
            topic: Topic::of("foreign-library"),
            span: Some(place.span),
            what: format!("nginx was built with OpenSSL {headers} and runs with {library}: it cannot switch TLSv1.3"),
            help: "probe the running server; or install an nginx that was built with this OpenSSL".into(),
        })
    }

    fn add_lines(&self, scope: ScopeId, from: ScopeId, lines: &[Protocols], asked: &mut ConfiguredVersions) {
        let mut known: HashSet<SettingId> = HashSet::new();
        for line in lines {
            asked.set = asked.set.union(line.versions);
            asked.because.extend(self.explain_hops(line.place.hop));
            let section = self.model.scopes[from].section.name();
            let note = match (from == scope, lines.len()) {
                (true, 1) => "sets the versions of this server".to_owned(),
                (false, 1) => format!("inherited from the {section} block"),
                (true, _) => "one of several lines in this server: together they are a union".to_owned(),
                (false, _) => format!("one of several lines in the {section} block: together they are a union"),
            };
            asked.because.push(Reason::at(ReasonKind::Versions, line.place.span, note));
            if known.insert(line.setting) {
                asked.deciders.push(line.setting);
            }
        }
    }

    fn builtin(&self, section: ListenModule, asked: &mut ConfiguredVersions) {
        let name = section.name();
        if let (Some(set), Some(release)) = (defaults::protocols(self.release), self.release) {
            asked.set = set;
            let note = format!("no ssl_protocols in the server or in {name}: the default of nginx {release} is {set}");
            asked.because.push(Reason::placeless(ReasonKind::Default, note));
        } else {
            asked.set = VersionSet::TLS;
            let note =
                format!("no ssl_protocols in the server or in {name}: the default depends on the version of nginx");
            asked.because.push(Reason::placeless(ReasonKind::Default, note));
            asked.unknown.push(Unknown {
                topic: Topic::of("server-version"),
                span: None,
                what: "no ssl_protocols is set, and the built-in default depends on the version of nginx, \
                       which is not known"
                    .into(),
                help: "write ssl_protocols, or say the version: --assume nginx=VERSION".into(),
            });
        }
    }

    /// Minimum and maximum, which always come from the default server, and those of openssl.cnf for an nginx that does
    /// not override them. The last of each counts.
    pub(super) fn limits(&self, default: ScopeId, asked: &mut ConfiguredVersions) {
        if let Some(release) = self.release.filter(|r| !defaults::overrides_openssl_conf(*r)) {
            let system = &self.library.system;
            let (low, high) = (system.min.unwrap_or(Version::Ssl2), system.max.unwrap_or(Version::Tls1_3));
            let set = asked.set.and(VersionSet::range(low, high));
            if set != asked.set {
                let note = format!("openssl.cnf limits the versions ({low} to {high}); nginx {release} keeps that");
                asked.because.push(Reason::placeless(ReasonKind::Floor, note));
                asked.set = set;
            }
        }
        for (command, effect) in self.commands(default) {
            if !matches!(effect, VersionCommand::Switch(_)) {
                changed(asked, command, &effect);
            }
        }
    }
}

/// Applies a command, and says so if it changes something.
fn changed(asked: &mut ConfiguredVersions, command: &ConfCommand, effect: &VersionCommand) {
    let set = effect.apply(asked.set);
    if set == asked.set {
        return;
    }
    let note = format!("ssl_conf_command changes the versions to {set}");
    asked.because.push(Reason::at(ReasonKind::Command, command.place.span, note));
    asked.deciders.extend(command.setting);
    asked.set = set;
}

/// What only the main file of a part tells.
pub(super) fn not_here(directive: &str, place: Place) -> Unknown {
    Unknown {
        topic: Topic::of("enclosing-blocks"),
        span: Some(place.span),
        what: "the blocks around this are not here: they may set the versions, or leave them to the default".into(),
        help: format!("write {directive} here; or audit the host itself, or the main file with all that it includes"),
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
    use crate::tls::Version;
    use std::path::Path;

    /// What is unknown of a server and of a client of others, with an nginx built with the one OpenSSL and run with the
    /// other.
    fn unknown(built: &str, runs: &str) -> Vec<String> {
        let text = "events {}\nhttp { server { listen 443 ssl; ssl_protocols TLSv1.2; ssl_certificate a; \
                    ssl_certificate_key b; location / { proxy_pass https://127.0.0.1; proxy_ssl_protocols TLSv1.2; } } }\n";
        let system = MemorySystem::with_files([("/etc/nginx/nginx.conf", text)]);
        let mut facts = Facts::unknown();
        facts.of_mut(ID).release = Fact::known(Release::new(1, 14, 0), "the test");
        facts.of_mut(ID).headers = Release::parse(built);
        facts.of_mut(ID).library.release = Release::parse(runs);
        facts.of_mut(ID).library.level = Some(1);
        let mut sources = SourceMap::default();
        let world = World { system: &system, facts: &facts };
        let resolved = Nginx.load(Path::new("/etc/nginx/nginx.conf"), world, &mut sources);
        let answers = resolved.instance().endpoints.iter().map(|endpoint| &endpoint.answer);
        let open = answers.filter(|answer| answer.effective.is_none() && !answer.unknown.is_empty());
        open.map(|answer| {
            assert!(answer.configured.value.has(Version::Tls1_2));
            answer.unknown[0].what.clone()
        })
        .collect()
    }

    #[test]
    fn built_with_one_library_and_run_with_another() {
        let found = unknown("1.1.0g", "1.1.1f");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("nginx was built with OpenSSL 1.1.0g and runs with 1.1.1f"), "{found:?}");
        for (built, runs) in [("1.1.1a", "1.1.1f"), ("1.1.0g", "1.1.0i"), ("3.0.2", "3.0.22"), ("3.0.2", "3.5.0")] {
            assert_eq!(unknown(built, runs), [] as [&str; 0], "{built} {runs}");
        }
    }
}
