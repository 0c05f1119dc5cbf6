//! `tlsmend history`, as it is typed.

use super::{State, Telling};
use clap::Args;
use std::path::PathBuf;

/// `tlsmend history`
#[derive(Debug, Args)]
pub(in crate::cli) struct History {
    /// The root of the host, as for fix
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
    /// Where the history is kept.
    #[command(flatten)]
    pub state: State,
    /// How to tell what was done.
    #[command(flatten)]
    pub telling: Telling,
}
