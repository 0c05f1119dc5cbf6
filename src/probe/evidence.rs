//! What a server chose and refused, whatever was asked: evidence about versions and orders beside the answers to single
//! questions, and what shows that not all answers come from the same server.

use super::classify::{Hit, Said};
use super::order::Order;
use super::session::Offer;
use super::suites::is_chacha;
use crate::tls::Version;
use std::collections::{BTreeMap, BTreeSet};

/// How a hello is made, but for its suites: version, size, name. Those of another form may rightly get another answer.
type Form = (Version, bool, bool);

/// All that is known of an endpoint's choices.
#[derive(Default)]
pub(super) struct Evidence {
    /// The versions that were chosen, each with its first suite.
    versions: BTreeMap<Version, Hit>,
    /// What was offered, and what was chosen of it.
    choices: BTreeMap<Version, Vec<(Vec<u16>, u16)>>,
    taken: BTreeMap<Form, BTreeSet<u16>>,
    /// The suites of hellos whose version was refused, whatever the suites.
    barred: BTreeMap<Form, BTreeSet<u16>>,
    /// Was any of these suites chosen? (With compression offered, or not.)
    answers: BTreeMap<(Form, bool, Vec<u16>), bool>,
    /// Versions that were chosen at one time and refused at another, though nothing else was asked.
    torn: BTreeSet<Version>,
}

impl Evidence {
    /// Notes an answer.
    pub(super) fn note(&mut self, offer: &Offer<'_>, said: &Said) {
        let form = (offer.version, offer.plain, offer.named);
        match said {
            Said::Chosen(hit) => {
                self.versions.entry(offer.version).or_insert_with(|| hit.clone());
                self.choices.entry(offer.version).or_default().push((offer.suites.to_vec(), hit.suite));
                self.taken.entry(form).or_default().insert(hit.suite);
                self.compare(form, offer, true);
                if self.barred.get(&form).is_some_and(|suites| suites.contains(&hit.suite)) {
                    self.torn.insert(offer.version);
                }
            }
            Said::Lower(version, hit) => {
                if let Some(hit) = hit {
                    self.versions.entry(*version).or_insert_with(|| hit.clone());
                }
                self.bar(form, offer);
            }
            Said::No(_) => self.bar(form, offer),
            // With other suites, a server may choose one that it can't use.
            Said::NoneOfThese(_) => self.compare(form, offer, false),
            Said::Ssl2(_) | Said::Odd(_) => {}
        }
    }

    /// Did the very same question get another answer before?
    fn compare(&mut self, form: Form, offer: &Offer<'_>, is_chosen: bool) {
        let before = self.answers.insert((form, offer.compression, offer.suites.to_vec()), is_chosen);
        if before.is_some_and(|before| before != is_chosen) {
            self.torn.insert(offer.version);
        }
    }

    fn bar(&mut self, form: Form, offer: &Offer<'_>) {
        self.barred.entry(form).or_default().extend(offer.suites);
        if self.taken.get(&form).is_some_and(|taken| offer.suites.iter().any(|id| taken.contains(id))) {
            self.torn.insert(offer.version);
        }
    }

    /// The suite with which a version was chosen, in whatever hello.
    pub(super) fn of(&self, version: Version) -> Option<&Hit> {
        self.versions.get(&version)
    }

    /// Was any version chosen?
    pub(super) fn has_any(&self) -> bool {
        !self.versions.is_empty()
    }

    /// Do the answers about a version contradict each other?
    pub(super) fn is_torn(&self, version: Version) -> bool {
        self.torn.contains(&version)
    }

    /// Can all choices of a version be explained by that order? `suites`: all that the server has.
    pub(super) fn fits(&self, order: Order, version: Version, suites: &[u16]) -> bool {
        let Some(choices) = self.choices.get(&version) else { return true };
        let known: BTreeSet<u16> = suites.iter().copied().collect();
        let mut better: BTreeSet<(u16, u16)> = BTreeSet::new();
        choices.iter().filter(|(offered, chosen)| !is_for_chacha(offered, *chosen)).all(|(offered, chosen)| {
            let mut others = offered.iter().filter(|id| known.contains(id));
            match order {
                Order::Client => others.next().is_none_or(|first| first == chosen),
                Order::Server => others.filter(|id| *id != chosen).all(|other| {
                    better.insert((*chosen, *other));
                    !better.contains(&(*other, *chosen))
                }),
            }
        })
    }
}

/// Servers with an order of their own may follow the client in that alone.
fn is_for_chacha(offered: &[u16], chosen: u16) -> bool {
    is_chacha(chosen) && offered.first().is_some_and(|first| is_chacha(*first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::reason::Reason;

    fn hit(suite: u16) -> Hit {
        Hit { suite, key: None, compression: 0 }
    }

    fn offer(version: Version, suites: &[u16]) -> Offer<'_> {
        Offer { version, suites, compression: false, plain: false, named: true }
    }

    #[test]
    fn an_order_explains_all_choices_or_is_none() {
        let of = |choices: &[(&[u16], u16)]| {
            let mut evidence = Evidence::default();
            for (offered, chosen) in choices {
                evidence.note(&offer(Version::Tls1_2, offered), &Said::Chosen(hit(*chosen)));
            }
            [Order::Client, Order::Server].map(|order| evidence.fits(order, Version::Tls1_2, &[0x2f, 0x35, 0x9c]))
        };
        assert_eq!(of(&[(&[0x9c, 0x35, 0x2f], 0x35), (&[0x2f, 0x35, 0x9c], 0x35)]), [false, true]);
        // What the server does not have does not count.
        assert_eq!(of(&[(&[0x0a, 0x9c, 0x35], 0x9c), (&[0x35, 0x9c], 0x35)]), [true, false]);
        assert_eq!(of(&[(&[0x9c, 0x35], 0x35), (&[0x35, 0x9c], 0x9c)]), [false, false]);
        assert_eq!(of(&[(&[0x9c, 0x35], 0x9c)]), [true, true]);
    }

    #[test]
    fn a_version_that_is_chosen_and_refused_is_torn() {
        let refusals = [Said::No(Reason::Alert(70)), Said::NoneOfThese(40)];
        for (chosen_first, refusal) in
            [true, false].into_iter().flat_map(|first| refusals.clone().map(|no| (first, no)))
        {
            let mut evidence = Evidence::default();
            let hello = offer(Version::Tls1, &[0x2f, 0x35]);
            let mut answers = [Said::Chosen(hit(0x2f)), refusal];
            if !chosen_first {
                answers.reverse();
            }
            for said in &answers {
                assert!(!evidence.is_torn(Version::Tls1));
                evidence.note(&hello, said);
            }
            assert!(evidence.is_torn(Version::Tls1));
        }
        // Refused with other suites, or in a hello of another form, it is not.
        let mut evidence = Evidence::default();
        evidence.note(&offer(Version::Tls1, &[0x2f]), &Said::Chosen(hit(0x2f)));
        evidence.note(&offer(Version::Tls1, &[0x35]), &Said::No(Reason::Alert(70)));
        evidence.note(&Offer { plain: true, ..offer(Version::Tls1, &[0x2f]) }, &Said::No(Reason::Alert(70)));
        evidence.note(&offer(Version::Tls1, &[0x2f, 0x35]), &Said::NoneOfThese(40));
        assert!(!evidence.is_torn(Version::Tls1));
    }

    #[test]
    fn what_is_chosen_instead_is_known_too() {
        let mut evidence = Evidence::default();
        evidence.note(&offer(Version::Tls1_2, &[0x2f]), &Said::Lower(Version::Tls1, Some(hit(0x2f))));
        evidence.note(&offer(Version::Tls1_2, &[0x2f]), &Said::Lower(Version::Ssl3, None));
        assert_eq!(evidence.of(Version::Tls1), Some(&hit(0x2f)));
        assert_eq!(evidence.of(Version::Ssl3), None);
    }
}
