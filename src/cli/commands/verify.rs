//! `tlsmend verify`

use super::super::args::{Format, Judgement, Verify};
use super::super::exit::ExitStatus;
use super::super::interrupt::Interrupt;
use super::super::{options, output};
use crate::engine;
use crate::finding::Severity;
use crate::instance::Problem;
use crate::probe::name::Name;
use crate::report::verify::{self as report, VerifyView};
use crate::report::{Exit, json, secrets};
use crate::verify::{self, Outcome, Verification, Verified};
use anyhow::{Result, anyhow};
use std::time::Duration;

/// Verifies, and reports.
pub(in crate::cli) fn run(arguments: &Verify) -> Result<ExitStatus> {
    let day = options::day(&arguments.judgement)?;
    let policy = options::policy(&arguments.judgement)?;
    let names = arguments.name.iter().map(|name| Name::parse(name).map_err(|e| anyhow!("--name: {e}")));
    let names = names.collect::<Result<Vec<_>>>()?;
    let opened = options::open_running(&arguments.host)?;
    let machine = options::machine()?;
    let interrupt = Interrupt::once()?;
    let mut audit = engine::audit(opened.request(&policy, Some(day)));
    audit.findings.iter_mut().for_each(secrets::finding);
    let progress = output::Progress::new(usize::MAX);
    let verified = verify::verify(
        &Verification {
            audit: &audit,
            machine: &machine,
            policy: &policy,
            remote: arguments.remote,
            names: &names,
            wait: Duration::from_secs(arguments.wait),
            show: &|path| opened.shown.show(path),
            stop: interrupt.flag(),
        },
        &|at, total, label| progress.at(at, total, label),
    );
    progress.clear();
    let problem = |one: &Problem| match &one.path {
        Some(path) => format!("{}: {}", opened.shown.show(path), secrets::text(&one.message)),
        None => secrets::text(&one.message).into_owned(),
    };
    let problems: Vec<String> = audit.all_problems().map(problem).collect();
    let status = status(&verified, problems.len(), &arguments.judgement);
    let view = VerifyView {
        verified: &verified,
        sources: &audit.sources,
        problems: &problems,
        policy: &policy.name,
        exit: Exit { status: status as u8, name: name(status) },
        paths: opened.shown.clone(),
    };
    output::write(arguments.host.color, |out| match arguments.format {
        Format::Text => report::text(&view, out),
        Format::Json => json::verify(&view, out),
    })?;
    Ok(status)
}

fn name(status: ExitStatus) -> &'static str {
    match status {
        ExitStatus::CouldNotRun => "unreachable",
        other => other.name(),
    }
}

fn status(verified: &Verified, problems: usize, judgement: &Judgement) -> ExitStatus {
    if judgement.exit_zero {
        return ExitStatus::Compliant;
    }
    let fail_on = Severity::from(judgement.fail_on);
    let has = |outcome: Outcome| verified.checked.iter().any(|one| one.outcome == outcome);
    let findings = verified.checked.iter().filter(|one| one.outcome != Outcome::Unreachable);
    let findings = findings.flat_map(|one| &one.observed).chain(&verified.dead);
    let open = has(Outcome::Inconclusive) || has(Outcome::Possible) || has(Outcome::Mixed);
    if findings.into_iter().any(|one| one.severity >= fail_on) {
        ExitStatus::Findings
    } else if has(Outcome::Unreachable) {
        ExitStatus::CouldNotRun
    } else if open || verified.interrupted || problems > 0 || verified.left.iter().any(|left| !left.by_design) {
        ExitStatus::Incomplete
    } else {
        ExitStatus::Compliant
    }
}
