//! `tlsmend history`

use super::super::args::{Format, History};
use super::super::exit::ExitStatus;
use super::super::output;
use super::super::record::document;
use super::super::state::Disks;
use crate::report::json::past::{self as json, Entry, EntryFile, Unreadable};
use crate::report::secrets::Shown;
use crate::report::{Outcome, sanitise};
use crate::transaction::{FileEntry, Past, ReloadRecord, Step, Unread, history};
use anyhow::Result;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;

/// Lists what was done.
pub(in crate::cli) fn run(arguments: &History) -> Result<ExitStatus> {
    let disks = Disks::new(&arguments.root, &arguments.state)?;
    let (all, unread) = match disks.open(false)? {
        Some(store) => (history(&store)?, store.unread()?),
        None => (Vec::new(), Vec::new()),
    };
    if arguments.telling.format == Format::Json {
        let unreadable =
            unread.iter().map(|one| Unreadable { name: one.name.clone(), why: Shown::masked(one.why.clone()) });
        document(&json::History {
            state_dir: disks.shown(),
            transactions: all.iter().map(entry).collect(),
            unreadable: unreadable.collect(),
        })?;
        return Ok(Outcome::Compliant.into());
    }
    if all.is_empty() && unread.is_empty() {
        output::tell(format!("nothing was done yet: {} holds no history", disks.shown()));
        return Ok(Outcome::Compliant.into());
    }
    output::write(super::super::args::Colour::Never, |out| {
        all.iter().try_for_each(|past| write(past, out))?;
        unread.iter().try_for_each(|unread| write_unread(unread, out))
    })?;
    Ok(Outcome::Compliant.into())
}

fn entry(past: &Past) -> Entry {
    let journal = &past.journal;
    let file = |file: &FileEntry| EntryFile {
        path: file.path.display().to_string(),
        before: file.old.clone(),
        after: file.new.clone(),
    };
    Entry {
        id: journal.id.clone(),
        command: journal.command.clone(),
        time: journal.time.clone(),
        root: journal.root.as_ref().map(|root| root.display().to_string()),
        undoes: journal.undoes.clone(),
        undone_by: past.undone_by.clone(),
        state: match (journal.step, &past.undone_by) {
            (Step::Committed, None) => "done",
            (Step::Committed, Some(_)) => "undone",
            (Step::RolledBack, _) => "not-done",
            _ => "interrupted",
        },
        why: journal.why.clone().map(Shown::masked),
        open_reload: match journal.reload {
            _ if !journal.owes_reload() => None,
            ReloadRecord::Wanted => Some("not-reloaded"),
            _ => Some("unknown"),
        },
        files: journal.files.iter().map(file).collect(),
    }
}

fn write_unread(unread: &Unread, out: &mut dyn Write) -> io::Result<()> {
    let line = |text: &str| sanitise::line(text.as_bytes());
    writeln!(out, "{}  not readable: {}; left alone", line(&unread.name), line(&unread.why))
}

fn write(past: &Past, out: &mut dyn Write) -> io::Result<()> {
    let journal = &past.journal;
    let what = match (&journal.undoes, &journal.root) {
        (Some(other), None) => format!("{} of {other}", journal.command),
        (None, Some(root)) => format!("{} in {}", journal.command, root.display()),
        (Some(other), Some(root)) => format!("{} of {other} in {}", journal.command, root.display()),
        (None, None) => journal.command.clone(),
    };
    let end = match (journal.step, &past.undone_by, &journal.why) {
        (Step::Committed, None, _) => "done".to_owned(),
        (Step::Committed, Some(by), _) => format!("done, and taken back by {by}"),
        (Step::RolledBack, _, Some(why)) => {
            format!("not done, every file is as it was before: {}", why.lines().next().unwrap_or_default())
        }
        (Step::RolledBack, _, None) => "not done, every file is as it was before".to_owned(),
        _ => "interrupted: the next fix or rollback ends it".to_owned(),
    };
    let servers = match journal.reload {
        _ if !journal.owes_reload() => "",
        ReloadRecord::Wanted => "; its servers were not reloaded",
        _ => "; whether its servers were reloaded is not known",
    };
    let line = |text: &str| sanitise::line(text.as_bytes());
    writeln!(out, "{}  {}: {}{servers}", line(&journal.id), line(&what), line(end.trim_end_matches(':')))?;
    for file in &journal.files {
        writeln!(out, "  {}{}", sanitise::line(file.path.as_os_str().as_bytes()), line(&file.how.remark()))?;
    }
    Ok(())
}
