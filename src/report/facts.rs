//! The facts about a host: what is known of its software, from where, and what would be different if more were known.

use super::secrets::Shown;
use super::{Outcome, sanitise};
use crate::tls::VersionSet;
use anstyle::Style;
use std::io::{self, Write};

/// Something that is known, or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known<T> {
    /// The value; `None`: unknown.
    pub value: Option<T>,
    /// Where it comes from, or where it was looked for.
    pub source: String,
    /// What depends on it, and how to say it.
    pub matters: String,
}

/// A text and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced {
    /// The text.
    pub value: String,
    /// Where it comes from.
    pub source: String,
}

/// A main file and the commands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Main {
    /// Its path.
    pub path: String,
    /// What names it, or `found`.
    pub source: String,
    /// Tests the configuration.
    pub test: String,
    /// Makes changes effective.
    pub reload: String,
    /// Stops and starts the server.
    pub restart: String,
}

/// A kind of server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// `nginx`, `apache`
    pub service: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// The version of the program.
    pub version: Known<String>,
    /// How it was built.
    pub build: Known<Vec<String>>,
    /// What the options begin with that are about paths.
    pub path_options: &'static [&'static str],
    /// The TLS library: `OpenSSL 3.0.19`.
    pub library: Known<String>,
    /// The security level of the library for a server without a cipher list.
    pub security_level: Known<u8>,
    /// The versions that program and library have.
    pub versions: Known<VersionSet>,
    /// What starts it: `systemd (nginx)`.
    pub manager: Known<String>,
    /// The command lines that it is or may be started with.
    pub command_lines: Vec<Sourced>,
    /// Its main files.
    pub main_files: Vec<Main>,
    /// Names that its command line defines; none: it has no such option.
    pub defines: Option<Known<Vec<String>>>,
    /// The environment that its configuration can name, as far as it is known.
    pub environment: Vec<Variable>,
}

impl Server {
    /// Is there nothing of it?
    pub(super) fn is_absent(&self) -> bool {
        self.version.value.is_none() && self.main_files.is_empty() && self.command_lines.is_empty()
    }
}

/// A TLS library of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsLibrary {
    /// `OpenSSL 3.0.19`
    pub name: String,
    /// Its file.
    pub path: String,
    /// The versions that it has; `None`: not known.
    pub versions: Option<VersionSet>,
}

/// A variable of a server's environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value; `None`: it may be a secret and is not shown.
    pub value: Option<String>,
}

/// All that the report of the facts is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactsView {
    /// The distribution's identifiers, its own first.
    pub distribution: Known<Vec<String>>,
    /// What starts services.
    pub init: Known<String>,
    /// The servers.
    pub servers: Vec<Server>,
    /// The TLS libraries that were found, used or not.
    pub libraries: Vec<TlsLibrary>,
    /// What could not be read or decided.
    pub problems: Vec<String>,
    /// Is all known that an audit needs?
    pub outcome: Outcome,
}

/// Where the values stand.
const INDENT: usize = 16;

/// Writes the facts, with terminal styles.
pub fn text(view: &Shown<FactsView>, out: &mut dyn Write) -> io::Result<()> {
    fact(out, "distribution", &view.distribution, |ids| ids.join(", like "))?;
    fact(out, "init system", &view.init, Clone::clone)?;
    for server in &view.servers {
        writeln!(out)?;
        self::server(out, server)?;
        if let Some(defines) = server.defines.as_ref().filter(|_| !server.is_absent()) {
            fact(out, "  defines", defines, |names| or_none(names.join(" ")))?;
            for (at, variable) in server.environment.iter().enumerate() {
                let label = if at == 0 { "  environment" } else { "" };
                let value = variable.value.as_deref().unwrap_or("(not shown)");
                line(out, label, &format!("{}={value}", variable.name), "")?;
            }
        }
    }
    if !view.libraries.is_empty() {
        writeln!(out)?;
    }
    for (at, library) in view.libraries.iter().enumerate() {
        let label = if at == 0 { "TLS libraries" } else { "" };
        let versions = library.versions.map_or("versions unknown".to_owned(), |versions| versions.to_string());
        line(out, label, &format!("{}: {versions}", library.name), &library.path)?;
    }
    if !view.problems.is_empty() {
        writeln!(out)?;
    }
    for problem in &view.problems {
        writeln!(out, "problem: {}", sanitise::text(problem))?;
    }
    Ok(())
}

fn server(out: &mut dyn Write, server: &Server) -> io::Result<()> {
    if server.is_absent() {
        return line(out, server.title, "not found", &server.version.source);
    }
    let bold = Style::new().bold();
    write!(out, "{bold}")?;
    fact(out, server.title, &server.version, Clone::clone)?;
    write!(out, "{bold:#}")?;
    fact(out, "  library", &server.library, Clone::clone)?;
    fact(out, "  security level", &server.security_level, u8::to_string)?;
    fact(out, "  can speak", &server.versions, VersionSet::to_string)?;
    fact(out, "  built with", &server.build, |options| or_none(telling(options, server.path_options)))?;
    fact(out, "  started by", &server.manager, Clone::clone)?;
    for (at, command) in server.command_lines.iter().enumerate() {
        line(out, if at == 0 { "  command" } else { "" }, &command.value, &command.source)?;
    }
    for main in &server.main_files {
        line(out, "  main file", &main.path, &main.source)?;
        line(out, "    test", &main.test, "")?;
        line(out, "    reload", &main.reload, "")?;
        line(out, "    restart", &main.restart, "")?;
    }
    Ok(())
}

/// The options that say something about TLS or paths; JSON has all.
fn telling(options: &[String], paths: &[&str]) -> String {
    let tells = |option: &&String| {
        paths.iter().any(|path| option.starts_with(path)) || option.contains("ssl") || option.contains("http_v3")
    };
    let mut told: Vec<String> = options.iter().filter(tells).cloned().collect();
    let others = options.len() - told.len();
    if others > 0 {
        told.push(format!("(+{others} more)"));
    }
    told.join(" ")
}

fn or_none(text: String) -> String {
    if text.is_empty() { "(none)".to_owned() } else { text }
}

fn fact<T>(out: &mut dyn Write, label: &str, fact: &Known<T>, show: impl Fn(&T) -> String) -> io::Result<()> {
    match &fact.value {
        Some(value) => line(out, label, &show(value), &fact.source),
        None => {
            line(out, label, "unknown", &fact.source)?;
            line(out, "", &format!("decides {}", fact.matters), "")
        }
    }
}

/// A label, a value and its source.
fn line(out: &mut dyn Write, label: &str, value: &str, source: &str) -> io::Result<()> {
    let (value, source) = (sanitise::line(value.as_bytes()), sanitise::line(source.as_bytes()));
    let source = if source.is_empty() { source } else { format!("  ({source})") };
    writeln!(out, "{label:INDENT$}  {value}{source}")
}
