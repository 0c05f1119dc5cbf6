//! httpd as a program: where it is, how it says what it is, how it is started.

use super::program::{FIRST_TLS1_3, PROGRAM};
use super::start;
use super::{Apache, ID, commands};
use crate::host::binary;
use crate::host::{
    Build, Distribution, Facts, Options, Product, ProgramSpec, Reload, SelfDescription, Shell, StartFacts, Tls13, Unit,
};
use crate::instance::ServiceId;
use crate::openssl::Library;
use crate::release::Release;
use crate::system::System;
use memchr::memmem;
use std::path::{Path, PathBuf};

/// Ubuntu 18.04 added TLSv1.3 to this one.
const BACKPORTED_BY_UBUNTU: Release = Release::new(2, 4, 29);

impl Product for Apache {
    fn id(&self) -> ServiceId {
        ID
    }

    fn title(&self) -> &'static str {
        "Apache httpd"
    }

    fn program(&self) -> &'static ProgramSpec {
        &PROGRAM
    }

    /// From the texts that `httpd -V` prints, which the program has in it.
    fn build(&self, program: &[u8]) -> Option<Build> {
        let prefix = built_in_path(program, "HTTPD_ROOT")?;
        let main = built_in_path(program, "SERVER_CONFIG_FILE")?;
        let pid_file = built_in_path(program, "DEFAULT_PIDLOG");
        let shown_pid_file = pid_file.map(|path| format!("DEFAULT_PIDLOG={path}"));
        let options = [format!("HTTPD_ROOT={prefix}"), format!("SERVER_CONFIG_FILE={main}")];
        let options = options.into_iter().chain(shown_pid_file).collect();
        let (prefix, main) = (PathBuf::from(prefix), PathBuf::from(main));
        Some(Build { options, prefix, main, pid_file: pid_file.map(PathBuf::from) })
    }

    fn said<'t>(&self, text: &'t str) -> SelfDescription<'t> {
        SelfDescription { build: self.build(text.as_bytes()), ..SelfDescription::default() }
    }

    /// Whether `mod_ssl` knows the word says more than its version.
    fn tls1_3(&self, module: &[u8]) -> Tls13 {
        if binary::has(module, "TLSv1.3") { Tls13::There } else { Tls13::ByVersion }
    }

    /// A package's version is not upstream's.
    fn packaged_tls1_3(&self, release: Option<Release>, library: &Library, distribution: &Distribution) -> Tls13 {
        let (Some(release), Some(openssl)) = (release, library.release) else { return Tls13::ByVersion };
        if openssl < Release::new(1, 1, 1) || release >= FIRST_TLS1_3 {
            Tls13::ByVersion
        } else if distribution.is("ubuntu") && release == BACKPORTED_BY_UBUNTU {
            Tls13::There
        } else {
            Tls13::Unknown
        }
    }

    fn refuses(&self, release: Release) -> Option<String> {
        let is_known = release.numbers[..2] == [2, 4];
        (!is_known).then(|| format!("httpd {release} is not one that is understood: those are of 2.4"))
    }

    fn start_facts(&self, system: &dyn System, unit: Option<&Unit>) -> StartFacts {
        start::read(system, unit)
    }

    fn read_control(&self, system: &dyn System, words: &mut Vec<String>, environment: &mut Shell) -> Vec<PathBuf> {
        start::read_control(system, words, environment)
    }

    fn command_of(&self, cmdline: &[u8]) -> Option<Vec<String>> {
        let text = String::from_utf8_lossy(cmdline);
        let words: Vec<String> = text.trim_end_matches('\0').split('\0').map(str::to_owned).collect();
        let name = Path::new(words.first()?).file_name()?.to_str()?;
        // Tests and signals are processes too, for a moment.
        let passing = words.iter().any(|word| matches!(word.as_str(), "-t" | "-T" | "-v" | "-V" | "-S" | "-M" | "-s"));
        (PROGRAM.names.contains(&name) && !passing).then_some(words)
    }

    fn unread(&self, options: &Options) -> Vec<String> {
        let directives = options.directives.iter().filter(|text| concerns_tls(text));
        directives.map(|text| format!("the directive \"{text}\" is not read")).collect()
    }

    fn commands(&self, system: &dyn System, facts: &Facts, main: &Path) -> Reload {
        commands::of(system, facts, main)
    }
}

/// Could a directive on a command line change what is offered?
fn concerns_tls(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let words = ["ssl", "include", "define", "listen", "loadmodule", "serverroot", "use ", "{"];
    words.iter().any(|word| text.contains(word))
}

/// A path that httpd was built with, as `httpd -V` shows it: ` -D HTTPD_ROOT="/etc/apache2"`.
fn built_in_path<'a>(file: &'a [u8], name: &str) -> Option<&'a str> {
    let label = format!("-D {name}=\"");
    let at = memmem::find(file, label.as_bytes())? + label.len();
    binary::printable(&file[at..]).split_once('"').map(|(path, _)| path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::words::words;

    #[test]
    fn how_it_was_built() {
        let text = b"x\0 -D HTTPD_ROOT=\"/etc/apache2\"\0 -D SERVER_CONFIG_FILE=\"apache2.conf\"\0";
        let build = Apache.build(text).expect("is built");
        assert_eq!(build.options, ["HTTPD_ROOT=/etc/apache2", "SERVER_CONFIG_FILE=apache2.conf"]);
        assert_eq!(build.usual_main(), Path::new("/etc/apache2/apache2.conf"));
        assert_eq!(Apache.build(b"HTTPD_ROOT"), None);
    }

    #[test]
    fn options_of_a_command_line() {
        let command = "httpd -k start -D A -DB -D A -f conf/x.conf -d /srv -C 'Include y' -X";
        let found = Options::read(&words(command), &PROGRAM.options);
        assert_eq!(found.defines, ["A", "B"]);
        assert_eq!((found.main.as_deref(), found.prefix.as_deref()), (Some("conf/x.conf"), Some("/srv")));
        assert_eq!(found.directives, ["Include y"]);
    }
}
