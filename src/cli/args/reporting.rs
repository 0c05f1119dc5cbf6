//! Which reports are wanted, and where they go.

use crate::spelling::suggest_or_list;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Which reports are wanted, and where they go.
#[derive(Debug, Args)]
pub(in crate::cli) struct Formats {
    /// How to write the report; with =FILE into a file instead of standard output. Several at once: --format text
    /// --format sarif=out.sarif
    ///
    /// text (for people), json (docs/json.md), html (one page), markdown (a comment on a merge request), sarif (code
    /// scanning), github (annotations of a workflow), gitlab (code quality), junit (test results), prometheus (metrics
    /// for the textfile collector). docs/reports.md has an example of use for each.
    #[arg(
        long,
        value_name = "FORMAT[=FILE]",
        value_parser = Wanted::<ReportFormat>::parse,
        default_value = "text",
        )]
    pub format: Vec<Wanted<ReportFormat>>,
    /// Write the report that would go to standard output into FILE: all of it or, if that fails, nothing
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The reports of an audit.
#[derive(Debug, Args)]
pub(in crate::cli) struct Reporting {
    /// Which, and where they go.
    #[command(flatten)]
    pub formats: Formats,
    /// The host's name in reports (none: what /etc/hostname says)
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    pub host: Option<String>,
    /// Write waived and known findings into SARIF too, as suppressed ones (the other formats always show them)
    #[arg(long)]
    pub include_waived: bool,
    /// Show passwords and tokens in excerpts instead of asterisks
    #[arg(long)]
    pub show_secrets: bool,
}

/// A name that can be told from none.
fn host_name(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a host has a name; leave the option out where it has none".to_owned()),
        name => Ok(name.to_owned()),
    }
}

/// A report: its format, and the file that it goes to if not to standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Wanted<F> {
    /// The format.
    pub format: F,
    /// The file.
    pub file: Option<PathBuf>,
}

/// A format of a report: of an audit, a probe, a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    /// for people
    Text,
    /// for programs
    Json,
    /// one page for a browser
    Html,
    /// a comment on a merge request
    Markdown,
    /// code scanning
    Sarif,
    /// annotations of a workflow
    Github,
    /// code quality
    Gitlab,
    /// test results
    Junit,
    /// metrics for the textfile collector
    Prometheus,
}

impl<F: ValueEnum> Wanted<F> {
    /// `json`, `json=out.json`
    pub(super) fn parse(text: &str) -> Result<Wanted<F>, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (text, None),
        };
        let format = F::from_str(name, false).map_err(|_| {
            let values: Vec<PossibleValue> =
                F::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
            let names: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
            suggest_or_list(name, "formats", &names)
        })?;
        if file == Some("") {
            return Err(format!("\"{name}=\" names no file"));
        }
        Ok(Wanted { format, file: file.map(PathBuf::from) })
    }
}
