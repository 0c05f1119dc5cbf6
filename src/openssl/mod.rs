//! What the TLS library adds to a configuration: its versions, its security level, cipher lists and keys.

use crate::release::Release;
use crate::tls::{Version, VersionSet};

/// The kinds of keys that a server has certificates for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// RSA
    pub rsa: bool,
    /// elliptic curves (P-256 and the like)
    pub ec: bool,
    /// Ed25519 or Ed448
    pub ed: bool,
}

impl Keys {
    /// Not known, or all kinds: no version is ruled out by the key.
    pub const ANY: Keys = Keys { rsa: true, ec: true, ed: true };
}

/// What `openssl.cnf` says in its `system_default` section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemDefault {
    /// `CipherString`
    pub cipher_string: Option<String>,
    /// `Ciphersuites`
    pub ciphersuites: Option<String>,
    /// `MinProtocol`
    pub min: Option<Version>,
    /// `MaxProtocol`
    pub max: Option<Version>,
    /// Versions that `Protocol` switches off.
    pub off: VersionSet,
}

/// A TLS library as a server finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// OpenSSL's version; `None`: unknown, or another library.
    pub release: Option<Release>,
    /// Where that comes from.
    pub source: String,
    /// The security level that was compiled in; `None`: unknown.
    pub level: Option<u8>,
    /// The system's configuration of the library.
    pub system: SystemDefault,
}

impl Library {
    /// Nothing is known.
    pub fn unknown() -> Library {
        let source = "not looked for".to_owned();
        Library { release: None, source, level: None, system: SystemDefault::default() }
    }

    /// The versions that the library can speak; all of TLS where its version is not known.
    pub fn versions(&self) -> VersionSet {
        match self.release {
            Some(release) if release < Release::new(1, 0, 1) => VersionSet::of(&[Version::Ssl3, Version::Tls1]),
            Some(release) if release < Release::new(1, 1, 0) => VersionSet::range(Version::Ssl3, Version::Tls1_2),
            Some(release) if release < Release::new(1, 1, 1) => VersionSet::range(Version::Tls1, Version::Tls1_2),
            _ => VersionSet::TLS,
        }
    }

    /// The security level for a cipher list (`ssl_ciphers`, `SSLCipherSuite`): the one that it names with
    /// `@SECLEVEL`, else the one that openssl.cnf names, else the one compiled in. `None`: unknown.
    pub fn security_level(&self, ciphers: Option<&str>) -> Option<u8> {
        named_level(ciphers).or_else(|| named_level(self.system.cipher_string.as_deref())).or(self.level)
    }

    /// The versions for which a handshake can succeed with these ciphers and keys, among all that the library can
    /// speak: the security level allows them and there is a suite that fits. `None`: unknown.
    ///
    /// `ciphers` is the list for TLS 1.2 and older, `suites` the one for TLS 1.3; `None` means the library's default.
    pub fn usable(&self, ciphers: Option<&str>, suites: Option<&str>, keys: Keys) -> Option<VersionSet> {
        let _ = (suites, keys);
        let release = self.release?;
        let level = self.security_level(ciphers)?;
        let old = VersionSet::of(&[Version::Ssl3, Version::Tls1, Version::Tls1_1]);
        if release >= Release::new(3, 0, 0) && level > 0 {
            return Some(self.versions().minus(old));
        }
        Some(self.versions())
    }
}

/// The last `@SECLEVEL=n` of a cipher list.
fn named_level(list: Option<&str>) -> Option<u8> {
    let list = list?;
    let at = list.rfind("@SECLEVEL=")? + "@SECLEVEL=".len();
    list[at..].chars().next().and_then(|c| c.to_digit(10)).map(|d| d as u8)
}
