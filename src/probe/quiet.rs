//! Asking again, alone and with pauses, about versions on which the server hung up.
//!
//! Four connections at a time are more than some servers allow one client, and then the load is our own. So the same is
//! asked once more with one connection at a time. What is answered then is known. What is not may be refused, or the
//! server may hang up on whatever comes: [`super::doubt`] tells the two apart, with hellos that were accepted before as
//! the control. A server that hangs up on those too refuses nothing by its silence; it is asked until it answers, with
//! longer and longer pauses, as far as connections and time go.

use super::classify::Said;
use super::doubt;
use super::reason::{BARRED, Reason};
use super::session::Session;
use super::work::Work;
use crate::tls::Version;

/// What is asked first while nothing is accepted yet, and serves as the control then.
const LIKELY: [Version; 3] = [Version::Tls1_2, Version::Tls1_3, Version::Tls1];
/// How often these are asked before there is a control; the pause doubles this often in between.
const FIRST_TRIES: u32 = 3;
const FIRST_DOUBLINGS: u32 = 2;
/// How often a control may meet silence before it answers alone: the load of the questions before may last a while.
const WARM_UP: u32 = 8;
/// In one round: hellos of each version that is in doubt, and controls for all of them.
const OF_EACH: usize = 2;
const CONTROLS: usize = 3;
/// How often a version is asked about in rounds at most, and how often where the answer breaks off in the middle.
const MOST_IN_ROUNDS: u32 = 30;
const FEW_TRIES: u32 = 3;
/// How often a version is asked of a server that hangs up by chance. One of 60 % answers all but 1 in 450 by then.
const MOST_TRIES: u32 = 12;

/// What comes next, or an `Err`: nothing more is asked.
type Asked = Result<(), Reason>;

/// Clears up the versions that are in doubt, as far as limits allow. `more` asks what an answer leaves open: it may be
/// about some suites only.
pub(super) fn clear_up(session: &Session<'_>, works: &mut [Work], more: &dyn Fn(&Session<'_>, &mut Work)) {
    if !works.iter().any(Work::is_in_doubt) {
        return;
    }
    session.ask_alone();
    let mut doubts = Doubts { session, works, more };
    let _ended = doubts.clear_up();
}

struct Doubts<'d, 's> {
    session: &'d Session<'s>,
    works: &'d mut [Work],
    more: &'d dyn Fn(&Session<'_>, &mut Work),
}

impl Doubts<'_, '_> {
    fn clear_up(&mut self) -> Asked {
        self.find_control()?;
        let Some(control) = self.control() else { return Ok(()) };
        if control.only_small {
            self.all_small()?;
        }
        self.warm_up(&control)?;
        while !self.session.is_unsteady() && !self.open().is_empty() {
            self.round(&control)?;
        }
        self.after_rests(&control)?;
        self.until_answered()
    }

    /// The versions that are in doubt and worth another question, by their places.
    fn open(&self) -> Vec<usize> {
        (0..self.works.len()).filter(|at| self.is_open(*at)).collect()
    }

    fn is_open(&self, at: usize) -> bool {
        let work = &self.works[at];
        // Half an answer is no refusal, however often it comes.
        let most = if work.is_silent() { MOST_IN_ROUNDS } else { FEW_TRIES };
        work.is_in_doubt() && work.tries < most && (!work.seems_no || self.session.is_unsteady())
    }

    /// A version of TLS that is accepted, to be asked for again.
    fn control(&self) -> Option<Work> {
        self.works.iter().find(|work| !work.hits.is_empty()).cloned()
    }

    /// While nothing is accepted: the likely versions again.
    fn find_control(&mut self) -> Asked {
        for _ in 0..FIRST_TRIES {
            // A greeting in plain text will not become TLS.
            let is_plain = |work: &Work| matches!(work.odd(), Some(Reason::NotTls(_)));
            if self.control().is_some() || self.works.iter().any(is_plain) {
                return Ok(());
            }
            for _ in 0..FIRST_DOUBLINGS {
                self.session.pace.lengthen_pause();
            }
            for at in self.open() {
                if LIKELY.contains(&self.works[at].version) {
                    self.ask(at)?;
                    self.ask_small(at)?;
                }
            }
        }
        Ok(())
    }

    /// Is it the size of the hello? What is said to a few suites takes nothing from the silence about all.
    fn ask_small(&mut self, at: usize) -> Asked {
        let work = &mut self.works[at];
        if !work.is_in_doubt() || !work.is_silent() || work.version < Version::Tls1 {
            return Ok(());
        }
        let (before, silent) = (work.last.clone(), work.silent);
        work.retry(self.session, true)?;
        work.only_small = work.is_accepted();
        if !work.is_accepted() {
            (work.last, work.silent) = (before, silent);
        }
        Ok(())
    }

    /// The server understands small hellos alone.
    fn all_small(&mut self) -> Asked {
        for at in self.open() {
            self.ask_small(at)?;
        }
        Ok(())
    }

    /// Waits until the control is answered, so that what comes then meets no leftovers of our own load.
    fn warm_up(&self, control: &Work) -> Asked {
        for _ in 0..WARM_UP {
            if control.still_answers(self.session)? {
                return Ok(());
            }
            self.session.pace.lengthen_pause();
        }
        self.session.note_unsteady();
        Ok(())
    }

    /// Versions in doubt and controls in a random order.
    fn round(&mut self, control: &Work) -> Asked {
        let versions = self.open().into_iter().flat_map(|at| [Some(at); OF_EACH]);
        let mut asked: Vec<Option<usize>> = versions.chain([None; CONTROLS]).collect();
        asked.sort_by_cached_key(|_| doubt::random());
        for one in asked {
            if self.open().is_empty() {
                return Ok(());
            }
            match one {
                Some(at) if self.is_open(at) => {
                    self.ask(at)?;
                    self.conclude(at)?;
                }
                Some(_) => {}
                None if control.still_answers(self.session)? => {}
                None => {
                    self.session.note_unsteady();
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Asks once more about a version, and what its answer leaves open.
    fn ask(&mut self, at: usize) -> Asked {
        let work = &mut self.works[at];
        let before = work.silent;
        work.retry(self.session, false)?;
        if !work.is_in_doubt() {
            // It hung up on that before, though nothing else was asked. (The first time does not count: there was.)
            if before > 1 {
                self.session.note_unsteady();
            }
            (self.more)(self.session, work);
        } else if self.session.is_unsteady() {
            self.session.pace.back_off();
        }
        Ok(())
    }

    /// Is the silence about a version a "no" by now? Then only a small hello may still get another answer.
    fn conclude(&mut self, at: usize) -> Asked {
        let work = &mut self.works[at];
        if !work.is_in_doubt()
            || self.session.is_unsteady()
            || !doubt::is_no(work.version, work.silent, self.session.answered_alone())
        {
            return Ok(());
        }
        if work.version > Version::Ssl3 && !work.seems_no {
            work.seems_no = true;
            return Ok(());
        }
        let (before, silent) = (work.last.clone(), work.silent);
        if work.version > Version::Ssl3 {
            work.retry(self.session, true)?;
        }
        // An alert to a few suites takes nothing from the silence about all, but for that of a version that is barred.
        let adds_nothing = match &work.last {
            Some(Said::NoneOfThese(_)) => true,
            Some(Said::Odd(Reason::Alert(alert))) => *alert != BARRED,
            _ => work.is_in_doubt(),
        };
        if adds_nothing {
            (work.last, work.silent, work.silence_is_no) = (before, silent, true);
        } else {
            work.only_small = work.is_accepted();
        }
        Ok(())
    }

    /// A balancer may limit some versions alone, so that others say nothing about it. Our own questions reach such a limit
    /// and keep it up: what seems to be refused is left alone for some seconds, and then asked about once more.
    fn after_rests(&mut self, control: &Work) -> Asked {
        for rest in self.session.rests() {
            let mut waiting = self.waiting();
            if waiting.is_empty() || self.session.is_unsteady() {
                return Ok(());
            }
            self.session.sleep(rest)?;
            // None of them is always the one that the limit lets pass.
            waiting.sort_by_cached_key(|_| doubt::random());
            for at in waiting {
                self.ask(at)?;
            }
            if !control.still_answers(self.session)? {
                self.session.note_unsteady();
            }
        }
        for at in self.waiting() {
            self.conclude(at)?;
        }
        Ok(())
    }

    /// The versions about which silence seems to be a "no".
    fn waiting(&self) -> Vec<usize> {
        (0..self.works.len()).filter(|at| self.works[*at].seems_no && self.works[*at].is_in_doubt()).collect()
    }

    /// A server that hangs up by chance, or by a limit that nobody knows: asks until it answers.
    fn until_answered(&mut self) -> Asked {
        for _ in 0..MOST_TRIES {
            for at in self.open() {
                self.ask(at)?;
            }
        }
        // A limit that counts what it refuses passes only who waits.
        for rest in self.session.rests() {
            for at in self.open() {
                self.session.sleep(rest)?;
                self.ask(at)?;
            }
        }
        Ok(())
    }
}
