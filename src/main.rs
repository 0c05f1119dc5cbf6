//! The `tlsmend` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    tlsmend::cli::main().into()
}
