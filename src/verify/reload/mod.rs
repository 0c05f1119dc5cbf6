//! A reload, watched: is what the new files promise there afterwards, and is nothing lost that was there before?
//!
//! Some endpoints of the instances that change are asked before ([`Watch::begin`]) and after ([`Watch::after_reload`]). Only what
//! answered before is held against anything: a server that was not running, another program on the port, and what was
//! different from its configuration before are nobody's fault now. What is only unclear is said to be unclear.
//!
//! Not done here: reloading, and putting files back (`cli`).

mod change;
mod choose;
mod complaints;
mod expectation;
mod outcome;
mod watch;

pub use change::Reload;
pub use complaints::Complaint;
pub use outcome::ReloadOutcome;
pub use watch::Watch;
