//! The system's configuration of OpenSSL, openssl.cnf: its syntax, and what a program with a certain release makes of it.
//!
//! | step | file |
//! |---|---|
//! | bytes to logical lines | `lines.rs` |
//! | a line to its parts | `parse.rs` (the only one that knows pest) |
//! | the text of a value to the value | `expand.rs` |
//! | lines, includes and pragmas to sections | `load.rs`, `sections.rs` |
//! | sections to what is activated, module by module | `modules.rs`, `engines.rs`, `providers.rs`, `objects.rs` |
//! | commands to settings | `commands.rs` |
//! | all of it | `system_default.rs` |
//!
//! After `crypto/conf/conf_def.c`, `conf_mod.c`, `conf_ssl.c` and `ssl/ssl_mcnf.c` of OpenSSL, and held against handshakes with
//! 1.1.1w, 3.0.19 and 3.6.3 (`fixtures/truth/clients`).

mod circumstances;
mod commands;
mod engines;
mod expand;
mod lines;
mod load;
mod modules;
mod objects;
mod parse;
mod providers;
mod sections;
mod system_default;

pub use circumstances::{Circumstances, Environment, Side};
pub use commands::{Command, Effect};
pub use lines::split;
pub use modules::Trouble;
pub use sections::Place;
pub use system_default::{Reading, SystemDefault};
