//! Single elements of DER (ITU-T X.690), for what x509-parser has no reader of, and the PEM form around it (RFC 7468).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;
use x509_parser::asn1_rs::{Any, FromBer};

/// Takes bits of the last digit that belong to no byte for what they are.
const LENIENT: GeneralPurpose = GeneralPurpose::new(&STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));

/// Tag of an INTEGER.
pub(super) const INTEGER: u8 = 0x02;
/// Tag of a BIT STRING.
pub(super) const BIT_STRING: u8 = 0x03;
/// Tag of an OCTET STRING.
pub(super) const OCTET_STRING: u8 = 0x04;
/// Tag of a SEQUENCE.
pub(super) const SEQUENCE: u8 = 0x30;

/// Tag of the version of a certificate.
pub(super) const VERSION: u8 = 0xa0;

/// The DER in the first part of a PEM text with one of these labels, its label, and the text from that part on. `None`: there
/// is none, or it has headers that say it is encrypted (RFC 1421).
fn next_of<'l, 'p>(pem: &'p [u8], labels: &[&'l str]) -> Option<(&'l str, Vec<u8>, &'p [u8])> {
    let find = |text: &[u8], what: &str| memchr::memmem::find(text, what.as_bytes());
    let starts = labels.iter().filter_map(|label| {
        let begin = format!("-----BEGIN {label}-----");
        Some((find(pem, &begin)? + begin.len(), *label))
    });
    let (start, label) = starts.min()?;
    let rest = &pem[start..];
    let body = &rest[..find(rest, "-----END")?];
    find(body, "ENCRYPTED").is_none().then(|| (label, decode_base64(body), rest))
}

/// The DER in the first such part, and its label.
pub(super) fn first_of<'l>(pem: &[u8], labels: &[&'l str]) -> Option<(&'l str, Vec<u8>)> {
    next_of(pem, labels).map(|(label, der, _)| (label, der))
}

/// The same without the label.
pub(super) fn pem_body(pem: &[u8], labels: &[&str]) -> Option<Vec<u8>> {
    first_of(pem, labels).map(|(_, der)| der)
}

/// More parts than that are not looked at.
const MOST_PARTS: usize = 100;

/// The DER in all parts with one of these labels, in order.
pub(super) fn all_of(pem: &[u8], labels: &[&str]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut rest = pem;
    while all.len() < MOST_PARTS {
        let Some((_, der, after)) = next_of(rest, labels) else { break };
        all.push(der);
        rest = after;
    }
    all
}

/// Skips what is no digit of base64, such as line ends.
fn decode_base64(text: &[u8]) -> Vec<u8> {
    let is_digit = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let mut digits: Vec<u8> = text.iter().copied().filter(is_digit).collect();
    // One digit too many is no byte.
    digits.truncate(digits.len() - usize::from(digits.len() % 4 == 1));
    LENIENT.decode(digits).unwrap_or_default()
}

/// The content of the first element, which must have that tag, and what follows it. Like OpenSSL it takes BER for DER.
pub(super) fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (rest, any) = Any::from_ber(der).ok()?;
    (any.header.raw_tag() == Some(&[tag])).then_some((any.data, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_whatever_is_around_it() {
        for (text, bytes) in [
            ("TUlJ", &b"MII"[..]),
            ("TU lJ\r\nTU\n", b"MIIM"),
            ("TUk=", b"MI"),
            ("TUl", b"MI"),
            ("TUlJT", b"MII"),
            ("=-#", b""),
        ] {
            assert_eq!(decode_base64(text.as_bytes()), bytes, "{text}");
        }
    }
}
