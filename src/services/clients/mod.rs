//! The host as a client: which TLS versions its programs offer to others, and which files decide that.
//!
//! | what | file |
//! |---|---|
//! | programs, and what each does with the settings of its library | `programs.rs` |
//! | a question about one, and the answer | `ask.rs`, `trail.rs` |
//! | programs with OpenSSL | `openssl.rs`, `node.rs` |
//! | programs with GnuTLS | `gnutls.rs`, `inih.rs`, `priority.rs` |
//! | Java | `java.rs`, `properties.rs` |
//! | settings of single programs | `curlrc.rs`, `wgetrc.rs`, `gitconfig.rs`, `libpq.rs`, `my_cnf.rs`, `ldap.rs` |
//!
//! Every rule was observed with the real program (`fixtures/truth/clients`, docs/services/clients.md).

mod ask;
mod curlrc;
mod gitconfig;
mod gnutls;
mod inih;
mod java;
mod ldap;
mod libpq;
mod my_cnf;
mod node;
mod openssl;
mod priority;
mod programs;
mod properties;
mod trail;
mod wgetrc;

pub use ask::{Asked, ask, ask_all};
pub use programs::{Program, assumed, named, names, present};
