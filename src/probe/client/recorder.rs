//! Lets every certificate pass, and remembers what this machine makes of it.

use crate::lock::lock;
use rustls::client::ResolvesClientCert;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

/// Chains of more certificates are not checked. Real ones have two to five.
const MOST_CERTIFICATES: usize = 16;

/// What this machine makes of a certificate, for the name that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It is trusted.
    Trusted,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It is for other names.
    OtherName,
    /// It was signed by nobody that this machine knows; or an intermediate certificate is missing.
    UnknownIssuer,
    /// It vouches for itself.
    SelfSigned,
    /// It was revoked.
    Revoked,
    /// Something else is wrong with it.
    Other(String),
    /// This machine has no certificates of authorities.
    Unknown,
    /// It can't be judged here: why, as a lowercase fragment.
    Unproved(String),
}

impl Trust {
    /// The word used in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Trust::Trusted => "trusted",
            Trust::Expired => "expired",
            Trust::NotYetValid => "not-yet-valid",
            Trust::OtherName => "other-name",
            Trust::UnknownIssuer => "unknown-issuer",
            Trust::SelfSigned => "self-signed",
            Trust::Revoked => "revoked",
            Trust::Other(_) => "not-valid",
            Trust::Unknown | Trust::Unproved(_) => "unknown",
        }
    }

    /// As a lowercase fragment.
    pub fn text(&self) -> String {
        match self {
            Trust::Trusted => "trusted here".to_owned(),
            Trust::Expired => "expired".to_owned(),
            Trust::NotYetValid => "not valid yet".to_owned(),
            Trust::OtherName => "not for this name".to_owned(),
            Trust::UnknownIssuer => {
                "not trusted here: the issuer is unknown, or an intermediate certificate is missing".to_owned()
            }
            Trust::SelfSigned => "not trusted here: self-signed".to_owned(),
            Trust::Revoked => "revoked".to_owned(),
            Trust::Other(why) => format!("not valid: {why}"),
            Trust::Unknown => "not judged: this machine has no certificates of authorities".to_owned(),
            Trust::Unproved(why) => format!("not judged: {why}"),
        }
    }

    fn of(error: &Error) -> Trust {
        let words = || Trust::Other(words(error));
        let Error::InvalidCertificate(error) = error else { return words() };
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Trust::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Trust::NotYetValid,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Trust::OtherName,
            CertificateError::UnknownIssuer => Trust::UnknownIssuer,
            CertificateError::Revoked => Trust::Revoked,
            _ => words(),
        }
    }
}

/// What is wrong with a certificate, or another error, without the names that types of the library have.
fn words(error: &Error) -> String {
    let text = match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => inner.to_string(),
        Error::InvalidCertificate(error) => error.to_string(),
        error => error.to_string(),
    };
    // `SignatureAlgorithmMismatch { .. }`
    let is_part = |one: char| one.is_ascii_alphanumeric();
    let end = text.find(|one| !is_part(one)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let is_name =
        name.starts_with(|one: char| one.is_ascii_uppercase()) && !rest.starts_with(|one| " '-".contains(one));
    if !(is_name || rest.starts_with(" {")) {
        return text;
    }
    let mut spelled = String::new();
    for one in name.chars() {
        if one.is_ascii_uppercase() && !spelled.is_empty() {
            spelled.push(' ');
        }
        spelled.push(one.to_ascii_lowercase());
    }
    spelled
}

/// What came from the server.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The certificates, the server's own first.
    pub chain: Vec<Vec<u8>>,
    /// What this machine makes of them.
    pub trust: Trust,
}

/// Remembers what came.
#[derive(Debug)]
pub(super) struct Recorder {
    seen: Mutex<Option<Seen>>,
    /// Why the server's signature could not be checked, if so.
    unproved: Mutex<Option<String>>,
    asked: AtomicBool,
}

/// What clients of today can check besides what is checked here.
const OTHERS: [SignatureScheme; 5] = [
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED448,
    SignatureScheme::Unknown(0x0809),
    SignatureScheme::Unknown(0x080a),
    SignatureScheme::Unknown(0x080b),
];

/// The authorities of this machine, read once; `None`: there are none.
fn authorities() -> Option<&'static Arc<WebPkiServerVerifier>> {
    static VERIFIER: LazyLock<Option<Arc<WebPkiServerVerifier>>> = LazyLock::new(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&PROVIDER)).build().ok()
    });
    VERIFIER.as_ref()
}

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(ring::default_provider()));

impl Recorder {
    /// One that has seen nothing.
    pub(super) fn new() -> Recorder {
        Recorder { seen: Mutex::new(None), unproved: Mutex::new(None), asked: AtomicBool::new(false) }
    }

    /// What came.
    pub(super) fn seen(&self) -> Option<Seen> {
        let mut seen = lock(&self.seen).clone()?;
        let unproved = lock(&self.unproved).clone();
        if let (Trust::Trusted, Some(why)) = (&seen.trust, unproved) {
            seen.trust = Trust::Unproved(format!("the server's signature was not checked ({why})"));
        }
        Some(seen)
    }

    /// Lets a signature pass that is none, or that can't be checked here: nothing is ever sent to that server.
    fn passed(&self, checked: Result<HandshakeSignatureValid, Error>) -> HandshakeSignatureValid {
        checked.unwrap_or_else(|error| {
            *lock(&self.unproved) = Some(words(&error));
            HandshakeSignatureValid::assertion()
        })
    }

    /// Did the server ask for a certificate?
    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// The cryptography to use.
    #[expect(clippy::unused_self, reason = "the recorder and the connection have to use the same")]
    pub(super) fn provider(&self) -> Arc<CryptoProvider> {
        Arc::clone(&PROVIDER)
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let count = 1 + intermediates.len();
        let trust = match authorities() {
            // The ways through many of them are more than anybody can try.
            _ if count > MOST_CERTIFICATES => Trust::Unproved(format!(
                "the server sent {count} certificates, and chains of more than {MOST_CERTIFICATES} are not checked"
            )),
            None => Trust::Unknown,
            Some(verifier) => {
                match verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
                    Ok(_) => Trust::Trusted,
                    Err(error) => Trust::of(&error),
                }
            }
        };
        let chain = std::iter::once(end_entity).chain(intermediates).map(|one| one.to_vec()).collect();
        *lock(&self.seen) = Some(Seen { chain, trust });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(self.passed(verify_tls12_signature(message, cert, dss, &PROVIDER.signature_verification_algorithms)))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(self.passed(verify_tls13_signature(message, cert, dss, &PROVIDER.signature_verification_algorithms)))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = PROVIDER.signature_verification_algorithms.supported_schemes();
        schemes.extend(OTHERS);
        schemes
    }
}

impl ResolvesClientCert for Recorder {
    fn resolve(&self, _root_hint_subjects: &[&[u8]], _sigschemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_chain_is_not_searched() {
        let certificate = CertificateDer::from(vec![0x30, 0]);
        let trust = |count: usize| {
            let recorder = Recorder::new();
            let name = ServerName::try_from("a.example").expect("a name");
            let rest = vec![certificate.clone(); count - 1];
            let passed = recorder.verify_server_cert(&certificate, &rest, &name, &[], UnixTime::now());
            assert!(passed.is_ok(), "the handshake goes on");
            recorder.seen().expect("certificates").trust
        };
        let text = trust(17).text();
        assert_eq!(text, "not judged: the server sent 17 certificates, and chains of more than 16 are not checked");
        assert!(!trust(16).text().contains("16"));
    }

    #[test]
    fn no_name_of_a_type_is_shown() {
        let of = |error| Trust::of(&Error::InvalidCertificate(error)).text();
        let mismatch = webpki("SignatureAlgorithmMismatch");
        assert_eq!(of(mismatch.clone()), "not valid: signature algorithm mismatch");
        assert_eq!(of(CertificateError::BadEncoding), "not valid: bad encoding");
        assert_eq!(words(&Error::InvalidCertificate(mismatch)), "signature algorithm mismatch");
        assert_eq!(words(&Error::General("no such thing".to_owned())), "unexpected error: no such thing");
    }

    fn webpki(name: &'static str) -> CertificateError {
        CertificateError::Other(OtherError(Arc::new(std::io::Error::other(name))))
    }
}
