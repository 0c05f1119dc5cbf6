//! `tlsmend man`

use super::super::args::{Arguments, Colour, Man};
use super::super::exit::ExitStatus;
use super::super::output;
use crate::report::Outcome;
use crate::spelling::suggest_or_list;
use anyhow::{Result, bail};
use clap::{Command, CommandFactory};

/// Prints one page, or the names of all.
pub(in crate::cli) fn run(arguments: &Man) -> Result<ExitStatus> {
    let pages = pages();
    let names: Vec<&str> = pages.iter().map(name).collect();
    let text = match &arguments.name {
        None => (names.join("\n") + "\n").into_bytes(),
        Some(wanted) => {
            let Some(page) = pages.iter().find(|page| name(page) == wanted) else {
                bail!("there is no page `{wanted}`: {}", suggest_or_list(wanted, "pages", &names));
            };
            let mut text = Vec::new();
            clap_mangen::Man::new(page.clone()).render(&mut text)?;
            text
        }
    };
    output::write(Colour::Never, |out| out.write_all(&text))?;
    Ok(Outcome::Compliant.into())
}

/// The name of a page and of its file: `tlsmend-policy-check`.
fn name(page: &Command) -> &str {
    page.get_display_name().unwrap_or(page.get_name())
}

/// The program, and each command that its help lists.
fn pages() -> Vec<Command> {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let mut pages = vec![program];
    let mut next = 0;
    while let Some(page) = pages.get(next) {
        let inner: Vec<Command> = page.get_subcommands().filter(|c| !c.is_hide_set()).cloned().collect();
        pages.extend(inner);
        next += 1;
    }
    pages
}
