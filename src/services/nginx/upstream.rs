//! nginx as a TLS client of other servers: `proxy_pass https://...` and its like.

use super::configured::not_here;
use super::defaults;
use super::inherit::Inheritance;
use super::listener::Listener;
use super::model::{ScopeId, TlsSettings};
use super::module::{Client, ListenModule};
use super::offer::HandshakeOffer;
use super::variables::{ReachedTarget, Schemes, follow};
use crate::endpoint::{
    Address, Answer, Endpoint, Preface, Reason, ReasonKind, Role, SettingId, Speaks, Traced, Transport, Unknown,
};
use crate::openssl::one_after_another;
use crate::services::place::Place;
use crate::tls::VersionSet;
use crate::topic::Topic;
use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// An upstream endpoint, and the client module that it belongs to.
pub(super) struct Upstream {
    pub endpoint: Endpoint,
    pub client: Client,
    pub section: ListenModule,
}

/// All other servers that are reached by TLS; the same target with the same answer is one endpoint.
pub(super) fn endpoints(rules: &Inheritance<'_>, listeners: &[Listener]) -> Vec<Upstream> {
    let reached = TargetReach::new(rules, listeners);
    let mut found: Vec<Upstream> = Vec::new();
    let mut seen: BTreeMap<(String, Vec<u32>), Vec<usize>> = BTreeMap::new();
    for (scope, content) in rules.model.scopes.iter().enumerate() {
        for (client, target, place) in &content.targets {
            let answer = LazyCell::new(|| answer(rules, scope, *client, *place));
            for (remote, doubt) in reached.remotes(scope, *client, target) {
                let answer = match doubt {
                    Some(variable) => undecided(answer.clone(), &variable, *place),
                    None => answer.clone(),
                };
                let deciders = answer.deciders.iter().map(|d| d.0).collect();
                let same = seen.entry((remote.clone(), deciders)).or_default();
                let equal = |at: &&usize| found[**at].endpoint.answer.configured.value == answer.configured.value;
                if same.iter().any(|at| equal(&at)) {
                    continue;
                }
                same.push(found.len());
                let endpoint = Endpoint {
                    role: Role::Upstream,
                    address: Arc::new(Address::Remote(remote)),
                    transport: Transport::Stream,
                    preface: Preface::default(),
                    name: None,
                    answer: Arc::new(answer),
                };
                found.push(Upstream { endpoint, client: *client, section: content.section });
            }
        }
    }
    found
}

/// From where targets are reached.
struct TargetReach<'r, 'm> {
    rules: &'r Inheritance<'m>,
    servers: HashMap<ScopeId, usize>,
    /// For each server, the schemes by which clients reach it.
    schemes: Vec<Schemes>,
}

impl<'r, 'm> TargetReach<'r, 'm> {
    fn new(rules: &'r Inheritance<'m>, listeners: &[Listener]) -> TargetReach<'r, 'm> {
        let servers = rules.model.servers.iter().enumerate().map(|(at, server)| (server.scope, at)).collect();
        let mut schemes = vec![Schemes::default(); rules.model.servers.len()];
        for listener in listeners {
            for server in &listener.servers {
                match listener.engine {
                    Some(_) => schemes[*server].https = true,
                    None => schemes[*server].http = true,
                }
            }
        }
        TargetReach { rules, servers, schemes }
    }

    /// The servers behind a target that are reached by TLS, or may be: then with the variable that decides it.
    fn remotes(&self, scope: ScopeId, client: Client, target: &str) -> Vec<(String, Option<String>)> {
        let model = self.rules.model;
        if model.scopes[scope].section == ListenModule::Stream {
            let on = model.scopes_around(scope).find_map(|s| model.scopes[s].proxy_ssl).is_some_and(|(on, _)| on);
            return on.then(|| (target.to_owned(), None)).into_iter().collect();
        }
        let server = model.scopes_around(scope).find_map(|s| self.servers.get(&s)).copied();
        let schemes = server.map_or(Schemes { http: true, https: true }, |at| self.schemes[at]);
        let scheme = client.schemes()[1];
        let remote = |reached| match reached {
            ReachedTarget::ByTls(rest) => {
                let host = rest.split('/').next().unwrap_or_default();
                Some((format!("{scheme}{host}"), None))
            }
            ReachedTarget::Plain => None,
            ReachedTarget::Unknown(variable) => Some((target.to_owned(), Some(variable))),
        };
        follow(model, server, schemes, client, target).into_iter().filter_map(remote).collect()
    }
}

/// The answer where only a request tells whether the target is reached by TLS.
fn undecided(answer: Answer, variable: &str, place: Place) -> Answer {
    let mut unknown = answer.unknown;
    unknown.push(Unknown {
        topic: Topic::about("scheme-by-variable", variable.to_owned()),
        span: Some(place.span),
        what: format!("whether this connects by TLS depends on ${variable}, whose values are not all known"),
        help: "write the scheme in the directive, or set the variable by set or map".into(),
    });
    Answer { speaks: Speaks::Unknown, effective: None, unknown, ..answer }
}

fn answer(rules: &Inheritance<'_>, scope: ScopeId, client: Client, place: Place) -> Answer {
    let model = rules.model;
    let settings = |s: ScopeId| model.scopes[s].clients.get(&client);
    let include =
        |hop| model.hops.spans(hop).into_iter().map(|s| Reason::at(ReasonKind::Include, s, "included from here"));
    let mut because: Vec<Reason> = include(place.hop).collect();
    because.push(Reason::at(ReasonKind::Engine, place.span, "connects by TLS"));
    let (mut deciders, mut unknown) = (Vec::new(), Vec::new());
    let mut known: HashSet<SettingId> = HashSet::new();
    let name = client.prefix();
    let lines = model.scopes_around(scope).find_map(|s| settings(s).map(|t| &t.protocols).filter(|p| !p.is_empty()));
    if lines.is_none() && model.is_part {
        unknown.push(not_here(&format!("{name}_ssl_protocols"), place));
    }
    let mut set = match (lines, defaults::protocols(rules.release)) {
        (Some(lines), _) => {
            for line in lines {
                because.extend(include(line.place.hop));
                because.push(Reason::at(ReasonKind::Versions, line.place.span, "sets the versions that are offered"));
                if known.insert(line.setting) {
                    deciders.push(line.setting);
                }
            }
            lines.iter().fold(VersionSet::EMPTY, |set, line| set.union(line.versions))
        }
        (None, Some(set)) => {
            let note = format!("no {name}_ssl_protocols: the built-in default is {set}");
            because.push(Reason::placeless(ReasonKind::Default, note));
            set
        }
        (None, None) => {
            let note = format!("no {name}_ssl_protocols: the default depends on the version of nginx");
            because.push(Reason::placeless(ReasonKind::Default, note));
            unknown.push(Unknown {
                topic: Topic::of("server-version"),
                span: Some(place.span),
                what: format!("no {name}_ssl_protocols is set, and the version of nginx is not known"),
                help: format!("write {name}_ssl_protocols, or say the version: --assume nginx=VERSION"),
            });
            VersionSet::TLS
        }
    };
    let commands = model.scopes_around(scope).find_map(|s| settings(s).map(|t| &t.commands).filter(|c| !c.is_empty()));
    for (command, effect) in rules.list_effects(commands.into_iter().flatten()) {
        let changed = effect.apply(set);
        if changed != set {
            let note = format!("{name}_ssl_conf_command changes the versions to {changed}");
            because.push(Reason::at(ReasonKind::Command, command.place.span, note));
            deciders.extend(command.setting);
            set = changed;
        }
    }
    let possible = set.and(rules.library.versions());
    let offered = rules.library.offered_by_client(possible);
    let is_sure = offered.is_some();
    let offered = offered.unwrap_or(possible);
    if offered != possible {
        let note = format!("as a client, OpenSSL offers of versions with a gap the lowest ones only: {offered}");
        because.push(Reason::placeless(ReasonKind::Floor, note));
    }
    let list = model.scopes_around(scope).find_map(|s| settings(s).and_then(|t: &TlsSettings| t.ciphers.as_ref()));
    // Commands are carried out after the directives, in order.
    let given = |name: &'static str| commands.into_iter().flatten().filter(move |c| c.name == name).map(|c| &*c.value);
    let lists = std::iter::once(list.map_or("DEFAULT", |(value, _)| value)).chain(given("cipherstring"));
    let offer = HandshakeOffer {
        suites: given("ciphersuites").next_back().map(str::to_owned),
        ..HandshakeOffer::of(one_after_another(lists).unwrap_or_default())
    };
    let floor = rules.compute_floor(offered, offer);
    // A client without a suite for its highest version says nothing at all.
    let mut effective = match floor.refuses_all.filter(|_| is_sure) {
        Some(true) => Some(VersionSet::EMPTY),
        Some(false) => floor.usable.map(|usable| usable.and(offered)),
        None => None,
    };
    if let Some(foreign) = rules.foreign_library(place) {
        unknown.push(foreign);
        effective = None;
    }
    because.extend(floor.notes.into_iter().map(|note| Reason::placeless(ReasonKind::Floor, note)));
    Answer {
        speaks: Speaks::Tls,
        configured: Traced { value: set, because },
        effective,
        usable: None,
        refuses: false,
        deciders,
        unknown,
    }
}

#[cfg(test)]
mod tests {
    use crate::endpoint::Role;
    use crate::host::{Fact, Facts};
    use crate::release::Release;
    use crate::services::nginx::ID;
    use crate::services::nginx::Nginx;
    use crate::services::service::{Service, World};
    use crate::source::SourceMap;
    use crate::system::MemorySystem;
    use std::path::Path;

    /// The other servers, each with `?` where it is not known whether TLS leads there.
    fn others(http: &str) -> Vec<String> {
        let files = [
            ("/etc/nginx/nginx.conf", format!("events {{}}\nhttp {{\n{http}\n}}\n")),
            ("/etc/nginx/more.map", "\"z\" https://included;\n".to_owned()),
        ];
        let system = MemorySystem::with_files(files);
        let (facts, mut sources) = (Facts::unknown(), SourceMap::default());
        let world = World { system: &system, facts: &facts };
        let resolved = Nginx.load(Path::new("/etc/nginx/nginx.conf"), world, &mut sources);
        let instance = resolved.instance();
        assert!(instance.problems.is_empty(), "{:?}", instance.problems);
        let upstreams = instance.endpoints.iter().filter(|endpoint| endpoint.role == Role::Upstream);
        upstreams
            .map(|endpoint| {
                let asks = endpoint.answer.unknown.iter().any(|unknown| unknown.what.contains("connects by TLS"));
                format!("{}{}", endpoint.address, if asks { " ?" } else { "" })
            })
            .collect()
    }

    /// What nginx 1.22.1 gets to offer another server with these lines, by its OpenSSL 3.0.22 of level 2.
    fn offered(lines: &str) -> String {
        let location = format!("location / {{ proxy_pass https://127.0.0.9; {lines} }}");
        let text = format!("events {{}}\nhttp {{ server {{ listen 80; {location} }} }}\n");
        let system = MemorySystem::with_files([("/etc/nginx/nginx.conf", text)]);
        let (mut facts, mut sources) = (Facts::unknown(), SourceMap::default());
        let software = facts.of_mut(ID);
        software.release = Fact::known(Release::new(1, 22, 1), "the test");
        (software.library.release, software.library.level) = (Release::parse("3.0.22"), Some(2));
        let world = World { system: &system, facts: &facts };
        let resolved = Nginx.load(Path::new("/etc/nginx/nginx.conf"), world, &mut sources);
        let mut endpoints = resolved.instance().endpoints.iter();
        let upstream = endpoints.find(|endpoint| endpoint.role == Role::Upstream).expect("it connects by TLS");
        upstream.answer.effective.map_or("?".to_owned(), |versions| versions.to_string())
    }

    #[test]
    fn versions_with_a_gap() {
        let all = "proxy_ssl_ciphers ALL:@SECLEVEL=0; ";
        for (lines, observed) in [
            ("proxy_ssl_protocols TLSv1 TLSv1.2 TLSv1.3;", "none"),
            ("proxy_ssl_protocols TLSv1 TLSv1.1 TLSv1.3;", "none"),
            ("proxy_ssl_protocols TLSv1.2 TLSv1.3;", "TLSv1.2 TLSv1.3"),
        ] {
            assert_eq!(offered(lines), observed, "{lines}");
        }
        for (lines, observed) in [
            ("proxy_ssl_protocols TLSv1 TLSv1.2;", "TLSv1"),
            ("proxy_ssl_protocols TLSv1.1 TLSv1.3;", "TLSv1.1"),
            ("proxy_ssl_protocols TLSv1 TLSv1.1 TLSv1.3;", "TLSv1 TLSv1.1"),
            ("proxy_ssl_conf_command Protocol -TLSv1.1;", "TLSv1"),
            ("proxy_ssl_protocols TLSv1 TLSv1.2 TLSv1.3; proxy_ssl_conf_command MaxProtocol TLSv1.2;", "TLSv1"),
            (
                "proxy_ssl_protocols TLSv1 TLSv1.2 TLSv1.3; proxy_ssl_conf_command MinProtocol TLSv1.2;",
                "TLSv1.2 TLSv1.3",
            ),
        ] {
            assert_eq!(offered(&format!("{all}{lines}")), observed, "{lines}");
        }
    }

    #[test]
    fn commands_of_a_client_about_ciphers() {
        for (lines, observed) in [
            ("proxy_ssl_conf_command CipherString ALL:@SECLEVEL=0;", "TLSv1 TLSv1.1 TLSv1.2"),
            (
                "proxy_ssl_conf_command CipherString DEFAULT@SECLEVEL=0; proxy_ssl_conf_command Protocol +TLSv1.3;",
                "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
            ),
            (
                "proxy_ssl_ciphers ALL:@SECLEVEL=0; proxy_ssl_conf_command CipherString DEFAULT:@SECLEVEL=2; \
                 proxy_ssl_protocols TLSv1 TLSv1.1 TLSv1.2;",
                "TLSv1.2",
            ),
            ("proxy_ssl_protocols TLSv1.2 TLSv1.3; proxy_ssl_conf_command Ciphersuites \"\";", "none"),
            ("proxy_ssl_protocols TLSv1.2; proxy_ssl_conf_command Ciphersuites \"\";", "TLSv1.2"),
        ] {
            assert_eq!(offered(lines), observed, "{lines}");
        }
    }

    #[test]
    fn targets_in_variables_are_followed() {
        let one = |lines: &str| others(&format!("server {{ listen 80; {lines} }}"));
        assert_eq!(one("set $s https; location / { proxy_pass $s://a:9443/x; }"), ["https://a:9443"]);
        assert_eq!(one("set $t https://a; set $u $t; location / { proxy_pass ${U}; }"), ["https://a"]);
        assert_eq!(one("location / { set $v grpcs://a; grpc_pass $v; }"), ["grpcs://a"]);
        assert_eq!(one("location / { set $v suwsgi://a; uwsgi_pass $v; }"), ["suwsgi://a"]);
        assert_eq!(one("location / { set $v a:1; uwsgi_pass $v; grpc_pass $v; }"), [] as [&str; 0]);
        assert_eq!(one("location / { proxy_pass http://$http_x; }"), [] as [&str; 0]);
        assert_eq!(one("location / { proxy_pass $http_x; }"), ["$http_x ?"]);
        assert_eq!(one("set $t ''; location / { proxy_pass $t; }"), ["$t ?"], "Lua may set it");
        assert_eq!(one("auth_request_set $t $upstream_x; location / { proxy_pass $t; }"), ["$t ?"]);
        assert_eq!(one("location / { proxy_pass $scheme://a; }"), [] as [&str; 0], "plaintext only");
        let tls = "listen 443 ssl; ssl_certificate /none/a; ssl_certificate_key /none/a;";
        assert_eq!(others(&format!("server {{ {tls} location / {{ proxy_pass $scheme://a; }} }}")), ["https://a"]);
    }

    #[test]
    fn maps_count_everywhere_and_set_in_its_server() {
        let map = "map $host $up { default https://a; x http://b; hostnames; include more.map; }";
        let server = "server { listen 80; location / { proxy_pass $up; } }";
        assert_eq!(others(&format!("{map}\n{server}")), ["https://a", "https://included"]);
        let other = "server { listen 81; set $up https://c; }";
        assert_eq!(others(&format!("{other}\n{server}")), ["$up ?"]);
        let split = "split_clients $host $up { 50% https://a; * http://b; }";
        assert_eq!(others(&format!("{split}\n{server}")), ["https://a"]);
    }
}
