//! openssl.cnf, with the files that it includes.

use super::input::Input;
use std::collections::BTreeMap;
use std::path::Path;
use tlsmend::openssl::cnf::{self, Circumstances, Environment, Reading, Side};
use tlsmend::openssl::{Keys, Library};
use tlsmend::release::Release;
use tlsmend::tls::VersionSet;

const MAIN: &str = "/etc/ssl/openssl.cnf";

pub fn run(bytes: &[u8]) {
    let printed: Vec<u8> = cnf::split(bytes).iter().flat_map(|line| bytes[line.span.clone()].to_vec()).collect();
    assert_eq!(printed, bytes, "the lines are the whole file");
    let input = Input::read(bytes, MAIN);
    let system = input.host();
    let variables = BTreeMap::from([("HOME".to_owned(), "/root".to_owned())]);
    for (names, side) in [(&["openssl_conf"][..], Side::Client), (&["nginx", "openssl_conf"], Side::Any)] {
        for release in [Release::new(1, 1, 1), Release::new(3, 0, 17), Release::new(3, 5, 0)] {
            let environment = Environment::Whole(&variables);
            let circumstances = Circumstances {
                release: Some(release),
                names,
                environment,
                folder: Some(Path::new("/srv")),
                side,
                modules: None,
                is_red_hat: Some(false),
            };
            let read = Reading::of(&system, Path::new(MAIN), &circumstances);
            assert_eq!(read, Reading::of(&system, Path::new(MAIN), &circumstances));
            let problems = read.problems();
            assert!(problems.iter().all(|problem| !problem.is_empty()), "a problem without words");
            let level = Some(1);
            explained(&Library { release: Some(release), level, system: read.default, ..Library::unknown() });
        }
    }
}

/// What a library does not accept has a reason, and what it accepts is what was enabled.
fn explained(library: &Library) {
    for ciphers in [None, library.system.cipher_string.as_deref()] {
        let suites = library.system.ciphersuites.as_deref();
        if let Some(accepted) = library.accepts(VersionSet::TLS, ciphers, suites, Keys::ANY) {
            assert!(accepted.is_subset(VersionSet::TLS), "more than was enabled");
            let reasons = library.why(VersionSet::TLS, ciphers, suites, Keys::ANY);
            assert_eq!(accepted == VersionSet::TLS, reasons.is_empty(), "{accepted:?} because of {reasons:?}");
        }
    }
}
