//! The command line as it is typed.

mod probe;
mod verify;

pub(super) use probe::{Probe, Upgrade};
pub(super) use verify::Verify;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXIT_STATUS: &str = "\
Exit status:
  0  compliant (diff: no change is needed; why: answered)
  1  findings at or above --fail-on (diff: there is a patch, or a finding that it can't mend)
  2  could not run: wrong usage, wrong policy, no such path
  3  something could not be read or decided, and nothing worse is known";

const FACTS_STATUS: &str = "\
Exit status:
  0  what the audit needs is known
  2  could not run: wrong usage, no such path
  3  there is a configuration, and the version of its server, the TLS library or its security level is not known, or
     something could not be read";

/// Audits and mends the TLS protocol versions that the services of a host accept.
///
/// Reads the configuration of nginx and Apache httpd as the servers do, works out for every address and server name
/// which versions a client would be given, and why, and makes the smallest patch that ends what the policy forbids.
/// Nothing is written.
#[derive(Debug, Parser)]
#[command(name = "tlsmend", version, max_term_width = 100, after_help = EXIT_STATUS)]
pub(super) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show every TLS endpoint, its versions, and what is wrong with it
    #[command(after_help = EXIT_STATUS)]
    Audit {
        /// What is audited.
        #[command(flatten)]
        host: Host,
        /// What is demanded.
        #[command(flatten)]
        judgement: Judgement,
        /// How to write the report
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Answer for one client: which versions it is given, and which lines decide that
    #[command(after_help = EXIT_STATUS)]
    Why {
        /// The address and port that the client connects to: 127.0.0.1:443, [::1]:443, unix:/run/x.sock
        #[arg(value_name = "ADDRESS:PORT")]
        address: String,
        /// The server name that the client sends (none: it sends no name)
        #[arg(long, value_name = "NAME")]
        sni: Option<String>,
        /// Ask for QUIC (UDP) instead of TCP
        #[arg(long)]
        quic: bool,
        /// What is audited.
        #[command(flatten)]
        host: Host,
        /// How to write the answer
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Print the smallest patch that makes every endpoint comply
    ///
    /// The patch goes to standard output, what can't be mended to standard error. Apply it with `patch -p1 -d ROOT`
    /// (or `git apply` in a repository).
    #[command(after_help = EXIT_STATUS)]
    Diff {
        /// What is audited.
        #[command(flatten)]
        host: Host,
        /// What is demanded.
        #[command(flatten)]
        judgement: Judgement,
    },
    /// Shake hands with running servers: which versions (and suites) do they really accept?
    #[command(after_help = probe::HELP)]
    Probe(Probe),
    /// Do the running servers of this machine do what their configuration says?
    #[command(after_help = verify::HELP)]
    Verify(Verify),
    /// Show what is known of the host's software, and from where: all that the other commands go by
    ///
    /// What is not known is said, with what depends on it. With --root nothing of that tree is ever run.
    #[command(after_help = FACTS_STATUS)]
    Facts {
        /// What is looked at.
        #[command(flatten)]
        host: Host,
        /// How to write the facts
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

/// What is audited.
#[derive(Debug, Args)]
pub(super) struct Host {
    /// Files or directories with configuration (none: the usual places, such as /etc)
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The root of the host: a mounted image or a chroot; all paths and links resolve inside it
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
    /// Take DIR for the absolute path PREFIX that configuration files name: /etc/nginx=./nginx
    #[arg(long, value_name = "PREFIX=DIR")]
    pub map: Vec<String>,
    /// A name that Apache is started with (its -D)
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub define: Vec<String>,
    /// A variable in Apache's environment
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<String>,
    /// A fact that beats what is found: nginx=1.18.0, apache=2.4.41, openssl=1.1.1, openssl-seclevel=1,
    /// distribution=debian
    #[arg(long, value_name = "KEY=VALUE")]
    pub assume: Vec<String>,
    /// Never start a program of the host, not even to ask for its version where its files do not tell
    #[arg(long)]
    pub no_exec: bool,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub color: Colour,
}

/// What is demanded.
#[derive(Debug, Args)]
pub(super) struct Judgement {
    /// A policy (YAML: forbid, require, severity) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The least severity that makes the exit status 1
    #[arg(long, value_enum, default_value_t = Level::Medium, value_name = "SEVERITY")]
    pub fail_on: Level,
    /// Exit with 0 also where there are findings or something is not known
    #[arg(long)]
    pub exit_zero: bool,
}

/// A format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// for people
    Text,
    /// for programs; docs/json.md describes it
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    /// on a terminal
    Auto,
    /// always
    Always,
    /// never
    Never,
}

/// A severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// worth a look
    Low,
    /// to be mended
    Medium,
    /// to be mended now
    High,
}
