//! Asking whether a server has one version: with the likely suites, then with the rest, and in other forms where the
//! answer is odd.

use super::classify::{Hit, Said, classify};
use super::hello;
use super::order::Order;
use super::portions;
use super::reason::Reason;
use super::session::{Offer, Session};
use crate::tls::Version;

/// What is known of a version so far.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub version: Version,
    /// The suites that were chosen, in this order.
    pub hits: Vec<Hit>,
    /// SSLv2's kinds of cipher.
    pub kinds: Vec<&'static str>,
    /// What was said last.
    pub last: Option<Said>,
    pub order: Option<Order>,
    pub compression: Option<u8>,
    /// Small hellos are sent.
    pub plain: bool,
    /// One was answered, or met silence.
    pub tried_plain: bool,
    /// Large hellos are not understood, small ones are.
    pub only_small: bool,
    /// The name had to be left out.
    pub nameless: bool,
    /// Suites were asked for in groups, so that their order among each other is not known.
    pub is_split: bool,
    /// Groups of suites that the server hangs up on.
    pub stuck: Vec<Vec<u16>>,
    /// The server is known to say so where it has none of the suites, or to hang up on suites that hide others. So where it
    /// hangs up, others may be hidden.
    pub may_hide: bool,
    /// A part of what it hangs up on was given up after a single silence.
    pub trusts_silence: bool,
    /// No order explains all its choices.
    pub is_mixed: bool,
    /// All suites were asked about.
    pub complete: bool,
    /// Why not all suites were asked about, or not all answers tell.
    pub gap: Option<Reason>,
    /// The portions that were offered, and answered.
    pub portions: usize,
    /// Hellos that met silence. Those that were sent beside others count for one: it may have been the load.
    pub silent: u32,
    /// How often it was asked about once more.
    pub tries: u32,
    /// Silence seems to be a "no", but has not lasted for some seconds yet.
    pub seems_no: bool,
    /// Silence is a "no": it has repeated often enough while other hellos were answered.
    pub silence_is_no: bool,
}

impl Work {
    pub(super) fn new(version: Version) -> Work {
        Work {
            version,
            hits: Vec::new(),
            kinds: Vec::new(),
            last: None,
            order: None,
            compression: None,
            plain: false,
            tried_plain: false,
            only_small: false,
            nameless: false,
            is_split: false,
            stuck: Vec::new(),
            may_hide: false,
            trusts_silence: false,
            is_mixed: false,
            complete: false,
            gap: None,
            portions: 0,
            silent: 0,
            tries: 0,
            seems_no: false,
            silence_is_no: false,
        }
    }

    /// Is the version spoken?
    pub(super) fn is_accepted(&self) -> bool {
        !self.hits.is_empty() || matches!(self.last, Some(Said::Ssl2(_)))
    }

    /// The last answer, if it decides nothing.
    pub(super) fn odd(&self) -> Option<&Reason> {
        match &self.last {
            Some(Said::Odd(reason)) => Some(reason),
            _ => None,
        }
    }

    /// The alert by which the version was not accepted.
    pub(super) fn alert(&self) -> Option<u8> {
        match self.last.as_ref()? {
            Said::No(reason) | Said::Odd(reason) => reason.alert(),
            Said::NoneOfThese(alert) => Some(*alert),
            Said::Chosen(_) | Said::Ssl2(_) | Said::Lower(..) => None,
        }
    }

    /// Did the server hang up, so that the same question may get an answer later?
    pub(super) fn is_in_doubt(&self) -> bool {
        !self.is_accepted() && !self.silence_is_no && self.odd().is_some_and(Reason::may_pass)
    }

    /// Did the server hang up on it, or answer with something else than TLS?
    pub(super) fn is_silent(&self) -> bool {
        self.odd().is_some_and(Reason::is_silence)
    }

    /// Is the last answer one that another form of the question may clear up?
    pub(super) fn is_odd(&self) -> bool {
        let is_odd = matches!(
            self.odd(),
            Some(
                Reason::Alert(_)
                    | Reason::Protocol
                    | Reason::Closed
                    | Reason::Reset
                    | Reason::Timeout
                    | Reason::Truncated
                    | Reason::Violation(_)
            )
        );
        is_odd && self.version != Version::Ssl2
    }

    /// Is there another portion of suites to offer?
    pub(super) fn has_more(&self) -> bool {
        self.portions < portions::portions(self.version).len()
    }

    /// Offers the next portion.
    pub(super) fn portion(&mut self, session: &Session<'_>) {
        if let Some(portion) = portions::portions(self.version).get(self.portions) {
            self.offer(session, portion);
            // One that met silence has to be offered again.
            self.portions += usize::from(!self.is_in_doubt());
        }
    }

    /// A small hello, for servers that break on large or unusual ones.
    pub(super) fn again(&mut self, session: &Session<'_>) {
        let before = self.last.clone();
        let was_silent = self.is_in_doubt();
        self.plain = true;
        self.offer_few(session);
        let refuses_names = matches!(self.odd(), Some(Reason::Alert(47)));
        if self.hits.is_empty() && refuses_names && session.target.name.is_some() {
            self.nameless = true;
            self.offer_few(session);
            self.nameless = !self.hits.is_empty();
        }
        // Silence to a large hello may have had other reasons.
        self.only_small = self.is_accepted() && !was_silent;
        let ended = self.odd().is_some_and(|reason| reason.is_own() || reason.may_pass());
        // What the server said at first tells more than that there was no second try, or a "no" again.
        let adds_nothing =
            ended || before.as_ref().is_some_and(Said::is_no) && self.last.as_ref().is_some_and(Said::is_no);
        if self.hits.is_empty() && adds_nothing && !was_silent {
            self.last = before;
        }
    }

    /// Offers a few suites in a small hello; if that meets silence, once more alone.
    fn offer_few(&mut self, session: &Session<'_>) {
        self.offer(session, portions::few(self.version));
        if self.is_in_doubt() && !session.is_alone() {
            session.ask_alone();
            self.offer(session, portions::few(self.version));
        }
    }

    /// Asks a version again that was refused: another server may answer. Whatever it is but a choice leaves the refusal.
    pub(super) fn ask_refused(&mut self, session: &Session<'_>) {
        let before = self.clone();
        self.portions = 0;
        self.portion(session);
        if !self.is_accepted() {
            *self = before;
        }
    }

    /// Asks once more about a version on which the server hung up. `few`: these suites in a small hello, should the size be
    /// the reason. An `Err`: nothing more is asked.
    pub(super) fn retry(&mut self, session: &Session<'_>, few: Option<&[u16]>) -> Result<(), Reason> {
        let before = self.last.clone();
        self.tries += 1;
        self.plain = few.is_some();
        match few {
            Some(suites) => self.offer(session, suites),
            None => self.portion(session),
        }
        self.plain &= self.is_accepted();
        match self.odd().filter(|reason| reason.is_own()).cloned() {
            Some(reason) => {
                self.last = before;
                Err(reason)
            }
            None => Ok(()),
        }
    }

    /// Offers suites, and keeps what is said.
    fn offer(&mut self, session: &Session<'_>, suites: &[u16]) {
        let was_alone = session.is_alone();
        let said = self.ask(session, suites, false);
        match &said {
            Said::Chosen(hit) => self.hits.push(hit.clone()),
            Said::Ssl2(kinds) => self.kinds.clone_from(kinds),
            Said::Odd(reason) if reason.is_silence() => {
                self.silent = if was_alone { self.silent + 1 } else { 1 };
            }
            _ => {}
        }
        self.last = Some(said);
        self.tried_plain |= self.plain && !self.odd().is_some_and(Reason::is_own);
    }

    /// Is the version refused by an alert that a server may send for want of a key share in the first hello?
    pub(super) fn may_want_key_share(&self) -> bool {
        let is_refused = matches!(self.last, Some(Said::NoneOfThese(_) | Said::No(Reason::Alert(_))));
        self.version == Version::Tls1_3 && !self.tried_plain && is_refused
    }

    pub(super) fn ask(&self, session: &Session<'_>, suites: &[u16], compression: bool) -> Said {
        let offer = Offer { version: self.version, suites, compression, plain: self.plain, named: !self.nameless };
        match session.exchange(offer) {
            Ok(reply) => {
                let older = hello::fallback(self.version, self.plain);
                let offered: Vec<u16> = suites.iter().chain(older).copied().collect();
                let said = classify(self.version, &offered, reply);
                session.evidence().note(&offer, &said);
                said
            }
            Err(reason) => Said::Odd(reason),
        }
    }

    /// Are suites that were chosen before still chosen?
    pub(super) fn still_answers(&self, session: &Session<'_>) -> Result<bool, Reason> {
        let suites: Vec<u16> = self.hits.iter().map(|hit| hit.suite).collect();
        match self.ask(session, &suites, false) {
            Said::Odd(reason) if reason.is_own() => Err(reason),
            said => Ok(matches!(said, Said::Chosen(_) | Said::Ssl2(_))),
        }
    }
}
