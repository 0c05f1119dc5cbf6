//! How nginx is tested, reloaded and restarted.

use super::ID;
use super::program::PROGRAM;
use crate::host::{Reload, commands, managed_by, names_file, quoted_path};
use crate::system::System;
use std::path::Path;

/// The commands for the instance with this main file.
pub(super) fn of(system: &dyn System, main: &Path) -> Reload {
    // The program that has this main file compiled in.
    let own = [
        ("/usr/local/nginx/conf/nginx.conf", "/usr/local/nginx/sbin/nginx"),
        ("/usr/local/openresty/nginx/conf/nginx.conf", "/usr/local/openresty/nginx/sbin/nginx"),
        ("/usr/local/etc/nginx/nginx.conf", "/usr/local/sbin/nginx"),
        ("/etc/nginx/nginx.conf", "/usr/sbin/nginx"),
    ];
    let own = own.iter().find(|(file, _)| main == Path::new(file)).map(|(_, program)| *program);
    let unit = PROGRAM.unit(system);
    let installed = PROGRAM.path(system, unit.as_ref());
    let installed = installed.as_deref().and_then(Path::to_str).unwrap_or("/usr/sbin/nginx");
    let program = match own.unwrap_or(installed) {
        "/usr/sbin/nginx" | "/usr/bin/nginx" | "/usr/local/sbin/nginx" => "nginx",
        path => path,
    };
    let with = if own.is_some() { String::new() } else { format!(" -c {}", quoted_path(main)) };
    let names: &[&str] =
        if main.starts_with("/usr/local/openresty") { &["openresty"] } else { &["nginx", "openresty"] };
    let managed = own.is_some() || names_file(unit.as_ref(), main);
    let manager = managed.then(|| managed_by(system, names)).flatten();
    let by_manager = manager.is_some();
    let (command, restart) = match manager {
        Some((manager, name)) => commands(manager, &name),
        None => (format!("{program}{with} -s reload"), format!("{program}{with} -s quit && {program}{with}")),
    };
    Reload { service: ID, command, by_manager, restart, test: format!("{program}{with} -t") }
}
