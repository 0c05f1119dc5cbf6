//! `providers` and `alg_section`: where algorithms come from. Without any there is no TLS.
//!
//! One provider that is activated switches off that "default" is activated by itself (`provider_conf.c`, observed).

use super::modules::{Activated, Host, Trouble, behind_dot, missing};
use super::sections::{Entry, Sections};
use crate::release::Release;

const FOLDERS: &[&str] = &["ossl-modules"];

/// What is known of providers.
#[derive(Debug, Default)]
pub(crate) struct Providers {
    /// Are some activated that may bring groups and signatures of their own?
    pub(crate) foreign: bool,
    /// Is the legacy provider activated?
    pub(crate) legacy: bool,
    /// Why there are no algorithms at all.
    pub(crate) nothing: Option<String>,
    has_default: bool,
    /// The first that is activated, with its place.
    first: Option<String>,
    /// Where algorithms are demanded that FIPS allows.
    fips_only: Option<String>,
    has_fips: bool,
}

impl Providers {
    pub(crate) fn read(
        &mut self,
        sections: &Sections,
        entries: &[(String, &Entry)],
        host: Host<'_>,
    ) -> Result<(), Trouble> {
        for (name, entry) in entries {
            let settings = sections.in_order(&entry.value).ok_or_else(|| Trouble::at(entry, missing(entry)))?;
            let mut name = behind_dot(name).to_owned();
            let mut module = None;
            let mut is_active = false;
            for (setting, of_setting) in settings {
                match behind_dot(&setting) {
                    "identity" => name = of_setting.text(),
                    "module" => module = Some(of_setting.text()),
                    "activate" => is_active = is_on(of_setting, host)?,
                    _ => {}
                }
            }
            if is_active {
                self.activate(&name, module.as_deref(), entry, host);
            }
        }
        Ok(())
    }

    fn activate(&mut self, name: &str, module: Option<&str>, entry: &Entry, host: Host<'_>) {
        let place = &entry.place;
        self.first.get_or_insert_with(|| format!("{place}: {name} is activated, and \"default\" is not"));
        let is_there = match module {
            Some(path) if path.starts_with('/') => Some(host.system.kind(path.as_ref()).is_ok()),
            Some(path) => host.has_module(FOLDERS, path.trim_end_matches(".so")),
            None => host.has_module(FOLDERS, name),
        };
        match name {
            "default" => self.has_default = true,
            "base" | "null" => {}
            "legacy" => self.legacy = is_there != Some(false),
            "fips" => self.has_fips |= is_there != Some(false),
            _ => self.foreign |= is_there != Some(false),
        }
    }

    /// After the last module: is there anything to work with?
    pub(crate) fn conclude(&mut self, doubts: &mut Vec<String>) {
        if let Some(first) = self.first.take().filter(|_| !self.has_default) {
            match self.has_fips || self.foreign {
                true => doubts.push(format!("{first}: what the others bring is not known")),
                false => self.nothing = Some(first),
            }
        }
        if let Some(place) = self.fips_only.take() {
            match self.has_fips {
                true => doubts.push(format!("{place}: what the provider \"fips\" allows is not known")),
                false => self.nothing = Some(format!("{place}: only FIPS is allowed, and no provider has it")),
            }
        }
    }
}

/// Is a provider activated? Before 3.2 any value does it.
fn is_on(entry: &Entry, host: Host<'_>) -> Result<bool, Trouble> {
    if host.circumstances.release.is_none_or(|release| release < Release::new(3, 2, 0)) {
        return Ok(true);
    }
    match entry.text().as_str() {
        "1" | "yes" | "YES" | "true" | "TRUE" | "on" | "ON" => Ok(true),
        "0" | "no" | "NO" | "false" | "FALSE" | "off" | "OFF" => Ok(false),
        other => Err(Trouble::at(entry, format!("\"{other}\" is neither on nor off"))),
    }
}

/// `alg_section`: which algorithms may be used at all.
pub(crate) fn algorithms(
    entries: &[(String, &Entry)],
    host: Host<'_>,
    activated: &mut Activated<'_>,
) -> Result<(), Trouble> {
    let is_old = host.circumstances.is_before(3, 0);
    for (name, entry) in entries {
        let value = entry.text();
        let place = entry.place.to_string();
        match name.as_str() {
            "fips_mode" => match value.as_str() {
                "TRUE" | "true" | "Y" | "y" | "YES" | "yes" if is_old => {
                    return Err(Trouble::at(entry, "the library has no FIPS mode"));
                }
                "TRUE" | "true" | "Y" | "y" | "YES" | "yes" => activated.providers.fips_only = Some(place),
                "FALSE" | "false" | "N" | "n" | "NO" | "no" => {}
                other => return Err(Trouble::at(entry, format!("\"{other}\" is neither yes nor no"))),
            },
            "default_properties" if !is_old => {
                for clause in value.split(',').map(str::trim).filter(|clause| !clause.is_empty()) {
                    match clause {
                        _ if clause.contains(' ') => {
                            return Err(Trouble::at(entry, format!("\"{clause}\" is no property")));
                        }
                        "fips=yes" | "fips" => activated.providers.fips_only = Some(place.clone()),
                        "provider=default" | "fips=no" => {}
                        _ if clause.starts_with('?') => {}
                        _ => activated.doubts.push(format!("{place}: who has the property {clause}")),
                    }
                }
            }
            // A patch of Red Hat's; other libraries give up here.
            "rh-allow-sha1-signatures" if host.circumstances.is_red_hat != Some(false) => {
                activated.sha1_signatures = value == "yes";
            }
            _ => return Err(Trouble::at(entry, format!("the library does not know the option \"{name}\""))),
        }
    }
    Ok(())
}
