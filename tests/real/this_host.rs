//! Holds the facts about this machine against what its programs say of themselves.

use crate::support::needs;
use std::path::Path;
use std::process::Command;
use tlsmend::host::{Facts, Given, gather};
use tlsmend::release::Release;
use tlsmend::services::{self, apache, nginx};
use tlsmend::system::OsSystem;

fn facts() -> Facts {
    let system = OsSystem::new(Path::new("/"), Vec::new()).expect("a root");
    gather(&system, &Given::default(), &services::products())
}

/// What a program prints when asked for its version; `None`: it is not there, which is said.
fn says(program: &str, argument: &str) -> Option<String> {
    if !needs::has(&[program]) {
        return None;
    }
    let output = Command::new(program).arg(argument).output().expect("it is there");
    Some(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

fn release_after(text: &str, prefix: &str) -> Release {
    let rest = text.split(prefix).nth(1).expect("a version");
    Release::parse(rest).expect("a version number")
}

#[test]
fn nginx_is_what_it_says() {
    let Some(text) = says("/usr/sbin/nginx", "-V") else { return };
    let facts = facts();
    let nginx = facts.of(nginx::ID);
    assert_eq!(nginx.release.value, Some(release_after(&text, "nginx/")));
    let prefix = if text.contains("running with OpenSSL") { "running with OpenSSL " } else { "built with OpenSSL " };
    assert_eq!(nginx.library.release, Some(release_after(&text, prefix)));
}

#[test]
fn apache_is_what_it_says() {
    let Some(text) = says("/usr/sbin/apache2", "-v") else { return };
    assert_eq!(facts().of(apache::ID).release.value, Some(release_after(&text, "Apache/")));
}

#[test]
fn openssl_was_built_as_it_says() {
    let Some(text) = says("/usr/bin/openssl", "version") else { return };
    let built = Command::new("/usr/bin/openssl").args(["version", "-f"]).output().expect("it was there");
    let flags = String::from_utf8_lossy(&built.stdout).into_owned();
    let level = flags.split("-DOPENSSL_TLS_SECURITY_LEVEL=").nth(1).and_then(|t| t[..1].parse().ok());
    let facts = facts();
    let library = &facts.of(apache::ID).library;
    assert_eq!(library.release, Some(release_after(&text, "OpenSSL ")));
    if level.is_some() {
        assert_eq!(library.level, level);
    }
}
