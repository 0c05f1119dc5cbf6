//! What goes wrong: hostile input and users, kills, full disks, failing calls.
#![allow(clippy::disallowed_methods, reason = "tests have files and programs of their own")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what was tried and what was left out is worth a line")]

mod bad_input;
mod changing_host;
mod faults;
mod fix_attacks;
mod fix_killed;
mod hostile_host;
mod large_input;
mod many_addresses;
mod random_faults;
mod report_attacks;
mod state_attacks;

#[path = "../support/mod.rs"]
mod support;
