//! Handshakes: with servers that are scripted here, and with real ones.
#![allow(clippy::disallowed_methods, reason = "tests have files and programs of their own")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what was tried and what was left out is worth a line")]

mod agreement;
mod handshake_reports;
mod interrupted;
mod probe_evidence;
mod probe_hellos;
mod probe_hostile;
mod probe_limits;
mod probe_others;
mod probe_replies;
mod probe_servers;
mod probe_stacks;
mod probe_starttls;
mod probe_upgrades;

#[path = "../support/mod.rs"]
mod support;
