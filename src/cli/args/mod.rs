//! The command line as it is typed.

mod baseline;
mod completions;
mod fix;
mod history;
mod man;
mod policy;
mod probe;
mod report;
mod reporting;
mod rollback;
mod rule;
mod schema;
mod selection;
mod servers;
mod verify;

pub(super) use baseline::Known;
pub(super) use completions::Completions;
pub(super) use fix::Fix;
pub(super) use history::History;
pub(super) use man::Man;
pub(super) use policy::PolicyCommand;
pub(super) use probe::{Probe, Upgrade};
pub(super) use report::{Merge, Report, ReportCommand};
pub(super) use reporting::{Formats, Reporting, Wanted};
pub(super) use rollback::Rollback;
pub(super) use rule::Rule;
pub(super) use schema::Schema;
pub(super) use selection::{FixLevel, Selection};
pub(super) use servers::{Servers, State};
pub(super) use verify::Verify;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXIT_STATUS: &str = "\
Exit status:
  0  compliant (diff: no change is needed; why: answered, and that is certain)
  1  findings at or above --fail-on (diff: there is a patch, or a finding that it can't mend)
  2  could not run: wrong usage, wrong policy, no such path
  3  something could not be read or decided, and nothing worse is known
     (why: the answer is not certain, or no configuration that was read listens or connects there)";

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
/// Only `fix` and `rollback` change configurations; other commands write the files that are asked for and nothing else.
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
        /// What is known already.
        #[command(flatten)]
        known: Known,
        /// Which reports are wanted.
        #[command(flatten)]
        reporting: Reporting,
    },
    /// Answer for one client: which versions it is given, and which lines decide that
    #[command(after_help = EXIT_STATUS)]
    Why {
        /// The address and port that the client connects to: 127.0.0.1:443, [::1]:443, unix:/run/x.sock; a server name,
        /// for all addresses that have it: shop.example; a server that the configuration connects to, as the audit shows it:
        /// https://192.0.2.7:8443; or a program of the host that connects to others: client:curl, client:/usr/bin/git; all that are there: client:all
        #[arg(value_name = "ADDRESS:PORT|NAME|client:PROGRAM")]
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
        /// Show passwords and tokens in excerpts instead of asterisks
        #[arg(long)]
        show_secrets: bool,
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
        /// What is mended.
        #[command(flatten)]
        selection: Selection,
        /// How to write it: the patch itself, or what it does as JSON (docs/json.md)
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Apply what `diff` shows: all of it, tested by the server's own checker, or nothing
    ///
    /// Shows the patch and asks. Then, as one transaction: the checker has to accept the configuration as it is; every
    /// file is compared with what was read, and backed up; every file is changed; the checker has to accept the result,
    /// or every file is put back. A power cut in between is noticed by the next run. `tlsmend rollback` takes it back
    /// any time.
    #[command(after_help = fix::STATUS)]
    Fix(Fix),
    /// Take back what `fix` did: contents, owners, modes and labels, byte for byte
    ///
    /// Works while the configuration is broken. Refuses where a file was changed since. Can be taken back itself.
    #[command(after_help = rollback::STATUS)]
    Rollback(Rollback),
    /// List what `fix` and `rollback` did
    History(History),
    /// Shake hands with running servers: which versions (and suites) do they really accept?
    #[command(after_help = probe::HELP)]
    Probe(Probe),
    /// Do the running servers of this machine do what their configuration says?
    #[command(after_help = verify::HELP)]
    Verify(Verify),
    /// Work with reports that were written before: merge the audits of many hosts
    Report(Report),
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
    /// Explain a rule: what it finds, why that is bad, an example, the fix and how safe it is; or list all rules
    Rule(Rule),
    /// Look at policies: the built-in profiles, whether a file is sound, and the schema for editors
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Print the JSON schema of what `--format json` writes, or of policies
    Schema(Schema),
    /// Print what makes a shell complete the commands and options of tlsmend
    #[command(hide = true)]
    Completions(Completions),
    /// Print a manual page, in roff: `tlsmend man tlsmend-fix | man -l -`
    #[command(hide = true)]
    Man(Man),
}

/// What is audited.
#[derive(Clone, Debug, Args)]
pub(super) struct Host {
    /// Files or directories with configuration (none: the usual places, such as /etc)
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Skip files and directories that match PATTERN: a name (templates, '*.bak'), the end of a path (deploy/templates) or
    /// a whole path (/etc/nginx/old); *, ? and ** as in .gitignore. A file that a main file includes is read all the same,
    /// and so is a PATH itself
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// The root of the host: a mounted image or a chroot; all paths and links resolve inside it
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
    /// Take DIR for the absolute path PREFIX that configuration files name: /etc/nginx=./nginx
    #[arg(long, value_name = "PREFIX=DIR")]
    pub map: Vec<String>,
    /// A name that Apache is started with (its -D)
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub define: Vec<String>,
    /// A variable in the environment of Apache, or of the program that `why client:PROGRAM` is about
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<String>,
    /// A fact that beats what is found: nginx=1.18.0, apache=2.4.41, openssl=1.1.1, openssl-seclevel=1,
    /// distribution=debian; for `why client:PROGRAM` also the program and gnutls: curl=7.88.1, gnutls=3.7.9
    #[arg(long, value_name = "KEY=VALUE")]
    pub assume: Vec<String>,
    /// Never start a program of the host, not even to ask for its version where its files do not tell
    #[arg(long)]
    pub no_exec: bool,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub color: Colour,
}

/// How to tell what was done.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Telling {
    /// How to write the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// What is demanded.
#[derive(Debug, Args)]
pub(super) struct Judgement {
    /// A policy (YAML; docs/policy.md describes it) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// A built-in profile instead of the built-in policy: `tlsmend policy list` names them
    #[arg(long, value_name = "NAME", conflicts_with = "policy")]
    pub profile: Option<String>,
    /// The day on which waivers have to hold, YYYY-MM-DD (none: today, in UTC)
    #[arg(long, value_name = "DATE")]
    pub now: Option<String>,
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
