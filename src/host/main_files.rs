//! The main files that command lines name, and the directives that they add.

use super::build::Build;
use super::facts::{Facts, Standing, Start};
use super::options::Options;
use super::programs::{APACHE, NGINX};
use crate::instance::{MainFile, ServiceId};
use crate::system::{Kind, System, normalize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Works out what the command lines of the facts mean: main files, nginx's `-g`, names of running httpds.
pub(crate) fn add(system: &dyn System, facts: &mut Facts) {
    let mut builds = Builds { system, known: BTreeMap::new() };
    let mut files: Vec<MainFile> = Vec::new();
    let mut problems = Vec::new();
    let starts = std::mem::take(&mut facts.starts);
    for start in starts.iter().filter(|start| start.standing != Standing::Contained) {
        let options = options(start);
        let own = if is_nginx(start.service) { &facts.nginx } else { &facts.apache };
        let build = builds.of(start).or_else(|| own.build.value.clone());
        match main_file(&options, build.as_ref()) {
            Ok(Some(path)) => {
                let letters = if is_nginx(start.service) { ["-c", "-p"] } else { ["-f", "-d"] };
                let letter = letters[usize::from(options.main.is_none())];
                let source = format!("{letter} of {}", start.source);
                files.push(MainFile { service: start.service, path, source });
            }
            Ok(None) => {}
            Err(problem) => problems.push(format!("{}: {problem}", start.source)),
        }
    }
    for (service, software) in [("nginx", &facts.nginx), ("apache", &facts.apache)] {
        let Some(path) = software.build.value.as_ref().map(Build::usual_main) else { continue };
        if system.kind(&path).is_ok_and(|kind| kind == Kind::File) {
            let source = format!("built into {}", software.build.source);
            files.push(MainFile { service: ServiceId(service), path, source });
        }
    }
    let mut seen: Vec<(ServiceId, PathBuf)> = Vec::new();
    files.retain(|file| {
        let key = (file.service, file.path.clone());
        !seen.contains(&key) && {
            seen.push(key);
            true
        }
    });
    facts.main_files = files;
    facts.problems.extend(problems);
    if let Some(start) = main_start(&starts, ServiceId("nginx")) {
        facts.nginx_global = options(start).directives.join(" ");
    }
    let apache = main_start(&starts, ServiceId("apache")).filter(|start| start.standing == Standing::Running);
    if let Some(start) = apache {
        facts.defines = super::Fact::known(options(start).defines, start.source.clone());
    }
    for start in starts.iter().filter(|s| s.standing != Standing::Contained && !is_nginx(s.service)) {
        for directive in options(start).directives {
            facts
                .problems
                .push(format!("{}: the directive \"{directive}\" of the command line is not read", start.source));
        }
    }
    facts.starts = starts;
}

/// The command line that counts for the whole service: a running one first, and one that names no other main file.
fn main_start(starts: &[Start], service: ServiceId) -> Option<&Start> {
    let own = |start: &&Start| start.service == service && start.standing != Standing::Contained;
    let usual = |start: &Start| start.source.contains("/nginx.service") || start.source.contains("/httpd.service");
    starts.iter().filter(own).min_by_key(|start| (start.standing, !usual(start), options(start).main.is_some()))
}

fn is_nginx(service: ServiceId) -> bool {
    service.0 == "nginx"
}

fn options(start: &Start) -> Options {
    let arguments = start.words.get(1..).unwrap_or_default();
    if is_nginx(start.service) { Options::of_nginx(arguments) } else { Options::of_apache(arguments) }
}

/// The main file that options name; `None`: they name none.
fn main_file(options: &Options, build: Option<&Build>) -> Result<Option<PathBuf>, String> {
    if options.main.is_none() && options.prefix.is_none() {
        return Ok(None);
    }
    let unknown = "how the program was built is not known";
    let file = match (&options.main, build) {
        (Some(file), _) => PathBuf::from(file),
        (None, Some(build)) => build.main.clone(),
        (None, None) => return Err(format!("the main file can't be told: {unknown}")),
    };
    if file.is_absolute() {
        return Ok(Some(normalize(&file)));
    }
    let prefix = match (&options.prefix, build) {
        (Some(prefix), _) => PathBuf::from(prefix),
        (None, Some(build)) => build.prefix.clone(),
        (None, None) => return Err(format!("where {} lies can't be told: {unknown}", file.display())),
    };
    if !prefix.is_absolute() {
        return Err(format!("where {} lies can't be told: {} is a relative path", file.display(), prefix.display()));
    }
    Ok(Some(normalize(&prefix.join(file))))
}

/// How the programs that are started were built; reads each once.
struct Builds<'a> {
    system: &'a dyn System,
    known: BTreeMap<String, Option<Build>>,
}

impl Builds<'_> {
    fn of(&mut self, start: &Start) -> Option<Build> {
        let path = start.words.first().filter(|path| path.starts_with('/'))?;
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let program = if is_nginx(start.service) { &NGINX } else { &APACHE };
        let path_of = Path::new(path);
        let build = self.system.read(path_of).ok().and_then(|file| program.build(&file, path_of).value);
        self.known.insert(path.clone(), build.clone());
        build
    }
}
