//! What each fuzz target does with one input. `fuzz/fuzz_targets` hands cargo-fuzz's inputs to it, and `tests/it/seeds.rs` the
//! files of `fuzz/seeds`, so that what was found once is tried by every `cargo test`.
#![allow(dead_code, unreachable_pub, reason = "each fuzz target uses a part")]
#![allow(clippy::disallowed_methods, reason = "tests make their own files")]
#![allow(clippy::expect_used, reason = "an invariant that does not hold ends the run")]

mod answer;
mod apache;
mod baseline;
mod clients;
mod configuration;
mod consistent;
mod host;
mod input;
mod journal;
mod merge;
mod nginx;
mod openssl_cnf;
mod patched;
mod policy;
mod printable;
mod reports;

/// A fuzz target: its name, and what it does with an input. It panics where an invariant does not hold.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 10] = [
    ("answer", answer::run),
    ("apache", apache::run),
    ("baseline", baseline::run),
    ("clients", clients::run),
    ("host", host::run),
    ("journal", journal::run),
    ("merge", merge::run),
    ("nginx", nginx::run),
    ("openssl_cnf", openssl_cnf::run),
    ("policy", policy::run),
];

/// Does with an input what the target of that name does.
pub fn run(target: &str, bytes: &[u8]) {
    let (_, run) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target of that name");
    run(bytes);
}
