//! Running servers, held against what is demanded of them ([`of_target`]) and what their configuration promises
//! ([`verify`]); and a reload, watched ([`Watch`]).
//!
//! The audit answers for every address and name what a client should be given; the probe says what it is given. Where
//! they differ, the likely cause is named: not reloaded, another process, the default server's rule, the library's
//! floor.

mod asking;
mod cause;
mod check;
mod comparison;
mod dead;
mod drift;
mod example;
mod judge;
mod machine;
mod outcome;
mod parallel;
mod promise;
mod reload;
mod slow;
mod unexplained;
mod ways;

pub use asking::PATIENCE;
pub use check::{Verification, Verified, verify};
pub use judge::{of_target, refused};
pub use outcome::{Checked, Outcome};
pub use promise::{Expected, Left, Promise};
pub use reload::{Complaint, Reload, ReloadOutcome, Watch};
