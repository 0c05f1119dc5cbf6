//! OpenSSL, rustls and nginx: versions alone and with holes, whole cipher lists, and what other tools get wrong.

use crate::support;
use crate::support::needs;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use support::daemon::Daemon;
use support::probing::{at, names, probe};
use support::site::{Site, Software};
use support::{certificates, network, others, server};
use tlsmend::probe::client::{self, Handshake, Trust};
use tlsmend::probe::name::Name;
use tlsmend::probe::place::Place;
use tlsmend::probe::suites::Suite;
use tlsmend::probe::target::Target;
use tlsmend::probe::{Depth, Limits, Order, Reason, Verdict};
use tlsmend::services::service::Destination;
use tlsmend::tls::{Version, VersionSet};

fn s_server(port: u16, arguments: &[&str]) -> Daemon {
    let folder = certificates::folder();
    Daemon::start(port, "openssl", |command| {
        command
            .args(["s_server", "-quiet", "-www", "-accept"])
            .arg(format!("127.0.0.1:{port}"))
            .arg("-cert")
            .arg(folder.join("rsa.crt"))
            .arg("-key")
            .arg(folder.join("rsa.key"))
            .args(arguments)
            .env("OPENSSL_CONF", "/dev/null");
    })
}

#[test]
fn openssl_by_version() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        for (version, flag) in [
            (Version::Tls1, "-tls1"),
            (Version::Tls1_1, "-tls1_1"),
            (Version::Tls1_2, "-tls1_2"),
            (Version::Tls1_3, "-tls1_3"),
        ] {
            let _server = s_server(20_001, &[flag, "-cipher", "ALL:@SECLEVEL=0"]);
            let found = probe(&at(20_001), Depth::Versions);
            assert_eq!(found.accepted(), VersionSet::of(&[version]), "{flag}");
            assert!(found.inconclusive().is_empty(), "{flag}");
        }
    });
}

#[test]
fn openssls_suites_are_those_that_it_was_told() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        for cipher in ["ALL", "kRSA", "ECDHE+AESGCM", "aNULL", "AES256-SHA:CAMELLIA128-SHA"] {
            let list = format!("{cipher}:@SECLEVEL=0");
            let _server = s_server(20_002, &["-tls1_2", "-cipher", &list, "-serverpref"]);
            let found = probe(&at(20_002), Depth::Ciphers);
            // What needs a certificate of another kind, a shared key or a password can't be chosen.
            let output = Command::new("openssl")
                .args(["ciphers", "-stdname", "-s", "-tls1_2", &list])
                .env("OPENSSL_CONF", "/dev/null")
                .output()
                .expect("openssl");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let fits = |name: &String| !name.contains("ECDSA") && !name.contains("DSS");
            let name = |line: &str| line.split_ascii_whitespace().next().map(str::to_owned);
            let expected: Vec<String> = text.lines().filter_map(name).filter(fits).collect();
            let row = found.row(Version::Tls1_2).expect("a row");
            let got: Vec<String> = row.suites.iter().map(|hit| Suite::name_of(hit.suite)).collect();
            assert_eq!(got, expected, "{cipher}: in the server's order");
            assert_eq!(row.order, (got.len() > 1).then_some(Order::Server), "{cipher}");
            assert!(row.complete);
        }
    });
}

/// rustls as a server: another stack, in this process.
fn rustls_server(versions: &[&'static rustls::SupportedProtocolVersion]) -> SocketAddr {
    let folder = certificates::folder();
    let certificate = CertificateDer::from_pem_file(folder.join("ec.crt")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("ec.key")).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("they fit");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            std::thread::spawn(move || {
                let mut connection = rustls::ServerConnection::new(config).expect("a connection");
                // It fails once the probe has seen enough.
                while let Ok((read, _)) = connection.complete_io(&mut stream) {
                    if read == 0 {
                        break;
                    }
                }
                let _unread = stream.flush();
                let _unread = stream.read(&mut [0]);
            });
        }
    });
    address
}

#[test]
fn rustls_with_and_without_each_version() {
    use rustls::version::{TLS12, TLS13};

    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    for (versions, expected) in [
        (&[&TLS12, &TLS13][..], VersionSet::of(&[Version::Tls1_2, Version::Tls1_3])),
        (&[&TLS12], VersionSet::of(&[Version::Tls1_2])),
        (&[&TLS13], VersionSet::of(&[Version::Tls1_3])),
    ] {
        let target = Target { name: Name::parse("main.test").ok(), ..Target::at(Place::Ip(rustls_server(versions))) };
        let found = probe(&target, Depth::Versions);
        assert_eq!(found.accepted(), expected, "{:?}", found.rows);
        let deep = probe(&target, Depth::Ciphers);
        assert_eq!(deep.accepted(), expected);
        assert!(!deep.is_open(Depth::Ciphers), "{:?}", deep.rows);
        if expected.has(Version::Tls1_3) {
            let suites = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
                .into_iter()
                .collect();
            assert_eq!(names(&deep, Version::Tls1_3), suites);
        }
        // A client of this machine gets in, and learns that nobody vouches for the certificate.
        let check = client::check(&target, Limits::of(&target, Depth::Versions), &[], &AtomicBool::new(false));
        let Handshake::Made { version, .. } = check.handshake else { panic!("{:?}", check.handshake) };
        assert_eq!(Some(version), expected.max());
        let certificate = check.certificate.expect("a certificate");
        assert_eq!((certificate.subject.as_str(), certificate.key.as_str()), ("CN=main.test", "EC 256"));
        assert!(matches!(check.trust, Some(Trust::SelfSigned | Trust::Unknown)), "{:?}", check.trust);
    }
}

/// The sites that tools are known to get wrong.
const SITES: &[(u16, &str, &[Version])] = &[
    (1, "ssl_protocols TLSv1; ssl_ciphers AES128-SHA:@SECLEVEL=0;", &[Version::Tls1]),
    (2, "ssl_protocols TLSv1.3;", &[Version::Tls1_3]),
    (3, "ssl_protocols TLSv1.2; ssl_ecdh_curve X25519;", &[Version::Tls1_2]),
    (4, "ssl_protocols TLSv1 TLSv1.1 TLSv1.2;", &[Version::Tls1_2]),
    (
        5,
        "ssl_protocols TLSv1 TLSv1.2; ssl_ciphers DHE-RSA-AES128-SHA:@SECLEVEL=0; ssl_dhparam dh.pem;",
        &[Version::Tls1, Version::Tls1_2],
    ),
    (
        6,
        "ssl_protocols TLSv1.2 TLSv1.3; ssl_verify_client on; ssl_client_certificate @CERTS@/rsa.crt;",
        &[Version::Tls1_2, Version::Tls1_3],
    ),
    (7, "ssl_protocols TLSv1.3; ssl_ecdh_curve secp521r1;", &[Version::Tls1_3]),
    (8, "ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;", &[Version::Tls1_1]),
    (9, "ssl_protocols TLSv1.2; ssl_ciphers aNULL:@SECLEVEL=0;", &[Version::Tls1_2]),
];

#[test]
fn nginx_sites_that_others_get_wrong() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        let site = Site::new(Software::Nginx);
        let certs = certificates::folder().display().to_string();
        let made = Command::new("openssl").args(["dhparam", "-dsaparam", "1024"]).stderr(Stdio::null()).output();
        site.write("dh.pem", &made.expect("openssl").stdout);
        let server = |(port, lines, _): &(u16, &str, &[Version])| {
            format!("server {{ listen 127.0.0.1:{} ssl; {lines} }}", 20_100 + port)
        };
        let servers = SITES.iter().map(server).collect::<Vec<_>>().join("\n");
        let servers = servers.replace("@CERTS@", &certs);
        let text = format!(
            "events {{}}\nhttp {{ access_log off;\nssl_certificate {certs}/rsa.crt; ssl_certificate_key {certs}/rsa.key;\n\
             {servers}\n}}\n"
        );
        site.write("nginx.conf", text.as_bytes());
        let targets: Vec<Destination> =
            SITES.iter().map(|(port, ..)| Destination::Ip([127, 0, 0, 1].into(), 20_100 + port)).collect();
        let _server = server::Server::start(&site, &targets).unwrap_or_else(|e| panic!("{e}"));
        for (port, lines, versions) in SITES {
            let found = probe(&at(20_100 + port), Depth::Ciphers);
            assert_eq!(found.accepted(), VersionSet::of(versions), "{lines}: {:?}", found.rows);
            assert!(!found.is_open(Depth::Ciphers), "{lines}: {:?}", found.rows);
        }
        let barred = probe(&at(20_104), Depth::Versions);
        let old = |version| barred.row(version).map(|row| row.verdict.clone());
        assert_eq!(old(Version::Tls1), Some(Verdict::Rejected(Reason::Barred)));
        let short = probe(&at(20_105), Depth::Ciphers);
        let key = short.row(Version::Tls1_2).and_then(|row| row.suites[0].key.clone()).expect("a key");
        assert_eq!(key.to_string(), "dh 1024");
        for port in [20_103, 20_105, 20_108, 20_109] {
            let found = probe(&at(port), Depth::Ciphers);
            for (version, suites) in others::nmap(port) {
                assert_eq!(names(&found, version), suites, "nmap on {version} at {port}");
            }
        }
        // What a client with modern suites and curves only gets is not what the server has.
        let target = at(20_105);
        let check = client::check(&target, Limits::of(&target, Depth::Versions), &[], &AtomicBool::new(false));
        assert!(matches!(check.handshake, Handshake::Failed { .. }) && check.reaches_modern(&short), "{check:?}");
        let old = at(20_108);
        let check = client::check(&old, Limits::of(&old, Depth::Versions), &[], &AtomicBool::new(false));
        assert!(!check.reaches_modern(&probe(&old, Depth::Versions)), "{check:?}");
    });
}

/// What ends a handshake of other clients too is told apart from what only modern ones lack.
#[test]
fn handshakes_that_are_not_the_suites_fault() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        let check = |port: u16| {
            let target = at(port);
            client::check(&target, Limits::of(&target, Depth::Versions), &[], &AtomicBool::new(false))
        };
        for version in ["-tls1_2", "-tls1_3"] {
            let _server = s_server(20_004, &[version, "-Verify", "1"]);
            let found = check(20_004);
            let refused = matches!(found.handshake, Handshake::Made { asked: true, refused: true, .. });
            assert!(refused, "{version}: {:?}", found.handshake);
        }
        // Keys that the library here can't check, and others can.
        let folder = tempfile::tempdir().expect("a temporary directory");
        let (crt, key) = (folder.path().join("own.crt"), folder.path().join("own.key"));
        // Before TLS 1.3 the client has to have a certificate's curve for the agreement on keys too.
        for (kind, early) in [("rsa:1024", true), ("ed448", false), ("ec -pkeyopt ec_paramgen_curve:secp521r1", false)]
        {
            let words: Vec<&str> = kind.split(' ').collect();
            certificates::one(folder.path(), "own", &[&["-subj", "/CN=localhost", "-newkey"], &words[..]].concat());
            for version in ["-tls1_2", "-tls1_3"] {
                let _server = Daemon::start(20_005, "openssl", |command| {
                    command.args(["s_server", "-quiet", "-www", "-accept", "127.0.0.1:20005", version, "-cert"]);
                    command.arg(&crt).arg("-key").arg(&key).args(["-cipher", "ALL:@SECLEVEL=0"]);
                    command.env("OPENSSL_CONF", "/dev/null");
                });
                let found = check(20_005);
                if version == "-tls1_2" && !early {
                    let lacks = matches!(found.handshake, Handshake::Failed { nothing_in_common: true, .. });
                    assert!(lacks, "{kind}: {:?}", found.handshake);
                    continue;
                }
                assert!(matches!(found.handshake, Handshake::Made { .. }), "{kind} {version}: {:?}", found.handshake);
                assert!(matches!(found.trust, Some(Trust::SelfSigned | Trust::Unknown)), "{kind}: {:?}", found.trust);
            }
        }
    });
}

#[test]
fn a_certificate_is_judged_for_what_was_typed() {
    if !needs::has(&["ip", "nginx", "openssl"]) {
        return;
    }
    network::inside(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let config = folder.path().join("openssl.cnf");
        let text = "[req]\ndistinguished_name = dn\nprompt = no\nx509_extensions = ext\n[dn]\nCN = main.test\n\
                    [ext]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = DNS:main.test, DNS:localhost\n";
        std::fs::write(&config, text).expect("a file of our own");
        for (curve, bits) in [("secp384r1", "EC 384"), ("prime256v1", "EC 256")] {
            let (crt, key) = (folder.path().join("own.crt"), folder.path().join("own.key"));
            let (config, curve_option) = (config.display().to_string(), format!("ec_paramgen_curve:{curve}"));
            let kind = ["-config", &config, "-newkey", "ec", "-pkeyopt", &curve_option];
            certificates::one(folder.path(), "own", &kind);
            let _server = Daemon::start(20_003, "openssl", |command| {
                command.args(["s_server", "-quiet", "-accept", "127.0.0.1:20003", "-cert"]).arg(&crt);
                command.arg("-key").arg(&key);
            });
            let output = |arguments: &[&str]| {
                // This machine trusts it, and nothing else.
                let output = Command::new(env!("CARGO_BIN_EXE_tlsmend"))
                    .args(["probe", "--client", "--format", "json"])
                    .args(arguments)
                    .env_clear()
                    .env("SSL_CERT_FILE", &crt)
                    .output()
                    .expect("runs");
                let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
                // The name may have an address more, where nothing listens.
                let targets = document["targets"].as_array().expect("targets");
                let client = targets.iter().find(|target| target["client"].is_object());
                let certificate = client.map(|target| target["client"]["certificate"].clone());
                let certificate = certificate.unwrap_or_else(|| panic!("{document:#}"));
                assert_eq!(certificate["key"], bits);
                certificate["trust"].as_str().map(str::to_owned)
            };
            let trusted = |arguments: &[&str]| output(arguments).as_deref() == Some("trusted");
            let other = |arguments: &[&str]| output(arguments).as_deref() == Some("other-name");
            assert!(trusted(&["127.0.0.1:20003", "--sni", "main.test"]), "{curve}");
            assert!(other(&["127.0.0.1:20003", "--sni", "other.test"]), "{curve}");
            assert!(other(&["127.0.0.1:20003"]), "{curve}");
            // No name is sent, and yet it is what the certificate has to be for.
            assert!(trusted(&["localhost:20003", "--no-sni"]), "{curve}");
        }
    });
}
