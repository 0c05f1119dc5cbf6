//! OpenSSL, rustls and nginx: versions alone and with holes, whole cipher lists, and what other tools get wrong.
#![allow(clippy::disallowed_methods, reason = "tests run programs")]

mod support;

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
use tlsmend::probe::suites::Suite;
use tlsmend::probe::target::{Place, Target};
use tlsmend::probe::{Depth, Limits, Order, Reason, Verdict};
use tlsmend::services::service::Target as Asked;
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
        let targets: Vec<Asked> =
            SITES.iter().map(|(port, ..)| Asked::Ip([127, 0, 0, 1].into(), 20_100 + port)).collect();
        let _server = server::Server::start(&site, &targets).unwrap_or_else(|e| panic!("{e}"));
        for (port, lines, versions) in SITES {
            let found = probe(&at(20_100 + port), Depth::Ciphers);
            assert_eq!(found.accepted(), VersionSet::of(versions), "{lines}: {:?}", found.rows);
            assert!(!found.is_open(Depth::Ciphers), "{lines}: {:?}", found.rows);
        }
        let barred = probe(&at(20_104), Depth::Versions);
        let old = |version| barred.row(version).map(|row| row.verdict.clone());
        assert_eq!(old(Version::Tls1), Some(Verdict::Rejected(Reason::Alert(80))));
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
        assert!(matches!(check.handshake, Handshake::Failed(_)) && check.reaches_modern(&short), "{check:?}");
        let old = at(20_108);
        let check = client::check(&old, Limits::of(&old, Depth::Versions), &[], &AtomicBool::new(false));
        assert!(!check.reaches_modern(&probe(&old, Depth::Versions)), "{check:?}");
    });
}
