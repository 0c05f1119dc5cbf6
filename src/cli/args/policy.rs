//! `tlsmend policy`

use super::Telling;
use clap::Subcommand;
use std::path::PathBuf;

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PolicyCommand {
    /// List the built-in profiles
    List {
        /// How to write them.
        #[command(flatten)]
        telling: Telling,
    },
    /// Print a built-in profile, as it would be in a file
    Show {
        /// The profile: `tlsmend policy list` names them
        #[arg(value_name = "NAME")]
        name: String,
        /// How to write it.
        #[command(flatten)]
        telling: Telling,
    },
    /// Say whether a policy is sound, and everything that is wrong with it
    Check {
        /// The policy
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// How to write the result.
        #[command(flatten)]
        telling: Telling,
    },
    /// Print the JSON schema of policies
    Schema,
}
