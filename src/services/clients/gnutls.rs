//! Programs with GnuTLS: /etc/gnutls/config, which no program can undo, and each program's priority string.

use super::ask::{Asked, Versions};
use super::inih;
use super::priority::{self, Priority};
use super::programs::{Program, Settings};
use super::trail::Trail;
use super::{gitconfig, ldap, wgetrc};
use crate::endpoint::ReasonKind;
use crate::host::Linked;
use crate::release::Release;
use crate::tls::{Version, VersionSet};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const USUAL: &str = "/etc/gnutls/config";

/// TLS 1.3 is on by default since then.
const FIRST_1_3: Release = Release::new(3, 6, 5);

/// Names that a section `[overrides]` may hold (`gnutls-priority-strings`, 3.7.9).
const KNOWN: &[&str] = &[
    "insecure-hash",
    "secure-hash",
    "insecure-sig",
    "insecure-sig-for-cert",
    "secure-sig",
    "secure-sig-for-cert",
    "disabled-curve",
    "enabled-curve",
    "disabled-version",
    "enabled-version",
    "tls-disabled-cipher",
    "tls-enabled-cipher",
    "tls-disabled-mac",
    "tls-enabled-mac",
    "tls-disabled-group",
    "tls-enabled-group",
    "tls-disabled-kx",
    "tls-enabled-kx",
    "min-verification-profile",
    "default-priority-string",
];

/// What an allowlist has to name for any handshake.
const NEEDED: &[&str] =
    &["secure-hash", "tls-enabled-cipher", "tls-enabled-kx", "tls-enabled-mac", "tls-enabled-group"];

/// What the system's configuration says.
#[derive(Debug, Default)]
struct Config {
    disabled: VersionSet,
    /// Versions that an allowlist names; `None`: it is no allowlist.
    allowed: Option<VersionSet>,
    /// Names that `@NAME` stands for.
    named: BTreeMap<String, String>,
    /// Something that GnuTLS does not know.
    invalid: bool,
}

/// Which versions a program with GnuTLS offers.
pub(super) fn ask(
    program: &Program,
    least: Option<Version>,
    path: Option<&Path>,
    asked: Asked<'_>,
    linked: &Linked<'_>,
    trail: &mut Trail<'_>,
) -> Versions {
    let config = read(trail);
    let known = asked.given.clients.get("gnutls").copied();
    let release =
        known.or_else(|| linked.package(&["libgnutls30t64", "libgnutls30", "gnutls"]).map(|(release, _)| release));
    let mut all = VersionSet::TLS;
    match release {
        Some(release) if release < FIRST_1_3 => all = all.without(Version::Tls1_3),
        Some(_) => {}
        None => trail.doubt("the version of GnuTLS; taken for 3.6.5 or later", "--assume gnutls=VERSION"),
    }
    let mut priority = "NORMAL".to_owned();
    let mut low = least;
    trail.say(ReasonKind::Default, format!("{} asks GnuTLS for {priority}", program.title));
    if let Some(low) = low {
        trail.say(ReasonKind::Default, format!("{} sets the lowest version to {low}", program.title));
    }
    let mut is_dead = false;
    match program.settings {
        Settings::Wgetrc => is_dead = !wgetrc::apply(&mut priority, &mut low, trail),
        Settings::Git => low = gitconfig::least(path, trail).or(low),
        Settings::Ldap => ldap::apply(&mut priority, trail),
        Settings::Apt => is_dead = apt_forces(trail),
        _ => {}
    }
    let Some(Priority { versions, is_partial }) = priority::parse(&priority, &config.named) else {
        trail.say(ReasonKind::Floor, format!("GnuTLS refuses the priority string {priority}"));
        return Versions::both(VersionSet::EMPTY);
    };
    let fails = trail.variable("GNUTLS_SYSTEM_PRIORITY_FAIL_ON_INVALID") == Some("1") && config.invalid;
    if fails {
        trail.say(ReasonKind::Floor, "GNUTLS_SYSTEM_PRIORITY_FAIL_ON_INVALID=1 ends every program");
    }
    if is_dead || fails {
        return Versions::both(VersionSet::EMPTY);
    }
    let from = VersionSet::range(low.unwrap_or(Version::Tls1), Version::Tls1_3);
    let left = versions.and(all).and(from).minus(config.disabled).and(config.allowed.unwrap_or(VersionSet::TLS));
    let offered = priority::offered(left);
    if is_partial {
        trail
            .doubt(format!("whether {priority} leaves algorithms for each version"), "probe a server with the program");
        return Versions { configured: offered, effective: None };
    }
    Versions::both(offered)
}

/// Reads the system's configuration.
fn read(trail: &mut Trail<'_>) -> Config {
    let named = trail.variable("GNUTLS_SYSTEM_PRIORITY_FILE");
    if let Some(named) = named {
        trail.say(ReasonKind::Include, format!("GNUTLS_SYSTEM_PRIORITY_FILE names {named}"));
    }
    let mut config = Config::default();
    let Some(file) = trail.open(&PathBuf::from(named.unwrap_or(USUAL))) else { return config };
    let items = match inih::parse(&file.bytes, file.lines()) {
        Ok(items) => items,
        Err(line) => {
            trail.at(ReasonKind::Default, file.id, &line, "GnuTLS gives up the whole file: an equal sign is missing");
            return config;
        }
    };
    let is = |text: &str, name: &str| text.eq_ignore_ascii_case(name);
    let is_allowlist = items
        .iter()
        .any(|item| is(&item.section, "global") && is(&item.name, "override-mode") && is(&item.value, "allowlist"));
    let mut allowed = VersionSet::EMPTY;
    let mut seen = BTreeSet::new();
    for item in &items {
        let mut say = |note: String| trail.at(ReasonKind::Command, file.id, &item.span, note);
        let value = item.value.as_str();
        match item.section.to_ascii_lowercase().as_str() {
            "" | "priorities" => _ = config.named.insert(item.name.clone(), value.to_owned()),
            "overrides" => {
                let name = item.name.to_ascii_lowercase();
                let is_version = name == "disabled-version" || name == "enabled-version";
                let version = priority::version(value).filter(|_| is_version);
                config.invalid |= !KNOWN.contains(&name.as_str()) || is_version && version.is_none();
                match (name.as_str(), version) {
                    ("disabled-version", Some(version)) => {
                        config.disabled = config.disabled.union(version);
                        say(format!("switches {value} off in every program"));
                    }
                    ("enabled-version", Some(version)) if is_allowlist => {
                        allowed = allowed.union(version);
                        say(format!("allows {value}"));
                    }
                    ("enabled-version", Some(_)) => say("has no effect without override-mode = allowlist".to_owned()),
                    _ if is_version => say(format!("has no effect: GnuTLS does not know a version \"{value}\"")),
                    _ => {}
                }
                seen.insert(name);
            }
            _ if is(&item.name, "disabled-version") => {
                say(format!("has no effect: it is in [{}], not in [overrides]", item.section));
            }
            _ => {}
        }
    }
    if let Some(item) = items.iter().find(|item| is(&item.section, "") && is(&item.name, "disabled-version")) {
        trail.at(ReasonKind::Command, file.id, &item.span, "has no effect: it is in no section, not in [overrides]");
    }
    if is_allowlist {
        if let Some(missing) = NEEDED.iter().find(|name| !seen.contains(**name)) {
            trail.say(ReasonKind::Floor, format!("an allowlist without {missing} leaves nothing"));
            allowed = VersionSet::EMPTY;
        }
        config.allowed = Some(allowed);
    } else if let Some(name) =
        seen.iter().find(|name| name.starts_with("tls-disabled-") || name.starts_with("insecure-"))
    {
        trail.say(ReasonKind::Floor, format!("{name} takes algorithms away; versions are judged without that"));
    }
    config
}

/// Does apt's configuration force a version? Then no source works.
fn apt_forces(trail: &mut Trail<'_>) -> bool {
    let parts = trail.system.list(Path::new("/etc/apt/apt.conf.d")).unwrap_or_default();
    let mut paths: Vec<PathBuf> = parts.iter().map(|part| Path::new("/etc/apt/apt.conf.d").join(&part.name)).collect();
    paths.push(PathBuf::from("/etc/apt/apt.conf"));
    for path in paths {
        let Some(file) = trail.open(&path) else { continue };
        let lines: Vec<_> = file.lines().collect();
        for line in lines {
            let text = file.text(&line).to_ascii_lowercase();
            let text = text.trim_start();
            if text.starts_with("acquire::https::sslforceversion") && text.contains('"') {
                trail.at(ReasonKind::Command, file.id, &line, "apt refuses every https source with it");
                return true;
            }
        }
    }
    false
}
