//! What stands in a server's certificate.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::OidRegistry;
use x509_parser::parse_x509_certificate;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// More names than this are counted only.
const MOST_NAMES: usize = 200;

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
        let oid = &certificate.signature_algorithm.algorithm;
        let registry = OidRegistry::default().with_all_crypto();
        let signature = registry.get(oid).map_or_else(|| oid.to_id_string(), |entry| entry.sn().to_owned());
        Some(Certificate {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            names: names(&certificate),
            not_before: date(certificate.validity().not_before),
            not_after: date(certificate.validity().not_after),
            key: key_name(certificate.public_key()),
            signature,
            chain: chain.len(),
            self_signed: certificate.subject() == certificate.issuer(),
        })
    }
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
        Ok(PublicKey::EC(point)) => format!("EC {}", curve_bits(&key.algorithm).unwrap_or(point.key_size())),
        _ => {
            let oid = &key.algorithm.algorithm;
            let registry = OidRegistry::default().with_all_crypto();
            registry.get(oid).map_or_else(|| oid.to_id_string(), |entry| entry.sn().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_parser::prelude::FromDer;

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
}
