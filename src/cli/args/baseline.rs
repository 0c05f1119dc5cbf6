//! The baseline of `tlsmend audit`.

use clap::Args;
use std::path::PathBuf;

/// What is known already.
#[derive(Debug, Args)]
pub(in crate::cli) struct Known {
    /// Findings that are in this file are shown as known and do not count for the exit status
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write the findings that are not waived to this file, as the baseline of later audits
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
}
