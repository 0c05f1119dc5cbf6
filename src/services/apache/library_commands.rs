//! Commands of `SSLOpenSSLConfCmd` that are not about versions, and what they may do to versions all the same.

use super::model::Narrows;
use crate::endpoint::Unknown;
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

/// Other groups that OpenSSL knows: not for TLSv1.3, or not for suites with ECDHE.
const OTHERS: &[&str] = &[
    "MLKEM512",
    "MLKEM768",
    "MLKEM1024",
    "P-192",
    "P-224",
    "brainpoolP256r1",
    "brainpoolP384r1",
    "brainpoolP512r1",
    "ffdhe2048",
    "ffdhe3072",
    "ffdhe4096",
    "ffdhe6144",
    "ffdhe8192",
    "prime192v1",
    "secp224r1",
    "secp256k1",
];

/// What a command with a lower-case name may do to versions; `None`: nothing.
///
/// What OpenSSL makes of lists for keys and curves is worked out only as far as to see that nothing is lost by them.
pub(super) fn narrows(command: &str, value: &str, span: Span) -> Option<(Narrows, Unknown)> {
    let (whose, what) = match command {
        "groups" | "curves" | "ecdhparameters" => (Narrows::First, groups(command, value)?),
        "signaturealgorithms" => (Narrows::Selected, signatures(value)?),
        "options" => (Narrows::Start, option(value)?),
        "verifymode" => (Narrows::Start, format!("whether OpenSSL takes VerifyMode {value} from httpd is not known")),
        _ => return None,
    };
    let help = "ask the server itself: tlsmend probe ADDRESS:PORT".to_owned();
    Some((whose, Unknown { topic: Topic::about("library-command", command.to_owned()), span: Some(span), what, help }))
}

/// Options that OpenSSL knows in commands.
const OPTIONS: &[&str] = &[
    "AllowNoDHEKEX",
    "AntiReplay",
    "Bugs",
    "CANames",
    "ClientRenegotiation",
    "Compression",
    "DHSingle",
    "ECDHSingle",
    "EmptyFragments",
    "EncryptThenMac",
    "ExtendedMasterSecret",
    "KTLS",
    "KTLSTxZerocopySendfile",
    "MiddleboxCompat",
    "NoRenegotiation",
    "NoResumptionOnRenegotiation",
    "PreferNoDHEKEX",
    "PrioritizeChaCha",
    "RxCertificateCompression",
    "ServerPreference",
    "SessionTicket",
    "StrictCertCheck",
    "TxCertificateCompression",
    "UnsafeLegacyRenegotiation",
    "UnsafeLegacyServerConnect",
];

fn option(value: &str) -> Option<String> {
    let names = value.split(',').map(|name| name.trim().trim_start_matches(['+', '-']));
    let is_known = |name: &str| OPTIONS.iter().any(|known| known.eq_ignore_ascii_case(name));
    let name = names.into_iter().find(|name| !is_known(name))?;
    Some(format!("whether this OpenSSL knows the option {name} is not known: without it httpd does not start"))
}

fn groups(command: &str, value: &str) -> Option<String> {
    if command == "ecdhparameters" && value.trim_start_matches('+').eq_ignore_ascii_case("automatic") {
        return None;
    }
    let mut names = value.split([':', '/']).map(|name| name.trim_start_matches(['?', '*', '-']));
    if let Some(name) = names.clone().find(|name| !is_known(name)) {
        return Some(format!(
            "whether this OpenSSL knows the group {name} is not known: without it httpd does not start"
        ));
    }
    if names.any(|name| ELLIPTIC.contains(&name)) {
        return None;
    }
    Some(format!("which versions find a key exchange in {value} alone is not worked out"))
}

fn is_known(name: &str) -> bool {
    [ELLIPTIC, OTHERS].iter().any(|known| known.iter().any(|known| known.eq_ignore_ascii_case(name)))
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
            ("options", "-SessionTicket,ServerPreference"),
        ] {
            assert!(!is_narrow(command, value), "{command} {value}");
        }
    }

    #[test]
    fn what_may_not() {
        for (command, value) in [
            ("groups", "brainpoolP256r1"),
            ("groups", "ffdhe2048"),
            ("groups", "X25519:foo"),
            ("ecdhparameters", "auto"),
            ("options", "foo"),
            ("signaturealgorithms", "ECDSA+SHA256"),
            ("signaturealgorithms", "RSA+SHA256"),
            ("signaturealgorithms", "rsa_pkcs1_sha256"),
        ] {
            assert!(is_narrow(command, value), "{command} {value}");
        }
    }
}
