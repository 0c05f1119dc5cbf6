//! Addresses that keep everybody waiting: their other names are not waited for, one after the other.

use super::asking::{is_silent, is_slow};
use super::promise::{Left, Promise};
use crate::probe::Scan;
use crate::probe::name::Name;
use crate::probe::place::Place;
use std::collections::BTreeMap;
use std::time::Duration;

/// An endpoint that takes longer keeps others waiting, whatever it answers.
const LONG: Duration = Duration::from_secs(2);
/// So long may such endpoints of one address take,
const PATIENCE: Duration = Duration::from_secs(30);
/// and those of all addresses.
const PATIENCE_WITH_ALL: Duration = Duration::from_secs(600);

/// The time that such endpoints took, by their address.
#[derive(Default)]
pub(super) struct Slow {
    taken: BTreeMap<Place, Taken>,
    in_all: Duration,
}

#[derive(Default)]
struct Taken {
    time: Duration,
    is_silent: bool,
}

/// How an endpoint answered.
pub(super) struct Asked<'a> {
    pub scan: &'a Scan,
    /// Its answers stayed the same.
    pub is_steady: bool,
    /// How long it took, beyond what the user wants to wait.
    pub took: Duration,
}

impl Slow {
    /// An endpoint was asked.
    pub(super) fn saw(&mut self, place: &Place, asked: &Asked<'_>) {
        let is_quick = asked.is_steady && asked.took < LONG && !is_slow(asked.scan);
        if is_quick {
            return;
        }
        let taken = self.taken.entry(place.clone()).or_default();
        taken.time = taken.time.saturating_add(asked.took);
        // The next name would meet the same silence.
        taken.is_silent |= is_silent(asked.scan);
        self.in_all = self.in_all.saturating_add(asked.took);
    }

    /// Why an address is not asked any more.
    pub(super) fn why_out(&self, place: &Place) -> Option<String> {
        let taken = self.taken.get(place);
        if taken.is_some_and(|taken| taken.is_silent) {
            return Some("the address did not answer in time".to_owned());
        }
        let seconds = PATIENCE.as_secs();
        if taken.is_some_and(|taken| taken.time >= PATIENCE) {
            return Some(format!(
                "other names at the address took {seconds} seconds, by slow answers or answers that changed"
            ));
        }
        let minutes = PATIENCE_WITH_ALL.as_secs() / 60;
        let is_too_long = self.in_all >= PATIENCE_WITH_ALL;
        is_too_long.then(|| format!("slow addresses took {minutes} minutes already"))
    }

    /// A promise that is not verified because of that.
    pub(super) fn left(promise: &Promise, why: String) -> Left {
        let name = promise.target.name.as_ref().map_or("(no name)", Name::as_str);
        Left {
            what: format!("{}, {name}", promise.target.place),
            why,
            help: None,
            by_design: false,
            main: Some(promise.main.clone()),
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

    fn place(port: u16) -> Place {
        Place::Ip(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    #[test]
    fn how_long_an_address_is_asked() {
        let silent = || Verdict::Inconclusive(Reason::Timeout);
        let after = |asked: &[(Scan, bool, u64)]| {
            let mut slow = Slow::default();
            for (scan, is_steady, took) in asked {
                let (is_steady, took) = (*is_steady, Duration::from_millis(*took));
                slow.saw(&place(443), &Asked { scan, is_steady, took });
            }
            assert_eq!(slow.why_out(&place(444)), None);
            slow.why_out(&place(443))
        };
        let said = after(&[(scan([silent(), silent()]), true, 10_000)]);
        assert!(said.is_some_and(|why| why.contains("did not answer")), "one that says nothing is enough");
        let half = || (scan([Verdict::Accepted, silent()]), true, 10_000);
        let whole =
            |is_steady, took| (scan([Verdict::Accepted, Verdict::Rejected(Reason::Alert(70))]), is_steady, took);
        assert_eq!(after(&[half(), half(), whole(true, 100), whole(true, 1_900)]), None);
        assert!(after(&[half(), half(), half()]).is_some());
        // Quick answers that change from one handshake to the next, and answers that are all there and come slowly.
        assert!(after(&[0; 6].map(|_| whole(false, 5_200))).is_some());
        assert!(after(&[0; 6].map(|_| whole(true, 9_000))).is_some());
        assert_eq!(after(&[0; 1000].map(|_| whole(true, 1_000))), None, "many names are not slow ones");
    }

    #[test]
    fn many_slow_addresses_end_it_all() {
        let mut slow = Slow::default();
        let scan = scan([Verdict::Accepted, Verdict::Accepted]);
        for port in 0..60 {
            assert_eq!(slow.why_out(&place(1)), None);
            slow.saw(&place(2 + port), &Asked { scan: &scan, is_steady: false, took: Duration::from_secs(10) });
        }
        assert!(slow.why_out(&place(1)).is_some_and(|why| why.contains("10 minutes")));
    }
}
