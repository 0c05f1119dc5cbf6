//! What is known of a host, and from where.

use crate::openssl::Library;
use crate::release::Release;
use std::collections::BTreeMap;
use std::net::IpAddr;

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

/// A server program and the TLS library that it loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Software {
    /// The program's version.
    pub release: Fact<Release>,
    /// Its TLS library.
    pub library: Library,
}

/// What is known of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// nginx
    pub nginx: Software,
    /// Apache httpd
    pub apache: Software,
    /// The distribution's identifiers, its own first, then those it is like: `["ubuntu", "debian"]`. Empty: unknown.
    pub distribution: Vec<String>,
    /// Directives that nginx is given on its command line (`-g`), before the main file.
    pub nginx_global: String,
    /// Names given to Apache with `-D`; `None`: its command line is not known.
    pub defines: Fact<Vec<String>>,
    /// The environment of Apache, as far as it is known (`/etc/apache2/envvars`, `--env`).
    pub environment: BTreeMap<String, String>,
    /// Names of hosts: those of /etc/hosts, and `localhost`.
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
    /// What could not be read, as lowercase fragments with the path in them.
    pub problems: Vec<String>,
}

impl Facts {
    /// Nothing is known.
    pub fn unknown() -> Facts {
        let software = || Software { release: Fact::unknown("not looked for"), library: Library::unknown() };
        Facts {
            nginx: software(),
            apache: software(),
            distribution: Vec::new(),
            nginx_global: String::new(),
            defines: Fact::unknown("not looked for"),
            environment: BTreeMap::new(),
            hosts: BTreeMap::from([(
                "localhost".to_owned(),
                vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])],
            )]),
            problems: Vec::new(),
        }
    }

    /// Is the host of the Red Hat family, where a missing `SSLProtocol` means the system's policy?
    pub fn is_red_hat(&self) -> bool {
        let family = ["rhel", "fedora", "centos", "amzn", "openeuler"];
        self.distribution.iter().any(|id| family.contains(&id.as_str()))
    }
}
