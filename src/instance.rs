//! An instance: one configuration of a service, resolved into endpoints and the settings that decide them.

use crate::endpoint::{Endpoint, Role, SettingId, Unknown};
use crate::source::{FileId, Span};
use crate::tls::{Version, VersionSet};
use crate::trust::Writers;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A kind of software, by its short name: `nginx`, `apache`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub &'static str);

impl std::fmt::Display for ServiceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.0)
    }
}

/// A main file that a command line names, whatever it is called and wherever it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainFile {
    /// The server that reads it.
    pub service: ServiceId,
    /// Its path as it is named; links are not followed.
    pub path: PathBuf,
    /// What names it: `-c of /etc/systemd/system/shop.service`.
    pub source: String,
    /// The unit that starts a server with it: `shop`.
    pub unit: Option<String>,
    /// Those on whose word alone it is one: the users who run the server. Nobody: root's or the user's own.
    pub named_by: Writers,
    /// Do root's service manager, or a process that root or the user runs, read it as root or the user anyway?
    pub is_in_use: bool,
    /// What else the command line says that names it; `None`: none does, the file is built into the program.
    pub command_line: Option<CommandLine>,
}

/// What a command line adds to a main file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// Directives: nginx's `-g`, httpd's `-C` and `-c`.
    pub directives: Vec<String>,
    /// Names: httpd's `-D`.
    pub defines: Vec<String>,
}

/// A file that is read on the word of others than root and the user of this process: they could have written the includes
/// that lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Borrowed {
    /// Those on whose word it is read.
    pub by: Writers,
    /// The file that includes it; the main file itself where the process that they run names that.
    pub includer: FileId,
}

/// What a server touches besides the files that are there now, where it tests a configuration or is told to reload it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// What is included, as absolute paths and patterns: files may appear where a pattern fits.
    pub includes: BTreeSet<PathBuf>,
    /// Libraries and scripts that are loaded into the server: `load_module`, `ssl_engine`, `LoadModule`, `LoadFile`.
    pub loads: BTreeSet<PathBuf>,
    /// Is something included that lies where nothing is read, outside of what the user named?
    pub is_cut: bool,
    /// Does what is included or loaded depend on something that is not known?
    pub is_unclear: bool,
    /// The file with the number of the process that is told: `pid`, `PidFile`. None: where it is built in.
    pub pid_file: Option<PathBuf>,
}

/// A place where the configuration can't be read or is not valid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The place, where a text was read.
    pub span: Option<Span>,
    /// The path that the problem is about; shown where there is no span.
    pub path: Option<PathBuf>,
    /// What is wrong, as a lowercase fragment: `"ssl_protocols" has an invalid value "TLSv1.0"`.
    pub message: String,
    /// How that place was reached: include directives, macro uses, outermost first.
    pub hops: Vec<Span>,
}

impl Problem {
    /// A problem at a place in a text.
    pub fn at(span: Span, message: impl Into<String>) -> Problem {
        Problem { span: Some(span), path: None, message: message.into(), hops: Vec::new() }
    }

    /// A problem with a path.
    pub fn with(path: impl Into<PathBuf>, message: impl Into<String>) -> Problem {
        Problem { span: None, path: Some(path.into()), message: message.into(), hops: Vec::new() }
    }
}

/// The problems once each: one that a line has on several ways to it, and one about a file that several lines want.
pub fn once(problems: Vec<Problem>) -> Vec<Problem> {
    let mut first: BTreeMap<(Option<Span>, Option<PathBuf>, String), usize> = BTreeMap::new();
    let mut wanted: Vec<BTreeSet<Span>> = Vec::new();
    let mut kept: Vec<Problem> = Vec::new();
    for problem in problems {
        // A path is the same problem wherever it is wanted.
        let span = problem.span.filter(|_| problem.path.is_none());
        let at = *first.entry((span, problem.path.clone(), problem.message.clone())).or_insert(kept.len());
        if at == kept.len() {
            kept.push(problem.clone());
            wanted.push(BTreeSet::new());
        }
        wanted[at].extend(problem.span);
    }
    for (problem, lines) in kept.iter_mut().zip(wanted) {
        match lines.len() {
            0 | 1 => {}
            2 => problem.message.push_str(" (another line wants it too)"),
            all => problem.message.push_str(&format!(" ({} more lines want it too)", all - 1)),
        }
    }
    kept
}

/// A TLS service that is there and not audited, since its configuration is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// Its name: `postfix`.
    pub service: &'static str,
    /// What shows that it is there: files, addresses at which it listens, packages, units. The first one says most.
    pub evidence: Vec<String>,
    /// The command that asks it for its versions.
    pub ask: String,
}

impl Uncovered {
    /// `postfix (/etc/postfix/main.cf)`
    pub fn text(&self) -> String {
        let first = self.evidence.first().map(|first| format!(" ({first})")).unwrap_or_default();
        format!("{}{first}", self.service)
    }
}

/// A trap: a setting that does something else than it looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What really happens: `a repeated ssl_protocols adds to the first, it does not replace it`.
    pub message: String,
    /// The versions that the setting looks like it gives.
    pub looks: VersionSet,
    /// The versions that it gives, or that all of them together give.
    pub gives: VersionSet,
    /// The other places that take part.
    pub related: Vec<(Span, String)>,
}

/// Why a setting decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// The reason: `before nginx 1.29.2 the default server decides for every name on 0.0.0.0:443`.
    pub why: String,
    /// What decides instead.
    pub by: Option<Span>,
    /// The versions that are given instead, where that is one set.
    pub instead: Option<VersionSet>,
}

/// How a setting acts on the set of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingKind {
    /// names the versions: `ssl_protocols`, `SSLProtocol`
    List,
    /// a library command that names the lowest one
    Minimum,
    /// a library command that names the highest one
    Maximum,
    /// a library command that switches single ones on and off
    Switch,
}

/// A directive that sets versions, in one of its uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The whole directive, from its name to its end, without indentation.
    pub span: Span,
    /// Its value: the part to point at, and to change. It may lie in another place than `span` (a macro's
    /// argument, a variable's definition).
    pub value: Span,
    /// The directive's name: `ssl_protocols`, `SSLProtocol`, `ssl_conf_command`.
    pub name: String,
    /// How it acts.
    pub kind: SettingKind,
    /// The side of TLS that it is for.
    pub role: Role,
    /// What this directive alone would turn on; for a library command, what it leaves or adds.
    pub versions: VersionSet,
    /// The block it stands in, for people: `http`, `server a.test`, `<VirtualHost *:443> a.test`.
    pub scope: String,
    /// What tells that block from others of the same file, whoever includes that; none: the block begins in another file,
    /// or in several.
    pub block: Option<String>,
    /// Set where it decides for no endpoint.
    pub dead: Option<Dead>,
    /// Set where it does something else than it looks like.
    pub trap: Option<Trap>,
}

/// Ends of the names of files that are kept as they were: a backup is of no use once it is changed.
const BACKUPS: &[&str] = &[
    "~",
    ".bak",
    ".old",
    ".orig",
    ".save",
    ".swp",
    ".dpkg-old",
    ".dpkg-dist",
    ".dpkg-new",
    ".dpkg-bak",
    ".ucf-old",
    ".ucf-dist",
    ".rpmnew",
    ".rpmsave",
    ".rpmorig",
    ".apk-new",
    ".default",
    ".disabled",
];

/// By its name, is a file a copy that somebody keeps?
pub fn is_backup(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    BACKUPS.iter().any(|end| name.ends_with(end))
}

/// Whether a server loads the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// A main file and all that it includes.
    Loaded,
    /// A file that a main file includes which is not among what the user named: judged as if it was included.
    Part,
    /// A file with TLS directives that no main file includes: settings, no endpoints.
    NotLoaded,
}

/// What the server and its TLS library can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ability {
    /// The versions that the server can be told to speak and the library can speak. Where the versions of the
    /// software are not known: all of TLS.
    pub versions: VersionSet,
    /// Is that established (or assumed because nothing is known)?
    pub known: bool,
    /// For each TLS version that is not possible: what is needed, `OpenSSL 1.1.1 or later (found 1.0.2k)`.
    pub needs: BTreeMap<Version, String>,
    /// What versions need of which it is not known whether it is there: `nginx 1.13.0 and OpenSSL 1.1.1`.
    pub unproven: BTreeMap<Version, String>,
}

/// A name, and what stands in its place.
pub type NamedValue = (Arc<[u8]>, Arc<[u8]>);

/// One configuration of a service, resolved.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The service.
    pub service: ServiceId,
    /// Loaded by a server, or not.
    pub standing: Standing,
    /// The main file (for [`Standing::NotLoaded`] the file itself), links resolved.
    pub main: PathBuf,
    /// All files that were read for it.
    pub files: BTreeSet<FileId>,
    /// Those of them that nothing but somebody else's word leads to.
    pub borrowed: BTreeMap<FileId, Borrowed>,
    /// Files that the server reads, and that are not read here: those on whose word they would be may not be able to. So
    /// nothing is certainly all right.
    pub left_out: BTreeSet<PathBuf>,
    /// What else the server touches where it tests or reloads the configuration.
    pub reach: Reach,
    /// What the server puts in the place of names while it reads: of variables, of arguments of macros. Messages hold it.
    pub values: BTreeSet<NamedValue>,
    /// What could not be read or is not valid.
    pub problems: Vec<Problem>,
    /// Files that do not parse as a whole, each with the first place: a brace or section without its partner, an end in
    /// the middle of a directive. The server refuses them, and what they were meant to say is a guess.
    pub unparsed: BTreeMap<FileId, Problem>,
    /// What could not be decided and is not about single endpoints.
    pub unknown: Vec<Unknown>,
    /// The directives that set versions, in the order of reading.
    pub settings: Vec<Setting>,
    /// All endpoints, TLS or not, in the order of reading.
    pub endpoints: Vec<Endpoint>,
    /// What server and library can do.
    pub ability: Ability,
}

impl Instance {
    /// One of which nothing was read yet.
    pub fn new(service: ServiceId, standing: Standing, main: PathBuf, ability: Ability) -> Instance {
        Instance {
            service,
            standing,
            main,
            files: BTreeSet::new(),
            borrowed: BTreeMap::new(),
            left_out: BTreeSet::new(),
            reach: Reach::default(),
            values: BTreeSet::new(),
            problems: Vec::new(),
            unparsed: BTreeMap::new(),
            unknown: Vec::new(),
            settings: Vec::new(),
            endpoints: Vec::new(),
            ability,
        }
    }

    /// The setting of that id.
    pub fn setting(&self, id: SettingId) -> &Setting {
        &self.settings[id.0 as usize]
    }

    /// What could not be decided and may decide any endpoint of it. What is not known of a line that decides nothing is about
    /// that line.
    pub fn doubts(&self) -> impl Iterator<Item = &Unknown> {
        let dead: BTreeSet<Span> =
            self.settings.iter().filter(|setting| setting.dead.is_some()).map(|setting| setting.span).collect();
        self.unknown.iter().filter(move |unknown| unknown.span.is_none_or(|span| !dead.contains(&span)))
    }

    /// Is some file of it not read?
    pub fn is_partial(&self) -> bool {
        !self.left_out.is_empty() || self.problems.iter().any(|problem| problem.path.is_some())
    }

    /// May something that was not read or not decided make any endpoint another one? Then nothing is certainly all right.
    pub fn is_doubtful(&self) -> bool {
        self.is_partial() || self.doubts().next().is_some()
    }
}
