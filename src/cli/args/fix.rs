//! `tlsmend fix`, as it is typed.

use super::{Host, Judgement, Selection, Servers, State};
use clap::Args;

/// The exit status of `fix`.
pub(super) const STATUS: &str = "\
Exit status:
  0  nothing to do, or all is mended and checked
  1  findings at or above --fail-on remain
  2  could not run, or not apply; no file is changed (the message tells if one is)
  3  something could not be read or decided, or no checker tested the result, and nothing worse is known
  4  the checker did not accept the result; every file was put back
  5  the reload failed; every file was put back";

/// `tlsmend fix`
#[derive(Debug, Args)]
pub(in crate::cli) struct Fix {
    /// What is mended.
    #[command(flatten)]
    pub host: Host,
    /// What is demanded.
    #[command(flatten)]
    pub judgement: Judgement,
    /// Which fixes are wanted.
    #[command(flatten)]
    pub selection: Selection,
    /// How servers are tested and reloaded.
    #[command(flatten)]
    pub servers: Servers,
    /// Where the history is kept.
    #[command(flatten)]
    pub state: State,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Apply also where the checker does not accept the configuration as it is, or can't be run; nothing new may fail
    #[arg(long)]
    pub without_check: bool,
}
