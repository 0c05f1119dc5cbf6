//! `tlsmend why`

use super::super::args::{Format, Host};
use super::super::exit::ExitStatus;
use super::super::{options, output};
use crate::endpoint::{Answer, Speaks, Transport, Unknown};
use crate::engine;
use crate::host::Facts;
use crate::instance::Instance;
use crate::policy::Policy;
use crate::report::{WhyView, json, secrets, why};
use crate::services::service::{Question, Resolved, Target};
use anyhow::{Result, anyhow, bail};
use std::net::IpAddr;
use std::sync::Arc;

/// The client that is asked about.
pub(in crate::cli) struct Asked<'a> {
    /// Where it connects to, as it is typed.
    pub address: &'a str,
    /// The server name that it sends.
    pub sni: Option<&'a str>,
    /// QUIC instead of TCP.
    pub quic: bool,
}

/// Answers for one client.
pub(in crate::cli) fn run(asked: &Asked<'_>, host: &Host, format: Format, show_secrets: bool) -> Result<ExitStatus> {
    let Asked { address, sni, quic } = *asked;
    if sni.is_some_and(|name| name.trim().is_empty()) {
        bail!("--sni: the name is empty; leave the option away for a client that sends none");
    }
    let opened = options::open(host)?;
    let policy = Policy::default_profile();
    let engine::Host { mut sources, resolved, problems, .. } = engine::load(opened.request(&policy, None));
    let transport = if quic { Transport::Quic } else { Transport::Stream };
    let Found { instance, mut answer, rivals } = match upstream(&resolved, address) {
        Some(found) => found,
        None => listener(
            &resolved,
            &Question { target: target(address, &opened.facts)?, transport, sni: sni.map(str::to_owned) },
        ),
    };
    let service = instance.map(|instance| instance.service.0);
    // Where nothing listens, it may be that what listens could not be read, or is not known.
    let all = || problems.len() + resolved.iter().map(|r| r.instance().problems.len()).sum::<usize>();
    let broken = instance.map_or_else(all, |instance| instance.problems.len());
    let mut open: Vec<Unknown> = match instance {
        Some(instance) => instance.unknown.clone(),
        None => resolved.iter().flat_map(|one| &one.instance().unknown).cloned().collect(),
    };
    if instance.is_some_and(Instance::is_partial) {
        open.push(Unknown {
            span: None,
            what: "not all files of the configuration could be read".into(),
            help: "see the errors of tlsmend audit; or probe the running server".into(),
        });
    }
    if let (Some(answer), 1..) = (&mut answer, rivals) {
        answer.unknown.push(Unknown {
            span: None,
            what: "another configuration of this host has the same address".into(),
            help: "name the configuration that runs as a PATH".into(),
        });
    }
    if !show_secrets {
        secrets::sources(&mut sources);
        answer = answer.map(|answer| Answer::clone(&secrets::answer(&Arc::new(answer))));
        open.iter_mut().for_each(secrets::unknown);
    }
    let (answer, open) = (answer.as_ref(), open.as_slice());
    let view = WhyView { address, sni, service, answer, open, sources: &sources, paths: opened.shown.clone() };
    output::write(host.color, |out| match format {
        Format::Text => why::text(&view, out),
        Format::Json => json::why(&view, out),
    })?;
    if broken > 0 {
        let problems = if broken == 1 { "a problem" } else { "problems" };
        output::remark(format!("the configuration has {problems} that may change this: see tlsmend audit"));
    }
    let known = open.is_empty() && answer.is_none_or(|a| a.unknown.is_empty() && a.speaks != Speaks::Unknown);
    Ok(if known && broken == 0 { ExitStatus::Compliant } else { ExitStatus::Incomplete })
}

/// What answers, or is connected to.
struct Found<'a> {
    instance: Option<&'a Instance>,
    answer: Option<Answer>,
    /// How many others may be meant as well.
    rivals: usize,
}

fn listener<'a>(resolved: &'a [Box<dyn Resolved>], question: &Question) -> Found<'a> {
    let (found, rivals) = engine::ask(resolved, question);
    let (instance, answer) = found.map(|(instance, found)| (instance, Answer::clone(&found.answer))).unzip();
    Found { instance, answer, rivals }
}

/// Another server that a configuration connects to; `None`: there is none of that name.
fn upstream<'a>(resolved: &'a [Box<dyn Resolved>], address: &str) -> Option<Found<'a>> {
    let mut found = engine::upstream(resolved, address).into_iter();
    let (instance, answer) = found.next()?;
    Some(Found { instance: Some(instance), answer: Some(Answer::clone(&answer)), rivals: found.count() })
}

/// `127.0.0.1:443`, `[::1]:443`, `*:443`, `localhost:443`, `unix:/run/x.sock`
fn target(text: &str, facts: &Facts) -> Result<Target> {
    if let Some(path) = text.strip_prefix("unix:") {
        if path.is_empty() {
            bail!("\"{text}\" has no path; for example unix:/run/x.sock");
        }
        return Ok(Target::Unix(path.to_owned()));
    }
    if text.contains("://") {
        bail!("no configuration that was read connects to {text} by TLS; tlsmend audit lists such servers behind ->");
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
    Ok(Target::Ip(ip, port))
}
