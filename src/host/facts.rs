//! What is known of a host, and from where.

use super::build::Build;
use super::words::quoted;
use crate::instance::{CommandLine, MainFile, ServiceId};
use crate::openssl::Library;
use crate::release::Release;
use crate::system::{System, leads_to};
use crate::tls::{Version, VersionSet};
use crate::trust::Writers;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Something that is known, or not, and where that comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// The value; `None`: unknown.
    pub value: Option<T>,
    /// Where it comes from (`/usr/sbin/nginx`, `--assume`), or where it was looked for.
    pub source: String,
}

impl<T> Fact<T> {
    /// A known value.
    pub fn known(value: T, source: impl Into<String>) -> Fact<T> {
        Fact { value: Some(value), source: source.into() }
    }

    /// Nothing is known.
    pub fn unknown(looked: impl Into<String>) -> Fact<T> {
        Fact { value: None, source: looked.into() }
    }
}

/// What is known of a piece of server software: its program, the TLS library that this loads, and how it is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Software {
    /// The program's version.
    pub release: Fact<Release>,
    /// How it was built.
    pub build: Fact<Build>,
    /// Its TLS library.
    pub library: Library,
    /// Does the program itself have TLSv1.3?
    pub tls1_3: Tls13,
    /// The OpenSSL that it was compiled for, where it says so; that need not be the one that it loads.
    pub headers: Option<Release>,
    /// Directives that its command line gives (nginx's `-g`), before the main file. This and `defines` are about the
    /// usual main file; one that a command line names goes by [`Facts::command_line`].
    pub directives: String,
    /// Names that its command line defines (httpd's `-D`); unknown where the command line is.
    pub defines: Fact<Vec<String>>,
    /// The environment that its configuration can name, as far as it is known (`/etc/apache2/envvars`, `--env`).
    pub environment: BTreeMap<String, String>,
}

/// What tells whether a server program has TLSv1.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls13 {
    /// Its version.
    #[default]
    ByVersion,
    /// It has, whatever its version says: distributions add to old versions what newer ones have.
    There,
    /// That is not known: a distribution's package of a version that does not have it from upstream.
    Unknown,
}

static UNKNOWN: LazyLock<Software> = LazyLock::new(Software::unknown);

impl Software {
    /// Nothing is known.
    pub fn unknown() -> Software {
        Software {
            release: Fact::unknown("not looked for"),
            build: Fact::unknown("not looked for"),
            library: Library::unknown(),
            tls1_3: Tls13::default(),
            headers: None,
            directives: String::new(),
            defines: Fact::unknown("not looked for"),
            environment: BTreeMap::new(),
        }
    }

    /// The versions that both the program and its library have; `None`: one of them is not known. `tls1_3` is the
    /// program's first release with TLSv1.3.
    pub fn versions(&self, tls1_3: Release) -> Option<VersionSet> {
        self.library.release?;
        let is_old = self.release.value? < tls1_3 && self.tls1_3 == Tls13::ByVersion;
        let own = if is_old { Version::Tls1_2 } else { Version::Tls1_3 };
        Some(self.library.versions().and(VersionSet::range(Version::Ssl2, own)))
    }
}

/// Where a command line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// A process that runs with it.
    Running,
    /// A unit or a setting that starts a server with it.
    Named,
    /// A process in a container, whose files are not those of the host.
    Contained,
}

/// A command line that a server is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The server.
    pub service: ServiceId,
    /// The program and its arguments.
    pub words: Vec<String>,
    /// The unit's files, the file with settings, or the process.
    pub source: String,
    /// Where it comes from.
    pub standing: Standing,
    /// The name of the unit, without `.service`.
    pub unit: Option<String>,
    /// Those on whose word alone it is one: the users who run the process, or could have written its program. Nobody:
    /// root or the user of this process.
    pub named_by: Writers,
    /// Is it certain that root or the user of this process runs the program itself like that, with this machine's files?
    pub is_proven: bool,
}

impl Start {
    /// The command line, quoted as for a shell.
    pub fn text(&self) -> String {
        let words: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        words.join(" ")
    }
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Obstacle {
    /// What it is, as a lowercase fragment with the path in it.
    pub what: String,
    /// The service that it is about; none: any may be.
    pub service: Option<ServiceId>,
}

impl Obstacle {
    /// About one service.
    pub(super) fn of(service: ServiceId, what: impl Into<String>) -> Obstacle {
        Obstacle { service: Some(service), what: what.into() }
    }
}

/// What is known of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What is known of each piece of server software.
    pub software: BTreeMap<ServiceId, Software>,
    /// The distribution's identifiers, its own first, then those it is like: `["ubuntu", "debian"]`. Empty: unknown.
    pub distribution: Vec<String>,
    /// Where the distribution comes from, or was looked for.
    pub distribution_source: String,
    /// The command lines that servers are or may be started with: those of running ones first.
    pub starts: Vec<Start>,
    /// Main files that these command lines name, or that are built into the programs.
    pub main_files: Vec<MainFile>,
    /// Was a host or an image of one looked at, so that a file which is not there is missing indeed?
    pub sees_host: bool,
    /// Names of hosts: those of /etc/hosts, and `localhost`.
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
    /// Configuration files that came with packages, each with its package.
    pub package_files: BTreeMap<PathBuf, String>,
    /// What could not be read.
    pub problems: Vec<Obstacle>,
}

impl Facts {
    /// What is known of a service's software.
    pub fn of(&self, service: ServiceId) -> &Software {
        self.software.get(&service).unwrap_or(&UNKNOWN)
    }

    /// The same, to be changed.
    pub fn of_mut(&mut self, service: ServiceId) -> &mut Software {
        self.software.entry(service).or_insert_with(Software::unknown)
    }

    /// What the command line that names a main file adds to it; `None`: no command line names it.
    pub fn command_line(&self, service: ServiceId, main: &Path) -> Option<&CommandLine> {
        let named = self.main_files.iter().find(|file| file.service == service && file.path == main);
        named.and_then(|file| file.command_line.as_ref())
    }

    /// Those on whose word alone a main file is one: the users who run the servers whose command lines name it. Nobody,
    /// where root or the user of this process runs one, or where it is found.
    pub fn named_by(&self, service: ServiceId, main: &Path) -> Writers {
        let named = self.main_files.iter().find(|file| file.service == service && file.path == main);
        named.map(|file| file.named_by.clone()).unwrap_or_default()
    }

    /// Does root's service manager, or a process that root or the user runs, read this main file as it is anyway?
    pub fn is_in_use(&self, system: &dyn System, service: ServiceId, main: &Path) -> bool {
        self.main_files
            .iter()
            .any(|file| file.service == service && file.is_in_use && leads_to(system, &file.path, main))
    }

    /// Nothing is known.
    pub fn unknown() -> Facts {
        Facts {
            software: BTreeMap::new(),
            distribution: Vec::new(),
            distribution_source: "not looked for".to_owned(),
            starts: Vec::new(),
            main_files: Vec::new(),
            sees_host: false,
            hosts: BTreeMap::from([(
                "localhost".to_owned(),
                vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])],
            )]),
            package_files: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// Is the host of the Red Hat family, where a missing `SSLProtocol` means the system's policy?
    pub fn is_red_hat(&self) -> bool {
        let family = ["rhel", "fedora", "centos", "amzn", "openeuler"];
        self.distribution.iter().any(|id| family.contains(&id.as_str()))
    }
}
