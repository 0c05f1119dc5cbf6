//! `tlsmend probe`

use super::super::args::{Probe, ReportFormat, Upgrade};
use super::super::exit::ExitStatus;
use super::super::interrupt::Interrupt;
use super::super::reports::Reports;
use super::super::{options, output};
use super::{handshake_status, rule_texts};
use crate::finding::{Observed, Severity};
use crate::policy::Policy;
use crate::probe::name::Name;
use crate::probe::place::Place;
use crate::probe::starttls::StartTls;
use crate::probe::target::{Target, Wanted};
use crate::probe::{Depth, Limits, Scan, client, scan};
use crate::report::probe::{self as report, Outcome, ProbeView, Probed};
use crate::report::{Exit, Paths, github, gitlab, html, json, junit, markdown, prometheus, sarif, secrets};
use crate::source::{SourceMap, Span};
use crate::system::normalize;
use crate::tls::VersionSet;
use crate::verify;
use anyhow::{Context, Result, anyhow, bail};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// For the resolver.
const PATIENCE: Duration = Duration::from_secs(10);
/// Hosts that are probed at the same time.
const AT_ONCE: usize = 8;
/// The rules that a probe may find something by.
const RULES: [&str; 5] = ["forbidden-version", "inconclusive", "missing-version", "no-modern-version", "unreachable"];

/// A host as the user named it.
struct Named {
    text: String,
    /// Where the list of targets says it; none: the command line does.
    place: Option<Span>,
}

/// The list of targets.
struct List {
    sources: SourceMap,
    paths: Paths,
}

/// What became of something that the user wrote.
struct Work {
    label: String,
    place: Option<Span>,
    target: Result<Target, Missing>,
    /// A host has several addresses, and this machine may not reach all kinds.
    one_of_many: bool,
    done: Option<Done>,
}

impl Work {
    /// Has this machine no network of that kind, and did another address of the same host answer?
    fn is_spared(&self, all: &[Work]) -> bool {
        let trouble = |work: &Work| work.done.as_ref().map(|done| done.scan.trouble.clone());
        let reached = |other: &Work| other.label == self.label && trouble(other) == Some(None);
        let no_route = matches!(trouble(self), Some(Some(trouble)) if report::has_no_route(&trouble));
        self.one_of_many && no_route && all.iter().any(reached)
    }
}

/// Why there is nothing to probe.
enum Missing {
    /// No address was found, and why.
    NoAddress(String),
    /// The user stopped it before.
    Interrupted,
}

struct Done {
    scan: Scan,
    client: Option<client::Check>,
}

/// Probes, and reports.
pub(in crate::cli) fn run(arguments: &Probe) -> Result<ExitStatus> {
    let formats = &arguments.formats;
    let reports = Reports::of(&formats.format, formats.output.as_deref(), arguments.color)?;
    reports.spare_inputs(arguments.judgement.policy.as_deref().into_iter())?;
    let policy = options::policy(&arguments.judgement)?;
    if arguments.sni.as_deref() == Some("") {
        bail!("--sni: the name is empty; --no-sni sends none");
    }
    let name = arguments.sni.as_deref().map(Name::parse).transpose().map_err(|e| anyhow!("--sni: {e}"))?;
    let mut list = List { sources: SourceMap::default(), paths: Paths::absolute() };
    let mut hosts: Vec<Named> = arguments.hosts.iter().map(|text| Named { text: text.clone(), place: None }).collect();
    if let Some(path) = &arguments.targets {
        hosts.extend(listed(path, &mut list)?);
    }
    if hosts.is_empty() {
        bail!("there is no host to probe");
    }
    reports.spare(Path::new("/"), list.sources.iter().map(|(_, file)| file.path()))?;
    secrets::sources(&mut list.sources);
    let wanted = hosts.iter().map(|host| Wanted::parse(&host.text).map_err(|e| anyhow!(e)));
    let wanted = wanted.collect::<Result<Vec<_>>>()?;
    let interrupt = Interrupt::once()?;
    let mut works: Vec<Work> = Vec::new();
    for (host, wanted) in hosts.iter().zip(&wanted) {
        works.extend(targets(host, wanted, arguments, name.as_ref(), interrupt.flag()));
    }
    probe_all(&mut works, arguments, interrupt.flag());
    report(&works, arguments, &policy, &list, &reports)
}

/// The hosts of a file, each with its place.
fn listed(path: &Path, list: &mut List) -> Result<Vec<Named>> {
    let input = path == Path::new("-");
    let text = if input {
        let mut text = String::new();
        std::io::stdin().take(1 << 20).read_to_string(&mut text).context("standard input can't be read")?;
        text
    } else {
        String::from_utf8(options::own_file(path)?).map_err(|_| anyhow!("{}: is not UTF-8", path.display()))?
    };
    let here = std::env::current_dir().context("the current directory is not known")?;
    if path.is_relative() {
        list.paths = Paths::below(&here);
    }
    // Standard input has no name, so that nobody can look at its lines.
    let file = (!input).then(|| list.sources.insert(normalize(&here.join(path)), text.clone().into_bytes()));
    let mut found = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let host = line.split('#').next().unwrap_or_default();
        let start = offset + (host.len() - host.trim_start().len());
        let host = host.trim();
        let span = |file| Span::new(file, start as u32, (start + host.len()) as u32);
        if !host.is_empty() {
            found.push(Named { text: host.to_owned(), place: file.map(span) });
        }
        offset += line.len();
    }
    Ok(found)
}

/// What is probed for one of the user's words: each address of a host.
fn targets(host: &Named, wanted: &Wanted, arguments: &Probe, name: Option<&Name>, stop: &AtomicBool) -> Vec<Work> {
    let Named { text, place } = host;
    let work = |target, one_of_many| Work { label: text.clone(), place: *place, target, one_of_many, done: None };
    let stopped = || stop.load(Ordering::Relaxed);
    if stopped() {
        return vec![work(Err(Missing::Interrupted), false)];
    }
    let places = match wanted.places(PATIENCE, stop) {
        Ok(places) => places,
        Err(_) if stopped() => return vec![work(Err(Missing::Interrupted), false)],
        Err(error) => return vec![work(Err(Missing::NoAddress(error)), false)],
    };
    let name = match (arguments.no_sni, name) {
        (true, _) => None,
        (false, Some(name)) => Some(name.clone()),
        (false, None) => wanted.name(),
    };
    let starttls = upgrade(arguments.starttls, wanted.port());
    let one_of_many = places.len() > 1;
    let target = |place: Place| Target {
        label: text.clone(),
        place,
        name: name.clone(),
        domain: wanted.domain().to_owned(),
        starttls,
        proxy: arguments.proxy_protocol,
    };
    places.into_iter().map(|place| work(Ok(target(place)), one_of_many)).collect()
}

fn upgrade(wanted: Upgrade, port: Option<u16>) -> Option<StartTls> {
    match wanted {
        Upgrade::Auto => port.and_then(StartTls::of_port),
        Upgrade::None => None,
        Upgrade::By(protocol) => Some(protocol),
    }
}

fn limits(target: &Target, arguments: &Probe) -> Limits {
    let mut limits = Limits::of(target, depth(arguments));
    limits.exchange = Duration::from_secs(arguments.timeout);
    limits.connect = limits.connect.min(limits.exchange);
    limits.connections = arguments.max_connections.unwrap_or(limits.connections);
    limits.parallel = arguments.parallel.map_or(limits.parallel, usize::from);
    limits.pace = arguments.pace.map_or(limits.pace, Duration::from_millis);
    limits.total = arguments.total.map_or(limits.total, Duration::from_secs);
    limits
}

fn depth(arguments: &Probe) -> Depth {
    if arguments.ciphers { Depth::Ciphers } else { Depth::Versions }
}

/// Probes everything: several hosts at once, each address by one hand only.
fn probe_all(works: &mut [Work], arguments: &Probe, stop: &AtomicBool) {
    let progress = output::Progress::new(works.len());
    let mut by_host: BTreeMap<String, Vec<&mut Work>> = BTreeMap::new();
    for work in works.iter_mut() {
        let Ok(target) = &work.target else { continue };
        let host = match &target.place {
            Place::Ip(address) => address.ip().to_string(),
            Place::Unix(path) => path.display().to_string(),
        };
        by_host.entry(host).or_default().push(work);
    }
    let queues: Vec<Mutex<Vec<&mut Work>>> = by_host.into_values().map(Mutex::new).collect();
    let next = AtomicUsize::new(0);
    let hand = || {
        while let Some(queue) = queues.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Ok(mut queue) = queue.lock() else { continue };
            for work in queue.iter_mut() {
                let Ok(target) = &work.target else { continue };
                progress.begin(&work.label);
                let limits = limits(target, arguments);
                let scan = scan(target, depth(arguments), limits, stop);
                let reachable = scan.trouble.is_none() && !stop.load(Ordering::Relaxed);
                let client =
                    (arguments.client && reachable).then(|| client::check(target, limits, &arguments.alpn, stop));
                work.done = Some(Done { scan, client });
                progress.end();
            }
        }
    };
    std::thread::scope(|scope| {
        // This thread is a hand too.
        for _ in 1..AT_ONCE.min(queues.len()) {
            scope.spawn(hand);
        }
        hand();
    });
    progress.clear();
}

fn report(
    works: &[Work],
    arguments: &Probe,
    policy: &Policy,
    list: &List,
    reports: &Reports<ReportFormat>,
) -> Result<ExitStatus> {
    let mut status = Statuses::default();
    let mut observed: Vec<Vec<Observed>> = Vec::new();
    for work in works {
        let found = match (&work.target, &work.done) {
            (Ok(target), Some(done)) => {
                verify::judge(&report::title(target), &done.scan, &policy.base, VersionSet::EMPTY)
            }
            _ => Vec::new(),
        };
        status.add(work, works, &found, arguments);
        observed.push(found);
    }
    let status = if arguments.judgement.exit_zero { ExitStatus::Compliant } else { status.status() };
    let probed = works.iter().zip(&observed).map(|(work, found)| Probed {
        label: &work.label,
        outcome: outcome(work),
        observed: found,
        place: work.place,
        spared: work.is_spared(works),
    });
    let view = ProbeView {
        targets: probed.collect(),
        depth: depth(arguments),
        policy: &policy.name,
        fail_on: Severity::from(arguments.judgement.fail_on),
        exit: Exit { status: status as u8, name: handshake_status(status) },
        sources: &list.sources,
        paths: list.paths.clone(),
        rules: &rule_texts(&RULES),
    };
    reports.write(|format, out| match format {
        ReportFormat::Text => report::text(&view, out),
        ReportFormat::Json => json::probe(&view, out),
        ReportFormat::Html => html::probe(&view, out),
        ReportFormat::Markdown => markdown::probe(&view, out),
        ReportFormat::Sarif => sarif::probe(&view, out),
        ReportFormat::Github => github::probe(&view, out),
        ReportFormat::Gitlab => gitlab::probe(&view, out),
        ReportFormat::Junit => junit::probe(&view, out),
        ReportFormat::Prometheus => prometheus::probe(&view, out),
    })?;
    Ok(status)
}

fn outcome(work: &Work) -> Outcome<'_> {
    match work {
        Work { target: Err(Missing::NoAddress(error)), .. } => Outcome::Unresolved(error),
        Work { target: Err(Missing::Interrupted), .. } | Work { done: None, .. } => Outcome::Interrupted,
        Work { target: Ok(target), done: Some(done), .. } => {
            Outcome::Scanned { target, scan: &done.scan, client: done.client.as_ref() }
        }
    }
}

/// What the exit status is made from.
#[derive(Default)]
struct Statuses {
    findings: bool,
    unreachable: bool,
    open: bool,
}

impl Statuses {
    fn add(&mut self, work: &Work, all: &[Work], found: &[Observed], arguments: &Probe) {
        let fail_on = Severity::from(arguments.judgement.fail_on);
        self.findings |= found.iter().any(|one| one.severity >= fail_on);
        let Some(done) = &work.done else {
            let nowhere = matches!(work.target, Err(Missing::NoAddress(_)));
            self.unreachable |= nowhere;
            self.open |= !nowhere;
            return;
        };
        match &done.scan.trouble {
            Some(_) if work.is_spared(all) => {}
            Some(_) => self.unreachable = true,
            None => self.open |= done.scan.is_open(depth(arguments)),
        }
        if let Some(client) = &done.client {
            self.open |= client.is_open();
            self.findings |= !client.reaches_modern(&done.scan);
        }
    }

    fn status(&self) -> ExitStatus {
        match self {
            Statuses { findings: true, .. } => ExitStatus::Findings,
            Statuses { unreachable: true, .. } => ExitStatus::CouldNotRun,
            Statuses { open: true, .. } => ExitStatus::Incomplete,
            Statuses { .. } => ExitStatus::Compliant,
        }
    }
}
