//! What has to be known of a piece of server software besides its configuration: how its programs are found, how they say
//! what they are, how they are started, tested and reloaded.
//!
//! `host` has the mechanisms (processes, units, packages, files of programs); each service brings what is its own.

use super::build::Build;
use super::facts::{Fact, Facts, Tls13};
use super::options::{OptionLetters, Options, Settings};
use super::os_release::Distribution;
use super::reload::Reload;
use super::shell::Shell;
use super::unit::Unit;
use crate::instance::ServiceId;
use crate::openssl::Library;
use crate::release::Release;
use crate::system::System;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Data about the programs of a piece of server software.
#[derive(Debug)]
pub struct ProgramSpec {
    /// Names of its systemd services, the usual one first.
    pub units: &'static [&'static str],
    /// Names of the program, as units start it.
    pub names: &'static [&'static str],
    /// Names of scripts that start it.
    pub controls: &'static [&'static str],
    /// Where it is, the usual place first.
    pub paths: &'static [&'static str],
    /// Where trees of their own below a directory of /opt have it: `sbin/nginx`.
    pub bundled: &'static [&'static str],
    /// Where its TLS module is, if that is a file of its own.
    pub modules: &'static [&'static str],
    /// Where that is in a tree that is built from source.
    pub own_module: Option<&'static str>,
    /// What stands before its version in its text.
    pub prefixes: &'static [&'static str],
    /// Its packages.
    pub packages: &'static [&'static str],
    /// Directories of configuration files that packages bring.
    pub folders: &'static [&'static str],
    /// Configuration files of rpm packages, each with its package: rpm's own list is in a database that is not read.
    pub rpm_files: &'static [(&'static str, &'static str)],
    /// The options of its command line.
    pub options: OptionLetters,
    /// What the options of a build begin with that are about paths.
    pub path_options: &'static [&'static str],
    /// Settings of init scripts.
    pub settings: Settings,
    /// The arguments with which it says its version and how it was built, without reading a configuration.
    pub question: &'static [&'static str],
    /// Does it say which TLS library it runs with?
    pub says_library: bool,
    /// The first release with TLSv1.3.
    pub first_tls1_3: Release,
    /// The oldest release that can be assumed.
    pub oldest: Release,
    /// A release for examples.
    pub example: &'static str,
    /// What its version decides, for people: `the built-in default of ssl_protocols`.
    pub version_decides: &'static str,
}

/// What a program says when it is asked.
#[derive(Debug, Default)]
pub struct SelfDescription<'t> {
    /// How it was built.
    pub build: Option<Build>,
    /// The OpenSSL that it was compiled for.
    pub headers: Option<Release>,
    /// What it says of the TLS library that it runs with.
    pub library: &'t str,
}

/// What a server is started with, as far as the files of a host tell.
#[derive(Clone, Debug)]
pub struct StartFacts {
    /// Names that its command line defines for its configuration; unknown where nothing says how it is started.
    pub defines: Fact<Vec<String>>,
    /// Variables of its environment that its configuration can name.
    pub environment: BTreeMap<String, String>,
    /// `OPENSSL_CONF` of its environment.
    pub openssl_conf: Option<String>,
}

/// A piece of server software.
pub trait Product: Sync {
    /// The short name.
    fn id(&self) -> ServiceId;

    /// The name for people: `Apache httpd`.
    fn title(&self) -> &'static str;

    /// What is known of its programs.
    fn program(&self) -> &'static ProgramSpec;

    /// How a program says, in its own text, that it was built.
    fn build(&self, program: &[u8]) -> Option<Build>;

    /// What a program prints when it gets the arguments of [`ProgramSpec::question`].
    fn said<'t>(&self, text: &'t str) -> SelfDescription<'t>;

    /// The OpenSSL that a program was compiled for, where its text has the name.
    fn headers(&self, _program: &[u8]) -> Option<Release> {
        None
    }

    /// What the program, or its TLS module, tells about TLSv1.3 besides its version.
    fn tls1_3(&self, _program: &[u8]) -> Tls13 {
        Tls13::ByVersion
    }

    /// The same where only the package and the library are known.
    fn packaged_tls1_3(&self, _release: Option<Release>, _library: &Library, _distribution: &Distribution) -> Tls13 {
        Tls13::ByVersion
    }

    /// Sections of openssl.cnf that a release has the library read by their names.
    fn openssl_sections(&self, _release: Option<Release>) -> &'static [&'static str] {
        &[]
    }

    /// Why a release can't be assumed, as a lowercase fragment; `None`: it can.
    fn refuses(&self, _release: Release) -> Option<String> {
        None
    }

    /// What the unit and the settings of a host start it with.
    fn start_facts(&self, system: &dyn System, unit: Option<&Unit>) -> StartFacts;

    /// Puts into a unit's command what a control script adds to it; the files that this reads.
    fn read_control(&self, _system: &dyn System, _words: &mut Vec<String>, _environment: &mut Shell) -> Vec<PathBuf> {
        Vec::new()
    }

    /// The command line of a server's first process, by what `/proc/N/cmdline` has.
    fn command_of(&self, cmdline: &[u8]) -> Option<Vec<String>>;

    /// Is that the first process of a server, which serves nobody itself?
    fn is_master(&self, _cmdline: &[u8]) -> bool {
        false
    }

    /// What is not understood of the options of a command line, as lowercase fragments.
    fn unread(&self, _options: &Options) -> Vec<String> {
        Vec::new()
    }

    /// How the instance with this main file is tested, reloaded and restarted.
    fn commands(&self, system: &dyn System, facts: &Facts, main: &Path) -> Reload;
}

/// All pieces of software that are known.
pub type Products<'a> = &'a [&'static dyn Product];

/// The one with that name.
pub(super) fn product(products: Products<'_>, id: ServiceId) -> Option<&'static dyn Product> {
    products.iter().copied().find(|product| product.id() == id)
}
