//! Hosts made up by chance, each held against the real server, as it is and with its plan applied.

use super::answers::{self, Sure, compare};
use super::crew;
use super::handshake::{Contact, Seen, knock};
use super::mended::Planned;
use super::random::Random;
use super::server::{Server, check};
use super::site::{Site, Software};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::catch_unwind;

/// Fills a site and names the clients that ask it.
pub type Generator = fn(&mut Random, &mut Site) -> Vec<Contact>;

/// What came of all hosts.
#[derive(Default)]
pub struct Tally {
    pub hosts: usize,
    /// Hosts that the server does not start with.
    pub refused: usize,
    /// Answers that equal what was seen.
    pub exact: usize,
    /// Answers that leave it open.
    pub vague: usize,
    /// Hosts that the plan changes.
    pub changed: usize,
    /// Clients that comply afterwards, by handshake.
    pub comply: usize,
    /// Why others do not.
    pub left: BTreeMap<String, usize>,
    /// Hosts with complaints.
    pub wrong: usize,
    pub complaints: String,
}

/// A number from the environment.
fn number(name: &str, otherwise: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Makes and tries hosts; `TLSMEND_SEED` and `TLSMEND_HOSTS` say which and how many.
pub fn run(software: Software, generator: Generator) -> Tally {
    let seed = number("TLSMEND_SEED", 1);
    let hosts = number("TLSMEND_HOSTS", 300);
    let seeds: Vec<u64> = (seed..seed + hosts).collect();
    let mut sum = Tally::default();
    let caught = |seed: &u64| {
        catch_unwind(|| one(software, generator, *seed))
            .unwrap_or_else(|_| Tally { complaints: "panics, as said above\n".to_owned(), ..Tally::default() })
    };
    for (seed, one) in seeds.iter().zip(crew::all(&seeds, caught)) {
        sum.hosts += 1;
        sum.refused += one.refused;
        sum.exact += one.exact;
        sum.vague += one.vague;
        sum.changed += one.changed;
        sum.comply += one.comply;
        for (reason, count) in one.left {
            *sum.left.entry(reason).or_default() += count;
        }
        if !one.complaints.is_empty() {
            sum.wrong += 1;
            let _ = writeln!(sum.complaints, "== TLSMEND_SEED={seed} TLSMEND_HOSTS=1\n{}", one.complaints);
        }
    }
    sum
}

fn one(software: Software, generator: Generator, seed: u64) -> Tally {
    let mut tally = Tally::default();
    let mut site = Site::new(software);
    let contacts = generator(&mut Random::new(seed), &mut site);
    let loaded = answers::load(&site);
    let checked = check(&site);
    let started = if checked.accepts { Server::start(&site, &[]) } else { Err(checked.output) };
    let running = match started {
        Ok(running) => running,
        Err(error) => {
            tally.refused = 1;
            if !loaded.has_doubts() {
                let _ = write!(tally.complaints, "is not valid, and that was not seen: {error}\n{}", site.show());
            }
            return tally;
        }
    };
    let problems = loaded.problems();
    if !problems.is_empty() {
        let _ = write!(tally.complaints, "is valid, but:\n{problems}");
    }
    let before: Vec<(Contact, Seen)> = contacts.into_iter().map(|c| (c.clone(), knock(&c))).collect();
    drop(running);
    for (contact, seen) in &before {
        let response = loaded.resolved.ask(&contact.question());
        match compare(response.as_ref(), &loaded.sources, contact, *seen) {
            Ok(Sure::Exact) => tally.exact += 1,
            Ok(Sure::Vague) => tally.vague += 1,
            Err(text) => tally.complaints += &text,
        }
    }
    if !tally.complaints.is_empty() {
        tally.complaints += &site.show();
        return tally;
    }
    let original = site.show();
    let planned = Planned::of(&site);
    if planned.plan.contents.is_empty() {
        return tally;
    }
    let mended = planned.apply(&site, &before);
    tally.changed = 1;
    tally.comply = mended.comply;
    tally.left = mended.left.into_iter().map(|reason| (reason, 1)).collect();
    if !mended.complaints.is_empty() {
        let _ = write!(tally.complaints, "the plan:\n{}\n== before the patch\n{original}", mended.complaints);
    }
    tally
}

impl Tally {
    pub fn summary(&self) -> String {
        let Tally { hosts, refused, exact, vague, changed, comply, left, wrong, .. } = self;
        format!(
            "{hosts} hosts, {wrong} of them wrong; {refused} refused by the server; {exact} answers exact, {vague} vague; \
             {changed} hosts patched, {comply} clients comply afterwards; left: {left:#?}"
        )
    }
}
