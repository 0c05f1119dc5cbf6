//! What a configuration promises of this machine, address by address and name by name.

use super::example;
use super::ways::Ways;
use crate::endpoint::{Address, Answer, Dialogue, Endpoint, Preface, ReasonKind, Role, Speaks, Transport};
use crate::engine::{self, Audit};
use crate::instance::{Instance, ServiceId, Standing};
use crate::probe::name::Name;
use crate::probe::place::Place;
use crate::probe::starttls::StartTls;
use crate::probe::target::{Target, is_here};
use crate::services::expression::expression;
use crate::services::service::{Destination, Question};
use crate::source::Span;
use crate::tls::VersionSet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What handshakes should get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// Just these versions.
    Exactly(VersionSet),
    /// No others than these: what the library or something unknown leaves of them is not known.
    AtMost(VersionSet),
    /// None: every handshake is refused on purpose.
    Nothing,
}

impl Expected {
    fn of(answer: &Answer) -> Expected {
        match answer.effective {
            _ if answer.refuses => Expected::Nothing,
            Some(effective) if answer.unknown.is_empty() && answer.speaks == Speaks::Tls => {
                Expected::Exactly(effective)
            }
            _ => Expected::AtMost(answer.configured.value),
        }
    }

    /// The versions.
    pub fn versions(self) -> VersionSet {
        match self {
            Expected::Exactly(versions) | Expected::AtMost(versions) => versions,
            Expected::Nothing => VersionSet::EMPTY,
        }
    }
}

/// What a client should get at one place under one name.
#[derive(Clone, Debug)]
pub struct Promise {
    /// Where to knock, and how.
    pub target: Target,
    /// What should come.
    pub expected: Expected,
    /// What a client without a name should get there; for the name of a cause.
    pub nameless: Option<VersionSet>,
    /// The service that should answer.
    pub service: ServiceId,
    /// Its main file.
    pub main: PathBuf,
    /// The instance, as an index into the audit's list.
    pub instance: usize,
    /// The endpoint that brought it up, as an index into the instance's list.
    pub endpoint: usize,
    /// The answer in full.
    pub answer: Arc<Answer>,
}

impl Promise {
    /// The endpoint, for people: `127.0.0.1:443, name a.test`.
    pub fn title(&self) -> String {
        match &self.target.name {
            Some(name) => format!("{}, name {name}", self.target.place),
            None => self.target.place.to_string(),
        }
    }

    /// The place that promises it: what decides the versions, else what makes the server listen; none where no file
    /// says it.
    pub fn decider(&self) -> Option<Span> {
        let steps = &self.answer.configured.because;
        let says = |kind: ReasonKind| steps.iter().rev().find(|step| step.kind == kind).and_then(|step| step.span);
        says(ReasonKind::Versions).or_else(|| says(ReasonKind::Listen))
    }
}

/// A promise that can't be verified.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// Which one: `*:443, ~^www`.
    pub what: String,
    /// Why.
    pub why: String,
    /// The option of `verify` that would get further, as a lowercase fragment.
    pub help: Option<&'static str>,
    /// It was never to be verified here, and nothing is left open by that.
    pub by_design: bool,
    /// The main file of the configuration that makes it; none: no configuration does.
    pub main: Option<PathBuf>,
}

impl Left {
    /// Why, and what would get further.
    pub fn text(&self) -> String {
        match self.help {
            Some(help) => format!("{}; {help}", self.why),
            None => self.why.clone(),
        }
    }
}

/// All promises of an audit, in the order of its endpoints. `wanted`: of these instances. `remote`: addresses that are
/// not this machine's too. `names`: names to ask for at every address, besides those of the configuration.
pub(super) fn promises(
    audit: &Audit,
    ways: &Ways<'_>,
    wanted: &dyn Fn(&Instance) -> bool,
    remote: bool,
    names: &[Name],
) -> (Vec<Promise>, Vec<Left>) {
    let loaded = |instance: &Instance| instance.standing == Standing::Loaded && wanted(instance);
    // A name of the configuration is asked for with its own endpoint, which may have a demand of its own.
    let written = |(instance, endpoint): (&Instance, &Endpoint)| {
        let asked = is_tls(endpoint) && endpoint.transport == Transport::Stream;
        Some((place(instance, endpoint, ways, remote).ok().filter(|_| asked)?, example::of(endpoint.name.as_deref()?)?))
    };
    let written = match names {
        [] => BTreeSet::new(),
        _ => {
            let instances = audit.instances().filter(|one| loaded(one));
            instances.flat_map(|i| i.endpoints.iter().map(move |one| (i, one))).filter_map(written).collect()
        }
    };
    let mut all = Promises { audit, written, found: Vec::new(), left: BTreeMap::new(), seen: BTreeSet::new() };
    for (index, instance) in audit.instances().enumerate().filter(|(_, one)| loaded(one)) {
        for (at, endpoint) in instance.endpoints.iter().enumerate().filter(|(_, endpoint)| is_tls(endpoint)) {
            match place(instance, endpoint, ways, remote) {
                Ok(place) => all.endpoint((index, at), instance, &place, names),
                Err(why) => all.leave(instance, endpoint, why),
            }
        }
    }
    // What includes a part decides where it listens, and with what.
    let parts = audit.instances().filter(|one| one.standing == Standing::Part && wanted(one));
    for (instance, endpoint) in parts.flat_map(|one| one.endpoints.iter().filter(|e| is_tls(e)).map(move |e| (one, e)))
    {
        let why = "its main file is not among what was named";
        all.leave(instance, endpoint, Why::Open(why, Some("name the main file, or no PATH")));
    }
    let left = all.left.into_iter().map(|((what, why), main)| why.of(what, main));
    (all.found, left.collect())
}

/// Is there TLS, as far as anybody knows?
fn is_tls(endpoint: &Endpoint) -> bool {
    endpoint.role == Role::Listener && matches!(endpoint.answer.speaks, Speaks::Tls | Speaks::Unknown)
}

/// Why a promise can't be verified.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// It was never to be verified, and nothing is left open by that.
    Design(&'static str),
    /// It is left open; what would get further.
    Open(&'static str, Option<&'static str>),
}

impl Why {
    fn of(self, what: String, main: PathBuf) -> Left {
        match self {
            Why::Design(why) => Left { what, why: why.to_owned(), help: None, by_design: true, main: Some(main) },
            Why::Open(why, help) => Left { what, why: why.to_owned(), help, by_design: false, main: Some(main) },
        }
    }
}

/// A way to a listener of every address.
fn through(way: Option<SocketAddr>) -> Result<Place, Why> {
    let why = "other listeners have the addresses of this machine that it could be asked through for themselves";
    way.map(Place::Ip).ok_or(Why::Open(why, None))
}

/// Why no name was found to send for a configured one.
fn unsendable(written: &str) -> Why {
    // What `--name` gives counts only where it can be told that the pattern matches it.
    match written.strip_prefix('~') {
        Some(text) if expression(text).is_some() => {
            Why::Open("no name was found that this pattern matches", Some("--name adds one"))
        }
        Some(_) => Why::Open("this expression can't be evaluated here, so that no name is known to match it", None),
        None if written.contains('$') => Why::Open("what the variable stands for is not known here", None),
        None => Why::Open("it is not a name that can be sent in a handshake", None),
    }
}

/// Where an address is reached from here.
fn place(instance: &Instance, endpoint: &Endpoint, ways: &Ways<'_>, remote: bool) -> Result<Place, Why> {
    match &*endpoint.address {
        address @ Address::Any(_) => through(ways.to(address)),
        address @ Address::Ip(ip, _) if ip.is_unspecified() => through(ways.to(address)),
        Address::Ip(ip, port) if remote || is_here(*ip) => Ok(Place::Ip(SocketAddr::new(*ip, *port))),
        Address::Ip(..) => {
            Err(Why::Open("this machine does not have the address", Some("--remote probes it all the same")))
        }
        Address::Unix(path) if ways.is_open_to_authors(instance, endpoint, Path::new(path)) => {
            Ok(Place::Unix(PathBuf::from(path)))
        }
        Address::Unix(_) => Err(Why::Open(
            "others than root could have written this line, and may not be able to connect there themselves, or could put \
             another socket there",
            None,
        )),
        Address::Remote(_) => Err(Why::Design("it is another server")),
    }
}

struct Promises<'a> {
    audit: &'a Audit,
    /// The names of the configuration.
    written: BTreeSet<(Place, Name)>,
    found: Vec<Promise>,
    /// What can't be verified and why, with the first main file that promises it.
    left: BTreeMap<(String, Why), PathBuf>,
    seen: BTreeSet<(Place, Option<Name>)>,
}

impl Promises<'_> {
    fn endpoint(&mut self, index: (usize, usize), instance: &Instance, place: &Place, names: &[Name]) {
        let endpoint = &instance.endpoints[index.1];
        if endpoint.transport == Transport::Quic {
            return self.leave(instance, endpoint, Why::Design("QUIC is not probed"));
        }
        self.add(index, instance, place, None);
        for name in names {
            if self.written.contains(&(place.clone(), name.clone())) {
                continue;
            }
            self.add(index, instance, place, Some(name));
        }
        let Some(written) = endpoint.name.as_deref() else { return };
        match example::of(written) {
            Some(name) => self.add(index, instance, place, Some(&name)),
            None if !written.bytes().any(|byte| byte.is_ascii_alphanumeric()) => {
                self.leave(instance, endpoint, Why::Design("no client sends this name"));
            }
            // One of those that were asked for above will do.
            None if names.iter().any(|name| example::matches(written, name) == Some(true)) => {}
            None => self.leave(instance, endpoint, unsendable(written)),
        }
    }

    fn leave(&mut self, instance: &Instance, endpoint: &Endpoint, why: Why) {
        let name = endpoint.name.as_deref().unwrap_or("(no name)");
        self.leave_out(instance, format!("{}, {name}", endpoint.address), why);
    }

    fn leave_out(&mut self, instance: &Instance, what: String, why: Why) {
        self.left.entry((what, why)).or_insert_with(|| instance.main.clone());
    }

    /// Asks the configuration what this client should get.
    fn add(&mut self, (index, endpoint): (usize, usize), instance: &Instance, place: &Place, name: Option<&Name>) {
        if !self.seen.insert((place.clone(), name.cloned())) {
            return;
        }
        let ask = |name: Option<&Name>| {
            let question = Question {
                target: match place {
                    Place::Ip(address) => Destination::Ip(address.ip(), address.port()),
                    Place::Unix(path) => Destination::Unix(path.display().to_string()),
                },
                transport: Transport::Stream,
                sni: name.map(|name| name.as_str().to_owned()),
            };
            engine::ask(&self.audit.resolved, &question)
        };
        let (found, rivals) = ask(name);
        let (main, answer): (&Path, Arc<Answer>) = match &found {
            Some((asked, response)) => (&asked.main, Arc::clone(&response.answer)),
            None => return,
        };
        if answer.speaks == Speaks::Plaintext || answer.speaks == Speaks::Refused {
            return;
        }
        let what = format!("{place}, {}", name.map_or("(no name)", Name::as_str));
        if rivals > 0 {
            let why = Why::Open("several configurations listen there", Some("name the one that runs as a PATH"));
            self.leave_out(instance, what, why);
            return;
        }
        let (nameless, _) = ask(None);
        let Preface { proxy_header: proxy, starttls } = instance.endpoints[endpoint].preface;
        let starttls = starttls.map(|dialogue| match dialogue {
            Dialogue::Smtp => StartTls::Smtp,
            Dialogue::Imap => StartTls::Imap,
            Dialogue::Pop3 => StartTls::Pop3,
        });
        let target = Target { name: name.cloned(), proxy, starttls, ..Target::at(place.clone()) };
        self.found.push(Promise {
            target,
            expected: Expected::of(&answer),
            nameless: nameless.map(|(_, response)| response.answer.offered()),
            service: found.as_ref().map_or(instance.service, |(asked, _)| asked.service),
            main: main.to_owned(),
            instance: index,
            endpoint,
            answer,
        });
    }
}
