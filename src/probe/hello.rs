//! The ClientHello: one for each version, which offers that version and no other.
//!
//! Only what a server needs to choose is in it. A TLS 1.3 hello has an empty list of key shares, so that the server
//! asks for one (HelloRetryRequest) and thereby tells version, suite and group without any cryptography here.
//! Peculiarities that servers are known to need are noted where they are.

use super::name::Name;
use super::suites::RENEGOTIATION;
use crate::tls::Version;

/// The number of random bytes that a hello takes.
pub const RANDOM: usize = 64;

/// Groups for TLS 1.2 and older, by their numbers (TLS Supported Groups): x25519 and the curves of NIST first, then
/// x448, Brainpool, secp256k1, the binary curves, and the groups of RFC 7919, without which some servers refuse all
/// suites with Diffie-Hellman; at last what is too short for anybody, so that a server with nothing else has no other
/// reason to refuse.
const GROUPS: &[u16] = &[
    29, 23, 24, 25, 30, 26, 27, 28, 22, 14, 13, 12, 11, 10, 9, 21, 19, 256, 257, 258, 259, 260, 20, 18, 17, 16, 15, 8,
    7, 6, 5, 4, 3, 2, 1,
];

/// Groups for TLS 1.3: as above without those that it does not have, and those with ML-KEM.
const GROUPS_1_3: &[u16] = &[
    29, 23, 24, 25, 30, 0x11ec, 0x11eb, 0x11ed, 0x0200, 0x0201, 0x0202, 31, 32, 33, 41, 34, 35, 36, 37, 38, 39, 40,
    256, 257, 258, 259, 260,
];

/// Signature algorithms: all that IANA knows, SHA-1 and DSA too, so that the certificate is no reason to refuse.
const SIGNATURES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0807, 0x0808, 0x0401, 0x0501, 0x0601,
    0x081a, 0x081b, 0x081c, 0x0904, 0x0905, 0x0906, 0x0708, 0x0709, 0x070a, 0x070b, 0x070c, 0x070d, 0x070e, 0x070f,
    0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0502, 0x0602, 0x0302, 0x0202, 0xeeee, 0xefef, 0xeded,
];

/// Signature algorithms for a small hello.
const FEW_SIGNATURES: &[u16] =
    &[0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201];

/// What a hello offers.
#[derive(Clone, Copy)]
pub struct Hello<'a> {
    /// The version; SSLv2 has a hello of its own ([`super::sslv2`]).
    pub version: Version,
    /// The suites, in the order in which they are offered.
    pub suites: &'a [u16],
    /// The server name.
    pub name: Option<&'a Name>,
    /// The application protocols (ALPN); none: the extension is left out.
    pub alpn: &'a [String],
    /// Offers compression too.
    pub compression: bool,
    /// For servers that break on large or unusual hellos: two groups only. In TLS 1.3 it is the hello of an ordinary
    /// client: with a key share of x25519, and TLS 1.2 to fall back to.
    pub plain: bool,
    /// Where random bytes come from. No secret hangs on them.
    pub random: &'a [u8; RANDOM],
}

/// The number of a version on the wire.
pub fn wire(version: Version) -> u16 {
    match version {
        Version::Ssl2 => 0x0002,
        Version::Ssl3 => 0x0300,
        Version::Tls1 => 0x0301,
        Version::Tls1_1 => 0x0302,
        Version::Tls1_2 => 0x0303,
        Version::Tls1_3 => 0x0304,
    }
}

/// The version of a number on the wire.
pub fn from_wire(number: u16) -> Option<Version> {
    Version::ALL.into_iter().find(|version| wire(*version) == number)
}

/// The suites of TLS 1.2 that such a hello offers too.
pub(super) fn fallback(version: Version, plain: bool) -> &'static [u16] {
    if plain && version == Version::Tls1_3 { super::portions::few(Version::Tls1_2) } else { &[] }
}

impl Hello<'_> {
    /// The whole record.
    pub fn bytes(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(1024);
        body.extend(wire(self.version.min(Version::Tls1_2)).to_be_bytes());
        body.extend(&self.random[..32]);
        match self.version {
            // A session to resume, as TLS 1.2 would have it, for boxes on the way (RFC 8446, D.4).
            Version::Tls1_3 => prefixed_8(&mut body, |body| body.extend(&self.random[32..])),
            _ => body.push(0),
        }
        prefixed_16(&mut body, |body| {
            body.extend(self.suites.iter().flat_map(|id| id.to_be_bytes()));
            body.extend(fallback(self.version, self.plain).iter().flat_map(|id| id.to_be_bytes()));
            if self.version < Version::Tls1_3 || self.falls_back() {
                body.extend(RENEGOTIATION.to_be_bytes());
            }
        });
        match self.compression {
            true => body.extend([2, 1, 0]),
            false => body.extend([1, 0]),
        }
        // Servers that know SSLv3 only may stop at anything that follows.
        if self.version > Version::Ssl3 {
            prefixed_16(&mut body, |body| self.extensions(body));
        }
        record(self.version, &body)
    }

    /// Is TLS 1.2 offered too?
    fn falls_back(&self) -> bool {
        !fallback(self.version, self.plain).is_empty()
    }

    /// The last extension is never an empty one: some servers refuse that.
    fn extensions(&self, out: &mut Vec<u8>) {
        if let Some(name) = self.name {
            extension(out, 0, |out| {
                prefixed_16(out, |out| {
                    out.push(0);
                    prefixed_16(out, |out| out.extend(name.as_str().as_bytes()));
                });
            });
        }
        if self.version < Version::Tls1_3 || self.falls_back() {
            extension(out, 23, |_extended_master_secret| {});
            // Some servers abort without it.
            extension(out, 11, |out| out.extend([1, 0]));
        }
        if self.version >= Version::Tls1_2 {
            extension(out, 13, |out| list(out, if self.plain { FEW_SIGNATURES } else { SIGNATURES }));
        }
        if self.version == Version::Tls1_3 {
            let versions: &[u8] = if self.falls_back() { &[4, 3, 4, 3, 3] } else { &[2, 3, 4] };
            extension(out, 43, |out| out.extend(versions));
            // Some servers abort without it.
            extension(out, 45, |out| out.extend([1, 1]));
            extension(out, 51, |out| prefixed_16(out, |out| self.key_share(out)));
        }
        if !self.alpn.is_empty() {
            extension(out, 16, |out| {
                prefixed_16(out, |out| {
                    for name in self.alpn {
                        prefixed_8(out, |out| out.extend(name.as_bytes()));
                    }
                });
            });
        }
        let groups = match (self.plain, self.version) {
            (true, _) => &[29, 23][..],
            (_, Version::Tls1_3) => GROUPS_1_3,
            _ => GROUPS,
        };
        extension(out, 10, |out| list(out, groups));
        pad(out);
    }

    fn key_share(&self, out: &mut Vec<u8>) {
        if self.plain {
            out.extend(29_u16.to_be_bytes());
            prefixed_16(out, |out| {
                // Any bytes are a key of x25519 once the highest bit is clear.
                out.extend(&self.random[..31]);
                out.push(self.random[31] & 0x7f);
            });
        }
    }
}

/// Some balancers hang on a hello of 256 to 511 bytes (RFC 7685), and some on lengths that end in 0a or 0e.
fn pad(body: &mut Vec<u8>) {
    let length = 4 + body.len();
    let missing = match length {
        256..512 => (512 - length).max(5),
        _ if matches!(length % 256, 10 | 14) => 5,
        _ => return,
    };
    extension(body, 21, |out| out.resize(out.len() + missing - 4, 0));
}

/// Wraps a ClientHello into a record. Its version is that of TLS 1.0, which no server minds, but for SSLv3.
fn record(version: Version, body: &[u8]) -> Vec<u8> {
    let mut out = vec![22];
    out.extend(wire(version.min(Version::Tls1)).to_be_bytes());
    prefixed_16(&mut out, |out| {
        out.push(1);
        let length = body.len() as u32;
        out.extend(&length.to_be_bytes()[1..]);
        out.extend(body);
    });
    out
}

fn extension(out: &mut Vec<u8>, number: u16, content: impl FnOnce(&mut Vec<u8>)) {
    out.extend(number.to_be_bytes());
    prefixed_16(out, content);
}

fn list(out: &mut Vec<u8>, numbers: &[u16]) {
    prefixed_16(out, |out| out.extend(numbers.iter().flat_map(|number| number.to_be_bytes())));
}

fn prefixed_8(out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.push(0);
    content(out);
    out[at] = (out.len() - at - 1) as u8;
}

fn prefixed_16(out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend([0, 0]);
    content(out);
    let length = (out.len() - at - 2) as u16;
    out[at..at + 2].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::super::portions::{few, portions};
    use super::*;

    #[test]
    fn lengths_that_servers_break_on_are_avoided() {
        let random = [7; RANDOM];
        for length in 1..=200 {
            let name = Name::parse(&format!("{}.example", "a.".repeat(length / 2 + 1).trim_end_matches('.'))).unwrap();
            for version in [Version::Tls1, Version::Tls1_1, Version::Tls1_2, Version::Tls1_3] {
                for (suites, plain) in [(portions(version)[0].as_slice(), false), (few(version), true)] {
                    for count in [suites.len(), suites.len() / 2, 1] {
                        let hello = Hello {
                            version,
                            suites: &suites[..count],
                            name: Some(&name),
                            alpn: &[],
                            compression: false,
                            plain,
                            random: &random,
                        };
                        let bytes = hello.bytes();
                        let handshake = bytes.len() - 5;
                        assert!(!(256..512).contains(&handshake), "{version} {handshake}");
                        assert!(!matches!(handshake % 256, 10 | 14), "{version} {handshake}");
                        assert_eq!(usize::from(u16::from_be_bytes([bytes[3], bytes[4]])), handshake);
                        assert_eq!(usize::from(u16::from_be_bytes([bytes[7], bytes[8]])) + 4, handshake);
                    }
                }
            }
        }
    }

    #[test]
    fn application_protocols_are_offered_from_tls_1_on() {
        let alpn = ["h2".to_owned(), "http/1.1".to_owned()];
        let extension = b"\x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1";
        for version in [Version::Tls1, Version::Tls1_1, Version::Tls1_2, Version::Tls1_3] {
            for plain in [false, true] {
                let hello = Hello {
                    version,
                    suites: few(version),
                    name: None,
                    alpn: &alpn,
                    compression: false,
                    plain,
                    random: &[0; RANDOM],
                };
                let bytes = hello.bytes();
                assert_eq!(bytes.windows(extension.len()).filter(|piece| piece == extension).count(), 1, "{version}");
            }
        }
    }

    #[test]
    fn sslv3_has_no_extensions() {
        let hello = Hello {
            version: Version::Ssl3,
            suites: &[0x002f],
            name: Some(&Name::parse("a.example").unwrap()),
            alpn: &["h2".to_owned()],
            compression: false,
            plain: false,
            random: &[0; RANDOM],
        };
        // record, type and length, version, random, session, two suites, compression
        assert_eq!(hello.bytes().len(), 5 + 4 + 2 + 32 + 1 + 2 + 4 + 2);
    }
}
