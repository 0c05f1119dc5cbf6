//! The files that decide what programs offer as clients. Words before the first path are variables of their environment.

use super::input::Input;
use super::{printable, reports};
use std::sync::Arc;
use tlsmend::endpoint::Answer;
use tlsmend::host::{Assumption, Facts, Given};
use tlsmend::report::secrets::Shown;
use tlsmend::report::{Paths, Texts, WhyView, clients as table, json, why};
use tlsmend::services::{self, clients};
use tlsmend::source::SourceMap;
use tlsmend::system::MemorySystem;
use tlsmend::tls::VersionSet;

const PROGRAMS: [&str; 14] = [
    "openssl",
    "openssl-1.1.1",
    "openssl-3.6",
    "curl",
    "php-stream",
    "psql",
    "mariadb",
    "wget",
    "git",
    "apt",
    "ldapsearch",
    "java",
    "node-20",
    "posttls-finger",
];

pub fn run(bytes: &[u8]) {
    let input = Input::read(bytes, "/etc/ssl/openssl.cnf");
    let system = input.host();
    let mut given = Given::default();
    for (name, value) in input.words.iter().filter_map(|word| word.split_once('=')) {
        given.env.insert(name.to_owned(), value.to_owned());
    }
    let openssl = Assumption::parse("openssl=3.0.19", &services::products()).expect("an assumption");
    given.assume.push(openssl);
    let (answers, sources) = ask(&system, &given);
    let again = ask(&system, &given);
    assert_eq!(answers, again.0, "the same host gives other answers");
    for (name, answer) in PROGRAMS.iter().zip(&answers) {
        let (configured, effective) = (answer.configured.value, answer.effective);
        assert!(configured.is_subset(VersionSet::ALL), "{name}");
        assert!(effective.is_none_or(|effective| effective.is_subset(configured)), "{name}: more than is offered");
        assert!(effective.is_some() || !answer.unknown.is_empty(), "{name}: unknown, and nobody says why");
    }
    shown(answers, sources);
}

fn ask(system: &MemorySystem, given: &Given) -> (Vec<Answer>, SourceMap) {
    let facts = Facts::unknown();
    let asked = clients::Asked { system, facts: &facts, given };
    let mut sources = SourceMap::default();
    let programs: Vec<_> = PROGRAMS.iter().map(|name| clients::named(name).expect("a program")).collect();
    let answers = clients::ask_all(&programs, asked, &mut sources);
    (answers, sources)
}

/// Every form of the answers is harmless, and JSON is JSON.
fn shown(answers: Vec<Answer>, sources: SourceMap) {
    let (sources, open, paths) = (Shown::masked(sources), Shown::masked(Vec::new()), Paths::absolute());
    let answers: Vec<_> = answers.into_iter().map(|answer| Shown::masked(Arc::new(answer))).collect();
    let texts = Texts { sources: &sources, paths: &paths };
    let view = |(name, answer)| WhyView {
        address: name,
        sni: None,
        service: Some("clients"),
        answer: Some(answer),
        open: &open,
        texts,
    };
    let views: Vec<WhyView<'_>> = PROGRAMS.into_iter().zip(&answers).map(view).collect();
    let (mut text, mut data) = (Vec::new(), Vec::new());
    table::text(&views, &mut text).expect("writing to memory");
    for view in &views {
        why::text(view, &mut text).expect("writing to memory");
    }
    json::why_name("client:all", &views, &mut data).expect("writing to memory");
    printable::hold("why", &text);
    reports::hold("json", &data);
}
