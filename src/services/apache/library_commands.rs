//! Commands of `SSLOpenSSLConfCmd` that are not about versions, and what they may do to versions all the same.

use super::model::Narrows;
use crate::endpoint::Unknown;
use crate::openssl::is_automatic;
use crate::source::Span;
use crate::topic::Topic;

/// Groups with which every version finds a key exchange, by the names that OpenSSL knows.
const ELLIPTIC: &[&str] = &[
    "P-256",
    "P-384",
    "P-521",
    "SecP256r1MLKEM768",
    "SecP384r1MLKEM1024",
    "X25519",
    "X25519MLKEM768",
    "X448",
    "X448MLKEM1024",
    "prime256v1",
    "secp256r1",
    "secp384r1",
    "secp521r1",
    "x25519",
    "x448",
];

/// What a command with a lower-case name may do to versions; `None`: nothing.
///
/// What OpenSSL makes of lists for keys and curves is worked out only as far as to see that nothing is lost by them.
pub(super) fn narrows(command: &str, value: &str, span: Span) -> Option<(Narrows, Unknown)> {
    let (whose, what) = match command {
        "groups" | "curves" | "ecdhparameters" => (Narrows::First, groups(command, value)?),
        "signaturealgorithms" => (Narrows::Selected, signatures(value)?),
        // It may be the URI of anything.
        _ if command.ends_with("castore") => return Some(doubt(command, value, span)),
        _ => return None,
    };
    Some((whose, unknown(command, span, what)))
}

/// A command that this OpenSSL takes, or does not.
pub(super) fn doubt(command: &str, value: &str, span: Span) -> (Narrows, Unknown) {
    let what = format!("whether this OpenSSL takes \"{command} {value}\" is not known: otherwise httpd does not start");
    (Narrows::Start, unknown(command, span, what))
}

fn unknown(command: &str, span: Span, what: String) -> Unknown {
    let help = "ask the server itself: tlsmend probe ADDRESS:PORT".to_owned();
    Unknown { topic: Topic::about("library-command", command.to_owned()), span: Some(span), what, help }
}

fn groups(command: &str, value: &str) -> Option<String> {
    if command == "ecdhparameters" && is_automatic(value) {
        return None;
    }
    let mut names = value.split([':', '/']).map(|name| name.trim_start_matches(['?', '*', '-']));
    if names.any(|name| ELLIPTIC.contains(&name)) {
        return None;
    }
    Some(format!("which versions find a key exchange in {value} alone is not worked out"))
}

fn signatures(value: &str) -> Option<String> {
    let has =
        |algorithm: &str| value.split(':').any(|item| item.trim_start_matches('?').eq_ignore_ascii_case(algorithm));
    let pss = ["RSA-PSS+SHA256", "PSS+SHA256", "rsa_pss_rsae_sha256"].into_iter().any(has);
    let ecdsa = ["256", "384", "512"].map(|bits| {
        has(&format!("ECDSA+SHA{bits}"))
            || ["secp256r1", "secp384r1", "secp521r1"].iter().any(|curve| has(&format!("ecdsa_{curve}_sha{bits}")))
    });
    // With these a key for RSA and one for an elliptic curve can sign for every version.
    if pss && ecdsa == [true; 3] {
        return None;
    }
    Some(format!("which versions can be signed with {value} and the keys of this server is not worked out"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn is_narrow(command: &str, value: &str) -> bool {
        let file = SourceMap::default().insert("/x".into(), Vec::new());
        narrows(command, value, Span::new(file, 0, 1)).is_some()
    }

    #[test]
    fn what_leaves_every_version() {
        for (command, value) in [
            ("groups", "X25519"),
            ("curves", "X25519:secp521r1:secp384r1:prime256v1"),
            ("groups", "?X25519MLKEM768:X25519:brainpoolP256r1"),
            ("ecdhparameters", "P-256"),
            ("ecdhparameters", "Automatic"),
            ("signaturealgorithms", "RSA-PSS+SHA256:ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512"),
            ("clientsignaturealgorithms", "RSA+SHA256"),
        ] {
            assert!(!is_narrow(command, value), "{command} {value}");
        }
    }

    #[test]
    fn what_may_not() {
        for (command, value) in [
            ("groups", "brainpoolP256r1"),
            ("groups", "ffdhe2048"),
            ("signaturealgorithms", "ECDSA+SHA256"),
            ("signaturealgorithms", "RSA+SHA256"),
            ("signaturealgorithms", "rsa_pkcs1_sha256"),
        ] {
            assert!(is_narrow(command, value), "{command} {value}");
        }
    }
}
