//! One transaction as the user sees it: test, write, test again, reload, verify; or put everything back.

use super::interrupt::Interrupt;
use super::message::Message;
use super::output;
use super::record::Record;
use super::servers::{Checked, Servers};
use super::watched::{self, Seen};
use crate::finding::Severity;
use crate::report::Outcome;
use crate::report::secrets::Shown;
use crate::system::OsDisk;
use crate::transaction::{Failure, Intent, Store, Transaction};
use crate::verify::{Reload, Watch};
use anyhow::Result;

/// How much the checkers have a say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Say {
    /// They have to accept the configuration before and after.
    Accept,
    /// Nothing may fail that did not fail before.
    NoWorse,
    /// They are heard, but what is there is wanted all the same.
    Advise,
}

/// What is to be done.
pub(super) struct Job<'j> {
    /// The disk of the host.
    pub disk: &'j OsDisk,
    /// The state directory, locked.
    pub store: &'j Store<'j>,
    /// How servers are tested and reloaded.
    pub servers: &'j Servers,
    /// The files.
    pub intent: Intent,
    /// How much the checkers have a say.
    pub say: Say,
    /// What handshakes have to get after the reload; none: nobody asks.
    pub watch: Option<&'j Reload<'j>>,
    /// The options that a later run needs to find this one: ` --root /mnt`.
    pub options: String,
    /// What is told of it.
    pub record: &'j mut Record,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All files are changed, and all checkers accept them.
    Tested,
    /// All files are changed; something did not test them, or did not accept them before either, or handshakes after the
    /// reload were not clear.
    Untested,
    /// All files are changed, and a server that was reloaded still accepts what they no longer configure.
    Drifted(Severity),
    /// A checker did not accept the result. With [`Say::Advise`] the files stay changed, else all were put back.
    CheckFailed,
    /// A reload failed. With [`Say::Advise`] the files stay changed, else all were put back.
    ReloadFailed,
    /// Handshakes after the reload did not get what the new files promise, and all were put back.
    VerifyFailed,
}

/// Does it. An error means that nothing is changed, or says what is.
pub(super) fn run(job: Job<'_>) -> Result<End> {
    let interrupt = Interrupt::listen()?;
    let Job { servers, record, .. } = job;
    let before = servers.check();
    record.checked("before", &before);
    baseline(&before, job.say, record)?;
    let watch = job.watch.map(|reload| watched::begin(reload, &interrupt)).transpose()?;
    let mut transaction = Transaction::prepare(job.disk, job.store, job.intent)?;
    let id = transaction.journal().id.clone();
    record.tell(format!("backed up in {}", job.store.path_of(&id).display()));
    record.done.transaction = Some(id.clone());
    transaction.write(&|| interrupt.came())?;
    written(&transaction, record);
    let after = servers.check();
    record.checked("after", &after);
    if interrupt.came() {
        return Err(transaction.fail("interrupted".to_owned()).into());
    }
    let failed = match job.say {
        Say::Accept | Say::NoWorse => after.new_failures(&before),
        Say::Advise => after.failures(),
    };
    if !failed.is_empty() && job.say != Say::Advise {
        let why = Message::from("the checker does not accept the result:").with(failed);
        return put_back(&mut transaction, Outcome::CheckFailed, why, record).map(|()| End::CheckFailed);
    }
    transaction.checked()?;
    let tested = said(servers, &after, &failed, record);
    let mut end = if failed.is_empty() { tested } else { End::CheckFailed };
    if servers.reload {
        match make_effective(&mut transaction, servers, job.say, watch.as_ref(), &interrupt, record)? {
            Effect::AsMeant => {}
            Effect::Kept(worse) => end = worse,
            Effect::PutBack(end) => return Ok(end),
        }
    }
    commit(&mut transaction, &job.options, record);
    if !servers.reload {
        record.done.to_reload = Shown::masked(servers.reload_lines());
        for command in servers.reload_commands() {
            let place = servers.place();
            record.tell(format!("not reloaded; to make it effective{place} (no restart is needed): {command}"));
        }
        servers.withheld().for_each(|line| record.tell(line));
    }
    Ok(end)
}

/// What a reload came to.
enum Effect {
    /// Nothing speaks against it.
    AsMeant,
    /// The new files stay, and that is how it ends.
    Kept(End),
    /// The old files are back, and that is how it ends.
    PutBack(End),
}

/// Reloads the servers, and has handshakes look at the result.
fn make_effective(
    transaction: &mut Transaction<'_>,
    servers: &Servers,
    say: Say,
    watch: Option<&Watch<'_>>,
    interrupt: &Interrupt,
    record: &mut Record,
) -> Result<Effect> {
    transaction.reloading()?;
    if let Err(why) = servers.run_reloads(&mut |command| record.reloaded(&command)) {
        let why = why.after("the reload failed: ");
        if say == Say::Advise {
            output::remark(why);
            return Ok(Effect::Kept(End::ReloadFailed));
        }
        put_back(transaction, Outcome::ReloadFailed, why, record)?;
        reload_the_old(transaction, servers, watch, record);
        return Ok(Effect::PutBack(End::ReloadFailed));
    }
    let Some(watch) = watch else {
        note_reload(transaction);
        return Ok(Effect::AsMeant);
    };
    let seen = watched::after(watch, interrupt, record);
    if matches!(seen, Seen::Fine | Seen::Open | Seen::Drift(_)) {
        note_reload(transaction);
    }
    match seen {
        Seen::Fine => Ok(Effect::AsMeant),
        Seen::Open => Ok(Effect::Kept(End::Untested)),
        Seen::Drift(severity) => Ok(Effect::Kept(End::Drifted(severity))),
        Seen::Broken(why) => {
            put_back(transaction, Outcome::VerifyFailed, why, record)?;
            reload_the_old(transaction, servers, Some(watch), record);
            Ok(Effect::PutBack(End::VerifyFailed))
        }
        Seen::Interrupted => {
            let ended = transaction.fail("interrupted".to_owned());
            if let Failure::RolledBack(_) = ended {
                reload_the_old(transaction, servers, Some(watch), record);
            }
            Err(ended.into())
        }
    }
}

/// Writes down that the servers were reloaded: until then a later run has to assume that they were not.
fn note_reload(transaction: &mut Transaction<'_>) {
    if let Err(why) = transaction.reloaded() {
        output::remark(format!("the servers were reloaded, and that can't be written down: {why}"));
    }
}

/// Reloads once more after the old files were put back, and has handshakes look whether all is as it was.
fn reload_the_old(
    transaction: &mut Transaction<'_>,
    servers: &Servers,
    watch: Option<&Watch<'_>>,
    record: &mut Record,
) {
    match servers.run_reloads(&mut |command| record.reloaded(&command)) {
        Ok(()) => note_reload(transaction),
        Err(why) => output::remark(why.after("reloading once more, with the old files, failed too: ")),
    }
    if let Some(watch) = watch {
        watched::back(watch, record);
    }
}

/// What the checkers say of the configuration as it is.
fn baseline(before: &Checked, say: Say, record: &Record) -> Result<()> {
    for command in before.accepting() {
        record.tell(format!("tested before: `{command}` accepts the configuration as it is"));
    }
    let failures = before.failures();
    if failures.is_empty() {
        return Ok(());
    }
    let words = Message::from("the checker does not accept the configuration as it is:").with(failures);
    if say == Say::Accept {
        let advice = "nothing was changed; mend that first, or apply the fix all the same with --without-check";
        return Err(words.then(advice).into());
    }
    output::remark(words);
    Ok(())
}

fn written(transaction: &Transaction<'_>, record: &Record) {
    for file in &transaction.journal().files {
        record.tell(format!("written: {}{}", file.path.display(), file.how.remark()));
    }
}

/// Puts everything back, and says why.
fn put_back(transaction: &mut Transaction<'_>, outcome: Outcome, why: Message, record: &mut Record) -> Result<()> {
    match transaction.fail(why.to_string()) {
        Failure::RolledBack(_) => {
            record.rolled_back(outcome, &why);
            output::remark(why.then("every file was put back and is as it was"));
            Ok(())
        }
        Failure::Stuck { left, .. } => {
            Err(why.then("and not everything could be put back:").then(Message::of(left)).into())
        }
        refused @ (Failure::Refused(_) | Failure::Blocked { .. }) => Err(refused.into()),
    }
}

/// Says what the checkers say of the result.
fn said(servers: &Servers, after: &Checked, failed: &[Message], record: &mut Record) -> End {
    for command in after.accepting() {
        record.tell(format!("tested: `{command}` accepts the result"));
    }
    for words in failed {
        output::remark(words.clone().after("the checker does not accept the result: "));
    }
    let as_before = after.failures().len() - failed.len();
    if as_before > 0 {
        record.tell("not tested: the checker fails as it did before, and sees nothing behind that");
    }
    if let Some(why) = servers.untested() {
        record.tell(format!("not tested: {why}"));
        record.done.not_checked = Some(Shown::masked(why));
    }
    if as_before > 0 || servers.untested().is_some() { End::Untested } else { End::Tested }
}

fn commit(transaction: &mut Transaction<'_>, options: &str, record: &mut Record) {
    record.done.changed = true;
    match transaction.commit() {
        Ok(kept) => kept.iter().for_each(|edit| {
            output::remark(format!("an editor wrote into the old file at that very moment; its text is kept: {edit}"));
        }),
        Err(why) => {
            output::remark(format!("all is written and stays, but tidying up is left to the next run: {why}"));
        }
    }
    let id = &transaction.journal().id;
    record.tell(format!("done: {id}; `tlsmend rollback {id}{options}` takes it back"));
}
