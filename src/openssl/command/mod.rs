//! The commands of `SSL_CONF_cmd(3)`: the one table for `system_default` in openssl.cnf, nginx's `ssl_conf_command` and
//! Apache's `SSLOpenSSLConfCmd`.
//!
//! From `ssl/ssl_conf.c` of 1.1.0i, 1.1.1w and the first releases of 3.0 to 3.5, and held against the library of the machine
//! (`tests/real/commands.rs`). Names of the command line (`min_protocol`) are none here: all three read files.

mod names;
mod values;
mod versions;
mod words;

pub(crate) use values::{is_automatic, refuse_value};
pub use versions::VersionCommand;
pub(crate) use versions::read_switch;

use super::cipher_list::Refused;
use crate::release::Release;

/// Who hands commands to the library (the flags of `SSL_CONF_CTX_set_flags`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Are they about a server?
    pub is_server: bool,
    /// Are they about a client?
    pub is_client: bool,
    /// May they name files of certificates, keys and parameters?
    pub takes_files: bool,
}

impl Caller {
    /// One that tells the library nothing about its side.
    pub const BOTH_SIDES: Caller = Caller { is_server: true, is_client: true, takes_files: true };
    /// One that sets up servers.
    pub const SERVER: Caller = Caller { is_server: true, is_client: false, takes_files: true };
}

/// Does a library have a command of this name for this caller? The error says that it does not, or that this is not known.
pub(crate) fn find_command(name: &str, caller: Caller, release: Option<Release>) -> Result<(), Refused> {
    let command = names::ALL.iter().find(|known| known.name.eq_ignore_ascii_case(name));
    let fits = |known: &&names::KnownCommand| {
        (caller.is_server || !known.for_servers) && (caller.takes_files || !known.names_file)
    };
    match command.filter(fits) {
        Some(known) => names::exists(known.since, release),
        None => Err(Refused::Invalid("unknown cmd name".to_owned())),
    }
}
