//! Which fixes are wanted.

use crate::catalog::{self, Command};
use crate::services;
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

fn services() -> PossibleValuesParser {
    PossibleValuesParser::new(services::names())
}

fn rules() -> PossibleValuesParser {
    PossibleValuesParser::new(catalog::of(Command::Audit).map(|rule| rule.id.0))
}

/// Which fixes are wanted.
#[derive(Debug, Args)]
pub(in crate::cli) struct Selection {
    /// Mend only this service (may be repeated)
    #[arg(long, value_name = "SERVICE", value_parser = services())]
    pub only: Vec<String>,
    /// Mend only what this rule finds (may be repeated)
    #[arg(long, value_name = "RULE", value_parser = rules())]
    pub rule: Vec<String>,
    /// How far fixes may go
    #[arg(long, value_enum, default_value_t = FixLevel::Safe, value_name = "LEVEL")]
    pub fix_level: FixLevel,
    /// Also change files that a program generates (Ansible, Puppet, cPanel, certbot and others), and will overwrite
    #[arg(long)]
    pub include_managed: bool,
    /// Mend what is waived, too: no waiver counts
    #[arg(long)]
    pub fix_waived: bool,
}

/// How far fixes may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FixLevel {
    /// no endpoint gets other versions but those that the findings are about
    Safe,
    /// others may too, and are listed
    Unsafe,
}
