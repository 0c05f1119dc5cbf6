//! Reloads that earlier runs left open: they were killed before or while the servers were reloaded, or a reload failed.
//!
//! The files are in place then, and whether the servers have them is not known. `fix --reload` reloads them and verifies
//! that as after a fix of its own; without it the run says so, and ends as incomplete. That stays so until a reload is
//! known to have happened.

use super::interrupt::Interrupt;
use super::message::{Message, of_error};
use super::options::Opened;
use super::output;
use super::record::Record;
use super::servers::{Servers, Touched, judged, named};
use super::state::Disks;
use super::transact::End;
use super::watched::{self, Seen};
use crate::engine::{self, Audit, Request};
use crate::host::quoted;
use crate::instance::{ServiceId, Standing};
use crate::policy::Policy;
use crate::report::secrets::{self, Shown};
use crate::system::Overlay;
use crate::transaction::{Instance, Journal, ReloadRecord, Store, note_reload, other_contents, owed};
use crate::verify::Reload;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// The reloads that are open, of one root.
pub(super) struct Owed<'s> {
    store: &'s Store<'s>,
    journals: Vec<Journal>,
}

/// What a reload that is open is done with.
pub(super) struct Means<'m> {
    pub disks: &'m Disks,
    pub opened: &'m Opened,
    pub request: Request<'m>,
    pub policy: &'m Policy,
    /// The host as it is.
    pub now: &'m Audit,
    pub arguments: &'m super::args::Servers,
    /// Do handshakes look at the result?
    pub is_watched: bool,
    /// Does nobody have to be asked?
    pub yes: bool,
}

impl Means<'_> {
    /// These instances, with what others could have made their servers do.
    fn judged(&self, instances: &[(ServiceId, PathBuf)]) -> Vec<Touched> {
        judged(self.opened, &self.now.resolved, &self.now.sources, instances)
    }
}

/// What came of it.
enum Attempt {
    /// The servers were reloaded; what speaks against the result.
    Done(Option<End>),
    /// They were not, or not to any effect; why, where that is not what was asked for.
    Left(Option<Message>),
}

impl<'s> Owed<'s> {
    /// Those that a state directory knows of.
    pub(super) fn find(store: Option<&'s Store<'s>>, disks: &Disks) -> Result<Option<Owed<'s>>> {
        let Some(store) = store else { return Ok(None) };
        let journals = owed(store, disks.root.as_deref())?;
        Ok((!journals.is_empty()).then_some(Owed { store, journals }))
    }

    /// Says that they are open.
    pub(super) fn remark(&self) {
        for journal in &self.journals {
            let what = match journal.reload {
                ReloadRecord::Wanted => "its servers were not reloaded",
                _ => "whether its servers were reloaded is not known",
            };
            output::remark(format!("{} {}: {what}", journal.command, journal.id));
        }
    }

    /// Reloads the servers, if that is wanted and can be done. `None`: they have the files as they are now, and nothing
    /// speaks against it.
    pub(super) fn settle(&self, means: &Means<'_>, record: &mut Record) -> Result<Option<End>> {
        self.remark();
        let instances = self.instances();
        match self.attempt(means, &instances, record)? {
            Attempt::Done(end) => Ok(end),
            Attempt::Left(why) => {
                say_what_is_left(means, &instances, why, record);
                Ok(Some(End::Untested))
            }
        }
    }

    fn attempt(&self, means: &Means<'_>, instances: &[(ServiceId, PathBuf)], record: &mut Record) -> Result<Attempt> {
        let left = |why: &str| Ok(Attempt::Left(Some(why.into())));
        let servers = match servers(means, instances) {
            Ok(servers) => servers,
            Err(why) => return Ok(Attempt::Left(Some(why))),
        };
        if !servers.reload {
            return Ok(Attempt::Left(None));
        }
        if !means.yes && !output::ask(format!("reload {}?", servers.reload_commands().join(", ")))? {
            return left("it was not wanted");
        }
        let failures = servers.check().failures();
        if !failures.is_empty() {
            output::remark(Message::from("the checker does not accept the configuration:").with(failures));
            return left("what the checker does not accept is not loaded");
        }
        self.reload(means, instances, &servers, record)
    }

    /// Remembers that the servers of these configurations were reloaded.
    pub(super) fn reloaded(&self, instances: &[Instance]) -> Result<()> {
        let covered = |journal: &&Journal| journal.instances.iter().all(|one| instances.contains(one));
        for journal in self.journals.iter().filter(covered) {
            note_reload(self.store, journal, ReloadRecord::Done)?;
        }
        Ok(())
    }

    fn reload(
        &self,
        means: &Means<'_>,
        instances: &[(ServiceId, PathBuf)],
        servers: &Servers,
        record: &mut Record,
    ) -> Result<Attempt> {
        let left = |why: &str| Ok(Attempt::Left(Some(why.into())));
        let interrupt = Interrupt::listen()?;
        let others = self.others();
        let overlay = Overlay::new(means.request.system, &others);
        let before = engine::audit(Request { system: &overlay, ..means.request });
        secrets::learn(before.instances());
        let machine = super::options::machine()?;
        let change = Reload {
            before: &before,
            after: means.now,
            touched: instances,
            machine: &machine,
            policy: means.policy,
            patience: Duration::from_secs(means.arguments.check_timeout),
            show: &|path| means.opened.shown.show(path),
        };
        let watch = means.is_watched.then(|| watched::begin(&change, &interrupt)).transpose()?;
        for journal in &self.journals {
            note_reload(self.store, journal, ReloadRecord::Begun)?;
        }
        if let Err(why) = servers.run_reloads(&mut |command| record.reloaded(&command)) {
            return Ok(Attempt::Left(Some(why.after("the reload failed: "))));
        }
        let end = match watch.map_or(Seen::Fine, |watch| watched::after(&watch, &interrupt, record)) {
            Seen::Fine => None,
            Seen::Open => Some(End::Untested),
            Seen::Drift(severity) => Some(End::Drifted(severity)),
            Seen::Broken(why) => {
                output::remark(why);
                return left("the servers do not give what their files promise");
            }
            Seen::Interrupted => return left("interrupted"),
        };
        for journal in &self.journals {
            note_reload(self.store, journal, ReloadRecord::Done)?;
        }
        Ok(Attempt::Done(end))
    }

    /// The configurations that they are about, each once.
    fn instances(&self) -> Vec<(ServiceId, PathBuf)> {
        let mut all: Vec<(ServiceId, PathBuf)> = self.journals.iter().flat_map(|one| named(&one.instances)).collect();
        all.sort();
        all.dedup();
        all
    }

    /// What the servers may still run with. What the first of several runs found is the last that they surely had.
    fn others(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut all = BTreeMap::new();
        for journal in self.journals.iter().rev() {
            // Without it less is known of what was lost, and nothing is claimed.
            all.extend(other_contents(self.store, journal).unwrap_or_default());
        }
        all
    }
}

/// Says what is left to do.
fn say_what_is_left(means: &Means<'_>, instances: &[(ServiceId, PathBuf)], why: Option<Message>, record: &mut Record) {
    if let Some(why) = why {
        output::remark(why.after("not reloaded: "));
    }
    let plain = super::args::Servers { reload: false, reload_with: Vec::new(), ..means.arguments.clone() };
    if let Ok(servers) = Servers::new(means.opened, &plain, &means.judged(instances), true) {
        let place = servers.place();
        for command in servers.reload_commands() {
            record.tell(format!("to reload{place}: {command}"));
        }
        record.done.to_reload = Shown::masked(servers.reload_lines());
    }
    record.tell(next_step(means, instances));
}

/// The command that ends it, with the options that it needs to work.
fn next_step(means: &Means<'_>, instances: &[(ServiceId, PathBuf)]) -> String {
    if means.disks.is_in_image() {
        return "the history lies in the image, so that no run here can remember a reload; --state-dir keeps the one of \
                later runs outside of it"
            .to_owned();
    }
    let given = &means.arguments.reload_with;
    let has_own =
        |service: &str| given.iter().any(|text| text.split_once('=').is_some_and(|(name, _)| name == service));
    let mut options = String::new();
    for text in given {
        options.extend([" --reload-with ", &quoted(text)]);
    }
    if !means.opened.own_root {
        // Nothing of an image is run but what the user names.
        let services: BTreeSet<&str> = instances.iter().map(|(service, _)| service.0).collect();
        let missing = services.into_iter().filter(|service| !has_own(service));
        options.extend(missing.map(|service| format!(" --reload-with {service}=COMMAND")));
    }
    let verifies = if means.opened.own_root { ", verifies" } else { "" };
    let done = &means.disks.options;
    format!("`tlsmend fix --reload{options}{done}` reloads{verifies}, and remembers that it was done")
}

/// The servers of these configurations; or why they can't be reloaded.
fn servers(means: &Means<'_>, instances: &[(ServiceId, PathBuf)]) -> Result<Servers, Message> {
    if means.arguments.reload && means.disks.is_in_image() {
        return Err("the history lies in the image itself, and its word is not enough to run anything".into());
    }
    if instances.is_empty() {
        return Err("the journal names no configuration that is known here".into());
    }
    let is_loaded = |(service, main): &&(ServiceId, PathBuf)| {
        let mut loaded = means.now.instances().filter(|one| one.standing == Standing::Loaded);
        loaded.any(|one| one.service == *service && one.main == *main)
    };
    if let Some((service, main)) = instances.iter().find(|one| !is_loaded(one)) {
        return Err(format!("{service}: {} is not among what is looked at now", main.display()).into());
    }
    Servers::new(means.opened, means.arguments, &means.judged(instances), false).map_err(|error| of_error(&error))
}
