//! Running servers, held against what is demanded of them ([`judge`]) and what their configuration promises
//! ([`verify`]).
//!
//! The audit answers for every address and name what a client should be given; the probe says what it is given. Where
//! they differ, the likely cause is named: not reloaded, another process, the default server's rule, the library's
//! floor.

mod cause;
mod check;
mod example;
mod judge;
mod promise;
mod settle;

pub use check::{Checked, DRIFT, Outcome, Verification, Verified, verify};
pub use judge::judge;
pub use promise::{Expected, Left, Promise};
pub use settle::PATIENCE;
