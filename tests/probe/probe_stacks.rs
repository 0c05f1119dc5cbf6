//! Other TLS stacks: what the probe finds at a server of Java's, Go's, GnuTLS's and NSS's own is what it was told to have.

use crate::support;
use crate::support::needs;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::daemon::Daemon;
use support::probing::{assert_is, at, probe};
use support::{certificates, network};
use tlsmend::probe::suites::Suite;
use tlsmend::probe::{Depth, Order};
use tlsmend::tls::Version::{self, Ssl3, Tls1, Tls1_1, Tls1_2, Tls1_3};
use tlsmend::tls::VersionSet;

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/probe/servers").join(name)
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|e| panic!("{command:?} (tests/run installs it): {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The certificate and its key in one file, with the password `changeit`.
fn pkcs12(folder: &Path) -> PathBuf {
    let (certs, file) = (certificates::folder(), folder.join("rsa.p12"));
    let mut command = Command::new("openssl");
    command.args(["pkcs12", "-export", "-name", "rsa", "-passout", "pass:changeit", "-in"]).arg(certs.join("rsa.crt"));
    run(command.arg("-inkey").arg(certs.join("rsa.key")).arg("-out").arg(&file));
    file
}

/// Of these suites, those that a version can use.
fn usable(suites: &[&'static str], version: Version) -> BTreeSet<&'static str> {
    let needs_1_2 = |name: &str| ["GCM", "SHA256", "SHA384", "POLY1305"].iter().any(|part| name.contains(part));
    let fits = |name: &&&str| match version {
        Tls1_3 => !name.contains("_WITH_"),
        Tls1_2 => name.contains("_WITH_") && !name.contains("EXPORT"),
        // Export suites ended with TLS 1.0 (RFC 4346).
        Tls1_1 => name.contains("_WITH_") && !needs_1_2(name) && !name.contains("EXPORT"),
        _ => name.contains("_WITH_") && !needs_1_2(name),
    };
    suites.iter().filter(fits).copied().collect()
}

/// What a server with these versions and suites has.
fn told(versions: VersionSet, suites: &[&'static str]) -> impl Fn(Version) -> BTreeSet<&'static str> {
    move |version| if versions.has(version) { usable(suites, version) } else { BTreeSet::new() }
}

fn number(name: &str) -> u16 {
    Suite::all().iter().find(|suite| suite.name == name).expect("a known suite").id
}

const ALL_1_3: [&str; 3] = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

#[test]
fn java() {
    if !needs::has(&["ip", "openssl", "javac", "java"]) {
        return;
    }
    network::inside(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let store = pkcs12(folder.path());
        for (versions, suites) in [
            // With holes, and with what no library of today speaks as a client.
            (
                VersionSet::of(&[Ssl3, Tls1_1, Tls1_3]),
                &["TLS_RSA_WITH_RC4_128_MD5", "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_AES_128_GCM_SHA256"][..],
            ),
            (
                VersionSet::of(&[Tls1, Tls1_2]),
                &[
                    "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
                    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
                    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                    "TLS_ECDH_anon_WITH_AES_128_CBC_SHA",
                    "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
                ],
            ),
        ] {
            // Java keeps the names that suites had before TLS.
            let old = ["RC4", "3DES"];
            let java = |name: &&str| match old.iter().any(|part| name.contains(part)) {
                true => name.replacen("TLS_", "SSL_", 1),
                false => (*name).to_owned(),
            };
            let names: Vec<String> = suites.iter().map(java).collect();
            let protocols: Vec<&str> = versions.iter().map(Version::name).collect();
            let _server = Daemon::start(20_601, "java", |command| {
                command.arg(source("Jsse.java")).arg("20601").arg(&store);
                command.args([protocols.join(","), names.join(",")]);
            });
            assert_is(&probe(&at(20_601), Depth::Ciphers), told(versions, suites), &format!("{versions:?}"));
        }
    });
}

#[test]
fn go() {
    if !needs::has(&["ip", "openssl", "go"]) {
        return;
    }
    network::inside(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let program = folder.path().join("server");
        let mut build = Command::new("go");
        // What was compiled once is used again.
        build.env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go")).env("CGO_ENABLED", "0");
        run(build.env("GO111MODULE", "off").args(["build", "-o"]).arg(&program).arg(source("go.go")));
        let suites = [
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
            "TLS_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
            "TLS_RSA_WITH_RC4_128_SHA",
        ];
        let numbers = suites.map(|name| format!("{:x}", number(name))).join(",");
        // Those of TLS 1.3 can't be told to Go.
        let all = [&suites[..], &ALL_1_3].concat();
        let certs = certificates::folder();
        for (oldest, newest, versions) in [
            ("301", "301", VersionSet::of(&[Tls1])),
            ("302", "303", VersionSet::of(&[Tls1_1, Tls1_2])),
            ("301", "304", VersionSet::of(&[Tls1, Tls1_1, Tls1_2, Tls1_3])),
            ("304", "304", VersionSet::of(&[Tls1_3])),
        ] {
            let _server = Daemon::start(20_602, &program.display().to_string(), |command| {
                command.arg("20602").arg(certs.join("rsa.crt")).arg(certs.join("rsa.key"));
                command.args([oldest, newest, &numbers]);
            });
            let found = probe(&at(20_602), Depth::Ciphers);
            assert_is(&found, told(versions, &all), &format!("{oldest} to {newest}"));
            // It asks the client for nothing but whether ChaCha20 is preferred.
            for row in found.rows.iter().filter(|row| row.suites.len() > 1) {
                assert_eq!(row.order, Some(Order::Server), "{} of {oldest} to {newest}", row.version);
            }
        }
    });
}

#[test]
fn gnutls() {
    if !needs::has(&["ip", "openssl", "gnutls-serv"]) {
        return;
    }
    if !network::can_be_made() {
        println!("gnutls-serv listens at every address, and nobody is root: left out");
        return;
    }
    network::inside(|| {
        let suites = [
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
            "TLS_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_AES_128_GCM_SHA256",
        ];
        let certs = certificates::folder();
        for (names, versions) in [
            (&["TLS1.0"][..], VersionSet::of(&[Tls1])),
            (&["TLS1.1", "TLS1.0"], VersionSet::of(&[Tls1, Tls1_1])),
            (&["TLS1.2"], VersionSet::of(&[Tls1_2])),
            (&["TLS1.3", "TLS1.2"], VersionSet::of(&[Tls1_2, Tls1_3])),
            (&["TLS1.3"], VersionSet::of(&[Tls1_3])),
        ] {
            let names = names.join(":+VERS-");
            let priority = format!(
                "NONE:+VERS-{names}:+RSA:+ECDHE-RSA:+AES-128-GCM:+AES-128-CBC:+3DES-CBC:+AEAD:+SHA1:+COMP-NULL:\
                 +SIGN-ALL:+GROUP-ALL:+CTYPE-X509"
            );
            let _server = Daemon::start(20_603, "gnutls-serv", |command| {
                command.args(["-q", "-p", "20603", "--priority", &priority, "--x509certfile"]);
                command.arg(certs.join("rsa.crt")).arg("--x509keyfile").arg(certs.join("rsa.key"));
            });
            assert_is(&probe(&at(20_603), Depth::Ciphers), told(versions, &suites), &priority);
        }
    });
}

#[test]
fn nss() {
    if !needs::has(&["ip", "openssl", "selfserv"]) {
        return;
    }
    if !network::can_be_made() {
        println!("selfserv listens at every address, and nobody is root: left out");
        return;
    }
    network::inside(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let store = format!("sql:{}", folder.path().display());
        run(Command::new("certutil").args(["-N", "--empty-password", "-d", &store]));
        let import = ["-W", "changeit", "-K", "", "-d", &store, "-i"];
        run(Command::new("pk12util").args(import).arg(pkcs12(folder.path())));
        let suites = [
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
            "TLS_RSA_WITH_RC4_128_SHA",
            "TLS_AES_256_GCM_SHA384",
        ];
        let numbers = suites.map(|name| format!(":{:04x}", number(name))).concat();
        for (range, versions) in [
            ("ssl3:ssl3", VersionSet::of(&[Ssl3])),
            ("ssl3:tls1.2", VersionSet::of(&[Ssl3, Tls1, Tls1_1, Tls1_2])),
            ("tls1.1:tls1.3", VersionSet::of(&[Tls1_1, Tls1_2, Tls1_3])),
            ("tls1.3:tls1.3", VersionSet::of(&[Tls1_3])),
        ] {
            let _server = Daemon::start(20_604, "selfserv", |command| {
                command.args(["-n", "rsa", "-p", "20604", "-V", range, "-c", &numbers, "-d", &store]);
            });
            assert_is(&probe(&at(20_604), Depth::Ciphers), told(versions, &suites), range);
        }
    });
}
