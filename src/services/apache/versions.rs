//! Which versions a server has switched on, and what decides them.

use super::ID;
use super::model::{Model, SettingUse, VersionDirective};
use super::part::versions_not_here;
use super::protocol::ProtocolRules;
use super::scope::{MAIN, ServerId};
use crate::endpoint::{Reason, ReasonKind, SettingId, Unknown};
use crate::host::Facts;
use crate::openssl::VersionCommand;
use crate::release::Release;
use crate::services::place::Place;
use crate::source::Span;
use crate::tls::{Version, VersionSet};
use crate::topic::Topic;

/// What the server level or a virtual host asks for by itself.
#[derive(Clone, Debug)]
pub(super) struct OwnVersions {
    /// The versions, without what `Protocol` commands switch off.
    pub(super) versions: VersionSet,
    /// Is there an `SSLProtocol` here or at the server level?
    pub(super) set: bool,
    /// The `SSLProtocol` that counts; none: the default.
    pub(super) list: Option<SettingUse>,
    /// Does the list still decide, after the commands?
    list_decides: bool,
    /// `MinProtocol` and `MaxProtocol` that count.
    bounds: Vec<SettingUse>,
    /// The versions that are switched off.
    pub(super) off: VersionSet,
    /// The `Protocol` commands.
    switches: Vec<SettingUse>,
    unknown: Vec<Unknown>,
    /// Why there is a default.
    default: Option<String>,
}

/// What a client is offered, and why.
#[derive(Clone, Debug)]
pub(super) struct OfferedVersions {
    pub(super) versions: VersionSet,
    pub(super) deciders: Vec<SettingId>,
    pub(super) because: Vec<Reason>,
    pub(super) unknown: Vec<Unknown>,
}

impl OwnVersions {
    /// What a server asks for.
    pub(super) fn of(model: &Model, build: ProtocolRules, facts: &Facts, server: ServerId) -> OwnVersions {
        OwnVersions::with(model, build, facts, server, None)
    }

    /// What a server would ask for if the server level had an `SSLProtocol` with the declared versions.
    pub(super) fn with(
        model: &Model,
        build: ProtocolRules,
        facts: &Facts,
        server: ServerId,
        declared: Option<VersionSet>,
    ) -> OwnVersions {
        let own = &model.servers[server];
        let main = &model.servers[MAIN];
        let list = own.versions.last().or(main.versions.last()).copied();
        let mut asked = OwnVersions {
            versions: VersionSet::EMPTY,
            set: list.is_some() || declared.is_some(),
            list,
            list_decides: true,
            bounds: Vec::new(),
            off: facts.of(ID).library.system.off,
            switches: Vec::new(),
            unknown: Vec::new(),
            default: None,
        };
        asked.versions = match (list, declared) {
            (Some(list), _) => {
                let written = model.written(list.setting);
                asked.unknown.extend(written.unknown.clone());
                build.most(written.asked, written.names_tls1_3)
            }
            (None, Some(declared)) => build.served(declared),
            (None, None) => {
                let versions = asked.default_versions(build, facts);
                if model.is_part {
                    asked.unknown = vec![versions_not_here("SSLProtocol")];
                }
                versions
            }
        };
        if build.doubts_tls1_3 && asked.versions.has(Version::Tls1_3) {
            asked.unknown.push(Unknown {
                topic: Topic::of("package-tls1.3"),
                span: None,
                what: "whether this package of httpd has TLSv1.3, as upstream has from 2.4.36 on, is not known"
                    .to_owned(),
                help: "audit a host with its programs, or say --assume apache=2.4.NN".to_owned(),
            });
        }
        let inherited = if server == MAIN { &[][..] } else { &main.commands };
        asked.command(model, build, inherited.iter().chain(&own.commands));
        asked
    }

    fn default_versions(&mut self, build: ProtocolRules, facts: &Facts) -> VersionSet {
        // Up to httpd 2.4.16 the default was `all`; its manual says so of SSLProtocol.
        let has_ssl3 = facts.of(ID).release.value.is_some_and(|release| release < Release::new(2, 4, 17));
        let all = if has_ssl3 { build.all_words() } else { build.all.without(Version::Ssl3) };
        if !facts.is_red_hat() {
            self.default = Some(format!("no SSLProtocol: the default of httpd is {all}"));
            return all;
        }
        let system = &facts.of(ID).library.system;
        if let Some(low) = system.min {
            let versions = VersionSet::range(low, system.max.unwrap_or(Version::Tls1_3)).and(all);
            self.default = Some(format!("no SSLProtocol: the crypto policy of the system gives {versions}"));
            return versions;
        }
        self.default = Some("no SSLProtocol: the crypto policy of the system decides".to_owned());
        self.unknown.push(Unknown {
            topic: Topic::of("crypto-policy"),
            span: None,
            what: "without SSLProtocol httpd follows the crypto policy of the system here, which is not known"
                .to_owned(),
            help: "write SSLProtocol, or audit a copy of the host that holds /etc/crypto-policies".to_owned(),
        });
        all
    }

    /// Applies the library's commands, which come after `SSLProtocol` whatever the order of the lines is.
    fn command<'a>(&mut self, model: &Model, build: ProtocolRules, commands: impl Iterator<Item = &'a SettingUse>) {
        let (mut low, mut high) = (None, None);
        for used in commands {
            let written = model.written(used.setting);
            self.unknown.extend(written.unknown.clone());
            let VersionDirective::Command(command) = &written.kind else { continue };
            match command {
                // OpenSSL before 1.1.0 has no such commands.
                VersionCommand::Min(_) | VersionCommand::Max(_) if !build.closes_holes => {}
                VersionCommand::Min(version) => low = Some((*version, *used)),
                VersionCommand::Max(version) => high = Some((*version, *used)),
                VersionCommand::Switch(_) => {
                    // What it switches on is off no longer.
                    self.off = VersionSet::ALL.minus(command.apply(VersionSet::ALL.minus(self.off)));
                    self.switches.push(*used);
                }
            }
        }
        if low.is_none() && high.is_none() {
            return;
        }
        let min = low.map_or(self.versions.min(), |(version, _)| Some(version.unwrap_or(Version::Ssl3)));
        let max = high.map_or(self.versions.max(), |(version, _)| Some(version.unwrap_or(Version::Tls1_3)));
        let both = min.zip(max).map(|(min, max)| VersionSet::range(min, max));
        self.versions = both.unwrap_or_default().and(build.all);
        self.list_decides = low.is_none() || high.is_none();
        self.bounds = [low, high].into_iter().flatten().map(|(_, used)| used).collect();
    }

    /// The command that takes the place of a setting which would count otherwise.
    pub(super) fn overruled(&self, setting: SettingId) -> Option<SettingUse> {
        let list = self.list.filter(|list| list.setting == setting && !self.list_decides);
        list.and(self.bounds.last().copied())
    }
}

/// What is offered where `first` is the first virtual host, and `host` the one that the name selects.
pub(super) struct Combination<'a> {
    pub(super) model: &'a Model,
    pub(super) build: ProtocolRules,
    pub(super) facts: &'a Facts,
    pub(super) asked: &'a [OwnVersions],
}

impl Combination<'_> {
    /// The offer for a first host and a selected one.
    pub(super) fn compute_offer(&self, first: ServerId, host: ServerId) -> OfferedVersions {
        if first == host {
            return self.by(first, host, true);
        }
        if let Some(by_name) = self.build.versions_by_name {
            return self.by(first, host, by_name);
        }
        let mut offer = self.by(first, host, true);
        let old = self.by(first, host, false);
        if old.versions != offer.versions {
            offer.versions = offer.versions.union(old.versions);
            offer.deciders.extend(old.deciders);
            let what =
                "whether httpd is 2.4.42 or later, where each virtual host has versions of its own, is not known";
            let help = "say its version with --assume apache=2.4.NN";
            offer.unknown.push(Unknown {
                topic: Topic::of("server-version"),
                span: None,
                what: what.to_owned(),
                help: help.to_owned(),
            });
        }
        offer
    }

    fn by(&self, first: ServerId, host: ServerId, by_name: bool) -> OfferedVersions {
        // A host counts if it or the server level has an SSLProtocol; else the first one does.
        let counts = if by_name && self.asked[host].set { host } else { first };
        let asked = &self.asked[counts];
        let mut offer = OfferedVersions {
            versions: asked.versions,
            deciders: Vec::new(),
            because: Vec::new(),
            unknown: asked.unknown.clone(),
        };
        if counts != host {
            let note = if by_name {
                "first virtual host: its versions count where the one that answers has no SSLProtocol"
            } else {
                "first virtual host: before httpd 2.4.42 its versions count for every name"
            };
            self.server_reason(&mut offer, counts, note);
        }
        self.list_reason(&mut offer, counts);
        for used in &asked.bounds {
            let note = "applies after SSLProtocol, whatever the order of the lines is";
            self.use_reason(&mut offer, *used, ReasonKind::Command, note.to_owned());
        }
        let others = if by_name && first != host { &[first, host][..] } else { &[first][..] };
        for server in others {
            self.switch_off(&mut offer, *server);
        }
        let system = self.facts.of(ID).library.system.off;
        if !system.and(asked.versions).minus(offer.versions).is_empty() {
            let note = format!("openssl.cnf switches off {}", system.and(asked.versions));
            offer.because.push(Reason::placeless(ReasonKind::Floor, note));
        }
        offer
    }

    fn switch_off(&self, offer: &mut OfferedVersions, server: ServerId) {
        let asked = &self.asked[server];
        let (system, before) = (self.facts.of(ID).library.system.off, offer.versions);
        offer.versions = offer.versions.minus(asked.off);
        // They decide where they take something away, or give back what openssl.cnf takes.
        let differs = before.and(system) != before.and(asked.off);
        for used in asked.switches.iter().filter(|_| differs) {
            let note = format!("switches off {}", before.and(asked.off).listed());
            self.use_reason(offer, *used, ReasonKind::Command, note);
        }
    }

    fn list_reason(&self, offer: &mut OfferedVersions, server: ServerId) {
        let asked = &self.asked[server];
        if !asked.list_decides {
            return;
        }
        let Some(used) = asked.list else {
            let note = asked.default.clone().unwrap_or_default();
            offer.because.push(Reason::placeless(ReasonKind::Default, note));
            return;
        };
        let own = !self.model.servers[server].versions.is_empty();
        let note = match server {
            MAIN => "at the server level",
            _ if own => "in the virtual host",
            _ => "inherited from the server level",
        };
        self.use_reason(offer, used, ReasonKind::Versions, note.to_owned());
    }

    /// A setting decides: the way to it, and the setting.
    fn use_reason(&self, offer: &mut OfferedVersions, used: SettingUse, kind: ReasonKind, note: String) {
        offer.because.extend(explain_way(self.model, used));
        offer.because.push(Reason::at(kind, used.place.span, note));
        if !offer.deciders.contains(&used.setting) {
            offer.deciders.push(used.setting);
        }
    }

    fn server_reason(&self, offer: &mut OfferedVersions, server: ServerId, note: &'static str) {
        let place: Option<Place> = self.model.servers[server].head;
        let span = place.map(|place| place.span);
        offer.because.push(Reason { kind: ReasonKind::DefaultServer, span, note: note.into() });
    }
}

/// The way to a setting: includes, macros, and what gave the value.
pub(super) fn explain_way(model: &Model, used: SettingUse) -> Vec<Reason> {
    let hops = model.hops.list(used.place.hop);
    let mut way: Vec<Reason> = hops
        .iter()
        .map(|hop| match &hop.macro_name {
            Some(name) => Reason::at(ReasonKind::Expansion, hop.span, format!("uses macro {name}")),
            None => Reason::at(ReasonKind::Include, hop.span, "included here"),
        })
        .collect();
    let within =
        |inner: Span, outer: Span| inner.file == outer.file && outer.start <= inner.start && inner.end <= outer.end;
    let written = model.written(used.setting);
    let line = &written.line;
    for name in line.environment(written.arguments..line.len()) {
        way.push(Reason::placeless(ReasonKind::Expansion, format!("the environment gives ${{{name}}}")));
    }
    for place in line.known_places(written.arguments..line.len()) {
        let known = within(place, used.place.span) || hops.iter().any(|hop| within(place, hop.span));
        if !known {
            way.push(Reason::at(ReasonKind::Expansion, place, "gives the value"));
        }
    }
    way
}
