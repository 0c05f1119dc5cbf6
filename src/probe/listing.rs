//! The suites of a version that is accepted: all of them, or the reason why not.
//!
//! Suites are offered until the server chooses none of those that are left. Two things hide suites, and are looked for. A
//! server may hang up because it limits connections: the same is asked again alone, and beside suites that it has chosen
//! before ([`super::doubt`]). And it may choose a suite that it then can't use, for want of a key or of parameters, which
//! keeps it from ever choosing the ones after: the suites are offered in smaller and smaller groups until that one stands
//! alone.

use super::classify::{Hit, Said};
use super::doubt;
use super::order::{Order, opposite};
use super::portions;
use super::reason::Reason;
use super::session::Session;
use super::suites::Suite;
use super::work::Work;
use crate::tls::Version;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

/// How often a group is offered to a server that hangs up by chance.
const MOST_TRIES: u32 = 12;
/// The suites in one hello for servers that break on large ones.
const SMALL: usize = 16;

/// What a server makes of some suites.
enum Heard {
    /// It chooses one.
    Chosen(Hit),
    /// It chooses none of them.
    Nothing,
    /// It ends the handshake whenever they are offered: it has none of them, or chooses one that it can't use.
    Stuck,
    /// There was no answer that tells.
    Open(Reason),
}

/// The suites of one version, while they are asked for.
struct Listing<'w, 's> {
    session: &'s Session<'s>,
    work: &'w mut Work,
    /// Suites that were chosen before.
    control: Vec<u16>,
}

/// Asks for the suites of an accepted version, and for whose order decides. What the server hangs up on stays, in groups.
pub(super) fn list(work: &mut Work, session: &Session<'_>) {
    if work.version == Version::Ssl2 {
        // One answer has them all.
        return;
    }
    if work.plain && !work.only_small {
        needs_small_hellos(work, session);
    }
    let in_first = |work: &Work| {
        let first = portions::portions(work.version).first().map(|portion| portion.as_slice()).unwrap_or_default();
        work.hits.iter().filter(|hit| first.contains(&hit.suite)).count()
    };
    if work.plain {
        Listing::new(session, work).in_small_hellos();
    } else if in_first(work) > 0 {
        in_large_hellos(work, session);
    } else {
        Listing::new(session, work).rest_of_portion();
    }
    // One that has nothing else to choose has no order.
    if in_first(work) < 2 {
        work.order = None;
    }
    Listing::new(session, work).compare();
}

/// Looks for suites that others hide, and puts all into order.
pub(super) fn finish(work: &mut Work, session: &Session<'_>) {
    let mut listing = Listing::new(session, work);
    listing.dig();
    listing.arrange();
    work.complete = work.gap.is_none();
}

/// A small hello was answered where a large one met silence: was it the size?
fn needs_small_hellos(work: &mut Work, session: &Session<'_>) {
    session.ask_alone();
    let mut full = Work { plain: false, hits: Vec::new(), portions: 0, ..work.clone() };
    full.portion(session);
    if full.is_accepted() {
        *work = full;
    } else {
        work.only_small = true;
    }
}

/// The other suites of the first portion, and those of the next, which is asked at the same time.
fn in_large_hellos(work: &mut Work, session: &Session<'_>) {
    let portions = portions::portions(work.version);
    let (first, second) = (portions[0].to_vec(), portions.get(1).map(|portion| portion.to_vec()).unwrap_or_default());
    let known = work.hits[0].clone();
    let mut next = work.clone();
    let mut others = || {
        let mut listing = Listing::new(session, work);
        listing.turned(known.suite, &first);
        // One with an order of its own has to be asked for both portions together.
        if listing.work.order != Some(Order::Server) {
            listing.exhaust(without(&first, &listing.work.hits), VecDeque::new());
        }
    };
    let mut later = || {
        let mut listing = Listing::new(session, &mut next);
        listing.exhaust(second.clone(), VecDeque::new());
    };
    let mut questions: Vec<&mut (dyn FnMut() + Send)> = vec![&mut others];
    if !second.is_empty() {
        questions.push(&mut later);
    }
    session.all_of(questions);
    let found: Vec<Hit> = next.hits.into_iter().skip(1).collect();
    work.gap = work.gap.take().or(next.gap);
    work.stuck.extend(next.stuck);
    work.may_hide |= next.may_hide;
    work.is_split |= next.is_split;
    if work.order == Some(Order::Server) {
        merge(work, session, &known, &first, found);
    } else {
        work.hits.extend(found);
    }
}

/// Lists the first portion of a server that has an order of its own, and puts the suites of the second among them: the
/// best of those is offered too each time, so that it comes up where it belongs.
fn merge(work: &mut Work, session: &Session<'_>, known: &Hit, first: &[u16], second: Vec<Hit>) {
    let mut listing = Listing::new(session, work);
    if second.is_empty() {
        listing.exhaust(without(first, std::slice::from_ref(known)), VecDeque::new());
        return;
    }
    listing.work.hits.clear();
    let all: Vec<Hit> = std::iter::once(known.clone()).chain(second.iter().cloned()).collect();
    listing.exhaust(first.to_vec(), second.into());
    // Where limits ended it, what was known before is known still.
    for hit in all {
        if listing.work.hits.iter().all(|other| other.suite != hit.suite) {
            listing.work.hits.push(hit);
        }
    }
}

/// Those of the suites that were not chosen yet.
fn without(suites: &[u16], hits: &[Hit]) -> Vec<u16> {
    suites.iter().copied().filter(|id| hits.iter().all(|hit| hit.suite != *id)).collect()
}

impl<'w, 's> Listing<'w, 's> {
    fn new(session: &'s Session<'_>, work: &'w mut Work) -> Listing<'w, 's> {
        let control = work.hits.iter().map(|hit| hit.suite).collect();
        Listing { session, work, control }
    }

    /// In small hellos, a few suites at a time.
    fn in_small_hellos(&mut self) {
        for portion in portions::portions(self.work.version) {
            for few in portion.chunks(SMALL) {
                self.exhaust(without(few, &self.work.hits), VecDeque::new());
            }
        }
    }

    /// Nothing of the portions before is chosen: all else in the one that was.
    fn rest_of_portion(&mut self) {
        let at = self.work.portions.saturating_sub(1);
        if let Some(portion) = portions::portions(self.work.version).get(at) {
            self.exhaust(without(portion, &self.work.hits), VecDeque::new());
        }
    }

    /// Offers suites until the server chooses none of them. `others`: suites of the server that are offered with them, one
    /// at a time, in its order.
    fn exhaust(&mut self, mut left: Vec<u16>, mut others: VecDeque<Hit>) {
        while !left.is_empty() {
            let other = others.front().map(|hit| hit.suite);
            let offered: Vec<u16> = left.iter().copied().chain(other).collect();
            match self.hear(&offered, false) {
                Heard::Chosen(hit) if Some(hit.suite) == other => self.keep(others.pop_front()),
                Heard::Chosen(hit) => {
                    left.retain(|id| *id != hit.suite);
                    self.keep([hit]);
                }
                Heard::Nothing => {
                    self.work.may_hide = true;
                    break;
                }
                Heard::Stuck => {
                    self.split(&left);
                    break;
                }
                Heard::Open(reason) => {
                    self.work.gap.get_or_insert(reason);
                    break;
                }
            }
        }
        self.keep(others);
    }

    fn keep(&mut self, hits: impl IntoIterator<Item = Hit>) {
        for hit in hits {
            self.control.push(hit.suite);
            self.work.hits.push(hit);
        }
    }

    /// Offers suites that the server hangs up on by their key exchange, since what it can't use mostly lacks a key or
    /// parameters.
    fn split(&mut self, suites: &[u16]) {
        let before = self.work.hits.len();
        for group in by_exchange(suites) {
            let stuck = self.group(group);
            self.work.stuck.extend(stuck);
        }
        self.work.is_split |= self.work.hits.len() > before;
    }

    /// Offers what the server hangs up on in smaller and smaller groups. One that hangs up where it has none of the suites
    /// would be asked about each of them, in vain.
    fn dig(&mut self) {
        let before = self.work.hits.len();
        let mut stuck: Vec<(Vec<u16>, bool)> = self.work.stuck.drain(..).map(|group| (group, false)).collect();
        while let Some((group, is_dense)) = stuck.pop().filter(|_| self.work.may_hide && !self.is_cut_short()) {
            // One that is stuck alone is one that the server can't use, or does not have.
            if group.len() < 2 {
                continue;
            }
            let size = if is_dense { 1 } else { group.len().div_ceil(2) };
            let parts: Vec<Vec<u16>> = group.chunks(size).map(<[u16]>::to_vec).collect();
            let left: Vec<Vec<u16>> = parts.into_iter().filter_map(|part| self.group(part)).collect();
            // Where both halves are stuck, most of it will be.
            let is_dense = left.len() > 1;
            stuck.extend(left.into_iter().map(|part| (part, is_dense)));
        }
        self.work.is_split |= self.work.hits.len() > before;
    }

    /// Exhausts a part of what the server hangs up on; what it hangs up on still.
    fn group(&mut self, mut left: Vec<u16>) -> Option<Vec<u16>> {
        while !left.is_empty() {
            match self.hear(&left, true) {
                Heard::Chosen(hit) => {
                    left.retain(|id| *id != hit.suite);
                    self.keep([hit]);
                    // It has just been hidden.
                    self.work.may_hide = true;
                }
                Heard::Nothing => {
                    self.work.may_hide = true;
                    return None;
                }
                Heard::Stuck => return Some(left),
                Heard::Open(reason) => {
                    self.work.gap.get_or_insert(reason);
                    return None;
                }
            }
        }
        None
    }

    /// Did a limit of our own end the questions?
    fn is_cut_short(&self) -> bool {
        self.work.gap.as_ref().is_some_and(Reason::is_own)
    }

    /// Offers suites until the answer tells. A server that follows the client is offered one that it has as the last one:
    /// if it chooses that, it has none of the others, and need not hang up to say so.
    /// `is_part`: of a group that the server hangs up on.
    fn hear(&mut self, suites: &[u16], is_part: bool) -> Heard {
        let last = self.control.first().copied().filter(|_| self.work.order == Some(Order::Client));
        let last = last.filter(|id| !suites.contains(id));
        let offered: Vec<u16> = suites.iter().copied().chain(last).collect();
        match self.ask(&offered, is_part) {
            Heard::Chosen(hit) if Some(hit.suite) == last => Heard::Nothing,
            heard => heard,
        }
    }

    fn ask(&mut self, suites: &[u16], is_part: bool) -> Heard {
        let mut silent = 0;
        for tries in 1.. {
            let was_alone = self.session.is_alone();
            let reason = match self.work.ask(self.session, suites, false) {
                Said::Chosen(hit) => {
                    self.note_answer(silent);
                    return Heard::Chosen(hit);
                }
                Said::NoneOfThese(_) | Said::No(_) => {
                    self.note_answer(silent);
                    return Heard::Nothing;
                }
                Said::Odd(Reason::Alert(_) | Reason::Protocol) => return Heard::Stuck,
                Said::Odd(Reason::Timeout) if tries == 1 => continue,
                Said::Odd(reason) if reason.may_pass() => reason,
                Said::Odd(reason) => return Heard::Open(reason),
                Said::Ssl2(_) => return Heard::Open(Reason::Violation("SSLv2 was chosen, and not offered")),
            };
            // Beside other questions it may have been the load.
            silent += u32::from(was_alone);
            self.session.ask_alone();
            if let Some(heard) = self.after_silence(&reason, silent, tries, is_part) {
                return heard;
            }
        }
        Heard::Open(Reason::RateLimited)
    }

    /// What silence means, if that is clear by now.
    fn after_silence(&self, reason: &Reason, silent: u32, tries: u32, is_part: bool) -> Option<Heard> {
        if self.session.is_unsteady() || !reason.is_silence() {
            self.session.back_off();
            return (tries >= MOST_TRIES).then_some(Heard::Open(Reason::RateLimited));
        }
        let is_no = if is_part { doubt::is_no_to_part } else { doubt::is_no_to_suites };
        if silent > 0 && is_no(silent, self.session.answered()) {
            return Some(Heard::Stuck);
        }
        // In a random order, as in `quiet`.
        if RandomState::new().hash_one(0).is_multiple_of(2) {
            let control = self.work.ask(self.session, &self.control, false);
            match control {
                Said::Odd(reason) if reason.is_own() => return Some(Heard::Open(reason)),
                Said::Chosen(_) => {}
                _ => {
                    self.session.note_unsteady();
                    self.session.back_off();
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

    /// Offers the [`opposite`] of the portion, and compression. Who follows the client chooses another suite, which is
    /// found in passing.
    fn turned(&mut self, known: u16, portion: &[u16]) {
        let offered = opposite(portion, known);
        let compressible = self.work.version <= Version::Tls1_2;
        if let Said::Chosen(hit) = self.work.ask(self.session, &offered, compressible) {
            self.work.compression = compressible.then_some(hit.compression);
            if hit.suite == known {
                self.work.order = Some(Order::Server);
            } else {
                self.work.order = Some(Order::Client);
                self.keep([hit]);
            }
        }
    }

    /// Offers the suites in the opposite order, and compression, if one of them is not known yet.
    fn compare(&mut self) {
        let (hits, compressible) = (&self.work.hits, self.work.version <= Version::Tls1_2);
        let is_known = self.work.order.is_some() || hits.len() < 2 && self.work.compression.is_some();
        if is_known || hits.is_empty() || hits.len() == 1 && !compressible {
            return;
        }
        let known: Vec<u16> = hits.iter().map(|hit| hit.suite).collect();
        let offered = opposite(&known, known[0]);
        for _ in 0..MOST_TRIES {
            match self.work.ask(self.session, &offered, compressible) {
                Said::Chosen(hit) => {
                    self.work.compression = compressible.then_some(hit.compression);
                    if known.len() > 1 {
                        let is_first = hit.suite == offered[0];
                        self.work.order = Some(if is_first { Order::Client } else { Order::Server });
                    }
                    return;
                }
                Said::Odd(reason) if reason.may_pass() => {
                    self.session.ask_alone();
                    self.session.back_off();
                }
                _ => return,
            }
        }
    }

    /// Puts the suites into the order in which they are shown.
    fn arrange(&mut self) {
        match self.work.order {
            // What the server thinks of them is not known; what is offered first was preferred here.
            Some(Order::Client) => {
                let offered = portions::all(self.work.version);
                self.work.hits.sort_by_key(|hit| offered.iter().position(|id| *id == hit.suite));
            }
            // Groups of suites were asked for one by one.
            Some(Order::Server) if self.work.plain || self.work.is_split => self.sort(),
            _ => {}
        }
    }

    /// Puts suites that were found in several groups into the server's order: all are offered, then all but the one that
    /// was chosen, and so on.
    fn sort(&mut self) {
        let mut left: Vec<u16> = self.work.hits.iter().map(|hit| hit.suite).collect();
        let mut order: Vec<u16> = Vec::new();
        while left.len() > 1 {
            let Heard::Chosen(hit) = self.ask(&left, false) else { return };
            left.retain(|id| *id != hit.suite);
            order.push(hit.suite);
        }
        order.extend(left);
        self.work.hits.sort_by_key(|hit| order.iter().position(|id| *id == hit.suite));
    }
}

/// The suites in groups, one for each key exchange.
fn by_exchange(suites: &[u16]) -> Vec<Vec<u16>> {
    let mut groups: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
    for id in suites {
        groups.entry(Suite::of(*id).map_or("", |suite| suite.halves().0)).or_default().push(*id);
    }
    groups.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_lose_nothing() {
        for version in [Version::Tls1, Version::Tls1_2, Version::Tls1_3] {
            let all = portions::all(version);
            let mut grouped = by_exchange(&all).concat();
            let mut all = all;
            grouped.sort_unstable();
            all.sort_unstable();
            assert_eq!(grouped, all);
        }
    }
}
