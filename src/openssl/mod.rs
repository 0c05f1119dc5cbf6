//! What the TLS library adds to a configuration: its versions, its security level, cipher lists and keys.
//!
//! The rules come from OpenSSL's source (3.0.22, 1.1.1w, 3.6.3) and were held against handshakes with real servers
//! (`fixtures/truth`). Other libraries (BoringSSL, LibreSSL, AWS-LC) are not judged: everything about them is unknown.

mod certificate;
mod certificate_signature;
mod chain;
mod cipher_list;
mod client_dependent;
pub mod cnf;
mod command;
mod der;
mod groups;
mod key_pair;
mod keys;
mod keywords;
mod library;
mod pem;
mod presented;
mod security;
mod signatures;
mod slots;
mod strength;
mod suite_b;
mod suites;

pub use certificate::Certificate;
pub use chain::{Chain, Weakness};
pub use cipher_list::{Reader, Refused, Selection};
pub use client_dependent::ClientDependent;
pub use cnf::SystemDefault;
pub use command::{Caller, VersionCommand};
pub(crate) use command::{is_automatic, read_switch};
pub use key_pair::{Half, belongs};
pub use keys::Keys;
pub use library::{Library, Search, Terms, one_after_another, without_dhe, without_null};
pub use pem::Pem;
pub use presented::{Identity, Presented};
pub use slots::Slots;
pub use suite_b::SuiteB;
pub use suites::Suite;
