//! Addresses that don't answer in time: their other names are not waited for, one after the other.

use super::promise::{Left, Promise};
use super::settle::{is_silent, is_slow};
use crate::probe::Scan;
use crate::probe::name::Name;
use crate::probe::place::Place;
use std::collections::BTreeMap;
use std::time::Duration;

/// So long may the endpoints of an address take that don't answer everything.
const PATIENCE: Duration = Duration::from_secs(30);

/// The time that endpoints took which did not answer everything, by their address.
#[derive(Default)]
pub(super) struct Slow {
    taken: BTreeMap<Place, Duration>,
}

impl Slow {
    /// An endpoint was asked, for that long.
    pub(super) fn saw(&mut self, place: Place, scan: &Scan, took: Duration) {
        if is_silent(scan) {
            // The next name would meet the same silence.
            self.taken.insert(place, PATIENCE);
        } else if is_slow(scan) {
            let taken = self.taken.entry(place).or_default();
            *taken = taken.saturating_add(took);
        }
    }

    /// Is an address not to be asked any more?
    pub(super) fn is_out(&self, place: &Place) -> bool {
        self.taken.get(place).is_some_and(|taken| *taken >= PATIENCE)
    }

    /// A promise that is not verified because of that.
    pub(super) fn left(promise: &Promise) -> Left {
        let Promise { target, main, .. } = promise;
        let name = target.name.as_ref().map_or("(no name)", Name::as_str);
        Left {
            what: format!("{}, {name}", target.place),
            why: "the address did not answer in time".to_owned(),
            help: None,
            by_design: false,
            main: main.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Reason, Row, Verdict};
    use crate::tls::Version::{Tls1_2, Tls1_3};
    use std::net::SocketAddr;

    fn scan(verdicts: [Verdict; 2]) -> Scan {
        let row = |(version, verdict)| Row::bare(version, verdict);
        let rows = [Tls1_2, Tls1_3].into_iter().zip(verdicts).map(row).collect();
        Scan { rows, trouble: None, connections: 2, elapsed: Duration::ZERO }
    }

    #[test]
    fn how_long_an_address_is_asked() {
        let place = Place::Ip(SocketAddr::from(([127, 0, 0, 1], 443)));
        let silent = || Verdict::Inconclusive(Reason::Timeout);
        let after = |scans: &[Scan]| {
            let mut slow = Slow::default();
            for scan in scans {
                slow.saw(place.clone(), scan, Duration::from_secs(10));
            }
            slow.is_out(&place)
        };
        assert!(after(&[scan([silent(), silent()])]), "one that says nothing is enough");
        let half = || scan([Verdict::Accepted, silent()]);
        let whole = || scan([Verdict::Accepted, Verdict::Rejected(Reason::Alert(70))]);
        assert!(!after(&[half(), half(), whole(), whole()]));
        assert!(after(&[half(), half(), half()]));
    }
}
