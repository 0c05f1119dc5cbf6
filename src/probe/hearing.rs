//! What a server makes of some suites of an accepted version: the question, until its answer tells.

use super::classify::{Hit, Said};
use super::doubt;
use super::listing::Listing;
use super::order::Order;
use super::reason::Reason;

/// How often a group is offered to a server that hangs up by chance.
pub(super) const MOST_TRIES: u32 = 12;
/// How often it is offered again where the version itself is refused.
const REFUSALS: u32 = 4;
/// After silence a coin decides each time what is asked next: the same again, or what the server has. Whatever closes
/// connections without a look at them meets all throws right with a chance of 1 in 1,024. Answers from before prove
/// nothing: a limit of connections begins some time.
const THROWS: u32 = 10;

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

/// One question while it is asked.
struct Question<'q> {
    suites: &'q [u16],
    /// One that the server has, offered last where the server follows the client: if it chooses that, it has none of the
    /// others that it could use.
    last: Option<u16>,
    tries: u32,
    /// Alerts that refuse the version.
    refusals: u32,
    /// Connections of their own that met silence.
    silent: u32,
    /// Throws of the coin, each with the result that a refusal has.
    throws: u32,
    /// The last one was chosen.
    is_last: bool,
}

impl Listing<'_, '_> {
    /// Offers suites until the answer tells. `is_part`: of a group that the server hangs up on.
    pub(super) fn hear(&mut self, suites: &[u16], is_part: bool) -> Heard {
        let last = self.work.hits.first().map(|hit| hit.suite).filter(|_| self.work.order == Some(Order::Client));
        let last = last.filter(|id| !suites.contains(id));
        if !is_part {
            return self.ask(suites, last, false);
        }
        let offered: Vec<u16> = suites.iter().copied().chain(last).collect();
        match self.ask(&offered, None, true) {
            Heard::Chosen(hit) if Some(hit.suite) == last => Heard::Nothing,
            heard => heard,
        }
    }

    /// Offers just these until the answer tells.
    pub(super) fn ask(&mut self, suites: &[u16], last: Option<u16>, is_part: bool) -> Heard {
        let mut question = Question { suites, last, tries: 0, refusals: 0, silent: 0, throws: 0, is_last: false };
        loop {
            question.tries += 1;
            let was_alone = self.session.is_alone();
            let reason = match self.work.ask(self.session, suites, false) {
                Said::Chosen(hit) => {
                    self.note_answer(question.silent);
                    return Heard::Chosen(hit);
                }
                // The version is accepted: who refuses it is another server behind the same address.
                Said::No(_) if question.refusals < REFUSALS => {
                    question.refusals += 1;
                    self.note_answer(question.silent);
                    continue;
                }
                // SSLv2 is asked about in a hello of its own, and never here.
                said @ (Said::NoneOfThese(_) | Said::No(_) | Said::Lower(..) | Said::Ssl2(_)) => {
                    self.note_answer(question.silent);
                    // It has one of them, and chose another one that it can't use.
                    let has_one = self.work.hits.iter().any(|hit| suites.contains(&hit.suite));
                    let is_stuck = has_one && matches!(said, Said::NoneOfThese(_));
                    return if is_stuck { Heard::Stuck } else { Heard::Nothing };
                }
                Said::Odd(Reason::Alert(_) | Reason::Protocol) => return Heard::Stuck,
                Said::Odd(Reason::Timeout) if question.tries == 1 => continue,
                Said::Odd(reason) if reason.may_pass() => reason,
                Said::Odd(reason) => return Heard::Open(reason),
            };
            // Beside other questions it may have been the load.
            question.silent += u32::from(was_alone);
            question.throws += u32::from(question.silent > 1);
            self.session.ask_alone();
            if let Some(heard) = self.after_silence(&reason, &mut question, is_part) {
                return heard;
            }
        }
    }

    /// What silence means, if that is clear by now.
    fn after_silence(&mut self, reason: &Reason, question: &mut Question<'_>, is_part: bool) -> Option<Heard> {
        if self.session.is_unsteady() || !reason.is_silence() {
            self.session.pace.back_off();
            return (question.tries >= MOST_TRIES).then_some(Heard::Open(Reason::RateLimited));
        }
        if question.silent == 0 {
            return None;
        }
        if is_part {
            // There are many parts, and it is no news: one silence does, as long as no control meets silence, then or later.
            self.work.trusts_silence = true;
            if doubt::random().is_multiple_of(3)
                && let Some(heard) = self.control(question)
            {
                return Some(heard);
            }
            return (!self.session.is_unsteady()).then_some(Heard::Stuck);
        }
        while question.throws < THROWS && doubt::random().is_multiple_of(2) {
            if let Some(heard) = self.control(question) {
                return Some(heard);
            }
            if self.session.is_unsteady() {
                // Only now it is known that pauses may help.
                question.tries = 0;
                return None;
            }
            question.throws += 1;
        }
        let heard = if question.is_last { Heard::Nothing } else { Heard::Stuck };
        (question.throws >= THROWS).then_some(heard)
    }

    /// Offers what the server has, and should choose. An answer to the question may come of that, too.
    fn control(&mut self, question: &mut Question<'_>) -> Option<Heard> {
        if let Some(last) = question.last {
            let offered: Vec<u16> = question.suites.iter().copied().chain([last]).collect();
            match self.work.ask(self.session, &offered, false) {
                Said::Chosen(hit) if hit.suite == last => {
                    question.is_last = true;
                    return None;
                }
                Said::Chosen(hit) => return Some(Heard::Chosen(hit)),
                // It may have chosen one that it can't use.
                _ => question.last = None,
            }
        }
        match self.work.still_answers(self.session) {
            Err(reason) => return Some(Heard::Open(reason)),
            Ok(true) => {}
            Ok(false) => {
                self.session.note_unsteady();
                self.session.pace.back_off();
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
