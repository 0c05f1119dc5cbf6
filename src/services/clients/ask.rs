//! A question about one program, and the answer.

use super::programs::{Kind, Program};
use super::trail::Trail;
use super::{gnutls, java, node, openssl};
use crate::endpoint::{Answer, ReasonKind, Speaks, Traced};
use crate::host::{Distribution, Facts, Given, Linked};
use crate::source::SourceMap;
use crate::system::System;
use crate::tls::VersionSet;
use std::collections::BTreeMap;
use std::path::Path;

/// What is asked about.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The host's files.
    pub system: &'a dyn System,
    /// What is known of it.
    pub facts: &'a Facts,
    /// What the user says: versions, and the environment.
    pub given: &'a Given,
}

/// What a program offers, and what it can complete; `None`: that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Versions {
    pub(super) configured: VersionSet,
    pub(super) effective: Option<VersionSet>,
}

impl Versions {
    /// Where a program completes all that it offers.
    pub(super) fn both(versions: VersionSet) -> Versions {
        Versions { configured: versions, effective: Some(versions) }
    }
}

/// Which versions a program offers as a client, and why. `path`: where the user says that it is.
pub fn ask(program: &Program, path: Option<&Path>, asked: Asked<'_>, sources: &mut SourceMap) -> Answer {
    let mut answers = ask_all(&[(program.clone(), path)], asked, sources);
    answers.swap_remove(0)
}

/// The same for several programs: each library is read once.
pub fn ask_all(programs: &[(Program, Option<&Path>)], asked: Asked<'_>, sources: &mut SourceMap) -> Vec<Answer> {
    let Asked { system, facts, given } = asked;
    let mut environment = environment_of(system);
    environment.extend(given.env.clone());
    let distribution = Distribution { ids: facts.distribution.clone(), source: facts.distribution_source.clone() };
    let mut linked = Linked::new(system, &distribution);
    programs.iter().map(|(program, path)| one(program, *path, asked, &environment, &mut linked, sources)).collect()
}

fn one(
    program: &Program,
    path: Option<&Path>,
    asked: Asked<'_>,
    environment: &BTreeMap<String, String>,
    linked: &mut Linked<'_>,
    sources: &mut SourceMap,
) -> Answer {
    let Asked { system, given, .. } = asked;
    let found = path.map(Path::to_owned).or_else(|| linked.program(program.paths));
    let mut trail = Trail::new(system, environment, sources);
    let loads_any = matches!(program.kind, Kind::OpenSsl(_) | Kind::Gnutls(_));
    let has_gnutls = found.as_deref().filter(|_| loads_any).and_then(|path| linked.has_gnutls(path));
    let versions = match program.kind {
        Kind::OpenSsl(_) | Kind::Gnutls(_) if is_another(program.kind, has_gnutls) => {
            let what = format!("{} is built with another TLS library than the one that was observed", program.title);
            trail.doubt(what, "probe a server with the program");
            Versions { configured: VersionSet::TLS, effective: None }
        }
        Kind::OpenSsl(own) => openssl::ask(program, own, found.as_deref(), given, linked, &mut trail),
        Kind::Gnutls(least) => gnutls::ask(program, least, found.as_deref(), asked, linked, &mut trail),
        Kind::Node(major) => node::ask(program, major, given, linked, &mut trail),
        Kind::Java(major) => java::ask(program, major, found.as_deref(), asked, &mut trail),
        Kind::Fixed(versions, why) => {
            trail.say(ReasonKind::Default, format!("{}: {why}", program.title));
            Versions::both(versions)
        }
    };
    let Trail { because, mut unknown, .. } = trail;
    unknown.dedup();
    Answer {
        speaks: Speaks::Tls,
        configured: Traced { value: versions.configured, because },
        effective: versions.effective,
        usable: None,
        refuses: false,
        deciders: Vec::new(),
        unknown,
    }
}

/// Does the program that was found load another library than the one of the table?
fn is_another(kind: Kind, has_gnutls: Option<bool>) -> bool {
    match kind {
        Kind::OpenSsl(_) => has_gnutls == Some(true),
        Kind::Gnutls(_) => has_gnutls == Some(false),
        Kind::Node(_) | Kind::Java(_) | Kind::Fixed(..) => false,
    }
}

/// The variables that every login gets: /etc/environment, as pam_env(8) reads it.
fn environment_of(system: &dyn System) -> BTreeMap<String, String> {
    let bytes = system.read_at_most(Path::new("/etc/environment"), 1 << 20).unwrap_or_default();
    let mut variables = BTreeMap::new();
    for line in String::from_utf8_lossy(&bytes).lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        if let Some((name, value)) = line.split_once('=') {
            let value = value.trim_matches(['"', '\'']);
            variables.insert(name.trim().to_owned(), value.to_owned());
        }
    }
    variables
}
