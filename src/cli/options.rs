//! The command line as it is meant: paths made absolute, the host opened, facts gathered, the policy read.

use super::args::{FixLevel, Host, Judgement, Known, Level};
use super::message::Message;
use super::typed_path;
use crate::baseline::Baseline;
use crate::discover::Exclude;
use crate::engine::Request;
use crate::finding::Severity;
use crate::host::{self, Assumption, Facts, Given};
use crate::plan::{self, Selection};
use crate::policy::{Date, Policy, Profile};
use crate::report::Paths;
use crate::services::{self, clients};
use crate::spelling::suggest_or_list;
use crate::system::{Kind, LARGEST_FILE, OsSystem, System, leads_to, read_input, reason};
use anyhow::{Context, Result, anyhow, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where a host's own configuration lies: facts of this machine are about files below these.
const OWN: &[&str] = &["/etc", "/usr/local", "/opt"];

/// Why nothing is run for configurations in other places.
pub(super) const NOT_USUAL: &str = "servers do not usually read files from there";

/// What is audited, opened.
pub(super) struct Opened {
    /// The host.
    pub system: OsSystem,
    /// Its facts.
    pub facts: Facts,
    /// What the user says about it.
    pub given: Given,
    /// Where to look, as host paths.
    pub paths: Vec<PathBuf>,
    /// What to leave out there.
    pub exclude: Exclude,
    /// Are the files those of this host (or of the root), and not of a repository of configurations?
    pub look: bool,
    /// Is it this machine, and no image?
    pub own_root: bool,
    /// Are the processes those of the host?
    pub processes: bool,
    /// How reports show paths.
    pub shown: Paths,
    /// Why nothing of the host is run; none: checkers may be.
    pub no_exec: Option<&'static str>,
}

impl Opened {
    /// Does a server of the host usually read a main file that lies there, or does a command line name it?
    pub(super) fn is_usual(&self, main: &Path) -> bool {
        OWN.iter().any(|own| main.starts_with(own))
            || self.facts.main_files.iter().any(|file| leads_to(&self.system, &file.path, main))
    }
}

impl Opened {
    /// What an audit by a policy is made from; without a day, no waiver counts.
    pub(super) fn request<'a>(&'a self, policy: &'a Policy, day: Option<Date>) -> Request<'a> {
        let exclude = Some(&self.exclude);
        let about = Request::new(&self.system, &self.facts, policy);
        Request { paths: &self.paths, exclude, base: self.home(), day, ..about }
    }

    /// The folder that a repository's files are known in, whatever folder the command is given in: the PATH itself, or
    /// the one that all of them lie in. The files of a host have whole paths.
    fn home(&self) -> Option<&Path> {
        let (first, _) = self.paths.split_first().filter(|_| !self.look)?;
        let folder = first.ancestors().find(|folder| self.paths.iter().all(|path| path.starts_with(folder)))?;
        // A folder above the PATHs can't be looked at, and need not be: only a PATH may be a file.
        match self.system.kind(folder) {
            Ok(Kind::File) => folder.parent(),
            _ => Some(folder),
        }
    }
}

/// Opens the host that the arguments mean.
pub(super) fn open(host: &Host) -> Result<Opened> {
    open_as(host, false)
}

/// Opens this machine, whose servers run with the configuration, wherever that lies.
pub(super) fn open_running(host: &Host) -> Result<Opened> {
    if host.root != Path::new("/") {
        bail!("--root: the servers that run are those of this machine; leave it away");
    }
    open_as(host, true)
}

fn open_as(host: &Host, running: bool) -> Result<Opened> {
    let own_root = host.root == Path::new("/");
    // With --root, paths are those inside; without, those of the user's shell.
    let absolute = |path: &Path| match own_root {
        true => typed_path::absolute(path),
        false => Ok(crate::system::normalize(&Path::new("/").join(path))),
    };
    let maps = host.map.iter().map(|text| map(text, &absolute)).collect::<Result<Vec<_>>>()?;
    agree("--map", host.map.iter().zip(&maps).map(|(text, (prefix, to))| (prefix, to, text)))?;
    let root = typed_path::absolute(&host.root)?;
    let open = |maps| {
        OsSystem::new(&root, maps)
            .map_err(|e| anyhow!("{}: {}", host.root.display(), reason(&e)))
            .context("the root directory can't be used")
    };
    if !maps.is_empty() {
        // Without maps: a prefix may be mapped to itself.
        let bare = open(Vec::new())?;
        for (text, (_, to)) in host.map.iter().zip(&maps) {
            match bare.kind(to) {
                Ok(Kind::Directory) => {}
                Ok(_) => bail!("--map {text}: is no directory"),
                Err(error) => bail!("--map {text}: {}", reason(&error)),
            }
        }
    }
    let system = open(maps)?;
    let mut paths = Vec::new();
    for path in &host.paths {
        let inside = absolute(path)?;
        let found = system.canonical(&inside).map_err(|e| anyhow!("{}: {}", path.display(), reason(&e)))?;
        paths.push(found);
    }
    let mut exclude = Exclude::default();
    for text in &host.exclude {
        // Seen from the user's folder, as a shell completes it.
        let pattern = match text.starts_with("./") || text.starts_with("../") {
            true => absolute(Path::new(text))?.to_string_lossy().into_owned(),
            false => text.clone(),
        };
        exclude.add(&pattern, text).map_err(|why| anyhow!("--exclude {text}: {why}"))?;
    }
    let mut given = Given {
        // A repository of configurations is not the host that this machine is.
        look: running
            || !own_root
            || paths.is_empty()
            || paths.iter().any(|p| OWN.iter().any(|own| p.starts_with(own))),
        ..Given::default()
    };
    // Nothing but this machine itself is run or has processes; a mapped path could lead elsewhere.
    given.processes = given.look && own_root && host.map.is_empty();
    given.exec = given.processes && !host.no_exec;
    let products = services::products();
    for text in &host.assume {
        match clients::assumed(text) {
            Some((name, release)) => _ = given.clients.insert(name, release),
            None => given.assume.push(Assumption::parse(text, &products).map_err(|e| anyhow!("--assume {text}: {e}"))?),
        }
    }
    given.defines.clone_from(&host.define);
    for text in &host.env {
        let (name, value) = text.split_once('=').ok_or_else(|| anyhow!("--env {text}: it has to be NAME=VALUE"))?;
        given.env.insert(name.to_owned(), value.to_owned());
    }
    for (option, texts) in [("--assume", &host.assume), ("--define", &host.define), ("--env", &host.env)] {
        agree(option, texts.iter().map(|text| (text.split('=').next(), text, text)))?;
    }
    let system = if given.look { system } else { system.within(&paths) };
    let facts = host::gather(&system, &given, &products);
    let relative = host.paths.iter().all(|p| p.is_relative()) && !(host.paths.is_empty() && host.map.is_empty());
    let shown = if own_root && relative { Paths::below(typed_path::here()?) } else { Paths::absolute() };
    let no_exec = match () {
        () if given.exec => None,
        () if host.no_exec => Some("--no-exec"),
        () if !own_root => Some("nothing is run with --root"),
        () if !host.map.is_empty() => Some("nothing is run with --map"),
        () => Some(NOT_USUAL),
    };
    let (look, processes) = (given.look, given.processes);
    Ok(Opened { system, facts, given, paths, exclude, look, own_root, processes, shown, no_exec })
}

/// The host's name: the given one, or what its /etc/hostname says. A repository of configurations has none.
pub(super) fn host_name(opened: &Opened, given: Option<&str>) -> Option<String> {
    if let Some(given) = given {
        return Some(given.to_owned());
    }
    let text = opened.look.then(|| opened.system.read(Path::new("/etc/hostname")).ok()).flatten()?;
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().map(str::to_owned)
}

/// Refuses two values for one key: nobody can tell which is meant. Each has the text that gives it.
fn agree<'t, K: Ord, V: PartialEq + Copy>(option: &str, given: impl Iterator<Item = (K, V, &'t String)>) -> Result<()> {
    let mut known = BTreeMap::new();
    for (key, value, text) in given {
        let (first, before) = known.entry(key).or_insert((value, text));
        if *first != value {
            bail!("{option} {text}: contradicts {option} {before}");
        }
    }
    Ok(())
}

fn map(text: &str, absolute: &dyn Fn(&Path) -> Result<PathBuf>) -> Result<(PathBuf, PathBuf)> {
    let (from, to) = text.split_once('=').ok_or_else(|| anyhow!("--map {text}: it has to be PREFIX=DIR"))?;
    let drive = crate::system::windows_path(from);
    if drive.is_none() && !from.starts_with('/') || from == "/" {
        bail!("--map {text}: the prefix has to be an absolute path, such as /srv/etc");
    }
    if to.is_empty() {
        bail!("--map {text}: the directory is missing, as in {from}=.{from}");
    }
    let from = drive.unwrap_or_else(|| PathBuf::from(from));
    Ok((crate::system::normalize(&from), absolute(Path::new(to))?))
}

/// Reads the policy that the arguments mean.
pub(super) fn policy(judgement: &Judgement) -> Result<Policy> {
    match (&judgement.policy, &judgement.profile) {
        (Some(path), _) => policy_file(path),
        (None, None) => Ok(Policy::default_profile()),
        (None, Some(name)) => Policy::profile(name).ok_or_else(|| {
            let help = suggest_or_list(name, "profiles", &Profile::names());
            anyhow!("--profile {name}: there is no such profile; {help}")
        }),
    }
}

/// The day on which waivers have to hold.
pub(super) fn day(judgement: &Judgement) -> Result<Date> {
    match &judgement.now {
        None => Ok(jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date()),
        // The library knows more forms of a date than are told here.
        Some(text) => match text.parse::<Date>() {
            Ok(day) if day.to_string() == *text => Ok(day),
            _ => bail!("--now {text}: it has to be a date, such as 2027-01-31"),
        },
    }
}

/// This machine, whatever is audited.
pub(super) fn machine() -> Result<OsSystem> {
    OsSystem::new(Path::new("/"), Vec::new()).context("the file system can't be read")
}

/// Reads a file of this machine that the user names, or a pipe.
pub(super) fn own_file(path: &Path) -> Result<Vec<u8>> {
    read_input(&machine()?, &typed_path::absolute(path)?, LARGEST_FILE)
        .map(|read| read.bytes)
        .map_err(|e| anyhow!("{}: {}", path.display(), reason(&e)))
}

/// Reads the baseline that the arguments mean.
pub(super) fn baseline(known: &Known) -> Result<Baseline> {
    let Some(path) = &known.baseline else { return Ok(Baseline::default()) };
    let bytes = own_file(path)?;
    Baseline::read(&bytes).map_err(|why| anyhow!("{}: {why}; --write-baseline makes one", path.display()))
}

/// Reads a policy from a file of this machine.
pub(super) fn policy_file(path: &Path) -> Result<Policy> {
    let (name, text) = policy_text(path)?;
    Policy::parse(&text, &name).map_err(|errors| {
        let shown = errors.iter().map(|error| Message::of(error.excerpt.lines()));
        Message::from("the policy is not valid").with(shown).into()
    })
}

/// The name of a policy's file, and its text.
pub(super) fn policy_text(path: &Path) -> Result<(String, String)> {
    let name = path.display().to_string();
    let text = String::from_utf8(own_file(path)?).map_err(|_| anyhow!("{name}: is not UTF-8"))?;
    Ok((name, text))
}

/// Which fixes the arguments select.
pub(super) fn selection(arguments: &super::args::Selection) -> Selection {
    Selection {
        services: arguments.only.clone(),
        rules: arguments.rule.clone(),
        level: match arguments.fix_level {
            FixLevel::Safe => plan::Level::Safe,
            FixLevel::Unsafe => plan::Level::Unsafe,
        },
        include_managed: arguments.include_managed,
    }
}

impl From<Level> for Severity {
    fn from(level: Level) -> Severity {
        match level {
            Level::Low => Severity::Low,
            Level::Medium => Severity::Medium,
            Level::High => Severity::High,
        }
    }
}
