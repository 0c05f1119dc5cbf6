//! Asking about one version: first the likely suites, then the rest, and other forms of the question where the answer
//! is odd.

use super::classify::{Hit, Said, classify};
use super::limits::Depth;
use super::portions;
use super::reason::Reason;
use super::session::{Offer, Session};
use super::strength::{self, Family};
use super::suites::Suite;
use crate::tls::Version;

/// The version is spoken.
pub(super) const ONE: usize = 1;
/// All suites.
const ALL: usize = usize::MAX;

/// Whose order decides which suite is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// the server's
    Server,
    /// the client's
    Client,
}

impl Order {
    /// The word used in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Order::Server => "server",
            Order::Client => "client",
        }
    }
}

/// What is known of a version so far.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub version: Version,
    /// The suites that were chosen, in this order.
    pub hits: Vec<Hit>,
    /// SSLv2's kinds of cipher.
    pub kinds: Vec<&'static str>,
    /// What ended the questions.
    pub last: Option<Said>,
    pub order: Option<Order>,
    pub compression: Option<u8>,
    /// Large hellos are not understood, small ones are.
    pub plain: bool,
    /// The name had to be left out.
    pub nameless: bool,
    /// All suites were asked about.
    pub complete: bool,
    /// The portions that were offered.
    pub portions: usize,
    /// How many suites the first portion had.
    from_first: usize,
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
            nameless: false,
            complete: false,
            portions: 0,
            from_first: 0,
        }
    }

    /// Is the version spoken?
    pub(super) fn is_accepted(&self) -> bool {
        !self.hits.is_empty() || matches!(self.last, Some(Said::Ssl2(_)))
    }

    /// Asks with the first portion; for suites, all there is to ask.
    pub(super) fn begin(&mut self, session: &Session<'_>, depth: Depth) {
        self.portion(session, ONE);
        if self.version == Version::Ssl2 {
            // One answer has them all.
            self.complete = self.is_accepted() || self.knows_all();
        }
        if depth == Depth::Versions || self.version == Version::Ssl2 {
            return;
        }
        match self.hits.first() {
            Some(hit) => self.rest(session, hit.suite),
            None => self.in_turn(session),
        }
        // One that has nothing else to choose has no order.
        if self.from_first < 2 {
            self.order = None;
        }
        if self.order.is_none() && (self.hits.len() > 1 || self.compression.is_none()) {
            self.compare(session);
        }
        match self.order {
            // What the server thinks of them is not known; what is offered first was preferred here.
            Some(Order::Client) => {
                let offered = portions::all(self.version);
                self.hits.sort_by_key(|hit| offered.iter().position(|id| *id == hit.suite));
            }
            Some(Order::Server) if (self.plain || self.from_first < self.hits.len()) && self.from_first > 0 => {
                self.sort(session);
            }
            _ => {}
        }
    }

    /// What is left to ask where a suite of the first portion is known: the others of the portion, and the next
    /// portion. Neither needs the answer to the other, so that they go at the same time.
    fn rest(&mut self, session: &Session<'_>, known: u16) {
        let mut next = self.clone();
        let (has_more, first) = (self.has_more(), self.first_portion());
        let mut others = || {
            self.turned(session, known, &first);
            self.exhaust(session, ALL, first.clone());
            self.from_first = self.hits.len();
        };
        let mut later = || next.portion(session, ALL);
        let mut questions: Vec<&mut (dyn FnMut() + Send)> = vec![&mut others];
        if has_more {
            questions.push(&mut later);
        }
        session.all_of(questions);
        self.complete = self.knows_all() && next.knows_all();
        self.portions = next.portions;
        self.hits.extend(next.hits.into_iter().skip(1));
    }

    /// Offers the [`opposite`] of the portion, and compression. Who follows the client chooses another suite, which is
    /// found in passing.
    fn turned(&mut self, session: &Session<'_>, known: u16, portion: &[u16]) {
        let offered = opposite(portion, known);
        let compressible = self.version <= Version::Tls1_2;
        if let Said::Chosen(hit) = self.ask(session, &offered, compressible) {
            self.compression = compressible.then_some(hit.compression);
            if hit.suite == known {
                self.order = Some(Order::Server);
            } else {
                self.order = Some(Order::Client);
                self.hits.push(hit);
            }
        }
    }

    /// What is left to ask where nothing was found in the first portion.
    fn in_turn(&mut self, session: &Session<'_>) {
        if matches!(self.last, Some(Said::NoneOfThese(_))) {
            self.portion(session, ALL);
        } else if self.is_odd() {
            self.again(session, ALL);
        }
        self.complete = self.knows_all();
    }

    /// Did the last answer say that there is nothing more?
    fn knows_all(&self) -> bool {
        matches!(self.last, Some(Said::NoneOfThese(_) | Said::No(_))) || self.ended_quietly()
    }

    /// Is the last answer one that another form of the question may clear up?
    pub(super) fn is_odd(&self) -> bool {
        let odd = matches!(
            self.last,
            Some(Said::Odd(
                Reason::Alert(_)
                    | Reason::Closed
                    | Reason::Reset
                    | Reason::Timeout
                    | Reason::Truncated
                    | Reason::Violation(_)
            ))
        );
        odd && self.version != Version::Ssl2
    }

    fn ended_quietly(&self) -> bool {
        matches!(self.last, Some(Said::Odd(Reason::Closed | Reason::Reset | Reason::Alert(_))))
    }

    /// Is there another portion of suites to offer?
    pub(super) fn has_more(&self) -> bool {
        self.portions < portions::portions(self.version).len()
    }

    fn first_portion(&self) -> Vec<u16> {
        portions::portions(self.version).first().map(|portion| portion.to_vec()).unwrap_or_default()
    }

    /// Offers the next portion, until `most` suites are known or nothing is left that the server would choose.
    pub(super) fn portion(&mut self, session: &Session<'_>, most: usize) {
        if let Some(portion) = portions::portions(self.version).get(self.portions) {
            self.portions += 1;
            self.exhaust(session, most, portion.to_vec());
            if self.portions == 1 {
                self.from_first = self.hits.len();
            }
        }
    }

    fn exhaust(&mut self, session: &Session<'_>, most: usize, mut left: Vec<u16>) {
        left.retain(|id| self.hits.iter().all(|hit| hit.suite != *id));
        while !left.is_empty() || self.version == Version::Ssl2 {
            let mut said = self.ask(session, &left, false);
            if !self.hits.is_empty() && matches!(said, Said::Odd(Reason::Timeout | Reason::Truncated)) {
                said = self.ask(session, &left, false);
            }
            self.last = Some(said.clone());
            match said {
                Said::Chosen(hit) => {
                    left.retain(|id| *id != hit.suite);
                    self.hits.push(hit);
                    // Until another answer comes: without a suite that is left, it would be this one.
                    self.last = Some(Said::NoneOfThese(40));
                    if self.hits.len() >= most {
                        return;
                    }
                }
                Said::Ssl2(kinds) => {
                    self.kinds = kinds;
                    return;
                }
                _ => {
                    // It may have chosen one that it is not prepared for, and the others are fine.
                    if !self.hits.is_empty() && self.ended_quietly() {
                        self.by_family(session, most, &left);
                    }
                    return;
                }
            }
        }
    }

    /// Offers suites of one key exchange at a time.
    fn by_family(&mut self, session: &Session<'_>, most: usize, left: &[u16]) {
        for family in [Family::Ecdhe, Family::Rsa, Family::Dhe, Family::Other] {
            let part: Vec<u16> = left.iter().copied().filter(|id| strength::family(*id) == family).collect();
            // Alone it would be the same question again.
            if !part.is_empty() && part.len() < left.len() {
                self.exhaust(session, most, part);
            }
        }
    }

    /// Small hellos, for servers that break on large or unusual ones.
    pub(super) fn again(&mut self, session: &Session<'_>, most: usize) {
        let before = self.last.clone();
        self.plain = true;
        self.exhaust(session, most, portions::few(self.version).to_vec());
        let refuses_names = matches!(self.last, Some(Said::Odd(Reason::Alert(47))));
        if self.hits.is_empty() && refuses_names && session.target.name.is_some() {
            self.nameless = true;
            self.exhaust(session, most, portions::few(self.version).to_vec());
            self.nameless = !self.hits.is_empty();
        }
        if self.hits.is_empty() && matches!(self.last, Some(Said::Odd(Reason::Spent(_)))) {
            // What the server said tells more than that there was no second try.
            self.last = before;
        } else if !self.hits.is_empty() && most == ALL {
            for portion in portions::portions(self.version) {
                for few in portion.chunks(16) {
                    self.exhaust(session, most, few.to_vec());
                }
            }
        }
    }

    /// Offers the suites in the opposite order, and compression.
    fn compare(&mut self, session: &Session<'_>) {
        let compressible = self.version <= Version::Tls1_2;
        if self.hits.is_empty() || self.hits.len() == 1 && !compressible {
            return;
        }
        let known: Vec<u16> = self.hits.iter().map(|hit| hit.suite).collect();
        let offered = opposite(&known, known[0]);
        if let Said::Chosen(hit) = self.ask(session, &offered, compressible) {
            self.compression = compressible.then_some(hit.compression);
            if self.hits.len() > 1 {
                self.order = Some(if hit.suite == offered[0] { Order::Client } else { Order::Server });
            }
        }
    }

    /// Puts suites that were found in several portions into the server's order: all are offered, then all but the
    /// one that was chosen, and so on.
    fn sort(&mut self, session: &Session<'_>) {
        let mut left: Vec<u16> = self.hits.iter().map(|hit| hit.suite).collect();
        let mut order: Vec<u16> = Vec::new();
        while left.len() > 1 {
            let Said::Chosen(hit) = self.ask(session, &left, false) else { return };
            left.retain(|id| *id != hit.suite);
            order.push(hit.suite);
        }
        order.extend(left);
        self.hits.sort_by_key(|hit| order.iter().position(|id| *id == hit.suite));
    }

    fn ask(&self, session: &Session<'_>, suites: &[u16], compression: bool) -> Said {
        let offer = Offer { version: self.version, suites, compression, plain: self.plain, named: !self.nameless };
        match session.exchange(offer) {
            Ok(reply) => classify(self.version, suites, reply),
            Err(reason) => Said::Odd(reason),
        }
    }

    /// Are the suites that were chosen before still chosen?
    pub(super) fn still_answers(&self, session: &Session<'_>) -> Result<bool, Reason> {
        let suites: Vec<u16> = self.hits.iter().map(|hit| hit.suite).collect();
        match self.ask(session, &suites, false) {
            Said::Odd(reason @ (Reason::Spent(_) | Reason::Interrupted)) => Err(reason),
            said => Ok(matches!(said, Said::Chosen(_) | Said::Ssl2(_))),
        }
    }
}

/// The suites the other way around, with the one at the end that was chosen before: who has an order of its own chooses
/// it again. The first one is AES-GCM, if that can be: who has an order of its own may still ask by it whether the client
/// would rather have ChaCha20 (Go: whatever is not AES-GCM means that; OpenSSL, told so: ChaCha20 does).
fn opposite(suites: &[u16], chosen: u16) -> Vec<u16> {
    let mut turned: Vec<u16> = suites.iter().rev().copied().filter(|id| *id != chosen).collect();
    let usual = turned.iter().position(|id| is_usual(*id));
    if let Some(at) = usual.or_else(|| turned.iter().position(|id| !is_chacha(*id))) {
        turned[..=at].rotate_right(1);
    }
    turned.push(chosen);
    turned
}

/// AES-GCM with a key exchange that every server of today knows.
fn is_usual(id: u16) -> bool {
    let is_gcm = |suite: &Suite| suite.name.contains("AES_") && suite.name.contains("_GCM_");
    Suite::of(id).is_some_and(is_gcm) && strength::family(id) == Family::Ecdhe
}

fn is_chacha(id: u16) -> bool {
    Suite::of(id).is_some_and(|suite| suite.name.contains("CHACHA20"))
}
