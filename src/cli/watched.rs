//! The handshakes around a reload, as the user sees them.

use super::interrupt::Interrupt;
use super::message::Message;
use super::output;
use super::record::Record;
use crate::finding::Severity;
use crate::verify::{Complaint, Reload, Watch};
use anyhow::{Result, bail};

/// What handshakes say after a reload.
pub(super) enum Seen {
    /// All is as promised, or nothing could be asked.
    Fine,
    /// Something is not clear.
    Open,
    /// Something is accepted that is not configured, and nothing is lost.
    Drift(Severity),
    /// A promise is broken; how, for people.
    Broken(Message),
    /// The user ended it before all was clear.
    Interrupted,
}

/// Asks before anything is changed.
pub(super) fn begin<'a>(reload: &'a Reload<'a>, interrupt: &Interrupt) -> Result<Watch<'a>> {
    let watch = Watch::begin(reload, interrupt.flag());
    if interrupt.came() {
        bail!("interrupted; nothing was changed");
    }
    Ok(watch)
}

/// Asks after the reload, and says what came of it.
pub(super) fn after(watch: &Watch<'_>, interrupt: &Interrupt, record: &mut Record) -> Seen {
    let outcome = watch.after_reload(interrupt.flag());
    if outcome.interrupted {
        return Seen::Interrupted;
    }
    let said = |complaints: &[Complaint]| complaints.iter().map(|one| one.lines().join("; ")).collect();
    let left = watch.left.iter().map(|left| left.lines().join("; ")).collect();
    record.verified(outcome.fine, [said(&outcome.open), said(&outcome.drift), left]);
    if !outcome.broken.is_empty() {
        let broken = "after the reload, handshakes do not get what the new files promise:";
        return Seen::Broken(about(broken, &outcome.broken));
    }
    match outcome.fine {
        0 => {}
        1 => record.tell("verified: handshakes with 1 endpoint get what the new files promise"),
        n => record.tell(format!("verified: handshakes with {n} endpoints get what the new files promise")),
    }
    for left in &watch.left {
        record.tell(Message::of(left.lines()).after("not verified: "));
    }
    outcome.known.iter().for_each(|one| output::remark(Message::of(one.lines())));
    if !outcome.open.is_empty() {
        output::remark(about("after the reload, this is not clear:", &outcome.open));
    }
    if !outcome.drift.is_empty() {
        output::remark(about("the new files stay, but the servers do something else:", &outcome.drift));
    }
    match outcome.worst {
        Some(severity) => Seen::Drift(severity),
        None if !outcome.open.is_empty() => Seen::Open,
        None => Seen::Fine,
    }
}

/// Asks once more after the old files were put back, and says whether all is as it was.
pub(super) fn back(watch: &Watch<'_>, record: &Record) {
    if watch.is_empty() {
        return;
    }
    let other = watch.not_as_before();
    match other.is_empty() {
        true => record.tell("verified: handshakes get what they got before"),
        false => output::remark(about("handshakes do not get what they got before:", &other)),
    }
}

/// Complaints, with what they are about.
fn about(what: &str, complaints: &[Complaint]) -> Message {
    Message::from(what).with(complaints.iter().map(|one| Message::of(one.lines())))
}
