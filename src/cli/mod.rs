//! The program: arguments in, one command, an exit status out.

mod again;
mod args;
mod commands;
mod exit;
mod interrupt;
mod message;
mod options;
mod output;
mod owed;
mod record;
mod reports;
mod screen;
mod servers;
mod state;
mod transact;
mod typed_path;
mod usage;
mod watched;

pub use exit::ExitStatus;

use args::{Arguments, Command};
use clap::Parser;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitStatus {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage::refused(error),
    };
    let done = match &arguments.command {
        Command::Audit { host, judgement, known, reporting } => commands::audit::run(host, judgement, known, reporting),
        Command::Why { address, sni, quic, host, format, show_secrets } => {
            let question = commands::why::Asked { address, sni: sni.as_deref(), quic: *quic };
            commands::why::run(&question, host, *format, *show_secrets)
        }
        Command::Report(report) => commands::report::run(report),
        Command::Facts { host, format } => commands::facts::run(host, *format),
        Command::Policy(command) => commands::policy::run(command),
        Command::Rule(rule) => commands::rule::run(rule),
        Command::Schema(schema) => commands::schema::run(schema),
        Command::Completions(completions) => commands::completions::run(completions),
        Command::Man(man) => commands::man::run(man),
        Command::Probe(arguments) => commands::probe::run(arguments),
        Command::Verify(arguments) => commands::verify::run(arguments),
        Command::Diff { host, judgement, selection, format } => {
            commands::diff::run(host, judgement, selection, *format)
        }
        Command::Fix(arguments) => commands::fix::run(arguments),
        Command::Rollback(arguments) => commands::rollback::run(arguments),
        Command::History(arguments) => commands::history::run(arguments),
    };
    done.unwrap_or_else(|error| output::failed(&error).into())
}
