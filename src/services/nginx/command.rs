//! The commands of `ssl_conf_command` that touch versions (OpenSSL's SSL_CONF_cmd(3)).

use crate::instance::SettingKind;
use crate::tls::{Version, VersionSet};

/// What a command does to the set of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// `MinProtocol`; `None`: no limit
    Min(Option<Version>),
    /// `MaxProtocol`; `None`: no limit
    Max(Option<Version>),
    /// `Protocol`: versions switched on or off, in order
    Switch(Vec<(bool, VersionSet)>),
}

impl Effect {
    /// What the command leaves or adds by itself: the set that it would make of all versions of TLS (a limit), or of
    /// none (a switch).
    pub(super) fn alone(&self) -> VersionSet {
        match self {
            Effect::Min(_) | Effect::Max(_) => self.apply(VersionSet::TLS),
            Effect::Switch(_) => self.apply(VersionSet::EMPTY),
        }
    }

    /// The versions that it names one by one.
    pub(crate) fn names(&self) -> VersionSet {
        match self {
            Effect::Min(version) | Effect::Max(version) => version.iter().copied().collect(),
            Effect::Switch(switches) => {
                let single = switches.iter().map(|(_, versions)| *versions).filter(|v| v.len() == 1);
                // SSLv2 and SSLv3 are taken by every library.
                single.fold(VersionSet::EMPTY, VersionSet::union).and(VersionSet::TLS)
            }
        }
    }

    /// The kind of a setting that does this.
    pub(super) fn kind(&self) -> SettingKind {
        match self {
            Effect::Min(_) => SettingKind::Minimum,
            Effect::Max(_) => SettingKind::Maximum,
            Effect::Switch(_) => SettingKind::Switch,
        }
    }

    /// Applies it to a set.
    pub(super) fn apply(&self, set: VersionSet) -> VersionSet {
        match self {
            Effect::Min(low) => set.and(VersionSet::range(low.unwrap_or(Version::Ssl2), Version::Tls1_3)),
            Effect::Max(high) => set.and(VersionSet::range(Version::Ssl2, high.unwrap_or(Version::Tls1_3))),
            Effect::Switch(switches) => switches.iter().fold(set, |set, (on, versions)| match on {
                true => set.union(*versions),
                false => set.minus(*versions),
            }),
        }
    }
}

/// The effect of a command (its name in lower case); `None`: it does not touch versions. The error is what OpenSSL
/// makes nginx say.
pub(super) fn parse(name: &str, value: &str) -> Result<Option<Effect>, String> {
    let bad = || format!("SSL_CONF_cmd(\"{name}\", \"{value}\") failed: bad value");
    let limit = |value: &str| match value {
        "None" => Ok(None),
        _ => Version::from_name(value.as_bytes()).map(Some).ok_or_else(bad),
    };
    match name {
        "minprotocol" => Ok(Some(Effect::Min(limit(value)?))),
        "maxprotocol" => Ok(Some(Effect::Max(limit(value)?))),
        "protocol" => {
            let mut switches = Vec::new();
            for item in value.split(',').map(str::trim) {
                let (on, item) = match item.strip_prefix('-') {
                    Some(rest) => (false, rest),
                    None => (true, item.strip_prefix('+').unwrap_or(item)),
                };
                let versions = match item {
                    _ if item.eq_ignore_ascii_case("ALL") => VersionSet::TLS,
                    _ => match Version::from_name_ignore_case(item.as_bytes()) {
                        Some(version) => VersionSet::of(&[version]),
                        None => return Err(bad()),
                    },
                };
                switches.push((on, versions));
            }
            Ok(Some(Effect::Switch(switches)))
        }
        _ if KNOWN.contains(&name) => Ok(None),
        _ => Err(format!("SSL_CONF_cmd(\"{name}\", \"{value}\") failed: unknown cmd name")),
    }
}

/// The other commands of OpenSSL 3 that a server may use.
const KNOWN: &[&str] = &[
    "cipherstring",
    "ciphersuites",
    "certificate",
    "privatekey",
    "chaincafile",
    "chaincapath",
    "verifycafile",
    "verifycapath",
    "requestcafile",
    "serverinfofile",
    "dhparameters",
    "recordpadding",
    "signaturealgorithms",
    "clientsignaturealgorithms",
    "groups",
    "curves",
    "ecdhparameters",
    "options",
    "verifymode",
    "clientcafile",
    "clientcapath",
    "numtickets",
    "cookies",
    "rxcertificatecompression",
    "txcertificatecompression",
];
