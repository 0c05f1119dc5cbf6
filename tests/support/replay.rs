//! The truth cases on the servers that are installed here.

use super::answers::{self, Loaded, compare};
use super::case::{self, Case, Expected};
use super::handshake::{Got, Seen, knock};
use super::server::{Server, check};
use super::site::Software;
use super::staged::Staged;
use super::{crew, network, proxy_protocol};
use std::fmt::Write as _;
use tlsmend::release::Release;
use tlsmend::services::service::Destination;
use tlsmend::tls::{Version, VersionSet};

/// The cases to run here.
pub struct Cases {
    pub cases: Vec<Case>,
    /// Were they observed on what is installed here? Else their expectations are those of another version.
    pub observed: bool,
}

impl Cases {
    /// Those of a folder that were observed on the installed version; where there are none, each configuration once.
    pub fn of(folder: &str, software: Software) -> Cases {
        let release = software.release();
        let library = software.library().release;
        let line = |release: Release| (release.numbers[0], release.numbers[1]);
        let here = |case: &Case| {
            let observed = match software {
                Software::Nginx => case.observed.nginx.as_deref(),
                Software::Apache => case.observed.apache.as_deref(),
            };
            observed.and_then(Release::parse) == Some(release)
                && Release::parse(&case.observed.openssl).map(line) == library.map(line)
        };
        let (mut cases, others): (Vec<Case>, Vec<Case>) = case::all(folder).into_iter().partition(here);
        let observed = !cases.is_empty();
        if !observed {
            cases = others.into_iter().filter(|case| !case.name.contains("--")).collect();
        }
        if !network::can_be_made() {
            // Ports below 1024 are root's.
            cases.retain(|case| case.endpoints.iter().all(|e| !is_privileged(e)));
        }
        Cases { cases, observed }
    }
}

fn is_privileged(expected: &Expected) -> bool {
    expected.listen.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).is_some_and(|port| port < 1024)
}

/// What came of a replay.
#[derive(Default)]
pub struct Outcome {
    pub cases: usize,
    pub contacts: usize,
    pub refused: usize,
    pub complaints: String,
}

impl Outcome {
    fn complain(&mut self, case: &Case, text: &str) {
        let _ = writeln!(self.complaints, "{} ({}):\n  {text}", case.name, case.why);
    }
}

/// Replays cases: is the configuration valid, and what does a client get?
pub fn replay(cases: &Cases) -> Outcome {
    let mut sum = Outcome::default();
    for one in crew::all(&cases.cases, |case| one(case, cases.observed)) {
        sum.cases += 1;
        sum.contacts += one.contacts;
        sum.refused += one.refused;
        sum.complaints += &one.complaints;
    }
    sum
}

fn one(case: &Case, observed: bool) -> Outcome {
    let mut outcome = Outcome::default();
    let staged = Staged::of(case);
    let checked = check(&staged.site);
    let mut said = checked.output;
    let mut valid = checked.accepts;
    // Options may hold directives, which the instance alone does not show.
    let loaded = case.args.is_empty().then(|| answers::load(&staged.site));
    let starts =
        case.start_fails || case.stage.as_deref() == Some("startup") || case.endpoints.iter().any(|e| !is_quic(e));
    if valid && starts {
        match Server::start(&staged.site, &targets(case, &staged, observed)) {
            Ok(_running) => knock_everywhere(case, observed, &staged, loaded.as_ref(), &mut outcome),
            Err(error) => {
                valid = false;
                said += &error;
            }
        }
    }
    let said = staged.with_placeholders(&said);
    if observed {
        let checks = case.valid || case.stage.as_deref() == Some("startup");
        if valid != case.works() || checked.accepts != checks {
            outcome.complain(case, &format!("wanted valid {}, but: {said}", case.works()));
        }
        let fragments = case.error.iter().filter(|_| !case.works()).flat_map(case::Fragments::iter);
        for missing in fragments.filter(|fragment| !said.contains(fragment)) {
            outcome.complain(case, &format!("wanted {missing:?}, but it says {said}"));
        }
    }
    if let Some(loaded) = &loaded {
        if !valid && !loaded.has_doubts() {
            outcome.complain(case, &format!("is not valid, and that was not seen: {said}"));
        }
        if valid && starts && !loaded.resolved.instance().problems.is_empty() {
            outcome.complain(case, &format!("is valid, but:\n{}", loaded.problems()));
        }
    }
    outcome.refused = usize::from(!valid);
    outcome
}

fn is_quic(expected: &Expected) -> bool {
    expected.transport.as_deref() == Some("quic")
}

/// Where the server has to listen. Of another version that is not known.
fn targets(case: &Case, staged: &Staged, observed: bool) -> Vec<Destination> {
    let open = case.endpoints.iter().filter(|e| observed && !is_quic(e) && e.speaks() != Some("refused"));
    open.map(|e| staged.contact(e).target).collect()
}

fn knock_everywhere(case: &Case, observed: bool, staged: &Staged, loaded: Option<&Loaded>, outcome: &mut Outcome) {
    for expected in case.endpoints.iter().filter(|e| !is_quic(e)) {
        let contact = staged.contact(expected);
        let seen = if expected.proxy_protocol { proxy_protocol::through(&contact, knock) } else { knock(&contact) };
        outcome.contacts += 1;
        if observed && let Some(text) = difference(expected, seen) {
            outcome.complain(case, &text);
        }
        let Some(Loaded { sources, resolved }) = loaded else { continue };
        if let Err(text) = compare(resolved.ask(&contact.question()).as_ref(), sources, &contact, seen) {
            outcome.complain(case, &text);
        }
    }
}

/// How what was seen differs from what the case says.
fn difference(expected: &Expected, seen: Seen) -> Option<String> {
    let accepts: VersionSet =
        expected.accepts.iter().map(|name| Version::from_name(name.as_bytes()).expect("a version")).collect();
    let speaks = match seen.got {
        Got::Tls => Some("tls"),
        Got::Plaintext => Some("plaintext"),
        Got::Refused => Some("refused"),
        Got::Nothing => None,
    };
    let fits =
        accepts == seen.versions && (speaks.is_none() || expected.speaks().is_none() || speaks == expected.speaks());
    (!fits).then(|| format!("{} sni {:?}: wanted {accepts}, got {seen:?}", expected.listen, expected.sni))
}
