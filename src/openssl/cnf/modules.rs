//! What the sections activate: the modules that `openssl_conf` names, one after the other, until one fails
//! (`CONF_modules_load` in `conf_mod.c`, `ssl_module_init` in `conf_ssl.c`).

use super::circumstances::Circumstances;
use super::providers::{self, Providers};
use super::sections::{DEFAULT, Entry, Place, Sections};
use super::{engines, objects};
use crate::release::Release;
use crate::system::System;

/// Something that is wrong in a file, as a lowercase fragment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trouble {
    /// The line; `None`: it is about the whole file.
    pub place: Option<Place>,
    /// What is wrong.
    pub what: String,
}

impl Trouble {
    pub(crate) fn at(entry: &Entry, what: impl Into<String>) -> Trouble {
        Trouble { place: Some(entry.place.clone()), what: what.into() }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// What a host tells about modules that are files.
#[derive(Clone, Copy)]
pub(crate) struct Host<'a> {
    pub(crate) system: &'a dyn System,
    pub(crate) circumstances: &'a Circumstances<'a>,
}

impl Host<'_> {
    /// Is there a module of that name below the library's folder? `None`: that is not known.
    pub(crate) fn has_module(self, folders: &[&str], name: &str) -> Option<bool> {
        let library = self.circumstances.modules?;
        let mut paths = folders.iter().map(|folder| library.join(folder).join(format!("{name}.so")));
        Some(paths.any(|path| self.system.kind(&path).is_ok()))
    }
}

/// What is activated.
#[derive(Debug, Default)]
pub(crate) struct Activated<'s> {
    /// The steps that lead to the commands: `openssl_conf`, `ssl_conf`, `system_default`.
    pub(crate) steps: Vec<(String, &'s Entry)>,
    /// The commands of `system_default`.
    pub(crate) commands: Vec<(String, &'s Entry)>,
    /// What ended the loading.
    pub(crate) stop: Option<Trouble>,
    pub(crate) providers: Providers,
    /// `rh-allow-sha1-signatures = yes`
    pub(crate) sha1_signatures: bool,
    pub(crate) doubts: Vec<String>,
}

/// The modules that a library knows, in its order: the first one counts whose name begins as it is written.
const MODULES: &[(&str, Release)] = &[
    ("oid_section", Release::new(1, 1, 1)),
    ("stbl_section", Release::new(1, 1, 1)),
    ("engines", Release::new(1, 1, 1)),
    ("alg_section", Release::new(1, 1, 1)),
    ("ssl_conf", Release::new(1, 1, 1)),
    ("providers", Release::new(3, 0, 0)),
    ("random", Release::new(3, 0, 0)),
];

/// Runs the modules.
pub(crate) fn run<'s>(sections: &'s Sections, host: Host<'_>) -> Activated<'s> {
    let mut activated = Activated::default();
    let mut names = host.circumstances.names.iter().copied();
    let Some((name, start)) = names.find_map(|name| Some((name, sections.get(DEFAULT, name.as_bytes())?))) else {
        return activated;
    };
    activated.steps.push((name.to_owned(), start));
    let Some(modules) = sections.in_order(&start.value) else {
        activated.stop = Some(Trouble::at(start, missing(start)));
        return activated;
    };
    let mut programs = None;
    for (name, entry) in modules {
        let failed = match known(&name, host.circumstances) {
            Some("ssl_conf") => match contexts(sections, entry) {
                Ok(found) => {
                    programs = Some((name, entry, found));
                    None
                }
                Err(trouble) => {
                    // What an earlier one brought is gone, too.
                    programs = None;
                    Some(trouble)
                }
            },
            Some(module) => other(module, sections, entry, host, &mut activated).err(),
            None => {
                let has_path = sections.get(&entry.value, b"path").is_some();
                if has_path {
                    activated.doubts.push(format!("{}: {name} is a module of its own, a library to load", entry.place));
                }
                Some(Trouble::at(entry, format!("\"{name}\" is no module that the library knows")))
            }
        };
        if let Some(trouble) = failed {
            activated.stop = Some(trouble);
            break;
        }
    }
    activated.providers.conclude(&mut activated.doubts);
    if let Some((name, entry, found)) = programs {
        activated.steps.push((name, entry));
        if let Some((name, entry)) = found.into_iter().find(|(name, _)| name == "system_default") {
            activated.commands = sections.in_order(&entry.value).unwrap_or_default();
            activated.steps.push((name, entry));
        }
    }
    activated
}

/// `config_diagnostics`: the number at its beginning is not zero.
pub(crate) fn has_diagnostics(sections: &Sections, circumstances: &Circumstances<'_>) -> bool {
    let value = sections.get(DEFAULT, b"config_diagnostics").map(|entry| entry.value.as_slice());
    let mut digits = value.unwrap_or_default().iter().take_while(|b| b.is_ascii_digit());
    !circumstances.is_before(3, 0) && digits.any(|digit| *digit != b'0')
}

/// The module that a name means. What stands behind the last dot tells one from another.
fn known(name: &str, circumstances: &Circumstances<'_>) -> Option<&'static str> {
    let name = name.rsplit_once('.').map_or(name, |(name, _)| name);
    let is_there = |since: Release| circumstances.release.is_none_or(|release| release >= since);
    MODULES.iter().find(|(module, since)| is_there(*since) && module.starts_with(name)).map(|(module, _)| *module)
}

pub(crate) fn missing(entry: &Entry) -> String {
    format!("there is no section [{}]", entry.text())
}

/// What stands behind the first dot: that before it only makes names different.
pub(crate) fn behind_dot(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, name)| name)
}

/// Names for programs, each with the section of its commands. All of them have to be there and hold something.
fn contexts<'s>(sections: &'s Sections, entry: &Entry) -> Result<Vec<(String, &'s Entry)>, Trouble> {
    let named = sections.in_order(&entry.value).ok_or_else(|| Trouble::at(entry, missing(entry)))?;
    if named.is_empty() {
        return Err(Trouble::at(entry, format!("section [{}] is empty", entry.text())));
    }
    for (_, of_name) in &named {
        match sections.in_order(&of_name.value) {
            None => return Err(Trouble::at(of_name, missing(of_name))),
            Some(commands) if commands.is_empty() => {
                return Err(Trouble::at(of_name, format!("section [{}] is empty", of_name.text())));
            }
            Some(_) => {}
        }
    }
    Ok(named)
}

/// A module that has nothing to do with versions, but may fail.
fn other(
    module: &str,
    sections: &Sections,
    entry: &Entry,
    host: Host<'_>,
    activated: &mut Activated<'_>,
) -> Result<(), Trouble> {
    let entries = sections.in_order(&entry.value).ok_or_else(|| Trouble::at(entry, missing(entry)))?;
    match module {
        "oid_section" => objects::check(&entries),
        "engines" => engines::check(sections, &entries, host, &mut activated.doubts),
        "providers" => activated.providers.read(sections, &entries, host),
        "alg_section" => providers::algorithms(&entries, host, activated),
        "random" => random(&entries, &mut activated.doubts),
        _ => {
            activated
                .doubts
                .extend(entries.first().map(|(_, first)| format!("{}: {module} is not judged", first.place)));
            Ok(())
        }
    }
}

/// The random generator: names that it does not know end the loading, values that it can't do end every handshake.
fn random(entries: &[(String, &Entry)], doubts: &mut Vec<String>) -> Result<(), Trouble> {
    for (name, entry) in entries {
        let value = entry.text();
        match (name.as_str(), value.as_str()) {
            ("random", "CTR-DRBG" | "HASH-DRBG" | "HMAC-DRBG") | ("seed" | "seed_properties", _) => {}
            ("random" | "cipher" | "digest" | "mac" | "properties" | "random_provider", _) => {
                doubts.push(format!("{}: whether the random generator can do {name} = {value}", entry.place));
            }
            _ => return Err(Trouble::at(entry, format!("\"{name}\" is nothing that the random generator knows"))),
        }
    }
    Ok(())
}
