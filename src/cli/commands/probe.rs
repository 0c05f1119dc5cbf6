//! `tlsmend probe`

use super::super::args::{Format, Probe, Upgrade};
use super::super::exit::ExitStatus;
use super::super::interrupt::Interrupt;
use super::super::{options, output};
use crate::finding::{Observed, Severity};
use crate::policy::Policy;
use crate::probe::name::Name;
use crate::probe::starttls::StartTls;
use crate::probe::target::{Place, Target, Wanted};
use crate::probe::{Depth, Limits, Scan, client, scan};
use crate::report::probe::{self as report, Outcome, ProbeView, Probed};
use crate::report::{Exit, json};
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

/// What became of something that the user wrote.
struct Work {
    label: String,
    target: Result<Target, Missing>,
    /// A host has several addresses, and this machine may not reach all kinds.
    one_of_many: bool,
    done: Option<Done>,
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
    let policy = options::policy(&arguments.judgement)?;
    if arguments.sni.as_deref() == Some("") {
        bail!("--sni: the name is empty; --no-sni sends none");
    }
    let name = arguments.sni.as_deref().map(Name::parse).transpose().map_err(|e| anyhow!("--sni: {e}"))?;
    let mut texts = arguments.hosts.clone();
    if let Some(path) = &arguments.targets {
        texts.extend(listed(path)?);
    }
    if texts.is_empty() {
        bail!("there is no host to probe");
    }
    let wanted = texts.iter().map(|text| Wanted::parse(text).map_err(|e| anyhow!(e))).collect::<Result<Vec<_>>>()?;
    let interrupt = Interrupt::once()?;
    let mut works: Vec<Work> = Vec::new();
    for (text, wanted) in texts.iter().zip(&wanted) {
        works.extend(targets(text, wanted, arguments, name.as_ref(), interrupt.flag()));
    }
    probe_all(&mut works, arguments, interrupt.flag());
    report(&works, arguments, &policy)
}

/// The hosts of a file.
fn listed(path: &Path) -> Result<Vec<String>> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().take(1 << 20).read_to_string(&mut text).context("standard input can't be read")?;
        text
    } else {
        String::from_utf8(options::own_file(path)?).map_err(|_| anyhow!("{}: is not UTF-8", path.display()))?
    };
    let line = |line: &str| line.split('#').next().unwrap_or_default().trim().to_owned();
    Ok(text.lines().map(line).filter(|line| !line.is_empty()).collect())
}

/// What is probed for one of the user's words: each address of a host.
fn targets(text: &str, wanted: &Wanted, arguments: &Probe, name: Option<&Name>, stop: &AtomicBool) -> Vec<Work> {
    let missing =
        |why: Missing| vec![Work { label: text.to_owned(), target: Err(why), one_of_many: false, done: None }];
    let stopped = || stop.load(Ordering::Relaxed);
    if stopped() {
        return missing(Missing::Interrupted);
    }
    let places = match wanted.places(PATIENCE, stop) {
        Ok(places) => places,
        Err(_) if stopped() => return missing(Missing::Interrupted),
        Err(error) => return missing(Missing::NoAddress(error)),
    };
    let name = match (arguments.no_sni, name) {
        (true, _) => None,
        (false, Some(name)) => Some(name.clone()),
        (false, None) => wanted.name(),
    };
    let starttls = upgrade(arguments.starttls, wanted.port());
    let one_of_many = places.len() > 1;
    let target = |place: Place| Target {
        label: text.to_owned(),
        place,
        name: name.clone(),
        domain: wanted.domain().to_owned(),
        starttls,
        proxy: arguments.proxy_protocol,
    };
    let work = |place| Work { label: text.to_owned(), target: Ok(target(place)), one_of_many, done: None };
    places.into_iter().map(work).collect()
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

fn report(works: &[Work], arguments: &Probe, policy: &Policy) -> Result<ExitStatus> {
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
    let all = works.iter().zip(&observed);
    let view = ProbeView {
        targets: all.map(|(w, found)| Probed { label: &w.label, outcome: outcome(w), observed: found }).collect(),
        depth: depth(arguments),
        policy: &policy.name,
        exit: Exit { status: status as u8, name: name(status) },
    };
    output::write(arguments.color, |out| match arguments.format {
        Format::Text => report::text(&view, out),
        Format::Json => json::probe(&view, out),
    })?;
    Ok(status)
}

fn outcome(work: &Work) -> Outcome<'_> {
    match work {
        Work { target: Err(Missing::NoAddress(error)), .. } => Outcome::Unresolved(error),
        Work { target: Err(Missing::Interrupted), .. } | Work { done: None, .. } => Outcome::Unresolved("interrupted"),
        Work { target: Ok(target), done: Some(done), .. } => {
            Outcome::Scanned { target, scan: &done.scan, client: done.client.as_ref() }
        }
    }
}

fn name(status: ExitStatus) -> &'static str {
    if status == ExitStatus::CouldNotRun { "unreachable" } else { status.name() }
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
        let reached = |other: &Work| {
            other.label == work.label && other.done.as_ref().is_some_and(|done| done.scan.trouble.is_none())
        };
        match &done.scan.trouble {
            // No network of that kind here, and another address of the same host answered.
            Some(trouble) if work.one_of_many && report::has_no_route(trouble) && all.iter().any(reached) => {}
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
