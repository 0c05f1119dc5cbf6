//! Programs with OpenSSL: openssl.cnf, what they make of it, and what their library then can do.

use super::ask::Versions;
use super::programs::{Bound, Own, Program, Settings, Source};
use super::trail::Trail;
use super::{curlrc, libpq, my_cnf};
use crate::endpoint::ReasonKind;
use crate::host::{Assumption, Given, Linked};
use crate::openssl::cnf::{Circumstances, Command, Effect, Environment, Reading, Side};
use crate::openssl::{Keys, Library, SystemDefault};
use crate::release::Release;
use crate::system::System;
use crate::tls::{Version, VersionSet};
use std::path::{Path, PathBuf};

/// More commands than that nobody reads.
const MOST_STEPS: usize = 50;

/// What a program asks its library for, after its own settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) min: Bound,
    pub(super) max: Bound,
    pub(super) off: VersionSet,
    pub(super) ciphers: Option<String>,
}

/// Which versions a program with OpenSSL offers.
pub(super) fn ask(
    program: &Program,
    own: Own,
    path: Option<&Path>,
    given: &Given,
    linked: &mut Linked<'_>,
    trail: &mut Trail<'_>,
) -> Versions {
    let (mut library, usual) = find(own, path, given, linked);
    let reading = read(&library, usual.as_deref(), &["openssl_conf"], trail);
    library.system = SystemDefault { profile: library.system.profile.take(), ..reading.default.clone() };
    let mut wanted = Wanted { min: own.min, max: own.max, off: own.off, ciphers: own.ciphers.map(str::to_owned) };
    let release = |key: &str| given.clients.get(key).copied();
    // Since 8.16.0 libcurl has a lowest version of its own, and before 13 libpq had none.
    if matches!(program.key.as_str(), "curl" | "php-curl") && release("curl") >= Some(Release::new(8, 16, 0)) {
        wanted.min = Bound::At(Version::Tls1_2);
    }
    if program.settings == Settings::Libpq && release(&program.key).is_some_and(|r| r < Release::new(13, 0, 0)) {
        wanted.min = Bound::Follows;
    }
    trail.say(ReasonKind::Default, format!("{}: {}", program.title, manner(&wanted)));
    tell(&reading, &wanted, trail);
    match program.settings {
        Settings::Curlrc => curlrc::apply(&mut wanted, trail),
        Settings::Libpq => libpq::apply(&mut wanted, trail),
        Settings::MyCnf => my_cnf::apply(&mut wanted, path.is_some(), trail),
        _ => {}
    }
    if own.is_strict && reading.has_diagnostics && reading.stop.is_some() {
        trail.say(ReasonKind::Floor, format!("config_diagnostics is on, so {} ends with an error", program.title));
        return Versions::both(VersionSet::EMPTY);
    }
    versions(&library, &wanted, trail)
}

/// The library of a program, and the file that it reads by itself.
fn find(own: Own, path: Option<&Path>, given: &Given, linked: &mut Linked<'_>) -> (Library, Option<PathBuf>) {
    let assumed = given.assume.iter().find_map(|assumption| match assumption {
        Assumption::OpenSsl(release) => Some(*release),
        _ => None,
    });
    let (mut library, usual) = match own.source {
        Source::Host => {
            let (mut library, usual) = linked.openssl(path);
            if let Some(release) = assumed {
                linked.assume(&mut library, release);
            }
            (library, usual)
        }
        Source::Own(release) => (upstream(assumed.unwrap_or(release)), None),
        Source::OwnOfHost(release) => (upstream(assumed.unwrap_or(release)), linked.openssl(None).1),
    };
    for assumption in &given.assume {
        if let Assumption::SecurityLevel(level) = assumption {
            (library.level, library.level_source) = (Some(*level), format!("--assume openssl-seclevel={level}"));
        }
    }
    (library, usual)
}

/// A library as its makers have it.
pub(super) fn upstream(release: Release) -> Library {
    let level = if release < Release::new(3, 2, 0) { 1 } else { 2 };
    let [major, minor, _] = release.numbers;
    Library {
        release: Some(release),
        source: format!("OpenSSL {release} of the program's own"),
        level: Some(level),
        level_source: format!("the default of OpenSSL {major}.{minor}"),
        has_profiles: Some(false),
        ..Library::unknown()
    }
}

/// Reads the openssl.cnf that `OPENSSL_CONF` names, or else the usual one.
pub(super) fn read(library: &Library, usual: Option<&Path>, names: &[&str], trail: &mut Trail<'_>) -> Reading {
    let folder = trail.variable("PWD").map(PathBuf::from);
    let path = match trail.variable("OPENSSL_CONF") {
        Some("") => {
            trail.say(ReasonKind::Default, "OPENSSL_CONF is empty: no configuration is read");
            return Reading::default();
        }
        Some(named) => {
            trail.say(ReasonKind::Include, format!("OPENSSL_CONF names {named}"));
            match (&folder, named.starts_with('/')) {
                (_, true) => PathBuf::from(named),
                (Some(folder), false) => folder.join(named),
                (None, false) => {
                    let what = "OPENSSL_CONF is relative to the folder in which the program is started";
                    trail.doubt(what, "say it with --env PWD=DIR");
                    return Reading::default();
                }
            }
        }
        None => match usual {
            Some(usual) => usual.to_owned(),
            None => return Reading::default(),
        },
    };
    read_at(library, &path, names, trail)
}

/// Reads one openssl.cnf, whatever the environment names.
pub(super) fn read_at(library: &Library, path: &Path, names: &[&str], trail: &Trail<'_>) -> Reading {
    let folder = trail.variable("PWD").map(PathBuf::from);
    let modules = module_folder(library, trail.system);
    let circumstances = Circumstances {
        release: library.release,
        names,
        environment: Environment::Whole(trail.environment),
        folder: folder.as_deref(),
        side: Side::Client,
        modules: Some(&modules),
        is_red_hat: library.has_profiles,
    };
    Reading::of(trail.system, path, &circumstances)
}

/// Where the library looks for engines and providers: beside itself, or where libraries are usually.
fn module_folder(library: &Library, system: &dyn System) -> PathBuf {
    if let Some(folder) = Path::new(&library.source).parent().filter(|folder| folder.is_absolute()) {
        return folder.to_owned();
    }
    let entries = system.list(Path::new("/usr/lib")).unwrap_or_default();
    let multiarch = entries.iter().find(|entry| entry.name.to_string_lossy().ends_with("-linux-gnu"));
    multiarch.map_or_else(|| PathBuf::from("/usr/lib64"), |entry| Path::new("/usr/lib").join(&entry.name))
}

/// What a program does with the bounds, in words.
fn manner(wanted: &Wanted) -> String {
    let bound = |bound: Bound, name: &str| match bound {
        Bound::Follows => format!("follows {name}"),
        Bound::Open => format!("ignores {name}"),
        Bound::At(version) => format!("overrides {name} with {version}"),
    };
    let mut words = vec![bound(wanted.min, "MinProtocol"), bound(wanted.max, "MaxProtocol")];
    if !wanted.off.is_empty() {
        words.push(format!("switches {} off", wanted.off.and(VersionSet::TLS).listed()));
    }
    words.join(", ")
}

/// The steps of openssl.cnf.
fn tell(reading: &Reading, wanted: &Wanted, trail: &mut Trail<'_>) {
    if let Some(void) = &reading.void {
        let note = format!("OpenSSL gives up the whole file: {}", void.what);
        match &void.place {
            Some(place) => trail.at_place(ReasonKind::Default, place, note),
            None => trail.say(ReasonKind::Default, note),
        }
    }
    for (place, step) in &reading.steps {
        trail.at_place(ReasonKind::Include, place, format!("leads on: {step}"));
    }
    let notes: Vec<(&Command, String)> =
        reading.commands.iter().filter_map(|command| Some((command, note_of(command, wanted)?))).collect();
    // Later commands win.
    let left_out = notes.len().saturating_sub(MOST_STEPS);
    if left_out > 0 {
        trail.say(ReasonKind::Command, format!("{left_out} more commands, and then"));
    }
    for (command, note) in notes.into_iter().skip(left_out) {
        trail.at_place(ReasonKind::Command, &command.place, note);
    }
    if reading.commands.is_empty() && reading.void.is_none() && reading.stop.is_none() {
        trail.say(ReasonKind::Default, "openssl.cnf sets nothing for programs: no ssl_conf, or no system_default");
    }
    if let Some(stop) = &reading.stop {
        let note = format!("OpenSSL reads no further: {}", stop.what);
        match &stop.place {
            Some(place) => trail.at_place(ReasonKind::Default, place, note),
            None => trail.say(ReasonKind::Default, note),
        }
    }
    for doubt in &reading.default.doubts {
        trail.doubt(doubt.clone(), "say variables with --env NAME=VALUE, the folder with --env PWD=DIR");
    }
}

/// What a command does to the versions; `None`: nothing.
fn note_of(command: &Command, wanted: &Wanted) -> Option<String> {
    let Command { name, value, .. } = command;
    let name = name.split_once('.').map_or(name.as_str(), |(_, name)| name).to_ascii_lowercase();
    match &command.effect {
        Effect::Refused(what) => return Some(format!("has no effect: {what}")),
        Effect::NotReached => return Some("has no effect: OpenSSL 1.1.1 stops at the command before".to_owned()),
        Effect::Applied => {}
    }
    let bound = |bound: Bound, what: &str| match bound {
        Bound::Follows => format!("the {what} version: {value}"),
        Bound::Open | Bound::At(_) => format!("has no effect: the program sets its own {what} version"),
    };
    match name.as_str() {
        "minprotocol" => Some(bound(wanted.min, "lowest")),
        "maxprotocol" => Some(bound(wanted.max, "highest")),
        "protocol" => Some(format!("switches versions: {value}")),
        "cipherstring" => Some(format!("ciphers and security level: {value}")),
        "ciphersuites" => Some(format!("suites of TLSv1.3: {value}")),
        _ => None,
    }
}

/// What the library makes of what the program asks for.
pub(super) fn versions(library: &Library, wanted: &Wanted, trail: &mut Trail<'_>) -> Versions {
    let system = &library.system;
    let bound = |own: Bound, of_system: Option<Version>, open: Version| match own {
        Bound::Follows => of_system.unwrap_or(open),
        Bound::Open => open,
        Bound::At(version) => version,
    };
    let low = bound(wanted.min, system.min, Version::Ssl3);
    let high = bound(wanted.max, system.max, Version::Tls1_3);
    let enabled = VersionSet::range(low, high).minus(system.off).minus(wanted.off).and(library.versions());
    let ciphers = wanted.ciphers.as_deref();
    let Some(offered) = library.hello(enabled, ciphers) else {
        if library.release.is_none() {
            trail.doubt(format!("which OpenSSL the program loads: {}", library.source), "--assume openssl=VERSION");
        }
        return Versions { configured: enabled, effective: None };
    };
    let effective = library.accepts(offered, ciphers, None, Keys::ANY);
    if effective.is_none() {
        trail.doubt("what the list of ciphers leaves depends on the build", "probe a server with the program");
    }
    for reason in library.why(enabled, ciphers, None, Keys::ANY) {
        trail.say(ReasonKind::Floor, reason);
    }
    // Without a suite for the highest version there is not even a hello.
    let is_dead = library.refuses_all(offered, ciphers, None) == Some(true);
    Versions { configured: if is_dead { VersionSet::EMPTY } else { offered }, effective }
}
