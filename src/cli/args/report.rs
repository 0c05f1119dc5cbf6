//! `tlsmend report`, as it is typed.

use super::reporting::listed;
use super::{Colour, Wanted};
use crate::report::fleet::{FORMATS, Writer};
use clap::{Args, Subcommand};
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
    /// How to write the report
    #[arg(
        long,
        value_name = "FORMAT[=FILE]",
        value_parser = Wanted::parser(&FORMATS),
        default_value = "text",
        help = help(),
    )]
    pub format: Vec<Wanted<Writer>>,
    /// Write the report that would go to standard output into FILE
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub color: Colour,
}

fn help() -> String {
    format!(
        "How to write the report: {}; with =FILE into a file instead of standard output. Several at once: --format text \
         --format html=fleet.html",
        listed(&FORMATS)
    )
}
