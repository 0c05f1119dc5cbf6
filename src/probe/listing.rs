//! The suites of a version that is accepted: all of them, or the reason why not.
//!
//! Suites are offered until the server chooses none of those that are left. Two things hide suites, and are looked for. A
//! server may hang up because it limits connections: the same is asked again alone, and beside suites that it has chosen
//! before ([`super::hearing`]). And it may choose a suite that it then can't use, which keeps it from ever choosing the
//! ones after ([`super::hidden`]).

use super::classify::Hit;
use super::hearing::Heard;
use super::order::{self, Order};
use super::portions;
use super::reason::Reason;
use super::session::Session;
use super::work::Work;
use crate::tls::Version;
use std::collections::VecDeque;

/// The suites of one version, while they are asked for.
pub(super) struct Listing<'w, 's> {
    pub session: &'s Session<'s>,
    pub work: &'w mut Work,
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
    let first = &portions::portions(work.version)[0];
    let in_first = |work: &Work| work.hits.iter().filter(|hit| first.contains(&hit.suite)).count();
    if work.plain {
        Listing { session, work }.in_small_hellos();
    } else if in_first(work) > 0 {
        in_large_hellos(work, session);
    } else {
        Listing { session, work }.rest_of_portion();
    }
    // One that has nothing else to choose has no order.
    if in_first(work) < 2 {
        work.order = None;
    }
    Listing { session, work }.compare();
}

/// Offers in smaller groups what the server hangs up on.
pub(super) fn split(work: &mut Work, session: &Session<'_>) {
    Listing { session, work }.split();
}

/// Looks for suites that others hide, and puts all into order.
pub(super) fn finish(work: &mut Work, session: &Session<'_>) {
    let mut listing = Listing { session, work };
    listing.dig();
    listing.check_order();
    listing.arrange();
    if work.trusts_silence && session.is_unsteady() {
        work.gap.get_or_insert(Reason::RateLimited);
    }
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
        // One that could not be sent any more was not misunderstood.
        work.only_small = !full.odd().is_some_and(Reason::is_own);
    }
}

/// The other suites of the first portion, and those of the next, which is asked at the same time.
fn in_large_hellos(work: &mut Work, session: &Session<'_>) {
    let portions = portions::portions(work.version);
    let (first, second) = (&portions[0], portions.get(1));
    let mut next = work.clone();
    let mut others = || {
        let mut listing = Listing { session, work };
        listing.turned(first);
        // One with an order of its own has to be asked for both portions together.
        if listing.work.order != Some(Order::Server) {
            listing.exhaust(listing.without(first));
        }
    };
    let mut later = || {
        let second = second.map(|portion| portion.to_vec()).unwrap_or_default();
        Listing { session, work: &mut next }.exhaust(second);
    };
    let mut questions: Vec<&mut (dyn FnMut() + Send)> = vec![&mut others];
    if second.is_some() {
        questions.push(&mut later);
    }
    session.pace.all_of(questions);
    let found: Vec<Hit> = next.hits.into_iter().skip(1).collect();
    work.gap = work.gap.take().or(next.gap);
    work.stuck.extend(next.stuck);
    work.may_hide |= next.may_hide;
    work.trusts_silence |= next.trusts_silence;
    work.is_split |= next.is_split;
    if work.order == Some(Order::Server) {
        Listing { session, work }.merge(first, found);
    } else {
        // Whose order decides may turn out later.
        work.is_split |= !found.is_empty();
        work.hits.extend(found);
    }
}

impl Listing<'_, '_> {
    /// Those of the suites that were not chosen yet.
    pub(super) fn without(&self, suites: &[u16]) -> Vec<u16> {
        suites.iter().copied().filter(|id| self.work.hits.iter().all(|hit| hit.suite != *id)).collect()
    }

    /// In small hellos, a few suites at a time.
    fn in_small_hellos(&mut self) {
        for portion in portions::portions(self.work.version) {
            for few in portions::in_small_hellos(portion) {
                self.exhaust(self.without(few));
            }
        }
    }

    /// Nothing of the portions before is chosen: all else in the one that was.
    fn rest_of_portion(&mut self) {
        let at = self.work.portions.saturating_sub(1);
        if let Some(portion) = portions::portions(self.work.version).get(at) {
            self.exhaust(self.without(portion));
        }
    }

    /// Lists the first portion of a server that has an order of its own, and puts the suites of the second among them:
    /// the best of those is offered too each time, so that it comes up where it belongs.
    fn merge(&mut self, first: &[u16], second: Vec<Hit>) {
        if second.is_empty() {
            // What was chosen at first is the best of them.
            self.exhaust(self.without(first));
            return;
        }
        self.exhaust_among(first.to_vec(), second.into());
        // Where limits ended it, what was known before is known still.
        let known = self.work.hits.remove(0);
        if self.work.hits.iter().all(|hit| hit.suite != known.suite) {
            self.work.hits.push(known);
        }
    }

    /// Offers suites until the server chooses none of them.
    pub(super) fn exhaust(&mut self, left: Vec<u16>) {
        self.exhaust_among(left, VecDeque::new());
    }

    /// The same. `others`: suites of the server that are offered with them, one at a time, in its order.
    fn exhaust_among(&mut self, left: Vec<u16>, mut others: VecDeque<Hit>) {
        let stuck = self.take(left, &mut others, false);
        self.work.stuck.extend(stuck);
        self.work.hits.extend(others);
    }

    /// Takes suites as the server chooses them; what it hangs up on in the end. `is_part`: of a group on which it hangs up.
    pub(super) fn take(&mut self, mut left: Vec<u16>, others: &mut VecDeque<Hit>, is_part: bool) -> Option<Vec<u16>> {
        while !left.is_empty() {
            let other = others.front().map(|hit| hit.suite);
            let turned = (self.work.order == Some(Order::Client)).then(|| order::weakest_first(&left));
            let offered: Vec<u16> = turned.unwrap_or_else(|| left.clone()).into_iter().chain(other).collect();
            match self.hear(&offered, is_part) {
                Heard::Chosen(hit) if Some(hit.suite) == other => self.work.hits.extend(others.pop_front()),
                Heard::Chosen(hit) => {
                    left.retain(|id| *id != hit.suite);
                    self.work.hits.push(hit);
                    // One of a part has just been hidden.
                    self.work.may_hide |= is_part;
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
}
