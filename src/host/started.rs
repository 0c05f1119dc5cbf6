//! How the servers of a host are started: commands of units and settings of init scripts.
//!
//! Every unit that starts one of the programs counts, whatever its name, and every instance of a template that is
//! enabled; whether a unit is enabled does not matter, since it may be started any time.

use super::facts::{Standing, Start};
use super::product::{Product, Products};
use super::shell::Shell;
use super::unit::Unit;
use super::words::{raw_words, unquoted, words};
use crate::system::System;
use crate::trust::Writers;
use std::path::{Path, PathBuf};

/// What the unit files start.
pub(crate) fn by_units(system: &dyn System, products: Products<'_>) -> Vec<Start> {
    let mut starts = Vec::new();
    let texts = products.iter().map(|product| product.program());
    let texts: Vec<&str> = texts.flat_map(|spec| spec.names.iter().chain(spec.controls)).copied().collect();
    for name in Unit::names(system, &texts) {
        let Some(unit) = Unit::read(system, &name) else { continue };
        let Some(command) = &unit.exec_start else { continue };
        let mut environment = unit.shell(system);
        let mut words = expanded(command, &environment);
        if let Some(first) = words.first_mut() {
            *first = first.trim_start_matches(['-', '@', ':', '+', '!', '|']).to_owned();
        }
        let Some(product) = products.iter().copied().find(|product| is_start_of(*product, &words)) else {
            continue;
        };
        let settings = match is_control(product, &words) {
            true => product.read_control(system, &mut words, &mut environment),
            false => Vec::new(),
        };
        let files: Vec<String> = unit.files.iter().map(|file| file.display().to_string()).collect();
        let (source, standing) = (files.join(", "), Standing::Named);
        let named_by = authors(system, unit.files.iter().chain(&unit.environment_files).chain(&settings));
        // What a user's unit starts does nothing as root, and what sees other files says nothing of these.
        let as_root = unit.user.as_ref().is_none_or(|user| user == "root" || user == "0");
        let in_tmp = |word: &String| word.starts_with("/tmp") || word.starts_with("/var/tmp");
        let other_files = unit.has_own_files || unit.has_own_tmp && words.iter().any(in_tmp);
        let is_proven = named_by.is_empty() && as_root && !other_files;
        let (service, unit) = (product.id(), Some(name));
        starts.push(Start { service, words, source, standing, unit, named_by, is_proven });
    }
    starts
}

/// What the settings of init scripts add to a command, where no unit says how the server is started.
pub(crate) fn by_settings(system: &dyn System, product: &dyn Product) -> Vec<Start> {
    let spec = product.program();
    let settings = &spec.settings;
    let mut starts = Vec::new();
    for file in settings.files {
        let Ok(bytes) = system.read(Path::new(file)) else { continue };
        let mut shell = Shell::default();
        shell.run(&String::from_utf8_lossy(&bytes));
        let mut found = vec![settings.program.to_owned()];
        for name in settings.mains {
            if let Some(main) = shell.get(name).filter(|main| !main.is_empty()) {
                found.extend([format!("-{}", spec.options.main), main.to_owned()]);
            }
        }
        for name in settings.options {
            found.extend(words(shell.get(name).unwrap_or_default()));
        }
        if found.len() > 1 {
            let named_by = authors(system, std::iter::once(&PathBuf::from(file)));
            starts.push(Start {
                service: product.id(),
                words: found,
                source: (*file).to_owned(),
                standing: Standing::Named,
                unit: None,
                is_proven: named_by.is_empty(),
                named_by,
            });
        }
    }
    starts
}

/// Who else could have written one of these files.
fn authors<'f>(system: &dyn System, files: impl Iterator<Item = &'f PathBuf>) -> Writers {
    let there = files.filter(|file| system.kind(file).is_ok());
    let writers = there.map(|file| system.writers(file).unwrap_or_else(|_| Writers::everybody()));
    writers.fold(Writers::default(), Writers::and)
}

/// Does a command start a server of this software, itself or by a control script?
fn is_start_of(product: &dyn Product, words: &[String]) -> bool {
    let spec = product.program();
    name(words).is_some_and(|name| spec.names.contains(&name) || spec.controls.contains(&name))
}

fn is_control(product: &dyn Product, words: &[String]) -> bool {
    name(words).is_some_and(|name| product.program().controls.contains(&name))
}

/// The name of the program that a command starts.
fn name(words: &[String]) -> Option<&str> {
    Path::new(words.first()?).file_name()?.to_str()
}

/// The words of a unit's command: a word that is a variable alone becomes several words.
fn expanded(command: &str, environment: &Shell) -> Vec<String> {
    let mut out = Vec::new();
    for word in raw_words(command) {
        match word.strip_prefix('$') {
            Some(name) if super::words::is_name(name) => out.extend(words(environment.get(name).unwrap_or_default())),
            _ => out.push(environment.expand(&word).unwrap_or_else(|| unquoted(&word))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services;
    use crate::services::apache::Apache;
    use crate::services::nginx::Nginx;
    use crate::system::MemorySystem;

    fn by_units(system: &dyn System) -> Vec<Start> {
        super::by_units(system, &services::products())
    }

    fn shown(starts: &[Start]) -> Vec<String> {
        starts.iter().map(|s| format!("{} {:?} {} ({})", s.service, s.standing, s.words.join("|"), s.source)).collect()
    }

    #[test]
    fn units_of_any_name_and_instances_of_templates() {
        let system = MemorySystem::with_files([
            ("/usr/lib/systemd/system/nginx.service", "[Service]\nExecStart=/usr/sbin/nginx -g 'daemon on;'\n"),
            (
                "/etc/systemd/system/shop.service",
                "[Service]\nEnvironment=\"CONF=/srv/a b/x.conf\"\nEnvironmentFile=-/etc/default/shop\n\
                 ExecStart=-/opt/nginx/sbin/nginx -c ${CONF} $MORE\n",
            ),
            ("/etc/default/shop", "MORE=\"-p /srv -q\"\n"),
            ("/usr/lib/systemd/system/web@.service", "[Service]\nExecStart=/usr/sbin/nginx -c /etc/nginx/%i.conf\n"),
            ("/etc/systemd/system/multi-user.target.wants/web@two.service", "is a link"),
            ("/usr/lib/systemd/system/other.service", "[Service]\nExecStart=/usr/bin/other --like nginx\n"),
            (
                "/lib/systemd/system/apache2@.service",
                "[Service]\nEnvironment=APACHE_CONFDIR=/etc/apache2-%i\nExecStart=/usr/sbin/apachectl start\n",
            ),
            ("/etc/systemd/system/multi-user.target.wants/apache2@b.service", ""),
            ("/etc/apache2-b/envvars", "export APACHE_ARGUMENTS=\"-D SSL\"\n"),
        ]);
        assert_eq!(
            shown(&by_units(&system)),
            [
                "apache Named /usr/sbin/apachectl|start|-d|/etc/apache2-b|-D|SSL (/lib/systemd/system/apache2@.service)",
                "nginx Named /usr/sbin/nginx|-g|daemon on; (/usr/lib/systemd/system/nginx.service)",
                "nginx Named /opt/nginx/sbin/nginx|-c|/srv/a b/x.conf|-p|/srv|-q (/etc/systemd/system/shop.service)",
                "nginx Named /usr/sbin/nginx|-c|/etc/nginx/two.conf (/usr/lib/systemd/system/web@.service)",
            ]
        );
    }

    #[test]
    fn settings() {
        let system = MemorySystem::with_files([
            ("/etc/default/nginx", "DAEMON_OPTS=\"-c /srv/x.conf\"\n"),
            ("/etc/conf.d/nginx", "cfgfile=/etc/nginx/two.conf\n"),
            ("/etc/sysconfig/nginx", "# nothing\n"),
            ("/etc/conf.d/apache2", "CONFIGFILE=/srv/httpd.conf\nAPACHE2_OPTS='-D SSL'\n"),
        ]);
        assert_eq!(
            shown(&by_settings(&system, &Nginx)),
            [
                "nginx Named nginx|-c|/srv/x.conf (/etc/default/nginx)",
                "nginx Named nginx|-c|/etc/nginx/two.conf (/etc/conf.d/nginx)"
            ]
        );
        assert_eq!(
            shown(&by_settings(&system, &Apache)),
            ["apache Named httpd|-f|/srv/httpd.conf|-D|SSL (/etc/conf.d/apache2)"]
        );
    }

    #[test]
    fn units_that_prove_nothing() {
        let mut system =
            MemorySystem::with_files([("/etc/systemd/system/own.service", "[Service]\nExecStart=/usr/sbin/nginx\n")]);
        assert!(by_units(&system)[0].is_proven);
        for user in ["User=alice", "DynamicUser=yes", "User=root\nUser=1000"] {
            let mut other = system.clone();
            other
                .add_file("/etc/systemd/system/own.service", format!("[Service]\nExecStart=/usr/sbin/nginx\n{user}\n"));
            assert!(!by_units(&other)[0].is_proven, "{user}");
        }
        for more in [
            ("/etc/systemd/system/own.service", "RootDirectory=/srv/jail"),
            ("/etc/systemd/system/service.d/user.conf", "User=alice"),
            ("/etc/systemd/system/o.service", "[Service]\nExecStart=/usr/sbin/nginx\n# \\\nUser=alice"),
        ] {
            let mut other = MemorySystem::default();
            other.add_file("/etc/systemd/system/own.service", "[Service]\nExecStart=/usr/sbin/nginx\n");
            other.add_file(more.0, format!("[Service]\nExecStart=/usr/sbin/nginx\n{}\n", more.1));
            assert!(by_units(&other).iter().any(|start| !start.is_proven), "{more:?}");
        }
        // The beginning of a name, and the name behind an alias.
        let mut other = MemorySystem::default();
        other.add_file("/etc/systemd/system/web-one.service", "[Service]\nExecStart=/usr/sbin/nginx\n");
        other.add_file("/etc/systemd/system/web-.service.d/x.conf", "[Service]\nUser=alice\n");
        other.add_link("/etc/systemd/system/site.service", "web-one.service");
        assert!(by_units(&other).iter().all(|start| !start.is_proven), "{:?}", by_units(&other));
        // Files that say what the command is.
        let text = "[Service]\nEnvironmentFile=/home/x/env\nExecStart=/usr/sbin/nginx -c ${CONF}\n";
        let mut other =
            MemorySystem::with_files([("/etc/systemd/system/own.service", text), ("/home/x/env", "CONF=/x\n")]);
        other.give("/home/x", 1000, 0o755);
        let start = &by_units(&other)[0];
        assert_eq!((start.named_by.to_string().as_str(), start.is_proven), ("user 1000", false));
        system.give("/etc/systemd/system/own.service", 1000, 0o644);
        let start = &by_units(&system)[0];
        assert_eq!((start.named_by.to_string().as_str(), start.is_proven), ("user 1000", false));
    }
}
