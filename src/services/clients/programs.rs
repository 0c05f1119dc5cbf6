//! The programs, and what each does with the settings of its TLS library. A row names the case that shows it.

use crate::release::Release;
use crate::system::System;
use crate::tls::{Version, VersionSet};
use std::path::Path;

/// A bound of versions, as a program treats that of openssl.cnf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// it leaves it as it is
    Follows,
    /// it takes it away
    Open,
    /// it sets its own
    At(Version),
}

/// Where a program has its OpenSSL from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// the host's library
    Host,
    /// one of its own, of that release, whose openssl.cnf only `OPENSSL_CONF` can name
    Own(Release),
    /// one of its own, of that release, which reads the host's openssl.cnf
    OwnOfHost(Release),
}

/// Files and variables of its own that a program takes versions from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settings {
    None,
    Curlrc,
    Libpq,
    MyCnf,
    Wgetrc,
    Git,
    Ldap,
    Apt,
}

/// What a program with OpenSSL does itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) min: Bound,
    pub(super) max: Bound,
    /// Versions that it switches off.
    pub(super) off: VersionSet,
    /// Its own list of ciphers.
    pub(super) ciphers: Option<&'static str>,
    pub(super) source: Source,
    /// Does it end where `config_diagnostics` is on and a module fails?
    pub(super) is_strict: bool,
}

const FOLLOWS: Own = Own {
    min: Bound::Follows,
    max: Bound::Follows,
    off: VersionSet::EMPTY,
    ciphers: None,
    source: Source::Host,
    is_strict: false,
};
const RESETS: Own = Own { min: Bound::At(Version::Tls1), max: Bound::Open, ..FOLLOWS };
/// PHP's own list has suites for every version (source; its level stays that of openssl.cnf, observed).
const PHP: Own = Own { ciphers: Some("DEFAULT"), ..RESETS };
/// Python before 3.10, as its makers build it, has a list of its own.
const OLD_PYTHON: Own = Own { ciphers: Some("DEFAULT:!aNULL:!eNULL:!MD5"), ..FOLLOWS };
const CURL: Own = Own { max: Bound::Open, ..FOLLOWS };
const PINS: Own = Own { min: Bound::At(Version::Tls1_2), ..FOLLOWS };

/// What decides a program's versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    OpenSsl(Own),
    /// with the lowest version that it sets itself
    Gnutls(Option<Version>),
    /// Node.js, of that major version where its name tells
    Node(Option<u32>),
    /// a Java runtime, of that major version where its name tells
    Java(Option<u32>),
    /// these and nothing else, whatever the host says
    Fixed(VersionSet, &'static str),
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its name in questions: `curl`.
    pub key: String,
    /// For people: what it is.
    pub title: String,
    pub(super) kind: Kind,
    pub(super) settings: Settings,
    /// Where Debian has it.
    pub(super) paths: &'static [&'static str],
}

/// A row of the table.
#[derive(Clone, Copy)]
struct Row {
    key: &'static str,
    title: &'static str,
    kind: Kind,
    settings: Settings,
    paths: &'static [&'static str],
    /// The case that shows it.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for who reads the table, and for the test that looks for the case")
    )]
    case: &'static str,
}

const fn row(key: &'static str, title: &'static str, kind: Kind, case: &'static str) -> Row {
    Row { key, title, kind, settings: Settings::None, paths: &[], case }
}

const fn at(row: Row, paths: &'static [&'static str], settings: Settings) -> Row {
    Row { settings, paths, ..row }
}

const fn openssl(own: Own) -> Kind {
    Kind::OpenSsl(own)
}

const GNUTLS: Kind = Kind::Gnutls(None);

const OLD: VersionSet = VersionSet::of(&[Version::Ssl3, Version::Tls1, Version::Tls1_1]);

static TABLE: &[Row] = &[
    at(
        row("openssl", "openssl", openssl(Own { is_strict: true, ..FOLLOWS }), "default-openssl"),
        &["/usr/bin/openssl"],
        Settings::None,
    ),
    at(row("curl", "curl", openssl(CURL), "sys-max12-curl"), &["/usr/bin/curl"], Settings::Curlrc),
    row("php-curl", "PHP with libcurl", openssl(CURL), "sys-max12-php-curl"),
    at(
        row("php-stream", "PHP's streams", openssl(PHP), "sys-min12-level0-php-stream"),
        &["/usr/bin/php"],
        Settings::None,
    ),
    row("php-soap", "PHP's SoapClient", openssl(PHP), "sys-min13-php-soap"),
    at(
        row("ruby", "Ruby", openssl(Own { is_strict: true, ..RESETS }), "sys-min12-level0-ruby"),
        &["/usr/bin/ruby"],
        Settings::None,
    ),
    at(row("python", "Debian's python3", openssl(FOLLOWS), "sys-min13-python"), &["/usr/bin/python3"], Settings::None),
    row("python-requests", "Python 3.10 or later, built from source", openssl(PINS), "sys-min13-python-requests"),
    row("python-aiohttp", "Python 3.10 or later, built from source", openssl(PINS), "sys-max12-python-aiohttp"),
    row(
        "python-pyopenssl",
        "pyOpenSSL with the library of the cryptography wheel",
        openssl(Own { source: Source::Own(Release::new(4, 0, 3)), ..FOLLOWS }),
        "env-conf-python-pyopenssl",
    ),
    row(
        "python-pycurl",
        "pycurl with the library of its wheel",
        Kind::Fixed(VersionSet::MODERN, "libcurl has a lowest version of its own, and its OpenSSL reads no file"),
        "env-conf-python-pycurl",
    ),
    at(
        row("perl-iosocketssl", "Perl's IO::Socket::SSL", openssl(FOLLOWS), "sys-min13-perl-iosocketssl"),
        &["/usr/share/perl5/IO/Socket/SSL.pm"],
        Settings::None,
    ),
    at(
        row("perl-lwp", "Perl's LWP", openssl(FOLLOWS), "sys-min12-level0-perl-lwp"),
        &["/usr/share/perl5/LWP/Protocol/https.pm"],
        Settings::None,
    ),
    at(row("swaks", "swaks", openssl(FOLLOWS), "sys-min13-swaks"), &["/usr/bin/swaks"], Settings::None),
    at(row("redis-cli", "redis-cli", openssl(FOLLOWS), "sys-min13-redis-cli"), &["/usr/bin/redis-cli"], Settings::None),
    at(
        row("mariadb", "the MariaDB client", openssl(FOLLOWS), "sys-max12-mariadb"),
        &["/usr/bin/mysql"],
        Settings::MyCnf,
    ),
    at(row("psql", "psql and libpq", openssl(PINS), "sys-min13-psql"), &["/usr/bin/psql"], Settings::Libpq),
    row(
        "psycopg2-2.8.6",
        "psycopg2-binary 2.8.6 with the library of its wheel",
        openssl(Own { source: Source::Own(Release { numbers: [1, 1, 1], letter: 7 }), ..FOLLOWS }),
        "sys-min13-psycopg2-2.8.6",
    ),
    at(
        row("mosquitto_pub", "mosquitto_pub", openssl(Own { off: OLD, ..FOLLOWS }), "sys-min12-level0-mosquitto_pub"),
        &["/usr/bin/mosquitto_pub"],
        Settings::None,
    ),
    at(
        row(
            "posttls-finger",
            "Postfix as a client",
            openssl(Own { ciphers: Some("ALL:@SECLEVEL=0"), ..RESETS }),
            "sys-min13-posttls-finger",
        ),
        &["/usr/sbin/posttls-finger"],
        Settings::None,
    ),
    at(row("wget", "wget", GNUTLS, "sys-min13-wget"), &["/usr/bin/wget"], Settings::Wgetrc),
    at(row("git", "git", GNUTLS, "git-sslversion"), &["/usr/bin/git", "/usr/local/bin/git"], Settings::Git),
    at(row("apt", "apt", GNUTLS, "default-apt"), &["/usr/bin/apt-get"], Settings::Apt),
    at(row("ldapsearch", "ldapsearch", GNUTLS, "default-ldapsearch"), &["/usr/bin/ldapsearch"], Settings::Ldap),
    at(row("gnutls-cli", "gnutls-cli", GNUTLS, "default-gnutls-cli"), &["/usr/bin/gnutls-cli"], Settings::None),
    at(row("msmtp", "msmtp", GNUTLS, "default-msmtp"), &["/usr/bin/msmtp"], Settings::None),
    at(row("lynx", "lynx", GNUTLS, "default-lynx"), &["/usr/bin/lynx"], Settings::None),
    at(
        row("aria2c", "aria2c", Kind::Gnutls(Some(Version::Tls1_2)), "default-aria2c"),
        &["/usr/bin/aria2c"],
        Settings::None,
    ),
    at(row("node", "Node.js", Kind::Node(None), "default-node"), &["/usr/bin/node"], Settings::None),
    row("node-fetch", "Node.js", Kind::Node(None), "node-options-fetch"),
    at(row("java", "Java", Kind::Java(None), "default-java"), &["/usr/bin/java"], Settings::None),
    row("java-http", "Java", Kind::Java(None), "default-java-http"),
    row("uv", "rustls", Kind::Fixed(VersionSet::MODERN, "rustls has nothing to set"), "sys-level0-uv"),
];

/// Names with a version behind them, such as `python-3.9`.
const FAMILIES: &[&str] = &["openssl", "python", "node", "java", "go"];

impl Program {
    fn of(row: &Row) -> Program {
        let (key, title) = (row.key.to_owned(), row.title.to_owned());
        Program { key, title, kind: row.kind, settings: row.settings, paths: row.paths }
    }

    /// One of a family, by its version.
    fn versioned(key: &str) -> Option<Program> {
        let (family, version) = key.split_once('-')?;
        let numbers = version.split('-').next()?;
        let major: u32 = numbers.split('.').next()?.parse().ok()?;
        let release = Release::parse(numbers).unwrap_or(Release::new(major, 0, 0));
        let row =
            |kind, title: String| Program { key: key.to_owned(), title, kind, settings: Settings::None, paths: &[] };
        Some(match family {
            "openssl" => {
                // Those that were tried are the last of their line.
                let letter = if numbers == "1.1.1" { 23 } else { release.letter };
                let source = Source::OwnOfHost(Release { letter, ..release });
                row(openssl(Own { is_strict: true, source, ..FOLLOWS }), format!("openssl {numbers}"))
            }
            "python" => {
                let own = if release >= Release::new(3, 10, 0) { PINS } else { OLD_PYTHON };
                row(openssl(own), format!("Python {numbers}, built from source"))
            }
            "node" => row(Kind::Node(Some(major)), format!("Node.js {numbers}")),
            "java" => row(Kind::Java(Some(major)), format!("Java {numbers}")),
            "go" => {
                // Clients begin at 1.2 since Go 1.18, and know 1.3 since 1.12 (1.13 without a switch).
                let low = if release < Release::new(1, 18, 0) { Version::Tls1 } else { Version::Tls1_2 };
                let high = if release < Release::new(1, 13, 0) { Version::Tls1_2 } else { Version::Tls1_3 };
                let why = "only the program itself sets others (Config.MinVersion)";
                row(Kind::Fixed(VersionSet::range(low, high), why), format!("crypto/tls of Go {numbers}"))
            }
            _ => return None,
        })
    }
}

/// The program that a name or path means: `curl`, `python-3.9`, `/usr/local/bin/git`. The path comes back where it is one.
pub fn named(text: &str) -> Option<(Program, Option<&Path>)> {
    let path = text.starts_with('/').then(|| Path::new(text));
    let key = match path {
        None => text,
        Some(path) => match path.file_name()?.to_str()? {
            "python3" if text == "/usr/bin/python3" => "python",
            "mysql" => "mariadb",
            "apt-get" => "apt",
            "nodejs" => "node",
            name => name,
        },
    };
    let known = TABLE.iter().find(|row| row.key == key).map(Program::of);
    Some((known.or_else(|| Program::versioned(key))?, path))
}

/// `curl=7.88.1`: the version of a program or of a library that is not OpenSSL, for questions about clients.
pub fn assumed(text: &str) -> Option<(String, Release)> {
    let (key, value) = text.split_once('=')?;
    let key = if key == "libcurl" { "curl" } else { key };
    let is_known =
        key == "gnutls" || named(key).is_some_and(|(program, path)| path.is_none() && program.key != "openssl");
    // `21` is a version of Java and Node.js.
    let release = Release::parse(value).or_else(|| value.parse().ok().map(|major| Release::new(major, 0, 0)))?;
    is_known.then(|| (key.to_owned(), release))
}

/// The programs of the table that a host has, where Debian has them.
pub fn present(system: &dyn System) -> Vec<Program> {
    let is_there = |row: &&Row| row.paths.iter().any(|path| system.kind(Path::new(path)).is_ok());
    TABLE.iter().filter(is_there).map(Program::of).collect()
}

/// All names, for messages.
pub fn names() -> String {
    let names: Vec<&str> = TABLE.iter().map(|row| row.key).collect();
    let families: Vec<String> = FAMILIES.iter().map(|family| format!("{family}-VERSION")).collect();
    format!("{}, {}", names.join(", "), families.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::OsSystem;

    #[test]
    fn every_row_has_its_case() {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/truth/clients");
        let own = OsSystem::new(Path::new("/"), Vec::new()).expect("a root");
        for row in TABLE {
            assert!(own.kind(&cases.join(format!("{}.yaml", row.case))).is_ok(), "{}: {}", row.key, row.case);
        }
        for family in FAMILIES {
            assert!(named(&format!("{family}-3")).is_some(), "{family}");
        }
    }

    #[test]
    fn names_and_paths() {
        let key = |text| named(text).map(|(program, _)| program.key);
        assert_eq!(key("curl").as_deref(), Some("curl"));
        assert_eq!(key("/usr/bin/python3").as_deref(), Some("python"));
        assert_eq!(key("/usr/local/bin/git").as_deref(), Some("git"));
        assert_eq!([key("nosuch"), key("ruby-3"), key("")], [None, None, None]);
        assert_eq!(assumed("curl=7.88.1"), Some(("curl".to_owned(), Release::new(7, 88, 1))));
        assert_eq!(assumed("java=21"), Some(("java".to_owned(), Release::new(21, 0, 0))));
        assert_eq!([assumed("openssl=3.0.2"), assumed("nginx=1.2"), assumed("curl=x")], [None, None, None]);
    }
}
