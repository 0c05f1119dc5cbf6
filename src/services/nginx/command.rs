//! The commands of `ssl_conf_command` that touch versions (OpenSSL's SSL_CONF_cmd(3)).

use crate::instance::SettingKind;
use crate::openssl::{Library, Refused};
use crate::release::Release;
use crate::tls::{Version, VersionSet};

/// What a command does to the set of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CommandEffect {
    /// `MinProtocol`; `None`: no limit
    Min(Option<Version>),
    /// `MaxProtocol`; `None`: no limit
    Max(Option<Version>),
    /// `Protocol`: versions switched on or off, in order
    Switch(Vec<(bool, VersionSet)>),
}

impl CommandEffect {
    /// What the command leaves or adds by itself: the set that it would make of all versions of TLS (a limit), or of
    /// none (a switch).
    pub(super) fn alone(&self) -> VersionSet {
        match self {
            CommandEffect::Min(_) | CommandEffect::Max(_) => self.apply(VersionSet::TLS),
            CommandEffect::Switch(_) => self.apply(VersionSet::EMPTY),
        }
    }

    /// The versions that it names one by one.
    pub(crate) fn names(&self) -> VersionSet {
        match self {
            // SSLv3 is taken by every library.
            CommandEffect::Min(version) | CommandEffect::Max(version) => {
                version.iter().copied().collect::<VersionSet>().and(VersionSet::TLS)
            }
            CommandEffect::Switch(switches) => {
                let single = switches.iter().map(|(_, versions)| *versions).filter(|v| v.len() == 1);
                // SSLv2 and SSLv3 are taken by every library.
                single.fold(VersionSet::EMPTY, VersionSet::union).and(VersionSet::TLS)
            }
        }
    }

    /// The kind of a setting that does this.
    pub(super) fn kind(&self) -> SettingKind {
        match self {
            CommandEffect::Min(_) => SettingKind::Minimum,
            CommandEffect::Max(_) => SettingKind::Maximum,
            CommandEffect::Switch(_) => SettingKind::Switch,
        }
    }

    /// Applies it to a set.
    pub(super) fn apply(&self, set: VersionSet) -> VersionSet {
        match self {
            CommandEffect::Min(low) => set.and(VersionSet::range(low.unwrap_or(Version::Ssl2), Version::Tls1_3)),
            CommandEffect::Max(high) => set.and(VersionSet::range(Version::Ssl2, high.unwrap_or(Version::Tls1_3))),
            CommandEffect::Switch(switches) => switches.iter().fold(set, |set, (on, versions)| match on {
                true => set.union(*versions),
                false => set.minus(*versions),
            }),
        }
    }
}

/// The effect of a command (its name in lower case); `None`: it does not touch versions. The error is what OpenSSL
/// makes nginx say.
pub(super) fn parse(name: &str, value: &str) -> Result<Option<CommandEffect>, String> {
    let bad = || format!("SSL_CONF_cmd(\"{name}\", \"{value}\") failed: bad value");
    let limit = |value: &str| match value {
        // A limit for DTLS is none for TLS.
        "None" | "DTLSv1" | "DTLSv1.2" => Ok(None),
        "SSLv2" => Err(bad()),
        _ => Version::from_name(value.as_bytes()).map(Some).ok_or_else(bad),
    };
    match name {
        "minprotocol" | "maxprotocol" if value.starts_with("DTLS") => limit(value).map(|_| None),
        "minprotocol" => Ok(Some(CommandEffect::Min(limit(value)?))),
        "maxprotocol" => Ok(Some(CommandEffect::Max(limit(value)?))),
        "protocol" => {
            let mut switches = Vec::new();
            for item in value.split(',').map(str::trim) {
                let (on, item) = match item.strip_prefix('-') {
                    Some(rest) => (false, rest),
                    None => (true, item.strip_prefix('+').unwrap_or(item)),
                };
                let versions = match item {
                    _ if item.eq_ignore_ascii_case("ALL") => VersionSet::TLS,
                    // Versions of DTLS share their switches with those of TLS (SSL_OP_NO_DTLSv1 is SSL_OP_NO_TLSv1).
                    _ if item.eq_ignore_ascii_case("DTLSv1") => VersionSet::of(&[Version::Tls1]),
                    _ if item.eq_ignore_ascii_case("DTLSv1.2") => VersionSet::of(&[Version::Tls1_2]),
                    _ => match Version::from_name_ignore_case(item.as_bytes()) {
                        Some(version) => VersionSet::of(&[version]),
                        None => return Err(bad()),
                    },
                };
                switches.push((on, versions));
            }
            Ok(Some(CommandEffect::Switch(switches)))
        }
        _ if KNOWN.contains(&name) => Ok(None),
        _ => Err(format!("SSL_CONF_cmd(\"{name}\", \"{value}\") failed: unknown cmd name")),
    }
}

/// What the library says to a command that does not touch versions; `None`: it takes it, or that is not known.
pub(super) fn refused(name: &str, value: &str, library: &Library) -> Option<String> {
    let reason = match name {
        "cipherstring" => match library.select(Some(value)) {
            Err(Refused::Invalid(reason)) => Some(reason),
            _ => None,
        },
        "ciphersuites" if library.refuses_suites(value) => Some("no cipher match".to_owned()),
        "groups" | "curves" => library.refuses_groups(value),
        "ecdhparameters" if AUTOMATIC.iter().any(|word| word.eq_ignore_ascii_case(value)) => None,
        "ecdhparameters" => library.refuses_groups(value),
        "signaturealgorithms" | "clientsignaturealgorithms" => library.refuses_signatures(value),
        "options" => {
            // Some came with 3.2 and 3.3.
            let new = library.release.is_none_or(|r| r >= Release::new(3, 2, 0));
            unknown_word(value, if new { OPTIONS } else { &OPTIONS[NEW_OPTIONS..] })
        }
        "verifymode" => unknown_word(value, VERIFY_MODES),
        "recordpadding" if value.parse::<u32>().is_ok_and(|padding| padding > 16384) => Some("bad value".to_owned()),
        _ => None,
    };
    reason.map(|reason| format!("SSL_CONF_cmd(\"{name}\", \"{value}\") failed: {reason}"))
}

/// The first word of a list with commas that is none of those, as a complaint.
fn unknown_word(value: &str, known: &[&str]) -> Option<String> {
    let is_known = |word: &str| {
        let name = word.strip_prefix(['+', '-']).unwrap_or(word);
        known.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    let bad = value.split(',').map(str::trim).find(|word| !is_known(word))?;
    Some(format!("bad value \"{bad}\""))
}

/// What `ECDHParameters` takes for "the library's own groups".
pub(super) const AUTOMATIC: &[&str] = &["+automatic", "automatic"];

/// How many of them came later.
const NEW_OPTIONS: usize = 4;

const OPTIONS: &[&str] = &[
    "PreferNoDHEKEX",
    "TxCertificateCompression",
    "RxCertificateCompression",
    "KTLSTxZerocopySendfile",
    "SessionTicket",
    "EmptyFragments",
    "Bugs",
    "Compression",
    "ServerPreference",
    "NoResumptionOnRenegotiation",
    "DHSingle",
    "ECDHSingle",
    "UnsafeLegacyRenegotiation",
    "UnsafeLegacyServerConnect",
    "ClientRenegotiation",
    "EncryptThenMac",
    "NoRenegotiation",
    "AllowNoDHEKEX",
    "PrioritizeChaCha",
    "MiddleboxCompat",
    "AntiReplay",
    "ExtendedMasterSecret",
    "CANames",
    "KTLS",
    "StrictCertCheck",
    "IgnoreUnexpectedEOF",
];

const VERIFY_MODES: &[&str] = &["Peer", "Request", "Require", "Once", "RequestPostHandshake", "RequirePostHandshake"];

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
