//! Ending what an earlier run left unfinished: a power cut, a `kill -9`.
//!
//! The owner of one file can be in the way: by an edit, or by keeping the file from being opened. That run stays open then,
//! and no fix touches its files; all others go on.

use super::Failure;
use super::entries::{Unread, What};
use super::journal::{Journal, Step};
use super::reload::ReloadRecord;
use super::run::Transaction;
use super::store::Store;
use crate::system::WritableSystem;
use std::path::Path;

/// What became of a transaction that was left unfinished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The transaction.
    pub id: String,
    /// What was done about it: `undone: ...`, `finished: ...`.
    pub what: String,
}

/// A transaction that could not be ended yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StillOpen {
    /// The transaction.
    pub id: String,
    /// Why.
    pub why: Failure,
}

/// What became of all transactions that were left unfinished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Those that are over now.
    pub ended: Vec<Recovery>,
    /// Those that are not: a file is neither as before nor as planned, or can't be opened.
    pub open: Vec<StillOpen>,
}

/// Ends every unfinished transaction of this root: what was checked is finished, all else undone. The state directory has
/// to be locked.
///
/// `options` are those that a later run needs to find the same state directory: ` --root /mnt`.
pub fn recover(
    disk: &dyn WritableSystem,
    store: &Store<'_>,
    root: Option<&Path>,
    options: &str,
) -> Result<Recovered, Failure> {
    let mut recovered = Recovered::default();
    let (begun, open) = unfinished(store, root)?;
    for id in begun {
        store.discard(&id).map_err(|e| store.refused(&format!("transactions/{id}"), &e))?;
    }
    for journal in open {
        let id = journal.id.clone();
        match end(disk, store, journal, options) {
            Ok(what) => recovered.ended.push(Recovery { id, what }),
            Err(why) => recovered.open.push(StillOpen { id, why }),
        }
    }
    Ok(recovered)
}

/// Ends one; what was done about it.
fn end(disk: &dyn WritableSystem, store: &Store<'_>, journal: Journal, options: &str) -> Result<String, Failure> {
    let (id, step, files) = (journal.id.clone(), journal.step, journal.files.len());
    let mut transaction = Transaction::reopen(disk, store, journal).map_err(|why| lost(store, &id, why))?;
    match step {
        Step::Checked if transaction.is_in_place() => finish(&mut transaction),
        // It was accepted, so it is to be finished, as soon as it can be seen whether it is there.
        Step::Checked if !transaction.closed().is_empty() => Err(Failure::Refused(format!(
            "an interrupted run ({id}) can't be ended yet: {}; `tlsmend rollback {id}{options} --force` takes it back",
            transaction.closed().join("; ")
        ))),
        Step::Prepared => {
            transaction.abandon("interrupted").map_err(Failure::Refused)?;
            Ok("undone: it had not changed any file yet".to_owned())
        }
        _ => {
            let undone = undo(&mut transaction, &id, files, options)?;
            // Only these can come after a reload.
            Ok(match (step, transaction.journal.reload) {
                (Step::RollingBack | Step::Checked, ReloadRecord::Unwanted) => {
                    format!("{undone}; if the servers were reloaded, reload them")
                }
                (_, ReloadRecord::Begun) => format!("{undone}; whether its servers were reloaded is not known"),
                _ => undone,
            })
        }
    }
}

/// Can an unfinished transaction be finished by itself? Else it is undone, or somebody's edit is in the way.
pub fn can_finish(disk: &dyn WritableSystem, store: &Store<'_>, journal: &Journal) -> Result<bool, Failure> {
    let checked = journal.step == Step::Checked;
    Ok(checked && Transaction::reopen(disk, store, journal.clone())?.is_in_place())
}

/// What is left to do where an interrupted run can be neither undone nor finished.
fn lost(store: &Store<'_>, id: &str, failure: Failure) -> Failure {
    let Failure::Refused(why) = failure else { return failure };
    Failure::Refused(format!(
        "an interrupted run ({id}) can't be ended: {why}\n\
         help: look at its files, and at those named .tlsmend-{id}-* near them; then move {} away, and run this again",
        store.path_of(id).display()
    ))
}

/// The names of the transactions that changed nothing yet, and the journals of those that may have, oldest first. Refused
/// where something that can't be read may be one of these.
fn unfinished(store: &Store<'_>, root: Option<&Path>) -> Result<(Vec<String>, Vec<Journal>), Failure> {
    let (mut begun, mut open) = (Vec::new(), Vec::new());
    let mut unknown = None;
    for entry in store.entries()?.iter() {
        match &entry.what {
            What::Begun => begun.extend(entry.name.to_str().map(str::to_owned)),
            What::Unread(unread) if unread.may_be_open => unknown = Some(unread.clone()),
            What::Unread(_) => {}
            What::Journal(journal) if journal.root.as_deref() != root => {}
            What::Journal(journal) => {
                // Whoever began this one found all earlier ones of this root over, or ended them.
                unknown = None;
                if !journal.step.is_over() {
                    open.push(journal.clone());
                }
            }
        }
    }
    match unknown {
        None => Ok((begun, open)),
        Some(Unread { name, why, .. }) => Err(Failure::Blocked {
            why: format!(
                "{} can't be read ({why}), and may be of a run that was interrupted",
                store.path_of(&name).display()
            ),
            help: format!(
                "if no file named .tlsmend-{name}-* lies beside the configuration, move that folder away, and run this again"
            ),
        }),
    }
}

fn finish(transaction: &mut Transaction<'_>) -> Result<String, Failure> {
    let kept = transaction.commit().map_err(Failure::Refused)?;
    let servers = match transaction.journal.reload {
        ReloadRecord::Unwanted | ReloadRecord::Begun => {
            "whether the servers were reloaded is not known, and `tlsmend verify` tells what they do"
        }
        ReloadRecord::Wanted => "its servers were not reloaded yet",
        ReloadRecord::Done => "its servers were reloaded",
    };
    let done = format!("finished: all its files were written and checked; {servers}");
    Ok(match kept.is_empty() {
        true => done,
        false => format!("{done}; what an editor wrote into old files is kept: {}", kept.join("; ")),
    })
}

fn undo(transaction: &mut Transaction<'_>, id: &str, files: usize, options: &str) -> Result<String, Failure> {
    let foreign = transaction.foreign();
    if !foreign.is_empty() && !transaction.is_untouched() {
        return Err(Failure::Refused(format!(
            "an interrupted run ({id}) can't be undone by itself: {}; `tlsmend rollback {id}{options} --force` puts the old \
             version back and keeps what is there now beside the journal",
            foreign.join("; ")
        )));
    }
    if !foreign.is_empty() {
        transaction.abandon("interrupted").map_err(Failure::Refused)?;
        return Ok("undone: none of its changes was in place".to_owned());
    }
    let back = transaction.roll_back("interrupted", false);
    back.map_err(|left| Failure::Stuck {
        why: format!("an interrupted run ({id}) has to be undone (`tlsmend rollback {id}{options} --force` insists)"),
        left,
    })?;
    Ok(match files {
        1 => "undone: its file is as it was".to_owned(),
        n => format!("undone: its {n} files are as they were"),
    })
}
