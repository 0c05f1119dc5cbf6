//! How a service is tested, reloaded and restarted on a host, as commands for a person to run.

use super::facts::Facts;
use super::manager::{Manager, commands, managed_by, runs_systemd};
use super::programs::{APACHE, NGINX};
use super::unit::Unit;
use super::words;
use crate::instance::ServiceId;
use crate::system::{System, leads_to};
use std::path::Path;

/// The commands for one instance of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reload {
    /// The service.
    pub service: ServiceId,
    /// Makes new settings effective: `systemctl reload nginx`. Enough for versions, ciphers and certificates.
    pub command: String,
    /// Does the service manager carry that out? Else the program does, which finds the process by a file.
    pub by_manager: bool,
    /// Stops and starts it, which changed sockets, a changed environment or a new TLS library need.
    pub restart: String,
    /// Tests the configuration: `nginx -t`, `apache2ctl configtest`.
    pub test: String,
}

/// The commands for the instance of a service that has this main file.
pub fn reload(system: &dyn System, facts: &Facts, service: ServiceId, main: &Path) -> Reload {
    let mut found = if service.0 == "nginx" { nginx(system, main) } else { apache(system, facts, service, main) };
    // A unit of another name that starts a server with this main file.
    let mut named =
        facts.main_files.iter().filter(|file| file.service == service && leads_to(system, &file.path, main));
    let unit = named.find_map(|file| file.unit.as_ref());
    if let Some(unit) = unit.filter(|_| !found.by_manager && runs_systemd(system)) {
        (found.command, found.restart) = commands(Manager::Systemd, unit);
        found.by_manager = true;
    }
    found
}

fn nginx(system: &dyn System, main: &Path) -> Reload {
    // The program that has this main file compiled in.
    let own = [
        ("/usr/local/nginx/conf/nginx.conf", "/usr/local/nginx/sbin/nginx"),
        ("/usr/local/openresty/nginx/conf/nginx.conf", "/usr/local/openresty/nginx/sbin/nginx"),
        ("/usr/local/etc/nginx/nginx.conf", "/usr/local/sbin/nginx"),
        ("/etc/nginx/nginx.conf", "/usr/sbin/nginx"),
    ];
    let own = own.iter().find(|(file, _)| main == Path::new(file)).map(|(_, program)| *program);
    let unit = NGINX.unit(system);
    let installed = NGINX.path(system, unit.as_ref());
    let installed = installed.as_deref().and_then(Path::to_str).unwrap_or("/usr/sbin/nginx");
    let program = match own.unwrap_or(installed) {
        "/usr/sbin/nginx" | "/usr/bin/nginx" | "/usr/local/sbin/nginx" => "nginx",
        path => path,
    };
    let with = if own.is_some() { String::new() } else { format!(" -c {}", quoted(main)) };
    let names: &[&str] =
        if main.starts_with("/usr/local/openresty") { &["openresty"] } else { &["nginx", "openresty"] };
    let managed = own.is_some() || names_file(unit.as_ref(), main);
    let manager = managed.then(|| managed_by(system, names)).flatten();
    let by_manager = manager.is_some();
    let (command, restart) = match manager {
        Some((manager, name)) => commands(manager, &name),
        None => (format!("{program}{with} -s reload"), format!("{program}{with} -s quit && {program}{with}")),
    };
    Reload { service: ServiceId("nginx"), command, by_manager, restart, test: format!("{program}{with} -t") }
}

fn apache(system: &dyn System, facts: &Facts, service: ServiceId, main: &Path) -> Reload {
    let is = |family: &str| facts.distribution.iter().any(|id| id == family);
    let there = |path: &str| system.kind(Path::new(path)).is_ok();
    let debian = is("debian") || there("/usr/sbin/apache2ctl") && !is("gentoo");
    let folder = main.parent().unwrap_or(Path::new("/"));
    // Debian's further instances: /etc/apache2-NAME, started as apache2@NAME.
    let suffix = folder.to_str().and_then(|f| f.strip_prefix("/etc/apache2-")).filter(|s| debian && !s.contains('/'));
    let source_built = main.starts_with("/usr/local/apache2");
    let bundled = bundled_control(system, main);
    let control = match () {
        () if source_built => "/usr/local/apache2/bin/apachectl",
        () if bundled.is_some() => bundled.as_deref().unwrap_or_default(),
        () if debian || is("gentoo") => "apache2ctl",
        () if facts.is_red_hat() || is("alpine") => "httpd",
        () => "apachectl",
    };
    let usual = [
        "/etc/apache2/apache2.conf",
        "/etc/apache2/httpd.conf",
        "/etc/httpd/conf/httpd.conf",
        "/usr/local/apache2/conf/httpd.conf",
        "/usr/local/etc/apache24/httpd.conf",
    ];
    let unit = APACHE.unit(system);
    let by_default = usual.iter().any(|file| main == Path::new(file)) || bundled.is_some();
    let (before, with) = match suffix {
        Some(_) => (format!("APACHE_CONFDIR={} ", quoted(folder)), String::new()),
        None if by_default => (String::new(), String::new()),
        None => (String::new(), format!(" -f {}", quoted(main))),
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
    let found = managed.then(|| managed_by(system, APACHE.units)).flatten();
    let by_manager = found.is_some();
    let (command, restart) = match (found, suffix) {
        (Some((Manager::Systemd, name)), Some(suffix)) => commands(Manager::Systemd, &format!("{name}@{suffix}")),
        (Some((manager, name)), Some(suffix)) => commands(manager, &format!("{name}-{suffix}")),
        (Some((manager, name)), None) => commands(manager, &name),
        (None, _) => (act("graceful"), act("restart")),
    };
    Reload { service, command, by_manager, restart, test }
}

/// The `apachectl` of a tree below /opt (XAMPP, Bitnami) whose own main file that is.
fn bundled_control(system: &dyn System, main: &Path) -> Option<String> {
    let folder = main.parent().filter(|folder| folder.ends_with("conf") || folder.ends_with("etc"))?;
    let is_own = main.starts_with("/opt") && main.ends_with("httpd.conf");
    let control = folder.parent().filter(|_| is_own)?.join("bin/apachectl");
    system.kind(&control).ok().map(|_| quoted(&control))
}

/// Does the unit start its program with that file?
fn names_file(unit: Option<&Unit>, main: &Path) -> bool {
    let start = unit.and_then(|u| u.exec_start.as_deref()).unwrap_or_default();
    main.to_str().is_some_and(|main| start.split_ascii_whitespace().any(|word| word.trim_matches(['"', '\'']) == main))
}

/// A path as a word of a shell.
fn quoted(path: &Path) -> String {
    words::quoted(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    const UNIT: &str = "[Service]\nExecStart=/usr/sbin/x\n";

    fn show(files: &[(&str, &str)], distribution: &[&str], service: &'static str, main: &str) -> [String; 3] {
        let system = MemorySystem::with_files(files.iter().copied());
        let distribution = distribution.iter().map(|id| (*id).to_owned()).collect();
        let facts = Facts { distribution, ..Facts::unknown() };
        let found = reload(&system, &facts, ServiceId(service), Path::new(main));
        [found.command, found.restart, found.test]
    }

    #[test]
    fn systemd() {
        let debian = [("/lib/systemd/system/nginx.service", UNIT), ("/lib/systemd/system/apache2.service", UNIT)];
        assert_eq!(
            show(&debian, &["debian"], "nginx", "/etc/nginx/nginx.conf"),
            ["systemctl reload nginx", "systemctl restart nginx", "nginx -t"]
        );
        assert_eq!(
            show(&debian, &["debian"], "apache", "/etc/apache2/apache2.conf"),
            ["systemctl reload apache2", "systemctl restart apache2", "apache2ctl configtest"]
        );
        assert_eq!(
            show(&debian, &["debian"], "apache", "/etc/apache2-two/apache2.conf"),
            [
                "systemctl reload apache2@two",
                "systemctl restart apache2@two",
                "APACHE_CONFDIR=/etc/apache2-two apache2ctl configtest"
            ]
        );
        let red_hat = [("/usr/lib/systemd/system/httpd.service", UNIT)];
        assert_eq!(
            show(&red_hat, &["rhel", "fedora"], "apache", "/etc/httpd/conf/httpd.conf"),
            ["systemctl reload httpd", "systemctl restart httpd", "httpd -t"]
        );
    }

    #[test]
    fn other_managers() {
        let alpine = [("/etc/init.d/apache2", "#!/sbin/openrc-run\n"), ("/etc/init.d/nginx", "#!/sbin/openrc-run\n")];
        assert_eq!(
            show(&alpine, &["alpine"], "apache", "/etc/apache2/httpd.conf"),
            ["rc-service apache2 reload", "rc-service apache2 restart", "httpd -t"]
        );
        let old = [
            ("/etc/init.d/nginx", "#!/bin/sh\n"),
            ("/proc/1/comm", "init\n"),
            ("/lib/systemd/system/nginx.service", UNIT),
        ];
        assert_eq!(
            show(&old, &[], "nginx", "/etc/nginx/nginx.conf"),
            ["service nginx reload", "service nginx restart", "nginx -t"]
        );
    }

    #[test]
    fn containers_and_own_builds() {
        let container = [
            ("/proc/1/comm", "sh\n"),
            ("/etc/init.d/nginx", "#!/bin/sh\n"),
            ("/lib/systemd/system/nginx.service", UNIT),
        ];
        assert_eq!(
            show(&container, &["debian"], "nginx", "/etc/nginx/nginx.conf"),
            ["nginx -s reload", "nginx -s quit && nginx", "nginx -t"]
        );
        assert_eq!(
            show(&[], &[], "nginx", "/srv/my site/nginx.conf"),
            [
                "nginx -c '/srv/my site/nginx.conf' -s reload",
                "nginx -c '/srv/my site/nginx.conf' -s quit && nginx -c '/srv/my site/nginx.conf'",
                "nginx -c '/srv/my site/nginx.conf' -t"
            ]
        );
        assert_eq!(show(&[], &[], "nginx", "/usr/local/nginx/conf/nginx.conf")[2], "/usr/local/nginx/sbin/nginx -t");
        assert_eq!(
            show(&[], &["debian"], "apache", "/usr/local/apache2/conf/httpd.conf"),
            [
                "/usr/local/apache2/bin/apachectl graceful",
                "/usr/local/apache2/bin/apachectl restart",
                "/usr/local/apache2/bin/apachectl configtest"
            ]
        );
        assert_eq!(
            show(&[], &["fedora"], "apache", "/srv/httpd.conf"),
            [
                "httpd -f /srv/httpd.conf -k graceful",
                "httpd -f /srv/httpd.conf -k restart",
                "httpd -f /srv/httpd.conf -t"
            ]
        );
    }

    #[test]
    fn a_unit_of_another_name() {
        let unit = "[Service]\nExecStart=/usr/sbin/nginx -c /srv/shop.conf\n";
        let mut system = MemorySystem::with_files([("/etc/systemd/system/shop.service", unit)]);
        let facts = super::super::gather(&system, &super::super::Given::default());
        let main = Path::new("/srv/shop.conf");
        assert_eq!(reload(&system, &facts, ServiceId("nginx"), main).command, "systemctl reload shop");
        system.add_file("/proc/1/comm", "sh\n");
        let found = reload(&system, &facts, ServiceId("nginx"), main);
        assert_eq!(found.command, "nginx -c /srv/shop.conf -s reload");
    }

    #[test]
    fn a_unit_that_names_the_file() {
        let files =
            [("/etc/systemd/system/nginx.service", "[Service]\nExecStart=/opt/nginx/sbin/nginx -c /srv/nginx.conf\n")];
        assert_eq!(
            show(&files, &[], "nginx", "/srv/nginx.conf"),
            ["systemctl reload nginx", "systemctl restart nginx", "nginx -c /srv/nginx.conf -t"]
        );
    }
}
