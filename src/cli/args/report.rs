//! `tlsmend report`, as it is typed.

use super::{Colour, Wanted};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

const MERGE_STATUS: &str = "\
Exit status:
  0  all files are merged
  2  could not run: wrong usage, or none of the files can be used
  3  some files can't be used; the others are merged";

/// What is to be done with reports.
#[derive(Debug, Args)]
pub(in crate::cli) struct Report {
    /// What to do.
    #[command(subcommand)]
    pub command: ReportCommand,
}

/// What to do with reports.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ReportCommand {
    /// Make one report of the audits of many hosts
    ///
    /// Each FILE is what `tlsmend audit --format json` has written on a host. A host goes by the name that its audit
    /// gives it, or else by the name of the file. A file that is given twice counts once.
    #[command(after_help = MERGE_STATUS)]
    Merge(Merge),
}

/// Many audits, one report.
#[derive(Debug, Args)]
pub(in crate::cli) struct Merge {
    /// The audits
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How to write the report: text, html (one page), csv (a line for each endpoint), json (docs/json.md), markdown;
    /// with =FILE into a file instead of standard output. Several at once: --format text --format html=fleet.html
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = Wanted::<FleetFormat>::parse, default_value = "text")]
    pub format: Vec<Wanted<FleetFormat>>,
    /// Write the report that would go to standard output into FILE
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub color: Colour,
}

/// A format of the report of many hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FleetFormat {
    /// for people
    Text,
    /// one page for a browser
    Html,
    /// a line for each endpoint
    Csv,
    /// for programs
    Json,
    /// a table
    Markdown,
}
