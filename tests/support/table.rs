//! Holds answers against what real servers did.

use super::case::{Case, Expected};
use std::fmt::Write as _;
use std::net::IpAddr;
use tlsmend::endpoint::{Answer, Transport};
use tlsmend::services::service::{Destination, Question, Resolved, Response, Service, World};
use tlsmend::source::SourceMap;
use tlsmend::system::System;
use tlsmend::tls::VersionSet;

/// A case, loaded.
pub struct Loaded {
    pub sources: SourceMap,
    pub resolved: Box<dyn Resolved>,
}

/// Loads a case, seen through `system` (the case's own, or an overlay of it).
pub fn load(case: &Case, service: &dyn Service, system: &dyn System) -> Loaded {
    let facts = case.facts();
    let world = World { system, facts: &facts };
    let mut sources = SourceMap::default();
    let resolved = service.load(&case.main_file(), world, &mut sources);
    Loaded { sources, resolved }
}

/// `127.0.0.1:443`, `[::1]:443`, `unix:/run/x`.
pub fn target(listen: &str) -> Destination {
    if let Some(path) = listen.strip_prefix("unix:") {
        return Destination::Unix(path.to_owned());
    }
    let (host, port) = listen.rsplit_once(':').expect("an address and a port");
    let ip: IpAddr = host.trim_matches(['[', ']']).parse().expect("an address");
    Destination::Ip(ip, port.parse().expect("a port"))
}

/// What is asked for one expectation.
pub fn question(case: &Case, expected: &Expected) -> Question {
    let transport = if expected.transport.as_deref() == Some("quic") { Transport::Quic } else { Transport::Stream };
    Question { target: target(&case.fill(&expected.listen)), transport, sni: expected.sni.clone() }
}

/// How an answer differs from what was observed; `None`: it does not.
pub fn difference(case: &Case, expected: &Expected, loaded: &Loaded) -> Option<String> {
    let response = loaded.resolved.ask(&question(case, expected));
    let names = |set: VersionSet| set.iter().map(|v| v.name().to_owned()).collect::<Vec<_>>();
    let (speaks, configured, effective) = match &response {
        None => ("refused", Vec::new(), Some(Vec::new())),
        Some(Response { answer, .. }) => {
            (answer.speaks.name(), names(answer.configured.value), answer.effective.map(names))
        }
    };
    let unknown = response.as_ref().is_some_and(|r| !r.answer.unknown.is_empty());
    let agrees = if unknown {
        // What is not known has to leave room for what happened.
        expected.accepts.iter().all(|v| configured.contains(v))
    } else {
        // Cases say `configured` only where it is not what is accepted, and not all of those do.
        expected.speaks().is_none_or(|e| e == speaks)
            && effective.as_ref().is_none_or(|e| *e == expected.accepts)
            && expected.configured.as_ref().is_none_or(|c| *c == configured)
            && (effective.is_some() || configured == expected.configured())
    };
    if agrees {
        return None;
    }
    let mut text = format!(
        "{}: {} sni {:?}: expected {:?} {:?} (accepts {:?}), got {speaks} {configured:?} (effective {effective:?})\n    {}\n",
        case.name,
        expected.listen,
        expected.sni,
        expected.speaks(),
        expected.configured(),
        expected.accepts,
        case.why,
    );
    if let Some(response) = &response {
        text += &because(&response.answer, &loaded.sources);
    }
    for problem in &loaded.resolved.instance().problems {
        let _ = writeln!(text, "    problem {}", problem.message);
    }
    Some(text)
}

/// Why an answer is what it is, a line for each step.
pub fn because(answer: &Answer, sources: &SourceMap) -> String {
    let mut text = String::new();
    for reason in &answer.configured.because {
        let place = reason.span.map_or_else(String::new, |span| {
            let at = sources.line_column(span);
            let text = String::from_utf8_lossy(sources.text(span)).into_owned();
            format!(" {}:{} {text:.60}", sources.file(span.file).path().display(), at.line)
        });
        let _ = writeln!(text, "    because {}: {}{place}", reason.kind.name(), reason.note);
    }
    text
}

/// What a folder of cases gives.
#[derive(Default)]
pub struct Score {
    pub endpoints: usize,
    pub agree: usize,
    pub invalid: usize,
    pub noticed: usize,
    pub complaints: Vec<String>,
}

/// Runs all cases of a folder.
pub fn run(folder: &str, service: &dyn Service) -> Score {
    let mut score = Score::default();
    for case in super::case::all(folder) {
        let system = case.system();
        let loaded = load(&case, service, &system);
        let instance = loaded.resolved.instance();
        if case.works() {
            // Of a configuration that only its checker accepts there are no endpoints.
            let problems = instance.problems.iter().filter(|_| !case.endpoints.is_empty());
            for problem in problems {
                let at = problem.span.map(|s| loaded.sources.line_column(s));
                score.complaints.push(format!("{}: valid, but: {} {at:?}\n", case.name, problem.message));
            }
            for expected in &case.endpoints {
                score.endpoints += 1;
                match difference(&case, expected, &loaded) {
                    None => score.agree += 1,
                    Some(text) => score.complaints.push(text),
                }
            }
        } else {
            score.invalid += 1;
            let undecided = instance.endpoints.iter().any(|e| !e.answer.unknown.is_empty());
            if instance.problems.is_empty() && instance.unknown.is_empty() && !undecided {
                score.complaints.push(format!("{}: not valid, but nothing is said: {}\n", case.name, case.why));
            } else {
                score.noticed += 1;
            }
        }
    }
    score
}
