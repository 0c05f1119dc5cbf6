//! `tlsmend schema`, as it is typed.

use crate::cli::commands::schema::names;
use clap::Args;
use clap::builder::PossibleValuesParser;

/// `tlsmend schema`
#[derive(Debug, Args)]
pub(in crate::cli) struct Schema {
    /// The schema (none: list their names)
    #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(names()))]
    pub name: Option<String>,
}
