//! What the program says and does on files that are made up or come with the project: nothing but cargo is needed.
#![allow(clippy::disallowed_methods, reason = "tests have files and programs of their own")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what was tried and what was left out is worth a line")]

mod agreement;
mod apache;
mod apache_limits;
mod apache_truth;
mod architecture;
mod cases;
mod cli;
mod clients;
mod clients_truth;
mod docs;
mod documents;
mod facts;
mod fix;
mod fixes;
mod made_hosts;
mod masked;
mod nginx_truth;
mod one_answer;
mod opt;
mod packaging;
mod patches;
mod policy;
mod reports;
mod repository;
mod roundtrip;
mod seeds;
mod statuses;
mod terminal;
mod toyd;
mod wording;

#[path = "../support/fuzzed/mod.rs"]
mod fuzzed;
#[path = "../support/mod.rs"]
mod support;
