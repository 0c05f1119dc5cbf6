//! Java: `jdk.tls.disabledAlgorithms` in java.security decides, and options that the environment gives.

use super::ask::{Asked, Versions};
use super::programs::Program;
use super::properties::{self, Property};
use super::trail::{File, Trail};
use crate::endpoint::ReasonKind;
use crate::system::Kind;
use crate::tls::{Version, VersionSet};
use std::path::{Path, PathBuf};

const DISABLED: &str = "jdk.tls.disabledAlgorithms";

/// More files than any runtime reads; a cycle of includes ends here.
const MOST_FILES: usize = 64;

/// Options of the virtual machine that the environment gives.
#[derive(Debug, Default)]
struct Options {
    /// `jdk.tls.client.protocols`
    protocols: Option<String>,
    /// `java.security.properties`; with a second `=` in front, it replaces the file.
    properties: Option<String>,
}

/// What java.security says.
#[derive(Debug, Default)]
struct Security {
    disabled: Option<String>,
    forbids_override: bool,
    has_providers: bool,
}

/// Which versions a Java program offers.
pub(super) fn ask(
    program: &Program,
    major: Option<u32>,
    path: Option<&Path>,
    asked: Asked<'_>,
    trail: &mut Trail<'_>,
) -> Versions {
    let assumed = asked.given.clients.get(&program.key).or_else(|| asked.given.clients.get("java"));
    let major = assumed.map(|release| release.numbers[0]).or(major);
    let options = options(trail);
    let mut security = Security::default();
    let mut left = MOST_FILES;
    let main = find(major, path, trail);
    if let Some(file) = main.and_then(|path| Some((trail.open(&path)?, path))) {
        read(&file.0, &file.1, &mut security, &mut left, trail);
    } else {
        // Since 8u291, 11.0.11 and 16.
        trail.say(ReasonKind::Default, "without a java.security the runtime's own list counts: SSLv3, TLSv1, TLSv1.1");
        security.disabled = Some("SSLv3, TLSv1, TLSv1.1".to_owned());
        if major.is_none_or(|major| major < 17) {
            trail.doubt("the version of Java and its java.security", "--assume java=VERSION");
        }
    }
    if let Some(named) = options.properties.as_deref().filter(|_| !security.forbids_override) {
        let (path, replaces) = named.strip_prefix('=').map_or((named, false), |path| (path, true));
        let path = PathBuf::from(path.strip_prefix("file:").unwrap_or(path));
        trail.say(ReasonKind::Include, format!("-Djava.security.properties names {}", path.display()));
        if let Some(file) = trail.open(&path) {
            if replaces {
                security = Security::default();
            }
            read(&file, &path, &mut security, &mut left, trail);
            if replaces && !security.has_providers {
                trail.say(ReasonKind::Floor, "the file replaces java.security and names no provider: there is no TLS");
                return Versions::both(VersionSet::EMPTY);
            }
        }
    }
    let disabled = security.disabled.unwrap_or_default();
    let disabled = unquoted(&disabled);
    if let Some(wrong) = disabled.split(',').map(str::trim).find(|element| !is_valid(element)) {
        trail.say(ReasonKind::Floor, format!("\"{wrong}\" is no constraint: TLS ends with IllegalArgumentException"));
        return Versions::both(VersionSet::EMPTY);
    }
    let off: VersionSet =
        disabled.split(',').filter_map(|word| Version::from_name_ignore_case(word.trim().as_bytes())).collect();
    let mut versions = VersionSet::TLS;
    if let Some(list) = options.protocols.as_deref().map(unquoted).filter(|list| !list.is_empty()) {
        trail.say(ReasonKind::Versions, format!("-Djdk.tls.client.protocols={list}"));
        versions = VersionSet::EMPTY;
        for name in list.split(',').map(str::trim).filter(|name| *name != "SSLv2Hello") {
            let Some(version) = Version::from_name(name.as_bytes()).filter(|version| *version != Version::Ssl2) else {
                trail.say(ReasonKind::Floor, format!("Java does not know \"{name}\" there: no context can be made"));
                return Versions::both(VersionSet::EMPTY);
            };
            versions = versions.with(version);
        }
    }
    Versions::both(versions.minus(off))
}

/// A list without the quotes around all of it.
fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text)
}

/// Reads a file, and what it includes (since JDK 24).
fn read(file: &File, path: &Path, security: &mut Security, left: &mut usize, trail: &mut Trail<'_>) {
    for Property { key, value, span } in properties::parse(&file.bytes) {
        match key.as_str() {
            DISABLED => {
                trail.at(ReasonKind::Versions, file.id, &span, "the last such line of all files counts");
                security.disabled = Some(value);
            }
            "security.provider.1" => security.has_providers = true,
            "security.overridePropertiesFile" => security.forbids_override = value == "false",
            "include" if *left > 0 => {
                *left -= 1;
                let target = path.parent().unwrap_or(Path::new("/")).join(&value);
                trail.at(ReasonKind::Include, file.id, &span, "goes on there");
                if let Some(included) = trail.open(&target) {
                    read(&included, &target, security, left, trail);
                }
            }
            "security.useSystemPropertiesFile" if value == "true" => {
                trail.doubt("what the system's crypto policy adds to java.security", "run a Java program of your own");
            }
            _ => {}
        }
    }
}

/// The options that the environment gives: those of `_JAVA_OPTIONS` win.
fn options(trail: &Trail<'_>) -> Options {
    let mut options = Options::default();
    for name in ["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"] {
        for word in words(trail.variable(name).unwrap_or_default()) {
            if let Some(value) = word.strip_prefix("-Djdk.tls.client.protocols=") {
                options.protocols = Some(value.to_owned());
            } else if let Some(value) = word.strip_prefix("-Djava.security.properties=") {
                options.properties = Some(value.to_owned());
            }
        }
    }
    options
}

/// Options between blanks; a blank in quotes is a part of one, and quotes vanish.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, c) if c.is_ascii_whitespace() => words.push(String::new()),
            (_, c) => words.last_mut().into_iter().for_each(|word| word.push(c)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The java.security of a runtime; where there are several and nothing tells which, that is noted.
fn find(major: Option<u32>, program: Option<&Path>, trail: &mut Trail<'_>) -> Option<PathBuf> {
    let below = |home: &Path| {
        let places = ["conf/security", "lib/security", "jre/lib/security"];
        places.iter().map(|place| home.join(place).join("java.security")).collect::<Vec<PathBuf>>()
    };
    let is_file = |path: &PathBuf| trail.system.kind(path).is_ok_and(|kind| kind == Kind::File);
    let bin = program.map_or(Path::new("/usr/bin/java"), |path| path);
    let home = trail.system.canonical(bin).ok().and_then(|bin| Some(bin.parent()?.parent()?.to_owned()));
    if let Some(found) = home.filter(|_| major.is_none()).and_then(|home| below(&home).into_iter().find(is_file)) {
        return Some(found);
    }
    let mut found: Vec<PathBuf> = Vec::new();
    let numbers = |name: &str| -> Vec<u32> {
        name.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
    };
    for (folder, is_home) in [("/etc", false), ("/usr/lib/jvm", true)] {
        let entries = trail.system.list(Path::new(folder)).unwrap_or_default();
        for entry in entries {
            let name = entry.name.to_string_lossy().into_owned();
            let path = Path::new(folder).join(&entry.name);
            let fits = major.is_none_or(|major| numbers(&name).contains(&major));
            let files = match is_home {
                true => below(&path),
                false if name.starts_with("java-") => vec![path.join("security/java.security")],
                false => Vec::new(),
            };
            let files = files.into_iter().filter(|file| fits && is_file(file));
            found.extend(files.filter_map(|file| trail.system.canonical(&file).ok()));
        }
    }
    found.sort();
    found.dedup();
    if found.len() > 1 {
        trail.doubt(format!("which of {} runtimes is meant", found.len()), "--assume java=VERSION");
    }
    found.into_iter().next()
}

/// Is an element of the list one that the runtime understands? An algorithm, and constraints for it.
fn is_valid(element: &str) -> bool {
    let Some((first, rest)) = element.split_once(' ') else { return true };
    if first == "include" {
        return true;
    }
    rest.split('&').map(str::trim).all(|constraint| {
        let words: Vec<&str> = constraint.split_ascii_whitespace().collect();
        match words.as_slice() {
            ["jdkCA"] => true,
            ["usage", uses @ ..] => !uses.is_empty(),
            ["denyAfter", date] => date.chars().all(|c| c.is_ascii_digit() || c == '-'),
            ["keySize", rest @ ..] => {
                let rest = rest.concat();
                let number = rest.trim_start_matches(['<', '>', '=', '!']);
                number.len() < rest.len() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
            }
            _ => false,
        }
    })
}
