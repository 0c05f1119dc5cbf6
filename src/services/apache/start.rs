//! The command line and the environment that httpd is started with.
//!
//! Debian's `apachectl` reads `/etc/apache2/envvars`; units start `httpd $OPTIONS` with an environment file; SUSE
//! turns `APACHE_SERVER_FLAGS` into `-D`; Gentoo and Alpine have `APACHE2_OPTS` in `/etc/conf.d/apache2`. Only
//! Debian's was tried on such a host.

use crate::host::words::words;
use crate::host::{Fact, Shell, StartFacts, Unit};
use crate::system::System;
use std::path::{Path, PathBuf};

/// Scripts that start it.
pub(super) const CONTROLS: &[&str] = &["apachectl", "apache2ctl"];

/// Files of the environment that `apachectl` reads.
const ENVVARS: [&str; 3] = ["/etc/apache2/envvars", "/usr/local/apache2/bin/envvars", "/usr/local/sbin/envvars"];

/// Reads whatever the host has.
pub(super) fn read(system: &dyn System, unit: Option<&Unit>) -> StartFacts {
    let mut shell = Shell::default();
    let mut sources = Vec::new();
    let mut defines = Vec::new();
    let mut run = |shell: &mut Shell, path: &str| {
        let Ok(bytes) = system.read(Path::new(path)) else { return false };
        shell.run(&String::from_utf8_lossy(&bytes));
        sources.push(path.to_owned());
        true
    };
    shell.set("APACHE_CONFDIR", "/etc/apache2");
    if ENVVARS.iter().any(|path| run(&mut shell, path)) {
        add_defines(shell.get("APACHE_ARGUMENTS").unwrap_or_default(), &mut defines);
    }
    let mut gentoo = Shell::default();
    if run(&mut gentoo, "/etc/conf.d/apache2") {
        add_defines(gentoo.get("APACHE2_OPTS").unwrap_or_default(), &mut defines);
    }
    let mut suse = Shell::default();
    if run(&mut suse, "/etc/sysconfig/apache2") {
        let flags = suse.get("APACHE_SERVER_FLAGS").unwrap_or_default();
        add_defines(flags, &mut defines);
        // A word that is no option is a name by itself: APACHE_SERVER_FLAGS="SSL STATUS".
        for name in flags.split_ascii_whitespace().filter(|w| !w.starts_with('-')) {
            push(&mut defines, name.to_owned());
        }
    }
    let mut options = Shell::default();
    // A unit reads this file only if it says so.
    if unit.is_none() && run(&mut options, "/etc/sysconfig/httpd") {
        add_defines(options.get("OPTIONS").unwrap_or_default(), &mut defines);
    }
    if let Some(unit) = unit {
        let own = unit.shell(system);
        for (name, value) in own.environment() {
            shell.export(&name, &value);
            options.set(&name, &value);
        }
        if let Some(command) = &unit.exec_start {
            add_defines(&options.expand(command).unwrap_or_else(|| command.clone()), &mut defines);
        }
        sources.extend(unit.files.iter().map(|p| p.display().to_string()));
    }
    let defines = if sources.is_empty() {
        Fact::unknown("neither /etc/apache2/envvars nor a unit or setting of Apache was found")
    } else {
        Fact::known(defines, sources.join(", "))
    };
    let environment = shell.environment();
    StartFacts { defines, openssl_conf: environment.get("OPENSSL_CONF").cloned(), environment }
}

/// Puts into a command what a control script adds to it: what it reads before it starts the server.
pub(super) fn read_control(system: &dyn System, command: &mut Vec<String>, environment: &mut Shell) -> Vec<PathBuf> {
    let Some(folder) = environment.get("APACHE_CONFDIR").map(str::to_owned) else { return Vec::new() };
    let file = Path::new(&folder).join("envvars");
    environment.run(&String::from_utf8_lossy(&system.read(&file).unwrap_or_default()));
    command.extend(["-d".to_owned(), folder]);
    command.extend(words(environment.get("APACHE_ARGUMENTS").unwrap_or_default()));
    vec![file]
}

/// The names that a command line defines: `-D NAME`, `-DNAME`.
fn add_defines(command: &str, defines: &mut Vec<String>) {
    let mut words = words(command).into_iter();
    while let Some(word) = words.next() {
        match word.strip_prefix("-D") {
            Some("") => {
                if let Some(name) = words.next() {
                    push(defines, name);
                }
            }
            Some(name) => push(defines, name.to_owned()),
            None => {}
        }
    }
}

fn push(defines: &mut Vec<String>, name: String) {
    if !name.is_empty() && !defines.contains(&name) {
        defines.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::MemorySystem;

    fn on(files: &[(&str, &str)]) -> StartFacts {
        let system = MemorySystem::with_files(files.iter().copied());
        let unit = Unit::read(&system, "httpd").or_else(|| Unit::read(&system, "apache2"));
        read(&system, unit.as_ref())
    }

    fn defines(files: &[(&str, &str)]) -> Option<Vec<String>> {
        on(files).defines.value
    }

    #[test]
    fn debian() {
        let text = "export APACHE_LOG_DIR=/var/log/apache2$SUFFIX\nexport APACHE_ARGUMENTS='-D A -DB'\n";
        let unit = "[Service]\nEnvironment=APACHE_STARTED_BY_SYSTEMD=true\nExecStart=/usr/sbin/apachectl start\n";
        let found = on(&[("/etc/apache2/envvars", text), ("/lib/systemd/system/apache2.service", unit)]);
        assert_eq!(found.defines.value, Some(vec!["A".to_owned(), "B".to_owned()]));
        assert_eq!(found.defines.source, "/etc/apache2/envvars, /lib/systemd/system/apache2.service");
        assert_eq!(found.environment.get("APACHE_LOG_DIR").map(String::as_str), Some("/var/log/apache2"));
        assert_eq!(found.environment.get("APACHE_STARTED_BY_SYSTEMD").map(String::as_str), Some("true"));
    }

    #[test]
    fn red_hat() {
        let unit =
            "[Service]\nEnvironmentFile=-/etc/sysconfig/httpd\nExecStart=/usr/sbin/httpd $OPTIONS -DFOREGROUND\n";
        let files =
            [("/etc/sysconfig/httpd", "OPTIONS=\"-D X\"\nLANG=C\n"), ("/usr/lib/systemd/system/httpd.service", unit)];
        assert_eq!(defines(&files), Some(vec!["X".to_owned(), "FOREGROUND".to_owned()]));
        assert_eq!(defines(&files[..1]), Some(vec!["X".to_owned()]));
    }

    #[test]
    fn suse_gentoo_and_nothing() {
        assert_eq!(
            defines(&[("/etc/sysconfig/apache2", "APACHE_SERVER_FLAGS=\"SSL -D STATUS\"\n")]),
            Some(vec!["STATUS".to_owned(), "SSL".to_owned()])
        );
        assert_eq!(
            defines(&[("/etc/conf.d/apache2", "APACHE2_OPTS=\"-D INFO -D SSL\"\n")]),
            Some(vec!["INFO".to_owned(), "SSL".to_owned()])
        );
        assert_eq!(defines(&[]), None);
    }
}
