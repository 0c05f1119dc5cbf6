//! `tlsmend probe`

mod hosts;
mod judge;
mod work;

use super::rule_texts;
use crate::catalog::Command;
use crate::cli::args::Probe;
use crate::cli::exit::ExitStatus;
use crate::cli::interrupt::Interrupt;
use crate::cli::message::Message;
use crate::cli::options;
use crate::cli::reports::Reports;
use crate::finding::{Observed, Severity};
use crate::probe::client::Check;
use crate::probe::name::Name;
use crate::probe::target::Wanted;
use crate::report::probe::{Outcome, ProbeView, Probed};
use crate::report::secrets::Shown;
use crate::report::{Frame, Outcome as Ended, Paths, Report, Texts, Writer};
use crate::source::SourceMap;
use anyhow::{Result, anyhow, bail};
use hosts::{List, Named, listed};
use judge::Judge;
use std::path::Path;
use work::{Missing, Work, depth, probe_all, targets};

/// The most bytes of all names of `--alpn`, each with its length: what one list has room for, with much to spare.
const MOST_PROTOCOLS: usize = 8192;

/// Probes, and reports.
pub(in crate::cli) fn run(arguments: &Probe) -> Result<ExitStatus> {
    let formats = &arguments.formats;
    let reports = Reports::of(&formats.format, formats.output.as_deref(), arguments.color)?;
    reports.spare_inputs(arguments.judgement.policy.as_deref().into_iter())?;
    let policy = options::policy(&arguments.judgement)?;
    let day = options::day(&arguments.judgement)?;
    let name = sent(arguments)?;
    if arguments.alpn.iter().map(|name| 1 + name.len()).sum::<usize>() > MOST_PROTOCOLS {
        bail!("--alpn: these are too many names; together they may have {MOST_PROTOCOLS} bytes");
    }
    let mut list = List { sources: SourceMap::default(), paths: Paths::absolute() };
    let mut hosts: Vec<Named> = arguments.hosts.iter().map(|text| Named::typed(text)).collect();
    if let Some(path) = &arguments.targets {
        hosts.extend(listed(path, &mut list)?);
    }
    if hosts.is_empty() {
        bail!("there is no host to probe");
    }
    reports.spare(Path::new("/"), list.sources.iter().map(|(_, file)| file.path()))?;
    let sources = Shown::masked(std::mem::take(&mut list.sources));
    let wanted = all_wanted(&hosts)?;
    let interrupt = Interrupt::once()?;
    let mut works: Vec<Work> = Vec::new();
    for (host, wanted) in hosts.iter().zip(&wanted) {
        works.extend(targets(host, wanted, arguments, name.as_ref(), interrupt.flag()));
    }
    probe_all(&mut works, arguments, interrupt.flag());
    report(&works, arguments, &Judge::new(&policy, day)?, Texts { sources: &sources, paths: &list.paths }, &reports)
}

/// The name that the user wants to be sent.
fn sent(arguments: &Probe) -> Result<Option<Name>> {
    if arguments.sni.as_deref() == Some("") {
        bail!("--sni: the name is empty; --no-sni sends none");
    }
    let name = arguments.sni.as_deref().map(Name::parse).transpose().map_err(|e| anyhow!("--sni: {e}"))?;
    match &name {
        Some(name) if arguments.client && !name.is_for_clients() => {
            bail!("--sni: \"{name}\" ends in a number, as an address does: --client makes no handshake for it")
        }
        _ => Ok(name),
    }
}

/// What all hosts mean. All that are wrong are said at once: nobody wants to mend a list line by line.
fn all_wanted(hosts: &[Named]) -> Result<Vec<Wanted>> {
    let (mut all, mut wrong) = (Vec::new(), Vec::new());
    for host in hosts {
        match Wanted::parse(&host.text) {
            Ok(wanted) => all.push(wanted),
            Err(why) => wrong.push(format!("{}{why}", host.origin)),
        }
    }
    if wrong.is_empty() { Ok(all) } else { Err(Message::of(wrong).into()) }
}

fn report(
    works: &[Work],
    arguments: &Probe,
    judge: &Judge<'_>,
    texts: Texts<'_>,
    reports: &Reports<Writer>,
) -> Result<ExitStatus> {
    let mut ended = Ended::Compliant;
    let mut observed: Vec<Shown<Vec<Observed>>> = Vec::new();
    for work in works {
        let found = match (&work.target, &work.done) {
            (Ok(target), Some(done)) => judge.target(target, done),
            _ => Vec::new(),
        };
        ended = ended.max(ended_of(work, works, &found, arguments));
        observed.push(Shown::masked(found));
    }
    judge.tell_unheeded();
    let probed = works.iter().zip(&observed).map(|(work, found)| Probed {
        label: &work.label,
        outcome: outcome(work),
        observed: found,
        place: work.place,
        spared: work.is_spared(works),
    });
    let view = ProbeView {
        frame: Frame {
            texts,
            policy: judge.name(),
            options: "",
            fail_on: Severity::from(arguments.judgement.fail_on),
            outcome: ended,
            host: None,
            rules: &rule_texts(Command::Probe),
        },
        targets: probed.collect(),
        depth: depth(arguments),
    };
    reports.write(|write, out| write(Report::Probe(&view), out))?;
    Ok(ExitStatus::unless(arguments.judgement.exit_zero, ended))
}

/// How the probe of a target ends.
fn ended_of(work: &Work, all: &[Work], found: &[Observed], arguments: &Probe) -> Ended {
    let fail_on = Severity::from(arguments.judgement.fail_on);
    let fails = found.iter().any(|one| one.is_open() && one.severity >= fail_on);
    let asked = match (&work.target, &work.done) {
        (Err(Missing::NoAddress(_)), _) => Ended::Unreachable,
        (_, None) => Ended::Incomplete,
        (_, Some(done)) => {
            let is_open = done.client.as_ref().is_some_and(Check::is_open);
            match &done.scan.trouble {
                Some(_) if !work.is_spared(all) => Ended::Unreachable,
                None if done.scan.is_open(depth(arguments)) => Ended::Incomplete,
                _ if is_open => Ended::Incomplete,
                _ => Ended::Compliant,
            }
        }
    };
    if fails { Ended::Findings } else { asked }
}

fn outcome(work: &Work) -> Outcome<'_> {
    match work {
        Work { target: Err(Missing::NoAddress(why) | Missing::TooMany(why)), .. } => Outcome::Unresolved(why),
        Work { target: Err(Missing::Interrupted), .. } | Work { done: None, .. } => Outcome::Interrupted,
        Work { target: Ok(target), done: Some(done), .. } => {
            Outcome::Scanned { target, scan: &done.scan, client: done.client.as_ref() }
        }
    }
}
