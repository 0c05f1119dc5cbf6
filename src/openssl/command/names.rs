//! The names of commands.

use super::super::cipher_list::Refused;
use crate::release::Release;

/// A command.
pub(super) struct KnownCommand {
    pub name: &'static str,
    pub since: Release,
    /// Is it unknown where no server is set up?
    pub for_servers: bool,
    /// Is it about a certificate, so that openssl.cnf does not know it?
    pub names_file: bool,
}

/// The oldest release whose source was read.
const OLDEST: Release = Release::new(1, 1, 0);
const WITH_TLS1_3: Release = Release::new(1, 1, 1);
const WITH_STORES: Release = Release::new(3, 0, 0);
/// Later than all whose source was read: it is in the development branch.
pub(super) const LATER: Release = Release::new(3, 6, 0);

const fn plain(name: &'static str, since: Release) -> KnownCommand {
    KnownCommand { name, since, for_servers: false, names_file: false }
}

const fn of_servers(name: &'static str, since: Release) -> KnownCommand {
    KnownCommand { name, since, for_servers: true, names_file: false }
}

const fn of_files(name: &'static str, since: Release) -> KnownCommand {
    KnownCommand { name, since, for_servers: false, names_file: true }
}

const fn of_server_files(name: &'static str, since: Release) -> KnownCommand {
    KnownCommand { name, since, for_servers: true, names_file: true }
}

pub(super) const ALL: &[KnownCommand] = &[
    plain("SignatureAlgorithms", OLDEST),
    plain("ClientSignatureAlgorithms", OLDEST),
    plain("Curves", OLDEST),
    plain("Groups", WITH_TLS1_3),
    of_servers("ECDHParameters", OLDEST),
    plain("CipherString", OLDEST),
    plain("Ciphersuites", WITH_TLS1_3),
    plain("Protocol", OLDEST),
    plain("MinProtocol", OLDEST),
    plain("MaxProtocol", OLDEST),
    plain("Options", OLDEST),
    plain("VerifyMode", OLDEST),
    of_files("Certificate", OLDEST),
    of_files("PrivateKey", OLDEST),
    of_server_files("ServerInfoFile", OLDEST),
    of_files("ChainCAPath", OLDEST),
    of_files("ChainCAFile", OLDEST),
    of_files("ChainCAStore", WITH_STORES),
    of_files("VerifyCAPath", OLDEST),
    of_files("VerifyCAFile", OLDEST),
    of_files("VerifyCAStore", WITH_STORES),
    of_files("RequestCAFile", WITH_TLS1_3),
    of_server_files("ClientCAFile", OLDEST),
    of_files("RequestCAPath", WITH_TLS1_3),
    of_server_files("ClientCAPath", OLDEST),
    of_files("RequestCAStore", WITH_STORES),
    of_server_files("ClientCAStore", WITH_STORES),
    of_server_files("DHParameters", OLDEST),
    plain("RecordPadding", WITH_TLS1_3),
    of_servers("NumTickets", WITH_TLS1_3),
    plain("CertValidation", LATER),
    plain("HostnameVerification", LATER),
];

/// Has a release what came with another one? Where no release is known, it may have.
pub(super) fn exists(since: Release, release: Option<Release>) -> Result<(), Refused> {
    match release {
        Some(release) if release < OLDEST && since == OLDEST => Err(Refused::Unknown),
        Some(release) if release < since => Err(Refused::Invalid(format!("it needs OpenSSL {since}"))),
        Some(_) | None if since == LATER => Err(Refused::Unknown),
        Some(_) | None => Ok(()),
    }
}
