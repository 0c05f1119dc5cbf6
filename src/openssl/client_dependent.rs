//! Why a handshake that the server would take succeeds with some clients only: what most of them do is no answer.

use crate::topic::Topic;

/// What of a server leaves it to the client whether a handshake succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientDependent {
    /// Suite B in the cipher list
    SuiteB,
    /// a certificate that is too weak for the security level, beside another one
    WeakCertificate,
    /// a key on a curve that few clients know
    RareCurve,
    /// a version has suites without encryption only
    NullSuites,
    /// groups that few clients know
    RareGroups,
    /// signature algorithms that may not fit the certificate
    Signatures,
    /// TLSv1.3 has suites that few clients offer
    RareSuites,
}

impl ClientDependent {
    /// What the question is about.
    pub fn topic(self) -> Topic {
        Topic::of(match self {
            ClientDependent::SuiteB => "suite-b",
            ClientDependent::WeakCertificate => "weak-certificate",
            ClientDependent::RareCurve => "rare-curve",
            ClientDependent::NullSuites => "null-suites",
            ClientDependent::RareGroups => "rare-groups",
            ClientDependent::Signatures => "signature-algorithms",
            ClientDependent::RareSuites => "rare-suites",
        })
    }

    /// The same for people.
    pub fn text(self) -> String {
        let why = match self {
            ClientDependent::SuiteB => {
                "the cipher list asks for Suite B, which looks at keys and signatures of all certificates"
            }
            ClientDependent::WeakCertificate => "one of the certificates is too weak for the security level",
            ClientDependent::RareCurve => "the certificate has a key on a curve that few clients know",
            ClientDependent::NullSuites => {
                "a version has only cipher suites without encryption, which few clients offer"
            }
            ClientDependent::RareGroups => {
                "the key exchange has only groups that few clients know, or that are not known here"
            }
            ClientDependent::Signatures => "no signature algorithm is sure to fit the certificate",
            ClientDependent::RareSuites => "TLSv1.3 has only cipher suites that few clients offer",
        };
        format!("{why}: whether a handshake succeeds depends on the client")
    }
}
