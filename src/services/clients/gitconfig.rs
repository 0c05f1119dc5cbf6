//! git's files: `http.sslVersion` is the lowest version; an unknown value is passed over.

use super::trail::Trail;
use crate::endpoint::ReasonKind;
use crate::tls::Version;
use std::path::{Path, PathBuf};

/// The lowest version that git asks for; `None`: it asks for none.
pub(super) fn least(program: Option<&Path>, trail: &mut Trail<'_>) -> Option<Version> {
    let mut low = None;
    for path in files(program, trail) {
        let Some(file) = trail.open(&path) else { continue };
        let mut is_http = false;
        let lines: Vec<_> = file.lines().collect();
        for line in lines {
            let text = file.text(&line);
            let mut text = text.trim();
            if let Some((header, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
                is_http = header.trim().eq_ignore_ascii_case("http");
                let header = header.to_ascii_lowercase();
                if header.starts_with("http \"") || header.starts_with("include") {
                    trail.doubt(format!("{}: what [{header}] adds", path.display()), "ask for the URL with git");
                }
                text = rest.trim();
            }
            let Some((name, value)) = text.split_once('=').filter(|_| is_http) else { continue };
            if !name.trim().eq_ignore_ascii_case("sslversion") {
                continue;
            }
            let value = value.split(['#', ';']).next().unwrap_or_default().trim().trim_matches('"');
            match version(value) {
                Some(version) => {
                    low = Some(version);
                    trail.at(ReasonKind::Versions, file.id, &line, format!("the lowest version: {version}"));
                }
                None => {
                    low = None;
                    trail.at(ReasonKind::Versions, file.id, &line, "git does not know this value, and goes on without");
                }
            }
        }
    }
    let Some(value) = trail.variable("GIT_SSL_VERSION") else { return low };
    trail.say(ReasonKind::Versions, format!("GIT_SSL_VERSION={value} beats the files"));
    version(value)
}

fn version(value: &str) -> Option<Version> {
    match value {
        "tlsv1" | "tlsv1.0" => Some(Version::Tls1),
        "tlsv1.1" => Some(Version::Tls1_1),
        "tlsv1.2" => Some(Version::Tls1_2),
        "tlsv1.3" => Some(Version::Tls1_3),
        _ => None,
    }
}

/// The files, in the order in which later ones win. Which one the system's is depends on where git was installed.
fn files(program: Option<&Path>, trail: &mut Trail<'_>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let of_system = ["/etc/gitconfig", "/usr/local/etc/gitconfig"];
    let is_off = trail.variable("GIT_CONFIG_NOSYSTEM").is_some_and(|value| !matches!(value, "" | "0" | "false" | "no"));
    match (trail.variable("GIT_CONFIG_SYSTEM"), program) {
        _ if is_off => {}
        (Some(named), _) => files.push(PathBuf::from(named)),
        (None, Some(program)) if program.starts_with("/usr/local") => files.push(PathBuf::from(of_system[1])),
        (None, Some(_)) => files.push(PathBuf::from(of_system[0])),
        (None, None) => {
            let there = of_system.iter().find(|path| trail.system.kind(Path::new(path)).is_ok());
            if let Some(path) = there {
                let what = format!("where git is: {path} counts for one place of installation only");
                trail.doubt(what, "ask for its path: tlsmend why client:/usr/bin/git");
            }
        }
    }
    match trail.variable("GIT_CONFIG_GLOBAL") {
        Some(named) => files.push(PathBuf::from(named)),
        None => {
            let folder = trail.variable("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty());
            let folder = folder.map_or_else(|| trail.home().join(".config"), PathBuf::from);
            files.push(folder.join("git/config"));
            files.push(trail.home().join(".gitconfig"));
        }
    }
    files
}
