//! The files that facts come from: programs and libraries, units, package databases, shell fragments, processes.

use super::input::Input;
use super::{printable, reports};
use std::path::Path;
use std::time::{Duration, SystemTime};
use tlsmend::host::{self, Facts, Given, Product, Sockets};
use tlsmend::report::facts::{FactsView, Known, Server, Sourced, Variable};
use tlsmend::report::secrets::Shown;
use tlsmend::report::{Outcome, facts, json};
use tlsmend::services;
use tlsmend::system::{MemorySystem, System};

pub fn run(bytes: &[u8]) {
    let input = Input::read(bytes, "/etc/os-release");
    let system = input.host();
    let (first, again) = (known(&system), known(&system));
    assert_eq!(first.0, again.0, "the same host has other facts");
    assert_eq!(first.1, again.1, "the same host is told of in other words");
    if let Some(Ok(text)) = input.aside("command").map(std::str::from_utf8) {
        command(text);
    }
}

/// All that is known of a host, and the rest as texts.
fn known(system: &MemorySystem) -> (Facts, String) {
    let facts = host::gather(system, &Given { processes: true, ..Given::default() }, &services::products());
    let mut told = format!("{:?}{:?}", host::init_system(system), host::libraries(system));
    for product in services::products() {
        told += &format!("{:?}", host::started_by(system, product));
        let named = facts.main_files.iter().filter(|file| file.service == product.id()).map(|file| file.path.as_path());
        for main in named.chain([Path::new("/etc/nginx/nginx.conf"), Path::new("/etc/apache2/apache2.conf")]) {
            told += &format!("{:?}", host::reload(system, &facts, product, main));
            told += &format!("{:?}", host::start_options(system, &facts, product, main));
        }
    }
    for file in system.walk(Path::new("/")).files {
        let bytes = system.read(&file).expect("a file");
        told += &format!("{:?}", host::managed(&facts, &file, &bytes));
    }
    told += &sockets(system);
    told += &reported(&facts);
    (facts, told)
}

fn sockets(system: &MemorySystem) -> String {
    let sockets =
        Sockets::read(system, &services::products(), SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000));
    let owners = sockets.listening().map(|address| format!("{address}{:?}", sockets.of(address)));
    owners.collect::<String>() + &format!("{:?}", sockets.own_v6())
}

/// The facts as people and programs read them.
fn reported(found: &Facts) -> String {
    let known = |text: String| Known { value: Some(text), source: String::new(), matters: String::new() };
    let start = |start: &host::Start| Sourced { value: start.text(), source: start.source.clone() };
    let variable = |(name, value): (&String, &String)| Variable { name: name.clone(), value: Some(value.clone()) };
    let shown = |product: &dyn Product| {
        let software = found.of(product.id());
        let (build, defines) = (software.build.value.as_ref(), &software.defines);
        Server {
            service: product.id().0,
            title: product.title(),
            version: known(format!("{:?}", software.release)),
            build: Known { value: build.map(|build| build.options.clone()), ..Known::default() },
            path_options: product.program().path_options,
            library: known(software.library.source.clone()),
            security_level: Known::default(),
            versions: Known::default(),
            manager: Known::default(),
            command_lines: found.starts.iter().map(start).collect(),
            main_files: Vec::new(),
            defines: product.program().options.defines.map(|_| Known {
                value: defines.value.clone(),
                source: defines.source.clone(),
                matters: String::new(),
            }),
            environment: software.environment.iter().map(variable).collect(),
        }
    };
    let view = Shown::masked(FactsView {
        distribution: Known {
            value: Some(found.distribution.clone()),
            source: found.distribution_source.clone(),
            matters: String::new(),
        },
        init: Known::default(),
        servers: services::products().into_iter().map(shown).collect(),
        libraries: Vec::new(),
        problems: found.problems.iter().map(|problem| problem.what.clone()).collect(),
        outcome: Outcome::Known,
    });
    let (mut text, mut data) = (Vec::new(), Vec::new());
    facts::text(&view, &mut text).expect("writing to memory");
    json::facts(&view, &mut data).expect("writing to memory");
    printable::hold("facts", &text);
    reports::hold("json", &data);
    String::from_utf8([text, data].concat()).expect("UTF-8")
}

/// A command line that the user gives: what it is shown as means the same.
fn command(text: &str) {
    if let Ok(line) = host::CommandLine::given(text) {
        let again = host::CommandLine::given(&line.text()).expect("a command that can be read once more");
        assert_eq!(line.text(), again.text());
    }
}
