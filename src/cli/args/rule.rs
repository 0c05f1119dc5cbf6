//! `tlsmend rule`

use super::Telling;
use clap::Args;

/// Which rule is explained.
#[derive(Debug, Args)]
pub(in crate::cli) struct Rule {
    /// The rule's name: forbidden-version (none: list all rules)
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// How to tell what was done.
    #[command(flatten)]
    pub telling: Telling,
}
