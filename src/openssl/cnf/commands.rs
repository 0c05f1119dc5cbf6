//! Commands of `system_default`, as `SSL_CONF_cmd(3)` runs them for a new context (`ssl/ssl_conf.c`, `ssl/ssl_mcnf.c`).

use super::super::cipher_list::{Reader, Refused};
use super::super::command::{Caller, VersionCommand, find_command, is_automatic, refuse_value};
use super::circumstances::{Circumstances, Side};
use super::modules::behind_dot;
use super::sections::{Entry, Place};
use super::system_default::SystemDefault;
use crate::release::Release;

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
    /// An earlier one was refused, and this release stops there.
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
        is_over |= effect != Effect::Applied && circumstances.release.is_some_and(stops_at_refused);
        done.push(Command { name: name.clone(), value, place: entry.place.clone(), effect });
    }
    done
}

/// Does a release carry out nothing behind a command that it refuses? Since January 2024 all branches go on
/// (openssl/openssl#23048).
fn stops_at_refused(release: Release) -> bool {
    release < Release::new(3, 0, 13)
        || (Release::new(3, 1, 0)..Release::new(3, 1, 5)).contains(&release)
        || (Release::new(3, 2, 0)..Release::new(3, 2, 1)).contains(&release)
}

/// Runs one command.
fn set(default: &mut SystemDefault, name: &str, value: &str, circumstances: &Circumstances<'_>) -> Result<(), String> {
    let release = circumstances.release.unwrap_or(Release::new(3, 0, 0));
    let caller = Caller { is_server: circumstances.side == Side::Any, is_client: true, takes_files: false };
    if let Err(Refused::Invalid(_)) = find_command(name, caller, Some(release)) {
        return Err(format!("\"{name}\" is no command that counts here"));
    }
    let SystemDefault { legacy, foreign, .. } = *default;
    let lower = name.to_ascii_lowercase();
    let taken = match lower.as_str() {
        "cipherstring" => {
            Reader { release, optional: true, legacy, has_profiles: None, profile: None }.select(value).map(drop)
        }
        _ => refuse_value(name, value, caller, Some(release), foreign),
    };
    match lower.as_str() {
        // What is refused changes the level all the same, or is passed over where it would count.
        "cipherstring" => default.cipher_string = Some(value.to_owned()),
        "ciphersuites" => default.ciphersuites = Some(value.to_owned()),
        "groups" | "curves" => default.groups = Some(value.to_owned()),
        "ecdhparameters" if !is_automatic(value) => default.groups = Some(value.to_owned()),
        "signaturealgorithms" => default.signatures = Some(value.to_owned()),
        "protocol" => {
            // Words before a wrong one are carried out.
            let off = VersionCommand::read_switches(value).0;
            default.off = off.iter().fold(default.off, |off, (on, versions)| match on {
                true => off.minus(*versions),
                false => off.union(*versions),
            });
        }
        _ => {}
    }
    if let Err(Refused::Invalid(reason)) = taken {
        return Err(format!("{name} is refused: {reason}"));
    }
    match VersionCommand::read(name, value) {
        Some(Ok(VersionCommand::Min(limit))) => default.min = limit,
        Some(Ok(VersionCommand::Max(limit))) => default.max = limit,
        _ => {}
    }
    Ok(())
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
            ("Options", "StrictCertCheck", true, true),
            ("Options", "IgnoreUnexpectedEOF", true, true),
            ("Options", "NoTLSv1", true, true),
            ("Options", "", true, true),
            ("Options", "Bugs,", true, true),
            ("VerifyMode", "Peer", false, false),
            ("VerifyMode", "Once", true, false),
            ("VerifyMode", "None", true, true),
            ("NumTickets", "2", true, false),
            ("NumTickets", "-1", true, true),
            ("RecordPadding", "-1", true, true),
            ("RecordPadding", "512,64", false, false),
            ("RecordPadding", "x", false, false),
            ("RecordPadding", "20000", true, true),
            ("ECDHParameters", "P-256", true, false),
            ("ECDHParameters", "bogus", true, true),
            ("ECDHParameters", "P-256:P-384", true, true),
            ("ECDHParameters", "Automatic", true, false),
            ("ECDHParameters", "auto", true, true),
            ("DHParameters", "auto", true, true),
            ("Certificate", "/x", true, true),
            ("ClientSignatureAlgorithms", "RSA+SHA256", false, false),
            ("SignatureAlgorithms", "bogus", true, true),
            ("SignatureAlgorithms", "RSA+SHA256:RSA+SHA256", true, true),
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
        assert!(!refuses("3.2.0", Side::Any, "Options", "StrictCertCheck"));
        assert!(refuses("1.1.0l", Side::Any, "MinProtocol", "TLSv1.3"));
        assert!(
            refuses("3.4.0", Side::Any, "RecordPadding", "x") && !refuses("3.3.0", Side::Any, "RecordPadding", "x")
        );
    }
}
