//! How servers are tested and reloaded, and where the history is kept.

use clap::Args;
use std::path::PathBuf;

/// Where the history is kept.
#[derive(Debug, Args)]
pub(in crate::cli) struct State {
    /// The directory for the lock, the journals and the backups (default: /var/lib/tlsmend; with --root, inside of it)
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

/// How servers are tested and reloaded.
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct Servers {
    /// Test with this command instead of the server's own checker, such as nginx='docker exec web nginx -t'; it is run
    /// without a shell
    #[arg(long, value_name = "SERVICE=COMMAND")]
    pub check_with: Vec<String>,
    /// How long a checker or a reload may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub check_timeout: u64,
    /// Reload the servers afterwards; without this the commands are printed
    #[arg(long)]
    pub reload: bool,
    /// Reload with this command, such as nginx='docker exec web nginx -s reload'; it is run without a shell
    #[arg(long, value_name = "SERVICE=COMMAND", requires = "reload")]
    pub reload_with: Vec<String>,
}
