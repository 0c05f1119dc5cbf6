//! How keys are agreed upon: groups, their names and sizes.

use super::suites::Suite;
use std::fmt;

/// What a server uses to agree upon keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// A group with a number (TLS Supported Groups).
    Group(u16),
    /// Diffie-Hellman with a prime of the server's own choice, of that many bits.
    Prime(u16),
    /// A curve that is spelled out.
    OtherCurve,
}

impl Agreement {
    /// A group by its number.
    pub fn group(number: u16) -> Agreement {
        Agreement::Group(number)
    }

    /// The bits of the prime, where it is plain Diffie-Hellman.
    pub fn dh_bits(&self) -> Option<u16> {
        match self {
            Agreement::Prime(bits) => Some(*bits),
            Agreement::Group(number @ 256..=260) => Some([2048, 3072, 4096, 6144, 8192][usize::from(number - 256)]),
            _ => None,
        }
    }
}

/// The name of the group: `x25519`, `dh 2048`.
impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Agreement::Prime(bits) => write!(f, "dh {bits}"),
            Agreement::OtherCurve => f.write_str("a curve of its own"),
            Agreement::Group(number) => match group_name(*number) {
                Some(name) => f.write_str(name),
                None => write!(f, "group 0x{number:04x}"),
            },
        }
    }
}

fn group_name(number: u16) -> Option<&'static str> {
    Some(match number {
        1 => "sect163k1",
        2 => "sect163r1",
        3 => "sect163r2",
        4 => "sect193r1",
        5 => "sect193r2",
        6 => "sect233k1",
        7 => "sect233r1",
        8 => "sect239k1",
        9 => "sect283k1",
        10 => "sect283r1",
        11 => "sect409k1",
        12 => "sect409r1",
        13 => "sect571k1",
        14 => "sect571r1",
        15 => "secp160k1",
        16 => "secp160r1",
        17 => "secp160r2",
        18 => "secp192k1",
        19 => "secp192r1",
        20 => "secp224k1",
        21 => "secp224r1",
        22 => "secp256k1",
        23 => "secp256r1",
        24 => "secp384r1",
        25 => "secp521r1",
        26 => "brainpoolP256r1",
        27 => "brainpoolP384r1",
        28 => "brainpoolP512r1",
        29 => "x25519",
        30 => "x448",
        31 => "brainpoolP256r1tls13",
        32 => "brainpoolP384r1tls13",
        33 => "brainpoolP512r1tls13",
        34 => "GC256A",
        35 => "GC256B",
        36 => "GC256C",
        37 => "GC256D",
        38 => "GC512A",
        39 => "GC512B",
        40 => "GC512C",
        41 => "curveSM2",
        256 => "ffdhe2048",
        257 => "ffdhe3072",
        258 => "ffdhe4096",
        259 => "ffdhe6144",
        260 => "ffdhe8192",
        0x0200 => "MLKEM512",
        0x0201 => "MLKEM768",
        0x0202 => "MLKEM1024",
        0x11eb => "SecP256r1MLKEM768",
        0x11ec => "X25519MLKEM768",
        0x11ed => "SecP384r1MLKEM1024",
        _ => return None,
    })
}

/// Reads the parameters of a ServerKeyExchange. What stands in it depends on the suite.
pub(super) fn read(suite: u16, content: &[u8]) -> Option<Agreement> {
    let name = Suite::of(suite)?.name;
    let exchange = name.split_once("_WITH_")?.0;
    let content = match exchange.contains("PSK") {
        // A hint comes first.
        true => {
            let length = usize::from(u16::from_be_bytes([*content.first()?, *content.get(1)?]));
            content.get(2 + length..)?
        }
        false => content,
    };
    if exchange.contains("ECDH") {
        return match *content {
            [3, high, low, ..] => Some(Agreement::Group(u16::from_be_bytes([high, low]))),
            [1 | 2, ..] => Some(Agreement::OtherCurve),
            _ => None,
        };
    }
    if exchange.contains("DHE") || exchange.contains("DH_anon") {
        let length = usize::from(u16::from_be_bytes([*content.first()?, *content.get(1)?]));
        let prime = content.get(2..2 + length)?;
        let first = prime.iter().position(|byte| *byte != 0)?;
        let bits = (prime.len() - first) * 8 - prime[first].leading_zeros() as usize;
        return Some(Agreement::Prime(bits as u16));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let dh = |bytes: &[u8]| read(0x009e, bytes);
        assert_eq!(dh(&[0, 3, 0, 0x80, 0]), Some(Agreement::Prime(16)));
        assert_eq!(dh(&[0, 2, 0x01, 0]), Some(Agreement::Prime(9)));
        assert_eq!(dh(&[0, 3, 0x01, 0]), None);
        assert_eq!(dh(&[0, 1, 0]), None);
        assert_eq!(read(0xc02f, &[3, 0, 29, 32]), Some(Agreement::Group(29)));
        assert_eq!(read(0xc02f, &[1]), Some(Agreement::OtherCurve));
        assert_eq!(read(0xc02f, &[]), None);
        // TLS_DHE_PSK_WITH_AES_128_GCM_SHA256, with a hint of one byte
        assert_eq!(read(0x00aa, &[0, 1, b'x', 0, 2, 0x80, 0]), Some(Agreement::Prime(16)));
        assert_eq!(read(0x002f, &[0, 2, 0x80, 0]), None);
        assert_eq!(Agreement::Group(29).to_string(), "x25519");
        assert_eq!((Agreement::Group(257).dh_bits(), Agreement::Group(29).dh_bits()), (Some(3072), None));
    }
}
