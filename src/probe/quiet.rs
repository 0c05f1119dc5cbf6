//! Asking again, alone and with pauses, about versions on which the server hung up.
//!
//! Four connections at a time are more than some servers allow one client, and then the load is our own. So the same is
//! asked once more with one connection at a time. What is answered then is known. What is not may be refused, or the
//! server may hang up on whatever comes: [`super::doubt`] tells the two apart, with hellos that were accepted before as
//! the control. A server that hangs up on those too refuses nothing by its silence; it is asked until it answers, with
//! longer and longer pauses, as far as connections and time go.

use super::classify::Said;
use super::doubt;
use super::portions;
use super::reason::{BARRED, Reason};
use super::session::Session;
use super::work::Work;
use crate::tls::Version;
use std::cmp::Reverse;

/// What is asked first while nothing is accepted yet, and serves as the control then.
const LIKELY: [Version; 3] = [Version::Tls1_2, Version::Tls1_3, Version::Tls1];
/// How often these are asked before there is a control; the pause doubles this often in between.
const FIRST_TRIES: u32 = 3;
const FIRST_DOUBLINGS: u32 = 2;
/// How often a control may meet silence before it answers alone: the load of the questions before may last a while.
const WARM_UP: u32 = 8;
/// In one round: hellos of the versions that are in doubt, and controls.
const IN_DOUBT: usize = 8;
const CONTROLS: usize = 3;
/// How often a version is asked about in rounds at most, and how often where the answer breaks off in the middle.
const MOST_IN_ROUNDS: u32 = 50;
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

/// One hello of a round.
enum One<'c> {
    InDoubt(usize),
    Control(&'c Work),
}

struct Doubts<'d, 's> {
    session: &'d Session<'s>,
    works: &'d mut [Work],
    more: &'d dyn Fn(&Session<'_>, &mut Work),
}

impl Doubts<'_, '_> {
    fn clear_up(&mut self) -> Asked {
        self.find_control()?;
        let controls = self.controls();
        let Some(first) = controls.first() else { return Ok(()) };
        if first.only_small {
            self.all_small()?;
        }
        self.warm_up(first)?;
        while !self.session.is_unsteady() && !self.open().is_empty() {
            self.round(&controls)?;
        }
        self.after_rest(&controls)?;
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

    /// The versions of TLS that are accepted, to be asked for again.
    fn controls(&self) -> Vec<Work> {
        self.works.iter().filter(|work| !work.hits.is_empty()).cloned().collect()
    }

    /// While nothing is accepted: the likely versions again.
    fn find_control(&mut self) -> Asked {
        for _ in 0..FIRST_TRIES {
            // A greeting in plain text will not become TLS.
            let is_plain = |work: &Work| matches!(work.odd(), Some(Reason::NotTls(_)));
            if !self.controls().is_empty() || self.works.iter().any(is_plain) {
                return Ok(());
            }
            for _ in 0..FIRST_DOUBLINGS {
                self.session.pace.lengthen_pause();
            }
            for at in self.open() {
                if LIKELY.contains(&self.works[at].version) {
                    self.ask(at)?;
                    self.ask_small(at, portions::few(self.works[at].version))?;
                }
            }
        }
        Ok(())
    }

    /// Is it the size of the hello? What is said to a few suites takes nothing from the silence about all, unless it is
    /// about the version.
    fn ask_small(&mut self, at: usize, few: &[u16]) -> Asked {
        let work = &mut self.works[at];
        if !work.is_in_doubt() || !work.is_silent() || work.version < Version::Tls1 {
            return Ok(());
        }
        let (before, silent) = (work.last.clone(), work.silent);
        work.retry(self.session, Some(few))?;
        work.only_small = work.is_accepted();
        // An older version may have been chosen for want of these suites; TLS 1.3 offers all that it has.
        let is_refused = match work.last {
            Some(Said::No(_)) => true,
            Some(Said::Lower(..)) => work.version == Version::Tls1_3,
            _ => false,
        };
        if !work.is_accepted() && !is_refused {
            (work.last, work.silent) = (before, silent);
        }
        Ok(())
    }

    /// The server understands small hellos alone: the usual suites come first, then all that it may have.
    fn all_small(&mut self) -> Asked {
        for at in self.open() {
            let version = self.works[at].version;
            let all = portions::in_small_hellos(&portions::portions(version)[0]);
            for few in std::iter::once(portions::few(version)).chain(all) {
                self.ask_small(at, few)?;
            }
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

    /// Versions in doubt and controls in a random order. Each accepted version is a control: a limit that concerns some
    /// versions may concern that one too.
    fn round(&mut self, controls: &[Work]) -> Asked {
        let in_doubt = self.open().into_iter().cycle().take(IN_DOUBT).map(One::InDoubt);
        let known = controls.iter().cycle().take(controls.len().max(CONTROLS)).map(One::Control);
        let mut round: Vec<One<'_>> = in_doubt.chain(known).collect();
        round.sort_by_cached_key(|_| doubt::random());
        for one in round {
            match one {
                _ if self.open().is_empty() => return Ok(()),
                One::InDoubt(at) if self.is_open(at) => {
                    self.ask(at)?;
                    self.conclude(at)?;
                }
                One::InDoubt(_) => {}
                One::Control(control) => self.check(control)?,
            }
            if self.session.is_unsteady() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Is an accepted version still accepted?
    fn check(&self, control: &Work) -> Asked {
        if !control.still_answers(self.session)? {
            self.session.note_unsteady();
        }
        Ok(())
    }

    /// Asks once more about a version, and what its answer leaves open.
    fn ask(&mut self, at: usize) -> Asked {
        let work = &mut self.works[at];
        let before = work.silent;
        work.retry(self.session, None)?;
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
        let of_tls = self.works.iter().filter(|work| work.version >= Version::Tls1);
        let all_silent = of_tls.map(|work| work.silent).sum();
        let work = &mut self.works[at];
        if !work.is_in_doubt()
            || self.session.is_unsteady()
            || !doubt::is_no(work.version, work.silent, all_silent, self.session.answered_alone())
        {
            return Ok(());
        }
        if work.version > Version::Ssl3 && !work.seems_no {
            work.seems_no = true;
            return Ok(());
        }
        let (before, silent) = (work.last.clone(), work.silent);
        if work.version > Version::Ssl3 {
            work.retry(self.session, Some(portions::few(work.version)))?;
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

    /// A balancer may limit some versions alone. Where one of them is accepted, it meets silence as a control. Else our own
    /// questions keep the limit up: what seems to be refused is left alone for some seconds, and then asked about again.
    fn after_rest(&mut self, controls: &[Work]) -> Asked {
        let waiting = self.waiting();
        if waiting.is_empty() || self.session.is_unsteady() {
            return Ok(());
        }
        let [short, long] = self.session.rests();
        self.session.sleep(if self.may_be_crowded_out() { long } else { short })?;
        for at in waiting {
            self.ask(at)?;
        }
        for control in controls {
            self.check(control)?;
        }
        for at in self.waiting() {
            self.conclude(at)?;
        }
        Ok(())
    }

    /// A limit lets the first connection pass. Was that the one of another old version, so that the server refused it?
    /// What was silent from the start, with all of its kind, meets a limit only if others had reached it before.
    fn may_be_crowded_out(&self) -> bool {
        let old = self.works.iter().filter(|work| (Version::Tls1..Version::Tls1_2).contains(&work.version));
        let (silent, known): (Vec<_>, Vec<_>) = old.partition(|work| work.is_in_doubt());
        !silent.is_empty() && known.iter().any(|work| !work.is_accepted())
    }

    /// The versions about which silence seems to be a "no". The newest comes first: it is the likeliest to be accepted, and
    /// a limit may let one pass.
    fn waiting(&self) -> Vec<usize> {
        let is_waiting = |at: &usize| self.works[*at].seems_no && self.works[*at].is_in_doubt();
        let mut waiting: Vec<usize> = (0..self.works.len()).filter(is_waiting).collect();
        waiting.sort_by_key(|at| Reverse(self.works[*at].version));
        waiting
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
