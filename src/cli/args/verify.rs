//! `tlsmend verify` as it is typed.

use super::{Formats, Host, Judgement};
use clap::Args;

pub(super) const HELP: &str = "\
Without a PATH, every other TCP port of this machine that listens is asked as well: it gets
a few connections with TLS hellos (after STARTTLS at ports where that is usual), and what
speaks TLS is a note (not-covered). --only-configured leaves that out.

Examples:
  tlsmend verify                                all servers of this machine
  nginx -s reload && tlsmend verify --wait 5    give a reload so many seconds
  tlsmend verify /srv/nginx.conf --name a.example
  tlsmend verify --format text --format html=verify.html

Exit status:
  0  every server does as its configuration says, and as the policy demands
  1  one does not: drift, a forbidden or a missing version, or a finding at or above --fail-on
  2  could not run, or nothing answers with TLS where TLS is promised
  3  something is inconclusive or could not be verified, and nothing worse is known";

/// What is verified, and how.
#[derive(Debug, Args)]
pub(in crate::cli) struct Verify {
    /// The configurations.
    #[command(flatten)]
    pub host: Host,
    /// What is demanded.
    #[command(flatten)]
    pub judgement: Judgement,
    /// Ask for this name too, at every address: for patterns such as ~^www
    #[arg(long, value_name = "NAME")]
    pub name: Vec<String>,
    /// Probe addresses too that this machine does not have
    #[arg(long)]
    pub remote: bool,
    /// Without a PATH, ask no other ports than those of the configurations
    #[arg(long)]
    pub only_configured: bool,
    /// Seconds that the servers may take until they do as their configuration says: after a reload
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=600))]
    pub wait: u64,
    /// Which reports are wanted.
    #[command(flatten)]
    pub formats: Formats,
}
