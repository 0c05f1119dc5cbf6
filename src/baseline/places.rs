//! Lines that took the place of known ones: a server has another name, two uses of a macro changed places, a patch wrote down
//! what was left to a default. Such a line is no new one, if it is not worse than the one that it stands for.

use super::{Line, Reached, worse};
use crate::finding::Finding;
use std::collections::{BTreeMap, BTreeSet};

/// So many pairs of lines are compared; what is left then is new.
const MOST_PAIRS: usize = 1 << 20;

/// The lines of an audit and those of a baseline, and which stands for which.
struct Places<'a> {
    lines: &'a BTreeMap<String, Line>,
    /// What is found at each line of the audit.
    found: BTreeMap<&'a str, Vec<(&'a Finding, &'a Reached)>>,
    /// The known lines of each place.
    by_place: BTreeMap<&'a str, Vec<&'a str>>,
    /// By known line, the line of the audit that stands for it.
    taken: BTreeMap<&'a str, &'a str>,
    pairs: usize,
}

/// For each line of an audit that stands for another one of the baseline what that one is known as. As many as possible are
/// not worse than what they stand for.
pub(super) fn moved(
    lines: &BTreeMap<String, Line>,
    findings: &[Finding],
    reached: &[Reached],
) -> BTreeMap<String, String> {
    let mut places =
        Places { lines, found: BTreeMap::new(), by_place: BTreeMap::new(), taken: BTreeMap::new(), pairs: 0 };
    for (finding, reached) in findings.iter().zip(reached).filter(|(finding, _)| finding.is_open()) {
        places.found.entry(&finding.known_as).or_default().push((finding, reached));
    }
    for (id, line) in lines {
        if let Some(place) = &line.file_id {
            places.by_place.entry(place).or_default().push(id);
        }
    }
    let all: Vec<&str> = places.found.keys().copied().collect();
    let (as_they_were, others): (Vec<&str>, Vec<&str>) = all.into_iter().partition(|id| places.fits(id, id));
    places.taken = as_they_were.iter().map(|id| (*id, *id)).collect();
    // What is in the baseline goes first: it must not lose its own line to one that is not.
    let (known, new): (Vec<&str>, Vec<&str>) = others.into_iter().partition(|id| lines.contains_key(*id));
    let mut moved = BTreeMap::new();
    for id in known.into_iter().chain(new) {
        if !places.settle(id, &mut BTreeSet::new())
            && let Some(old) = places.written_down(id)
        {
            moved.insert(id.to_owned(), old.to_owned());
        }
    }
    let settled = places.taken.iter().filter(|(old, new)| old != new);
    moved.extend(settled.map(|(old, new)| ((*new).to_owned(), (*old).to_owned())));
    moved
}

impl<'a> Places<'a> {
    /// Finds a known line for one of the audit, and other ones for those that have to give way. `tried`: known lines that were
    /// looked at already.
    fn settle(&mut self, id: &'a str, tried: &mut BTreeSet<&'a str>) -> bool {
        // From the line that is looked for back to the first one, each with the known line that it would take.
        let mut way: Vec<(&'a str, Vec<&'a str>)> = vec![(id, self.candidates(id))];
        while let Some((line, candidates)) = way.last_mut() {
            let line = *line;
            let Some(old) = candidates.pop() else {
                way.pop();
                continue;
            };
            if !tried.insert(old) || !self.fits(line, old) {
                continue;
            }
            candidates.push(old);
            match self.taken.get(old) {
                Some(holder) => way.push((holder, self.candidates(holder))),
                None => {
                    for (line, candidates) in way {
                        self.taken.extend(candidates.last().map(|old| (*old, line)));
                    }
                    return true;
                }
            }
        }
        false
    }

    /// The known lines whose place one of the audit may take. What is not known itself takes only the place
    /// of one that is gone.
    fn candidates(&self, id: &str) -> Vec<&'a str> {
        let is_known = self.lines.contains_key(id);
        let is_gone = |old: &&str| !self.found.contains_key(*old);
        self.of_place(id, 0).filter(|old| is_known || is_gone(old)).collect()
    }

    /// The known lines of one of the places of a line.
    fn of_place(&self, id: &str, number: usize) -> impl Iterator<Item = &'a str> + use<'a> {
        let finding = self.found.get(id).and_then(|found| found.first()).map(|(finding, _)| *finding);
        let place = finding.and_then(|finding| finding.places.get(number));
        let lines = place.and_then(|place| self.by_place.get(place.as_str())).cloned().unwrap_or_default();
        lines.into_iter()
    }

    /// What was known of the endpoints for which no line decided, where a line decides now. Several lines may, for one default.
    fn written_down(&mut self, id: &str) -> Option<&'a str> {
        let mut gone =
            self.of_place(id, 1).filter(|old| !self.found.contains_key(*old)).collect::<Vec<_>>().into_iter();
        gone.find(|old| self.fits(id, old))
    }

    /// Is nothing that is found at a line worse than what is known of another one?
    fn fits(&mut self, id: &str, old: &str) -> bool {
        self.pairs += 1;
        let Some(line) = self.lines.get(old).filter(|_| self.pairs <= MOST_PAIRS) else { return false };
        let found = self.found.get(id);
        found.is_some_and(|found| found.iter().all(|(one, reached)| worse(&line.known, one, reached).is_none()))
    }
}
