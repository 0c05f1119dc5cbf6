//! The suites of each version are those that nmap and sslscan find, where they say anything of the version.

use crate::support;
use crate::support::needs;

use std::process::{Command, Stdio};
use support::probing::{at, names, probe};
use support::site::{Site, Software};
use support::{certificates, network, others, server};
use tlsmend::probe::Depth;
use tlsmend::services::service::Destination;
use tlsmend::tls::{Version, VersionSet};

/// What Mozilla's guidelines (5.7) give servers of the intermediate kind.
const INTERMEDIATE: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
                            ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\
                            DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305";

/// The probe and the others agree at a port; the number of suites of each version.
fn agree(port: u16, versions: &[Version]) -> Vec<usize> {
    let found = probe(&at(port), Depth::Ciphers);
    assert_eq!(found.accepted(), VersionSet::of(versions), "{:?}", found.rows);
    assert!(!found.is_open(Depth::Ciphers), "{:?}", found.rows);
    for (name, theirs) in [("nmap", others::nmap(port)), ("sslscan", others::sslscan(port))] {
        let heard: Vec<Version> = theirs.keys().copied().collect();
        assert_eq!(heard, versions, "{name}");
        for (version, suites) in theirs {
            assert_eq!(names(&found, version), suites, "{name} on {version}");
        }
    }
    versions.iter().map(|version| names(&found, *version).len()).collect()
}

#[test]
fn all_suites_of_openssl() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl", "nmap", "sslscan"]) {
        return;
    }
    network::inside(|| {
        let site = Site::new(Software::Nginx);
        let certs = certificates::folder().display();
        let made = Command::new("openssl").args(["dhparam", "-dsaparam", "2048"]).stderr(Stdio::null()).output();
        site.write("dh.pem", &made.expect("openssl").stdout);
        let text = format!(
            "events {{}}\nhttp {{ access_log off;\n\
             ssl_certificate {certs}/rsa.crt; ssl_certificate_key {certs}/rsa.key;\n\
             ssl_certificate {certs}/ec.crt; ssl_certificate_key {certs}/ec.key;\n\
             server {{ listen 127.0.0.1:20701 ssl; ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_dhparam dh.pem;\n\
             ssl_ciphers ALL:COMPLEMENTOFALL:@SECLEVEL=0; }} }}\n"
        );
        site.write("nginx.conf", text.as_bytes());
        let target = Destination::Ip([127, 0, 0, 1].into(), 20_701);
        let _server = server::Server::start(&site, &[target]).unwrap_or_else(|e| panic!("{e}"));
        let counts = agree(20_701, &[Version::Tls1, Version::Tls1_1, Version::Tls1_2, Version::Tls1_3]);
        // Debian's OpenSSL 3.0 has 23, 23, 77 and 3.
        assert!(counts[2] > 50 && counts[3] >= 3, "{counts:?}");
    });
}

#[test]
fn mozillas_intermediate_apache() {
    if !needs::has(&["ip", "nginx", "apache2", "openssl", "nmap", "sslscan"]) {
        return;
    }
    network::inside(|| {
        let site = Site::new(Software::Apache);
        let certs = certificates::folder().display();
        let mut text = String::from("ServerName main.test\nListen 127.0.0.1:20702\n");
        for module in ["mpm_event", "ssl", "authz_core"] {
            text += &format!("LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n");
        }
        text += &format!(
            "SSLEngine on\nSSLProtocol -all +TLSv1.2 +TLSv1.3\nSSLHonorCipherOrder off\n\
             SSLCipherSuite {INTERMEDIATE}\n\
             SSLCertificateFile {certs}/rsa.crt\nSSLCertificateKeyFile {certs}/rsa.key\n\
             SSLCertificateFile {certs}/ec.crt\nSSLCertificateKeyFile {certs}/ec.key\n"
        );
        site.write("apache2.conf", text.as_bytes());
        let target = Destination::Ip([127, 0, 0, 1].into(), 20_702);
        let _server = server::Server::start(&site, &[target]).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(agree(20_702, &[Version::Tls1_2, Version::Tls1_3]), [9, 3]);
    });
}
