//! From a model to an instance: endpoints, settings, and what the instance can answer.

use super::ID;
use super::defaults;
use super::files::Files;
use super::inherit::Inheritance;
use super::listener::Listener;
use super::listeners::{self, Listeners};
use super::lower::{Insertions, Lowering, VersionsOrigin};
use super::model::Model;
use super::module::ListenModule;
use super::names::{SelectedServer, is_one_of};
use super::offer::FloorCache;
use super::state::TreeReader;
use super::{excess, sent_name, settings, sockets, startup, upstream};
use crate::edit::{Change, Fix, LowerError};
use crate::endpoint::{Address, Answer, Endpoint, Role, SettingId, Speaks, Transport, Unknown};
use crate::instance::{Ability, Instance, Problem, Standing, once};
use crate::openssl::Library;
use crate::release::Release;
use crate::services::limits;
use crate::services::place::Place;
use crate::services::service::{Destination, Fit, Question, Resolved, Response, World};
use crate::services::unread::Unread;
use crate::source::SourceMap;
use crate::tls::Version;
use crate::topic::Topic;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An nginx instance and what is needed to ask and to mend it.
pub(super) struct NginxInstance {
    instance: Instance,
    release: Option<Release>,
    listeners: Vec<Listener>,
    /// Are there no more listeners?
    complete: bool,
    /// Per listener, the answer of each of its servers.
    answers: Vec<Vec<Arc<Answer>>>,
    model: Model,
    origins: Vec<VersionsOrigin>,
    insertions: Insertions,
}

/// A complaint with the way to its place.
fn locate(model: &Model, (place, message): (Place, String)) -> Problem {
    Problem { hops: model.hops.spans(place.hop), ..Problem::at(place.span, message) }
}

/// Loads and resolves a main file.
pub(super) fn load(main: &Path, world: World<'_>, sources: &mut SourceMap) -> Box<dyn Resolved> {
    let real = world.system.canonical(main).unwrap_or_else(|_| main.to_owned());
    finish(TreeReader::read(main, world, sources), real)
}

/// Resolves what was read from a main file, or from a part: from the file with this path.
pub(super) fn finish(read: TreeReader<'_>, real: PathBuf) -> Box<dyn Resolved> {
    let TreeReader {
        mut model,
        mut settings,
        mut problems,
        unknown,
        mut unread,
        mut trail,
        reach,
        world,
        sources,
        directory,
        ..
    } = read;
    let release = world.facts.of(ID).release.value;
    let library = &world.facts.of(ID).library;
    let Listeners { all: listeners, complaints, left_out } = listeners::group_listeners(&model, release);
    let complete = left_out.is_none();
    problems.extend(complaints.into_iter().chain(left_out).map(|said| locate(&model, said)));
    if let Some(place) = excess::cut(&mut model, listeners.iter().map(|listener| listener.servers.len()).sum()) {
        let message =
            "too many lines about versions or certificates for so many servers: not all of them were looked at";
        problems.push(Problem { hops: model.hops.spans(place.hop), ..Problem::at(place.span, message) });
        unread.get_or_insert(place);
    }
    let known = &*sources;
    // Looked at once, by the word of the file that names them: what a site's owner can't read is not told to them.
    let files = Files::of(&model, &directory, world, |file| trail.word_of(world.system, known, &[file]));
    let rules = Inheritance {
        model: &model,
        release,
        library,
        headers: world.facts.of(ID).headers,
        files: &files,
        floors: FloorCache::default(),
    };
    let word_of = |file| trail.word_of(world.system, known, &[file]);
    let unmade = sockets::check_paths(&model, &listeners, world.system, word_of);
    problems.extend(startup::check(&rules, &listeners).into_iter().chain(unmade).map(|said| locate(&model, said)));
    let answers: Vec<Vec<Arc<Answer>>> = listeners
        .iter()
        .map(|l| (0..l.servers.len()).map(|member| Arc::new(rules.answer(l, member))).collect())
        .collect();
    let (mut endpoints, mut origins) = (Vec::new(), Vec::new());
    for (listener, answers) in listeners.iter().zip(&answers) {
        // Without a name, or with one that no server has, the default server answers (V2, V6).
        let unnamed = std::iter::once((listener.default, None));
        let named = listener.named.iter().map(|(member, name)| (*member, Some(Arc::clone(name))));
        let preface = listener.preface(&model);
        for (member, name) in unnamed.chain(named) {
            endpoints.push(Endpoint {
                role: Role::Listener,
                address: Arc::clone(&listener.address),
                transport: listener.transport,
                preface,
                name,
                answer: Arc::clone(&answers[member]),
            });
            origins.push(VersionsOrigin { section: listener.section, client: None });
        }
    }
    for upstream::Upstream { endpoint, client, section } in upstream::endpoints(&rules, &listeners) {
        endpoints.push(endpoint);
        origins.push(VersionsOrigin { section, client: Some(client) });
    }
    settings::complete(&mut settings, &rules, &listeners, &answers, &endpoints);
    if !complete || model.is_part || reach.is_cut {
        // It may decide for what was left out, or is not here.
        for setting in &mut settings {
            setting.dead = None;
        }
    }
    let (borrowed, left_out) = trail.end();
    let mut seen = BTreeSet::new();
    let standing = if model.is_part { Standing::Part } else { Standing::Loaded };
    let instance = Instance {
        // What comes from the command line is in no file.
        files: model.files.iter().copied().filter(|f| sources.file(*f).path().is_absolute()).collect(),
        borrowed,
        left_out,
        reach,
        problems: once(problems),
        unparsed: std::mem::take(&mut model.unparsed),
        unknown: unknown.into_iter().filter(|unknown| seen.insert(unknown.clone())).collect(),
        settings,
        endpoints,
        ..Instance::new(ID, standing, real, ability(release, library))
    };
    let read = Box::new(NginxInstance {
        instance,
        release,
        listeners,
        complete,
        answers,
        model,
        origins,
        insertions: Insertions::default(),
    });
    match unread {
        Some(place) => Box::new(Unread::new(read, Some(place.span))),
        None => read,
    }
}

/// What this nginx and its library can do, and what would be needed for the rest.
pub(super) fn ability(release: Option<Release>, library: &Library) -> Ability {
    let mut versions = library.versions();
    let mut needs = BTreeMap::new();
    let mut lack = |version: Version, what: &str, found: Option<Release>| {
        let found = found.map(|f| format!(" (this is {f})")).unwrap_or_default();
        needs.entry(version).or_insert_with(|| format!("{what} or later{found}"));
    };
    // Such an nginx refuses the word, and can't switch the version off where the library has it.
    if release.is_some_and(|r| r < defaults::TLS1_3) {
        versions = versions.without(Version::Tls1_3);
        lack(Version::Tls1_3, "nginx 1.13.0", release);
    }
    if !library.versions().has(Version::Tls1_3) {
        lack(Version::Tls1_3, "OpenSSL 1.1.1", library.release);
    }
    if !library.versions().has(Version::Tls1_2) {
        lack(Version::Tls1_2, "OpenSSL 1.0.1g", library.release);
    }
    let unproven = [("nginx 1.13.0", release.is_none()), ("OpenSSL 1.1.1", library.release.is_none())];
    let unproven: Vec<&str> = unproven.into_iter().filter_map(|(what, is_open)| is_open.then_some(what)).collect();
    let unproven = Some((Version::Tls1_3, unproven.join(" and "))).filter(|(_, what)| !what.is_empty());
    let known = release.is_some() && library.release.is_some();
    Ability { versions, known, needs, unproven: unproven.into_iter().collect() }
}

impl NginxInstance {
    /// What leaves open which versions work at an endpoint that a setting decides, though server and library are known: a
    /// change might leave none.
    fn doubt(&self, setting: SettingId) -> Option<LowerError> {
        let instance = &self.instance;
        let decided = instance.endpoints.iter().filter(|_| instance.ability.known).map(|endpoint| &endpoint.answer);
        let mut open = decided.filter(|answer| answer.speaks == Speaks::Tls && answer.effective.is_none());
        let answer = open.find(|answer| answer.deciders.contains(&setting))?;
        let unknown = answer.unknown.first()?;
        Some(LowerError::Unknown(format!("{}: it might leave no version that works", unknown.what)))
    }

    /// The listener that takes a connection, and how well it fits.
    fn listener(&self, target: &Destination, transport: Transport) -> Option<(usize, Fit)> {
        let position = |wanted: &dyn Fn(&Listener) -> bool| {
            self.listeners.iter().position(|l| l.transport == transport && wanted(l))
        };
        match target {
            Destination::Unix(path) => {
                position(&|l| matches!(&*l.address, Address::Unix(p) if p == path)).map(|at| (at, Fit::Exact))
            }
            Destination::Ip(ip, port) => {
                // A connection to an IPv4 address reaches an IPv6 socket too that takes IPv4, under its mapped address.
                let ip = ip.to_canonical();
                let at = |wanted: &dyn Fn(IpAddr) -> bool| {
                    position(&|l| matches!(*l.address, Address::Ip(ip, p) if p == *port && wanted(ip.to_canonical())))
                };
                let any = IpAddr::from([0_u16; 8]);
                at(&|own| own == ip)
                    .map(|at| (at, Fit::Exact))
                    .or_else(|| at(&|own| own.is_unspecified() && own.is_ipv4() == ip.is_ipv4()).map(wildcard))
                    .or_else(|| position(&|l| l.dual && *l.address == Address::Ip(any, *port)).map(wildcard))
            }
        }
    }
}

impl NginxInstance {
    /// Is it a part of a configuration with a server of that name?
    fn has_name(&self, listener: &Listener, question: &Question) -> bool {
        let sent = question.sni.as_deref().filter(|_| self.model.is_part);
        let name = sent.and_then(|sni| sent_name::normalize_sent_name(sni, self.release).ok().flatten());
        let names = || listener.servers.iter().flat_map(|server| &self.model.servers[*server].names);
        name.is_some_and(|name| names().any(|own| is_one_of(own, &name)))
    }

    /// The answer for a name that some versions of nginx take and others do not: one of its servers answers.
    fn any_of(&self, at: usize, fit: Fit) -> Response {
        let listener = &self.listeners[at];
        let mut answer = Answer::clone(&self.answers[at][listener.default]);
        for other in &self.answers[at] {
            answer.configured.value = answer.configured.value.union(other.configured.value);
            answer.effective = answer.effective.zip(other.effective).map(|(a, b)| a.union(b));
        }
        answer.unknown.push(Unknown {
            topic: Topic::of("server-version"),
            span: None,
            what: "the name has characters that only some versions of nginx take for a name".into(),
            help: "say which version runs: --assume nginx=VERSION".into(),
        });
        Response { fit, address: Arc::clone(&listener.address), answer: Arc::new(answer) }
    }
}

fn wildcard(at: usize) -> (usize, Fit) {
    (at, Fit::Wildcard)
}

impl Resolved for NginxInstance {
    fn instance(&self) -> &Instance {
        &self.instance
    }

    fn ask(&self, question: &Question) -> Option<Response> {
        let (at, fit) = match self.listener(&question.target, question.transport) {
            Some((at, fit)) if self.complete || fit == Fit::Exact => (at, fit),
            _ if !self.complete => return Some(limits::unknown(&question.target)),
            found => found?,
        };
        let listener = &self.listeners[at];
        let default = listener.default;
        let found = match question.sni.as_deref() {
            Some(sni) if listener.servers.len() > 1 && listener.section != ListenModule::Mail => {
                match sent_name::normalize_sent_name(sni, self.release) {
                    Ok(Some(name)) => listener.names.find(&name),
                    Ok(None) => SelectedServer::Default,
                    Err(()) => return Some(self.any_of(at, fit)),
                }
            }
            _ => SelectedServer::Default,
        };
        let fit = if self.has_name(listener, question) { fit.named() } else { fit };
        let answer = match found {
            SelectedServer::Server(member) => Arc::clone(&self.answers[at][member]),
            SelectedServer::Default => Arc::clone(&self.answers[at][default]),
            SelectedServer::Undecided(member) => {
                let (here, there) = (&self.answers[at][member], &self.answers[at][default]);
                let mut answer = Answer::clone(here);
                answer.configured.value = here.configured.value.union(there.configured.value);
                answer.effective = here.effective.zip(there.effective).map(|(a, b)| a.union(b));
                answer.unknown.push(Unknown {
                    topic: Topic::of("regular-expression"),
                    span: None,
                    what: "a server_name is a regular expression that can't be evaluated outside of nginx".into(),
                    help: "probe the running server".into(),
                });
                Arc::new(answer)
            }
        };
        Some(Response { fit, address: Arc::clone(&listener.address), answer })
    }

    fn lower(&self, change: &Change, sources: &SourceMap) -> Result<Fix, LowerError> {
        if !self.complete {
            return Err(LowerError::TooManyAddresses);
        }
        if let Change::Adjust { setting, .. } = *change
            && let Some(why) = self.doubt(setting)
        {
            return Err(why);
        }
        let NginxInstance { instance, model, origins, insertions, .. } = self;
        Lowering { settings: &instance.settings, model: Some(model), origins, sources, insertions }.lower(change)
    }
}
