//! What nginx does by version: built-in defaults and features.
//!
//! From the release tags of nginx and handshakes with builds of them (nginx 1.12.2 to 1.31.4).

use crate::release::Release;
use crate::tls::{Version, VersionSet};

/// From 1.29.2 (with OpenSSL 1.1.1 or later) the server that the client names decides, not the default server.
pub(super) const VERSIONS_BY_NAME: Release = Release::new(1, 29, 2);
/// The value `TLSv1.3`.
pub(super) const TLS1_3: Release = Release::new(1, 13, 0);
/// The `ssl` directive is gone; `ssl` on the `listen` line remains.
pub(super) const NO_SSL_DIRECTIVE: Release = Release::new(1, 25, 1);
/// `ssl_conf_command` and `ssl_reject_handshake`.
/// `listen ... quic`.
pub(super) const QUIC: Release = Release::new(1, 25, 0);
/// Server names in the stream module.
pub(super) const STREAM_NAMES: Release = Release::new(1, 25, 5);
/// Ranges of ports in `listen`.
pub(super) const PORT_RANGES: Release = Release::new(1, 15, 10);

/// Directives that matter here or are common, and the version that they came with (changes of nginx).
pub(crate) const SINCE: &[(&str, Release)] = &[
    ("ssl_conf_command", Release::new(1, 19, 4)),
    ("proxy_ssl_conf_command", Release::new(1, 19, 4)),
    ("grpc_ssl_conf_command", Release::new(1, 19, 4)),
    ("uwsgi_ssl_conf_command", Release::new(1, 19, 4)),
    ("ssl_reject_handshake", Release::new(1, 19, 4)),
    ("http2", Release::new(1, 25, 1)),
    ("http3", Release::new(1, 25, 1)),
    ("ssl_early_data", Release::new(1, 15, 3)),
    ("grpc_ssl_protocols", Release::new(1, 13, 10)),
    ("proxy_ssl_protocols", Release::new(1, 5, 6)),
    ("uwsgi_ssl_protocols", Release::new(1, 5, 8)),
];

/// Before this version white space before a comment or a word had to fit into nginx's buffer too.
pub(crate) const LONG_BLANKS: Release = Release::new(1, 15, 3);
/// Words that begin with a variable in braces.
pub(super) const BRACED_WORDS: Release = Release::new(1, 13, 8);
/// Variables in `ssl_certificate`.
pub(crate) const CERTIFICATE_VARIABLES: Release = Release::new(1, 15, 9);

/// Variables in `proxy_ssl_certificate` and its like.
pub(super) const CLIENT_CERTIFICATE_VARIABLES: Release = Release::new(1, 21, 0);
/// An empty `proxy_ssl_certificate` is none again, as it was before those variables (f08dbefadf08).
pub(super) const NO_CLIENT_CERTIFICATE: Release = Release::new(1, 23, 0);
/// `ssl_verify_client` takes `ssl_trusted_certificate` alone.
pub(super) const VERIFY_WITH_TRUSTED: Release = Release::new(1, 27, 2);

/// The versions without any `ssl_protocols` (also `proxy_ssl_protocols` and its like); `None`: depends on the
/// version, which is not known.
pub(super) fn protocols(release: Option<Release>) -> Option<VersionSet> {
    use Version::{Ssl2, Ssl3, Tls1, Tls1_2, Tls1_3};
    let release = release?;
    let [_, minor, patch] = release.numbers;
    let old = release < Release::new(0, 7, 65) || (minor == 8 && patch < 19 && release < Release::new(0, 9, 0));
    let no_tls1_1 = release < Release::new(1, 0, 12) || (minor == 1 && release < Release::new(1, 1, 13));
    Some(if old {
        VersionSet::of(&[Ssl2, Ssl3, Tls1])
    } else if no_tls1_1 {
        VersionSet::of(&[Ssl3, Tls1])
    } else if release < Release::new(1, 9, 1) {
        VersionSet::range(Ssl3, Tls1_2)
    } else if release < Release::new(1, 23, 4) {
        VersionSet::range(Tls1, Tls1_2)
    } else if release < Release::new(1, 27, 3) {
        VersionSet::range(Tls1, Tls1_3)
    } else {
        VersionSet::range(Tls1_2, Tls1_3)
    })
}

/// Does nginx override `MinProtocol` and `MaxProtocol` of openssl.cnf? Since 1.14.2 and 1.15.3.
pub(super) fn overrides_openssl_conf(release: Release) -> bool {
    release >= Release::new(1, 15, 3) || (release >= Release::new(1, 14, 2) && release < Release::new(1, 15, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_change_at_the_tagged_versions() {
        let at = |text: &str| protocols(Release::parse(text)).map(|s| s.to_string()).unwrap_or_default();
        assert_eq!(at("0.7.64"), "SSLv2 SSLv3 TLSv1");
        assert_eq!(at("0.7.65"), "SSLv3 TLSv1");
        assert_eq!(at("0.8.18"), "SSLv2 SSLv3 TLSv1");
        assert_eq!(at("0.8.19"), "SSLv3 TLSv1");
        assert_eq!(at("1.0.12"), "SSLv3 TLSv1 TLSv1.1 TLSv1.2");
        assert_eq!(at("1.1.12"), "SSLv3 TLSv1");
        assert_eq!(at("1.9.0"), "SSLv3 TLSv1 TLSv1.1 TLSv1.2");
        assert_eq!(at("1.9.1"), "TLSv1 TLSv1.1 TLSv1.2");
        assert_eq!(at("1.23.3"), "TLSv1 TLSv1.1 TLSv1.2");
        assert_eq!(at("1.23.4"), "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3");
        assert_eq!(at("1.27.2"), "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3");
        assert_eq!(at("1.27.3"), "TLSv1.2 TLSv1.3");
        assert_eq!(protocols(None), None);
    }
}
