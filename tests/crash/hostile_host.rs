//! Nothing that a host's files hold may stop the program, or give it other answers twice.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use tlsmend::host::{Given, gather, reload};
use tlsmend::instance::ServiceId;
use tlsmend::openssl::cnf::{Circumstances, Environment, Reading, Side};
use tlsmend::openssl::{Keys, Library};
use tlsmend::release::Release;
use tlsmend::services;
use tlsmend::system::MemorySystem;
use tlsmend::tls::VersionSet;

/// Files that are read when facts are gathered.
const FILES: [&str; 14] = [
    "/usr/sbin/nginx",
    "/usr/sbin/apache2",
    "/usr/lib/apache2/modules/mod_ssl.so",
    "/usr/lib/libcrypto.so.3",
    "/etc/os-release",
    "/etc/hosts",
    "/etc/apache2/envvars",
    "/etc/sysconfig/apache2",
    "/etc/conf.d/apache2",
    "/lib/systemd/system/apache2.service",
    "/etc/systemd/system/nginx.service",
    "/var/lib/dpkg/status",
    "/lib/apk/db/installed",
    "/etc/ssl/openssl.cnf",
];

/// Pieces of what such files hold, so that chance gets past the first byte.
const PIECES: [&[u8]; 40] = [
    b"\x7fELF\x02\x01\x01",
    b"\x7fELF\x01\x02",
    b"nginx/1.",
    b"Apache/2.4.",
    b"OpenSSL 3.0.",
    b"OPENSSLDIR: \"/",
    b"-DOPENSSL_TLS_SECURITY_LEVEL=",
    b"LibreSSL 3",
    b"export ",
    b"A=",
    b"$A",
    b"${A:-",
    b"}",
    b"if ",
    b"[ ",
    b" ]",
    b"; then ",
    b"else ",
    b"fi\n",
    b"case ",
    b"esac\n",
    b"'",
    b"\"",
    b"\\",
    b"`",
    b"[Service]\n",
    b"ExecStart=",
    b"-D ",
    b"Environment=",
    b"Package: nginx\n",
    b"Version: 1:",
    b"Status: install ok installed\n",
    b"\n\n",
    b"=",
    b"[a]\n",
    b"openssl_conf = a\n",
    b".include ",
    b"ssl_conf = a\n",
    b"\xff",
    b"\0",
];

fn content() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(PIECES.to_vec()).prop_map(<[u8]>::to_vec),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_host_has_facts(contents in prop::collection::vec(content(), FILES.len())) {
        let system = MemorySystem::with_files(FILES.iter().zip(&contents));
        let facts = gather(&system, &Given::default(), &services::products());
        prop_assert_eq!(&facts, &gather(&system, &Given::default(), &services::products()));
        for service in ["nginx", "apache"] {
            let service = services::of(ServiceId(service)).expect("a service");
            reload(&system, &facts, service, Path::new("/etc/nginx/nginx.conf"));
        }
    }

    #[test]
    fn any_cipher_list_is_read(list in "([A-Z+:!@$=é -]|AES|HIGH|DEFAULT|SECLEVEL=[0-9]){0,12}", level in 0_u8..7) {
        for release in [Release::new(1, 0, 2), Release::new(1, 1, 1), Release::new(3, 0, 0), Release::new(3, 5, 0)] {
            let library = Library { release: Some(release), level: Some(level), ..Library::unknown() };
            let enabled = VersionSet::TLS;
            let accepted = library.accepts(enabled, Some(&list), Some(&list), Keys::ANY);
            let reasons = library.why(enabled, Some(&list), Some(&list), Keys::ANY);
            // What is not accepted has a reason, and what is accepted has none.
            if let Some(accepted) = accepted {
                prop_assert_eq!(accepted == enabled, reasons.is_empty(), "{} {:?} {:?}", list, accepted, reasons);
            }
        }
    }

    #[test]
    fn any_openssl_cnf_is_read(text in content()) {
        let system = MemorySystem::with_files([("/openssl.cnf", text)]);
        let none = BTreeMap::new();
        let circumstances = Circumstances {
            release: Some(Release::new(3, 0, 19)),
            names: &["nginx", "openssl_conf"],
            environment: Environment::Part(&none),
            folder: None,
            side: Side::Any,
            modules: None,
            is_red_hat: None,
        };
        let _ = Reading::of(&system, Path::new("/openssl.cnf"), &circumstances).problems();
    }

    #[test]
    fn any_certificate_is_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Keys::of_certificate(&bytes);
    }
}
