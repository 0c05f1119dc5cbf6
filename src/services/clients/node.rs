//! Node.js, with an OpenSSL of its own: it sets both bounds itself, and takes the security level from a section of its own.

use super::ask::Versions;
use super::openssl::{self, Wanted, upstream};
use super::programs::{Bound, Program};
use super::trail::Trail;
use crate::endpoint::ReasonKind;
use crate::host::{Assumption, Given, Linked};
use crate::openssl::SystemDefault;
use crate::release::Release;
use crate::tls::{Version, VersionSet};
use std::path::Path;

/// The system's file, as builds of the project have it.
const USUAL: &str = "/etc/ssl/openssl.cnf";

/// The OpenSSL in each line of releases, as `process.versions.openssl` says it in the last one that was tried.
fn library(release: Release) -> Release {
    match release.numbers {
        [..=9, ..] => Release::new(1, 0, 2),
        [10..=16, ..] => Release { numbers: [1, 1, 1], letter: 20 },
        [17..=21, ..] => Release::new(3, 0, 16),
        [22, minor, _] if minor < 20 => Release::new(3, 0, 16),
        _ => Release::new(3, 5, 8),
    }
}

/// Options of the command line that `NODE_OPTIONS` may hold.
#[derive(Debug, Default)]
struct Options<'a> {
    min: Vec<Version>,
    max: Vec<Version>,
    ciphers: Option<&'a str>,
    configuration: Option<&'a str>,
    is_shared: bool,
}

impl<'a> Options<'a> {
    fn read(text: &'a str) -> Options<'a> {
        let mut options = Options::default();
        let mut words = text.split_ascii_whitespace();
        while let Some(word) = words.next() {
            let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
            match name {
                "--tls-min-v1.0" => options.min.push(Version::Tls1),
                "--tls-min-v1.1" => options.min.push(Version::Tls1_1),
                "--tls-min-v1.2" => options.min.push(Version::Tls1_2),
                "--tls-min-v1.3" => options.min.push(Version::Tls1_3),
                "--tls-max-v1.2" => options.max.push(Version::Tls1_2),
                "--tls-max-v1.3" => options.max.push(Version::Tls1_3),
                "--tls-cipher-list" => options.ciphers = value.or_else(|| words.next()),
                "--openssl-config" => options.configuration = value.or_else(|| words.next()),
                "--openssl-shared-config" => options.is_shared = true,
                _ => {}
            }
        }
        options
    }
}

/// Which versions a program in Node.js offers.
pub(super) fn ask(
    program: &Program,
    major: Option<u32>,
    given: &Given,
    linked: &Linked<'_>,
    trail: &mut Trail<'_>,
) -> Versions {
    let assumed = given.clients.get(&program.key).or_else(|| given.clients.get("node")).copied();
    let named = major.map(|major| Release::new(major, u32::MAX, 0));
    let found = || linked.package(&["nodejs"]).map(|(release, _)| release);
    let Some(release) = assumed.or(named).or_else(found) else {
        trail.doubt("the version of Node.js", "--assume node=VERSION");
        return Versions { configured: VersionSet::TLS, effective: None };
    };
    let [major, ..] = release.numbers;
    let options = Options::read(trail.variable("NODE_OPTIONS").unwrap_or_default());
    // Of several, the lowest minimum and the highest maximum count.
    let low = options.min.iter().min().copied();
    let high = options.max.iter().max().copied();
    let (default_low, default_high) = match major {
        ..=11 => (Version::Tls1, Version::Tls1_2),
        _ => (Version::Tls1_2, Version::Tls1_3),
    };
    let (min, max) = (low.unwrap_or(default_low), high.unwrap_or(default_high));
    trail.say(ReasonKind::Default, format!("Node.js {major} sets both bounds: {default_low} to {default_high}"));
    if low.is_some() || high.is_some() {
        trail.say(ReasonKind::Versions, format!("NODE_OPTIONS: {min} to {max}"));
    }
    let openssl = given.assume.iter().find_map(|assumption| match assumption {
        Assumption::OpenSsl(release) => Some(*release),
        _ => None,
    });
    let mut library = upstream(openssl.unwrap_or_else(|| library(release)));
    let name = if options.is_shared || major < 18 { "openssl_conf" } else { "nodejs_conf" };
    let reading = match options.configuration {
        Some(path) => openssl::read_at(&library, Path::new(path), &[name], trail),
        // Up to 16 only the option names a file.
        None if major < 18 => crate::openssl::cnf::Reading::default(),
        None => openssl::read(&library, Some(Path::new(USUAL)), &[name], trail),
    };
    if let Some(list) = &reading.default.cipher_string {
        trail.say(ReasonKind::Command, format!("the security level comes from {name}: CipherString = {list}"));
    }
    for doubt in &reading.default.doubts {
        trail.doubt(doubt.clone(), "say variables with --env NAME=VALUE");
    }
    // Its own lists stand in the place of those of the file; the level stays.
    library.system = SystemDefault { profile: None, ciphersuites: None, ..reading.default };
    let wanted = Wanted {
        min: Bound::At(min),
        max: Bound::At(max),
        off: VersionSet::EMPTY,
        ciphers: Some(options.ciphers.unwrap_or("DEFAULT").to_owned()),
    };
    openssl::versions(&library, &wanted, trail)
}
