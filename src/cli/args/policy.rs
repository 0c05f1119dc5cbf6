//! `tlsmend policy`

use clap::Subcommand;
use std::path::PathBuf;

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PolicyCommand {
    /// List the built-in profiles
    List,
    /// Print a built-in profile, as it would be in a file
    Show {
        /// The profile: `tlsmend policy list` names them
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Say whether a policy is sound, and everything that is wrong with it
    Check {
        /// The policy
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the JSON schema of policies
    Schema,
}
