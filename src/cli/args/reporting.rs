//! Which reports are wanted, and where they go.

use crate::report::{FORMATS, Format, Writer};
use crate::spelling::suggest_or_list;
use clap::Args;
use std::path::PathBuf;

/// Which reports are wanted, and where they go.
#[derive(Debug, Args)]
pub(in crate::cli) struct Formats {
    /// How to write the report; with =FILE into a file instead of standard output. Several at once: --format text
    /// --format sarif=out.sarif
    #[arg(
        long,
        value_name = "FORMAT[=FILE]",
        value_parser = Wanted::parser(&FORMATS),
        default_value = "text",
        long_help = help(),
    )]
    pub format: Vec<Wanted<Writer>>,
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
#[derive(Clone, Debug)]
pub(in crate::cli) struct Wanted<W: 'static> {
    /// The format.
    pub format: &'static Format<W>,
    /// The file.
    pub file: Option<PathBuf>,
}

impl<W> Wanted<W> {
    /// Reads `json` and `json=out.json`.
    pub(super) fn parser(formats: &'static [Format<W>]) -> impl Fn(&str) -> Result<Wanted<W>, String> + Clone {
        move |text| {
            let (name, file) = match text.split_once('=') {
                Some((name, file)) => (name, Some(file)),
                None => (text, None),
            };
            let Some(format) = formats.iter().find(|format| format.name == name) else {
                let names: Vec<&str> = formats.iter().map(|format| format.name).collect();
                return Err(suggest_or_list(name, "formats", &names));
            };
            if file == Some("") {
                return Err(format!("\"{name}=\" names no file"));
            }
            Ok(Wanted { format, file: file.map(PathBuf::from) })
        }
    }
}

/// `text (for people), json (docs/json.md)`
pub(super) fn listed<W>(formats: &[Format<W>]) -> String {
    let one = |format: &Format<W>| match format.about {
        "" => format.name.to_owned(),
        about => format!("{} ({about})", format.name),
    };
    formats.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn help() -> String {
    format!(
        "How to write the report; with =FILE into a file instead of standard output. Several at once: --format text \
         --format sarif=out.sarif\n\n{}. docs/reports.md has an example of use for each.",
        listed(&FORMATS)
    )
}
