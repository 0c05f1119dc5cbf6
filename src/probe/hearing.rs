//! What a server makes of some suites of an accepted version: the question, until its answer tells.

use super::classify::{Hit, Said};
use super::doubt;
use super::listing::Listing;
use super::order::Order;
use super::reason::Reason;

/// How often a group is offered to a server that hangs up by chance.
pub(super) const MOST_TRIES: u32 = 12;

/// What a server makes of some suites.
pub(super) enum Heard {
    /// It chooses one.
    Chosen(Hit),
    /// It chooses none of them.
    Nothing,
    /// It ends the handshake whenever they are offered: it has none of them, or chooses one that it can't use.
    Stuck,
    /// There was no answer that tells.
    Open(Reason),
}

impl Listing<'_, '_> {
    /// Offers suites until the answer tells. A server that follows the client is offered one that it has as the last one:
    /// if it chooses that, it has none of the others, and need not hang up to say so.
    /// `is_part`: of a group that the server hangs up on.
    pub(super) fn hear(&mut self, suites: &[u16], is_part: bool) -> Heard {
        let last = self.work.hits.first().map(|hit| hit.suite).filter(|_| self.work.order == Some(Order::Client));
        let last = last.filter(|id| !suites.contains(id));
        let offered: Vec<u16> = suites.iter().copied().chain(last).collect();
        match self.ask(&offered, is_part) {
            Heard::Chosen(hit) if Some(hit.suite) == last => Heard::Nothing,
            heard => heard,
        }
    }

    /// Offers just these until the answer tells.
    pub(super) fn ask(&self, suites: &[u16], is_part: bool) -> Heard {
        let (mut silent, mut tries) = (0, 0);
        loop {
            tries += 1;
            let was_alone = self.session.is_alone();
            let reason = match self.work.ask(self.session, suites, false) {
                Said::Chosen(hit) => {
                    self.note_answer(silent);
                    return Heard::Chosen(hit);
                }
                // SSLv2 is asked about in a hello of its own, and never here.
                Said::NoneOfThese(_) | Said::No(_) | Said::Ssl2(_) => {
                    self.note_answer(silent);
                    return Heard::Nothing;
                }
                Said::Odd(Reason::Alert(_) | Reason::Protocol) => return Heard::Stuck,
                Said::Odd(Reason::Timeout) if tries == 1 => continue,
                Said::Odd(reason) if reason.may_pass() => reason,
                Said::Odd(reason) => return Heard::Open(reason),
            };
            // Beside other questions it may have been the load.
            silent += u32::from(was_alone);
            self.session.ask_alone();
            if let Some(heard) = self.after_silence(&reason, silent, tries, is_part) {
                return heard;
            }
        }
    }

    /// What silence means, if that is clear by now.
    fn after_silence(&self, reason: &Reason, silent: u32, tries: u32, is_part: bool) -> Option<Heard> {
        if self.session.is_unsteady() || !reason.is_silence() {
            self.session.pace.back_off();
            return (tries >= MOST_TRIES).then_some(Heard::Open(Reason::RateLimited));
        }
        let is_no = if is_part { doubt::is_no_to_part } else { doubt::is_no_to_suites };
        if silent > 0 && is_no(silent, self.session.answered()) {
            return Some(Heard::Stuck);
        }
        // In a random order, as in `quiet`.
        if doubt::random().is_multiple_of(2) {
            match self.work.still_answers(self.session) {
                Err(reason) => return Some(Heard::Open(reason)),
                Ok(true) => {}
                Ok(false) => {
                    self.session.note_unsteady();
                    self.session.pace.back_off();
                }
            }
        }
        None
    }

    /// The server answers what it hung up on before, though nothing else was asked.
    fn note_answer(&self, silent: u32) {
        if silent > 0 {
            self.session.note_unsteady();
        }
    }
}
