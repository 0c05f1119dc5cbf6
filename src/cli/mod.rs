//! The program: arguments in, one command, an exit status out.

mod args;
mod commands;
mod exit;
mod interrupt;
mod options;
mod output;

pub use exit::ExitStatus;

use args::{Arguments, Command};
use clap::Parser;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitStatus {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // --help and --version come this way too, and go to standard output.
            let failed = error.use_stderr();
            return match error.print() {
                Ok(()) if !failed => ExitStatus::Compliant,
                _ => ExitStatus::CouldNotRun,
            };
        }
    };
    let done = match &arguments.command {
        Command::Audit { host, judgement, format } => commands::audit::run(host, judgement, *format),
        Command::Why { address, sni, quic, host, format } => {
            commands::why::run(address, sni.as_deref(), *quic, host, *format)
        }
        Command::Facts { host, format } => commands::facts::run(host, *format),
        Command::Probe(arguments) => commands::probe::run(arguments),
        Command::Verify(arguments) => commands::verify::run(arguments),
        Command::Diff { host, judgement } => commands::diff::run(host, judgement),
    };
    done.unwrap_or_else(|error| output::failed(&error))
}
