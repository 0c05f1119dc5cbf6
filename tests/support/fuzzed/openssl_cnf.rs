//! openssl.cnf, with the files that it includes.

use super::input::Input;
use std::path::Path;
use tlsmend::openssl::{Keys, Library, SystemDefault};
use tlsmend::release::Release;
use tlsmend::tls::VersionSet;

const MAIN: &str = "/etc/ssl/openssl.cnf";

pub fn run(bytes: &[u8]) {
    let input = Input::read(bytes, MAIN);
    let system = input.host();
    for sections in [&[][..], &["nginx"]] {
        let (read, problems) = SystemDefault::read(&system, Path::new(MAIN), sections);
        let again = SystemDefault::read(&system, Path::new(MAIN), sections);
        assert_eq!((&read, &problems), (&again.0, &again.1));
        assert!(problems.iter().all(|problem| !problem.is_empty()), "a problem without words");
        for release in [Release::new(1, 1, 1), Release::new(3, 0, 17), Release::new(3, 5, 0)] {
            let library =
                Library { release: Some(release), level: Some(1), system: read.clone(), ..Library::unknown() };
            explained(&library);
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
