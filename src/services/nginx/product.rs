//! nginx as a program: where it is, how it says what it is, how it is started.

use super::program::PROGRAM;
use super::{ID, Nginx, commands, title};
use crate::host::binary::{self, Maker};
use crate::host::words::words;
use crate::host::{Build, Fact, Facts, Product, ProgramSpec, Reload, SelfDescription, StartFacts, Unit};
use crate::instance::ServiceId;
use crate::release::Release;
use crate::system::System;
use memchr::memmem;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Longer arguments than any build has.
const LONGEST_ARGUMENTS: usize = 65536;

/// The releases with a section of openssl.cnf of their own.
const OWN_SECTION: Release = Release::new(1, 25, 2);

impl Product for Nginx {
    fn id(&self) -> ServiceId {
        ID
    }

    fn title(&self) -> &'static str {
        "nginx"
    }

    fn program(&self) -> &'static ProgramSpec {
        &PROGRAM
    }

    fn build(&self, program: &[u8]) -> Option<Build> {
        Some(build(&configure_arguments(program)?))
    }

    fn said<'t>(&self, text: &'t str) -> SelfDescription<'t> {
        let line = |mark: &str| Some(text.split_once(mark)?.1.lines().next().unwrap_or_default());
        let built_with = line("built with ").unwrap_or_default();
        SelfDescription {
            build: line("configure arguments:").map(build),
            headers: openssl(built_with.as_bytes()),
            // What it runs with is not always what it was built with.
            library: text.split_once("running with ").map_or(built_with, |(_, rest)| rest),
        }
    }

    fn headers(&self, program: &[u8]) -> Option<Release> {
        openssl(program)
    }

    fn openssl_sections(&self, release: Option<Release>) -> &'static [&'static str] {
        if release.is_some_and(|release| release >= OWN_SECTION) { &["nginx"] } else { &[] }
    }

    fn start_facts(&self, system: &dyn System, unit: Option<&Unit>) -> StartFacts {
        StartFacts {
            defines: Fact::unknown("nginx has no names"),
            environment: BTreeMap::new(),
            openssl_conf: unit.and_then(|unit| unit.shell(system).get("OPENSSL_CONF").map(str::to_owned)),
        }
    }

    fn command_of(&self, cmdline: &[u8]) -> Option<Vec<String>> {
        title::command(cmdline)
    }

    fn is_master(&self, cmdline: &[u8]) -> bool {
        cmdline.starts_with(title::MASTER.as_bytes())
    }

    fn commands(&self, system: &dyn System, _facts: &Facts, main: &Path) -> Reload {
        commands::of(system, main)
    }
}

/// What stands behind `configure arguments:` in a program or in what `nginx -V` prints.
fn build(arguments: &str) -> Build {
    let options = words(arguments);
    let value = |name: &str| options.iter().rev().find_map(|o| o.strip_prefix(name)?.strip_prefix('='));
    Build {
        prefix: PathBuf::from(value("--prefix").unwrap_or("/usr/local/nginx")),
        main: PathBuf::from(value("--conf-path").unwrap_or("conf/nginx.conf")),
        pid_file: value("--pid-path").map(PathBuf::from),
        options,
    }
}

/// The arguments that nginx was configured with, which it carries as a text of its own; `None`: there is no such text.
fn configure_arguments(file: &[u8]) -> Option<String> {
    let label = b"configure arguments: ";
    let at = memmem::find(file, label)? + label.len();
    let rest = file.get(at..)?;
    let end = memchr::memchr2(0, b'\n', rest.get(..LONGEST_ARGUMENTS).unwrap_or(rest))?;
    Some(String::from_utf8_lossy(&rest[..end]).into_owned())
}

/// The OpenSSL that is named in a text.
fn openssl(text: &[u8]) -> Option<Release> {
    match binary::find_maker(text)? {
        Maker::OpenSsl(release) => Some(release),
        Maker::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Options;

    #[test]
    fn how_it_was_built() {
        let debian = build("--with-cc-opt='-g -O2' --prefix=/usr/share/nginx --conf-path=/etc/nginx/nginx.conf");
        assert_eq!(debian.options[0], "--with-cc-opt=-g -O2");
        assert_eq!(debian.usual_main(), Path::new("/etc/nginx/nginx.conf"));
        assert_eq!(build("--with-http_ssl_module").usual_main(), Path::new("/usr/local/nginx/conf/nginx.conf"));
        assert_eq!(build("--prefix=/opt/n").usual_main(), Path::new("/opt/n/conf/nginx.conf"));
        assert_eq!(build("--prefix=/opt/n --pid-path=x.pid").usual_pid_file(), Some(PathBuf::from("/opt/n/x.pid")));
    }

    #[test]
    fn options_of_a_command_line() {
        let of = |command: &str| Options::read(&words(command), &PROGRAM.options);
        let found = of("/usr/sbin/nginx -g 'daemon on; master_process on;' -p /srv -tqc/x.conf");
        assert_eq!(found.main.as_deref(), Some("/x.conf"));
        assert_eq!(found.prefix.as_deref(), Some("/srv"));
        assert_eq!(found.directives, ["daemon on; master_process on;"]);
        assert_eq!(of("/usr/sbin/nginx -s reload -q"), Options::default());
        assert_eq!(of("/usr/sbin/nginx -c"), Options::default());
    }
}
