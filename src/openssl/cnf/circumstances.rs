//! What decides besides the file what a program makes of openssl.cnf.

use crate::release::Release;
use std::collections::BTreeMap;
use std::path::Path;

/// The environment of a program.
#[derive(Clone, Copy, Debug)]
pub enum Environment<'a> {
    /// These variables and no others.
    Whole(&'a BTreeMap<String, String>),
    /// These, and perhaps others.
    Part(&'a BTreeMap<String, String>),
}

/// A variable of the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variable<'a> {
    Set(&'a str),
    Unset,
    Unknown,
}

impl<'a> Environment<'a> {
    pub(crate) fn get(self, name: &str) -> Variable<'a> {
        match self {
            Environment::Whole(known) => known.get(name).map_or(Variable::Unset, |value| Variable::Set(value)),
            Environment::Part(known) => known.get(name).map_or(Variable::Unknown, |value| Variable::Set(value)),
        }
    }
}

/// The side of a handshake that a program's contexts are for: commands may be known on one side only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// made with `TLS_client_method`
    Client,
    /// made with `TLS_server_method` or with `TLS_method`, which knows the commands of both
    Any,
}

/// What decides besides the file.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The library's version; where it is not known the file is read as 3.0 reads it.
    pub release: Option<Release>,
    /// The names in the default section that the program asks for, of which the first counts that is there: mostly
    /// `openssl_conf` alone; `nginx` before it for nginx since 1.25.2.
    pub names: &'a [&'a str],
    /// The program's environment.
    pub environment: Environment<'a>,
    /// The folder in which the program was started; `None`: not known.
    pub folder: Option<&'a Path>,
    /// For which side contexts are made.
    pub side: Side,
    /// Where the library looks for providers and engines by their names: `/usr/lib/x86_64-linux-gnu`.
    pub modules: Option<&'a Path>,
    /// Is it a library with the patches of Red Hat? `None`: not known.
    pub is_red_hat: Option<bool>,
}

impl Circumstances<'_> {
    /// Is it a release before the given one? Not where nothing is known.
    pub(crate) fn is_before(&self, major: u32, minor: u32) -> bool {
        self.release.is_some_and(|release| release < Release::new(major, minor, 0))
    }
}
