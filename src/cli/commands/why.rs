//! `tlsmend why`

use super::super::args::{Format, Host};
use super::super::exit::ExitStatus;
use super::super::{again, options, output};
use crate::endpoint::{Address, Answer, Role, Transport, Unknown};
use crate::engine;
use crate::host::Facts;
use crate::instance::Instance;
use crate::policy::Policy;
use crate::report::secrets::{self, Shown};
use crate::report::{self, Outcome, Texts, WhyView, json, why};
use crate::services::clients;
use crate::services::service::{Destination, Question, Resolved, Response};
use crate::source::SourceMap;
use crate::topic::Topic;
use anyhow::{Result, anyhow, bail};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// The client that is asked about.
pub(in crate::cli) struct Asked<'a> {
    /// Where it connects to, as it is typed; or a server name.
    pub address: &'a str,
    /// The server name that it sends.
    pub sni: Option<&'a str>,
    /// QUIC instead of TCP.
    pub quic: bool,
}

/// Answers for one client, or for one on each address that has a name.
pub(in crate::cli) fn run(asked: &Asked<'_>, host: &Host, format: Format, show_secrets: bool) -> Result<ExitStatus> {
    if asked.sni.is_some_and(|name| name.trim().is_empty()) {
        bail!("--sni: the name is empty; leave the option away for a client that sends none");
    }
    if let Some(name) = asked.address.strip_prefix("client:") {
        // No server has a say in it: none is run to ask for its version.
        let opened = options::open(&Host { no_exec: true, ..host.clone() })?;
        return of_client(name, asked, &opened, host, format, show_secrets);
    }
    let opened = options::open(host)?;
    let policy = Policy::default_profile();
    let engine::Host { sources, resolved, problems, remarks, .. } = engine::load(opened.request(&policy, None));
    secrets::learn(resolved.iter().map(|one| one.instance()));
    remarks.iter().for_each(output::remark);
    let name = server_name(asked, &resolved)?;
    let found = match name {
        Some(name) => of_name(name, asked.transport(), &resolved),
        None => vec![of_address(asked, &opened.facts, &resolved)?],
    };
    // Where nothing listens, it may be that what listens could not be read, or is not known.
    let in_all = problems.len() + resolved.iter().map(|one| one.instance().problems.len()).sum::<usize>();
    let of_one = |one: &Found<'_>| one.instance.map_or(in_all, |instance| instance.problems.len());
    let broken = if found.is_empty() { in_all } else { found.iter().map(of_one).max().unwrap_or(0) };
    let sources = Shown::of(sources, show_secrets);
    let found: Vec<Told<'_>> = found.into_iter().map(|one| one.told(show_secrets)).collect();
    let sni = name.or(asked.sni);
    let views: Vec<WhyView<'_>> = found.iter().map(|one| view(one, sni, &sources, &opened)).collect();
    output::write(host.color, |out| match (format, name) {
        (Format::Text, Some(name)) => why::of_name(name, &views, out),
        (Format::Json, Some(name)) => json::why_name(name, &views, out),
        (Format::Text, None) => views.iter().try_for_each(|view| why::text(view, out)),
        (Format::Json, None) => views.iter().try_for_each(|view| json::why(view, out)),
    })?;
    if broken > 0 {
        let problems = if broken == 1 { "a problem" } else { "problems" };
        let audit = format!("tlsmend audit{}", again::options(host, None));
        output::remark(format!("the configuration has {problems} that may change this: `{audit}` shows where"));
    }
    let is_certain = !views.is_empty() && views.iter().all(WhyView::is_certain);
    Ok(if is_certain && broken == 0 { Outcome::Compliant } else { Outcome::Incomplete }.into())
}

/// Answers for a program of the host that connects to others, or for all that are there.
fn of_client(
    name: &str,
    asked: &Asked<'_>,
    opened: &options::Opened,
    host: &Host,
    format: Format,
    show_secrets: bool,
) -> Result<ExitStatus> {
    if asked.sni.is_some() || asked.quic {
        bail!("--sni and --quic: \"{}\" is a program that connects to others", asked.address);
    }
    let all = name == "all";
    let wanted: Vec<(clients::Program, Option<&Path>)> = match clients::named(name) {
        _ if all => clients::present(&opened.system).into_iter().map(|program| (program, None)).collect(),
        Some(named) => vec![named],
        None => bail!("\"{name}\" is no program that is known; those are all, {}", clients::names()),
    };
    let mut sources = SourceMap::default();
    let about = clients::Asked { system: &opened.system, facts: &opened.facts, given: &opened.given };
    let found = clients::ask_all(&wanted, about, &mut sources).into_iter();
    let shown = |program: &clients::Program| match all {
        true => format!("client:{}", program.key),
        false => asked.address.to_owned(),
    };
    let answers: Vec<(String, Shown<Arc<Answer>>)> = wanted
        .iter()
        .zip(found)
        .map(|((program, _), answer)| (shown(program), Shown::of(Arc::new(answer), show_secrets)))
        .collect();
    let (sources, open) = (Shown::of(sources, show_secrets), Shown::of(Vec::new(), show_secrets));
    let texts = Texts { sources: &sources, paths: &opened.shown };
    let view = |address, answer| WhyView {
        address,
        sni: None,
        service: Some("clients"),
        answer: Some(answer),
        open: &open,
        texts,
    };
    let views: Vec<WhyView<'_>> = answers.iter().map(|(address, answer)| view(address, answer)).collect();
    output::write(host.color, |out| match (format, all) {
        (Format::Text, true) => report::clients::text(&views, out),
        (Format::Json, true) => json::why_name(asked.address, &views, out),
        (Format::Text, false) => views.iter().try_for_each(|view| why::text(view, out)),
        (Format::Json, false) => views.iter().try_for_each(|view| json::why(view, out)),
    })?;
    let is_certain = views.iter().all(WhyView::is_certain);
    Ok(if is_certain { Outcome::Compliant } else { Outcome::Incomplete }.into())
}

fn view<'a>(
    found: &'a Told<'_>,
    sni: Option<&'a str>,
    sources: &'a Shown<SourceMap>,
    opened: &'a options::Opened,
) -> WhyView<'a> {
    WhyView {
        address: &found.address,
        sni,
        service: found.instance.map(|instance| instance.service.0),
        answer: found.answer.as_ref(),
        open: &found.open,
        texts: Texts { sources, paths: &opened.shown },
    }
}

/// What answers, or is connected to.
struct Found<'a> {
    address: String,
    instance: Option<&'a Instance>,
    answer: Option<Answer>,
    /// What is not known of the configuration, and may change the answer.
    open: Vec<Unknown>,
}

impl<'a> Found<'a> {
    /// `rivals`: how many others may be meant as well.
    fn new(
        address: &str,
        found: Option<(&'a Instance, Arc<Answer>)>,
        rivals: usize,
        resolved: &'a [Box<dyn Resolved>],
    ) -> Found<'a> {
        let (instance, answer) = found.unzip();
        let mut answer = answer.map(|answer| Answer::clone(&answer));
        if let (Some(answer), 1..) = (&mut answer, rivals) {
            answer.unknown.push(Unknown {
                topic: Topic::of("rival-configuration"),
                span: None,
                what: "another configuration of this host has the same address".into(),
                help: "name the configuration that runs as a PATH".into(),
            });
        }
        let mut open: Vec<Unknown> = match instance {
            Some(instance) => instance.unknown.clone(),
            None => resolved.iter().flat_map(|one| &one.instance().unknown).cloned().collect(),
        };
        if instance.is_some_and(Instance::is_partial) {
            open.push(Unknown {
                topic: Topic::of("not-read"),
                span: None,
                what: "not all files of the configuration could be read".into(),
                help: "see the errors of an audit; or probe the running server".into(),
            });
        }
        Found { address: address.to_owned(), instance, answer, open }
    }

    /// With how many others may be meant as well.
    fn of_listener(
        address: &str,
        (found, rivals): (Option<(&'a Instance, Response)>, usize),
        resolved: &'a [Box<dyn Resolved>],
    ) -> Found<'a> {
        let found = found.map(|(instance, response)| (instance, response.answer));
        Found::new(address, found, rivals, resolved)
    }

    fn told(self, show_secrets: bool) -> Told<'a> {
        let Found { address, instance, answer, open } = self;
        Told {
            address,
            instance,
            answer: answer.map(|answer| Shown::of(Arc::new(answer), show_secrets)),
            open: Shown::of(open, show_secrets),
        }
    }
}

/// The same, as it may be shown.
struct Told<'a> {
    address: String,
    instance: Option<&'a Instance>,
    answer: Option<Shown<Arc<Answer>>>,
    open: Shown<Vec<Unknown>>,
}

impl Asked<'_> {
    fn transport(&self) -> Transport {
        if self.quic { Transport::Quic } else { Transport::Stream }
    }
}

/// The answer at the address that was asked about.
fn of_address<'a>(asked: &Asked<'_>, facts: &Facts, resolved: &'a [Box<dyn Resolved>]) -> Result<Found<'a>> {
    let Asked { address, sni, .. } = *asked;
    let mut upstream = engine::upstream(resolved, address).into_iter();
    if let Some(first) = upstream.next() {
        return Ok(Found::new(address, Some(first), upstream.count(), resolved));
    }
    if address.contains("://") {
        return Ok(Found::new(address, None, 0, resolved));
    }
    let (target, transport) = (target(address, facts)?, asked.transport());
    Ok(listener(address, &Question { target, transport, sni: sni.map(str::to_owned) }, resolved))
}

fn listener<'a>(address: &str, question: &Question, resolved: &'a [Box<dyn Resolved>]) -> Found<'a> {
    Found::of_listener(address, engine::ask(resolved, question), resolved)
}

/// The answers at all addresses that have the name.
fn of_name<'a>(name: &str, transport: Transport, resolved: &'a [Box<dyn Resolved>]) -> Vec<Found<'a>> {
    let ask = |(address, at): (Arc<Address>, usize)| {
        let target = engine::target(&address)?;
        let question = Question { target, transport, sni: Some(name.to_owned()) };
        let found = engine::ask_of(resolved, (&address, at), &question);
        Some(Found::of_listener(&address.to_string(), found, resolved))
    };
    engine::places_of(resolved, name, transport).into_iter().filter_map(ask).collect()
}

/// So many ports are named.
const MOST_PORTS: usize = 10;

/// The server name that is asked about instead of an address, if one is.
fn server_name<'a>(asked: &Asked<'a>, resolved: &[Box<dyn Resolved>]) -> Result<Option<&'a str>> {
    let Asked { address, sni, .. } = *asked;
    let is_name = !address.is_empty() && !address.contains([':', '/', '[', '*']);
    if !is_name || !engine::upstream(resolved, address).is_empty() {
        return Ok(None);
    }
    if let Ok(ip) = address.parse::<IpAddr>() {
        let endpoints = resolved.iter().flat_map(|one| &one.instance().endpoints);
        let port = |address: &Address| match *address {
            Address::Ip(own, port) if own == ip => Some(port),
            Address::Any(port) => Some(port),
            _ => None,
        };
        let listeners = endpoints.filter(|endpoint| endpoint.role == Role::Listener);
        let ports: BTreeSet<u16> = listeners.filter_map(|endpoint| port(&endpoint.address)).collect();
        let typed: Vec<String> = ports.into_iter().take(MOST_PORTS).map(|port| format!("{ip}:{port}")).collect();
        let help = if typed.is_empty() { format!("for example {ip}:443") } else { typed.join(", ") };
        bail!("\"{address}\" is not ADDRESS:PORT: give the port too ({help})");
    }
    match sni {
        Some(_) => bail!("--sni: \"{address}\" is a server name already; give ADDRESS:PORT to choose another one"),
        None => Ok(Some(address)),
    }
}

/// `127.0.0.1:443`, `[::1]:443`, `*:443`, `localhost:443`, `unix:/run/x.sock`
fn target(text: &str, facts: &Facts) -> Result<Destination> {
    if let Some(path) = text.strip_prefix("unix:") {
        if path.is_empty() {
            bail!("\"{text}\" has no path; for example unix:/run/x.sock");
        }
        return Ok(Destination::Unix(path.to_owned()));
    }
    let wrong = || anyhow!("\"{text}\" is not ADDRESS:PORT; for example 127.0.0.1:443 or [::1]:443");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = crate::probe::target::port(port).ok_or_else(wrong)?;
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let ip = match (bare, host) {
        (Some(ip), _) => ip.parse().map_err(|_| wrong())?,
        (None, "") => return Err(wrong()),
        // As audits show it: any address that no listener has to itself.
        (None, "*") => IpAddr::from([0, 0, 0, 0]),
        (None, _) => match host.parse::<IpAddr>() {
            Ok(ip @ IpAddr::V4(_)) => ip,
            Ok(_) => return Err(anyhow!("\"{text}\": write an IPv6 address in brackets: [::1]:443")),
            Err(_) => *facts.hosts.get(&host.to_ascii_lowercase()).and_then(|ips| ips.first()).ok_or_else(|| {
                anyhow!("the address of \"{host}\" is not in the host's /etc/hosts: give the address, and the name with --sni")
            })?,
        },
    };
    Ok(Destination::Ip(ip, port))
}
