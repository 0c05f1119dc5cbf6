//! What is done for each host: its addresses found, each of them probed.

use super::hosts::Named;
use crate::cli::args::{Probe, Upgrade};
use crate::cli::output;
use crate::hands::share;
use crate::probe::name::Name;
use crate::probe::place::Place;
use crate::probe::starttls::StartTls;
use crate::probe::target::{Target, Wanted, capped};
use crate::probe::{Depth, Limits, Scan, client, scan};
use crate::report::probe as report;
use crate::source::Span;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// For the resolver.
const PATIENCE: Duration = Duration::from_secs(10);
/// Hosts that are probed at the same time.
const AT_ONCE: usize = 8;

/// What a client offers where nothing else is said.
const WEB: [&str; 2] = ["h2", "http/1.1"];

/// What became of something that the user wrote.
pub(super) struct Work {
    pub(super) label: String,
    pub(super) place: Option<Span>,
    pub(super) target: Result<Target, Missing>,
    /// A host has several addresses, and this machine may not reach all kinds.
    one_of_many: bool,
    pub(super) done: Option<Done>,
}

impl Work {
    /// Has this machine no network of that kind, and did another address of the same host answer?
    pub(super) fn is_spared(&self, all: &[Work]) -> bool {
        let trouble = |work: &Work| work.done.as_ref().map(|done| done.scan.trouble.clone());
        let reached = |other: &Work| other.label == self.label && trouble(other) == Some(None);
        let no_route = matches!(trouble(self), Some(Some(trouble)) if report::has_no_route(&trouble));
        self.one_of_many && no_route && all.iter().any(reached)
    }
}

/// Why there is nothing to probe.
pub(super) enum Missing {
    /// No address was found, and why.
    NoAddress(String),
    /// The name has more addresses than are probed, and how many.
    TooMany(String),
    /// The user stopped it before.
    Interrupted,
}

pub(super) struct Done {
    pub(super) scan: Scan,
    pub(super) client: Option<client::Check>,
}

/// What is probed for one of the user's words: each address of a host.
pub(super) fn targets(
    host: &Named,
    wanted: &Wanted,
    arguments: &Probe,
    name: Option<&Name>,
    stop: &AtomicBool,
) -> Vec<Work> {
    let Named { text, place, .. } = host;
    let work = |target, one_of_many| Work { label: text.clone(), place: *place, target, one_of_many, done: None };
    let stopped = || stop.load(Ordering::Relaxed);
    if stopped() {
        return vec![work(Err(Missing::Interrupted), false)];
    }
    let (places, more) = match wanted.places(PATIENCE, stop) {
        Ok(places) => capped(places),
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
        alpn: arguments.alpn.clone(),
        starttls,
        proxy: arguments.proxy_protocol,
    };
    let more = more.map(|why| work(Err(Missing::TooMany(why)), false));
    places.into_iter().map(|place| work(Ok(target(place)), one_of_many)).chain(more).collect()
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
    if let Some(most) = arguments.max_connections {
        limits = limits.with_at_most(most);
    }
    limits.parallel = arguments.parallel.map_or(limits.parallel, usize::from);
    limits.pace = arguments.pace.map_or(limits.pace, Duration::from_millis);
    limits.total = arguments.total.map_or(limits.total, Duration::from_secs);
    limits
}

/// How much is asked.
pub(super) fn depth(arguments: &Probe) -> Depth {
    if arguments.ciphers { Depth::Ciphers } else { Depth::Versions }
}

/// Probes everything: several hosts at once, each address by one hand only.
pub(super) fn probe_all(works: &mut [Work], arguments: &Probe, stop: &AtomicBool) {
    let progress = output::Progress::new(works.len());
    let usual = WEB.map(str::to_owned);
    let mut by_host: BTreeMap<String, Vec<&mut Work>> = BTreeMap::new();
    for work in works.iter_mut() {
        let Ok(target) = &work.target else { continue };
        let host = match &target.place {
            Place::Ip(address) => address.ip().to_string(),
            Place::Unix(path) => path.display().to_string(),
        };
        by_host.entry(host).or_default().push(work);
    }
    share(by_host.into_values(), AT_ONCE, |works| {
        for work in works {
            let Ok(target) = &work.target else { continue };
            progress.begin(&work.label);
            let limits = limits(target, arguments);
            let mut scan = scan(target, depth(arguments), limits, stop);
            let reachable = scan.trouble.is_none() && !stop.load(Ordering::Relaxed);
            let client = (arguments.client && reachable).then(|| client::check(target, limits, &usual, stop));
            if let Some(check) = &client {
                check.testify(&mut scan);
            }
            work.done = Some(Done { scan, client });
            progress.end();
        }
    });
    progress.clear();
}
