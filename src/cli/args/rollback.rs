//! `tlsmend rollback`, as it is typed.

use super::{Colour, Servers, State, Telling};
use clap::Args;
use std::path::PathBuf;

/// The exit status of `rollback`.
pub(super) const STATUS: &str = "\
Exit status:
  0  every file is as it was before
  2  could not run; no file is changed (the message tells if one is)
  3  every file is as it was before, and the server's checker does not accept that, or nothing tested it
  5  every file is as it was before, and the reload failed";

/// `tlsmend rollback`
#[derive(Debug, Args)]
pub(in crate::cli) struct Rollback {
    /// What to take back, by its ID or its number in `tlsmend history` (none: the latest fix)
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// The root of the host, as for fix
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
    /// Where the history is kept.
    #[command(flatten)]
    pub state: State,
    /// How servers are tested and reloaded.
    #[command(flatten)]
    pub servers: Servers,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Also put files back that were changed since; what they hold now is kept
    #[arg(long)]
    pub force: bool,
    /// Never start a program of the host
    #[arg(long)]
    pub no_exec: bool,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub color: Colour,
    /// How to tell what was done.
    #[command(flatten)]
    pub telling: Telling,
}
