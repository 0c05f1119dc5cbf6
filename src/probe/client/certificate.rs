//! What stands in a server's certificate.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::OidRegistry;
use x509_parser::parse_x509_certificate;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::time::ASN1Time;
use x509_parser::x509::{
    AlgorithmIdentifier, AttributeTypeAndValue, RelativeDistinguishedName, SubjectPublicKeyInfo, X509Name,
};

/// More names than this are counted only.
const MOST_NAMES: usize = 200;
/// The algorithm of RSA keys that may sign with PSS only (RFC 4055), and of such signatures.
const RSA_PSS: &str = "1.2.840.113549.1.1.10";

/// A server's certificate. All texts come from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is for: `CN=www.example`.
    pub subject: String,
    /// Who vouches for it.
    pub issuer: String,
    /// The names and addresses that it is valid for.
    pub names: Vec<String>,
    /// When its time begins: `2026-01-31T00:00:00Z`.
    pub not_before: String,
    /// When its time ends.
    pub not_after: String,
    /// `RSA 2048`, `EC 256`.
    pub key: String,
    /// How it is signed: `sha256WithRSAEncryption`.
    pub signature: String,
    /// The number of certificates that the server sent.
    pub chain: usize,
    /// It vouches for itself.
    pub self_signed: bool,
}

impl Certificate {
    /// Reads the first certificate of a chain; `None`: it can't be read.
    pub(super) fn read(chain: &[Vec<u8>]) -> Option<Certificate> {
        let (_, certificate) = parse_x509_certificate(chain.first()?).ok()?;
        Some(Certificate {
            subject: written(certificate.subject()),
            issuer: written(certificate.issuer()),
            names: names(&certificate),
            not_before: date(certificate.validity().not_before),
            not_after: date(certificate.validity().not_after),
            key: key_name(certificate.public_key()),
            signature: algorithm(&certificate.signature_algorithm),
            chain: chain.len(),
            self_signed: certificate.subject() == certificate.issuer(),
        })
    }
}

/// A name, its attributes in the order of the certificate: `C=DE, O=Example\, Inc.`
///
/// The library separates attributes and does not escape values, so that a comma in one could feign the next.
fn written(name: &X509Name<'_>) -> String {
    let attribute = |one: &AttributeTypeAndValue<'_>| {
        // Alone, so that what stands before the first equals sign is its type.
        let alone = X509Name::new(vec![std::iter::once(one.clone()).collect()], &[]).to_string();
        match alone.split_once('=') {
            Some((kind, value)) => format!("{kind}={}", escaped(value)),
            None => alone,
        }
    };
    let part = |part: &RelativeDistinguishedName<'_>| part.iter().map(attribute).collect::<Vec<_>>().join(" + ");
    name.iter_rdn().map(part).collect::<Vec<_>>().join(", ")
}

/// The value of an attribute, escaped as RFC 4514 (2.4) has it.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::with_capacity(value.len());
    for (at, one) in value.chars().enumerate() {
        let special = match one {
            ',' | '+' | '"' | '\\' | ';' | '<' | '>' => true,
            '#' => at == 0,
            ' ' => at == 0 || at == last,
            _ => false,
        };
        if special {
            text.push('\\');
        }
        text.push(one);
    }
    text
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
            Ok(bytes) => Some(std::net::Ipv4Addr::from(bytes).to_string()),
            Err(_) => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    };
    names.value.general_names.iter().filter_map(name).take(MOST_NAMES).collect()
}

fn date(time: ASN1Time) -> String {
    let time = time.to_datetime();
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second())
}

/// The bits of a curve whose points do not fill their last byte; of all others a point's length tells.
fn curve_bits(algorithm: &AlgorithmIdentifier<'_>) -> Option<usize> {
    Some(match algorithm.parameters.as_ref()?.as_oid().ok()?.to_id_string().as_str() {
        "1.3.132.0.16" | "1.3.132.0.17" => 283,
        "1.3.132.0.26" | "1.3.132.0.27" => 233,
        "1.3.132.0.35" => 521,
        "1.3.132.0.36" | "1.3.132.0.37" => 409,
        "1.3.132.0.38" | "1.3.132.0.39" => 571,
        _ => return None,
    })
}

fn key_name(key: &SubjectPublicKeyInfo<'_>) -> String {
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA {}", rsa.key_size()),
        _ if key.algorithm.algorithm.to_id_string() == RSA_PSS => {
            match RSAPublicKey::from_der(&key.subject_public_key.data) {
                Ok((_, rsa)) => format!("RSA-PSS {}", rsa.key_size()),
                Err(_) => algorithm(&key.algorithm),
            }
        }
        Ok(PublicKey::EC(point)) => format!("EC {}", curve_bits(&key.algorithm).unwrap_or(point.key_size())),
        _ => algorithm(&key.algorithm),
    }
}

/// The name of an algorithm; of those that nobody knows here, the identifier. The registry has not all of them.
fn algorithm(algorithm: &AlgorithmIdentifier<'_>) -> String {
    let oid = &algorithm.algorithm;
    let name = match oid.to_id_string().as_str() {
        RSA_PSS => "RSA-PSS",
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
        id => {
            let registry = OidRegistry::default().with_all_crypto();
            return registry.get(oid).map_or_else(|| id.to_owned(), |entry| entry.sn().to_owned());
        }
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key on a curve, by the end of its identifier below 1.3.132.0 and the bytes of a coordinate.
    fn on_curve(curve: u8, bytes: u8) -> String {
        let mut point = vec![0, 4];
        point.resize(2 + 2 * usize::from(bytes), 1);
        let algorithm = [&[0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5][..], &[0x2b, 0x81, 4, 0, curve]];
        let mut body = algorithm.concat();
        body.extend([3, 0x81, point.len() as u8]);
        body.extend(point);
        let der = [vec![0x30, 0x81, body.len() as u8], body].concat();
        key_name(&SubjectPublicKeyInfo::from_der(&der).expect("a key").1)
    }

    #[test]
    fn keys_have_the_bits_of_their_curves() {
        assert_eq!(on_curve(35, 66), "EC 521");
        assert_eq!(on_curve(34, 48), "EC 384");
        assert_eq!(on_curve(16, 36), "EC 283");
    }

    #[test]
    fn keys_of_other_algorithms_have_names() {
        let key = |algorithm: &[u8], key: &[u8]| {
            let algorithm = [&[0x30, algorithm.len() as u8 + 2, 6, algorithm.len() as u8], algorithm].concat();
            let body = [&algorithm[..], &[3, key.len() as u8 + 1, 0], key].concat();
            let der = [&[0x30, body.len() as u8][..], &body].concat();
            key_name(&SubjectPublicKeyInfo::from_der(&der).expect("a key").1)
        };
        assert_eq!(key(&[0x2b, 0x65, 0x70], &[7; 32]), "Ed25519");
        assert_eq!(key(&[0x2b, 0x65, 0x71], &[7; 57]), "Ed448");
        assert_eq!(key(&[0x2b, 0x65, 0x6e], &[7; 32]), "X25519");
        assert_eq!(key(&[0x2a, 3, 4], &[7; 32]), "1.2.3.4");
        // A modulus of 64 bits, and the exponent 3.
        let rsa = [0x30, 14, 2, 9, 0, 0x81, 1, 1, 1, 1, 1, 1, 1, 2, 1, 3];
        let pss = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
        assert_eq!(key(&pss, &rsa), "RSA-PSS 64");
        assert_eq!(key(&pss, &[7; 4]), "RSA-PSS");
    }

    #[test]
    fn a_value_is_no_further_attribute() {
        // O and CN, as UTF8String.
        let part = |kind: u8, value: &str| {
            let value = [&[0x0c, value.len() as u8], value.as_bytes()].concat();
            let pair = [&[6, 3, 0x55, 4, kind][..], &value].concat();
            let pair = [&[0x30, pair.len() as u8][..], &pair].concat();
            [&[0x31, pair.len() as u8][..], &pair].concat()
        };
        let body = [part(10, "x, O=Trusted"), part(3, "www.example")].concat();
        let der = [&[0x30, body.len() as u8][..], &body].concat();
        let name = X509Name::from_der(&der).expect("a name").1;
        assert_eq!(written(&name), "O=x\\, O=Trusted, CN=www.example");
        for (value, wanted) in [
            (r#"a+b"c\d;e<f>"#, r#"a\+b\"c\\d\;e\<f\>"#),
            ("#1 # 2", r"\#1 # 2"),
            (" a b ", r"\ a b\ "),
            (" ", r"\ "),
            ("", ""),
        ] {
            assert_eq!(escaped(value), wanted);
        }
    }
}
