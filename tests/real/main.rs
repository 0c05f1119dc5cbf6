//! The program beside the servers, programs and browsers that are installed.
#![allow(clippy::disallowed_methods, reason = "tests have files and programs of their own")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what was tried and what was left out is worth a line")]

mod chromium;
mod commands;
mod expressions;
mod fix_load;
mod fix_reload_killed;
mod fix_verified;
mod generated_apache;
mod generated_cnf;
mod generated_nginx;
mod html;
mod openssl_ciphers;
mod real_apache;
mod real_nginx;
mod this_host;
mod verify;
mod verify_agreement;
mod whose_word;

#[path = "../support/mod.rs"]
mod support;
