//! Suites that others hide: a server may choose one that it then can't use, for want of a key or of parameters, and never
//! choose the ones after. What it hangs up on is offered in smaller and smaller groups until that one stands alone.

use super::listing::Listing;
use super::order::Order;
use super::reason::Reason;
use super::suites::Suite;
use std::collections::{BTreeMap, VecDeque};

impl Listing<'_, '_> {
    /// Offers suites that the server hangs up on by their key exchange, since what it can't use mostly lacks a key or
    /// parameters. One that follows the client may say of all of them at once that it has none.
    pub(super) fn split(&mut self) {
        let before = self.work.hits.len();
        for suites in std::mem::take(&mut self.work.stuck) {
            let left = if self.work.order == Some(Order::Client) { self.part(suites) } else { Some(suites) };
            for group in by_exchange(&left.unwrap_or_default()) {
                let stuck = self.part(group);
                self.work.stuck.extend(stuck);
            }
        }
        self.work.is_split |= self.work.hits.len() > before;
    }

    /// Offers what the server hangs up on in smaller and smaller groups. One that hangs up where it has none of the suites
    /// would be asked about each of them, in vain.
    pub(super) fn dig(&mut self) {
        let before = self.work.hits.len();
        let mut stuck: Vec<(Vec<u16>, bool)> = self.work.stuck.drain(..).map(|group| (group, false)).collect();
        while let Some((group, is_dense)) = stuck.pop().filter(|_| self.work.may_hide && !self.is_cut_short()) {
            // One that is stuck alone is one that the server can't use, or does not have.
            if group.len() < 2 {
                continue;
            }
            let size = if is_dense { 1 } else { group.len().div_ceil(2) };
            let parts: Vec<Vec<u16>> = group.chunks(size).map(<[u16]>::to_vec).collect();
            let left: Vec<Vec<u16>> = parts.into_iter().filter_map(|part| self.part(part)).collect();
            // Where both halves are stuck, most of it will be.
            let is_dense = left.len() > 1;
            stuck.extend(left.into_iter().map(|part| (part, is_dense)));
        }
        self.work.is_split |= self.work.hits.len() > before;
    }

    /// Takes a part of what the server hangs up on; what it hangs up on still.
    fn part(&mut self, left: Vec<u16>) -> Option<Vec<u16>> {
        self.take(left, &mut VecDeque::new(), true)
    }

    /// Did a limit of our own end the questions?
    fn is_cut_short(&self) -> bool {
        self.work.gap.as_ref().is_some_and(Reason::is_own)
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
    use crate::probe::portions;
    use crate::tls::Version;

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
