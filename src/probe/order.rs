//! Whose order decides which suite is used, and how that is found out.

use super::strength::{self, Family};
use super::suites::Suite;

/// Whose order decides which suite is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// the server's
    Server,
    /// the client's
    Client,
}

impl Order {
    /// The word used in text and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Order::Server => "server",
            Order::Client => "client",
        }
    }
}

/// The suites the other way around, with the one at the end that was chosen before: who has an order of its own chooses
/// it again. The first one is AES-GCM, if that can be: who has an order of its own may still ask by it whether the client
/// would rather have ChaCha20 (Go: whatever is not AES-GCM means that; OpenSSL, told so: ChaCha20 does).
pub(super) fn opposite(suites: &[u16], chosen: u16) -> Vec<u16> {
    let mut turned: Vec<u16> = suites.iter().rev().copied().filter(|id| *id != chosen).collect();
    let usual = turned.iter().position(|id| is_usual(*id));
    if let Some(at) = usual.or_else(|| turned.iter().position(|id| !is_chacha(*id))) {
        turned[..=at].rotate_right(1);
    }
    turned.push(chosen);
    turned
}

/// AES-GCM with a key exchange that every server of today knows.
fn is_usual(id: u16) -> bool {
    let is_gcm = |suite: &Suite| suite.name.contains("AES_") && suite.name.contains("_GCM_");
    Suite::of(id).is_some_and(is_gcm) && strength::family(id) == Family::Ecdhe
}

fn is_chacha(id: u16) -> bool {
    Suite::of(id).is_some_and(|suite| suite.name.contains("CHACHA20"))
}
