//! How httpd is tested, reloaded and restarted: by the control script of its distribution.

use super::ID;
use super::program::PROGRAM;
use crate::host::{Facts, Manager, Reload, commands, managed_by, names_file, quoted_path};
use crate::system::System;
use std::path::Path;

/// The commands for the instance with this main file.
pub(super) fn of(system: &dyn System, facts: &Facts, main: &Path) -> Reload {
    let is = |family: &str| facts.distribution.iter().any(|id| id == family);
    let there = |path: &str| system.kind(Path::new(path)).is_ok();
    let debian = is("debian") || there("/usr/sbin/apache2ctl") && !is("gentoo");
    let folder = main.parent().unwrap_or(Path::new("/"));
    // Debian's further instances: /etc/apache2-NAME, started as apache2@NAME.
    let suffix = folder.to_str().and_then(|f| f.strip_prefix("/etc/apache2-")).filter(|s| debian && !s.contains('/'));
    let source_built = main.starts_with("/usr/local/apache2");
    let bundled = bundled_control(system, main);
    let control = if source_built {
        "/usr/local/apache2/bin/apachectl"
    } else if let Some(bundled) = &bundled {
        bundled
    } else if debian || is("gentoo") {
        "apache2ctl"
    } else if facts.is_red_hat() || is("alpine") {
        "httpd"
    } else {
        "apachectl"
    };
    let usual = [
        "/etc/apache2/apache2.conf",
        "/etc/apache2/httpd.conf",
        "/etc/httpd/conf/httpd.conf",
        "/usr/local/apache2/conf/httpd.conf",
        "/usr/local/etc/apache24/httpd.conf",
    ];
    let unit = PROGRAM.unit(system);
    let by_default = usual.iter().any(|file| main == Path::new(file)) || bundled.is_some();
    let (before, with) = match suffix {
        Some(_) => (format!("APACHE_CONFDIR={} ", quoted_path(folder)), String::new()),
        None if by_default => (String::new(), String::new()),
        None => (String::new(), format!(" -f {}", quoted_path(main))),
    };
    let act = |action: &str| match control {
        "httpd" => format!("httpd{with} -k {action}"),
        _ if with.is_empty() => format!("{before}{control} {action}"),
        _ => format!("{control}{with} -k {action}"),
    };
    let test = match control {
        "httpd" => format!("httpd{with} -t"),
        _ if with.is_empty() => format!("{before}{control} configtest"),
        _ => format!("{control}{with} -t"),
    };
    let managed =
        by_default && !source_built && bundled.is_none() || suffix.is_some() || names_file(unit.as_ref(), main);
    let found = managed.then(|| managed_by(system, PROGRAM.units)).flatten();
    let by_manager = found.is_some();
    let (command, restart) = match (found, suffix) {
        (Some((Manager::Systemd, name)), Some(suffix)) => commands(Manager::Systemd, &format!("{name}@{suffix}")),
        (Some((manager, name)), Some(suffix)) => commands(manager, &format!("{name}-{suffix}")),
        (Some((manager, name)), None) => commands(manager, &name),
        (None, _) => (act("graceful"), act("restart")),
    };
    Reload { service: ID, command, by_manager, restart, test }
}

/// The `apachectl` of a tree below /opt (XAMPP, Bitnami) whose own main file that is.
fn bundled_control(system: &dyn System, main: &Path) -> Option<String> {
    let folder = main.parent().filter(|folder| folder.ends_with("conf") || folder.ends_with("etc"))?;
    let is_own = main.starts_with("/opt") && main.ends_with("httpd.conf");
    let control = folder.parent().filter(|_| is_own)?.join("bin/apachectl");
    system.kind(&control).ok().map(|_| quoted_path(&control))
}
