//! Commands of `system_default`, as `SSL_CONF_cmd(3)` runs them for a new context (`ssl/ssl_conf.c`, `ssl/ssl_mcnf.c`).

use super::super::cipher_list::{Reader, Refused};
use super::super::{groups, security, signatures};
use super::circumstances::{Circumstances, Side};
use super::modules::behind_dot;
use super::options::{unknown_mode, unknown_option};
use super::sections::{Entry, Place};
use super::system_default::SystemDefault;
use crate::release::Release;
use crate::tls::{Version, VersionSet};

/// A command, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Its name as it is written: `TLS.MinProtocol`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Where it stands.
    pub place: Place,
    /// What became of it.
    pub effect: Effect,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It was carried out, or has nothing to do with versions.
    Applied,
    /// It was refused, as a lowercase fragment.
    Refused(String),
    /// An earlier one was refused, and 1.1.1 stops there.
    NotReached,
}

/// Runs the commands in their order.
pub(crate) fn run(
    commands: &[(String, &Entry)],
    circumstances: &Circumstances<'_>,
    default: &mut SystemDefault,
) -> Vec<Command> {
    let mut is_over = false;
    let mut done = Vec::new();
    for (name, entry) in commands {
        let value = entry.text();
        let effect = if is_over {
            Effect::NotReached
        } else {
            set(default, behind_dot(name), &value, circumstances).map_or_else(Effect::Refused, |()| Effect::Applied)
        };
        is_over |= effect != Effect::Applied && circumstances.is_before(3, 0);
        done.push(Command { name: name.clone(), value, place: entry.place.clone(), effect });
    }
    done
}

/// Runs one command.
fn set(default: &mut SystemDefault, name: &str, value: &str, circumstances: &Circumstances<'_>) -> Result<(), String> {
    let release = circumstances.release.unwrap_or(Release::new(3, 0, 0));
    let foreign = default.foreign;
    let wrong = || format!("{name} has the unknown value \"{value}\"");
    let known = |wrong: Option<&str>| match wrong {
        Some(word) => Err(format!("{name} has the unknown value \"{word}\"")),
        None => Ok(()),
    };
    let valid = |refused: Result<(), Refused>| match refused {
        Err(Refused::Invalid(reason)) => Err(format!("{name} is refused: {reason}")),
        Ok(()) | Err(Refused::Unknown) => Ok(()),
    };
    match name.to_ascii_lowercase().as_str() {
        "cipherstring" => {
            let SystemDefault { legacy, .. } = *default;
            default.cipher_string = Some(value.to_owned());
            let reader = Reader { release, optional: true, legacy, has_profiles: None, profile: None };
            valid(reader.select(value).map(drop))?;
        }
        "ciphersuites" => {
            default.ciphersuites = Some(value.to_owned());
            if !value.is_empty() && security::suites_of_tls1_3(release, Some(value)).is_empty() {
                return Err(wrong());
            }
        }
        "groups" | "curves" => {
            default.groups = Some(value.to_owned());
            valid(groups::parse(value, 0, release, foreign).map(drop))?;
        }
        "signaturealgorithms" => {
            default.signatures = Some(value.to_owned());
            valid(signatures::parse(value, 0, release, foreign).map(drop))?;
        }
        "clientsignaturealgorithms" => valid(signatures::parse(value, 0, release, foreign).map(drop))?,
        "minprotocol" => bound(value, release, &mut default.min).ok_or_else(wrong)?,
        "maxprotocol" => bound(value, release, &mut default.max).ok_or_else(wrong)?,
        "protocol" => {
            // Words before a wrong one are carried out.
            for word in value.split(',').map(str::trim) {
                known(switch(default, word).is_none().then_some(word))?;
            }
        }
        "options" => known(unknown_option(value, release, circumstances.side))?,
        "verifymode" => known(unknown_mode(value, release, circumstances.side))?,
        "recordpadding" => {
            let digits: String = value.trim_start().chars().take_while(char::is_ascii_digit).collect();
            if digits.parse::<u64>().unwrap_or(0) > 16384 {
                return Err(wrong());
            }
        }
        "numtickets" | "ecdhparameters" if circumstances.side == Side::Any => {}
        _ => return Err(format!("\"{name}\" is no command that counts here")),
    }
    Ok(())
}

/// The value of `MinProtocol` or `MaxProtocol`: a name in exactly that spelling. Those of DTLS leave the bound as it is.
fn bound(value: &str, release: Release, bound: &mut Option<Version>) -> Option<()> {
    // Before 1.1.1h they are refused.
    let is_dtls = matches!(value, "DTLSv1" | "DTLSv1.2") && release >= Release { numbers: [1, 1, 1], letter: 8 };
    match Version::from_name(value.as_bytes()) {
        Some(version) if version != Version::Ssl2 => *bound = Some(version),
        _ if value == "None" => *bound = None,
        _ if is_dtls => {}
        _ => return None,
    }
    Some(())
}

/// One word of `Protocol`: `-TLSv1`, `TLSv1.2`, `ALL`.
fn switch(default: &mut SystemDefault, word: &str) -> Option<()> {
    let (on, name) = match word.strip_prefix('-') {
        Some(name) => (false, name),
        None => (true, word.strip_prefix('+').unwrap_or(word)),
    };
    let versions = match name.to_ascii_lowercase().as_str() {
        "all" => VersionSet::ALL,
        "dtlsv1" | "dtlsv1.2" => VersionSet::EMPTY,
        _ => VersionSet::of(&[Version::from_name_ignore_case(name.as_bytes())?]),
    };
    default.off = if on { default.off.minus(versions) } else { default.off.union(versions) };
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::circumstances::Environment;
    use super::*;
    use std::collections::BTreeMap;

    fn refuses(release: &str, side: Side, name: &str, value: &str) -> bool {
        let none = BTreeMap::new();
        let circumstances = Circumstances {
            release: Release::parse(release),
            names: &[],
            environment: Environment::Whole(&none),
            folder: None,
            side,
            modules: None,
            is_red_hat: Some(false),
        };
        set(&mut SystemDefault::default(), name, value, &circumstances).is_err()
    }

    /// What `SSL_CONF_cmd` of OpenSSL 3.0.19 gives back.
    #[test]
    fn commands_are_refused_as_the_library_does() {
        for (name, value, client, any) in [
            ("Options", "Bugs", false, false),
            ("Options", "ServerPreference", true, false),
            ("Options", "-ServerPreference", true, false),
            ("Options", "PreferNoDHEKEX", true, true),
            ("Options", "NoTLSv1", true, true),
            ("Options", "", true, true),
            ("Options", "Bugs,", true, true),
            ("VerifyMode", "Peer", false, false),
            ("VerifyMode", "Once", true, false),
            ("VerifyMode", "None", true, true),
            ("NumTickets", "2", true, false),
            ("RecordPadding", "x", false, false),
            ("RecordPadding", "20000", true, true),
            ("ECDHParameters", "P-256", true, false),
            ("DHParameters", "auto", true, true),
            ("Certificate", "/x", true, true),
            ("ClientSignatureAlgorithms", "RSA+SHA256", false, false),
            ("SignatureAlgorithms", "bogus", true, true),
            ("Groups", "P-256:bogus", true, true),
            ("Curves", "P-256", false, false),
            ("MinProtocol", "DTLSv1", false, false),
            ("MinProtocol", "DTLSv1.3", true, true),
            ("MinProtocol", "", true, true),
            ("Protocol", "", true, true),
            ("Protocol", "-TLSv1,", true, true),
            ("Protocol", "SSLv2", false, false),
            ("Protocol", "- TLSv1", true, true),
            ("CipherString", "", true, true),
            ("CipherString", "bogus", true, true),
            ("CipherString", "bogus:AES", false, false),
            ("Ciphersuites", "", false, false),
            ("Ciphersuites", "bogus", true, true),
            ("Ciphersuites", "bogus:TLS_AES_128_GCM_SHA256", false, false),
            ("min_protocol", "TLSv1", true, true),
        ] {
            assert_eq!(refuses("3.0.19", Side::Client, name, value), client, "{name} = {value}, client");
            assert_eq!(refuses("3.0.19", Side::Any, name, value), any, "{name} = {value}");
        }
        assert!(refuses("1.1.1g", Side::Any, "MinProtocol", "DTLSv1"));
        assert!(!refuses("1.1.1h", Side::Any, "MinProtocol", "DTLSv1"));
        assert!(!refuses("3.3.0", Side::Any, "Options", "PreferNoDHEKEX"));
    }
}
