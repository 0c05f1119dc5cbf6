//! `tlsmend completions`, as it is typed.

use clap::Args;
use clap_complete::Shell;

/// `tlsmend completions`
#[derive(Debug, Args)]
pub(in crate::cli) struct Completions {
    /// The shell that is to complete
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}
