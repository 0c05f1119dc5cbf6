//! `tlsmend fix`, as it is typed.

use super::{Host, Judgement, Selection, Servers, State, Telling};
use clap::Args;

/// The exit status of `fix`.
pub(super) const STATUS: &str = "\
Exit status:
  0  nothing to do, or all is mended and checked
  1  findings at or above --fail-on remain, or after the reload a server still accepts what is no longer configured
  2  could not run, or not apply; no file is changed (the message tells if one is)
  3  something could not be read, decided, tested by a checker or told from handshakes, or an
     interrupted run left open whether the servers were reloaded; and nothing worse is known
  4  the checker did not accept the result; every file was put back
  5  the reload failed; every file was put back
  6  after the reload, handshakes did not get what the new files promise; every file was put back";

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
    /// Do not shake hands with the servers before and after the reload, and so put nothing back because of what they say
    #[arg(long, requires = "reload")]
    pub without_verify: bool,
    /// How to tell what was done.
    #[command(flatten)]
    pub telling: Telling,
}
