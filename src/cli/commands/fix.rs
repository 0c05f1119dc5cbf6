//! `tlsmend fix`

use super::super::args::{Fix, Judgement};
use super::super::exit::ExitStatus;
use super::super::owed::{Means, Owed};
use super::super::record::Record;
use super::super::servers::{Servers, judged, to_journal};
use super::super::state::Disks;
use super::super::transact::{self, End, Job, Say};
use super::super::{options, output};
use super::diff;
use crate::engine::Request;
use crate::finding::Severity;
use crate::instance::{Instance, ServiceId, Standing};
use crate::plan::{self, Plan, Selection};
use crate::report::json::change as json;
use crate::report::{Outcome, secrets};
use crate::transaction::{Change, Intent, hidden_name};
use crate::verify::Reload;
use anyhow::{Result, anyhow, bail};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Plans, shows, asks, and applies.
pub(in crate::cli) fn run(arguments: &Fix) -> Result<ExitStatus> {
    let mut record = Record::new(arguments.telling.format);
    let day = options::day(&arguments.judgement)?;
    let policy = options::policy(&arguments.judgement)?;
    let disks = Disks::new(&arguments.host.root, &arguments.state)?;
    // An interrupted run is ended before anything is read. Where nothing ever ran, nothing is made for it.
    let existing = disks.open(false)?;
    let mut lock = existing.as_ref().map(|store| disks.begin(store, "tlsmend fix")).transpose()?;
    let owed = Owed::find(existing.as_ref(), &disks)?;
    let opened = options::open(&arguments.host)?;
    // What is typed wrong is said before anything long.
    Servers::new(&opened, &arguments.servers, &[], arguments.without_check)?;
    let selection = options::selection(&arguments.selection);
    let request = opened.request(&policy, (!arguments.selection.fix_waived).then_some(day));
    let plan = plan::plan_selected(request, &selection);
    secrets::learn(plan.before.instances().chain(plan.after.instances()));
    let is_asked = !arguments.yes && !plan.contents.is_empty();
    let files = if is_asked { record.files(|| diff::files(&opened, &plan)) } else { Vec::new() };
    record.patch(&diff::patch(&opened, &plan)?, &files, is_asked)?;
    if record.is_text() {
        diff::leftovers(&opened, &plan, &selection);
    }
    let diff::Remaining { outcome: remaining, is_steady } =
        diff::remaining(&opened, &plan, &selection, &arguments.judgement);
    let settle = |record: &mut Record| {
        let Some(owed) = &owed else { return Ok(None) };
        let means = Means {
            disks: &disks,
            opened: &opened,
            request,
            policy: &policy,
            now: &plan.before,
            arguments: &arguments.servers,
            is_watched: is_watched(arguments, record),
            yes: arguments.yes,
        };
        owed.settle(&means, record)
    };
    let ended = |record: Record, outcome: Outcome| {
        let exit = disks.at_best(outcome).into();
        record.write(|done| {
            let plan = diff::described(&opened, &policy, &plan, &selection, done.changed);
            json::Fix { exit, done, plan }
        })?;
        Ok(disks.status(arguments.judgement.exit_zero, outcome))
    };
    if plan.contents.is_empty() {
        if is_steady {
            record.tell(if plan.after.findings.is_empty() { "nothing to mend" } else { "nothing that can be mended" });
        }
        let open = settle(&mut record)?;
        return ended(record, with_owed(open, remaining, &arguments.judgement));
    }
    let instances = touched(&plan);
    let judged = judged(&opened, &plan.before.resolved, &plan.before.sources, &instances);
    let servers = Servers::new(&opened, &arguments.servers, &judged, arguments.without_check)?;
    if !arguments.yes && !agreed(&disks, &plan, &instances)? {
        record.tell("nothing was changed");
        return ended(record, Outcome::Findings);
    }
    unchanged(request, &selection, &plan, !arguments.yes)?;
    let made = if existing.is_none() { disks.open(true)? } else { None };
    let store = existing.as_ref().or(made.as_ref());
    let store = store.ok_or_else(|| anyhow!("the state directory {} can't be made", disks.shown()))?;
    if lock.is_none() {
        lock = Some(disks.begin(store, "tlsmend fix")?);
    }
    let open = settle(&mut record)?;
    let id = store.new_id()?;
    let intent = Intent {
        changes: changes(request, &plan, &id.0)?,
        id,
        command: "fix",
        root: disks.root.clone(),
        undoes: None,
        reload: servers.reload,
        instances: to_journal(&instances),
    };
    let say = if arguments.without_check { Say::NoWorse } else { Say::Accept };
    let machine = options::machine()?;
    let reload = Reload {
        before: &plan.before,
        after: &plan.after,
        touched: &instances,
        machine: &machine,
        policy: &policy,
        patience: Duration::from_secs(arguments.servers.check_timeout),
        show: &|path| opened.shown.show(path),
    };
    let end = transact::run(Job {
        disk: &disks.host,
        store,
        servers: &servers,
        intent,
        say,
        watch: is_watched(arguments, &record).then_some(&reload),
        options: disks.options.clone(),
        record: &mut record,
    })?;
    drop(lock);
    ended(record, with_owed(open, status(end, remaining, &arguments.judgement), &arguments.judgement))
}

/// The status where a reload of an earlier run was open: it makes a good one worse, and hides no other.
fn with_owed(open: Option<End>, otherwise: Outcome, judgement: &Judgement) -> Outcome {
    open.map_or(otherwise, |end| status(end, otherwise, judgement))
}

/// Are handshakes made before and after the reload? The servers of an image are not those of this machine.
fn is_watched(arguments: &Fix, record: &Record) -> bool {
    let asked = arguments.servers.reload && !arguments.without_verify;
    let own = arguments.host.root == Path::new("/");
    if asked && !own {
        record.tell("not verified: with --root it is not known which servers read these files");
    }
    asked && own
}

fn status(end: End, remaining: Outcome, judgement: &Judgement) -> Outcome {
    match end {
        End::CheckFailed => Outcome::CheckFailed,
        End::ReloadFailed => Outcome::ReloadFailed,
        End::VerifyFailed => Outcome::VerifyFailed,
        End::Drifted(severity) if severity >= Severity::from(judgement.fail_on) => Outcome::Findings,
        End::Drifted(_) | End::Untested if remaining == Outcome::Compliant => Outcome::Incomplete,
        End::Tested | End::Untested | End::Drifted(_) => remaining,
    }
}

/// The instances whose files change.
fn touched(plan: &Plan) -> Vec<(ServiceId, PathBuf)> {
    let changes = |instance: &&Instance| {
        let mut paths = instance.files.iter().map(|file| plan.before.sources.file(*file).path());
        instance.standing == Standing::Loaded && paths.any(|path| plan.contents.contains_key(path))
    };
    plan.before.instances().filter(changes).map(|one| (one.service, one.main.clone())).collect()
}

fn agreed(disks: &Disks, plan: &Plan, instances: &[(ServiceId, PathBuf)]) -> Result<bool> {
    let count = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
    let names: Vec<String> = instances.iter().map(|(service, main)| format!("{service}: {}", main.display())).collect();
    let question = format!(
        "{} of {} ({}); the old ones are kept in {}; apply?",
        count(plan.contents.len(), "file"),
        count(instances.len(), "instance"),
        names.join(", "),
        disks.shown()
    );
    output::ask(question)
}

/// Makes sure that the plan is still right. A file that it was made from must not have changed. Where a directory or link
/// did, or a person thought about it, there may be new files: the plan is made anew, and has to be the same.
fn unchanged(request: Request<'_>, selection: &Selection, plan: &Plan, asked: bool) -> Result<()> {
    if let Some((path, why)) = plan.changed_text(request.system) {
        bail!("{}: {why}; run this again; nothing was changed", path.display());
    }
    if (asked || plan.change(request.system).is_some())
        && plan::plan_selected(request, selection).contents != plan.contents
    {
        bail!("the configuration was changed since it was read; run this again; nothing was changed");
    }
    Ok(())
}

/// The files to change, each with the folder where the new one can wait.
fn changes(request: Request<'_>, plan: &Plan, id: &str) -> Result<Vec<Change>> {
    let staging = plan::staging(request, &plan.contents, &|number| hidden_name(id, number));
    let mut changes = Vec::new();
    let mut written = BTreeSet::new();
    for (path, new) in &plan.contents {
        // A file with several names is written once, by the first of them.
        if request.system.identity(path).is_ok_and(|identity| !written.insert(identity)) {
            continue;
        }
        let file = plan.before.sources.find(path).ok_or_else(|| anyhow!("{}: it was not read", path.display()))?;
        let folder = staging.get(path).cloned().flatten();
        changes.push(Change {
            path: path.clone(),
            old: plan.before.sources.file(file).bytes().to_vec(),
            new: new.clone(),
            meta: None,
            staging: folder.ok_or_else(|| "the server would read a second file in any folder near it".to_owned()),
        });
    }
    Ok(changes)
}
