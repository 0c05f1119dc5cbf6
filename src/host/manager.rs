//! What starts the services of a host: systemd, OpenRC or scripts.

use super::facts::Fact;
use super::product::Product;
use super::unit::Unit;
use crate::system::{Kind, System};
use std::path::Path;

/// What starts services on a host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// systemd
    Systemd,
    /// OpenRC, of Alpine and Gentoo
    OpenRc,
    /// scripts in /etc/init.d
    SysV,
}

/// What starts a service, and the name that it has there: `systemd`, `nginx`.
pub fn started_by(system: &dyn System, product: &dyn Product) -> Option<(&'static str, String)> {
    let (manager, name) = managed_by(system, product.program().units)?;
    Some((manager.title(), name))
}

/// The init system of the host: its first process, or what is installed.
pub fn init_system(system: &dyn System) -> Fact<&'static str> {
    let first = system.read(Path::new("/proc/1/comm")).ok();
    if first.is_some_and(|name| name.starts_with(b"systemd")) {
        return Fact::known(Manager::Systemd.title(), "/proc/1/comm");
    }
    let signs = [
        (Manager::Systemd, "/usr/lib/systemd/systemd"),
        (Manager::Systemd, "/lib/systemd/systemd"),
        (Manager::OpenRc, "/sbin/openrc-run"),
        (Manager::OpenRc, "/usr/sbin/openrc-run"),
        (Manager::SysV, "/etc/inittab"),
        (Manager::Systemd, "/etc/systemd/system"),
    ];
    match signs.iter().find(|(_, path)| system.kind(Path::new(path)).is_ok()) {
        Some((manager, path)) => Fact::known(manager.title(), *path),
        None => Fact::unknown("no init system was found"),
    }
}

impl Manager {
    fn title(self) -> &'static str {
        match self {
            Manager::Systemd => "systemd",
            Manager::OpenRc => "OpenRC",
            Manager::SysV => "SysV init",
        }
    }
}

/// What starts one of these services, and its name there.
pub fn managed_by(system: &dyn System, names: &[&str]) -> Option<(Manager, String)> {
    let named = |manager: Manager, name: &&str| Some((manager, (*name).to_owned()));
    let first = system.read(Path::new("/proc/1/comm")).ok();
    if runs_systemd(system)
        && let Some(name) = names.iter().find(|name| Unit::read(system, name).is_some())
    {
        return named(Manager::Systemd, name);
    }
    let script = |name: &&&str| system.read(&Path::new("/etc/init.d").join(name)).ok();
    let name = names.iter().find(|name| script(name).is_some())?;
    let text = script(&name).unwrap_or_default();
    let first_line = text.split(|b| *b == b'\n').next().unwrap_or_default();
    let open_rc = first_line.ends_with(b"openrc-run") || first_line.ends_with(b"/runscript");
    // In a container without any of them the scripts of SysV still work, but nothing was started by them.
    let container = first.is_some_and(|name| !name.starts_with(b"init") && !name.starts_with(b"systemd"));
    match (open_rc, container) {
        (_, true) => None,
        (true, false) => named(Manager::OpenRc, name),
        (false, false) => named(Manager::SysV, name),
    }
}

/// A host that runs says what its first process is; an image of one does not.
pub(super) fn runs_systemd(system: &dyn System) -> bool {
    match system.read(Path::new("/proc/1/comm")) {
        Ok(name) => name.starts_with(b"systemd") || is_directory(system, "/run/systemd/system"),
        Err(_) => true,
    }
}

fn is_directory(system: &dyn System, path: &str) -> bool {
    system.kind(Path::new(path)).is_ok_and(|kind| kind == Kind::Directory)
}

/// The commands to reload and to restart.
pub fn commands(manager: Manager, name: &str) -> (String, String) {
    let command = |action: &str| match manager {
        Manager::Systemd => format!("systemctl {action} {name}"),
        Manager::OpenRc => format!("rc-service {name} {action}"),
        Manager::SysV => format!("service {name} {action}"),
    };
    (command("reload"), command("restart"))
}
