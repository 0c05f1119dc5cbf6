//! `tlsmend man`, as it is typed.

use clap::Args;

/// `tlsmend man`
#[derive(Debug, Args)]
pub(in crate::cli) struct Man {
    /// The page: tlsmend, or that of a command, such as tlsmend-fix or tlsmend-policy-check (none: list their names)
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}
