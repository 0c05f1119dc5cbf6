//! `tlsmend rollback`

use super::super::args::{Host, Rollback};
use super::super::exit::ExitStatus;
use super::super::message::Message;
use super::super::owed::Owed;
use super::super::record::Record;
use super::super::servers::{Servers, judged, named};
use super::super::state::Disks;
use super::super::transact::{self, End, Job, Say};
use super::super::{options, output};
use super::diff::described_file;
use crate::engine::{self, Request};
use crate::plan;
use crate::policy::Policy;
use crate::report::json::change::{self as json, File};
use crate::report::{Outcome, secrets};
use crate::transaction::{
    Change, Conflict, Intent, Journal, Past, Step, Store, Undo, can_finish, force, history, undo,
};
use anyhow::{Context, Result, anyhow, bail};
use std::path::{Path, PathBuf};

/// Takes a transaction back.
pub(in crate::cli) fn run(arguments: &Rollback) -> Result<ExitStatus> {
    let mut record = Record::new(arguments.telling.format);
    let disks = Disks::new(&arguments.root, &arguments.state)?;
    let store = disks.open(false)?;
    let store = store.ok_or_else(|| anyhow!("{} holds no history: there is nothing to take back", disks.shown()))?;
    let _lock = store.lock("tlsmend rollback")?;
    if let Some(id) = unfinished(arguments, &disks, &store, &record)? {
        record.done.changed = true;
        return ended(record, id, Vec::new(), Outcome::Compliant);
    }
    disks.recover(&store)?;
    let owed = Owed::find(Some(&store), &disks)?;
    owed.iter().for_each(Owed::remark);
    let journal = chosen(arguments, &disks, &store)?;
    let undo = undo(&disks.host, &store, &journal)?;
    if !undo.conflicts.is_empty() && !arguments.force {
        return Err(refusal(&undo.conflicts, &record)?);
    }
    if undo.changes.is_empty() {
        record.tell(format!("every file is as it was before {} already", journal.id));
        return ended(record, journal.id, Vec::new(), disks.at_best(Outcome::Compliant));
    }
    let file = |one: &Change| described_file(&one.path.display().to_string(), &one.old, &one.new);
    let files = record.files(|| undo.changes.iter().map(file).collect());
    record.patch(&patch(&undo)?, &files, !arguments.yes)?;
    let instances = named(&journal.instances);
    let mut opened = options::open(&host(arguments))?;
    if !instances.iter().all(|(_, main)| opened.is_usual(main)) {
        opened.no_exec = opened.no_exec.or(Some(options::NOT_USUAL));
    }
    // They are loaded as they are now, which may be broken.
    let policy = Policy::default_profile();
    let mains: Vec<PathBuf> = instances.iter().map(|(_, main)| main.clone()).collect();
    let loaded = engine::load(Request { paths: &mains, ..opened.request(&policy, None) });
    secrets::learn(loaded.resolved.iter().map(|one| one.instance()));
    let judged = judged(&opened, &loaded.resolved, &loaded.sources, &instances);
    let servers = Servers::new(&opened, &arguments.servers, &judged, true)?;
    if !arguments.yes && !agreed(&undo, &journal)? {
        record.tell("nothing was changed");
        return ended(record, journal.id, Vec::new(), Outcome::CouldNotRun);
    }
    let intent = Intent {
        id: store.new_id()?,
        command: "rollback",
        root: disks.root.clone(),
        undoes: Some(journal.id.clone()),
        reload: servers.reload,
        instances: journal.instances.clone(),
        changes: undo.changes,
    };
    let end = transact::run(Job {
        disk: &disks.host,
        store: &store,
        servers: &servers,
        intent,
        say: Say::Advise,
        // What is taken back may be just what no policy wants, and it is wanted whatever the servers make of it.
        watch: None,
        options: disks.options.clone(),
        record: &mut record,
    })?;
    if let Some(owed) = owed.filter(|_| servers.reload && end != End::ReloadFailed) {
        owed.reloaded(&journal.instances)?;
    }
    let outcome = match end {
        End::Tested => disks.at_best(Outcome::Compliant),
        // As after a fix: nobody knows whether the server takes it.
        End::Untested | End::CheckFailed => Outcome::Incomplete,
        End::ReloadFailed => Outcome::ReloadFailed,
        // Only who watches a reload sees these.
        End::Drifted(_) | End::VerifyFailed => Outcome::Incomplete,
    };
    ended(record, journal.id, files, outcome)
}

/// Writes the document, where one is wanted; the exit status.
fn ended(record: Record, undoes: String, files: Vec<File>, outcome: Outcome) -> Result<ExitStatus> {
    record.write(|done| json::Rollback { exit: outcome.into(), done, undoes, files })?;
    Ok(outcome.into())
}

/// The host, as the other commands take it.
fn host(arguments: &Rollback) -> Host {
    Host {
        paths: Vec::new(),
        root: arguments.root.clone(),
        map: Vec::new(),
        define: Vec::new(),
        env: Vec::new(),
        assume: Vec::new(),
        no_exec: arguments.no_exec,
        color: arguments.color,
        exclude: Vec::new(),
    }
}

fn is_named(id: &str, argument: &str) -> bool {
    id == argument || id.split_once('-').is_some_and(|(_, number)| number == argument)
}

/// Ends an unfinished transaction by force, where the arguments name one.
fn unfinished(arguments: &Rollback, disks: &Disks, store: &Store<'_>, record: &Record) -> Result<Option<String>> {
    let Some(id) = arguments.id.as_deref().filter(|_| arguments.force) else { return Ok(None) };
    let mut all = history(store)?.into_iter().map(|past| past.journal);
    let is_it = |journal: &Journal| is_named(&journal.id, id) && !journal.step.is_over() && journal.root == disks.root;
    let Some(journal) = all.find(is_it) else { return Ok(None) };
    // What can be finished is, and then taken back like any other.
    if can_finish(&disks.host, store, &journal)? {
        return Ok(None);
    }
    let (kept, id) = (store.path_of(&journal.id), journal.id.clone());
    force(&disks.host, store, journal)?;
    record.tell(format!("every file is as it was before; what was there instead is kept in {}", kept.display()));
    Ok(Some(id))
}

/// The transaction that the arguments mean.
fn chosen(arguments: &Rollback, disks: &Disks, store: &Store<'_>) -> Result<Journal> {
    let all = history(store)?;
    let is_done = |past: &&Past| {
        past.journal.step == Step::Committed && past.undone_by.is_none() && past.journal.root == disks.root
    };
    let Some(id) = arguments.id.as_deref() else {
        let latest = all.iter().rev().filter(is_done).find(|past| past.journal.undoes.is_none());
        let latest = latest.ok_or_else(|| anyhow!("{} holds no fix that is not taken back", disks.shown()))?;
        return Ok(latest.journal.clone());
    };
    if let Some(unread) = store.unread()?.into_iter().find(|unread| is_named(&unread.name, id)) {
        bail!("{}: it is not readable: {}", unread.name, unread.why);
    }
    let past = all.iter().find(|past| is_named(&past.journal.id, id));
    let past =
        past.ok_or_else(|| anyhow!("{id}: there is no such entry; `tlsmend history{}` lists them", disks.options))?;
    if past.journal.root != disks.root {
        let root = past.journal.root.as_deref().unwrap_or(Path::new("/"));
        bail!("{id}: it was done in another root: say --root {}", root.display());
    }
    match (&past.undone_by, past.journal.step) {
        (Some(by), _) => bail!("{id}: it was taken back already, by {by}"),
        (None, Step::Committed) => Ok(past.journal.clone()),
        _ => bail!("{id}: it was not done: every file is as it was before"),
    }
}

/// What changes.
fn patch(undo: &Undo) -> Result<Vec<u8>> {
    let mut patch = Vec::new();
    for change in undo.changes.iter().filter(|change| change.old != change.new) {
        let shown = change.path.strip_prefix("/").unwrap_or(&change.path);
        plan::unified(shown, &change.old, &change.new, &mut patch).context("the patch can't be written")?;
    }
    Ok(patch)
}

/// Why it is not done, with what changed since.
fn refusal(conflicts: &[Conflict], record: &Record) -> Result<anyhow::Error> {
    let mut patch = Vec::new();
    let mut lines = Vec::new();
    for conflict in conflicts {
        lines.push(format!("{}: {}", conflict.path.display(), conflict.why));
        if let Some((then, now)) = &conflict.contents {
            let shown = conflict.path.strip_prefix("/").unwrap_or(&conflict.path);
            plan::unified(shown, then, now, &mut patch).context("the difference can't be written")?;
        }
    }
    let differing = conflicts.iter().filter_map(|one| Some((one.path.display().to_string(), one.contents.as_ref()?)));
    let file = |(path, (then, now)): (String, &(Vec<u8>, Vec<u8>))| described_file(&path, then, now);
    record.patch(&patch, &record.files(|| differing.map(file).collect()), true)?;
    lines.push(
        "nothing was changed; --force puts the old versions back all the same, and keeps what is there now".to_owned(),
    );
    Ok(Message::of(lines).into())
}

fn agreed(undo: &Undo, journal: &Journal) -> Result<bool> {
    let files = if undo.changes.len() == 1 { "1 file".to_owned() } else { format!("{} files", undo.changes.len()) };
    output::ask(format!("{files} as before {}; apply?", journal.id))
}
