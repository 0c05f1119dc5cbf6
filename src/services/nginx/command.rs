//! The commands of `ssl_conf_command`, as far as nginx has a say in them; what they mean is the library's
//! ([`VersionCommand`]).

use super::model::ConfCommand;
use crate::instance::SettingKind;
use crate::openssl::{Caller, Library, Refused, VersionCommand};

/// The effect of a command on versions; `None`: it has none, or the library refuses it.
pub(super) fn read(name: &str, value: &str) -> Option<VersionCommand> {
    VersionCommand::read(name, value)?.ok()
}

/// The kind of a setting that does this.
pub(super) fn kind(command: &VersionCommand) -> SettingKind {
    match command {
        VersionCommand::Min(_) => SettingKind::Minimum,
        VersionCommand::Max(_) => SettingKind::Maximum,
        VersionCommand::Switch(_) => SettingKind::Switch,
    }
}

/// Why the library refuses a command, in nginx's words; `None`: it takes it, or that is not known.
pub(super) fn refused(library: &Library, command: &ConfCommand) -> Option<String> {
    let ConfCommand { name, value, .. } = command;
    match library.refuse_command(name, value, Caller::BOTH_SIDES) {
        Err(Refused::Invalid(reason)) => Some(format!("SSL_CONF_cmd(\"{name}\", \"{value}\") failed: {reason}")),
        Err(Refused::Unknown) | Ok(()) => None,
    }
}
