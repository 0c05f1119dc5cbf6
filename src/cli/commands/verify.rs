//! `tlsmend verify`

use super::super::args::{Judgement, Verify};
use super::super::exit::ExitStatus;
use super::super::interrupt::Interrupt;
use super::super::reports::Reports;
use super::super::{again, options, output};
use super::rule_texts;
use crate::catalog::Command;
use crate::engine;
use crate::finding::Severity;
use crate::instance::Problem;
use crate::probe::name::Name;
use crate::report::secrets::{self, Shown};
use crate::report::verify::VerifyView;
use crate::report::{Frame, Outcome as Ended, Report, Texts};
use crate::verify::{self, Outcome, Verification, Verified};
use anyhow::{Result, anyhow};
use std::time::Duration;

/// Verifies, and reports.
pub(in crate::cli) fn run(arguments: &Verify) -> Result<ExitStatus> {
    let formats = &arguments.formats;
    let reports = Reports::of(&formats.format, formats.output.as_deref(), arguments.host.color)?;
    reports.spare_inputs(arguments.judgement.policy.as_deref().into_iter())?;
    let day = options::day(&arguments.judgement)?;
    let policy = options::policy(&arguments.judgement)?;
    let names = arguments.name.iter().map(|name| Name::parse(name).map_err(|e| anyhow!("--name: {e}")));
    let names = names.collect::<Result<Vec<_>>>()?;
    let opened = options::open_running(&arguments.host)?;
    let machine = options::machine()?;
    let interrupt = Interrupt::once()?;
    let mut audit = engine::audit(opened.request(&policy, Some(day)));
    secrets::learn(audit.instances());
    reports.spare(&arguments.host.root, audit.sources.iter().map(|(_, file)| file.path()))?;
    let progress = output::Progress::new(usize::MAX);
    let verified = verify::verify(
        &Verification {
            audit: &audit,
            machine: &machine,
            policy: &policy,
            day,
            whole: opened.paths.is_empty() && !arguments.only_configured,
            remote: arguments.remote,
            names: &names,
            wait: Duration::from_secs(arguments.wait),
            show: &|path| opened.shown.show(path),
            stop: interrupt.flag(),
        },
        &|at, total, label| progress.at(at, total, label),
    );
    progress.clear();
    let verified = Shown::masked(verified);
    let problems = Shown::masked(audit.all_problems().cloned().collect::<Vec<Problem>>());
    // What is demanded stands in comments too, so that texts are masked only now.
    let sources = Shown::masked(std::mem::take(&mut audit.sources));
    let outcome = outcome(&verified, problems.len(), &arguments.judgement);
    let again = Shown::masked(again::options(&arguments.host, Some(&arguments.judgement)));
    let view = VerifyView {
        frame: Frame {
            texts: Texts { sources: &sources, paths: &opened.shown },
            policy: &policy.name,
            options: &again,
            fail_on: Severity::from(arguments.judgement.fail_on),
            outcome,
            host: None,
            rules: &rule_texts(Command::Verify),
        },
        verified: &verified,
        problems: &problems,
    };
    reports.write(|write, out| write(Report::Verify(&view), out))?;
    Ok(ExitStatus::unless(arguments.judgement.exit_zero, outcome))
}

fn outcome(verified: &Verified, problems: usize, judgement: &Judgement) -> Ended {
    let fail_on = Severity::from(judgement.fail_on);
    let has = |outcome: Outcome| verified.checked.iter().any(|one| one.outcome == outcome);
    let findings = verified.checked.iter().filter(|one| one.outcome != Outcome::Unreachable);
    let findings = findings.flat_map(|one| &one.observed).chain(&verified.dead).chain(&verified.unexplained);
    let open = has(Outcome::Inconclusive) || has(Outcome::Possible) || has(Outcome::Mixed);
    if findings.into_iter().any(|one| one.is_open() && one.severity >= fail_on) {
        Ended::Findings
    } else if has(Outcome::Unreachable) {
        Ended::Unreachable
    } else if open || verified.interrupted || problems > 0 || verified.left.iter().any(|left| !left.by_design) {
        Ended::Incomplete
    } else {
        Ended::Compliant
    }
}
