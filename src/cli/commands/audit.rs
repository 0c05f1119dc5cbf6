//! `tlsmend audit`

use super::super::args::{Host, Judgement, Known, Reporting};
use super::super::exit::ExitStatus;
use super::super::reports::Reports;
use super::super::{again, options, output};
use super::{facts, outcome, rule_texts};
use crate::baseline;
use crate::catalog::Command;
use crate::engine::{Audit, Request};
use crate::finding::Severity;
use crate::host::{self, Fate, Managed, Sockets};
use crate::instance::{Instance, Standing, Uncovered};
use crate::plan;
use crate::policy::Policy;
use crate::report::html::{self, Changed, Extra};
use crate::report::json::change::sha256;
use crate::report::secrets::{self, Shown};
use crate::report::{AuditView, Coverage, Frame, ManagedFile, Report, Texts};
use crate::services::{self, doubts};
use crate::system::{System, reason, write_report};
use anyhow::{Result, anyhow};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Audits a host and reports.
pub(in crate::cli) fn run(
    host: &Host,
    judgement: &Judgement,
    known: &Known,
    reporting: &Reporting,
) -> Result<ExitStatus> {
    let reports = Reports::of(&reporting.formats.format, reporting.formats.output.as_deref(), host.color)?;
    let reports = reports.and(known.write_baseline.as_deref())?;
    // A baseline may be replaced by the new one.
    let old = known.baseline.as_deref().filter(|path| known.write_baseline.as_deref() != Some(path));
    reports.spare_inputs(judgement.policy.as_deref().into_iter().chain(old))?;
    let day = options::day(judgement)?;
    let policy = options::policy(judgement)?;
    let opened = options::open(host)?;
    let uncovered = uncovered(&opened);
    let request = Request { uncovered: &uncovered, ..opened.request(&policy, Some(day)) };
    let baseline = options::baseline(known)?;
    let wants_page = reports.has(html::NAME);
    let (mut audit, patch) = look(request, wants_page);
    audit.remarks.iter().for_each(output::remark);
    reports.spare(&host.root, audit.sources.iter().map(|(_, file)| file.path()))?;
    // Only a baseline wants to know.
    let reached = if known.baseline.is_some() || known.write_baseline.is_some() { audit.reached() } else { Vec::new() };
    let gone = baseline.apply(&mut audit.findings, &reached);
    let outcome = outcome(&audit, judgement);
    let name = options::host_name(&opened, reporting.host.as_deref());
    let reload = reload(&opened, &audit);
    let managed = managed(&audit);
    let files = coverage(&opened.system, &audit);
    // From here on nothing is shown that did not go through this door.
    let show = reporting.show_secrets;
    let instances = Shown::of(audit.instances().cloned().collect::<Vec<Instance>>(), show);
    let findings = Shown::of(std::mem::take(&mut audit.findings), show);
    let problems = Shown::of(std::mem::take(&mut audit.problems), show);
    let sources = Shown::of(std::mem::take(&mut audit.sources), show);
    let (managed, uncovered) = (Shown::of(managed, show), Shown::of(uncovered, show));
    let again = Shown::of(again::options(host, Some(judgement)), show);
    let (reload, patch) = (Shown::of(reload, show), Shown::of(patch, show));
    let rules = rule_texts(Command::Audit);
    let policy_sha256 = policy.text.as_ref().map(|text| sha256(text.as_bytes()));
    let facts = wants_page.then(|| Shown::masked(facts::view(&opened, &audit.resolved, &[])));
    let demands = if wants_page { demands(&policy, Severity::from(judgement.fail_on)) } else { Vec::new() };
    let demands = Shown::masked(demands);
    let view = AuditView {
        frame: Frame {
            texts: Texts { sources: &sources, paths: &opened.shown },
            policy: &policy.name,
            options: &again,
            fail_on: Severity::from(judgement.fail_on),
            outcome,
            host: name.as_deref(),
            rules: &rules,
        },
        policy_sha256: policy_sha256.as_deref(),
        instances: &instances,
        verdicts: &audit.verdicts,
        findings: &findings,
        problems: &problems,
        files,
        managed: &managed,
        uncovered: &uncovered,
        reload: &reload,
        extra: Extra { patch: &patch, facts: facts.as_ref(), demands: &demands, masked: !reporting.show_secrets },
        include_waived: reporting.include_waived,
        width: reports.width(),
    };
    reports.write(|write, out| write(Report::Audit(&view), out))?;
    if let Some(path) = &known.write_baseline {
        let shown = |path: &Path| opened.shown.lossy(path);
        let bytes = baseline::write(&findings, &reached, &sources, shown).map_err(|why| anyhow!(why))?;
        write_report(path, &bytes).map_err(|e| anyhow!("{}: can't be written: {}", path.display(), reason(&e)))?;
    }
    match gone {
        0 => {}
        1 => output::remark("1 finding of the baseline is gone; --write-baseline makes a new one"),
        gone => output::remark(format!("{gone} findings of the baseline are gone; --write-baseline makes a new one")),
    }
    // The process ends now: to take a hundred thousand answers apart first would be for nothing.
    std::mem::forget((audit, instances, findings, sources));
    Ok(ExitStatus::unless(judgement.exit_zero, outcome))
}

/// What a whole host has besides; on the machine itself also what listens.
fn uncovered(opened: &options::Opened) -> Vec<Uncovered> {
    if !opened.paths.is_empty() {
        return Vec::new();
    }
    let sockets = opened.processes.then(|| Sockets::read(&opened.system, &services::products(), SystemTime::now()));
    host::uncovered(&opened.system, sockets.as_ref())
}

/// What is demanded, in words.
fn demands(policy: &Policy, fail_on: Severity) -> Vec<(String, String)> {
    let base = &policy.base;
    let about = &policy.about;
    let mut rows = vec![("Policy", policy.name.clone())];
    rows.extend(about.title.iter().map(|title| ("Title", title.clone())));
    let document: Vec<&str> =
        [&about.source, &about.version, &about.date].into_iter().flatten().map(String::as_str).collect();
    if !document.is_empty() {
        rows.push(("Follows", document.join(", ")));
    }
    rows.push(("Forbids", format!("{} ({})", base.forbid.listed(), base.forbidden_by)));
    rows.push(("Requires", format!("{} ({})", base.require.listed(), base.required_by)));
    if !base.recommend.is_empty() {
        rows.push(("Recommends", format!("{} ({})", base.recommend.listed(), base.recommended_by)));
    }
    rows.push(("Overrides and waivers", format!("{} and {}", policy.override_count(), policy.waivers.len())));
    rows.push(("Fails on", format!("{fail_on} and worse")));
    rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The audit with the fixes that a patch makes, and for a page the files that it changes.
fn look(request: Request<'_>, wants_page: bool) -> (Audit, Vec<Changed>) {
    let mut plan = match plan::look(request) {
        plan::Outlook::Nothing(audit) => {
            secrets::learn(audit.instances());
            return (*audit, Vec::new());
        }
        plan::Outlook::Plan(plan) => *plan,
    };
    secrets::learn(plan.before.instances().chain(plan.after.instances()));
    if let Some(why) = &plan.unsteady {
        output::remark(why);
    }
    plan.show_real_fixes();
    if !wants_page {
        return (plan.before, Vec::new());
    }
    let changed = plan.contents.into_iter().filter_map(|(path, new)| {
        let file = plan.before.sources.find(&path)?;
        let old = plan.before.sources.file(file).bytes().to_vec();
        Some(Changed { path, old, new })
    });
    let changed = changed.collect();
    (plan.before, changed)
}

/// Files that belong to an instance or hold TLS directives, and those that are there and could not be read.
fn coverage(system: &dyn System, audit: &Audit) -> Coverage {
    let files: BTreeSet<_> = audit.instances().flat_map(|i| &i.files).collect();
    let read: BTreeSet<&Path> = files.iter().map(|file| audit.sources.file(**file).path()).collect();
    let is_there = |path: &Path| !system.kind(path).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    let unread = audit.all_problems().filter_map(|problem| problem.path.as_deref());
    let unread: BTreeSet<&Path> = unread.filter(|path| !read.contains(path) && is_there(path)).collect();
    Coverage {
        read: files.len(),
        found: files.len() + unread.len(),
        passed_over: audit.passed_over,
        excluded: audit.excluded.len(),
    }
}

/// Whose the files with findings are.
fn managed(audit: &Audit) -> Vec<ManagedFile> {
    let one = |(path, managed): (&PathBuf, &Managed)| ManagedFile {
        path: path.clone(),
        generated: managed.fate == Fate::Generated,
        by: managed.by.clone(),
        advice: managed.advice.clone(),
    };
    audit.managed.iter().map(one).collect()
}

/// How to make a change effective, for each service that has something to fix. Nothing where others could make that
/// command do something else: it is for root to paste.
fn reload(opened: &options::Opened, audit: &Audit) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    if !opened.look {
        return commands;
    }
    let mended: BTreeSet<usize> =
        audit.findings.iter().filter(|finding| finding.is_in_patch()).filter_map(|finding| finding.instance).collect();
    for (index, instance) in audit.instances().enumerate() {
        if instance.standing == Standing::Loaded && mended.contains(&index) {
            let (system, facts) = (&opened.system, &opened.facts);
            let Some(service) = services::of(instance.service) else { continue };
            let reload = host::reload(system, facts, service, &instance.main);
            let by_program = || !reload.by_manager && !doubts::about_pid_file(system, facts, instance).is_empty();
            if !doubts::about_checker(system, facts, instance, &audit.sources).is_empty() || by_program() {
                continue;
            }
            let line = (instance.service.0.to_owned(), reload.command);
            if !commands.contains(&line) {
                commands.push(line);
            }
        }
    }
    commands
}
