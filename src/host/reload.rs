//! How a service is tested, reloaded and restarted on a host, as commands for a person to run.

use super::facts::Facts;
use super::manager::{Manager, commands, runs_systemd};
use super::product::Product;
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
pub fn reload(system: &dyn System, facts: &Facts, product: &dyn Product, main: &Path) -> Reload {
    let mut found = product.commands(system, facts, main);
    // A unit of another name that starts a server with this main file.
    let mut named =
        facts.main_files.iter().filter(|file| file.service == product.id() && leads_to(system, &file.path, main));
    let unit = named.find_map(|file| file.unit.as_ref());
    if let Some(unit) = unit.filter(|_| !found.by_manager && runs_systemd(system)) {
        (found.command, found.restart) = commands(Manager::Systemd, unit);
        found.by_manager = true;
    }
    found
}

/// Does the unit start its program with that file?
pub fn names_file(unit: Option<&Unit>, main: &Path) -> bool {
    let start = unit.and_then(|u| u.exec_start.as_deref()).unwrap_or_default();
    main.to_str().is_some_and(|main| start.split_ascii_whitespace().any(|word| word.trim_matches(['"', '\'']) == main))
}

/// A path as a word of a shell.
pub fn quoted_path(path: &Path) -> String {
    words::quoted(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services;
    use crate::services::nginx::Nginx;
    use crate::system::MemorySystem;

    const UNIT: &str = "[Service]\nExecStart=/usr/sbin/x\n";

    fn show(files: &[(&str, &str)], distribution: &[&str], service: &'static str, main: &str) -> [String; 3] {
        let system = MemorySystem::with_files(files.iter().copied());
        let distribution = distribution.iter().map(|id| (*id).to_owned()).collect();
        let facts = Facts { distribution, ..Facts::unknown() };
        let found = reload(&system, &facts, services::of(ServiceId(service)).expect("a service"), Path::new(main));
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
        let facts = super::super::gather(&system, &super::super::Given::default(), &services::products());
        let main = Path::new("/srv/shop.conf");
        assert_eq!(reload(&system, &facts, &Nginx, main).command, "systemctl reload shop");
        system.add_file("/proc/1/comm", "sh\n");
        let found = reload(&system, &facts, &Nginx, main);
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
