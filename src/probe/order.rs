//! Whose order decides which suite is used, and how that is found out.

use super::classify::Said;
use super::hearing::{Heard, MOST_TRIES};
use super::listing::Listing;
use super::portions;
use super::strength::{self, Family};
use super::suites::{Suite, is_chacha};
use crate::tls::Version;

/// How often suites that are left have to be refused where no order explains the choices.
const REFUSALS: usize = 3;

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

impl Listing<'_, '_> {
    /// Offers the [`opposite`] of the first portion. Who follows the client chooses another suite, which is found in
    /// passing.
    pub(super) fn turned(&mut self, portion: &[u16]) {
        let known = self.work.hits[0].suite;
        if let Said::Chosen(hit) = self.reversed(&opposite(portion, known)) {
            if hit.suite == known {
                self.work.order = Some(Order::Server);
            } else {
                self.work.order = Some(Order::Client);
                self.work.hits.push(hit);
            }
        }
    }

    /// Offers the suites in the opposite order, if whose decides, or whether there is compression, is not known yet.
    pub(super) fn compare(&mut self) {
        let (hits, compressible) = (&self.work.hits, self.is_compressible());
        let is_known = self.work.order.is_some() || hits.len() < 2 && self.work.compression.is_some();
        if is_known || hits.is_empty() || hits.len() == 1 && !compressible {
            return;
        }
        let known: Vec<u16> = hits.iter().map(|hit| hit.suite).collect();
        let offered = opposite(&known, known[0]);
        for _ in 0..MOST_TRIES {
            match self.reversed(&offered) {
                Said::Chosen(hit) => {
                    if known.len() > 1 {
                        let is_first = hit.suite == offered[0];
                        self.work.order = Some(if is_first { Order::Client } else { Order::Server });
                    }
                    return;
                }
                Said::Odd(reason) if reason.may_pass() => {
                    self.session.ask_alone();
                    self.session.pace.back_off();
                }
                _ => return,
            }
        }
    }

    /// Offers suites that were turned around, and compression.
    fn reversed(&mut self, offered: &[u16]) -> Said {
        let compressible = self.is_compressible();
        let said = self.work.ask(self.session, offered, compressible);
        if let Said::Chosen(hit) = &said {
            self.work.compression = compressible.then_some(hit.compression);
        }
        said
    }

    fn is_compressible(&self) -> bool {
        self.work.version <= Version::Tls1_2
    }

    /// Does the order explain all choices that are known now? Suites of equal preference (BoringSSL), a choice by chance
    /// and several servers behind one address look like either order for a while. Then one refusal of what is left does
    /// not end the list.
    pub(super) fn check_order(&mut self) {
        let version = self.work.version;
        let suites: Vec<u16> = self.work.hits.iter().map(|hit| hit.suite).collect();
        let fits = |order: &Order| self.session.evidence().fits(*order, version, &suites);
        self.work.is_mixed = !self.work.order.as_ref().is_none_or(fits);
        if !self.work.is_mixed && !self.session.evidence().is_torn(version) {
            return;
        }
        if self.work.is_mixed {
            self.work.order = None;
        }
        for portion in portions::portions(version).iter().flat_map(|portion| [portion; REFUSALS]) {
            self.exhaust(self.without(portion));
        }
        self.work.is_split |= self.work.hits.len() > suites.len();
    }

    /// Puts the suites into the order in which they are shown.
    pub(super) fn arrange(&mut self) {
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
            let Heard::Chosen(hit) = self.ask(&left, None, false) else { return };
            left.retain(|id| *id != hit.suite);
            order.push(hit.suite);
        }
        order.extend(left);
        self.work.hits.sort_by_key(|hit| order.iter().position(|id| *id == hit.suite));
    }
}

/// Suites as they are offered to who seems to follow the client: the weakest first, but for the key exchanges, of which
/// those that some servers can't use come last. One that has an order of its own shows itself there.
pub(super) fn weakest_first(suites: &[u16]) -> Vec<u16> {
    let mut turned = suites.to_vec();
    turned.sort_by_cached_key(|id| (std::cmp::Reverse(strength::family(*id)), strength::level(*id), *id));
    turned
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
