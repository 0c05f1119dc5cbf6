//! `tlsmend completions`

use super::super::args::{Arguments, Colour, Completions};
use super::super::exit::ExitStatus;
use super::super::output;
use crate::report::Outcome;
use anyhow::Result;
use clap::CommandFactory;

/// Prints the script of the shell.
pub(in crate::cli) fn run(arguments: &Completions) -> Result<ExitStatus> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "tlsmend", &mut script);
    output::write(Colour::Never, |out| out.write_all(&script))?;
    Ok(Outcome::Compliant.into())
}
